//! Convolutions of one group and no dilation.

use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Tensor, module};

/// Geometry of a convolution, `[height, width]` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// Pixels from one position to the next.
    pub stride: [usize; 2],
    /// Zeros on both sides.
    pub padding: [usize; 2],
    /// Rows and columns added to a transposed convolution's result.
    pub output_padding: [usize; 2],
    /// Whether it is a transposed one.
    pub transposed: bool,
}

impl Convolution {
    /// A convolution that is the same in both directions.
    pub fn square(stride: usize, padding: usize) -> Self {
        Self {
            stride: [stride; 2],
            padding: [padding; 2],
            output_padding: [0; 2],
            transposed: false,
        }
    }

    /// A transposed one.
    pub fn square_transposed(stride: usize, padding: usize, output_padding: usize) -> Self {
        Self {
            output_padding: [output_padding; 2],
            transposed: true,
            ..Self::square(stride, padding)
        }
    }
}

/// Convolves in the current [`Precision`](super::Precision).
///
/// # Shapes
///
/// - `x`: `[batch, in, height, width]`
/// - `weight`: `[out, in, h, w]`; `[in, out, h, w]` if transposed
/// - `bias`: `[out]`
/// - result: `[batch, out, height', width']`
pub fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    convolution: Convolution,
) -> Tensor<4> {
    #[cfg(feature = "tch")]
    if super::native::serves(&x) {
        return super::native::convolve(x, weight, bias, convolution);
    }
    let Convolution {
        stride,
        padding,
        output_padding,
        transposed,
    } = convolution;
    if transposed {
        let options = ConvTransposeOptions::new(stride, padding, output_padding, [1, 1], 1);
        return module::conv_transpose2d(x, weight, bias, options);
    }
    module::conv2d(
        x,
        weight,
        bias,
        ConvOptions::new(stride, padding, [1, 1], 1),
    )
}

/// A layer of burn that is a [`convolve`].
pub trait Convolve {
    /// Applies the layer; shapes as [`convolve`].
    fn convolve(&self, x: Tensor<4>) -> Tensor<4>;
}

impl Convolve for Conv2d {
    fn convolve(&self, x: Tensor<4>) -> Tensor<4> {
        let PaddingConfig2d::Explicit(top, left, bottom, right) = self.padding else {
            return self.forward(x);
        };
        if (top, left) != (bottom, right) || self.dilation != [1, 1] || self.groups != 1 {
            return self.forward(x);
        }
        let convolution = Convolution {
            stride: self.stride,
            padding: [top, left],
            output_padding: [0, 0],
            transposed: false,
        };
        let bias = self.bias.as_ref().map(Param::val);
        convolve(x, self.weight.val(), bias, convolution)
    }
}

impl Convolve for ConvTranspose2d {
    fn convolve(&self, x: Tensor<4>) -> Tensor<4> {
        if self.dilation != [1, 1] || self.groups != 1 {
            return self.forward(x);
        }
        let convolution = Convolution {
            stride: self.stride,
            padding: self.padding,
            output_padding: self.padding_out,
            transposed: true,
        };
        let bias = self.bias.as_ref().map(Param::val);
        convolve(x, self.weight.val(), bias, convolution)
    }
}
