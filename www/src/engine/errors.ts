/** The errors of Underpaint's engine: one class, told apart by `code`. */

/** What went wrong, for programs. The message says it to people. */
export const ERROR_CODES = [
  "webgpu-unavailable",
  "device-lost",
  "out-of-memory",
  "bad-bundle",
  "integrity",
  "unsupported",
  "bad-input",
  "internal",
  "network",
  "aborted",
  "superseded",
] as const;

/**
 * - `webgpu-unavailable`: WebGPU was asked for and is not there, or could not be started
 * - `device-lost`: the graphics device went away, or the worker died; load again
 * - `out-of-memory`: the model or the picture does not fit
 * - `bad-bundle`: the manifest or the weights say something that cannot be
 * - `integrity`: the weights are not those that the manifest describes
 * - `unsupported`: this browser, or this version, cannot do it
 * - `bad-input`: an argument is wrong
 * - `internal`: a fault of Underpaint
 * - `network`: a download failed
 * - `aborted`: the caller cancelled, or disposed of the generator
 * - `superseded`: a later request took this one's place
 */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error of Underpaint. The message says what went wrong, what was expected and what was found. */
export class UnderpaintError extends Error {
  override readonly name = "UnderpaintError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** An {@link UnderpaintError} as it travels between threads. */
export interface WireError {
  code: ErrorCode;
  message: string;
}

/** Whether `value` is one of {@link ERROR_CODES}. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return ERROR_CODES.some((code) => code === value);
}

/** Makes an {@link UnderpaintError} of whatever was thrown; one that already is comes back as it is. */
export function errorFrom(thrown: unknown): UnderpaintError {
  if (thrown instanceof UnderpaintError) return thrown;
  const message = messageOf(thrown);
  const code = property(thrown, "code");
  if (isErrorCode(code)) return new UnderpaintError(code, message, { cause: thrown });
  return new UnderpaintError(codeOf(thrown, message), message, { cause: thrown });
}

/** Whether `thrown` is a trap, after which a WebAssembly module must not be called again. */
export function isTrap(thrown: unknown): boolean {
  return property(thrown, "name") === "RuntimeError";
}

/** `error` as plain data. */
export function wireFromError(error: UnderpaintError): WireError {
  return { code: error.code, message: error.message };
}

/** The error that {@link wireFromError} took apart. */
export function errorFromWire(wire: WireError): UnderpaintError {
  return new UnderpaintError(wire.code, wire.message);
}

function codeOf(thrown: unknown, message: string): ErrorCode {
  if (property(thrown, "name") === "AbortError") return "aborted";
  const exhausted = /out of memory|allocation failed|could not allocate|invalid (typed )?array length/i;
  const isAllocation = thrown instanceof RangeError || isTrap(thrown);
  return isAllocation && exhausted.test(message) ? "out-of-memory" : "internal";
}

function messageOf(thrown: unknown): string {
  const message = property(thrown, "message");
  return typeof message === "string" && message !== "" ? message : String(thrown);
}

function property(thrown: unknown, name: string): unknown {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  return Reflect.get(thrown, name);
}
