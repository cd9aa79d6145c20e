//! Which network a bundle holds.

use serde::{Deserialize, Serialize};

use crate::layers::NormKind;
use crate::spade::{Architecture, ParamFreeNorm};
use crate::{Error, Result, pgan, pix2pix, pix2pixhd, spade};

/// Family and full config of the generator, and of the encoder that reads a style for it, if the
/// bundle has one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "snake_case")]
pub enum ModelConfig {
    /// A pix2pix generator.
    Pix2pix {
        /// Its config.
        generator: pix2pix::GeneratorConfig,
    },
    /// A pix2pixHD generator.
    Pix2pixhd {
        /// Its config.
        generator: pix2pixhd::GeneratorConfig,
        /// How many of its input channels are for features; 0 without `instance_feat`.
        #[serde(default)]
        feature_channels: usize,
        /// The encoder of its features.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encoder: Option<pix2pixhd::EncoderConfig>,
    },
    /// A SPADE generator.
    Spade {
        /// Its config.
        generator: spade::GeneratorConfig,
        /// The encoder of its latents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        encoder: Option<spade::EncoderConfig>,
    },
    /// A Progressive GAN generator.
    Pgan {
        /// Its config.
        generator: pgan::GeneratorConfig,
    },
}

impl ModelConfig {
    /// Name of the family, as in the manifest.
    pub fn family(&self) -> &'static str {
        match self {
            Self::Pix2pix { .. } => "pix2pix",
            Self::Pix2pixhd { .. } => "pix2pixhd",
            Self::Spade { .. } => "spade",
            Self::Pgan { .. } => "pgan",
        }
    }

    /// Channels of the picture or of the encoded label map; 0 for an unconditional generator.
    pub fn condition_channels(&self) -> usize {
        match self {
            Self::Pix2pix { generator } => generator.input_channels,
            Self::Pix2pixhd {
                generator,
                feature_channels,
                ..
            } => generator.input_channels.saturating_sub(*feature_channels),
            Self::Spade { generator, .. } => generator.input_channels,
            Self::Pgan { .. } => 0,
        }
    }

    /// Channels of the generated picture.
    pub fn output_channels(&self) -> usize {
        match self {
            Self::Pix2pix { generator } => generator.output_channels,
            Self::Pix2pixhd { generator, .. } => generator.output_channels,
            Self::Spade { generator, .. } => generator.output_channels,
            Self::Pgan { generator } => generator.output_channels,
        }
    }

    /// Length of the latent that the generator starts from, where it does.
    pub fn latent_channels(&self) -> Option<usize> {
        match self {
            Self::Pix2pix { .. } | Self::Pix2pixhd { .. } => None,
            Self::Spade { generator, .. } => generator.latent_channels(),
            Self::Pgan { generator } => Some(generator.input_dim()),
        }
    }

    /// Length of the one-hot part of a latent; 0 but for class-conditional generators.
    pub fn latent_classes(&self) -> usize {
        match self {
            Self::Pgan { generator } => generator.category_dim,
            Self::Pix2pix { .. } | Self::Pix2pixhd { .. } | Self::Spade { .. } => 0,
        }
    }

    /// Channels of the feature map that comes beside the condition; 0 where there is none.
    pub fn feature_channels(&self) -> usize {
        match self {
            Self::Pix2pixhd {
                feature_channels, ..
            } => *feature_channels,
            Self::Pix2pix { .. } | Self::Spade { .. } | Self::Pgan { .. } => 0,
        }
    }

    /// Sides that the network takes are multiples of this.
    pub fn size_multiple(&self) -> usize {
        match self {
            Self::Pix2pix { generator } => generator.size_multiple(),
            Self::Pix2pixhd { generator, .. } => generator.size_multiple(),
            Self::Spade { generator, .. } => generator.size_multiple(),
            Self::Pgan { generator } => generator.resolution(),
        }
    }

    /// The least side that the network takes.
    pub fn smallest_side(&self) -> usize {
        match self {
            Self::Pix2pix { generator } => generator.smallest_side(),
            Self::Pix2pixhd { generator, .. } => generator.smallest_side(),
            Self::Spade { generator, .. } => generator.smallest_side(),
            Self::Pgan { generator } => generator.resolution(),
        }
    }

    /// The only height and width of its pictures, where the network is not free to make others.
    pub fn fixed_size(&self) -> Option<[usize; 2]> {
        match self {
            Self::Pix2pix { .. } | Self::Pix2pixhd { .. } => None,
            Self::Spade { generator, .. } => generator.fixed_size(),
            Self::Pgan { generator } => Some([generator.resolution(); 2]),
        }
    }

    /// Whether there is an encoder.
    pub fn has_encoder(&self) -> bool {
        match self {
            Self::Pix2pix { .. } | Self::Pgan { .. } => false,
            Self::Pix2pixhd { encoder, .. } => encoder.is_some(),
            Self::Spade { encoder, .. } => encoder.is_some(),
        }
    }

    /// Whether there is batch norm in it, so that its statistics matter.
    pub fn has_batch_norm(&self) -> bool {
        match self {
            Self::Pix2pix { generator } => generator.norm == NormKind::Batch,
            Self::Pix2pixhd {
                generator, encoder, ..
            } => {
                let encoder = encoder.as_ref().map(|encoder| encoder.norm);
                generator.norm == NormKind::Batch || encoder == Some(NormKind::Batch)
            }
            Self::Spade { generator, encoder } => {
                let encoder = encoder.as_ref().map(|encoder| encoder.norm.norm);
                let generator = match &generator.architecture {
                    Architecture::Spade(spade) => spade.norm.norm == ParamFreeNorm::Batch,
                    Architecture::Pix2pixHd(resnet) => resnet.norm.norm == NormKind::Batch,
                };
                generator || encoder == Some(NormKind::Batch)
            }
            Self::Pgan { .. } => false,
        }
    }

    /// Whether there is dropout in it.
    pub fn has_dropout(&self) -> bool {
        matches!(self, Self::Pix2pix { generator } if generator.dropout)
    }

    /// The same generator without its encoder.
    #[must_use]
    pub fn without_encoder(self) -> Self {
        match self {
            Self::Spade { generator, .. } => Self::Spade {
                generator,
                encoder: None,
            },
            Self::Pix2pixhd {
                generator,
                feature_channels,
                ..
            } => Self::Pix2pixhd {
                generator,
                feature_channels,
                encoder: None,
            },
            Self::Pix2pix { .. } | Self::Pgan { .. } => self,
        }
    }

    /// Checks that the networks can be built and belong together.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Pix2pix { generator } if !generator.upsampling.is_transposed() => {
                Err(Error::Config {
                    field: "upsampling",
                    message: format!(
                        "expected transposed, as every U-Net in use has it, found {}",
                        generator.upsampling
                    ),
                })
            }
            Self::Pix2pix { generator } => generator.validate(),
            Self::Pix2pixhd {
                generator,
                feature_channels,
                encoder,
            } => {
                generator.validate()?;
                if *feature_channels >= generator.input_channels {
                    return Err(Error::Config {
                        field: "feature_channels",
                        message: format!(
                            "expected fewer than the {} of the generator, found {feature_channels}",
                            generator.input_channels
                        ),
                    });
                }
                let Some(encoder) = encoder else {
                    return Ok(());
                };
                encoder.validate()?;
                check_encoder(
                    "encoder.feature_channels",
                    Some(*feature_channels),
                    encoder.feature_channels,
                )
            }
            Self::Spade { generator, encoder } => {
                generator.validate()?;
                let Some(encoder) = encoder else {
                    return Ok(());
                };
                encoder.validate()?;
                check_encoder(
                    "encoder.latent_channels",
                    generator.latent_channels(),
                    encoder.latent_channels,
                )
            }
            Self::Pgan { generator } => generator.validate(),
        }
    }
}

/// Checks that an encoder makes as many numbers as its generator takes.
fn check_encoder(field: &'static str, expected: Option<usize>, found: usize) -> Result<()> {
    if expected == Some(found) {
        return Ok(());
    }
    let expected = expected.map_or("none".to_owned(), |count| count.to_string());
    Err(Error::Config {
        field,
        message: format!("expected the generator's, {expected}, found {found}"),
    })
}
