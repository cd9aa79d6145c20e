//! The training step of the Progressive GAN.

mod config;
mod draws;
mod step;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use underpaint_core::label::Palette;
use underpaint_core::ops::Precision;
use underpaint_core::pgan::{Discriminator, Generator, Stage, initialize, resolution};
use underpaint_core::state_dict::{
    AuthorsKeys, StateDict, lazy_state_dict, load_state_dict, merged_state_dict,
};

use super::pretrained::fill;
use super::{
    Family, Losses, Moment, Pretrained, Shown, Snapshot, Tile, Trained, TrainerState, Unfilled,
    batch, derive_seed, name_hash, show,
};
use crate::data::{PixelsF32, Sample};
use crate::distributed;
use crate::optimiser::{AdamConfig, NonFinite};

pub use config::{Classification, PganTrainConfig};
pub use draws::{Draws, latents};
pub use step::Step;

/// File of the averaged generator in a checkpoint.
const AVERAGE: &str = "average_generator";
/// Latents in a sheet of samples, as the original program and its MindSpore version show.
const SHOWN: usize = 64;
/// Pictures in a row of it.
const COLUMNS: usize = 8;
/// Pictures in a sheet are enlarged to this side, in pixels.
const SMALLEST_SIDE: u32 = 32;
/// Purposes of seeds.
const GENERATOR: u64 = 1;
const DISCRIMINATOR: u64 = 2;

/// The Progressive GAN in training: two networks that grow, their optimisers, and the generator's
/// average, which is the one to use.
///
/// Source: Karras et al. 2018; spec 5.5.
pub struct Pgan {
    config: PganTrainConfig,
    device: Device,
    stage: Stage,
    precision: Precision,
    /// Steps done.
    step: u64,
    generator: Trained<Generator>,
    discriminator: Trained<Discriminator>,
    /// `None` only while it is being replaced.
    average: Option<Generator>,
}

impl Pgan {
    /// Draws both networks on `device`, at the first scale.
    ///
    /// # Errors
    ///
    /// If the config describes no networks.
    pub fn new(config: PganTrainConfig, device: &Device) -> Result<Self> {
        config.validate()?;
        let device = device.clone().autodiff();
        let stage = config.growth.at(1, config.num_scales());
        let (generator, discriminator) = networks(&config, stage.scale, &device)?;
        Ok(Self {
            average: Some(generator.valid()),
            generator: trained(generator, config.adam, Precision::F32),
            discriminator: trained(discriminator, config.adam, Precision::F32),
            stage,
            precision: Precision::F32,
            step: 0,
            device,
            config,
        })
    }

    /// The generator in training.
    pub fn generator(&self) -> &Generator {
        self.generator.network()
    }

    /// The discriminator in training.
    pub fn discriminator(&self) -> &Discriminator {
        self.discriminator.network()
    }

    /// The generator's average.
    pub fn average(&self) -> &Generator {
        self.average
            .as_ref()
            .expect("the average is only away inside follow")
    }

    /// Index of the finest scale.
    pub fn scale(&self) -> usize {
        self.generator().config().scale()
    }

    /// Replaces the weights of both networks, by the authors' keys; the average becomes a copy of the
    /// generator.
    ///
    /// # Errors
    ///
    /// Listing every mismatch.
    pub fn load_weights(&mut self, generator: &StateDict, discriminator: &StateDict) -> Result<()> {
        self.generator
            .load_weights(generator)
            .context("generator")?;
        self.discriminator
            .load_weights(discriminator)
            .context("discriminator")?;
        self.average = Some(self.generator().valid());
        Ok(())
    }

    /// Replaces the weights of the average, by the authors' keys.
    ///
    /// # Errors
    ///
    /// Listing every mismatch.
    pub fn load_average(&mut self, average: &StateDict) -> Result<()> {
        self.average = Some(load_state_dict(self.average().clone(), average)?);
        Ok(())
    }

    /// Adds a scale to both networks: weights stay, optimisers start anew, and the average becomes a
    /// copy of the generator.
    ///
    /// # Errors
    ///
    /// If the networks have all their scales.
    pub fn grow(&mut self) -> Result<()> {
        let next = self.scale() + 1;
        let config = &self.config;
        ensure!(
            next < config.num_scales(),
            "the networks have all their {next} scales"
        );
        let seed = |purpose| derive_seed(config.seed, purpose);
        let (channels, theirs) = (
            config.generator.depths[next],
            config.discriminator.depths[next],
        );
        let generator = self.generator().clone();
        let generator = generator.grow(channels, &self.device, seed(GENERATOR));
        let discriminator = self.discriminator().clone();
        let discriminator = discriminator.grow(theirs, &self.device, seed(DISCRIMINATOR));
        self.average = Some(generator.valid());
        self.generator = trained(generator, config.adam, self.precision);
        self.discriminator = trained(discriminator, config.adam, self.precision);
        Ok(())
    }

    /// What a generator makes of latents at the scale and alpha of the last step.
    fn pictures(&self, generator: &Generator, latents: Tensor<2>) -> Vec<PixelsF32> {
        let pictures = generator.forward(latents, self.stage.alpha);
        batch::pictures(pictures.clamp(-1.0, 1.0))
    }

    fn check_real(&self, real: &Tensor<4>, samples: &[Sample]) -> Result<()> {
        let scale = self.scale();
        let fits = self.discriminator().config().check_input(real.dims());
        fits.with_context(|| {
            let (name, side) = (&samples[0].name, resolution(scale));
            format!("{name}: scale {scale} trains on pictures of {side}×{side}")
        })?;
        if self.config.generator.category_dim > 0 {
            bail!("class-conditional training needs the class of every picture; samples have none");
        }
        Ok(())
    }
}

/// Both networks at a scale, drawn.
fn networks(
    config: &PganTrainConfig,
    scale: usize,
    device: &Device,
) -> Result<(Generator, Discriminator)> {
    let generator = config.generator.at_scale(scale);
    let discriminator = config.discriminator.at_scale(scale);
    let seed = |purpose| derive_seed(config.seed, purpose);
    Ok((
        initialize(generator.init(device)?, generator.scaling, seed(GENERATOR)),
        initialize(
            discriminator.init(device)?,
            discriminator.scaling,
            seed(DISCRIMINATOR),
        ),
    ))
}

/// A network with a fresh optimiser that skips what is not finite in a gradient (spec 5.4).
fn trained<M: AuthorsKeys>(network: M, adam: AdamConfig, precision: Precision) -> Trained<M> {
    let mut trained = Trained::new(network, adam).with_non_finite(NonFinite::Zero);
    trained.set_precision(precision);
    trained
}

impl Family for Pgan {
    fn loss_names(&self) -> Vec<String> {
        let config = &self.config;
        let conditional = config.generator.category_dim > 0;
        let names = [
            ("D_real", true),
            ("D_fake", true),
            ("D_drift", config.drift_weight > 0.0),
            ("D_class", conditional),
            ("D_gradient", config.penalty_weight > 0.0),
            ("D_real_gradient", config.real_penalty_weight > 0.0),
            ("G_fake", true),
            ("G_class", conditional),
        ];
        let used = names.into_iter().filter(|(_, used)| *used);
        used.map(|(name, _)| name.to_owned()).collect()
    }

    fn step(&mut self, samples: &[Sample], moment: Moment) -> Result<Losses> {
        self.stage = self.config.growth.at(moment.step, self.config.num_scales());
        while self.scale() < self.stage.scale {
            self.grow()?;
        }
        self.step = moment.step;
        let targets: Vec<&PixelsF32> = samples.iter().map(|sample| &sample.target).collect();
        let real = batch::images(&targets, &self.device);
        self.check_real(&real, samples)?;
        let share = distributed::share();
        let draws = Draws::new(
            &self.config.generator,
            &self.config.classification.class_counts,
            share.global(samples.len()),
            derive_seed(self.config.seed ^ 3, moment.step),
            &self.device,
        );
        let draws = draws.of(share);
        let (alpha, learning_rate) = (self.stage.alpha, moment.learning_rate);
        Ok(self
            .step_tensors(real, None, draws, alpha, learning_rate)?
            .losses)
    }

    fn resolution(&self, step: u64) -> Option<usize> {
        let stage = self.config.growth.at(step, self.config.num_scales());
        Some(resolution(stage.scale))
    }

    fn batch_size(&self, step: u64) -> Option<usize> {
        let stage = self.config.growth.at(step, self.config.num_scales());
        Some(self.config.batch_size(stage.scale))
    }

    fn pretrain(&mut self, weights: &Pretrained) -> Result<Vec<Unfilled>> {
        let generator = weights.generator.as_ref();
        let discriminator = weights.discriminator.as_ref();
        let unfilled = vec![
            fill(&mut self.generator, "generator", generator)?,
            fill(&mut self.discriminator, "discriminator", discriminator)?,
        ];
        self.average = Some(self.generator().valid());
        if let Some(average) = &weights.average {
            let (merged, _) = merged_state_dict(self.average(), average);
            self.load_average(&merged)?;
        }
        Ok(unfilled)
    }

    /// By the average, at the scale and alpha of the last step. A sample's name says which latent is
    /// its own, so that a run's samples can be compared from step to step.
    fn generate(&self, samples: &[&Sample]) -> Result<Vec<PixelsF32>> {
        let device = self.device.clone().without_autodiff();
        let latent = |sample: &&Sample| {
            let seed = derive_seed(self.config.seed ^ 4, name_hash(&sample.name));
            let counts = &self.config.classification.class_counts;
            latents(&self.config.generator, counts, 1, seed, &device)
        };
        let latents = Tensor::cat(samples.iter().map(latent).collect(), 0);
        Ok(self.pictures(self.average(), latents))
    }

    /// The same latents at every scale, by the average and by the generator that is being trained.
    fn show(&self, _samples: &[Sample], _palette: &Palette) -> Result<Vec<Shown>> {
        let device = self.device.clone().without_autodiff();
        let counts = &self.config.classification.class_counts;
        let seed = self.config.seed ^ 4;
        let latents = latents(&self.config.generator, counts, SHOWN, seed, &device);
        let current = self.generator().valid();
        let sheet = |caption, generator: &Generator| {
            let parts = latents.clone().chunk(SHOWN / COLUMNS, 0);
            let pictures = parts.into_iter();
            let pictures = pictures.flat_map(|latents| self.pictures(generator, latents));
            let pictures: Vec<PixelsF32> = pictures.collect();
            Tile {
                caption,
                image: show::grid(&pictures, COLUMNS, SMALLEST_SIDE),
            }
        };
        Ok(vec![Shown {
            name: "latents".to_owned(),
            tiles: vec![sheet("average", self.average()), sheet("current", &current)],
        }])
    }

    fn set_precision(&mut self, precision: Precision) {
        self.precision = precision;
        self.generator.set_precision(precision);
        self.discriminator.set_precision(precision);
    }

    fn skipped_steps(&self) -> u64 {
        self.generator.skipped_steps() + self.discriminator.skipped_steps()
    }

    fn state(&self) -> Snapshot {
        let mut state = Snapshot::default();
        self.generator.save("generator", &mut state);
        self.discriminator.save("discriminator", &mut state);
        state
            .files
            .insert(AVERAGE.to_owned(), lazy_state_dict(self.average()));
        state
            .counters
            .insert("scale".to_owned(), self.scale() as u64);
        state.counters.insert("step".to_owned(), self.step);
        state
    }

    fn load(&mut self, mut state: TrainerState) -> Result<()> {
        let counter = |name: &str| {
            let found = state.counters.get(name).copied();
            found.ok_or_else(|| anyhow!("the checkpoint does not say its {name}"))
        };
        let (scale, step) = (counter("scale")? as usize, counter("step")?);
        let stage = self.config.growth.at(step, self.config.num_scales());
        ensure!(
            stage.scale == scale,
            "the checkpoint is at scale {scale} after step {step}, where this run's growth says \
             scale {}",
            stage.scale
        );
        let (generator, discriminator) = networks(&self.config, scale, &self.device)?;
        let average = load_state_dict(generator.valid(), &state.take(AVERAGE)?);
        let average = average.context(AVERAGE)?;
        self.generator = trained(generator, self.config.adam, self.precision);
        self.discriminator = trained(discriminator, self.config.adam, self.precision);
        self.generator.load("generator", &mut state)?;
        self.discriminator.load("discriminator", &mut state)?;
        (self.average, self.stage, self.step) = (Some(average), stage, step);
        Ok(())
    }
}
