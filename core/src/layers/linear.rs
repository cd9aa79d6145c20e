//! A linear layer in PyTorch's layout.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::ops::multiply;

/// `x Wᵀ + b`. Unlike burn's own, its weight is `[out, in]`, as in the authors' files.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// A layer whose weights are zero, to be filled by [`initialize`](super::initialize) or by a
    /// state dict.
    pub fn new([inputs, outputs]: [usize; 2], device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::zeros([outputs, inputs], device)),
            bias: Param::from_tensor(Tensor::zeros([outputs], device)),
        }
    }

    /// Applies it.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, in]`
    /// - result: `[batch, out]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        multiply(x, self.weight.val()) + self.bias.val().unsqueeze::<2>()
    }
}
