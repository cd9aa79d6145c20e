import { describe, expect, test } from "vitest";

import { joinedBundle } from "./bundle-joined.js";
import { crc32 } from "./crc32.js";

const file = (name: string, bytes: Uint8Array<ArrayBuffer>): File => new File([bytes], name);

describe("a bundle's files as one", () => {
  test.each([1, 7, 63, 64, 65, 1000])(
    "content begins at multiples of 64 after a manifest of %i bytes",
    async (length) => {
      const weights = Uint8Array.from({ length: 300 }, (_, at) => (7 * at) % 256);
      const joined = await joinedBundle({
        name: "joined",
        manifest: file("manifest.json", new Uint8Array(length).fill(32)),
        weights: file("weights.safetensors", weights),
        encoder: file("encoder.safetensors", weights.subarray(0, 5)),
        scenes: [],
      });
      const view = new DataView(await joined.arrayBuffer());
      let at = 0;
      const found: [name: string, start: number, size: number][] = [];
      while (view.getUint32(at, true) === 0x04034b50) {
        const [crc, size] = [view.getUint32(at + 14, true), view.getUint32(at + 22, true)];
        const [nameLength, extraLength] = [view.getUint16(at + 26, true), view.getUint16(at + 28, true)];
        const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 30, nameLength));
        if (extraLength > 0) expect(view.getUint16(at + 30 + nameLength + 2, true)).toBe(extraLength - 4);
        const start = at + 30 + nameLength + extraLength;
        expect(start % 64).toBe(0);
        expect(crc).toBe(crc32(new Uint8Array(view.buffer, start, size)));
        found.push([name, start, size]);
        at = start + size;
      }
      expect(found.map(([name, , size]) => [name, size])).toEqual([
        ["manifest.json", length],
        ["weights.safetensors", 300],
        ["encoder.safetensors", 5],
      ]);
    },
  );
});
