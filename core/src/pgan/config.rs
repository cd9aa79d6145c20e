//! Configs of both networks, with the paper's defaults.

use serde::{Deserialize, Serialize};

use crate::layers::LayerScaling;
use crate::{Error, Result};

/// Scales of the largest network: 4×4 to 1024×1024.
pub const MAX_SCALES: usize = 9;
/// Channels of the scales, 4×4 first (`depthScales`).
const DEPTHS: [usize; MAX_SCALES] = [512, 512, 512, 512, 256, 128, 64, 32, 16];

/// Side of the pictures at a scale: 4 at scale 0.
pub fn resolution(scale: usize) -> usize {
    4 << scale
}

/// What the generator's pictures pass through last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputActivation {
    /// Nothing: values may leave `[-1, 1]`; clamp them for display.
    #[default]
    Linear,
    /// tanh.
    Tanh,
}

/// What the original calls `mergeLayer`: whether the discriminator fades in its first new scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstFade {
    /// At 8×8 as at every other size (spec B-17).
    #[default]
    Blend,
    /// Not at 8×8, as in the original code, which forgot it.
    Skip,
}

/// Config of a [`Generator`](super::Generator).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GeneratorConfig {
    /// Channels of each scale, 4×4 first (`depthScales`); as many scales as the network has.
    pub depths: Vec<usize>,
    /// Length of the random part of a latent (`noiseVectorDim`).
    pub latent_dim: usize,
    /// Length of its one-hot part in class-conditional models (`categoryVectorDim`), else 0.
    pub category_dim: usize,
    /// Channels of the generated picture (`dimOutput`).
    pub output_channels: usize,
    /// After the last convolution.
    pub output: OutputActivation,
    /// Whether layers are equalised (`equalizedlR`).
    pub scaling: LayerScaling,
    /// Whether latents and features are divided by their norm at each pixel
    /// (`perChannelNormalization`).
    pub pixel_norm: bool,
    /// Slope of the leaky ReLU below zero (`leakyReluLeak`).
    pub leaky_slope: f64,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self {
            depths: DEPTHS.to_vec(),
            latent_dim: 512,
            category_dim: 0,
            output_channels: 3,
            output: OutputActivation::Linear,
            scaling: LayerScaling::Equalized,
            pixel_norm: true,
            leaky_slope: 0.2,
        }
    }
}

impl GeneratorConfig {
    /// Index of the finest scale.
    pub fn scale(&self) -> usize {
        self.depths.len().saturating_sub(1)
    }

    /// Side of the pictures.
    pub fn resolution(&self) -> usize {
        resolution(self.scale())
    }

    /// The same network as it was at `scale`.
    #[must_use]
    pub fn at_scale(&self, scale: usize) -> Self {
        Self {
            depths: truncated(&self.depths, scale),
            ..self.clone()
        }
    }

    /// Length of a latent: its random and its one-hot part.
    pub fn input_dim(&self) -> usize {
        self.latent_dim + self.category_dim
    }

    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        validate_depths(&self.depths)?;
        validate_positive("latent_dim", self.latent_dim)?;
        validate_positive("output_channels", self.output_channels)?;
        validate_slope(self.leaky_slope)
    }

    /// Checks the shape of a batch of latents.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] telling the length that a latent needs.
    pub fn check_input(&self, shape: [usize; 2]) -> Result<()> {
        let expected = self.input_dim();
        if shape[0] > 0 && shape[1] == expected {
            return Ok(());
        }
        Err(Error::Shape {
            what: "latents".into(),
            expected: format!("[batch, {expected}]"),
            found: shape.to_vec(),
        })
    }
}

/// Config of a [`Discriminator`](super::Discriminator).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiscriminatorConfig {
    /// Channels of each scale, 4×4 first (`depthScales`); as many scales as the network has.
    pub depths: Vec<usize>,
    /// Channels of a picture (`dimOutput`).
    pub input_channels: usize,
    /// Number of class logits beside the score (`categoryVectorDim`).
    pub category_dim: usize,
    /// Whether the 4×4 block sees the spread of the batch (`miniBatchStdDev`).
    pub minibatch_stddev: bool,
    /// Whether 8×8 fades in.
    pub first_fade: FirstFade,
    /// Whether layers are equalised (`equalizedlR`).
    pub scaling: LayerScaling,
    /// Slope of the leaky ReLU below zero (`leakyReluLeak`).
    pub leaky_slope: f64,
}

impl Default for DiscriminatorConfig {
    fn default() -> Self {
        Self {
            depths: DEPTHS.to_vec(),
            input_channels: 3,
            category_dim: 0,
            minibatch_stddev: true,
            first_fade: FirstFade::Blend,
            scaling: LayerScaling::Equalized,
            leaky_slope: 0.2,
        }
    }
}

impl DiscriminatorConfig {
    /// Index of the finest scale.
    pub fn scale(&self) -> usize {
        self.depths.len().saturating_sub(1)
    }

    /// Side of the pictures.
    pub fn resolution(&self) -> usize {
        resolution(self.scale())
    }

    /// The same network as it was at `scale`.
    #[must_use]
    pub fn at_scale(&self, scale: usize) -> Self {
        Self {
            depths: truncated(&self.depths, scale),
            ..self.clone()
        }
    }

    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        validate_depths(&self.depths)?;
        validate_positive("input_channels", self.input_channels)?;
        validate_slope(self.leaky_slope)
    }

    /// Checks the shape of a batch of pictures: the network takes one size only.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] telling the size.
    pub fn check_input(&self, shape: [usize; 4]) -> Result<()> {
        let side = self.resolution();
        if shape[0] > 0 && shape[1..] == [self.input_channels, side, side] {
            return Ok(());
        }
        Err(Error::Shape {
            what: "input of the discriminator".into(),
            expected: format!("[batch, {}, {side}, {side}]", self.input_channels),
            found: shape.to_vec(),
        })
    }
}

fn truncated(depths: &[usize], scale: usize) -> Vec<usize> {
    depths.iter().copied().take(scale + 1).collect()
}

fn validate_depths(depths: &[usize]) -> Result<()> {
    if (1..=MAX_SCALES).contains(&depths.len()) && !depths.contains(&0) {
        return Ok(());
    }
    Err(Error::Config {
        field: "depths",
        message: format!("expected 1 to {MAX_SCALES} positive channel counts, found {depths:?}"),
    })
}

fn validate_positive(field: &'static str, value: usize) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(Error::Config {
        field,
        message: "expected at least 1, found 0".into(),
    })
}

fn validate_slope(slope: f64) -> Result<()> {
    if slope.is_finite() {
        return Ok(());
    }
    Err(Error::Config {
        field: "leaky_slope",
        message: format!("expected a number, found {slope}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paper_ends_at_1024_pixels() {
        let config = GeneratorConfig::default();
        assert_eq!((config.scale(), config.resolution()), (8, 1024));
        assert_eq!(config.at_scale(1).depths, [512, 512]);
        assert_eq!(DiscriminatorConfig::default().at_scale(0).resolution(), 4);
    }

    #[test]
    fn a_picture_of_another_size_is_told_the_size() {
        let config = DiscriminatorConfig::default().at_scale(2);
        assert!(config.check_input([2, 3, 16, 16]).is_ok());
        let error = config.check_input([2, 3, 32, 32]).unwrap_err().to_string();
        assert!(error.contains("[batch, 3, 16, 16]"), "{error}");
    }

    #[test]
    fn a_network_needs_scales_and_channels() {
        for depths in [vec![], vec![8, 0], vec![8; 10]] {
            let config = GeneratorConfig {
                depths,
                ..GeneratorConfig::default()
            };
            let error = config.validate().unwrap_err().to_string();
            assert!(error.starts_with("depths"), "{error}");
        }
    }
}
