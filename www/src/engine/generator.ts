/** A loaded generator, as a page uses it. */

import type { Connection } from "./connection.js";
import type { DeviceReport } from "./device.js";
import { UnderpaintError, errorFromWire } from "./errors.js";
import {
  chosenClasses,
  copyInput,
  copyLabels,
  type InputExtras,
  type LabelMapInput,
  type PictureInput,
} from "./input.js";
import { looksFromRows, type ObjectLook } from "./looks.js";
import { featureChannels, type Manifest } from "./manifest.js";
import type { FromWorker, GenerateInput, Question, ToWorker } from "./protocol.js";
import { checkedSeed, copyStyle, styleBuffers, type EncodedStyle, type Style } from "./style.js";

/** Options of {@link Generator.generate}. */
export interface GenerateOptions extends InputExtras {
  /**
   * For models that draw random numbers (`usesSeed`): latents, or dropout. A whole number from 0 to 2³² − 1; default 0.
   * The same input and seed give the same picture.
   */
  seed?: number | undefined;
  /**
   * Waits until nothing else is asked for, and is not superseded: for pictures that fill a page, while those that a
   * person waits for come first. Default false.
   */
  background?: boolean | undefined;
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

/** Something for the worker to do, one after the other. */
interface Request {
  readonly id: number;
  readonly message: ToWorker;
  readonly transfer: ArrayBuffer[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: UnderpaintError) => void;
}

type Answer = Extract<FromWorker, { type: "generated" | "answered" }>;

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
  /** The picture that is asked for; a newer one takes its place. */
  private waiting: Request | undefined;
  /** Questions, before any picture. */
  private asked: readonly Request[] = [];
  /** Pictures that come when nothing else does. */
  private background: readonly Request[] = [];
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
  async generate(input: PictureInput = null, options: GenerateOptions = {}): Promise<Picture> {
    const { background = false, signal } = options;
    this.checkUsable(signal);
    const seed = checkedSeed(options.seed ?? 0);
    const copy = copyInput(input, this.manifest, options);
    const message = { type: "generate", id: this.nextId(), input: copy, seed } as const;
    const answer = await this.queue(message, buffersOf(copy), background ? "background" : "waiting", signal);
    if (answer.type !== "generated") throw new UnderpaintError("internal", `expected a picture, found ${answer.type}`);
    const image = new ImageData(answer.rgba, answer.width, answer.height);
    return { image, latency: answer.latency, seed: answer.seed };
  }

  /**
   * The latent of a style: the numbers that a picture starts from, to be kept and given as `{ latent }`.
   *
   * @throws UnderpaintError `bad-input`, `network` or `integrity` (of the encoder), and as {@link generate}
   */
  async latent(
    style: Style,
    options: Pick<GenerateOptions, "seed" | "classes" | "signal"> = {},
  ): Promise<Float32Array> {
    const wire = copyStyle(style, this.manifest);
    const classes = chosenClasses(options.classes ?? {}, this.manifest);
    const seed = checkedSeed(options.seed ?? 0);
    return this.ask({ kind: "latent", style: wire, seed, classes }, styleBuffers(wire), options.signal);
  }

  /**
   * Reads the style of a picture, once: what comes back is small, can be kept, and is a {@link Style}.
   *
   * @throws UnderpaintError as {@link latent}
   */
  async encodeStyle(picture: ImageData, signal?: AbortSignal): Promise<EncodedStyle> {
    const wire = copyStyle(picture, this.manifest);
    if (wire.kind !== "picture") throw new UnderpaintError("bad-input", "style: expected ImageData");
    const { rgba, width, height } = wire;
    const numbers = await this.ask({ kind: "encode", rgba, width, height }, [rgba.buffer], signal);
    const half = numbers.length / 2;
    return { mean: numbers.slice(0, half), logVariance: numbers.slice(half) };
  }

  /**
   * The looks that objects have in a photo of the same layout: what the encoder makes of it, averaged over each object.
   *
   * @param labels the label map, as large as the photo
   * @throws UnderpaintError as {@link latent}; `bad-input` for models without features
   */
  async looksOf(
    labels: LabelMapInput,
    photo: ImageData,
    signal?: AbortSignal,
  ): Promise<(ObjectLook & { readonly feature: readonly number[] })[]> {
    const channels = featureChannels(this.manifest);
    const isSameSize = photo.width === labels.width && photo.height === labels.height;
    if (channels === 0) throw new UnderpaintError("bad-input", `${this.manifest.name} takes no features.`);
    if (!isSameSize) {
      const [expected, found] = [labels, photo].map(({ width, height }) => `${width}×${height}`);
      throw new UnderpaintError("bad-input", `photo: expected ${expected}, the size of the label map, found ${found}`);
    }
    const [copy, rgba] = [copyLabels(labels, this.manifest), new Uint8Array(photo.data)];
    const rows = await this.ask({ kind: "looks", labels: copy, rgba }, [copy.ids.buffer, rgba.buffer], signal);
    return looksFromRows(rows, channels);
  }

  /**
   * Loads the encoder now, so that reading the first picture does not wait for it.
   *
   * @throws UnderpaintError as {@link latent}
   */
  async loadEncoder(signal?: AbortSignal): Promise<void> {
    await this.ask({ kind: "encoder" }, [], signal);
  }

  /** Frees the model and ends its worker. Requests that are not answered yet reject with `aborted`. */
  dispose(): void {
    if (this.ended !== undefined) return;
    this.end(new UnderpaintError("aborted", "The generator was disposed of."));
  }

  private async ask(question: Question, transfer: ArrayBuffer[], signal?: AbortSignal): Promise<Float32Array> {
    this.checkUsable(signal);
    const answer = await this.queue({ type: "ask", id: this.nextId(), question }, transfer, "asked", signal);
    if (answer.type !== "answered") throw new UnderpaintError("internal", `expected numbers, found ${answer.type}`);
    return answer.numbers;
  }

  private queue(
    message: ToWorker & { id: number },
    transfer: ArrayBuffer[],
    where: "waiting" | "asked" | "background",
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request: Request = { id: message.id, message, transfer, resolve, reject };
      if (where === "waiting") {
        this.waiting?.reject(new UnderpaintError("superseded", "A later request took this one's place."));
        this.waiting = request;
      } else {
        this[where] = [...this[where], request];
      }
      signal?.addEventListener("abort", () => this.abort(request), { once: true });
      this.startNext();
    });
  }

  private receive(message: FromWorker): void {
    switch (message.type) {
      case "generated":
      case "answered":
        this.finish(message.id)?.resolve(message);
        break;
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
    if (this.running !== undefined) return;
    const next = this.asked[0] ?? this.waiting ?? this.background[0];
    if (next === undefined) return;
    this.drop(next);
    this.running = next;
    this.connection.post(next.message, next.transfer);
  }

  /** Takes a request out of wherever it waits. */
  private drop(request: Request): void {
    if (this.waiting === request) this.waiting = undefined;
    this.asked = this.asked.filter((other) => other !== request);
    this.background = this.background.filter((other) => other !== request);
  }

  private finish(id: number): Request | undefined {
    if (this.running?.id !== id) return undefined;
    const request = this.running;
    this.running = undefined;
    return request;
  }

  /** One that is running keeps its place until the worker answers: the module cannot be interrupted. */
  private abort(request: Request): void {
    this.drop(request);
    request.reject(aborted());
  }

  private checkUsable(signal: AbortSignal | undefined): void {
    if (this.ended !== undefined) throw this.ended;
    if (signal?.aborted === true) throw aborted();
  }

  private nextId(): number {
    this.requests += 1;
    return this.requests;
  }

  private lose(error: UnderpaintError): void {
    if (this.ended !== undefined) return;
    this.end(error);
    this.onLost?.(error);
  }

  private end(error: UnderpaintError): void {
    this.ended = error;
    this.connection.close();
    const requests = [this.running, this.waiting, ...this.asked, ...this.background];
    this.running = undefined;
    this.waiting = undefined;
    this.asked = [];
    this.background = [];
    for (const request of requests) request?.reject(error);
  }
}

function aborted(): UnderpaintError {
  return new UnderpaintError("aborted", "The request was cancelled.");
}

/** What of an input is handed over to the worker rather than copied. */
function buffersOf(input: GenerateInput): ArrayBuffer[] {
  switch (input.kind) {
    case "labels": {
      const { ids, instances, style, features } = input;
      const others = [instances, features].flatMap((numbers) => (numbers ? [numbers.buffer] : []));
      return [ids.buffer, ...others, ...styleBuffers(style)];
    }
    case "image":
      return [input.rgba.buffer];
    case "latent":
      return styleBuffers(input.style);
  }
}
