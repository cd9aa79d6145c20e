/** Everything the studio shows, as plain data. */

import { EMPTY_RECT, type Rect, type Size } from "../canvas/geometry.js";
import type { LabelClass, LabelMap } from "../canvas/label-map.js";
import { NO_PREVIEW, type ToolPreview } from "../canvas/preview.js";
import { IDENTITY_VIEW, type View } from "../canvas/view.js";
import type { DeviceReport } from "../engine/device.js";
import type { ErrorCode } from "../engine/errors.js";
import type { ClassChoice } from "../engine/input.js";
import type { LoadProgress } from "../engine/protocol.js";
import type { StepKind } from "./history.js";
import { PLAIN_LOOK, type Look } from "./look.js";
import type { QuickSource, RecentLabel } from "./quick-labels.js";
import type { StudioModel } from "./studio-model.js";

/** The tools there are. */
export const TOOL_IDS = ["brush", "eraser", "fill", "line", "rectangle", "ellipse", "eyedropper", "pan"] as const;

/** One of the tools. */
export type ToolId = (typeof TOOL_IDS)[number];

/** How the panes are laid out. */
export const LAYOUTS = ["side-by-side", "overlay", "label", "picture"] as const;

/** One of the layouts; `overlay` is one pane with the picture over the labels. */
export type Layout = (typeof LAYOUTS)[number];

/** Light, dark, or as the system says. */
export const THEMES = ["system", "light", "dark"] as const;

/** One of the themes. */
export type Theme = (typeof THEMES)[number];

/** Whether rectangles and ellipses are filled, or outlines as wide as the brush. */
export const SHAPE_FILLS = ["filled", "outline"] as const;

/** One of the ways to draw a shape. */
export type ShapeFill = (typeof SHAPE_FILLS)[number];

/** An error as it is shown: `code` to choose words by, `message` in English, for details. */
export interface ShownError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Loading of a model. */
export type LoadStatus =
  | { readonly phase: "none" }
  | { readonly phase: "loading"; readonly name: string; readonly progress: LoadProgress | undefined }
  | { readonly phase: "ready" }
  | { readonly phase: "failed"; readonly name: string; readonly error: ShownError };

/** Live generation. The last picture and its latency stay while the next one runs. */
export type GenerationStatus =
  { readonly phase: "idle" } | { readonly phase: "running" } | { readonly phase: "failed"; readonly error: ShownError };

/** A generated picture. */
export interface GeneratedPicture {
  readonly image: ImageData;
  /** Milliseconds in the worker. */
  readonly latency: number;
  readonly seed: number;
}

/** Whether the painting is kept between visits, and if not, why. */
export type KeepStatus = { readonly phase: "kept" } | { readonly phase: "not-kept"; readonly reason: string };

/** What a person has chosen and finds again on the next visit. */
export interface Preferences {
  readonly tool: ToolId;
  /** Brush diameter in label-map pixels, 1 to 512. */
  readonly brushSize: number;
  /** Whether a pen's pressure sets the size. */
  readonly pressureEnabled: boolean;
  readonly shapeFill: ShapeFill;
  readonly layout: Layout;
  /** Opacity of the picture over the labels, 0 to 1. */
  readonly overlayOpacity: number;
  /** Whether pictures are generated while painting. */
  readonly liveEnabled: boolean;
  /** Whether objects are outlined, where the model tells them apart. */
  readonly outlinesShown: boolean;
  readonly theme: Theme;
  /** Seed of latents and dropout, a 32-bit unsigned integer. A kept painting brings its own. */
  readonly seed: number;
  /** Names of labels that are wanted at hand in palettes of many, in lower case. */
  readonly favourites: readonly string[];
}

/** The studio's state. */
export interface StudioState extends Preferences {
  /** The model in use, or the first one while it still loads: known, but not ready. Undefined before that. */
  readonly model: StudioModel | undefined;
  readonly device: DeviceReport | undefined;
  readonly loading: LoadStatus;
  /** What is painted; undefined without a model that is painted for. Another object only when its size changes. */
  readonly map: LabelMap | undefined;
  /** Which painting that is, among those that are kept. */
  readonly paintingId: string | undefined;
  /** Counts changes of the map's pixels. */
  readonly revision: number;
  /** What of the map the last revision changed. */
  readonly changedRect: Rect;
  /** What undo would take back, if anything. */
  readonly undoKind: StepKind | undefined;
  /** What redo would do again, if anything. */
  readonly redoKind: StepKind | undefined;
  /** Whether there are changes since the label map was last saved to, or opened from, a file. */
  readonly dirty: boolean;
  readonly keep: KeepStatus;
  /** What a model of chance is asked for, by attribute; what is not named is drawn from the seed. */
  readonly choice: ClassChoice;
  /** Where the latent and the looks of objects come from, for models that have those. */
  readonly look: Look;
  /** Class to paint with. */
  readonly classId: number;
  /** Number of the object that paint belongs to, among those of `classId`; 0 for none. */
  readonly object: number;
  /** Class painted with before, for X. */
  readonly previousClassId: number;
  /** Classes painted with in this visit, for palettes of many. */
  readonly recent: readonly RecentLabel[];
  readonly view: View;
  /** Whether the view follows the canvas's size, showing everything. */
  readonly viewIsFitted: boolean;
  /** Size of a pane in CSS pixels; 0 before it is known. */
  readonly canvasSize: Size;
  readonly preview: ToolPreview;
  /** The photo to turn into a picture, at the model's size; photo models only. */
  readonly photo: ImageData | undefined;
  readonly picture: GeneratedPicture | undefined;
  readonly generation: GenerationStatus;
}

/** Preferences of a first visit. */
export const DEFAULT_PREFERENCES: Preferences = {
  tool: "brush",
  brushSize: 24,
  pressureEnabled: true,
  shapeFill: "filled",
  layout: "side-by-side",
  overlayOpacity: 0.5,
  liveEnabled: true,
  outlinesShown: true,
  theme: "system",
  seed: 0,
  favourites: [],
};

/** The state before anything is loaded. */
export function initialState(preferences: Preferences = DEFAULT_PREFERENCES): StudioState {
  return {
    ...preferences,
    model: undefined,
    device: undefined,
    loading: { phase: "none" },
    map: undefined,
    paintingId: undefined,
    revision: 0,
    changedRect: EMPTY_RECT,
    undoKind: undefined,
    redoKind: undefined,
    dirty: false,
    keep: { phase: "kept" },
    choice: {},
    look: PLAIN_LOOK,
    classId: 1,
    object: 0,
    previousClassId: 0,
    recent: [],
    view: IDENTITY_VIEW,
    viewIsFitted: true,
    canvasSize: { width: 0, height: 0 },
    preview: NO_PREVIEW,
    photo: undefined,
    picture: undefined,
    generation: { phase: "idle" },
  };
}

/** The layout as far as the model allows: with nothing to paint, the picture is all there is to see. */
export function shownLayout({ model, layout }: Readonly<StudioState>): Layout {
  return model?.input === "latent" ? "picture" : layout;
}

/** Whether the model in use tells objects apart, so that there is a layer of them. */
export function hasObjectLayer({ model, map }: Readonly<StudioState>): boolean {
  return model?.usesObjects === true && map?.objects !== undefined;
}

/** The classes of the model in use; empty without one. */
export function classesOf(state: Readonly<StudioState>): readonly LabelClass[] {
  return state.model?.classes ?? [];
}

/** What decides which labels are at hand, and their keys. */
export function quickSource(state: Readonly<StudioState>): QuickSource {
  return { classes: classesOf(state), favourites: state.favourites, recent: state.recent };
}
