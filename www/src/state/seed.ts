/** Seeds: whole numbers from 0 to 2³² − 1. */

/** Largest seed. */
export const MAX_SEED = 0xffff_ffff;

/** A number as a seed: without its fraction, modulo 2³². */
export function seedFrom(value: number): number {
  return Math.trunc(Number.isFinite(value) ? value : 0) >>> 0;
}

/** The seed that a person typed; undefined for what is none. Spaces, and commas or points between thousands, are let go. */
export function seedFromText(text: string): number | undefined {
  const digits = text.trim().replace(/(?<=\d)[\s,.'_](?=\d{3}(?!\d))/g, "");
  if (!/^\d{1,10}$/.test(digits)) return undefined;
  const seed = Number(digits);
  return seed <= MAX_SEED ? seed : undefined;
}
