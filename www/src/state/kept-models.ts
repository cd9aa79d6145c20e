/** Models that are remembered on this computer, as bundles in the browser's own storage (Origin Private File System). */

import { BUNDLE_ENDING } from "../engine/bundle-file.js";
import { KEPT_FOLDER } from "../engine/kept-files.js";
import { randomId } from "./random-id.js";

/** A model that is kept. */
export interface KeptModel {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Bytes of its file. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly keptAt: number;
  readonly file: File;
}

/** The parts of the File System Access API that are used; TypeScript's DOM library does not have all of it. */
interface IterableDirectory {
  values(): AsyncIterable<FileSystemDirectoryHandle | FileSystemFileHandle>;
}

/** What is written beside each file once all of it is there. */
interface Note {
  name: string;
  keptAt: number;
}

const NOTE_ENDING = ".json";

/** Finds, names and removes kept models. Where the browser has no such storage there are none. */
export class KeptModels {
  /** All of them, the newest first. Files that were never finished are not among them. */
  async list(): Promise<KeptModel[]> {
    try {
      const folder = await this.folder(false);
      const handles = new Map<string, FileSystemFileHandle>();
      for await (const handle of (folder as unknown as IterableDirectory).values()) {
        if (handle.kind === "file") handles.set(handle.name, handle);
      }
      const found: KeptModel[] = [];
      for (const [name, handle] of handles) {
        if (!name.endsWith(BUNDLE_ENDING)) continue;
        const id = name.slice(0, -BUNDLE_ENDING.length);
        const note = await readNote(handles.get(id + NOTE_ENDING));
        const file = await handle.getFile();
        if (note) found.push({ id, ...note, bytes: file.size, file });
      }
      return found.sort((one, other) => other.keptAt - one.keptAt);
    } catch {
      // No folder yet, or no storage.
      return [];
    }
  }

  /** A name for a model that is to be kept, and of the file that a worker writes. */
  begin(): { id: string; file: string } {
    const id = randomId();
    return { id, file: id + BUNDLE_ENDING };
  }

  /** The file is written: from now on the model is listed. */
  async finish(id: string, name: string): Promise<void> {
    const folder = await this.folder(true);
    const handle = await folder.getFileHandle(id + NOTE_ENDING, { create: true });
    const writable = await handle.createWritable();
    await writable.write(JSON.stringify({ name, keptAt: Date.now() } satisfies Note));
    await writable.close();
    // Asks not to be cleared away when the disk fills; browsers may say no.
    await navigator.storage.persist().catch(() => false);
  }

  /** Lets a model go. */
  async remove(id: string): Promise<void> {
    const folder = await this.folder(false);
    await folder.removeEntry(id + NOTE_ENDING).catch(() => undefined);
    await folder.removeEntry(id + BUNDLE_ENDING);
  }

  private async folder(create: boolean): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory();
    return root.getDirectoryHandle(KEPT_FOLDER, { create });
  }
}

/** Whether this browser can keep models. */
export function canKeepModels(): boolean {
  return "storage" in navigator && "getDirectory" in navigator.storage && isSecureContext;
}

async function readNote(handle: FileSystemFileHandle | undefined): Promise<Note | undefined> {
  if (!handle) return undefined;
  try {
    const note: unknown = JSON.parse(await (await handle.getFile()).text());
    if (typeof note !== "object" || note === null) return undefined;
    const [name, keptAt] = ["name", "keptAt"].map((field) => Reflect.get(note, field) as unknown);
    return typeof name === "string" && typeof keptAt === "number" ? { name, keptAt } : undefined;
  } catch {
    return undefined;
  }
}
