//! The residual generator that pix2pix, pix2pixHD and SPADE share: convolutions that halve the
//! picture, residual blocks, transposed convolutions that double it again.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use crate::ops::{Convolve, relu, tanh, to_f32};

use super::{ConvLayer, ConvTransposeLayer, Mode, Norm, NormKind, conv2d, reflection_pad};

/// Shape of a [`ResnetTrunk`] and of a [`ResnetGenerator`]; the families' own configs turn into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResnetShape {
    /// Channels of the input.
    pub input_channels: usize,
    /// Width of the first layer (`ngf`); every halving doubles it.
    pub base_channels: usize,
    /// Number of halvings, and of doublings.
    pub num_downs: usize,
    /// Number of residual blocks between them.
    pub num_blocks: usize,
    /// Norm after the convolutions.
    pub norm: NormKind,
    /// Whether convolutions in front of a norm have a bias.
    pub bias: bool,
    /// Whether those convolutions are under spectral normalisation.
    pub spectral: bool,
    /// Whether the residual blocks have dropout.
    pub dropout: bool,
}

/// Everything but the last convolution: as many channels come out as the first layer is wide.
///
/// Source: Johnson et al. 2016 (<https://arxiv.org/abs/1603.08155>); spec 2.2, 3.2.
#[derive(Module, Debug)]
pub struct ResnetTrunk {
    /// Convolution from the input, 7×7 unless a family chooses otherwise.
    pub stem: Sampling<ConvLayer>,
    /// 3×3 convolutions of stride 2.
    pub downs: Vec<Sampling<ConvLayer>>,
    /// Residual blocks at the smallest size.
    pub blocks: Vec<ResidualBlock>,
    /// Transposed convolutions that double the size.
    pub ups: Vec<Sampling<ConvTransposeLayer>>,
}

/// A [`ResnetTrunk`] and the convolution to the picture.
///
/// Source: pix2pix `ResnetGenerator` (spec 2.2), pix2pixHD `GlobalGenerator` and `Encoder`
/// (spec 3.2, 3.5).
#[derive(Module, Debug)]
pub struct ResnetGenerator {
    /// All layers but the last.
    pub trunk: ResnetTrunk,
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

/// `x + block(x)` with two convolutions over mirrored borders, 3×3 unless a family chooses otherwise.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    /// First convolution, with ReLU.
    pub first: Sampling<ConvLayer>,
    /// Second convolution, without activation.
    pub second: Sampling<ConvLayer>,
    /// Whether there is dropout between the two.
    pub dropout: bool,
}

impl ResnetShape {
    /// A trunk with zero weights: 7×7 in front, 3×3 in the residual blocks.
    pub fn trunk(&self, device: &Device) -> ResnetTrunk {
        self.trunk_with_kernels(7, 3, device)
    }

    /// A trunk with zero weights and other kernels, both odd: SPADE lets them be chosen.
    pub fn trunk_with_kernels(
        &self,
        stem_kernel: usize,
        block_kernel: usize,
        device: &Device,
    ) -> ResnetTrunk {
        let width = |level: usize| self.base_channels << level;
        let downs = (0..self.num_downs).map(|level| [width(level), width(level + 1)]);
        let ups = downs.clone().rev().map(|[above, below]| [below, above]);
        ResnetTrunk {
            stem: self.conv([self.input_channels, width(0)], stem_kernel, 1, 0, device),
            downs: downs
                .map(|channels| self.conv(channels, 3, 2, 1, device))
                .collect(),
            blocks: (0..self.num_blocks)
                .map(|_| self.block(width(self.num_downs), block_kernel, device))
                .collect(),
            ups: ups.map(|channels| self.up(channels, device)).collect(),
        }
    }

    /// A generator with zero weights.
    pub fn generator(&self, output_channels: usize, device: &Device) -> ResnetGenerator {
        ResnetGenerator {
            trunk: self.trunk(device),
            head: resnet_head([self.base_channels, output_channels], device),
        }
    }

    fn conv(
        &self,
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: usize,
        device: &Device,
    ) -> Sampling<ConvLayer> {
        let (bias, spectral) = (self.bias, self.spectral);
        Sampling {
            conv: ConvLayer::new(channels, kernel, stride, padding, bias, spectral, device),
            norm: Norm::new(self.norm, channels[1], device),
        }
    }

    fn up(&self, channels: [usize; 2], device: &Device) -> Sampling<ConvTransposeLayer> {
        Sampling {
            conv: ConvTransposeLayer::doubling(channels, self.bias, self.spectral, device),
            norm: Norm::new(self.norm, channels[1], device),
        }
    }

    fn block(&self, width: usize, kernel: usize, device: &Device) -> ResidualBlock {
        ResidualBlock {
            first: self.conv([width, width], kernel, 1, 0, device),
            second: self.conv([width, width], kernel, 1, 0, device),
            dropout: self.dropout,
        }
    }
}

/// The last convolution, 7×7, with zero weights.
pub fn resnet_head(channels: [usize; 2], device: &Device) -> Conv2d {
    conv2d(channels, 7, 1, 0, true, device)
}

/// What the last convolution makes of a trunk's output.
///
/// # Shapes
///
/// - `x`: `[batch, base_channels, height, width]`, sides of at least 4
/// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
pub fn picture_from_trunk(head: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    to_f32(tanh(head.convolve(reflection_pad(x, 3))))
}

impl ResnetGenerator {
    /// Generates pictures.
    ///
    /// # Shapes
    ///
    /// - `condition`: `[batch, input_channels, height, width]`, sides multiples of 2^downs, at least 4
    ///   and large enough that the blocks see 2 pixels
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
    pub fn forward(&self, condition: Tensor<4>, mode: Mode) -> Tensor<4> {
        picture_from_trunk(&self.head, self.trunk.forward(condition, mode))
    }

    /// Where the layer at `path` (the names of the fields that lead to it) is in the `Sequential`
    /// of the original code: `16.conv_block.1`, for example.
    ///
    /// With the padding and the activations as layers of their own (spec 2.2, 3.2).
    pub fn sequential_key(&self, path: &[String]) -> String {
        match path[0].as_str() {
            "head" => (self.trunk.sequential_len() + 1).to_string(),
            _ => self.trunk.sequential_key(&path[1..], 0),
        }
    }
}

impl ResnetTrunk {
    /// All layers.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, input_channels, height, width]`, sizes as [`ResnetGenerator::forward`]
    /// - result: `[batch, base_channels, height, width]`, not below 0
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.decode(self.encode(x, mode), mode)
    }

    /// The convolutions before the residual blocks.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, input_channels, height, width]`
    /// - result: `[batch, base_channels * 2^downs, height / 2^downs, width / 2^downs]`
    pub fn encode(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let stem = self.stem.forward(mirrored(x, &self.stem.conv), mode);
        let halve = |x, down: &Sampling<ConvLayer>| down.forward(x, mode);
        self.downs.iter().fold(stem, halve)
    }

    /// The residual blocks and what follows them.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, base_channels * 2^downs, height, width]`
    /// - result: `[batch, base_channels, height * 2^downs, width * 2^downs]`, not below 0
    pub fn decode(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let blocks = self.blocks.iter().enumerate();
        let x = blocks.fold(x, |x, (index, block)| block.forward(x, index, mode));
        let double = |x, up: &Sampling<ConvTransposeLayer>| up.forward(x, mode);
        self.ups.iter().fold(x, double)
    }

    /// Number of entries in the `Sequential` of the original code.
    pub fn sequential_len(&self) -> usize {
        4 + 3 * self.downs.len() + self.blocks.len() + 3 * self.ups.len()
    }

    /// As [`ResnetGenerator::sequential_key`], for a `Sequential` that begins after `skipped`
    /// entries of the trunk.
    pub fn sequential_key(&self, path: &[String], skipped: usize) -> String {
        let index = |position: usize| path[position].parse::<usize>().expect("an index of a Vec");
        let norm = |position: usize| usize::from(path[position] == "norm");
        let first_block = 4 + 3 * self.downs.len();
        let module = match path[0].as_str() {
            "stem" => 1 + norm(1),
            "downs" => 4 + 3 * index(1) + norm(2),
            "ups" => first_block + self.blocks.len() + 3 * index(1) + norm(2),
            _ => {
                let block = index(1);
                let shift = usize::from(self.blocks[block].dropout);
                let convolution = if path[2] == "first" { 1 } else { 5 + shift };
                let outer = first_block + block - skipped;
                return format!("{outer}.conv_block.{}", convolution + norm(3));
            }
        };
        (module - skipped).to_string()
    }
}

/// `x` with the mirrored border that keeps its size through `conv`.
fn mirrored(x: Tensor<4>, conv: &ConvLayer) -> Tensor<4> {
    reflection_pad(x, conv.kernel() / 2)
}

impl Sampling<ConvLayer> {
    fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let x = self.conv.forward(x, mode.statistics);
        relu(self.norm.forward(x, mode.statistics))
    }
}

impl Sampling<ConvTransposeLayer> {
    fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let x = self.conv.forward(x, mode.statistics);
        relu(self.norm.forward(x, mode.statistics))
    }
}

impl ResidualBlock {
    /// Adds the block's output to its input. `index` is its place in the row: dropout differs by it.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`, sides of at least 2
    /// - result: the same
    pub fn forward(&self, x: Tensor<4>, index: usize, mode: Mode) -> Tensor<4> {
        let mut inner = self
            .first
            .forward(mirrored(x.clone(), &self.first.conv), mode);
        if self.dropout {
            inner = mode.dropout.apply(inner, index);
        }
        let second = &self.second.conv;
        let inner = second.forward(mirrored(inner, second), mode.statistics);
        x + self.second.norm.forward(inner, mode.statistics)
    }
}
