//! Config of the generators, with the paper's defaults.

use serde::{Deserialize, Serialize};

use crate::layers::NormKind;
use crate::{Error, Result};

/// Widths and sizes are powers of two of these: more would not fit any memory.
const MOST_HALVINGS: usize = 16;

/// Shape of a generator (`--netG`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Architecture {
    /// One network at full size (`global`).
    #[default]
    Global,
    /// A global network at a smaller size, and enhancers that each double it (`local`).
    Local {
        /// Number of enhancers (`n_local_enhancers`); 1 in the paper.
        num_enhancers: usize,
        /// Residual blocks of each enhancer (`n_blocks_local`); 3 in the paper.
        num_blocks: usize,
    },
}

impl Architecture {
    /// The paper's, for 2048×1024 pictures: one enhancer of three blocks.
    pub const LOCAL: Self = Self::Local {
        num_enhancers: 1,
        num_blocks: 3,
    };

    /// Number of enhancers.
    pub fn num_enhancers(self) -> usize {
        match self {
            Self::Global => 0,
            Self::Local { num_enhancers, .. } => num_enhancers,
        }
    }
}

/// Config of a [`Generator`](super::Generator).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Shape of the network.
    pub architecture: Architecture,
    /// Channels of classes or picture, edges and features together; see
    /// [`ConditionConfig`](super::ConditionConfig).
    pub input_channels: usize,
    /// Channels of the generated picture.
    pub output_channels: usize,
    /// Width at full size (`ngf`); 64 for the global network, 32 with an enhancer.
    pub base_channels: usize,
    /// Halvings of the global network (`n_downsample_global`).
    pub num_downs: usize,
    /// Residual blocks of the global network (`n_blocks_global`).
    pub num_blocks: usize,
    /// Norm after the convolutions, instance or batch. The convolutions have a bias with either.
    pub norm: NormKind,
}

impl Default for GeneratorConfig {
    /// The paper's global generator for Cityscapes.
    fn default() -> Self {
        Self {
            architecture: Architecture::Global,
            input_channels: 36,
            output_channels: 3,
            base_channels: 64,
            num_downs: 4,
            num_blocks: 9,
            norm: NormKind::Instance,
        }
    }
}

impl GeneratorConfig {
    /// Height and width of an input must be multiples of this.
    pub fn size_multiple(&self) -> usize {
        1 << (self.num_downs + self.architecture.num_enhancers())
    }

    /// The least height and width of an input: the blocks mirror one pixel of the smallest planes,
    /// which must have two, and the convolutions at the ends three of the global generator's.
    pub fn smallest_side(&self) -> usize {
        (2usize << self.num_downs).max(4) << self.architecture.num_enhancers()
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
        check_norm(self.norm)?;
        let enhancers = self.architecture.num_enhancers();
        if matches!(self.architecture, Architecture::Local { .. }) && enhancers == 0 {
            return Err(Error::Config {
                field: "num_enhancers",
                message: "a local generator has at least one enhancer, found 0".into(),
            });
        }
        check_halvings(self.num_downs.saturating_add(enhancers))
    }

    /// Checks the shape of an input.
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
        Err(Error::Shape {
            what: "input of the pix2pixHD generator".into(),
            expected: format!(
                "[batch, {}, height, width] with height and width multiples of {multiple}, at least \
                 {smallest}",
                self.input_channels
            ),
            found: shape.to_vec(),
        })
    }
}

/// Checks that no count is zero.
pub(super) fn check_positive(fields: &[(&'static str, usize)]) -> Result<()> {
    match fields.iter().find(|(_, value)| *value == 0) {
        None => Ok(()),
        Some((field, _)) => Err(Error::Config {
            field,
            message: "expected at least 1, found 0".into(),
        }),
    }
}

/// Without a norm a network would have the same keys as with instance norm; the original has none.
pub(super) fn check_norm(norm: NormKind) -> Result<()> {
    match norm {
        NormKind::Instance | NormKind::Batch => Ok(()),
        NormKind::None => Err(Error::Config {
            field: "norm",
            message: "expected instance or batch, found none".into(),
        }),
    }
}

/// Checks that sizes and widths stay numbers.
pub(super) fn check_halvings(halvings: usize) -> Result<()> {
    if halvings <= MOST_HALVINGS {
        return Ok(());
    }
    Err(Error::Config {
        field: "num_downs",
        message: format!(
            "expected at most {MOST_HALVINGS} halvings, with those of the enhancers, found {halvings}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_of_the_wrong_size_is_told_the_multiple() {
        let config = GeneratorConfig::default();
        assert!(config.check_input([1, 36, 512, 1024]).is_ok());
        let error = config
            .check_input([1, 36, 500, 1024])
            .unwrap_err()
            .to_string();
        assert!(error.contains("multiples of 16"), "{error}");
        let local = GeneratorConfig {
            architecture: Architecture::LOCAL,
            ..config
        };
        assert!(local.check_input([1, 36, 1040, 2048]).is_err());
        assert!(local.check_input([1, 36, 1024, 2048]).is_ok());
    }

    #[test]
    fn configs_that_describe_no_network_are_refused() {
        let refused = |config: GeneratorConfig| config.validate().unwrap_err().to_string();
        let default = GeneratorConfig::default;
        let none = GeneratorConfig {
            norm: NormKind::None,
            ..default()
        };
        assert!(refused(none).contains("norm"));
        let deep = GeneratorConfig {
            num_downs: usize::MAX,
            ..default()
        };
        assert!(refused(deep).contains("halvings"));
        let empty = Architecture::Local {
            num_enhancers: 0,
            num_blocks: 3,
        };
        let empty = GeneratorConfig {
            architecture: empty,
            ..default()
        };
        assert!(refused(empty).contains("num_enhancers"));
    }

    #[test]
    fn a_config_survives_json_and_unknown_fields_do_not() {
        let config = GeneratorConfig {
            architecture: Architecture::LOCAL,
            ..Default::default()
        };
        let text = serde_json::to_string(&config).expect("JSON");
        assert_eq!(
            serde_json::from_str::<GeneratorConfig>(&text).expect("a config"),
            config
        );
        let text = text.replace("num_downs", "n_downs");
        assert!(serde_json::from_str::<GeneratorConfig>(&text).is_err());
    }
}
