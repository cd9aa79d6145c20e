/** Gives files to the person. */

/** What a saved file holds, for its name. */
export type SavedContent = "labels" | "colors" | "objects" | "picture";

/** How long a download may take to start before its address is given up, in milliseconds. */
const ADDRESS_LIFETIME = 60_000;

/** Saves a file under a name, the way the browser does it: into the downloads, or by asking where. */
export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.rel = "noopener";
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), ADDRESS_LIFETIME);
}

/** A file name for what a model's painting gives: `landscapes-labels.png`. Letters of any script stay. */
export function suggestedName(modelName: string, content: SavedContent): string {
  const stem = modelName
    .normalize("NFC")
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  return `${stem || "underpaint"}-${content}.png`;
}
