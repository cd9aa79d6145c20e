//! PatchGAN: judges every patch of a picture, and the 1×1 variant that judges every pixel.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{ConvLayer, Mode, Norm, NormKind, conv2d, leaky_relu};
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
    pub conv: ConvLayer,
    /// The norm; the first and the last layer have none.
    pub norm: Option<Norm>,
}

/// What distinguishes the PatchGANs of the families.
#[derive(Debug, Clone, Copy)]
pub(super) struct PatchShape {
    pub input_channels: usize,
    pub base_channels: usize,
    /// Widths double from layer to layer up to this.
    pub max_channels: usize,
    /// Number of stride-2 layers.
    pub num_halvings: usize,
    /// Zero padding of every convolution.
    pub padding: usize,
    pub norm: NormKind,
    /// Whether convolutions in front of a norm have a bias; the first and the last always do.
    pub inner_bias: bool,
    /// Whether those convolutions are under spectral normalisation.
    pub spectral: bool,
}

impl PatchShape {
    /// `num_halvings` convolutions of stride 2, one of stride 1, and the one that gives logits.
    pub fn init(&self, device: &Device) -> PatchDiscriminator {
        let width = |layer: usize| (self.base_channels << layer).min(self.max_channels);
        let plain = |channels, stride| PatchLayer {
            conv: ConvLayer::Plain(conv2d(channels, 4, stride, self.padding, true, device)),
            norm: None,
        };
        let inner = |layer: usize| {
            let stride = if layer == self.num_halvings { 1 } else { 2 };
            let channels = [width(layer - 1), width(layer)];
            PatchLayer {
                conv: ConvLayer::new(
                    channels,
                    4,
                    stride,
                    self.padding,
                    self.inner_bias,
                    self.spectral,
                    device,
                ),
                norm: Some(Norm::new(self.norm, width(layer), device)),
            }
        };
        let mut layers = vec![plain([self.input_channels, width(0)], 2)];
        layers.extend((1..=self.num_halvings).map(inner));
        layers.push(plain([width(self.num_halvings), 1], 1));
        PatchDiscriminator { layers }
    }
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
        if self.pixel {
            let layers = self.pixel_layers(device);
            return Ok(PatchDiscriminator { layers });
        }
        let shape = PatchShape {
            input_channels: self.input_channels,
            base_channels: self.base_channels,
            max_channels: 8 * self.base_channels,
            num_halvings: self.num_layers,
            padding: 1,
            norm: self.norm,
            inner_bias: self.norm.conv_bias(),
            spectral: false,
        };
        Ok(shape.init(device))
    }

    fn pixel_layers(&self, device: &Device) -> Vec<PatchLayer> {
        let width = self.base_channels;
        let bias = self.norm.conv_bias();
        let pixel = |channels, bias| ConvLayer::Plain(conv2d(channels, 1, 1, 0, bias, device));
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
        let steps = 0..self.layers.len();
        steps.fold(x, |x, index| self.step(x, index, last, mode))
    }

    /// What every layer gives, after its activation; the last are the logits.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, input_channels, height, width]`
    /// - results: `[batch, channels, height', width']` each
    pub fn features(&self, x: Tensor<4>, mode: Mode) -> Vec<Tensor<4>> {
        let last = self.layers.len() - 1;
        let layer = |x: &mut Tensor<4>, index: usize| {
            *x = self.step(x.clone(), index, last, mode);
            Some(x.clone())
        };
        (0..self.layers.len()).scan(x, layer).collect()
    }

    /// Whether it judges single pixels.
    pub fn is_pixel(&self) -> bool {
        matches!(&self.layers[0].conv, ConvLayer::Plain(conv) if conv.kernel_size == [1, 1])
    }

    fn step(&self, x: Tensor<4>, index: usize, last: usize, mode: Mode) -> Tensor<4> {
        let layer = &self.layers[index];
        let x = layer.conv.forward(x, mode.statistics);
        let x = match &layer.norm {
            Some(norm) => norm.forward(x, mode.statistics),
            None => x,
        };
        if index == last { x } else { leaky_relu(x) }
    }
}
