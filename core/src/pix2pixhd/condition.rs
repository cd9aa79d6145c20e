//! What the networks see of a label map or a picture, of its instances, and of features.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::label::{SemanticLayout, edges_from_instances};
use crate::{Error, Result};

/// What a generator translates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum InputKind {
    /// Label maps of this many classes (`label_nc`).
    Labels {
        /// Number of classes.
        num_classes: usize,
    },
    /// Pictures (`label_nc 0`).
    Picture {
        /// Channels of the picture (`input_nc`).
        channels: usize,
    },
}

/// Which channels a generator and a discriminator get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionConfig {
    /// What is translated.
    pub input: InputKind,
    /// Whether a channel marks edges between instances (not `no_instance`).
    pub edges: bool,
    /// Feature channels (`feat_num`), for the generator alone; 0 without `instance_feat` and
    /// `label_feat`.
    pub feature_channels: usize,
}

impl Default for ConditionConfig {
    /// Cityscapes: 35 classes and edges, no features.
    fn default() -> Self {
        Self {
            input: InputKind::Labels { num_classes: 35 },
            edges: true,
            feature_channels: 0,
        }
    }
}

/// A batch of what is translated.
#[derive(Debug, Clone)]
pub enum Input {
    /// Ids, `[batch, 1, height, width]`.
    Labels(Tensor<4, Int>),
    /// `[batch, channels, height, width]` in `[-1, 1]`.
    Picture(Tensor<4>),
}

impl ConditionConfig {
    /// Channels without features.
    pub fn channels(&self) -> usize {
        let input = match self.input {
            InputKind::Labels { num_classes } => num_classes,
            InputKind::Picture { channels } => channels,
        };
        input + usize::from(self.edges)
    }

    /// Channels that a generator gets.
    pub fn generator_channels(&self) -> usize {
        self.channels() + self.feature_channels
    }

    /// Channels that a discriminator gets beside a picture: features are not among them.
    pub fn discriminator_channels(&self, output_channels: usize) -> usize {
        self.channels() + output_channels
    }

    /// Classes or picture first, then edges, on the device.
    ///
    /// # Shapes
    ///
    /// - `input`: a label outside the classes leaves its pixel without one
    /// - `instance_map`: `[batch, 1, height, width]`, any ids; only needed for edges
    /// - result: `[batch, channels(), height, width]`
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the input is of the other kind, or if edges are wanted and there are no
    /// instances.
    ///
    /// Source: pix2pixHD `encode_input` (spec 3.1).
    pub fn encode(&self, input: Input, instance_map: Option<Tensor<4, Int>>) -> Result<Tensor<4>> {
        match (self.input, input) {
            (InputKind::Labels { num_classes }, Input::Labels(label_map)) => {
                let layout = SemanticLayout {
                    num_classes,
                    dont_care: false,
                    edges: self.edges,
                };
                layout.encode(label_map, instance_map)
            }
            (InputKind::Picture { .. }, Input::Picture(picture)) => {
                match (self.edges, instance_map) {
                    (false, _) => Ok(picture),
                    (true, Some(instances)) => {
                        let edges = edges_from_instances(instances);
                        Ok(Tensor::cat(vec![picture, edges], 1))
                    }
                    (true, None) => Err(Error::Input(
                        "this model marks edges between instances: expected an instance map beside \
                         every picture, found none"
                            .into(),
                    )),
                }
            }
            (InputKind::Labels { .. }, Input::Picture(_)) => Err(Error::Input(
                "this model takes label maps, found a picture".into(),
            )),
            (InputKind::Picture { .. }, Input::Labels(_)) => Err(Error::Input(
                "this model takes pictures, found a label map".into(),
            )),
        }
    }
}

/// What a generator gets: the condition, then features where the model has them.
///
/// # Shapes
///
/// - `condition`: `[batch, channels(), height, width]`
/// - `features`: `[batch, feature_channels, height, width]`
/// - result: `[batch, generator_channels(), height, width]`
pub fn generator_input(condition: Tensor<4>, features: Option<Tensor<4>>) -> Tensor<4> {
    match features {
        None => condition,
        Some(features) => Tensor::cat(vec![condition, features], 1),
    }
}

/// What a discriminator gets: the condition, then the picture.
///
/// # Shapes
///
/// - `condition`: `[batch, channels(), height, width]`
/// - `picture`: `[batch, output_channels, height, width]` in `[-1, 1]`
/// - result: `[batch, discriminator_channels(output_channels), height, width]`
pub fn discriminator_input(condition: Tensor<4>, picture: Tensor<4>) -> Tensor<4> {
    Tensor::cat(vec![condition, picture], 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn map(ids: [i32; 3]) -> Tensor<4, Int> {
        Tensor::<1, Int>::from_data(ids, &Device::flex()).reshape([1, 1, 1, 3])
    }

    #[test]
    fn cityscapes_has_the_channels_of_spec_3_1() {
        let config = ConditionConfig::default();
        assert_eq!(config.generator_channels(), 36);
        assert_eq!(config.discriminator_channels(3), 39);
        let features = ConditionConfig {
            feature_channels: 3,
            ..config
        };
        assert_eq!(features.generator_channels(), 39);
        assert_eq!(features.discriminator_channels(3), 39);
    }

    #[test]
    fn a_picture_keeps_its_channels_and_edges_follow_it() {
        let config = ConditionConfig {
            input: InputKind::Picture { channels: 1 },
            edges: true,
            feature_channels: 0,
        };
        let picture = Tensor::<4>::from_data([[[[0.5f32, -1.0, 0.25]]]], &Device::flex());
        let input = || Input::Picture(picture.clone());
        let encoded = config.encode(input(), Some(map([4, 4, 8]))).expect("both");
        let expected = [0.5f32, -1.0, 0.25, 0.0, 1.0, 1.0];
        assert_eq!(
            encoded.into_data().iter::<f32>().collect::<Vec<_>>(),
            expected
        );
        assert!(config.encode(input(), None).is_err());
        assert!(config.encode(Input::Labels(map([0; 3])), None).is_err());
    }
}
