/** What the worker does with weight files and bundles beside loading them: looks into them, and writes them as one file. */

import { isBundleFile } from "./bundle-file.js";
import { openCheckpoint, reportOf } from "./checkpoint-report.js";
import { errorFrom, wireFromError } from "./errors.js";
import { blobSink, keptSink, type Sink } from "./kept-files.js";
import type { FromWorker, InspectRequest, PackRequest } from "./protocol.js";
import type { ReaderModule } from "./wasm.js";

/** Bytes that are copied at once. */
const CHUNK = 4 * 1024 * 1024;

/** Answers {@link InspectRequest} and {@link PackRequest}. */
export class CheckpointHost {
  constructor(
    private readonly startReader: () => Promise<ReaderModule>,
    private readonly post: (message: FromWorker) => void,
  ) {}

  /** Acts on a message. */
  async receive(message: InspectRequest | PackRequest): Promise<void> {
    const { id } = message;
    try {
      if (message.type === "inspect") {
        const checkpoint = openCheckpoint(await this.startReader(), message.source);
        this.post({ type: "inspected", id, report: reportOf(checkpoint, message.source.name).report });
      } else {
        this.post({ type: "packed", id, file: await this.pack(message) });
      }
    } catch (thrown) {
      this.post({ type: "file-failed", id, error: wireFromError(errorFrom(thrown)) });
    }
  }

  private async pack({ id, source, dtype, keepAs }: PackRequest): Promise<Blob> {
    const sink = keepAs === undefined ? blobSink() : await keptSink(keepAs);
    const progress = this.progress(id);
    try {
      if (await isBundleFile(source.file, source.name)) {
        await copy(source.file, sink, progress);
      } else {
        const write = (at: number, bytes: Uint8Array): void => sink.write(at, new Uint8Array(bytes));
        openCheckpoint(await this.startReader(), source).write(dtype, write, progress);
      }
      return await sink.finish();
    } catch (thrown) {
      await sink.drop();
      throw thrown;
    }
  }

  /** Tells of every hundredth. */
  private progress(id: number): (share: number) => void {
    let told = 0;
    return (share) => {
      if (share < told + 0.01 && share < 1) return;
      told = share;
      this.post({ type: "pack-progress", id, share });
    };
  }
}

async function copy(file: Blob, sink: Sink, progress: (share: number) => void): Promise<void> {
  for (let at = 0; at < file.size; at += CHUNK) {
    sink.write(at, new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer()));
    progress(Math.min(at + CHUNK, file.size) / file.size);
  }
}
