/** The WebAssembly module as the engine sees it: a part of what `www/pkg/underpaint_web.d.ts` declares. */

/** A label map with what belongs to it, row by row. */
export interface LabelScene {
  /** One class a pixel. */
  readonly ids: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** One object a pixel. */
  readonly instances?: Uint16Array | undefined;
  /** `[latent channels]`; the seed draws them where there are none. */
  readonly latent?: Float32Array | undefined;
  /** `[feature channels, height, width]`, for models with features. */
  readonly features?: Float32Array | undefined;
  /** Objects whose look is chosen: pairs of class and number. */
  readonly objects?: Uint16Array | undefined;
  /** Their features. */
  readonly looks?: Float32Array | undefined;
}

/** A generator on a device. It goes with its worker, which has only this one. */
export interface WasmSession {
  /** `webgpu` or `cpu`. */
  readonly device: string;
  /** The adapter's description; empty on the CPU. */
  readonly adapter: string;
  /** The `GPUDevice`; undefined on the CPU. */
  readonly gpu_device: { readonly lost: Promise<{ readonly message: string }> } | undefined;
  /** Takes weights of the model's encoder. */
  add_encoder_from(weights: WeightReader): void;
  /** RGBA out. */
  generate_labels(labels: LabelScene, seed: number): Promise<Uint8ClampedArray>;
  /** RGBA in (alpha is ignored); RGBA out. */
  generate_image(rgba: Uint8Array, width: number, height: number, seed: number): Promise<Uint8ClampedArray>;
  /** RGBA of the manifest's size out, or of a smaller scale's: 0 is 4×4. */
  generate_latent(latent: Float32Array, scale?: number): Promise<Uint8ClampedArray>;
  /** What the seed draws, for classes as `Main=cat`. */
  latent_of_seed(seed: number, classes: string[]): Float32Array;
  latent_between(from: Float32Array, to: Float32Array, share: number): Float32Array;
  latent_near(latent: Float32Array, seed: number, step: number): Float32Array;
  /** What the seed draws of a style: of means, then logarithms of variances. */
  latent_of_style(distribution: Float32Array, seed: number): Float32Array;
  /** Takes the encoder's weights, and checks them. */
  add_encoder(weights: Uint8Array | Blob): void;
  /** Means, then logarithms of variances. */
  style_distribution(rgba: Uint8Array, width: number, height: number): Promise<Float32Array>;
  /** Rows of class, number and feature. */
  object_looks(labels: LabelScene, rgba: Uint8Array): Promise<Float32Array>;
}

/** Gives a tensor by its key: its shape, and its values with the last axis fastest. */
export interface WeightReader {
  read(key: string): [shape: Uint32Array, values: Float32Array];
}

/** A weight file of the authors, as the module that reads such files sees it. */
export interface WasmCheckpoint {
  with_encoder(file: Blob, name: string): void;
  /** JSON. */
  report(): string;
  open(): WasmOpenCheckpoint;
  /** Bytes come with their place in the file, not in order; the manifest's JSON out. */
  write(dtype: string, write: (at: number, bytes: Uint8Array) => void, on_progress: (share: number) => void): string;
}

/** A model in a weight file, whose tensors are read one by one. */
export interface WasmOpenCheckpoint {
  /** Shape and values. */
  read(key: string): unknown[];
  readonly has_encoder: boolean;
  read_encoder(key: string): unknown[];
}

/** The module that reads weight files of the authors; it is loaded when one is opened. */
export interface ReaderModule {
  CheckpointFiles: new (file: Blob, name: string, answers: string) => WasmCheckpoint;
}

/** Where the parts of a bundle in one file lie: first byte, and the one behind. */
export interface WasmBundleParts {
  readonly manifest: Uint8Array;
  readonly weights: Float64Array;
  readonly encoder: Float64Array | undefined;
}

/** The module once it runs. */
export interface WasmModule {
  Session: {
    load(
      manifest: Uint8Array,
      weights: Uint8Array | Blob,
      device: string,
      /** `share` is how much of the stage is done, 0 to 1. */
      on_stage: (stage: string, share: number) => void,
    ): Promise<WasmSession>;
    /** With weights that are read tensor by tensor. */
    load_from(
      manifest: Uint8Array,
      weights: WeightReader,
      device: string,
      on_stage: (stage: string, share: number) => void,
    ): Promise<WasmSession>;
  };
  BundleParts: new (file: Blob) => WasmBundleParts;
  /** Rejects with `out-of-memory` if the bundle is too large for the device; needs no weights. */
  check_bundle_fits(manifest: Uint8Array, device: string): Promise<void>;
  /** Message and place of the last panic; undefined where there was none. */
  last_panic(): string | undefined;
}
