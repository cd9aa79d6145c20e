/** What can go wrong with files, said for people. */

/** What went wrong, to choose words by. */
export type FileErrorCode =
  | "not-an-image"
  | "not-png"
  | "png-damaged"
  | "png-16-bit"
  | "png-interlaced"
  | "too-large-image"
  | "unknown-class"
  | "unknown-color"
  | "instances-not-grey"
  | "instances-no-rule"
  | "instances-other-shape"
  | "photo-damaged"
  | "bundle-no-manifest"
  | "bundle-bad-manifest"
  | "bundle-no-weights"
  | "bundle-wrong-size"
  | "share-damaged"
  | "share-too-large"
  | "share-local-model";

/** What the message names, to be put into translated ones. */
export type FileErrorValues = Readonly<Record<string, string | number>>;

/** A file or link that cannot be used: what, expected, found, and what to do. */
export class FileError extends Error {
  override readonly name = "FileError";
  readonly code: FileErrorCode;
  readonly values: FileErrorValues;

  constructor(code: FileErrorCode, message: string, values: FileErrorValues = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.values = values;
  }
}
