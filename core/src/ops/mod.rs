//! Operations that have a faster body on some devices than the one burn composes.
//!
//! On libtorch (feature `tch`) they call its own kernels, forward and backward, where burn composes
//! several; on every other device they are burn's. Same call, same numbers up to rounding: networks and
//! losses know nothing of it. [`Precision`] says in which numbers convolutions and linear layers of
//! libtorch compute while a network trains in mixed precision.

mod activation;
mod convolution;
mod linear;
#[cfg(feature = "tch")]
#[allow(
    deprecated,
    reason = "burn-tch is what burn is pinned for: DECISIONS.md, 1"
)]
mod native;
mod normalization;
mod padding;
mod precision;
mod ranks;

pub use activation::{leaky_relu, leaky_relu_gradient, relu, tanh};
pub use convolution::{Convolution, Convolve, convolve};
pub use linear::multiply;
pub use normalization::{BatchNormOutput, batch_norm, batch_norm_over_ranks};
pub use padding::reflection_pad;
pub use precision::{Precision, to_f32};
pub use ranks::{RankSums, Synchronized, synchronize};
