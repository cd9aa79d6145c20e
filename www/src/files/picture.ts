/** Saves generated pictures. */

import { encodePng } from "./png-writer.js";

/** The picture as an RGB PNG, exactly; its alpha is not kept. */
export async function encodePicturePng(image: Pick<ImageData, "data" | "width" | "height">): Promise<Blob> {
  const { data, width, height } = image;
  const samples = new Uint8Array(width * height * 3);
  for (let source = 0, target = 0; target < samples.length; source += 4, target += 3) {
    samples[target] = data[source] ?? 0;
    samples[target + 1] = data[source + 1] ?? 0;
    samples[target + 2] = data[source + 2] ?? 0;
  }
  return new Blob([await encodePng({ kind: "rgb", width, height, samples })], { type: "image/png" });
}
