//! Activations.

use burn::tensor::Tensor;

use crate::ops;

/// Leaky ReLU with slope 0.2 below zero, the only slope in the four families.
///
/// # Shapes
///
/// Any; the result has the shape of `x`.
pub fn leaky_relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    ops::leaky_relu(x, 0.2)
}
