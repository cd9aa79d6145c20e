/** One worker, from the page's side: its messages, and its death told once. */

import { UnderpaintError } from "./errors.js";
import type { FromWorker, ToWorker } from "./protocol.js";

/** The part of a `Worker` that is used. */
export interface WorkerLike {
  postMessage(message: ToWorker, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: { data: FromWorker }) => void): void;
  addEventListener(type: "error" | "messageerror", listener: (event: { message?: string }) => void): void;
  terminate(): void;
}

/** What the owner of a {@link Connection} listens to. */
export interface Listener {
  message(message: FromWorker): void;
  /** The worker could not be started, or died. */
  death(error: UnderpaintError): void;
}

const NOT_STARTED =
  "Underpaint's worker could not be started. Is worker.js served beside the library, with a JavaScript content type, " +
  "and does the page's Content-Security-Policy allow worker-src 'self'?";

/** Owns a worker. */
export class Connection {
  /** Hears everything from the worker; replaced when the owner changes. */
  listener: Listener | undefined;

  constructor(private readonly worker: WorkerLike) {
    worker.addEventListener("message", ({ data }) => this.listener?.message(data));
    worker.addEventListener("error", ({ message }) => this.die(message));
    worker.addEventListener("messageerror", () => this.die("a message could not be read"));
  }

  /** Sends a message; what is in `transfer` is handed over. */
  post(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  /** Ends the worker and frees all it holds. Nothing is heard from it afterwards. */
  close(): void {
    this.listener = undefined;
    this.worker.terminate();
  }

  private die(message: string | undefined): void {
    const error =
      message === undefined || message === ""
        ? new UnderpaintError("network", NOT_STARTED)
        : new UnderpaintError("internal", `Underpaint's worker failed: ${message}`);
    const { listener } = this;
    this.close();
    listener?.death(error);
  }
}
