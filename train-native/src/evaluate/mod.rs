//! How good generated pictures are.
//!
//! [`paired`] compares a picture with the one it should be, [`by_class`] tells where in it the differences
//! are. [`fid`] compares a set of pictures with another set, by the [`frechet`] distance of what
//! Inception-v3 sees in them; [`sliced`] by their patches, without any network. [`ms_ssim`] tells how much
//! pictures of one set differ from each other.

pub mod by_class;
pub mod fid;
pub mod frechet;
pub mod ms_ssim;
pub mod paired;
pub mod sliced;
pub mod ssim;

/// Why pictures, or sets of them, cannot be compared.
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
    /// The measure needs more pictures.
    #[error("cannot compute {metric}: expected at least 2 pictures on each side, found {found}")]
    TooFew {
        /// The metric.
        metric: &'static str,
        /// The number found.
        found: usize,
    },
    /// A feature is infinite or no number.
    #[error("cannot compute the FID: a feature is not a finite number (are the weights damaged?)")]
    NotFinite,
    /// The eigenvalues of the covariances do not converge.
    #[error("cannot compute the FID: the root of the covariances does not converge")]
    NoRoot,
}
