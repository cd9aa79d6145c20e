//! Forward-mode differentiation: a value and its tangent on their way through a network.

use burn::tensor::Tensor;

use super::resample::blended;
use crate::layers::{EqualizedConv2d, EqualizedLinear};
use crate::ops;

/// A value, and where asked for its derivative along a direction in the network's input.
///
/// Every operation is made of tensor operations with a graph of its own, so that the tangent can be
/// differentiated once more, in the weights.
#[derive(Debug, Clone)]
pub(super) struct Dual<const D: usize> {
    pub value: Tensor<D>,
    pub tangent: Option<Tensor<D>>,
}

impl<const D: usize> Dual<D> {
    /// A value whose tangent nobody asks for.
    pub fn constant(value: Tensor<D>) -> Self {
        Self {
            value,
            tangent: None,
        }
    }

    /// Applies a linear map to both.
    pub fn linear<const E: usize>(self, map: impl Fn(Tensor<D>) -> Tensor<E>) -> Dual<E> {
        Dual {
            value: map(self.value),
            tangent: self.tangent.map(map),
        }
    }

    /// Leaky ReLU. The tangent is scaled where the value is, by a mask without a graph: the slope is
    /// constant on both sides.
    pub fn leaky_relu(self, slope: f64) -> Self {
        let tangent = self.tangent.map(|tangent| {
            let below = self.value.clone().detach().lower_elem(0.0);
            let scaled = tangent.clone() * slope;
            tangent.mask_where(below, scaled)
        });
        Self {
            value: ops::leaky_relu(self.value, slope),
            tangent,
        }
    }
}

impl Dual<4> {
    /// A convolution: the tangent passes through its linear part.
    pub fn convolve(self, layer: &EqualizedConv2d) -> Self {
        Self {
            value: layer.forward(self.value),
            tangent: self.tangent.map(|tangent| layer.forward_tangent(tangent)),
        }
    }

    /// `alpha * old + (1 - alpha) * new`.
    pub fn blend(old: Self, new: Self, alpha: f64) -> Self {
        let tangents = old.tangent.zip(new.tangent);
        Self {
            value: blended(old.value, new.value, alpha),
            tangent: tangents.map(|(old, new)| blended(old, new, alpha)),
        }
    }
}

impl Dual<2> {
    /// A linear layer: the tangent passes through without the bias.
    pub fn apply(self, layer: &EqualizedLinear) -> Self {
        Self {
            value: layer.forward(self.value),
            tangent: self.tangent.map(|tangent| layer.forward_tangent(tangent)),
        }
    }
}
