/** Names that nobody else has: 128 random bits. (`crypto.randomUUID` is missing in pages that are not secure.) */
export function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
