/** A loaded generator, as a page uses it. */

import type { Connection } from "./connection.js";
import type { DeviceReport } from "./device.js";
import { UnderpaintError, errorFromWire } from "./errors.js";
import { copyInput, type ClassChoice, type PictureInput } from "./input.js";
import type { Manifest } from "./manifest.js";
import type { FromWorker, GenerateInput } from "./protocol.js";

/** Options of {@link Generator.generate}. */
export interface GenerateOptions {
  /**
   * For models that draw random numbers (`usesSeed`): latents, or dropout. A whole number from 0 to 2³² − 1; default 0.
   * The same input and seed give the same picture.
   */
  seed?: number | undefined;
  /** What a class-conditional model makes, `{ Main: "cat" }`; attributes that are not named are drawn from the seed. */
  classes?: ClassChoice | undefined;
  /** Cancels: the promise rejects with `aborted`. */
  signal?: AbortSignal | undefined;
}

/** A generated picture. */
export interface Picture {
  /** As large as the input, or as the manifest says where there is none; alpha is 255. */
  readonly image: ImageData;
  /** Milliseconds in the worker. */
  readonly latency: number;
  readonly seed: number;
}

/** What is known of a loaded model. */
export interface LoadedModel {
  manifest: Manifest;
  device: DeviceReport;
  loadMilliseconds: number;
}

interface Request {
  readonly id: number;
  readonly input: GenerateInput;
  readonly seed: number;
  readonly resolve: (picture: Picture) => void;
  readonly reject: (error: UnderpaintError) => void;
}

/** A generator in its worker. {@link dispose} it when it is no longer needed. */
export class Generator {
  /** Describes the model. */
  readonly manifest: Manifest;
  /** What it runs on, and why. */
  readonly device: DeviceReport;
  /** From the call of `load` to the first picture. */
  readonly loadMilliseconds: number;
  /** Size of the weights. */
  readonly bytes: number;
  /** Called once if the device is lost or the worker dies. The generator is of no use then: load it again. */
  onLost: ((error: UnderpaintError) => void) | undefined;

  private running: Request | undefined;
  private waiting: Request | undefined;
  private ended: UnderpaintError | undefined;
  private requests = 0;

  private constructor(
    private readonly connection: Connection,
    { manifest, device, loadMilliseconds }: LoadedModel,
  ) {
    this.manifest = manifest;
    this.device = device;
    this.loadMilliseconds = loadMilliseconds;
    this.bytes = manifest.weights.bytes;
    connection.listener = {
      message: (message) => this.receive(message),
      death: (error) => this.lose(error),
    };
  }

  /**
   * Takes over a connection whose worker has loaded a model.
   *
   * @internal
   */
  static over(connection: Connection, model: LoadedModel): Generator {
    return new Generator(connection, model);
  }

  /**
   * Generates a picture: of the input's size, or of the manifest's where the model takes nothing but a seed.
   *
   * The latest wins: while one picture is being generated at most one request waits, and a newer one takes its place.
   * The input is copied, and may be changed at once.
   *
   * @param input as {@link manifest} says: a label map, the pixels of a picture, or null (as well as nothing at all) for
   *   models with `input.kind` `latent`, which make a picture of the seed
   * @throws UnderpaintError `superseded`, `bad-input`, `aborted`, `device-lost`, `out-of-memory` or `internal`
   */
  async generate(input: PictureInput = null, { seed = 0, classes, signal }: GenerateOptions = {}): Promise<Picture> {
    if (this.ended !== undefined) throw this.ended;
    if (signal?.aborted === true) throw aborted();
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
      throw new UnderpaintError("bad-input", `seed: expected a whole number from 0 to 4294967295, found ${seed}`);
    }
    const copy = copyInput(input, this.manifest, classes);
    return new Promise((resolve, reject) => {
      this.requests += 1;
      const request: Request = { id: this.requests, input: copy, seed, resolve, reject };
      this.waiting?.reject(new UnderpaintError("superseded", "A later request took this one's place."));
      this.waiting = request;
      signal?.addEventListener("abort", () => this.abort(request), { once: true });
      this.startNext();
    });
  }

  /** Frees the model and ends its worker. Requests that are not answered yet reject with `aborted`. */
  dispose(): void {
    if (this.ended !== undefined) return;
    this.end(new UnderpaintError("aborted", "The generator was disposed of."));
  }

  private receive(message: FromWorker): void {
    switch (message.type) {
      case "generated": {
        const image = new ImageData(message.rgba, message.width, message.height);
        this.finish(message.id)?.resolve({ image, latency: message.latency, seed: message.seed });
        break;
      }
      case "generate-failed":
        this.finish(message.id)?.reject(errorFromWire(message.error));
        break;
      case "lost":
        this.lose(errorFromWire(message.error));
        return;
      default:
        return;
    }
    this.startNext();
  }

  private startNext(): void {
    if (this.running !== undefined || this.waiting === undefined) return;
    const { id, input, seed } = this.waiting;
    this.running = this.waiting;
    this.waiting = undefined;
    this.connection.post({ type: "generate", id, input, seed }, buffersOf(input));
  }

  private finish(id: number): Request | undefined {
    if (this.running?.id !== id) return undefined;
    const request = this.running;
    this.running = undefined;
    return request;
  }

  /** One that is running keeps its place until the worker answers: the module cannot be interrupted. */
  private abort(request: Request): void {
    if (this.waiting === request) this.waiting = undefined;
    request.reject(aborted());
  }

  private lose(error: UnderpaintError): void {
    if (this.ended !== undefined) return;
    this.end(error);
    this.onLost?.(error);
  }

  private end(error: UnderpaintError): void {
    this.ended = error;
    this.connection.close();
    this.running?.reject(error);
    this.waiting?.reject(error);
    this.running = undefined;
    this.waiting = undefined;
  }
}

function aborted(): UnderpaintError {
  return new UnderpaintError("aborted", "The request was cancelled.");
}

/** What of an input is handed over to the worker rather than copied. */
function buffersOf(input: GenerateInput): ArrayBuffer[] {
  switch (input.kind) {
    case "labels":
      return input.instances ? [input.ids.buffer, input.instances.buffer] : [input.ids.buffer];
    case "image":
      return [input.rgba.buffer];
    case "latent":
      return [];
  }
}
