//! How good generated pictures are.
//!
//! [`paired`] compares a picture with the one it should be.

pub mod paired;

/// Why two pictures cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// The pictures do not have the same size and channels.
    #[error("cannot compare pictures: expected {expected}, found {found}")]
    ShapeMismatch {
        /// Width, height and channels of the reference.
        expected: String,
        /// Width, height and channels of the other picture.
        found: String,
    },
    /// The pictures are smaller than the window of a metric.
    #[error(
        "cannot compute {metric}: expected pictures of at least {least}x{least} pixels, found {found}"
    )]
    TooSmall {
        /// The metric.
        metric: &'static str,
        /// Smallest width and height, in pixels.
        least: usize,
        /// The size found.
        found: String,
    },
}
