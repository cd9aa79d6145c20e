/** Saves a path: its frames as PNG files in a zip, or as a video that the browser encodes. */
import type { ClassChoice } from "../engine/input.js";
import type { Generator } from "../engine/generator.js";
import type { Style } from "../engine/style.js";
import { encodePicturePng } from "../files/picture.js";
import { zipOf, type ZipEntry } from "../files/zip.js";
import { FRAMES_PER_SECOND } from "../state/path.js";

/** Kinds of video, the better first. */
const VIDEO_TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"] as const;

/** What makes frames. */
export interface FilmParts {
  readonly generator: Generator;
  readonly seed: number;
  readonly classes: ClassChoice;
  /** Of each frame. */
  readonly styles: readonly (() => Style | undefined | Promise<Style | undefined>)[];
  readonly signal: AbortSignal;
  /** Called with the number of frames that are there. */
  readonly onFrame: (done: number) => void;
}

/** The kind of video that this browser records from a canvas; undefined where it records none. */
export function videoType(): string | undefined {
  const records = typeof MediaRecorder !== "undefined" && "captureStream" in HTMLCanvasElement.prototype;
  return records ? VIDEO_TYPES.find((type) => MediaRecorder.isTypeSupported(type)) : undefined;
}

/** Every frame as a PNG file: what cannot be kept in memory as pixels can as files. */
export async function filmFrames(parts: FilmParts): Promise<readonly Blob[]> {
  const { generator, seed, classes, styles, signal, onFrame } = parts;
  const frames: Blob[] = [];
  for (const style of styles) {
    const options = { seed, classes, style: await style(), background: true, signal };
    const { image } = await generator.generate(null, options);
    frames.push(await encodePicturePng(image));
    onFrame(frames.length);
  }
  return frames;
}

/** The frames in one file, named in their order. */
export async function zipOfFrames(frames: readonly Blob[]): Promise<Blob> {
  const entry = async (frame: Blob, number: number): Promise<ZipEntry> => ({
    name: `frame-${String(number).padStart(4, "0")}.png`,
    bytes: new Uint8Array(await frame.arrayBuffer()),
  });
  return zipOf(await Promise.all(frames.map(entry)));
}

/**
 * The frames as a video, in the time that it lasts: browsers record what they show.
 *
 * @throws Error if the browser stops recording
 */
export async function videoOfFrames(
  frames: readonly Blob[],
  type: string,
  signal: AbortSignal,
  onFrame: (done: number) => void,
): Promise<Blob> {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const [first] = frames;
  if (!context || !first) throw new Error("there is nothing to record");
  const size = await createImageBitmap(first);
  // Small pictures would be blurred by the encoder.
  const factor = Math.max(1, Math.ceil(256 / size.width));
  [canvas.width, canvas.height] = [size.width * factor, size.height * factor];
  size.close();
  context.imageSmoothingEnabled = false;
  const stream = canvas.captureStream(0);
  const [track] = stream.getVideoTracks();
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 8_000_000 });
  const parts: Blob[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    recorder.ondataavailable = ({ data }) => void parts.push(data);
    recorder.onstop = () => resolve();
    recorder.onerror = () => reject(new Error("the browser stopped recording"));
  });
  recorder.start();
  try {
    const began = performance.now();
    for (const [number, frame] of frames.entries()) {
      signal.throwIfAborted();
      const picture = await createImageBitmap(frame);
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      if (track && "requestFrame" in track) (track as CanvasCaptureMediaStreamTrack).requestFrame();
      onFrame(number + 1);
      const next = began + (1000 * (number + 1)) / FRAMES_PER_SECOND;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
    }
  } finally {
    if (recorder.state !== "inactive") recorder.stop();
  }
  await ended;
  track?.stop();
  return new Blob(parts, { type: "video/webm" });
}
