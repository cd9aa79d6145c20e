//! PatchGAN: judges every patch of a picture, and the 1×1 variant that judges every pixel.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Mode, Norm, NormKind, conv2d, leaky_relu};
use crate::{Error, Result};

/// Config of a [`PatchDiscriminator`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchDiscriminatorConfig {
    /// Channels of condition and picture together.
    pub input_channels: usize,
    /// Width of the first layer (`ndf`).
    pub base_channels: usize,
    /// Number of stride-2 layers (`n_layers_D`); 3 gives the 70×70 PatchGAN.
    pub num_layers: usize,
    /// Norm after the inner convolutions.
    pub norm: NormKind,
    /// Judge single pixels with 1×1 convolutions; `num_layers` is not used then.
    pub pixel: bool,
}

/// PatchGAN discriminator; docs of the originals call it `NLayerDiscriminator` and
/// `PixelDiscriminator`.
///
/// Source: Isola et al. 2017 (<https://arxiv.org/abs/1611.07004>), section 3.2.2; spec 2.3.
#[derive(Module, Debug)]
pub struct PatchDiscriminator {
    /// Convolutions from input to logits.
    pub layers: Vec<PatchLayer>,
}

/// One convolution of a [`PatchDiscriminator`] with the norm after it.
#[derive(Module, Debug)]
pub struct PatchLayer {
    /// The convolution.
    pub conv: Conv2d,
    /// The norm; the first and the last layer have none.
    pub norm: Option<Norm>,
}

impl PatchDiscriminatorConfig {
    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        let positive = [
            ("input_channels", self.input_channels),
            ("base_channels", self.base_channels),
            ("num_layers", self.num_layers),
        ];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => Err(Error::Config {
                field,
                message: "expected at least 1, found 0".into(),
            }),
            None => Ok(()),
        }
    }

    /// Checks the size of an input: at least one patch must come out.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] telling the smallest side.
    pub fn check_input(&self, shape: [usize; 4]) -> Result<()> {
        // A stride of 2 halves (rounding down), each of the two strides of 1 takes a pixel.
        let smallest = if self.pixel { 1 } else { 3 << self.num_layers };
        let [_, _, height, width] = shape;
        if height.min(width) >= smallest {
            return Ok(());
        }
        Err(Error::Shape {
            what: "input of the discriminator".into(),
            expected: format!("height and width of at least {smallest}"),
            found: shape.to_vec(),
        })
    }

    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<PatchDiscriminator> {
        self.validate()?;
        let layers = if self.pixel {
            self.pixel_layers(device)
        } else {
            self.patch_layers(device)
        };
        Ok(PatchDiscriminator { layers })
    }

    fn patch_layers(&self, device: &Device) -> Vec<PatchLayer> {
        let width = |layer: usize| self.base_channels * (1 << layer.min(3));
        let plain = |channels, stride| PatchLayer {
            conv: conv2d(channels, 4, stride, 1, true, device),
            norm: None,
        };
        let mut layers = vec![plain([self.input_channels, self.base_channels], 2)];
        for layer in 1..=self.num_layers {
            let stride = if layer == self.num_layers { 1 } else { 2 };
            let channels = [width(layer - 1), width(layer)];
            layers.push(PatchLayer {
                conv: conv2d(channels, 4, stride, 1, self.norm.conv_bias(), device),
                norm: Some(Norm::new(self.norm, width(layer), device)),
            });
        }
        layers.push(plain([width(self.num_layers), 1], 1));
        layers
    }

    fn pixel_layers(&self, device: &Device) -> Vec<PatchLayer> {
        let width = self.base_channels;
        let bias = self.norm.conv_bias();
        let pixel = |channels, bias| conv2d(channels, 1, 1, 0, bias, device);
        vec![
            PatchLayer {
                conv: pixel([self.input_channels, width], true),
                norm: None,
            },
            PatchLayer {
                conv: pixel([width, 2 * width], bias),
                norm: Some(Norm::new(self.norm, 2 * width, device)),
            },
            PatchLayer {
                conv: pixel([2 * width, 1], bias),
                norm: None,
            },
        ]
    }
}

impl PatchDiscriminator {
    /// Judges condition and picture, concatenated on the channel axis, condition first.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, input_channels, height, width]`, picture channels in `[-1, 1]`
    /// - result: logits `[batch, 1, height', width']`; 256 gives 30 with three layers
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(x, |x, (index, layer)| {
            let x = layer.conv.forward(x);
            let x = match &layer.norm {
                Some(norm) => norm.forward(x, mode.statistics),
                None => x,
            };
            if index == last { x } else { leaky_relu(x) }
        })
    }
}
