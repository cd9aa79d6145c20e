//! Losses. They return unweighted means; a family's training step weights and sums them.

mod adversarial;
pub mod gradient_penalty;

pub use adversarial::{GanMode, GanTarget, adversarial_loss};

use burn::tensor::Tensor;

/// Mean absolute difference over all elements, `[1]`.
///
/// # Shapes
///
/// `a`, `b`: any, equal.
pub fn l1_loss<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<1> {
    (a - b).abs().mean()
}
