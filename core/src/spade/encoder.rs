//! The variational encoder that reads the style off a picture.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{ConvNorm, NormedConv};
use crate::Result;
use crate::layers::{Linear, Mode, leaky_relu, resize_bilinear};

/// Side that every picture is resized to.
const SIDE: usize = 256;
/// Halvings, from 256 to 4 pixels.
const HALVINGS: usize = 6;
/// Side after the halvings.
const FINAL_SIDE: usize = SIDE >> HALVINGS;

/// Config of an [`Encoder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Channels of the picture.
    pub image_channels: usize,
    /// Width of the first layer: the generator's `ngf`; the original's `nef` is not used.
    pub base_channels: usize,
    /// Length of the latent (`z_dim`). The original fixes it at 256, whatever the generator takes
    /// (spec B-26).
    pub latent_channels: usize,
    /// Spectral normalisation and norm of the convolutions (`norm_E`).
    pub norm: ConvNorm,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            image_channels: 3,
            base_channels: 64,
            latent_channels: 256,
            norm: ConvNorm::default(),
        }
    }
}

impl EncoderConfig {
    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) naming the field.
    pub fn validate(&self) -> Result<()> {
        super::config::check_positive(&[
            ("image_channels", self.image_channels),
            ("base_channels", self.base_channels),
            ("latent_channels", self.latent_channels),
        ])
    }

    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<Encoder> {
        self.validate()?;
        let width = |layer: usize| (self.base_channels << layer).min(8 * self.base_channels);
        let layer = |index: usize| {
            let channels_in = match index {
                0 => self.image_channels,
                _ => width(index - 1),
            };
            NormedConv::new(self.norm, [channels_in, width(index)], 3, 2, 1, device)
        };
        let features = width(HALVINGS - 1) * FINAL_SIDE * FINAL_SIDE;
        let linear = || Linear::new([features, self.latent_channels], device);
        Ok(Encoder {
            layers: (0..HALVINGS).map(layer).collect(),
            fc_mu: linear(),
            fc_var: linear(),
        })
    }
}

/// Maps a picture to the normal distribution of its style.
///
/// Pictures of any size are seen at 256 pixels. The original has a layer less where its crop size is
/// below that, and then does not fit (spec B-14); here the layers are always the same.
///
/// Source: Park et al. 2019 (<https://arxiv.org/abs/1903.07291>), appendix A, figure 13; spec 4.4.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Convolutions of stride 2 (`layer1` to `layer6`).
    pub layers: Vec<NormedConv>,
    /// To the means.
    pub fc_mu: Linear,
    /// To the logarithms of the variances.
    pub fc_var: Linear,
}

impl Encoder {
    /// Mean and log-variance of a picture's style.
    ///
    /// # Shapes
    ///
    /// - `image`: `[batch, image_channels, height, width]` in `[-1, 1]`, of any size
    /// - results: `[batch, latent_channels]` each
    pub fn forward(&self, image: Tensor<4>, mode: Mode) -> (Tensor<2>, Tensor<2>) {
        let [_, _, height, width] = image.dims();
        let mut x = match [height, width] == [SIDE, SIDE] {
            true => image,
            false => resize_bilinear(image, [SIDE, SIDE]),
        };
        for layer in &self.layers {
            x = leaky_relu(layer.forward(x, mode.statistics));
        }
        // [batch, channels, 4, 4] to [batch, channels * 16]
        let features = x.flatten::<2>(1, 3);
        (
            self.fc_mu.forward(features.clone()),
            self.fc_var.forward(features),
        )
    }
}

/// A draw from N(mean, exp(log_variance)), differentiable in both.
///
/// # Shapes
///
/// - `mean`, `log_variance`: `[batch, latent_channels]`
/// - `noise`: `[batch, latent_channels]`, from N(0, 1)
/// - result: `[batch, latent_channels]`
///
/// Source: Kingma & Welling 2014 (<https://arxiv.org/abs/1312.6114>), section 2.4.
pub fn reparameterize(mean: Tensor<2>, log_variance: Tensor<2>, noise: Tensor<2>) -> Tensor<2> {
    mean + (log_variance * 0.5).exp() * noise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_size_becomes_one_latent() {
        let config = EncoderConfig {
            base_channels: 1,
            latent_channels: 5,
            norm: "instance".parse().expect("a norm"),
            ..EncoderConfig::default()
        };
        let encoder = config.init(&Device::flex()).expect("a valid config");
        for side in [64, 256] {
            let image = Tensor::ones([2, 3, side, 48], &Device::flex());
            let (mean, log_variance) = encoder.forward(image, Mode::EVAL);
            assert_eq!([mean.dims(), log_variance.dims()], [[2, 5], [2, 5]]);
        }
    }

    #[test]
    fn a_draw_has_the_mean_and_the_deviation() {
        let tensor = |value: f32| Tensor::<2>::full([1, 1], value, &Device::flex());
        let draw = reparameterize(tensor(3.0), tensor(4.0f32.ln()), tensor(-1.5));
        assert!((draw.into_scalar::<f32>() - 0.0).abs() < 1e-6);
    }
}
