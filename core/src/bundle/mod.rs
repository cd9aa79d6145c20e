//! Model bundles: what a trained generator travels in.
//!
//! A bundle is a folder with `manifest.json` (a [`Manifest`]) and `weights.safetensors`, whose keys
//! are those of the original authors. The functions here work on bytes; who fetches them is not
//! their business. A [`Runner`] is what a bundle becomes on a device.

mod attributes;
mod describe;
mod file_bytes;
mod given;
mod header;
mod manifest;
mod model;
mod runner;
mod single_file;
mod source;
mod walk;
mod weights;

pub use attributes::{LatentAttribute, choose_classes, list_attributes};
pub use describe::{describe, image_input, labels_input};
pub use file_bytes::{FileBytes, Part};
pub use given::{GivenLabels, draw_style};
pub use header::{LENGTH_BYTES, decode_header, decode_note, encode_header};
pub use manifest::{
    FORMAT_VERSION, InputKind, Manifest, NormDefault, OutputKind, Provenance, Scores, SizeRule,
    TestTime, WeightFile,
};
pub use model::ModelConfig;
pub use runner::{Inputs, Runner, Weights};
pub(crate) use runner::{encoder_shapes, generator_shapes};
pub use single_file::{BUNDLE_EXTENSION, BundleFile, Network, pack, write_bundle_file};
pub use source::{DictWeights, FileWeights};
pub use weights::{
    WeightDtype, decode_tensors, decode_weights, encode_state_dict_for_pytorch, encode_weights,
    encode_weights_with_note, sha256,
};

/// Name of the manifest in a bundle.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Name of the generator's weight file that our exporter writes.
pub const WEIGHTS_FILE: &str = "weights.safetensors";
/// Name of the encoder's weight file that our exporter writes.
pub const ENCODER_FILE: &str = "encoder.safetensors";

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use super::manifest::tests::manifest_of;
}
