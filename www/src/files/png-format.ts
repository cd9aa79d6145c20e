/** Constants of the PNG format that reader and writer share (PNG specification, third edition). */

/** The first eight bytes of every PNG. */
export const PNG_SIGNATURE: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Colour types. */
export const PNG_COLOR = { grey: 0, rgb: 2, indexed: 3, greyAlpha: 4, rgba: 6 } as const;

/** A colour type of the format. */
export type PngColorType = (typeof PNG_COLOR)[keyof typeof PNG_COLOR];

/** Samples per pixel of each colour type, and the bit depths it allows. */
export const PNG_LAYOUT: Readonly<
  Record<PngColorType, { readonly channels: number; readonly depths: readonly number[] }>
> = {
  [PNG_COLOR.grey]: { channels: 1, depths: [1, 2, 4, 8, 16] },
  [PNG_COLOR.rgb]: { channels: 3, depths: [8, 16] },
  [PNG_COLOR.indexed]: { channels: 1, depths: [1, 2, 4, 8] },
  [PNG_COLOR.greyAlpha]: { channels: 2, depths: [8, 16] },
  [PNG_COLOR.rgba]: { channels: 4, depths: [8, 16] },
};

/** Whether the bytes begin as a PNG does. */
export function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.every((byte, index) => bytes[index] === byte);
}
