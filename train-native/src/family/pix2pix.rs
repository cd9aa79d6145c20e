//! The training step of pix2pix.

use std::borrow::Cow;

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use underpaint_core::layers::{
    Dropout, Mode, NormStatistics, PatchDiscriminator, PatchDiscriminatorConfig, WeightInit,
    initialize,
};
use underpaint_core::loss::{GanMode, GanTarget, adversarial_loss, l1_loss};
use underpaint_core::ops::Precision;
use underpaint_core::pix2pix::{Generator, GeneratorConfig, Upsampling, upsampling_of};
use underpaint_core::state_dict::StateDict;

use super::pretrained::fill;
use super::{
    Family, ImagePool, Losses, Moment, Pretrained, Snapshot, Trained, TrainerState, Unfilled,
    batch, derive_seed, read_back,
};
use crate::data::{PixelsF32, Sample, SampleInput};
use crate::distributed;
use crate::optimiser::AdamConfig;

/// Losses in the order and under the names of the original's log.
const LOSS_NAMES: [&str; 4] = ["G_GAN", "G_L1", "D_real", "D_fake"];

/// Everything that one training step depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pix2pixConfig {
    /// The generator.
    pub generator: GeneratorConfig,
    /// The discriminator; it sees condition and picture.
    pub discriminator: PatchDiscriminatorConfig,
    /// Adversarial loss.
    pub gan_mode: GanMode,
    /// Weight of the L1 loss; 100 in the paper.
    pub l1_weight: f64,
    /// Fakes kept for the discriminator; 0 in the paper.
    pub pool_size: usize,
    /// Both optimisers.
    pub adam: AdamConfig,
    /// Weight initialisation.
    pub init: WeightInit,
    /// Seed of the weights and of every random draw.
    pub seed: u64,
}

/// What one iteration gives.
pub struct Step {
    /// Losses by name.
    pub losses: Losses,
    /// The pictures that were generated, before any update: `[batch, channels, height, width]`.
    pub fake: Tensor<4>,
}

/// pix2pix in training: two networks and their optimisers.
///
/// Source: pix2pix `Pix2PixModel.optimize_parameters` (spec 2.4).
pub struct Pix2pix {
    config: Pix2pixConfig,
    device: Device,
    generator: Trained<Generator>,
    discriminator: Trained<PatchDiscriminator>,
    pool: ImagePool,
    mode: Mode,
}

impl Pix2pix {
    /// Draws both networks on `device`.
    ///
    /// # Errors
    ///
    /// If the config describes no network.
    pub fn new(config: Pix2pixConfig, device: &Device) -> Result<Self> {
        let device = device.clone().autodiff();
        let generator = config.generator.init(&device)?;
        let generator = initialize(generator, config.init, derive_seed(config.seed, 1));
        let discriminator = config.discriminator.init(&device)?;
        let discriminator = initialize(discriminator, config.init, derive_seed(config.seed, 2));
        Ok(Self {
            generator: Trained::new(generator, config.adam),
            discriminator: Trained::new(discriminator, config.adam),
            pool: ImagePool::new(config.pool_size),
            mode: Mode {
                statistics: NormStatistics::Train,
                dropout: if config.generator.dropout {
                    Dropout::Device
                } else {
                    Dropout::Off
                },
            },
            device,
            config,
        })
    }

    /// The generator in training.
    pub fn generator(&self) -> &Generator {
        self.generator.network()
    }

    /// The discriminator in training.
    pub fn discriminator(&self) -> &PatchDiscriminator {
        self.discriminator.network()
    }

    /// Replaces the weights of both networks, by the authors' keys.
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
            .context("discriminator")
    }

    /// One iteration on tensors: generate once, update the discriminator, then the generator with
    /// the updated discriminator.
    ///
    /// # Errors
    ///
    /// As [`read_back`].
    ///
    /// # Shapes
    ///
    /// `condition`: `[batch, input_channels, height, width]`; `real`: `[batch, output_channels,
    /// height, width]` in `[-1, 1]`.
    pub fn step_tensors(
        &mut self,
        condition: Tensor<4>,
        real: Tensor<4>,
        learning_rate: f64,
        number: u64,
    ) -> Result<Step> {
        // Dropout is drawn on the device, and so by every rank for itself.
        let seed = derive_seed(self.config.seed ^ 3, number);
        self.device.seed(distributed::share().own_seed(seed));
        let fake = self.generator().forward(condition.clone(), self.mode);
        let [d_real, d_fake] = self.discriminator_step(
            &condition,
            &real,
            fake.clone().detach(),
            learning_rate,
            number,
        );
        let shown = fake.clone().without_autodiff();
        let [g_gan, g_l1] = self.generator_step(condition, real, fake, learning_rate);
        let values = read_back(
            vec![g_gan, g_l1, d_real, d_fake],
            &mut [&mut self.generator, &mut self.discriminator],
        )?;
        Ok(Step {
            losses: LOSS_NAMES.into_iter().zip(values).collect(),
            fake: shown,
        })
    }

    /// Weights of a generator as this one keeps them: those of nearest upsampling are folded for a
    /// transposed one.
    fn fitted<'a>(&self, dict: &'a StateDict) -> Result<Cow<'a, StateDict>> {
        let own = &self.config.generator;
        match (upsampling_of(dict), own.upsampling) {
            (Some(Upsampling::Nearest), Upsampling::Transposed) => {
                let mut folded = dict.clone();
                let mut from = GeneratorConfig {
                    upsampling: Upsampling::Nearest,
                    ..own.clone()
                };
                from.fold_upsampling(&mut folded);
                Ok(Cow::Owned(folded))
            }
            (Some(Upsampling::Transposed), Upsampling::Nearest) => bail!(
                "--load-pretrain: its kernels are 4×4, and --upsampling nearest trains 3×3 ones, which a run \
                 with --upsampling nearest has; go on from such a run, or leave one of the two out"
            ),
            _ => Ok(Cow::Borrowed(dict)),
        }
    }

    fn discriminator_step(
        &mut self,
        condition: &Tensor<4>,
        real: &Tensor<4>,
        fake: Tensor<4>,
        learning_rate: f64,
        number: u64,
    ) -> [Tensor<1>; 2] {
        let fake_pair = Tensor::cat(vec![condition.clone(), fake], 1);
        let seed = derive_seed(self.config.seed ^ 4, number);
        // Every rank has a pool of its own.
        let seed = distributed::share().own_seed(seed);
        let fake_pair = self.pool.query(fake_pair, seed);
        let judge = |pair, target| {
            let logits = self.discriminator().forward(pair, self.mode);
            adversarial_loss(logits, target, self.config.gan_mode)
        };
        let fake_loss = judge(fake_pair, GanTarget::Fake);
        let real_loss = judge(
            Tensor::cat(vec![condition.clone(), real.clone()], 1),
            GanTarget::Real,
        );
        let loss = (fake_loss.clone() + real_loss.clone()) * 0.5;
        let gradients = self.discriminator.backward(loss);
        self.discriminator.update(gradients, learning_rate);
        [real_loss, fake_loss].map(Tensor::without_autodiff)
    }

    fn generator_step(
        &mut self,
        condition: Tensor<4>,
        real: Tensor<4>,
        fake: Tensor<4>,
        learning_rate: f64,
    ) -> [Tensor<1>; 2] {
        // Frozen: the discriminator's weights get no gradient, its running statistics still move.
        let judge = self.discriminator().clone().no_grad();
        let logits = judge.forward(Tensor::cat(vec![condition, fake.clone()], 1), self.mode);
        let gan_loss = adversarial_loss(logits, GanTarget::Fooled, self.config.gan_mode);
        let l1_loss = l1_loss(fake, real) * self.config.l1_weight;
        let gradients = self.generator.backward(gan_loss.clone() + l1_loss.clone());
        drop(judge);
        self.generator.update(gradients, learning_rate);
        [gan_loss, l1_loss].map(Tensor::without_autodiff)
    }
}

impl Family for Pix2pix {
    fn loss_names(&self) -> Vec<String> {
        LOSS_NAMES.map(str::to_owned).to_vec()
    }

    fn step(&mut self, samples: &[Sample], moment: Moment) -> Result<Losses> {
        let inputs: Vec<&SampleInput> = samples.iter().map(|sample| &sample.input).collect();
        let targets: Vec<&PixelsF32> = samples.iter().map(|sample| &sample.target).collect();
        let condition =
            batch::conditions(&inputs, self.config.generator.input_channels, &self.device)?;
        let fits = self.config.generator.check_input(condition.dims());
        fits.and_then(|()| self.config.discriminator.check_input(condition.dims()))
            .with_context(|| {
                let name = &samples[0].name;
                format!("{name}: change --size, --load-size, --preprocess or the networks")
            })?;
        let real = batch::images(&targets, &self.device);
        Ok(self
            .step_tensors(condition, real, moment.learning_rate, moment.step)?
            .losses)
    }

    fn pretrain(&mut self, weights: &Pretrained) -> Result<Vec<Unfilled>> {
        let discriminator = weights.discriminator.as_ref();
        let generator = weights.generator.as_ref();
        let generator = generator.map(|dict| self.fitted(dict)).transpose()?;
        Ok(vec![
            fill(&mut self.generator, "generator", generator.as_deref())?,
            fill(&mut self.discriminator, "discriminator", discriminator)?,
        ])
    }

    fn generate(&self, samples: &[&Sample]) -> Result<Vec<PixelsF32>> {
        let inputs: Vec<&SampleInput> = samples.iter().map(|sample| &sample.input).collect();
        let device = self.device.clone().without_autodiff();
        let condition = batch::conditions(&inputs, self.config.generator.input_channels, &device)?;
        self.config.generator.check_input(condition.dims())?;
        let mode = Mode {
            statistics: NormStatistics::PerImage,
            dropout: Dropout::Off,
        };
        Ok(batch::pictures(
            self.generator().valid().forward(condition, mode),
        ))
    }

    fn set_precision(&mut self, precision: Precision) {
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
            .insert("image_pool".to_owned(), self.pool.state());
        state
    }

    fn load(&mut self, mut state: TrainerState) -> Result<()> {
        self.generator.load("generator", &mut state)?;
        self.discriminator.load("discriminator", &mut state)?;
        self.pool.load(state.take("image_pool")?, &self.device);
        Ok(())
    }
}
