//! Config of the generators, with the paper's defaults.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Upsampling;
use crate::layers::NormKind;
use crate::{Error, Result};

/// Shape of a generator. Written as the original's `--netG`: `unet_256`, `resnet_9blocks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Architecture {
    /// U-Net with skip connections, halving the picture `num_downs` times; `unet_256` has 8.
    Unet {
        /// Number of halvings, at least 5.
        num_downs: usize,
    },
    /// Two halvings, residual blocks, two doublings; `resnet_9blocks` has 9.
    Resnet {
        /// Number of residual blocks.
        num_blocks: usize,
    },
}

impl Architecture {
    /// The original's default, for 256×256 pictures.
    pub const UNET_256: Self = Self::Unet { num_downs: 8 };
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unet { num_downs } => write!(f, "unet_{}", 1usize << num_downs),
            Self::Resnet { num_blocks } => write!(f, "resnet_{num_blocks}blocks"),
        }
    }
}

impl FromStr for Architecture {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unet = text
            .strip_prefix("unet_")
            .and_then(|size| size.parse::<usize>().ok());
        let blocks = text
            .strip_prefix("resnet_")
            .and_then(|rest| rest.strip_suffix("blocks"));
        match (unet, blocks.and_then(|count| count.parse().ok())) {
            (Some(size), _) if size.is_power_of_two() && (32..=4096).contains(&size) => {
                Ok(Self::Unet {
                    num_downs: size.ilog2() as usize,
                })
            }
            (_, Some(num_blocks)) if num_blocks > 0 => Ok(Self::Resnet { num_blocks }),
            _ => Err(Error::Config {
                field: "architecture",
                message: format!(
                    "expected unet_256, unet_128, unet_64 (a power of two from 32 to 4096), \
                     resnet_9blocks or resnet_6blocks, found {text:?}"
                ),
            }),
        }
    }
}

impl TryFrom<String> for Architecture {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Architecture> for String {
    fn from(architecture: Architecture) -> Self {
        architecture.to_string()
    }
}

/// Config of a [`Generator`](super::Generator).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Shape of the network.
    pub architecture: Architecture,
    /// Channels of the condition: 3 for a picture, the number of classes for one-hot labels.
    pub input_channels: usize,
    /// Channels of the generated picture.
    pub output_channels: usize,
    /// Width of the first layer (`ngf`).
    pub base_channels: usize,
    /// Norm after the convolutions.
    pub norm: NormKind,
    /// Whether the network has its dropout layers. In a ResNet they change the state-dict keys.
    pub dropout: bool,
    /// What a U-Net's way up is trained as; a bundle's is always transposed, and says nothing of it.
    #[serde(default, skip_serializing_if = "Upsampling::is_transposed")]
    pub upsampling: Upsampling,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self {
            architecture: Architecture::UNET_256,
            input_channels: 3,
            output_channels: 3,
            base_channels: 64,
            norm: NormKind::Batch,
            dropout: true,
            upsampling: Upsampling::Transposed,
        }
    }
}

impl GeneratorConfig {
    /// Height and width of an input must be multiples of this.
    pub fn size_multiple(&self) -> usize {
        match self.architecture {
            Architecture::Unet { num_downs } => 1 << num_downs,
            Architecture::Resnet { .. } => 4,
        }
    }

    /// The least height and width of an input.
    ///
    /// A ResNet mirrors one pixel of the planes that its two halvings leave, which must have two.
    pub fn smallest_side(&self) -> usize {
        match self.architecture {
            Architecture::Unet { .. } => self.size_multiple(),
            Architecture::Resnet { .. } => 8,
        }
    }

    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        let positive = [
            ("input_channels", self.input_channels),
            ("output_channels", self.output_channels),
            ("base_channels", self.base_channels),
        ];
        if let Some((field, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(Error::Config {
                field,
                message: "expected at least 1, found 0".into(),
            });
        }
        match self.architecture {
            Architecture::Unet { num_downs } if !(5..=12).contains(&num_downs) => {
                Err(Error::Config {
                    field: "architecture",
                    message: format!("a U-Net has 5 to 12 downs, found {num_downs}"),
                })
            }
            Architecture::Resnet { num_blocks: 0 } => Err(Error::Config {
                field: "architecture",
                message: "a ResNet generator has at least one block, found 0".into(),
            }),
            Architecture::Resnet { .. } if !self.upsampling.is_transposed() => Err(Error::Config {
                field: "upsampling",
                message: format!(
                    "only a U-Net has {}, found {}",
                    self.upsampling, self.architecture
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Checks the size of an input.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] telling the multiple that height and width need.
    pub fn check_input(&self, shape: [usize; 4]) -> Result<()> {
        let [_, channels, height, width] = shape;
        let (multiple, smallest) = (self.size_multiple(), self.smallest_side());
        let fits = |side: usize| side >= smallest && side.is_multiple_of(multiple);
        if channels == self.input_channels && fits(height) && fits(width) {
            return Ok(());
        }
        let at_least = match smallest > multiple {
            true => format!(", at least {smallest}"),
            false => String::new(),
        };
        Err(Error::Shape {
            what: format!("input of {}", self.architecture),
            expected: format!(
                "[batch, {}, height, width] with height and width multiples of {multiple}{at_least}",
                self.input_channels,
            ),
            found: shape.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_architectures_are_those_of_the_original() {
        for name in [
            "unet_256",
            "unet_128",
            "unet_64",
            "resnet_9blocks",
            "resnet_6blocks",
        ] {
            assert_eq!(name.parse::<Architecture>().expect(name).to_string(), name);
        }
        for name in [
            "unet_100",
            "unet_16",
            "unet",
            "resnet_0blocks",
            "resnet9",
            "",
        ] {
            assert!(name.parse::<Architecture>().is_err(), "{name}");
        }
    }

    #[test]
    fn an_input_of_the_wrong_size_is_told_the_multiple() {
        let config = GeneratorConfig::default();
        assert!(config.check_input([1, 3, 256, 512]).is_ok());
        let error = config
            .check_input([1, 3, 250, 256])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("multiples of 256") && error.contains("250"),
            "{error}"
        );
    }
}
