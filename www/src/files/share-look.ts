/** Looks as text for links: JSON, its lists of numbers as the bytes of 32-bit floats in base64url. */

import { isLook, type Look } from "../state/look.js";
import { base64urlFromBytes, bytesFromBase64url } from "./base64url.js";

const NUMBERS = "f32:";

/** The look as text. Numbers keep 32 bits, as the generator has them. */
export function textFromLook(look: Look): string {
  return JSON.stringify(look, (_key, value: unknown) => {
    if (!Array.isArray(value) || value.length === 0 || !value.every((one) => typeof one === "number")) return value;
    return NUMBERS + base64urlFromBytes(new Uint8Array(new Float32Array(value).buffer));
  });
}

/** The look in a text; undefined when there is none in it. */
export function lookFromText(text: string): Look | undefined {
  try {
    const look: unknown = JSON.parse(text, (_key, value: unknown) => {
      if (typeof value !== "string" || !value.startsWith(NUMBERS)) return value;
      const bytes = bytesFromBase64url(value.slice(NUMBERS.length));
      return bytes && bytes.length % 4 === 0 ? [...new Float32Array(bytes.slice().buffer)] : undefined;
    });
    return isLook(look) ? look : undefined;
  } catch {
    return undefined;
  }
}
