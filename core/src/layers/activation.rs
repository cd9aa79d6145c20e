//! Activations.

use burn::tensor::{Tensor, activation};

/// Leaky ReLU with slope 0.2 below zero, the only slope in the four families.
///
/// # Shapes
///
/// Any; the result has the shape of `x`.
pub fn leaky_relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::leaky_relu(x, 0.2)
}
