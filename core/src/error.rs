//! The one error type of this crate.

use thiserror::Error;

/// What can go wrong while building, loading or checking a model.
#[derive(Debug, Error)]
pub enum Error {
    /// A config field has a value that no network can be built from.
    #[error("{field}: {message}")]
    Config {
        /// Name of the config field.
        field: &'static str,
        /// What was expected and what was found.
        message: String,
    },
    /// A tensor does not have the shape that an operation needs.
    #[error("{what}: expected shape {expected}, found {found:?}")]
    Shape {
        /// Which tensor.
        what: String,
        /// The expected shape, in words.
        expected: String,
        /// The shape found.
        found: Vec<usize>,
    },
    /// An input is not of the kind or the size that the model takes.
    #[error("{0}")]
    Input(String),
    /// A label map holds an id outside `0..num_classes`.
    #[error("label {value} at x {x}, y {y} is outside 0..{num_classes}")]
    LabelRange {
        /// The offending id.
        value: u32,
        /// Column of the first offending pixel.
        x: usize,
        /// Row of the first offending pixel.
        y: usize,
        /// Number of classes that the model knows.
        num_classes: usize,
    },
    /// A state dict does not fit the network; every mismatch is listed.
    #[error("{0}")]
    StateDict(#[from] crate::state_dict::Mismatch),
    /// The architecture cannot be inferred from a state dict.
    #[error("not a {family} state dict: {message}")]
    Inference {
        /// The family that was tried.
        family: &'static str,
        /// What was looked for and not found.
        message: String,
    },
    /// A weight file is damaged or of a kind that is not read.
    #[error("weights: {0}")]
    Weights(String),
    /// A network cannot become a plan, or a plan cannot be used.
    #[error(transparent)]
    Plan(#[from] underpaint_plan::Error),
    /// A bundle's manifest is damaged, or of a later format version.
    #[error("manifest.json: {0}")]
    Manifest(String),
    /// A file cannot be read.
    #[error("cannot read the file: {0}")]
    File(String),
    /// A ZIP archive is damaged, or of a kind that is not read.
    #[error("{0}")]
    Archive(String),
    /// A checkpoint is damaged, or holds nothing that is asked for.
    #[error(transparent)]
    Checkpoint(#[from] crate::checkpoint::Failure),
    /// The weights are not those that the manifest describes.
    #[error("integrity: SHA-256 of {file} is {found}, the manifest says {expected}")]
    Integrity {
        /// Name of the weight file in the bundle.
        file: String,
        /// Digest in the manifest.
        expected: String,
        /// Digest of the bytes.
        found: String,
    },
}

/// Result with this crate's [`Error`](enum@Error).
pub type Result<T> = std::result::Result<T, Error>;
