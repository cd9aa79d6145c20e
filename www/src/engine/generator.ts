/** A loaded generator, as a page uses it. */

import type { Connection } from "./connection.js";
import type { DeviceReport } from "./device.js";
import { UnderpaintError, errorFromWire } from "./errors.js";
import { paintedClasses, type Manifest } from "./manifest.js";
import type { FromWorker, GenerateInput } from "./protocol.js";

/** A label map: one class id per pixel, row by row; `ids` holds `width * height` bytes. */
export interface LabelMapInput {
  readonly ids: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Options of {@link Generator.generate}. */
export interface GenerateOptions {
  /** For models with dropout; a whole number from 0 to 2³² − 1. Default 0: the same input gives the same picture. */
  seed?: number | undefined;
  /** Cancels: the promise rejects with `aborted`. */
  signal?: AbortSignal | undefined;
}

/** A generated picture. */
export interface Picture {
  /** As large as the input; alpha is 255. */
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
   * Generates a picture of the input's size.
   *
   * The latest wins: while one picture is being generated at most one request waits, and a newer one takes its place.
   * The input is copied, and may be changed at once.
   *
   * @param input a label map, or the pixels of a picture, as {@link manifest} says
   * @throws UnderpaintError `superseded`, `bad-input`, `aborted`, `device-lost`, `out-of-memory` or `internal`
   */
  async generate(input: LabelMapInput | ImageData, { seed = 0, signal }: GenerateOptions = {}): Promise<Picture> {
    if (this.ended !== undefined) throw this.ended;
    if (signal?.aborted === true) throw aborted();
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
      throw new UnderpaintError("bad-input", `seed: expected a whole number from 0 to 4294967295, found ${seed}`);
    }
    const copy = copyInput(input, this.manifest);
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
    const { buffer } = input.kind === "labels" ? input.ids : input.rgba;
    this.connection.post({ type: "generate", id, input, seed }, [buffer]);
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

function copyInput(input: LabelMapInput | ImageData, manifest: Manifest): GenerateInput {
  const { width, height } = input;
  const isSide = (side: number): boolean => Number.isInteger(side) && side >= 1;
  if (!isSide(width) || !isSide(height)) {
    throw new UnderpaintError("bad-input", `expected whole sides of at least 1, found ${width}×${height}`);
  }
  if ("ids" in input) {
    checkLength("a label map", input.ids.length, width, height, 1);
    if (manifest.input.kind === "image" && paintedClasses(manifest).length === 0) {
      throw new UnderpaintError("bad-input", `${manifest.name} takes pictures: expected ImageData, found a label map`);
    }
    return { kind: "labels", ids: new Uint8Array(input.ids), width, height };
  }
  checkLength("a picture", input.data.length, width, height, 4);
  if (manifest.input.kind === "labels") {
    throw new UnderpaintError("bad-input", `${manifest.name} takes label maps: expected ids, found a picture`);
  }
  return { kind: "image", rgba: new Uint8Array(input.data), width, height };
}

function checkLength(what: string, found: number, width: number, height: number, perPixel: number): void {
  const expected = width * height * perPixel;
  if (found === expected) return;
  throw new UnderpaintError("bad-input", `${what} of ${width}×${height}: expected ${expected} bytes, found ${found}`);
}
