//! pix2pix.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde_json::{Value, json};
use underpaint_core::layers::{Dropout, Mode, NormKind, NormStatistics, WeightInit};
use underpaint_core::loss::GanMode;
use underpaint_core::ops::Precision;
use underpaint_core::pix2pix::{Architecture, DiscriminatorKind, GeneratorConfig};
use underpaint_core::state_dict::{StateDict, state_dict};

use super::{Size, Subject, entry, pictures};
use crate::family::pix2pix::{Pix2pix, Pix2pixConfig};
use crate::family::{Family, Losses};
use crate::optimiser::AdamConfig;

/// Channels of conditions and of pictures.
const CHANNELS: usize = 3;

/// pix2pix and its batch.
pub struct Pix2pixSubject {
    family: Pix2pix,
    condition: Tensor<4>,
    real: Tensor<4>,
    width: usize,
}

impl Pix2pixSubject {
    /// Draws networks and batch.
    ///
    /// # Errors
    ///
    /// If the size does not fit the networks.
    pub fn new(size: Size, device: &Device) -> Result<Self> {
        let config = config(size.width);
        let shape = [size.batch, CHANNELS, size.height, size.height];
        config.generator.check_input(shape)?;
        let family = Pix2pix::new(config, device)?;
        let training = device.clone().autodiff();
        let [condition, real] = [1, 2].map(|seed| pictures(seed, shape, &training));
        Ok(Self {
            family,
            condition,
            real,
            width: size.width,
        })
    }
}

fn config(width: usize) -> Pix2pixConfig {
    Pix2pixConfig {
        generator: GeneratorConfig {
            architecture: Architecture::Unet { num_downs: 8 },
            input_channels: CHANNELS,
            output_channels: CHANNELS,
            base_channels: width,
            norm: NormKind::Batch,
            dropout: false,
            ..GeneratorConfig::default()
        },
        discriminator: DiscriminatorKind::Basic.config(2 * CHANNELS, width, 3, NormKind::Batch),
        gan_mode: GanMode::Vanilla,
        l1_weight: 100.0,
        pool_size: 0,
        adam: AdamConfig {
            beta1: 0.5,
            beta2: 0.999,
        },
        init: WeightInit::default(),
        seed: 0,
    }
}

impl Subject for Pix2pixSubject {
    fn step(&mut self, number: u64) -> Result<Losses> {
        let (condition, real) = (self.condition.clone(), self.real.clone());
        let step = self.family.step_tensors(condition, real, 2e-4, number)?;
        Ok(step.losses)
    }

    fn set_precision(&mut self, precision: Precision) {
        self.family.set_precision(precision);
    }

    /// With batch statistics, as the original does at test time.
    fn generate(&self) -> Tensor<4> {
        let mode = Mode {
            statistics: NormStatistics::Train,
            dropout: Dropout::Off,
        };
        let generator = self.family.generator().valid();
        generator.forward(self.condition.clone().without_autodiff(), mode)
    }

    fn networks(&self) -> [StateDict; 2] {
        [
            state_dict(self.family.generator()),
            state_dict(self.family.discriminator()),
        ]
    }

    fn batch(&self) -> StateDict {
        StateDict::from([entry("A", &self.condition), entry("B", &self.real)])
    }

    fn describe(&self) -> Value {
        json!({"family": "pix2pix", "width": self.width})
    }
}
