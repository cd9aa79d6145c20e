//! Config of the generators, with the paper's defaults.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ConvNorm, SpadeNormConfig};
use crate::{Error, Result};

/// How many times the generator doubles the size, the original's `--num_upsampling_layers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upsampling {
    /// Five times: 8 pixels to 256.
    #[default]
    Normal,
    /// Six times, with the blocks of `normal`.
    More,
    /// Seven times, with a block more than `more`.
    Most,
}

impl Upsampling {
    /// Number of doublings.
    pub fn doublings(self) -> usize {
        match self {
            Self::Normal => 5,
            Self::More => 6,
            Self::Most => 7,
        }
    }
}

impl fmt::Display for Upsampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normal => "normal",
            Self::More => "more",
            Self::Most => "most",
        })
    }
}

impl FromStr for Upsampling {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "normal" => Ok(Self::Normal),
            "more" => Ok(Self::More),
            "most" => Ok(Self::Most),
            _ => Err(Error::Config {
                field: "upsampling",
                message: format!("expected normal, more or most, found {text:?}"),
            }),
        }
    }
}

/// Shape of a generator, the original's `--netG`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Architecture {
    /// `spade`: modulated residual blocks between doublings.
    Spade(SpadeArchitecture),
    /// `pix2pixhd`: pix2pixHD's global generator under this family's norms.
    Pix2pixHd(ResnetArchitecture),
}

/// What distinguishes SPADE generators.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpadeArchitecture {
    /// Norms and spectral normalisation (`norm_G`).
    pub norm: SpadeNormConfig,
    /// Number of doublings.
    pub upsampling: Upsampling,
    /// Width of the pictures in pixels (`crop_size`).
    pub crop_size: usize,
    /// Width of the pictures over their height.
    pub aspect_ratio: f64,
    /// Length of the latent (`z_dim`) that the generator starts from (`use_vae`); without one it
    /// starts from the segmentation.
    pub latent_channels: Option<usize>,
}

impl Default for SpadeArchitecture {
    fn default() -> Self {
        Self {
            norm: SpadeNormConfig::default(),
            upsampling: Upsampling::Normal,
            crop_size: 256,
            aspect_ratio: 1.0,
            latent_channels: None,
        }
    }
}

impl SpadeArchitecture {
    /// Height and width that the generator starts from; Python's rounding (to even).
    pub fn base_size(&self) -> [usize; 2] {
        let width = self.crop_size >> self.upsampling.doublings();
        let height = (width as f64 / self.aspect_ratio).round_ties_even();
        [height as usize, width]
    }

    /// Height and width of the pictures of the config's crop size.
    pub fn output_size(&self) -> [usize; 2] {
        self.base_size().map(|n| n << self.upsampling.doublings())
    }
}

/// What distinguishes the `pix2pixhd` generators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResnetArchitecture {
    /// Spectral normalisation and norm of the convolutions (`norm_G`).
    pub norm: ConvNorm,
    /// Halvings before the residual blocks (`resnet_n_downsample`).
    pub num_downs: usize,
    /// Residual blocks (`resnet_n_blocks`).
    pub num_blocks: usize,
    /// Side of their kernels (`resnet_kernel_size`); odd.
    pub block_kernel: usize,
    /// Side of the first kernel (`resnet_initial_kernel_size`); odd.
    pub first_kernel: usize,
}

impl Default for ResnetArchitecture {
    fn default() -> Self {
        Self {
            norm: ConvNorm {
                spectral: false,
                ..ConvNorm::default()
            },
            num_downs: 4,
            num_blocks: 9,
            block_kernel: 3,
            first_kernel: 7,
        }
    }
}

/// Config of a [`Generator`](super::Generator).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Shape of the network.
    pub architecture: Architecture,
    /// Channels of the segmentation: see [`SemanticLayout`](crate::label::SemanticLayout).
    pub input_channels: usize,
    /// Channels of the generated picture.
    pub output_channels: usize,
    /// Width of the last block (`ngf`).
    pub base_channels: usize,
}

impl Default for GeneratorConfig {
    /// The paper's, for COCO-Stuff.
    fn default() -> Self {
        Self {
            architecture: Architecture::Spade(SpadeArchitecture::default()),
            input_channels: 184,
            output_channels: 3,
            base_channels: 64,
        }
    }
}

impl GeneratorConfig {
    /// Height and width of an input must be multiples of this.
    pub fn size_multiple(&self) -> usize {
        match self.architecture {
            Architecture::Spade(spade) => 1 << spade.upsampling.doublings(),
            Architecture::Pix2pixHd(resnet) => 1 << resnet.num_downs,
        }
    }

    /// Length of the latent that [`forward`](super::Generator::forward) needs, where it needs one.
    pub fn latent_channels(&self) -> Option<usize> {
        match self.architecture {
            Architecture::Spade(spade) => spade.latent_channels,
            Architecture::Pix2pixHd(_) => None,
        }
    }

    /// The only height and width that the generator makes, where it is not free to make others: the
    /// layer after a latent is of one size.
    pub fn fixed_size(&self) -> Option<[usize; 2]> {
        match self.architecture {
            Architecture::Spade(spade) => spade.latent_channels.map(|_| spade.output_size()),
            Architecture::Pix2pixHd(_) => None,
        }
    }

    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        check_positive(&[
            ("input_channels", self.input_channels),
            ("output_channels", self.output_channels),
            ("base_channels", self.base_channels),
        ])?;
        match &self.architecture {
            Architecture::Spade(spade) => spade.validate(self.base_channels),
            Architecture::Pix2pixHd(resnet) => resnet.validate(),
        }
    }

    /// The least height and width of an input: a mirrored border of the smallest planes, or of the
    /// input, needs more pixels than it has.
    pub fn smallest_side(&self) -> usize {
        let multiple = self.size_multiple();
        match self.architecture {
            Architecture::Spade(_) => multiple,
            Architecture::Pix2pixHd(resnet) => {
                (multiple * (resnet.block_kernel / 2 + 1)).max(resnet.first_kernel / 2 + 1)
            }
        }
    }

    /// Checks the size of an input.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] telling the size, or the multiple that height and width need.
    pub fn check_input(&self, shape: [usize; 4]) -> Result<()> {
        let [_, channels, height, width] = shape;
        let (multiple, smallest) = (self.size_multiple(), self.smallest_side());
        let free = |n: usize| n >= smallest && n.is_multiple_of(multiple);
        let (fits, size) = match self.fixed_size() {
            Some(size) => (
                size == [height, width],
                format!("{}, {}] (its latent fixes the size)", size[0], size[1]),
            ),
            None => (
                free(height) && free(width),
                format!(
                    "height, width] with height and width multiples of {multiple}, at least {smallest}"
                ),
            ),
        };
        if fits && channels == self.input_channels {
            return Ok(());
        }
        Err(Error::Shape {
            what: "input of the SPADE generator".into(),
            expected: format!("[batch, {}, {size}", self.input_channels),
            found: shape.to_vec(),
        })
    }
}

impl SpadeArchitecture {
    fn validate(&self, base_channels: usize) -> Result<()> {
        let problem = |field, message| Err(Error::Config { field, message });
        if self.upsampling == Upsampling::Most && base_channels < 2 {
            return problem(
                "base_channels",
                "the last block of `most` has half as many: expected at least 2, found 1".into(),
            );
        }
        if self.norm.kernel.is_multiple_of(2) {
            return problem(
                "norm",
                format!("expected an odd kernel, found {}", self.norm),
            );
        }
        if self.latent_channels == Some(0) {
            return problem("latent_channels", "expected at least 1, found 0".into());
        }
        if !(self.aspect_ratio.is_finite() && self.aspect_ratio > 0.0) {
            return problem(
                "aspect_ratio",
                format!("expected a number above 0, found {}", self.aspect_ratio),
            );
        }
        let [height, width] = self.base_size();
        if height == 0 || width == 0 {
            return problem(
                "crop_size",
                format!(
                    "`{}` doubles {} times: expected at least {} pixels on both sides, found a crop \
                     size of {} at an aspect ratio of {}",
                    self.upsampling,
                    self.upsampling.doublings(),
                    1 << self.upsampling.doublings(),
                    self.crop_size,
                    self.aspect_ratio
                ),
            );
        }
        Ok(())
    }
}

impl ResnetArchitecture {
    fn validate(&self) -> Result<()> {
        check_positive(&[("num_blocks", self.num_blocks)])?;
        if self.num_downs > 12 {
            return Err(Error::Config {
                field: "num_downs",
                message: format!("expected at most 12, found {}", self.num_downs),
            });
        }
        let kernels = [
            ("block_kernel", self.block_kernel),
            ("first_kernel", self.first_kernel),
        ];
        match kernels.into_iter().find(|(_, kernel)| kernel % 2 == 0) {
            Some((field, kernel)) => Err(Error::Config {
                field,
                message: format!("expected an odd number, found {kernel}"),
            }),
            None => Ok(()),
        }
    }
}

/// Checks that none of the named fields is zero.
pub(super) fn check_positive(fields: &[(&'static str, usize)]) -> Result<()> {
    match fields.iter().find(|(_, value)| *value == 0) {
        Some((field, _)) => Err(Error::Config {
            field,
            message: "expected at least 1, found 0".into(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spade(upsampling: Upsampling, crop_size: usize, aspect_ratio: f64) -> SpadeArchitecture {
        SpadeArchitecture {
            upsampling,
            crop_size,
            aspect_ratio,
            ..SpadeArchitecture::default()
        }
    }

    fn config(architecture: SpadeArchitecture) -> GeneratorConfig {
        GeneratorConfig {
            architecture: Architecture::Spade(architecture),
            ..GeneratorConfig::default()
        }
    }

    #[test]
    fn base_sizes_are_those_of_spec_9_2() {
        assert_eq!(spade(Upsampling::Normal, 256, 1.0).base_size(), [8, 8]);
        assert_eq!(spade(Upsampling::More, 512, 2.0).base_size(), [4, 8]);
        assert_eq!(spade(Upsampling::More, 512, 2.0).output_size(), [256, 512]);
        assert_eq!(spade(Upsampling::Most, 512, 1.0).base_size(), [4, 4]);
        // Ties round to even: 3 / 2 to 2, 5 / 2 to 2.
        assert_eq!(spade(Upsampling::Normal, 96, 2.0).base_size(), [2, 3]);
        assert_eq!(spade(Upsampling::Normal, 160, 2.0).base_size(), [2, 5]);
    }

    #[test]
    fn an_input_of_the_wrong_size_is_told_the_multiple_or_the_size() {
        let free = config(spade(Upsampling::More, 256, 1.0));
        assert!(free.check_input([1, 184, 64, 1024]).is_ok());
        let error = |config: &GeneratorConfig, shape| {
            let error = config.check_input(shape).unwrap_err();
            error.to_string()
        };
        assert!(error(&free, [1, 184, 96, 128]).contains("multiples of 64"));
        assert!(error(&free, [1, 183, 64, 64]).contains("[batch, 184, "));
        let fixed = config(SpadeArchitecture {
            latent_channels: Some(256),
            ..spade(Upsampling::Normal, 256, 2.0)
        });
        assert!(fixed.check_input([1, 184, 128, 256]).is_ok());
        assert!(error(&fixed, [1, 184, 256, 256]).contains("[batch, 184, 128, 256]"));
    }

    #[test]
    fn what_cannot_be_built_is_named() {
        let error = |config: GeneratorConfig| config.validate().unwrap_err().to_string();
        let small = config(spade(Upsampling::Most, 64, 1.0));
        assert!(error(small).contains("at least 128 pixels"));
        let narrow = GeneratorConfig {
            base_channels: 1,
            ..config(spade(Upsampling::Most, 128, 1.0))
        };
        assert!(error(narrow).starts_with("base_channels"));
        assert!(error(config(spade(Upsampling::Normal, 64, f64::NAN))).starts_with("aspect_ratio"));
    }

    #[test]
    fn a_config_survives_json_and_unknown_fields_do_not() {
        let json = serde_json::to_string(&GeneratorConfig::default()).expect("json");
        assert!(
            json.contains("\"kind\":\"spade\",\"norm\":\"spectralspadesyncbatch3x3\""),
            "{json}"
        );
        let back: GeneratorConfig = serde_json::from_str(&json).expect("a config");
        assert_eq!(back, GeneratorConfig::default());
        let typo = json.replace("crop_size", "cropsize");
        assert!(serde_json::from_str::<GeneratorConfig>(&typo).is_err());
    }
}
