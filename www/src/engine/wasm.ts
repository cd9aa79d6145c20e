/** The WebAssembly module as the engine sees it: a part of what `www/pkg/underpaint_web.d.ts` declares. */

/** A generator on a device. It goes with its worker, which has only this one. */
export interface WasmSession {
  /** `webgpu` or `cpu`. */
  readonly device: string;
  /** The adapter's description; empty on the CPU. */
  readonly adapter: string;
  /** The `GPUDevice`; undefined on the CPU. */
  readonly gpu_device: { readonly lost: Promise<{ readonly message: string }> } | undefined;
  /** One byte per pixel in; RGBA out. */
  generate_labels(ids: Uint8Array, width: number, height: number, seed: number): Promise<Uint8ClampedArray>;
  /** RGBA in (alpha is ignored); RGBA out. */
  generate_image(rgba: Uint8Array, width: number, height: number, seed: number): Promise<Uint8ClampedArray>;
  /** The latent that the seed draws in, for classes as `Main=cat`; RGBA of the manifest's size out. */
  generate_latent(seed: number, classes: string[]): Promise<Uint8ClampedArray>;
}

/** The module once it runs. */
export interface WasmModule {
  Session: {
    load(
      manifest: Uint8Array,
      weights: Uint8Array,
      device: string,
      /** `share` is how much of the stage is done, 0 to 1. */
      on_stage: (stage: string, share: number) => void,
    ): Promise<WasmSession>;
  };
  /** Rejects with `out-of-memory` if the bundle is too large for the device; needs no weights. */
  check_bundle_fits(manifest: Uint8Array, device: string): Promise<void>;
  /** Message and place of the last panic; undefined where there was none. */
  last_panic(): string | undefined;
}
