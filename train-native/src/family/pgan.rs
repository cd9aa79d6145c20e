//! The training step of the Progressive GAN.

mod config;
mod draws;
mod finite;

use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use underpaint_core::loss::GanTarget;
use underpaint_core::loss::gradient_penalty::{
    GradientPenalty, interpolated, unit_gradient_penalty, zero_gradient_penalty,
};
use underpaint_core::pgan::{
    Discriminator, Generator, Judgement, Stage, classification_loss, exponential_moving_average,
    fade_real, initialize, resolution,
};
use underpaint_core::state_dict::{StateDict, load_state_dict, state_dict};

use super::{Family, Losses, Moment, Trained, TrainerState, batch, derive_seed};
use crate::data::{PixelsF32, Sample};

pub use config::{Classification, PganTrainConfig};
pub use draws::{Draws, latents};
use finite::zero_non_finite;

/// File of the averaged generator in a checkpoint.
const AVERAGE: &str = "average_generator";
/// Purposes of seeds.
const GENERATOR: u64 = 1;
const DISCRIMINATOR: u64 = 2;

/// Losses that wait for the step's one readback.
type Pending = Vec<(&'static str, Tensor<1>)>;

/// What one iteration gives.
pub struct Step {
    /// Losses by name.
    pub losses: Losses,
    /// The pictures that the discriminator learnt from, before any update: `[batch, channels,
    /// height, width]`, about `[-1, 1]`.
    pub fake: Tensor<4>,
}

/// The Progressive GAN in training: two networks that grow, their optimisers, and the generator's
/// average, which is the one to use.
///
/// Source: Karras et al. 2018; spec 5.5.
pub struct Pgan {
    config: PganTrainConfig,
    device: Device,
    stage: Stage,
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
            generator: Trained::new(generator, config.adam),
            discriminator: Trained::new(discriminator, config.adam),
            stage,
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
        self.generator = Trained::new(generator, config.adam);
        self.discriminator = Trained::new(discriminator, config.adam);
        Ok(())
    }

    /// One iteration on tensors: update the discriminator, then the generator with the updated
    /// discriminator, then let the average follow.
    ///
    /// # Shapes
    ///
    /// - `real`: `[batch, output_channels, height, width]` in `[-1, 1]`, at the current scale's size;
    ///   detail that is fading in is taken out here
    /// - `classes`: `[batch, category_dim]`, one-hot; in class-conditional training only
    /// - `alpha`: share of the scale before
    pub fn step_tensors(
        &mut self,
        real: Tensor<4>,
        classes: Option<Tensor<2>>,
        draws: Draws,
        alpha: f64,
        learning_rate: f64,
    ) -> Step {
        let real = fade_real(real, alpha);
        let latents = draws.discriminator_latents;
        let fake = self.generator().clone().no_grad();
        let fake = fake.forward(latents, alpha).detach();
        let mut pending = self.discriminator_step(
            &real,
            fake.clone(),
            classes,
            draws.share,
            alpha,
            learning_rate,
        );
        pending.extend(self.generator_step(draws.generator_latents, alpha, learning_rate));
        self.follow();
        let (names, values): (Vec<_>, Vec<_>) = pending.into_iter().unzip();
        // One readback for all.
        let values = Tensor::cat(values, 0).into_data();
        Step {
            losses: names.into_iter().zip(values.iter::<f64>()).collect(),
            fake: fake.without_autodiff(),
        }
    }

    fn discriminator_step(
        &mut self,
        real: &Tensor<4>,
        fake: Tensor<4>,
        classes: Option<Tensor<2>>,
        share: Tensor<1>,
        alpha: f64,
        learning_rate: f64,
    ) -> Pending {
        let config = &self.config;
        let on_real = self.discriminator().forward(real.clone(), alpha);
        let on_fake = self.discriminator().forward(fake.clone(), alpha);
        let mut losses = vec![
            (
                "D_real",
                config.criterion.loss(on_real.scores(), GanTarget::Real),
            ),
            (
                "D_fake",
                config.criterion.loss(on_fake.scores(), GanTarget::Fake),
            ),
        ];
        if config.drift_weight > 0.0 {
            let drift = on_real.scores().square().sum() * config.drift_weight;
            losses.push(("D_drift", drift));
        }
        let weight = config.classification.discriminator_weight;
        losses.extend(classes.map(|classes| {
            let loss = self.classification_loss(&on_real, classes);
            ("D_class", loss * weight)
        }));
        let mut total = total(&losses);
        for (name, images, weight, penalty) in self.penalties(real, fake, share) {
            let penalty = self.penalty(images.clone(), alpha, penalty);
            let direction = (penalty.direction * weight).autodiff();
            let tangents = self
                .discriminator()
                .forward_tangent(images, direction, alpha);
            total = total + tangents.sum();
            losses.push((name, penalty.value * weight));
        }
        let gradients = zero_non_finite(self.discriminator(), total.backward());
        self.discriminator.update(gradients, learning_rate);
        without_graph(losses)
    }

    /// Name, pictures, weight and kind of every penalty on the discriminator's gradient.
    #[allow(clippy::type_complexity)]
    fn penalties(
        &self,
        real: &Tensor<4>,
        fake: Tensor<4>,
        share: Tensor<1>,
    ) -> Vec<(
        &'static str,
        Tensor<4>,
        f64,
        fn(Tensor<4>) -> GradientPenalty,
    )> {
        let mut penalties: Vec<(_, _, _, fn(Tensor<4>) -> GradientPenalty)> = Vec::new();
        if self.config.penalty_weight > 0.0 {
            let between = interpolated(real.clone(), fake, share);
            let weight = self.config.penalty_weight;
            penalties.push(("D_gradient", between, weight, unit_gradient_penalty));
        }
        if self.config.real_penalty_weight > 0.0 {
            let weight = self.config.real_penalty_weight;
            penalties.push((
                "D_real_gradient",
                real.clone(),
                weight,
                zero_gradient_penalty,
            ));
        }
        penalties
    }

    /// A penalty on the gradient of the scores in the pictures; the weights take no part in it.
    fn penalty(
        &self,
        images: Tensor<4>,
        alpha: f64,
        penalty: fn(Tensor<4>) -> GradientPenalty,
    ) -> GradientPenalty {
        let judge = self.discriminator().clone().no_grad();
        let images = images.detach().require_grad();
        let scores = judge.forward(images.clone(), alpha).scores().sum();
        let mut gradients = scores.backward();
        let gradient = images.grad_remove(&mut gradients);
        penalty(gradient.expect("the scores depend on the pictures"))
    }

    fn generator_step(&mut self, latents: Tensor<2>, alpha: f64, learning_rate: f64) -> Pending {
        let config = &self.config;
        let fake = self.generator().forward(latents.clone(), alpha);
        // Frozen: its weights get no gradient.
        let judge = self.discriminator().clone().no_grad();
        let on_fake = judge.forward(fake, alpha);
        let adversarial = config.criterion.loss(on_fake.scores(), GanTarget::Real);
        let mut losses = vec![("G_fake", adversarial)];
        if config.generator.category_dim > 0 {
            let (first, count) = (config.generator.latent_dim, config.generator.category_dim);
            let loss = self.classification_loss(&on_fake, latents.narrow(1, first, count));
            losses.push(("G_class", loss * config.classification.generator_weight));
        }
        let gradients = total(&losses).backward();
        drop(judge);
        let gradients = zero_non_finite(self.generator(), gradients);
        self.generator.update(gradients, learning_rate);
        without_graph(losses)
    }

    fn classification_loss(&self, judgement: &Judgement, one_hot: Tensor<2>) -> Tensor<1> {
        let counts = &self.config.classification.class_counts;
        classification_loss(judgement.class_logits(), one_hot, counts)
    }

    /// Moves the average a little towards the generator.
    fn follow(&mut self) {
        let average = self
            .average
            .take()
            .expect("the average comes back before follow returns");
        let decay = self.config.average_decay;
        self.average = Some(exponential_moving_average(average, self.generator(), decay));
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

fn total(losses: &[(&'static str, Tensor<1>)]) -> Tensor<1> {
    let losses = losses.iter().map(|(_, loss)| loss.clone());
    losses
        .reduce(|sum, loss| sum + loss)
        .expect("at least the adversarial loss")
}

fn without_graph(losses: Pending) -> Pending {
    let plain = |(name, loss): (&'static str, Tensor<1>)| (name, loss.without_autodiff());
    losses.into_iter().map(plain).collect()
}

/// 64 bits of a sample's name (FNV-1a).
fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
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
        let draws = Draws::new(
            &self.config.generator,
            &self.config.classification.class_counts,
            samples.len(),
            derive_seed(self.config.seed ^ 3, moment.step),
            &self.device,
        );
        let (alpha, learning_rate) = (self.stage.alpha, moment.learning_rate);
        Ok(self
            .step_tensors(real, None, draws, alpha, learning_rate)
            .losses)
    }

    fn resolution(&self, step: u64) -> Option<usize> {
        let stage = self.config.growth.at(step, self.config.num_scales());
        Some(resolution(stage.scale))
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
        let pictures = self.average().forward(latents, self.stage.alpha);
        Ok(batch::pictures(pictures.clamp(-1.0, 1.0)))
    }

    fn state(&self) -> TrainerState {
        let mut state = TrainerState::default();
        self.generator.save("generator", &mut state);
        self.discriminator.save("discriminator", &mut state);
        state
            .tensors
            .insert(AVERAGE.to_owned(), state_dict(self.average()));
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
        self.generator = Trained::new(generator, self.config.adam);
        self.discriminator = Trained::new(discriminator, self.config.adam);
        self.generator.load("generator", &mut state)?;
        self.discriminator.load("discriminator", &mut state)?;
        (self.average, self.stage, self.step) = (Some(average), stage, step);
        Ok(())
    }
}
