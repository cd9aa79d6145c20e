/** Objects in words. */
import { NO_OBJECT } from "../canvas/label-map.js";
import type { ToolPreview } from "../canvas/preview.js";
import type { Point } from "../canvas/geometry.js";
import { language, t } from "../i18n/language.js";
import { translatedName } from "../i18n/names.js";
import { classesOf, type StudioState } from "../state/studio-state.js";

/** "Car #2"; the label alone for what is no object. */
export function objectName(state: Readonly<StudioState>, classId: number, object: number): string {
  const found = classesOf(state).find(({ id }) => id === classId);
  const label = found ? translatedName(found.name, language()) : String(classId);
  return object === NO_OBJECT ? label : t("objects.name", { label, number: object });
}

/** What the pointer is over, with its object; empty beside the map, and while a shape is dragged. */
export function objectUnderPointer(state: Readonly<StudioState>): string {
  const point = pointOf(state.preview);
  const classId = point && state.map?.at(point.x, point.y);
  if (!point || classId === undefined) return "";
  return objectName(state, classId, state.map?.objectAt(point.x, point.y) ?? NO_OBJECT);
}

/** The chosen label's colour, as CSS. */
export function swatchOf(state: Readonly<StudioState>): string {
  const found = classesOf(state).find(({ id }) => id === state.classId);
  return `rgb(${(found?.color ?? [128, 128, 128]).join(" ")})`;
}

function pointOf(preview: ToolPreview): Point | undefined {
  return "pointInImage" in preview ? preview.pointInImage : undefined;
}
