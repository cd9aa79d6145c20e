//! The discriminator of pix2pixHD: [`MultiscaleDiscriminator`] under the original's names.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{check_halvings, check_norm};
use crate::layers::{Mode, MultiscaleDiscriminator, MultiscaleDiscriminatorConfig, NormKind};
use crate::{Error, Result};

/// Config of a [`Discriminator`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// Channels of condition and picture together.
    pub input_channels: usize,
    /// Width of the first layer (`ndf`).
    pub base_channels: usize,
    /// Number of stride-2 layers of each PatchGAN (`n_layers_D`).
    pub num_layers: usize,
    /// Number of sizes (`num_D`): 2, and 3 in the recipes for 2048×1024.
    pub num_scales: usize,
    /// Norm after the inner convolutions, instance or batch. They have a bias with either.
    pub norm: NormKind,
    /// Whether the layers are written one by one, as the original does for feature matching (not
    /// `no_ganFeat_loss`). Only the state-dict keys depend on it.
    pub intermediate_features: bool,
}

impl Default for DiscriminatorConfig {
    /// The paper's, for Cityscapes.
    fn default() -> Self {
        Self {
            input_channels: 39,
            base_channels: 64,
            num_layers: 3,
            num_scales: 2,
            norm: NormKind::Instance,
            intermediate_features: true,
        }
    }
}

/// PatchGANs at several sizes with the original's state-dict keys.
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), section 3.2; spec 3.4.
#[derive(Module, Debug)]
pub struct Discriminator {
    /// Full size first; the original numbers them the other way round.
    pub multiscale: MultiscaleDiscriminator,
    /// As [`DiscriminatorConfig::intermediate_features`].
    pub intermediate_features: bool,
}

impl DiscriminatorConfig {
    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        check_norm(self.norm)?;
        check_halvings(self.num_layers)?;
        self.multiscale().validate()
    }

    /// Checks an input: every scale must see two pixels, which instance norm needs.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] telling the smallest side.
    pub fn check_input(&self, shape: [usize; 4]) -> Result<()> {
        // Padding is generous: only the halvings between scales can use a picture up.
        let smallest = 2usize.saturating_pow(self.num_scales as u32);
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
        Ok(Discriminator {
            multiscale: self.multiscale().init(device)?,
            intermediate_features: self.intermediate_features,
        })
    }

    fn multiscale(&self) -> MultiscaleDiscriminatorConfig {
        MultiscaleDiscriminatorConfig {
            input_channels: self.input_channels,
            base_channels: self.base_channels,
            num_halvings: self.num_layers,
            num_scales: self.num_scales,
            norm: self.norm,
            inner_bias: true,
            spectral: false,
        }
    }
}

impl Discriminator {
    /// Judges condition and picture, as [`discriminator_input`](super::discriminator_input) joins
    /// them.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, input_channels, height, width]`, picture channels in `[-1, 1]`
    /// - result: for every scale, full size first, what every layer gives, after its activation:
    ///   `[batch, channels, height', width']` each; the last of each scale are its logits
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Vec<Vec<Tensor<4>>> {
        self.multiscale.forward(x, mode)
    }
}
