/** How photos come to the element: chosen in the file dialog, or dropped on it. */

/** What photos are brought to. */
export interface PhotoIntakeHost {
  /** Whether photos are taken now. */
  readonly takesPhotos: () => boolean;
  readonly open: (file: Blob) => Promise<void>;
  /** The person's photo is shown. */
  readonly opened: () => void;
  readonly failed: (thrown: unknown) => void;
}

/** The handlers of one element. */
export class PhotoIntake {
  constructor(private readonly host: PhotoIntakeHost) {}

  /** A file was chosen in the input that asks for photos. */
  readonly chosen = ({ target }: Event): void => {
    if (target instanceof HTMLInputElement) this.take(target.files?.[0]);
  };

  /** Something is dragged over the element. */
  readonly dragOver = (event: DragEvent): void => {
    if (this.host.takesPhotos()) event.preventDefault();
  };

  /** Something was dropped on the element. */
  readonly dropped = (event: DragEvent): void => {
    if (!this.host.takesPhotos()) return;
    event.preventDefault();
    this.take(event.dataTransfer?.files[0]);
  };

  private take(file: File | undefined): void {
    if (file !== undefined) this.host.open(file).then(this.host.opened).catch(this.host.failed);
  }
}
