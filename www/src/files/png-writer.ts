/** Writes PNG: indexed for label maps, RGB for colours and pictures. */

/** Pixels to write. `samples` are row-major: one index per pixel, or red, green, blue. */
export type PngPixels = { readonly width: number; readonly height: number } & (
  | {
      readonly kind: "indexed";
      readonly samples: Uint8Array;
      /** 1 to 256 colours; every index in `samples` should have one. */
      readonly palette: readonly (readonly [number, number, number])[];
    }
  | { readonly kind: "rgb"; readonly samples: Uint8Array }
);

/** The file's bytes, 8 bits a sample. */
export async function encodePng(pixels: PngPixels): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, samples: data } = pixels;
  const { encode } = await import("fast-png");
  const layout =
    pixels.kind === "rgb" ? { channels: 3 } : { channels: 1, palette: pixels.palette.map((color) => [...color]) };
  return new Uint8Array(encode({ width, height, data, depth: 8, ...layout }, { zlib: { level: 6 } }));
}
