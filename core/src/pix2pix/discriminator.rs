//! The discriminators of pix2pix: [`PatchDiscriminator`] under the original's names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::layers::{NormKind, PatchDiscriminatorConfig};
use crate::{Error, Result};

#[cfg(doc)]
use crate::layers::PatchDiscriminator;

/// The original's `--netD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscriminatorKind {
    /// The 70×70 PatchGAN: three stride-2 layers.
    #[default]
    Basic,
    /// A PatchGAN with a chosen number of layers (`--n_layers_D`).
    NLayers,
    /// Judges single pixels.
    Pixel,
}

impl DiscriminatorKind {
    /// Config for condition and picture with `input_channels` in all.
    pub fn config(
        self,
        input_channels: usize,
        base_channels: usize,
        num_layers: usize,
        norm: NormKind,
    ) -> PatchDiscriminatorConfig {
        PatchDiscriminatorConfig {
            input_channels,
            base_channels,
            num_layers: if self == Self::NLayers { num_layers } else { 3 },
            norm,
            pixel: self == Self::Pixel,
        }
    }
}

impl fmt::Display for DiscriminatorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "basic",
            Self::NLayers => "n_layers",
            Self::Pixel => "pixel",
        })
    }
}

impl FromStr for DiscriminatorKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "basic" => Ok(Self::Basic),
            "n_layers" => Ok(Self::NLayers),
            "pixel" => Ok(Self::Pixel),
            _ => Err(Error::Config {
                field: "discriminator",
                message: format!("expected basic, n_layers or pixel, found {text:?}"),
            }),
        }
    }
}
