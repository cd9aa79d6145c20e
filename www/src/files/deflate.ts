/** The browser's own deflate, as functions on bytes. */

/** `deflate` has zlib's header and checksum, as PNG wants; `deflate-raw` has neither. */
export type DeflateFormat = "deflate" | "deflate-raw";

/** Compresses. */
export async function deflate(bytes: Uint8Array<ArrayBuffer>, format: DeflateFormat): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Decompresses at most `maxBytes`; what comes after them is not looked at.
 *
 * The result is shorter where the data are. Never takes more memory than `maxBytes` and a chunk, whatever the data say.
 *
 * @throws TypeError when the data are no deflate stream.
 */
export async function inflate(
  bytes: Uint8Array<ArrayBuffer>,
  format: DeflateFormat,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const inflated = new Uint8Array(maxBytes);
  let length = 0;
  while (length < maxBytes) {
    const { done, value } = await reader.read();
    if (done) return inflated.slice(0, length);
    const part = value.subarray(0, maxBytes - length);
    inflated.set(part, length);
    length += part.length;
  }
  await reader.cancel();
  return inflated;
}
