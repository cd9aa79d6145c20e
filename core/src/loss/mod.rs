//! Losses. They return unweighted means; a family's training step weights and sums them. Whatever the
//! precision of the networks, they are computed in f32.

mod adversarial;
mod feature_matching;
pub mod gradient_penalty;
mod kl_divergence;
mod perceptual;

pub use adversarial::{GanMode, GanTarget, adversarial_loss, multiscale_adversarial_loss};
pub use feature_matching::feature_matching_loss;
pub use kl_divergence::kl_divergence;
pub use perceptual::PerceptualLoss;

use burn::tensor::Tensor;

use crate::ops::to_f32;

/// Mean absolute difference over all elements, `[1]`.
///
/// # Shapes
///
/// `a`, `b`: any, equal.
pub fn l1_loss<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<1> {
    (to_f32(a) - to_f32(b)).abs().mean()
}
