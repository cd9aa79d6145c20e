import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../canvas/seeded-random.js";
import { FileError } from "./file-error.js";
import { imageSizeFromHeader } from "./image-header.js";
import { checkPhoto, coverCrop } from "./photo.js";
import { decodePng } from "./png-reader.js";
import { encodePicturePng } from "./picture.js";
import { suggestedName } from "./save.js";

async function failure(file: Blob): Promise<FileError> {
  const result = await checkPhoto(file, "cat.jpg").catch((error: unknown) => error);
  if (result instanceof FileError) return result;
  throw new Error("expected a FileError");
}

/** A JPEG's first segments: EXIF of some length, a Huffman table, then a frame header with this size. */
function jpegHeader(width: number, height: number, exifLength = 1000): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2 + 2 + exifLength + 22 + 2 + 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xffd8);
  view.setUint16(2, 0xffe1);
  view.setUint16(4, exifLength);
  view.setUint16(4 + exifLength, 0xffc4);
  view.setUint16(6 + exifLength, 20);
  const frame = 4 + exifLength + 22;
  view.setUint16(frame, 0xffc2);
  view.setUint16(frame + 2, 17);
  view.setUint8(frame + 4, 8);
  view.setUint16(frame + 5, height);
  view.setUint16(frame + 7, width);
  return bytes;
}

describe("coverCrop", () => {
  it("takes the middle, as large as it can be, in the shape of the size", () => {
    expect(coverCrop({ width: 400, height: 200 }, { width: 256, height: 256 })).toEqual({
      x: 100,
      y: 0,
      width: 200,
      height: 200,
    });
    expect(coverCrop({ width: 300, height: 900 }, { width: 200, height: 100 })).toEqual({
      x: 0,
      y: 375,
      width: 300,
      height: 150,
    });
    expect(coverCrop({ width: 50, height: 50 }, { width: 256, height: 256 })).toEqual({
      x: 0,
      y: 0,
      width: 50,
      height: 50,
    });
  });
});

describe("imageSizeFromHeader", () => {
  it("reads PNG, JPEG behind EXIF, GIF and WebP", () => {
    const png = new Uint8Array(encode({ width: 7, height: 5, channels: 1, depth: 8, data: new Uint8Array(35) }));
    expect(imageSizeFromHeader(png)).toEqual({ width: 7, height: 5 });
    expect(imageSizeFromHeader(jpegHeader(4032, 3024, 60_000))).toEqual({ width: 4032, height: 3024 });
    const gif = new Uint8Array(16);
    gif.set(new TextEncoder().encode("GIF89a"));
    gif.set([0x40, 0x01, 0xf0, 0x00], 6);
    expect(imageSizeFromHeader(gif)).toEqual({ width: 320, height: 240 });
    const webp = new Uint8Array(30);
    webp.set(new TextEncoder().encode("RIFF....WEBPVP8X"));
    webp.set([0x7f, 0x02, 0, 0xdf, 0x01, 0], 24);
    expect(imageSizeFromHeader(webp)).toEqual({ width: 640, height: 480 });
  });

  it("knows nothing of other files, and survives any bytes", () => {
    const random = seededRandom(41);
    for (let round = 0; round < 500; round += 1) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 64) }, () => Math.floor(random() * 256));
      if (round % 2 === 0) bytes.set([0xff, 0xd8].slice(0, bytes.length));
      imageSizeFromHeader(bytes);
    }
    expect(imageSizeFromHeader(new TextEncoder().encode("hello, this is text"))).toBeUndefined();
  });
});

describe("checkPhoto", () => {
  it("refuses huge pictures from their header, naming the size", async () => {
    const error = await failure(new Blob([jpegHeader(40_000, 30_000)], { type: "image/jpeg" }));
    expect(error.code).toBe("too-large-image");
    expect(error.message).toContain("cat.jpg");
    expect(error.message).toContain("40000×30000");
  });

  it("refuses what is no picture", async () => {
    expect((await failure(new Blob(["x"], { type: "application/pdf" }))).code).toBe("not-an-image");
  });

  it("lets ordinary photos through", async () => {
    await expect(checkPhoto(new Blob([jpegHeader(4032, 3024)], { type: "image/jpeg" }), "x")).resolves.toBeUndefined();
  });
});

describe("encodePicturePng", () => {
  it("keeps every pixel", async () => {
    const random = seededRandom(42);
    const data = new Uint8ClampedArray(9 * 6 * 4);
    data.forEach((_, index) => (data[index] = index % 4 === 3 ? 255 : Math.floor(random() * 256)));
    const file = await encodePicturePng({ data, width: 9, height: 6 });
    const image = await decodePng(new Uint8Array(await file.arrayBuffer()), "x");
    expect([image.width, image.height, image.channels]).toEqual([9, 6, 3]);
    expect([...image.samples]).toEqual([...data].filter((_, index) => index % 4 !== 3));
  });
});

describe("suggestedName", () => {
  it("is a plain file name in any script", () => {
    expect(suggestedName("Mountain Lake / 2", "labels")).toBe("mountain-lake-2-labels.png");
    expect(suggestedName("风景", "picture")).toBe("风景-picture.png");
    expect(suggestedName("../..", "colors")).toBe("underpaint-colors.png");
  });
});
