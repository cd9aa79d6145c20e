//! The generator, of either architecture.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{Architecture, GeneratorConfig, UnetGenerator};
use crate::Result;
use crate::layers::{Mode, ResnetGenerator, ResnetShape};

/// A pix2pix generator.
// Two variants of different size, one instance per program: boxing would buy nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Generator {
    /// With skip connections.
    Unet(UnetGenerator),
    /// With residual blocks: two halvings, two doublings (spec 2.2).
    Resnet(ResnetGenerator),
}

impl GeneratorConfig {
    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<Generator> {
        self.validate()?;
        Ok(match self.architecture {
            Architecture::Unet { num_downs } => {
                Generator::Unet(UnetGenerator::new(self, num_downs, device))
            }
            Architecture::Resnet { num_blocks } => {
                Generator::Resnet(self.resnet(num_blocks, device))
            }
        })
    }

    fn resnet(&self, num_blocks: usize, device: &Device) -> ResnetGenerator {
        let shape = ResnetShape {
            input_channels: self.input_channels,
            base_channels: self.base_channels,
            num_downs: 2,
            num_blocks,
            norm: self.norm,
            bias: self.norm.conv_bias(),
            spectral: false,
            dropout: self.dropout,
        };
        shape.generator(self.output_channels, device)
    }
}

impl Generator {
    /// Generates pictures.
    ///
    /// # Shapes
    ///
    /// - `condition`: `[batch, input_channels, height, width]`, pictures in `[-1, 1]` or one-hot
    ///   labels; height and width as [`GeneratorConfig::check_input`] allows
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
    pub fn forward(&self, condition: Tensor<4>, mode: Mode) -> Tensor<4> {
        match self {
            Self::Unet(unet) => unet.forward(condition, mode),
            Self::Resnet(resnet) => resnet.forward(condition, mode),
        }
    }
}
