//! ResNet generator.

use burn::module::Module;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{Device, Tensor, activation::relu};

use super::GeneratorConfig;
use crate::layers::{Mode, Norm, conv_transpose2d, conv2d, reflection_pad};

/// ResNet generator: two halvings, residual blocks, two doublings.
///
/// Source: Johnson et al. 2016 (<https://arxiv.org/abs/1603.08155>) as pix2pix `ResnetGenerator`
/// builds it (spec 2.2).
#[derive(Module, Debug)]
pub struct ResnetGenerator {
    /// 7×7 convolution from the condition.
    pub stem: Sampling<Conv2d>,
    /// Two 3×3 convolutions of stride 2.
    pub downs: Vec<Sampling<Conv2d>>,
    /// Residual blocks at a quarter of the size.
    pub blocks: Vec<ResidualBlock>,
    /// Two transposed convolutions that double the size.
    pub ups: Vec<Sampling<ConvTranspose2d>>,
    /// 7×7 convolution to the picture.
    pub head: Conv2d,
}

/// A convolution, its norm, and ReLU.
#[derive(Module, Debug)]
pub struct Sampling<C: Module> {
    /// The convolution.
    pub conv: C,
    /// The norm after it.
    pub norm: Norm,
}

/// `x + block(x)` with two 3×3 convolutions over mirrored borders.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    /// First convolution, with ReLU.
    pub first: Sampling<Conv2d>,
    /// Second convolution, without activation.
    pub second: Sampling<Conv2d>,
    /// Whether there is dropout between the two.
    pub dropout: bool,
}

impl ResnetGenerator {
    pub(super) fn new(config: &GeneratorConfig, num_blocks: usize, device: &Device) -> Self {
        let (width, bias) = (config.base_channels, config.norm.conv_bias());
        let norm = |channels| Norm::new(config.norm, channels, device);
        let conv = |channels: [usize; 2], kernel, stride, padding| Sampling {
            conv: conv2d(channels, kernel, stride, padding, bias, device),
            norm: norm(channels[1]),
        };
        let up = |channels: [usize; 2]| Sampling {
            conv: conv_transpose2d(channels, 3, 2, 1, 1, bias, device),
            norm: norm(channels[1]),
        };
        let block = || ResidualBlock {
            first: conv([4 * width, 4 * width], 3, 1, 0),
            second: conv([4 * width, 4 * width], 3, 1, 0),
            dropout: config.dropout,
        };
        Self {
            stem: conv([config.input_channels, width], 7, 1, 0),
            downs: vec![
                conv([width, 2 * width], 3, 2, 1),
                conv([2 * width, 4 * width], 3, 2, 1),
            ],
            blocks: (0..num_blocks).map(|_| block()).collect(),
            ups: vec![up([4 * width, 2 * width]), up([2 * width, width])],
            head: conv2d([width, config.output_channels], 7, 1, 0, true, device),
        }
    }

    /// Generates pictures.
    ///
    /// # Shapes
    ///
    /// - `condition`: `[batch, input_channels, height, width]`, sides multiples of 4, at least 8
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
    pub fn forward(&self, condition: Tensor<4>, mode: Mode) -> Tensor<4> {
        let finish = |x, norm: &Norm| relu(norm.forward(x, mode.statistics));
        let mut x = self.stem.conv.forward(reflection_pad(condition, 3));
        x = finish(x, &self.stem.norm);
        for down in &self.downs {
            x = finish(down.conv.forward(x), &down.norm);
        }
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(x, index, mode);
        }
        for up in &self.ups {
            x = finish(up.conv.forward(x), &up.norm);
        }
        self.head.forward(reflection_pad(x, 3)).tanh()
    }
}

impl ResidualBlock {
    /// Adds the block's output to its input. `index` is its place in the row: dropout differs by it.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - result: the same
    pub fn forward(&self, x: Tensor<4>, index: usize, mode: Mode) -> Tensor<4> {
        let inner = self.first.conv.forward(reflection_pad(x.clone(), 1));
        let mut inner = relu(self.first.norm.forward(inner, mode.statistics));
        if self.dropout {
            inner = mode.dropout.apply(inner, index);
        }
        let inner = self.second.conv.forward(reflection_pad(inner, 1));
        x + self.second.norm.forward(inner, mode.statistics)
    }
}
