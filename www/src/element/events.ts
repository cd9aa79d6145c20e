/** The element's events. None of them bubbles. */

import type { DeviceReport } from "../engine/device.js";
import type { ErrorCode } from "../engine/errors.js";
import type { Manifest } from "../engine/manifest.js";
import type { LoadProgress } from "../engine/protocol.js";

/** Event name → type of its `detail`. */
export interface ElementEventMap {
  /** Loading goes on. */
  progress: LoadProgress;
  /** The model is loaded, and the first picture is on its way. */
  ready: { readonly manifest: Manifest; readonly device: DeviceReport };
  /** There is another picture; `latency` in milliseconds. */
  generated: { readonly image: ImageData; readonly latency: number };
  /** Loading, generating or opening a file failed, or the model was lost. */
  error: { readonly code: ErrorCode; readonly message: string };
}
