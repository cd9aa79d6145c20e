/**
 * The element's events with a `detail`; none of them bubbles.
 *
 * Beside them there are `input` and `change`, as form controls have them and as they are typed for every element: `input`
 * for everything that a person changes of what the picture is made of (each piece of a stroke, undo, another photo, another
 * seed), `change` when that is finished. Both bubble.
 */

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
  /**
   * Loading, generating or opening a file failed, or the model was lost; or something was set that is not taken: then
   * `attribute` names it (or the property, where there is no attribute), `message` says what was expected and found, and
   * what was there before stays.
   */
  error: { readonly code: ErrorCode; readonly message: string; readonly attribute?: string };
}
