/** Looks into weight files of the authors, and makes bundles of them, in a worker of its own. */

import type { CheckpointAnswers, CheckpointReport, CheckpointSource } from "./checkpoint.js";
import { startWorker } from "./client.js";
import { Connection } from "./connection.js";
import { UnderpaintError, errorFromWire } from "./errors.js";
import type { FromWorker, ToWorker } from "./protocol.js";

/** How {@link CheckpointReader.pack} writes. */
export interface PackOptions {
  /** Number type of the weights; `f16` is half the size. */
  readonly dtype: "f32" | "f16";
  /** Name in the browser's own storage, to be kept there. */
  readonly keepAs?: string | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

interface Waiting {
  readonly resolve: (answer: CheckpointReport | Blob) => void;
  readonly reject: (error: UnderpaintError) => void;
  readonly onProgress: ((share: number) => void) | undefined;
}

/** A weight file that is looked into. {@link close} it when it is no longer needed. */
export class CheckpointReader {
  private readonly waiting = new Map<number, Waiting>();
  private requests = 0;

  /** Looks into `files`, whose `answers` count where a call gives none. */
  constructor(
    private readonly files: CheckpointSource,
    private readonly connection = new Connection(startWorker(undefined)),
  ) {
    connection.listener = {
      message: (message) => this.receive(message),
      death: (error) => this.end(error),
    };
  }

  /**
   * Says what the file holds, if these are the answers.
   *
   * @throws UnderpaintError `bad-bundle` where it holds no model, or one that the answers do not fit; `bad-input`, `network`
   */
  async inspect(answers: CheckpointAnswers = this.files.answers): Promise<CheckpointReport> {
    const answer = await this.ask((id) => ({ type: "inspect", id, source: { ...this.files, answers } }));
    return answer as CheckpointReport;
  }

  /**
   * Writes the model as a bundle in one file.
   *
   * @throws UnderpaintError as {@link inspect}; `out-of-memory` where there is no room
   */
  async pack(answers: CheckpointAnswers, { dtype, keepAs, onProgress }: PackOptions): Promise<Blob> {
    const source = { ...this.files, answers };
    const answer = await this.ask((id) => ({ type: "pack", id, source, dtype, keepAs }), onProgress);
    return answer as Blob;
  }

  /** Ends the worker; whoever waits is told `aborted`. */
  close(): void {
    this.end(new UnderpaintError("aborted", "The file was closed."));
    this.connection.close();
  }

  private async ask(message: (id: number) => ToWorker, onProgress?: Waiting["onProgress"]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.requests += 1;
      this.waiting.set(this.requests, { resolve, reject, onProgress });
      this.connection.post(message(this.requests));
    });
  }

  private receive(message: FromWorker): void {
    if (message.type === "pack-progress") this.waiting.get(message.id)?.onProgress?.(message.share);
    if (message.type === "inspected") this.take(message.id)?.resolve(message.report);
    if (message.type === "packed") this.take(message.id)?.resolve(message.file);
    if (message.type === "file-failed") this.take(message.id)?.reject(errorFromWire(message.error));
    if (message.type === "load-failed" || message.type === "lost") this.end(errorFromWire(message.error));
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  private end(error: UnderpaintError): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
