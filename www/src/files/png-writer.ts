/** Writes PNG: indexed for label maps, RGB for colours and pictures, 16-bit grey for maps of objects. */

/** Pixels to write. `samples` are row-major: one index per pixel, or red, green, blue. */
export type PngPixels = { readonly width: number; readonly height: number } & (
  | {
      readonly kind: "indexed";
      readonly samples: Uint8Array;
      /** 1 to 256 colours; every index in `samples` should have one. */
      readonly palette: readonly (readonly [number, number, number])[];
    }
  | { readonly kind: "rgb"; readonly samples: Uint8Array }
  | { readonly kind: "grey16"; readonly samples: Uint16Array }
);

/** The file's bytes, 8 bits a sample except in `grey16`. */
export async function encodePng(pixels: PngPixels): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, samples: data } = pixels;
  const { encode } = await import("fast-png");
  return new Uint8Array(encode({ width, height, data, ...layoutOf(pixels) }, { zlib: { level: 6 } }));
}

function layoutOf(pixels: PngPixels): { depth: 8 | 16; channels: 1 | 3; palette?: number[][] } {
  switch (pixels.kind) {
    case "rgb":
      return { depth: 8, channels: 3 };
    case "grey16":
      return { depth: 16, channels: 1 };
    case "indexed":
      return { depth: 8, channels: 1, palette: pixels.palette.map((color) => [...color]) };
  }
}
