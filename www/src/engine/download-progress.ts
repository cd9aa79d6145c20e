/** Adds up what is downloaded at the same time: the weights and the WebAssembly module. */

/** How far all of it has come. */
export interface DownloadSum {
  /** Bytes so far. */
  readonly loaded: number;
  /** Bytes in all; undefined as long as the weights' size is not known. */
  readonly total: number | undefined;
  /** From 0 to 1. */
  readonly share: number;
}

/** Told again when it has moved this far. */
const STEP = 0.005;
/** While no total is known, told again after so many bytes. */
const STEP_BYTES = 64 * 1024;

/** Tells the sum of both, now and then. */
export class DownloadProgress {
  private loadedWeights = 0;
  private totalWeights: number | undefined;
  private loadedModule = 0;
  private totalModule: number | undefined;
  private told: DownloadSum | undefined;

  constructor(private readonly tell: (sum: DownloadSum) => void) {}

  /** So many of the weights' bytes are there. */
  weights(loaded: number, total: number): void {
    this.loadedWeights = loaded;
    this.totalWeights = total;
    this.update();
  }

  /** So many of the module's bytes are there; `total` where it is known. */
  module(loaded: number, total: number | undefined): void {
    this.loadedModule = loaded;
    this.totalModule = total;
    this.update();
  }

  private update(): void {
    const sum = this.sum();
    const { told } = this;
    const isDone = sum.loaded === sum.total;
    const isFirst = told === undefined || (told.total === undefined) !== (sum.total === undefined);
    const moved = sum.share - (told?.share ?? 0) >= STEP || sum.loaded - (told?.loaded ?? 0) >= STEP_BYTES;
    if (!isDone && !isFirst && !moved) return;
    this.told = sum;
    this.tell(sum);
  }

  private sum(): DownloadSum {
    const loaded = this.loadedWeights + this.loadedModule;
    if (this.totalWeights === undefined) return { loaded, total: undefined, share: 0 };
    const total = this.totalWeights + Math.max(this.totalModule ?? 0, this.loadedModule);
    return { loaded, total, share: total === 0 ? 1 : loaded / total };
  }
}
