//! The Progressive GAN.

use anyhow::{Result, anyhow};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde_json::{Value, json};
use underpaint_core::ops::Precision;
use underpaint_core::pgan::{DiscriminatorConfig, GeneratorConfig, Growth, resolution};
use underpaint_core::state_dict::{StateDict, state_dict};

use super::{Size, Subject, entry, pictures};
use crate::family::pgan::{Draws, Pgan, PganTrainConfig};
use crate::family::{Family, Losses};

/// Nothing fades.
const ALPHA: f64 = 0.0;
const LEARNING_RATE: f64 = 1e-3;
/// What the paper's channels are relative to.
const FULL_WIDTH: usize = 512;

/// The Progressive GAN and its batch; every step has the same draws.
pub struct PganSubject {
    family: Pgan,
    real: Tensor<4>,
    draws: Draws,
    depths: Vec<usize>,
    latent: usize,
}

impl PganSubject {
    /// Draws networks and batch.
    ///
    /// # Errors
    ///
    /// If the size is none of the scales'.
    pub fn new(size: Size, device: &Device) -> Result<Self> {
        let depths = depths(size)?;
        let generator = GeneratorConfig {
            latent_dim: size.width,
            depths: depths.clone(),
            ..GeneratorConfig::default()
        };
        let config = PganTrainConfig {
            discriminator: DiscriminatorConfig {
                depths: depths.clone(),
                ..DiscriminatorConfig::default()
            },
            growth: Growth {
                first_scale: depths.len() - 1,
                ..Growth::default()
            },
            generator: generator.clone(),
            ..PganTrainConfig::default()
        };
        let training = device.clone().autodiff();
        let shape = [size.batch, 3, size.height, size.height];
        Ok(Self {
            family: Pgan::new(config, device)?,
            real: pictures(2, shape, &training),
            draws: Draws::new(&generator, &[], size.batch, 1, &training),
            depths,
            latent: generator.latent_dim,
        })
    }
}

/// The paper's channels of every scale up to the size, at the share that the width is of 512.
fn depths(size: Size) -> Result<Vec<usize>> {
    let paper = GeneratorConfig::default().depths;
    let last = (0..paper.len()).find(|&scale| resolution(scale) == size.height);
    let last = last.ok_or_else(|| {
        let (largest, found) = (resolution(paper.len() - 1), size.height);
        anyhow!("expected pictures of 4, 8, 16, … or {largest} pixels, found {found}")
    })?;
    let depth = |depth: &usize| (depth * size.width / FULL_WIDTH).max(1);
    Ok(paper[..=last].iter().map(depth).collect())
}

impl Subject for PganSubject {
    fn step(&mut self, _: u64) -> Result<Losses> {
        let (real, draws) = (self.real.clone(), self.draws.clone());
        let step = self
            .family
            .step_tensors(real, None, draws, ALPHA, LEARNING_RATE)?;
        Ok(step.losses)
    }

    fn set_precision(&mut self, precision: Precision) {
        self.family.set_precision(precision);
    }

    fn generate(&self) -> Tensor<4> {
        let latents = self.draws.generator_latents.clone().without_autodiff();
        self.family.generator().valid().forward(latents, ALPHA)
    }

    fn networks(&self) -> [StateDict; 2] {
        [
            state_dict(self.family.generator()),
            state_dict(self.family.discriminator()),
        ]
    }

    fn batch(&self) -> StateDict {
        StateDict::from([
            entry("real", &self.real),
            entry("discriminator_latents", &self.draws.discriminator_latents),
            entry("generator_latents", &self.draws.generator_latents),
            entry("share", &self.draws.share),
        ])
    }

    fn describe(&self) -> Value {
        json!({"family": "pgan", "depths": self.depths, "latent": self.latent})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_the_papers_at_the_share_that_the_width_says() {
        let size = |width, height| Size {
            width,
            height,
            batch: 1,
        };
        assert_eq!(depths(size(512, 32)).expect("a scale"), [512; 4]);
        let narrow = depths(size(128, 128)).expect("a scale");
        assert_eq!(narrow, [128, 128, 128, 128, 64, 32]);
        assert!(depths(size(128, 100)).is_err());
    }
}
