//! The encoder that reads a feature off every instance of a picture.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::config::{check_halvings, check_norm, check_positive};
use crate::label::{Instances, instance_average};
use crate::layers::{Mode, NormKind, ResnetGenerator, ResnetShape};
use crate::{Error, Result};

/// Config of an [`Encoder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// Channels of the picture (`output_nc`).
    pub image_channels: usize,
    /// Channels of the features (`feat_num`).
    pub feature_channels: usize,
    /// Width at full size (`nef`).
    pub base_channels: usize,
    /// Number of halvings (`n_downsample_E`).
    pub num_downs: usize,
    /// Norm after the convolutions, instance or batch.
    pub norm: NormKind,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            image_channels: 3,
            feature_channels: 3,
            base_channels: 16,
            num_downs: 4,
            norm: NormKind::Instance,
        }
    }
}

/// A network of the generator's kind without residual blocks, and averages over instances.
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), section 3.4; spec 3.5.
#[derive(Module, Debug)]
pub struct Encoder {
    /// From the picture to one feature per pixel.
    pub network: ResnetGenerator,
}

impl EncoderConfig {
    /// Height and width of a picture must be multiples of this.
    pub fn size_multiple(&self) -> usize {
        1 << self.num_downs
    }

    /// The least height and width of a picture: the convolutions at the ends mirror three pixels.
    pub fn smallest_side(&self) -> usize {
        self.size_multiple().max(4)
    }

    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        check_positive(&[
            ("image_channels", self.image_channels),
            ("feature_channels", self.feature_channels),
            ("base_channels", self.base_channels),
        ])?;
        check_norm(self.norm)?;
        check_halvings(self.num_downs)
    }

    /// Checks the shape of a picture.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] telling the multiple that height and width need.
    pub fn check_input(&self, shape: [usize; 4]) -> Result<()> {
        let [_, channels, height, width] = shape;
        let (multiple, smallest) = (self.size_multiple(), self.smallest_side());
        let fits = |side: usize| side >= smallest && side.is_multiple_of(multiple);
        if channels == self.image_channels && fits(height) && fits(width) {
            return Ok(());
        }
        Err(Error::Shape {
            what: "picture for the feature encoder".into(),
            expected: format!(
                "[batch, {}, height, width] with height and width multiples of {multiple}, at \
                 least 4",
                self.image_channels
            ),
            found: shape.to_vec(),
        })
    }

    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<Encoder> {
        self.validate()?;
        let shape = ResnetShape {
            input_channels: self.image_channels,
            base_channels: self.base_channels,
            num_downs: self.num_downs,
            num_blocks: 0,
            norm: self.norm,
            bias: true,
            spectral: false,
            dropout: false,
        };
        Ok(Encoder {
            network: shape.generator(self.feature_channels, device),
        })
    }
}

impl Encoder {
    /// One feature for every instance, painted over it.
    ///
    /// # Shapes
    ///
    /// - `image`: `[batch, image_channels, height, width]` in `[-1, 1]`, sizes as
    ///   [`EncoderConfig::check_input`] allows
    /// - `instances`: of the same batch and size; the label map for `label_feat`
    /// - result: `[batch, feature_channels, height, width]` in `[-1, 1]`
    pub fn forward(&self, image: Tensor<4>, instances: &Instances, mode: Mode) -> Tensor<4> {
        instance_average(self.pixel_features(image, mode), instances)
    }

    /// One feature for every pixel, before the averages.
    ///
    /// # Shapes
    ///
    /// As [`forward`](Self::forward).
    pub fn pixel_features(&self, image: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.network.forward(image, mode)
    }
}
