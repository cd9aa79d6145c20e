//! pix2pixHD and SPADE, which learn from label maps.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde_json::{Value, json};
use underpaint_core::label::SemanticLayout;
use underpaint_core::layers::Mode;
use underpaint_core::ops::Precision;
use underpaint_core::state_dict::{StateDict, state_dict};
use underpaint_core::{pix2pixhd, spade};

use super::{Size, Subject, entry, pictures};
use crate::family::pix2pixhd::{Batch, Features, Pix2pixHd, Pix2pixHdTrainConfig};
use crate::family::spade::{Spade, SpadeTrainConfig};
use crate::family::{Family, Losses, Moment};

/// Classes of Cityscapes, and a channel of edges.
const LAYOUT: SemanticLayout = SemanticLayout {
    num_classes: 35,
    dont_care: false,
    edges: true,
};
const LEARNING_RATE: f64 = 2e-4;
/// Side of the areas of one class, in pixels.
const AREA: usize = 16;

/// Square areas of one class each, and of an instance each.
fn condition([batch, height, width]: [usize; 3], device: &Device) -> Result<Tensor<4>> {
    let area = |pixel: usize| {
        let (column, row) = (pixel % width / AREA, pixel / width / AREA);
        (row * width.div_ceil(AREA) + column) as i64
    };
    let instances: Vec<i64> = (0..batch * height * width).map(area).collect();
    let class = |area: &i64| area * 11 % LAYOUT.num_classes as i64;
    let labels: Vec<i64> = instances.iter().map(class).collect();
    let shape = [batch, 1, height, width];
    let map = |ids| Tensor::<4, Int>::from_data(TensorData::new(ids, shape), device);
    Ok(LAYOUT.encode(map(labels), Some(map(instances)))?)
}

/// pix2pixHD and its batch.
pub struct Pix2pixHdSubject {
    family: Pix2pixHd,
    batch: Batch,
    width: usize,
}

impl Pix2pixHdSubject {
    /// Draws networks and batch.
    ///
    /// # Errors
    ///
    /// If the size does not fit the networks.
    pub fn new(size: Size, device: &Device) -> Result<Self> {
        let mut config = Pix2pixHdTrainConfig::default();
        config.generator.base_channels = size.width;
        config.discriminator.base_channels = size.width;
        let training = device.clone().autodiff();
        let (height, width) = (size.height, 2 * size.height);
        let condition = condition([size.batch, height, width], &training)?;
        config.generator.check_input(condition.dims())?;
        Ok(Self {
            batch: Batch {
                condition,
                features: Features::None,
                real: pictures(2, [size.batch, 3, height, width], &training),
            },
            family: Pix2pixHd::new(config, device)?,
            width: size.width,
        })
    }
}

impl Subject for Pix2pixHdSubject {
    fn step(&mut self, number: u64) -> Result<Losses> {
        let moment = Moment {
            step: number,
            epoch: 1,
            learning_rate: LEARNING_RATE,
        };
        Ok(self.family.step_tensors(self.batch.clone(), moment)?.losses)
    }

    fn set_precision(&mut self, precision: Precision) {
        self.family.set_precision(precision);
    }

    fn generate(&self) -> Tensor<4> {
        let generator = self.family.generator().valid();
        let condition = self.batch.condition.clone().without_autodiff();
        generator.forward(pix2pixhd::generator_input(condition, None), Mode::EVAL)
    }

    fn networks(&self) -> [StateDict; 2] {
        [
            state_dict(self.family.generator()),
            state_dict(self.family.discriminator()),
        ]
    }

    fn batch(&self) -> StateDict {
        StateDict::from([
            entry("condition", &self.batch.condition),
            entry("real", &self.batch.real),
        ])
    }

    fn describe(&self) -> Value {
        json!({"family": "pix2pixhd", "width": self.width})
    }
}

/// SPADE and its batch.
pub struct SpadeSubject {
    family: Spade,
    condition: Tensor<4>,
    real: Tensor<4>,
    width: usize,
}

impl SpadeSubject {
    /// Draws networks and batch.
    ///
    /// # Errors
    ///
    /// If the size does not fit the networks.
    pub fn new(size: Size, device: &Device) -> Result<Self> {
        let training = device.clone().autodiff();
        let condition = condition([size.batch, size.height, size.height], &training)?;
        let shape = [size.batch, 3, size.height, size.height];
        Ok(Self {
            family: Spade::new(spade_config(size), device)?,
            condition,
            real: pictures(2, shape, &training),
            width: size.width,
        })
    }
}

fn spade_config(size: Size) -> SpadeTrainConfig {
    let architecture = spade::SpadeArchitecture {
        crop_size: size.height,
        ..spade::SpadeArchitecture::default()
    };
    SpadeTrainConfig {
        semantics: LAYOUT,
        generator: spade::GeneratorConfig {
            architecture: spade::Architecture::Spade(architecture),
            input_channels: LAYOUT.channels(),
            output_channels: 3,
            base_channels: size.width,
        },
        discriminator: spade::DiscriminatorConfig {
            input_channels: LAYOUT.channels() + 3,
            base_channels: size.width,
            ..spade::DiscriminatorConfig::default()
        },
        ..SpadeTrainConfig::default()
    }
}

impl Subject for SpadeSubject {
    fn step(&mut self, number: u64) -> Result<Losses> {
        let (condition, real) = (self.condition.clone(), self.real.clone());
        let step = self
            .family
            .step_tensors(condition, real, None, LEARNING_RATE, number)?;
        Ok(step.losses)
    }

    fn set_precision(&mut self, precision: Precision) {
        self.family.set_precision(precision);
    }

    fn generate(&self) -> Tensor<4> {
        let generator = self.family.generator().valid();
        let condition = self.condition.clone().without_autodiff();
        generator.forward(condition, None, Mode::EVAL)
    }

    fn networks(&self) -> [StateDict; 2] {
        [
            state_dict(self.family.generator()),
            state_dict(self.family.discriminator()),
        ]
    }

    fn batch(&self) -> StateDict {
        StateDict::from([
            entry("condition", &self.condition),
            entry("real", &self.real),
        ])
    }

    fn describe(&self) -> Value {
        json!({"family": "spade", "width": self.width})
    }
}
