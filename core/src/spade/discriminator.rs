//! The discriminator of SPADE: [`MultiscaleDiscriminator`] under the original's names.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::ConvNorm;
use crate::layers::{Mode, MultiscaleDiscriminator, MultiscaleDiscriminatorConfig};
use crate::{Error, Result};

/// Config of a [`Discriminator`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// Channels of segmentation and picture together.
    pub input_channels: usize,
    /// Width of the first layer (`ndf`).
    pub base_channels: usize,
    /// Layers before the logits (`n_layers_D`), the last of them of stride 1: 4 is what pix2pixHD
    /// counts as 3.
    pub num_layers: usize,
    /// Number of sizes (`num_D`).
    pub num_scales: usize,
    /// Spectral normalisation and norm of the inner convolutions (`norm_D`).
    pub norm: ConvNorm,
}

impl Default for DiscriminatorConfig {
    /// The paper's, for COCO-Stuff.
    fn default() -> Self {
        Self {
            input_channels: 187,
            base_channels: 64,
            num_layers: 4,
            num_scales: 2,
            norm: ConvNorm::default(),
        }
    }
}

impl DiscriminatorConfig {
    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        if self.num_layers < 2 {
            return Err(Error::Config {
                field: "num_layers",
                message: format!("expected at least 2, found {}", self.num_layers),
            });
        }
        self.multiscale().validate()
    }

    /// Checks an input: at every scale a patch must come out, and instance norm needs two pixels.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] telling the smallest side.
    pub fn check_input(&self, shape: [usize; 4]) -> Result<()> {
        // Padding is generous: only the halvings between scales can use a picture up.
        let smallest = 2 << (self.num_scales - 1);
        let [_, channels, height, width] = shape;
        if channels == self.input_channels && height.min(width) >= smallest {
            return Ok(());
        }
        Err(Error::Shape {
            what: "input of the discriminator".into(),
            expected: format!(
                "[batch, {}, height, width] with height and width of at least {smallest}",
                self.input_channels
            ),
            found: shape.to_vec(),
        })
    }

    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<Discriminator> {
        self.validate()?;
        let multiscale = self.multiscale().init(device)?;
        Ok(Discriminator { multiscale })
    }

    fn multiscale(&self) -> MultiscaleDiscriminatorConfig {
        MultiscaleDiscriminatorConfig {
            input_channels: self.input_channels,
            base_channels: self.base_channels,
            num_halvings: self.num_layers - 1,
            num_scales: self.num_scales,
            norm: self.norm.norm,
            inner_bias: self.norm.conv_bias(),
            spectral: self.norm.spectral,
        }
    }
}

/// PatchGANs at several sizes with the original's state-dict keys.
///
/// Source: Park et al. 2019 (<https://arxiv.org/abs/1903.07291>), appendix A; spec 4.3.
#[derive(Module, Debug)]
pub struct Discriminator {
    /// `discriminator_0` first, which sees the full size.
    pub multiscale: MultiscaleDiscriminator,
}

impl Discriminator {
    /// Judges segmentation and picture, concatenated on the channel axis, segmentation first.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, input_channels, height, width]`, picture channels in `[-1, 1]`
    /// - result: for every scale, full size first, what every layer gives:
    ///   `[batch, channels, height', width']` each; the last of each scale are its logits
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Vec<Vec<Tensor<4>>> {
        self.multiscale.forward(x, mode)
    }
}
