/** Files in the browser's own storage, the Origin Private File System, written by a worker. */

import { UnderpaintError, errorFrom } from "./errors.js";

/** The folder of bundles. */
export const KEPT_FOLDER = "models";

/** A file that is written at once, as workers may; TypeScript's DOM types lack it. */
interface SyncFile {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** What bytes are written into, each at its place. */
export interface Sink {
  write(at: number, bytes: Uint8Array<ArrayBuffer>): void;
  /** All of it. */
  finish(): Promise<Blob>;
  /** Throws away what was written. */
  drop(): Promise<void>;
}

/** Writes into the browser's storage under a name. */
export async function keptSink(name: string): Promise<Sink> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(KEPT_FOLDER, { create: true });
  const handle = await folder.getFileHandle(name, { create: true });
  const opened = handle as unknown as { createSyncAccessHandle(): Promise<SyncFile> };
  const file = await opened.createSyncAccessHandle();
  file.truncate(0);
  return {
    write(at, bytes) {
      let written: number;
      try {
        written = file.write(bytes, { at });
      } catch (thrown) {
        throw noRoom(errorFrom(thrown).message);
      }
      if (written !== bytes.length) throw noRoom(`${written} of ${bytes.length} bytes were written`);
    },
    async finish() {
      file.flush();
      file.close();
      return handle.getFile();
    },
    async drop() {
      file.close();
      await folder.removeEntry(name);
    },
  };
}

/** Collects a file that the browser may keep on disk meanwhile. */
export function blobSink(): Sink {
  const parts = new Map<number, Blob>();
  return {
    write: (at, bytes) => void parts.set(at, new Blob([bytes])),
    finish: () => {
      const inOrder = [...parts].sort(([one], [other]) => one - other);
      return Promise.resolve(new Blob(inOrder.map(([, part]) => part)));
    },
    drop: () => Promise.resolve(),
  };
}

function noRoom(detail: string): UnderpaintError {
  return new UnderpaintError("out-of-memory", `The browser has no room to keep the model (${detail}).`);
}
