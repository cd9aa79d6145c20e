//! What can be wrong with a plan or its weights.

use thiserror::Error;

/// Why a plan cannot be made, or its weights cannot.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The network does something that no step stands for.
    #[error("this network cannot become a plan: {0}")]
    Unsupported(String),
    /// A tensor is missing from the weight file, or has another shape.
    #[error("weights: {0}")]
    Weights(String),
    /// A plan that contradicts itself, or inputs that are not of its shapes.
    #[error("plan: {0}")]
    Invalid(String),
}

/// Result with an [`enum@Error`] of this crate.
pub type Result<T> = std::result::Result<T, Error>;
