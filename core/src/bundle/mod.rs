//! Model bundles: what a trained generator travels in.
//!
//! A bundle is a folder with `manifest.json` (a [`Manifest`]) and `weights.safetensors`, whose keys
//! are those of the original authors. The functions here work on bytes; who fetches them is not
//! their business. A [`Runner`] is what a bundle becomes on a device.

mod manifest;
mod runner;
mod weights;

pub use manifest::{
    FORMAT_VERSION, InputKind, Manifest, ModelConfig, NormDefault, OutputKind, Provenance,
    SizeRule, TestTime, WeightFile,
};
pub use runner::Runner;
pub use weights::{
    WeightDtype, decode_weights, encode_state_dict_for_pytorch, encode_weights, sha256,
};

/// Name of the manifest in a bundle.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Name of the weight file that our exporter writes.
pub const WEIGHTS_FILE: &str = "weights.safetensors";

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use super::manifest::tests::manifest_of;
}
