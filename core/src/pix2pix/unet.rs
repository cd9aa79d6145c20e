//! U-Net generator.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{Device, Tensor};

use super::upsampling::transposed_kernel;
use super::{GeneratorConfig, Upsampling};
use crate::layers::{Mode, Norm, conv_transpose2d, conv2d, leaky_relu};
use crate::ops::{Convolution, Convolve, convolve, relu, tanh, to_f32};

/// U-Net: halves the picture level by level, doubles it again, and hands each level's input over to
/// the other side.
///
/// Source: Isola et al. 2017, section 6.1.1 (appendix); pix2pix `UnetGenerator` (spec 2.1).
#[derive(Module, Debug)]
pub struct UnetGenerator {
    /// From the outermost level (full size) to the innermost.
    pub levels: Vec<UnetLevel>,
}

/// One level of a [`UnetGenerator`]: the way down into it and the way up out of it.
#[derive(Module, Debug)]
pub struct UnetLevel {
    /// Halves height and width.
    pub down: Conv2d,
    /// After `down`; absent at the outermost and the innermost level.
    pub down_norm: Option<Norm>,
    /// Doubles height and width. Its weight is `[in, out, 4, 4]`, or with [`Upsampling::Nearest`] the
    /// `[in, out, 3, 3]` that such a weight is made of.
    pub up: ConvTranspose2d,
    /// After `up`; absent at the outermost level.
    pub up_norm: Option<Norm>,
    /// Whether the way up ends in dropout.
    pub dropout: bool,
}

impl UnetGenerator {
    pub(super) fn new(config: &GeneratorConfig, num_downs: usize, device: &Device) -> Self {
        let levels = (0..num_downs).map(|depth| UnetLevel::new(config, num_downs, depth, device));
        Self {
            levels: levels.collect(),
        }
    }

    /// Generates pictures.
    ///
    /// # Shapes
    ///
    /// - `condition`: `[batch, input_channels, height, width]`, sides multiples of 2^levels
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
    pub fn forward(&self, condition: Tensor<4>, mode: Mode) -> Tensor<4> {
        let mut skips = Vec::with_capacity(self.levels.len());
        let mut x = condition;
        for (depth, level) in self.levels.iter().enumerate() {
            if depth > 0 {
                skips.push(x.clone());
                x = leaky_relu(x);
            }
            x = level.forward_down(x, mode);
        }
        for (depth, level) in self.levels.iter().enumerate().rev() {
            x = level.forward_up(x, depth, mode);
            if let Some(skip) = skips.pop() {
                // [batch, channels of the level's input + as many generated, height, width]
                x = Tensor::cat(vec![skip, x], 1);
            }
        }
        to_f32(tanh(x))
    }
}

impl UnetLevel {
    fn new(config: &GeneratorConfig, num_downs: usize, depth: usize, device: &Device) -> Self {
        let width = |level: usize| config.base_channels * (1 << level.min(3));
        let (outermost, innermost) = (depth == 0, depth == num_downs - 1);
        let outside = |end: usize| if outermost { end } else { width(depth - 1) };
        let (inner, bias) = (width(depth), config.norm.conv_bias());
        let inside = if innermost { inner } else { 2 * inner };
        let (above, below) = (
            outside(config.output_channels),
            outside(config.input_channels),
        );
        let norm = |channels| Norm::new(config.norm, channels, device);
        Self {
            down: conv2d([below, inner], 4, 2, 1, bias, device),
            down_norm: (!outermost && !innermost).then(|| norm(inner)),
            up: conv_transpose2d(
                [inside, above],
                config.upsampling.kernel(),
                2,
                1,
                0,
                bias || outermost,
                device,
            ),
            up_norm: (!outermost).then(|| norm(above)),
            dropout: config.dropout && (4..num_downs - 1).contains(&depth),
        }
    }

    fn forward_down(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let x = self.down.convolve(x);
        match &self.down_norm {
            Some(norm) => norm.forward(x, mode.statistics),
            None => x,
        }
    }

    fn forward_up(&self, x: Tensor<4>, depth: usize, mode: Mode) -> Tensor<4> {
        let x = self.double(relu(x));
        let x = match &self.up_norm {
            Some(norm) => norm.forward(x, mode.statistics),
            None => x,
        };
        if self.dropout {
            mode.dropout.apply(x, depth)
        } else {
            x
        }
    }

    fn double(&self, x: Tensor<4>) -> Tensor<4> {
        if self.up.kernel_size[0] != Upsampling::Nearest.kernel() {
            return self.up.convolve(x);
        }
        let bias = self.up.bias.as_ref().map(Param::val);
        let kernel = transposed_kernel(self.up.weight.val());
        convolve(x, kernel, bias, Convolution::square_transposed(2, 1, 0))
    }
}
