/** Between the module's words for weight files and ours. */

import type { CheckpointQuestion, CheckpointReport, CheckpointSource, FamilyName, PaletteName } from "./checkpoint.js";
import { UnderpaintError } from "./errors.js";
import { parseManifest } from "./manifest.js";
import type { ReaderModule, WasmCheckpoint, WasmOpenCheckpoint, WeightReader } from "./wasm.js";

/** The fields of the module's report. */
interface WireReport {
  manifest: unknown;
  or: FamilyName | null;
  palette: PaletteName | null;
  taken: string | null;
  others: string[];
  numbers: number;
  encoder_numbers: number;
  number_types: string;
  questions: CheckpointQuestion[];
  notes: string[];
}

/**
 * The module's view of a weight file.
 *
 * @throws UnderpaintError `bad-input` for what is no answer
 */
export function openCheckpoint(module: ReaderModule, source: CheckpointSource): WasmCheckpoint {
  const { file, name, encoder, answers } = source;
  const checkpoint = new module.CheckpointFiles(file, name, JSON.stringify(answers));
  if (encoder !== undefined) checkpoint.with_encoder(encoder.file, encoder.name);
  return checkpoint;
}

/** What the module recognised, and the manifest's bytes. */
export function reportOf(checkpoint: WasmCheckpoint, name: string): { report: CheckpointReport; bytes: Uint8Array } {
  const wire = JSON.parse(checkpoint.report()) as WireReport;
  const bytes = new TextEncoder().encode(JSON.stringify(wire.manifest));
  const report = {
    manifest: parseManifest(bytes, name),
    or: wire.or ?? undefined,
    palette: wire.palette ?? undefined,
    taken: wire.taken ?? undefined,
    others: wire.others,
    numbers: wire.numbers,
    encoderNumbers: wire.encoder_numbers,
    numberTypes: wire.number_types,
    questions: wire.questions,
    notes: wire.notes,
  };
  return { report, bytes };
}

/** The weights of the generator and, where there is one, of the encoder, for the module that runs them. */
export function readersOf(open: WasmOpenCheckpoint): { generator: WeightReader; encoder: WeightReader | undefined } {
  const generator = { read: (key: string) => pairOf(open.read(key)) };
  const encoder = { read: (key: string) => pairOf(open.read_encoder(key)) };
  return { generator, encoder: open.has_encoder ? encoder : undefined };
}

function pairOf([shape, values]: unknown[]): [Uint32Array, Float32Array] {
  if (shape instanceof Uint32Array && values instanceof Float32Array) return [shape, values];
  throw new UnderpaintError("internal", "the module that reads files gave no tensor");
}
