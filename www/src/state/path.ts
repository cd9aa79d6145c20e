/** A way through pictures: from one latent to the next, slowly at first and at the end of each part. */

import type { SceneStyle } from "./look.js";

/** A path to be played. */
export interface Path {
  readonly points: readonly SceneStyle[];
  /** Seconds from one point to the next. */
  readonly seconds: number;
  /** Whether it goes on from the last point to the first. */
  readonly isLoop: boolean;
}

/** Frames of a saved path, each second. */
export const FRAMES_PER_SECOND = 24;
/** Frames that are saved at most: five minutes. */
export const MOST_FRAMES = 5 * 60 * FRAMES_PER_SECOND;

/** How many parts a path has. */
export function partsOf({ points, isLoop }: Path): number {
  return points.length < 2 ? 0 : points.length - (isLoop ? 0 : 1);
}

/** How long a path takes, in seconds. */
export function durationOf(path: Path): number {
  return partsOf(path) * path.seconds;
}

/** The style at a time in seconds. A loop goes on for ever; another path stays at its end. */
export function styleAt(path: Path, time: number): SceneStyle {
  const parts = partsOf(path);
  const { points, seconds, isLoop } = path;
  const [first = { kind: "seed" }] = points;
  if (parts === 0) return first;
  const position = isLoop ? (time / seconds) % parts : Math.min(time / seconds, parts);
  const part = Math.min(Math.floor(position), parts - 1);
  const from = points[part] ?? first;
  const to = points[(part + 1) % points.length] ?? first;
  const share = eased(position - part);
  if (share === 0) return from;
  return share === 1 ? to : { kind: "between", from, to, share };
}

/** The times of the frames that are saved: those of a loop end before it begins again. */
export function frameTimes(path: Path): readonly number[] {
  const count = Math.round(durationOf(path) * FRAMES_PER_SECOND) + (path.isLoop ? 0 : 1);
  return partsOf(path) === 0 ? [] : Array.from({ length: count }, (_, frame) => frame / FRAMES_PER_SECOND);
}

/** Slow at both ends: 3x² − 2x³. */
function eased(share: number): number {
  return share * share * (3 - 2 * share);
}
