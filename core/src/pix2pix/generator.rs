//! The generator, of either architecture.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{Architecture, GeneratorConfig, ResnetGenerator, UnetGenerator};
use crate::Result;
use crate::layers::Mode;

/// A pix2pix generator.
// Two variants of different size, one instance per program: boxing would buy nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Generator {
    /// With skip connections.
    Unet(UnetGenerator),
    /// With residual blocks.
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
                Generator::Resnet(ResnetGenerator::new(self, num_blocks, device))
            }
        })
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
