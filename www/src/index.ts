/**
 * Underpaint in a page: loads a trained generator, and generates pictures from label maps or pictures.
 *
 * Importing this touches neither document nor network. `underpaint/element` has a painting surface around it.
 */

export type { CheckpointAnswers, CheckpointReport, CheckpointSource, FamilyName } from "./engine/checkpoint.js";
export { CheckpointReader, type PackOptions } from "./engine/checkpoint-reader.js";
export { load, type BundleFiles, type LoadOptions, type ModelFiles } from "./engine/client.js";
export type { DeviceKind, DeviceReasonCode, DeviceReport } from "./engine/device.js";
export { UnderpaintError, type ErrorCode } from "./engine/errors.js";
export { Generator, type GenerateOptions, type Picture } from "./engine/generator.js";
export type { ClassChoice, InputExtras, LabelMapInput, PictureInput } from "./engine/input.js";
export type { ObjectKey, ObjectLook } from "./engine/looks.js";
export {
  NO_CLASS_ID,
  featureChannels,
  hasEncoder,
  latentChannels,
  paintedClasses,
  scalesOf,
  usesInstances,
  usesSeed,
  type GeneratorConfig,
  type ImageInput,
  type InputKind,
  type LabelClass,
  type LabelsInput,
  type LatentAttribute,
  type LatentInput,
  type Manifest,
  type ModelConfig,
  type WeightFile,
} from "./engine/manifest.js";
export type { LoadProgress, LoadStage } from "./engine/protocol.js";
export type { EncodedStyle, Style } from "./engine/style.js";
