//! What can go wrong when a plan is run.

use thiserror::Error;

/// Why a model cannot be loaded or a picture not be generated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// From the plan or its weights.
    #[error(transparent)]
    Plan(#[from] underpaint_plan::Error),
    /// What was given is not what the program takes.
    #[error("{0}")]
    Input(String),
    /// The device has no room for it.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// More than the device can hold in one piece, known before anything is allocated.
    #[error("too large for this GPU: {what} need {needed} bytes, it allows {available}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// Bytes of it.
        needed: u64,
        /// Bytes that the device allows.
        available: u64,
    },
    /// There is no device that can run programs.
    #[error("no GPU that can run generators: {0}")]
    Unavailable(String),
    /// The device went away: driver reset, GPU process crashed, laptop switched its GPU.
    #[error("the GPU was lost: {0}")]
    Lost(String),
    /// The device refused what it was given.
    #[error("the GPU reported an error: {0}")]
    Device(String),
}

/// Result with an error of this crate.
pub type Result<T> = std::result::Result<T, Error>;
