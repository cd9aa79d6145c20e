/** The messages between the page and the worker that owns the WebAssembly module. */

import type { CheckpointReport, CheckpointSource } from "./checkpoint.js";
import type { DeviceKind, DeviceReason, DeviceReport } from "./device.js";
import type { WireError } from "./errors.js";
import type { WireLooks } from "./looks.js";
import type { Manifest } from "./manifest.js";
import type { WireStyle } from "./style.js";

/** Stages of loading, in order. */
export const LOAD_STAGES = ["download", "verify", "upload", "compile", "first-picture"] as const;

/** A stage of loading. */
export type LoadStage = (typeof LOAD_STAGES)[number];

/** How far loading has come. */
export interface LoadProgress {
  stage: LoadStage;
  /** Bytes of the weights and of Underpaint's module so far; in the download stage only. */
  loaded?: number;
  /** Bytes of both, as far as they are known; in the download stage only, from when the weights' are. */
  total?: number;
  /** Over all stages, from 0 to 1; never falls. */
  fraction: number;
}

/**
 * Where a model comes from: an absolute address of a bundle (its folder, its manifest, or one file), its files, or one
 * file of whatever kind: a bundle, or weights of the authors.
 */
export type BundleSource =
  | { kind: "url"; url: string }
  | {
      kind: "files";
      manifest: Blob | ArrayBuffer;
      weights: Blob | ArrayBuffer;
      /** The encoder's weights; needed only when a picture is to be read. */
      encoder?: Blob | ArrayBuffer;
    }
  | { kind: "file"; source: CheckpointSource };

/** A label map. Everything is row by row. */
export interface LabelsGiven {
  kind: "labels";
  /** A class a pixel. */
  ids: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
  /** An object a pixel, any numbers; only for models that tell objects apart. */
  instances?: Uint16Array<ArrayBuffer>;
  /** Where the latent comes from; from the seed where this is absent. */
  style?: WireStyle;
  /** Looks that are chosen for objects; the seed draws the others. */
  looks?: WireLooks;
  /** All looks at once, `[feature channels, height, width]`. */
  features?: Float32Array<ArrayBuffer>;
}

/** What a generator is given beside a seed. `rgba` holds four bytes per pixel, row by row. */
export type GenerateInput =
  | LabelsGiven
  | { kind: "image"; rgba: Uint8Array<ArrayBuffer>; width: number; height: number }
  /** `classes` as `Main=cat`, one at most of each attribute; the seed draws the others. */
  | { kind: "latent"; classes: string[]; style?: WireStyle; side?: number };

/** What is asked of a model beside pictures. The answers are numbers. */
export type Question =
  /** The latent of a style. */
  | { kind: "latent"; style: WireStyle; seed: number; classes: string[] }
  /** What the encoder says of a picture's style: means, then logarithms of variances. */
  | { kind: "encode"; rgba: Uint8Array<ArrayBuffer>; width: number; height: number }
  /** The looks that objects have in a photo: rows of class, number and feature. */
  | { kind: "looks"; labels: LabelsGiven; rgba: Uint8Array<ArrayBuffer> }
  /** Nothing but that the encoder is there. */
  | { kind: "encoder" };

/** Loads the bundle. Sent once, and first. */
export interface LoadRequest {
  type: "load";
  source: BundleSource;
  device: "auto" | DeviceKind;
  /** Why `device` is what it is, where that is already known. */
  because?: DeviceReason;
  /** Whether weights are kept in the browser's cache, by hash. */
  cache: boolean;
  /** Address of the WebAssembly module, where it is not beside the worker. */
  wasmUrl?: string;
  /** Whether the encoder's weights are fetched at once, where the model has an encoder. */
  encoder?: boolean;
}

/** Generates a picture. Answered by `generated` or `generate-failed` with the same `id`. */
export interface GenerateRequest {
  type: "generate";
  id: number;
  input: GenerateInput;
  /** 32 bits, unsigned. */
  seed: number;
}

/** Asks what a weight file holds. Answered by `inspected` or `file-failed` with the same `id`. */
export interface InspectRequest {
  type: "inspect";
  id: number;
  source: CheckpointSource;
}

/** Writes a model as a bundle in one file. Answered by `packed` or `file-failed` with the same `id`. */
export interface PackRequest {
  type: "pack";
  id: number;
  source: CheckpointSource;
  dtype: "f32" | "f16";
  /** Name in the browser's own storage; else the file is given back without being kept. */
  keepAs: string | undefined;
}

/** Asks something. Answered by `answered` or `generate-failed` with the same `id`. */
export interface AskRequest {
  type: "ask";
  id: number;
  question: Question;
}

/** From the page to the worker. */
export type ToWorker = LoadRequest | GenerateRequest | AskRequest | InspectRequest | PackRequest;

/** From the worker to the page. */
export type FromWorker =
  | { type: "progress"; progress: LoadProgress }
  /** The manifest is read; the weights come next. */
  | { type: "manifest"; manifest: Manifest }
  /** The device is chosen and will be tried. */
  | { type: "device"; device: DeviceReport }
  | { type: "loaded"; manifest: Manifest; device: DeviceReport }
  | { type: "load-failed"; error: WireError }
  | {
      type: "generated";
      id: number;
      rgba: Uint8ClampedArray<ArrayBuffer>;
      width: number;
      height: number;
      /** Milliseconds in the worker. */
      latency: number;
      seed: number;
    }
  | { type: "answered"; id: number; numbers: Float32Array<ArrayBuffer> }
  | { type: "generate-failed"; id: number; error: WireError }
  | { type: "inspected"; id: number; report: CheckpointReport }
  | { type: "pack-progress"; id: number; share: number }
  | { type: "packed"; id: number; file: Blob }
  | { type: "file-failed"; id: number; error: WireError }
  /** The module or the device is gone; nothing works from here on. */
  | { type: "lost"; error: WireError };
