/** Walks folders that were picked or dropped. */

/** A file and where it lies: `path` uses `/` and starts at what was picked. */
export interface NamedFile {
  readonly path: string;
  readonly file: File;
}

/** Most files that are looked at in one folder: a bundle has a handful, a home folder millions. */
const MAX_FILES = 2000;
/** Deepest folder that is looked into. */
const MAX_DEPTH = 4;

/** The parts of the File System Access API that are used; TypeScript's DOM library does not have all of it. */
type DirectoryPicker = (options: { mode: "read" }) => Promise<FileSystemDirectoryHandle>;
interface IterableDirectory {
  values(): AsyncIterable<FileSystemDirectoryHandle | FileSystemFileHandle>;
}

/** Asks for a folder where the browser has its own dialog for that; empty when the person cancels. */
export async function filesFromFolder(): Promise<NamedFile[] | "not-offered"> {
  const picker: unknown = Reflect.get(globalThis, "showDirectoryPicker");
  if (!isPicker(picker)) return "not-offered";
  try {
    const folder = await picker({ mode: "read" });
    const files: NamedFile[] = [];
    await walkHandle(folder, folder.name, 0, files);
    return files;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return [];
    throw error;
  }
}

/** All files in what was dropped, folders included. */
export async function filesFromDrop(transfer: DataTransfer): Promise<NamedFile[]> {
  // Both lists must be read before the first await: the items are gone after the event.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? undefined);
  const plain = [...transfer.files].map((file) => ({ path: file.name, file }));
  if (entries.every((entry) => entry === undefined)) return plain;
  const files: NamedFile[] = [];
  for (const entry of entries) {
    if (entry) await walkEntry(entry, entry.name, 0, files);
  }
  return files;
}

async function walkHandle(
  handle: FileSystemDirectoryHandle | FileSystemFileHandle,
  path: string,
  depth: number,
  files: NamedFile[],
): Promise<void> {
  if (files.length >= MAX_FILES) return;
  if (handle.kind === "file") {
    files.push({ path, file: await handle.getFile() });
    return;
  }
  if (depth > MAX_DEPTH) return;
  const folder = handle as unknown as IterableDirectory;
  for await (const child of folder.values()) await walkHandle(child, `${path}/${child.name}`, depth + 1, files);
}

async function walkEntry(entry: FileSystemEntry, path: string, depth: number, files: NamedFile[]): Promise<void> {
  if (files.length >= MAX_FILES) return;
  if (isFileEntry(entry)) {
    files.push({ path, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) });
  } else if (isDirectoryEntry(entry) && depth <= MAX_DEPTH) {
    for (const child of await entriesOf(entry)) await walkEntry(child, `${path}/${child.name}`, depth + 1, files);
  }
}

/** A reader gives at most a hundred entries at a time. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  while (entries.length < MAX_FILES) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) break;
    entries.push(...part);
  }
  return entries;
}

function isPicker(value: unknown): value is DirectoryPicker {
  return typeof value === "function";
}

function isFileEntry(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isDirectoryEntry(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
