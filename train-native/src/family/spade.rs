//! The training step of SPADE.

mod config;
mod samples;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, anyhow};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use underpaint_core::layers::{Mode, initialize};
use underpaint_core::loss::{GanTarget, PerceptualLoss, feature_matching_loss, kl_divergence};
use underpaint_core::pgan::draw_noise;
use underpaint_core::spade::{Discriminator, Encoder, Generator, adversarial_loss, reparameterize};
use underpaint_core::state_dict::StateDict;

use super::{Losses, Trained, derive_seed, read_back};
use crate::distributed;

pub use config::SpadeTrainConfig;

/// Purposes of seeds.
const GENERATOR: u64 = 1;
const DISCRIMINATOR: u64 = 2;
const ENCODER: u64 = 3;
const NOISE: u64 = 4;
const SHOWN: u64 = 5;

/// Losses that wait for the step's one readback.
type Pending = Vec<(&'static str, Tensor<1>)>;

/// What a discriminator makes of pictures: for every scale what every layer gives.
type Scales = Vec<Vec<Tensor<4>>>;

/// The encoder's random draws of one iteration, `[batch, latent_channels]` each, from N(0, 1).
pub struct Noise {
    /// For the picture that the generator learns from.
    pub generator: Tensor<2>,
    /// For the picture that the discriminator learns from.
    pub discriminator: Tensor<2>,
}

/// What one iteration gives.
pub struct Step {
    /// Losses by name, weighted as they are summed. Where only the discriminator was updated, those
    /// of the generator are of its last update.
    pub losses: Losses,
    /// The pictures that the generator learnt from, before its update (those that the discriminator
    /// learnt from, where only it was updated): `[batch, channels, height, width]`.
    pub fake: Tensor<4>,
}

/// SPADE in training: generator, discriminator, the encoder where there is a latent, and their
/// optimisers.
///
/// Source: Park et al. 2019 (<https://arxiv.org/abs/1903.07291>), section 3 and appendix A; spec 4.5.
pub struct Spade {
    config: SpadeTrainConfig,
    device: Device,
    generator: Trained<Generator>,
    discriminator: Trained<Discriminator>,
    encoder: Option<Trained<Encoder>>,
    perceptual: Option<PerceptualLoss>,
    /// The generator's losses of its last update.
    last_losses: Losses,
}

impl Spade {
    /// Draws the networks on `device`. Without [`with_perceptual_loss`](Self::with_perceptual_loss)
    /// there is none.
    ///
    /// # Errors
    ///
    /// If the config describes no networks that fit together.
    pub fn new(config: SpadeTrainConfig, device: &Device) -> Result<Self> {
        config.validate()?;
        let device = device.clone().autodiff();
        let seed = |purpose| derive_seed(config.seed, purpose);
        let generator = config.generator.init(&device)?;
        let generator = initialize(generator, config.init, seed(GENERATOR));
        let generator = match config.semantics.edges {
            true => generator,
            false => generator.with_one_class_per_pixel(),
        };
        let discriminator = config.discriminator.init(&device)?;
        let discriminator = initialize(discriminator, config.init, seed(DISCRIMINATOR));
        let encoder = match &config.encoder {
            Some(encoder) => {
                let encoder = initialize(encoder.init(&device)?, config.init, seed(ENCODER));
                Some(Trained::new(encoder, config.adam))
            }
            None => None,
        };
        Ok(Self {
            generator: Trained::new(generator, config.adam),
            discriminator: Trained::new(discriminator, config.adam),
            encoder,
            perceptual: None,
            last_losses: Losses::new(),
            device,
            config,
        })
    }

    /// Lets the generator learn from the perceptual loss too.
    #[must_use]
    pub fn with_perceptual_loss(mut self, loss: PerceptualLoss) -> Self {
        self.perceptual = Some(loss);
        self
    }

    /// The generator in training.
    pub fn generator(&self) -> &Generator {
        self.generator.network()
    }

    /// The discriminator in training.
    pub fn discriminator(&self) -> &Discriminator {
        self.discriminator.network()
    }

    /// The encoder in training, where there is one.
    pub fn encoder(&self) -> Option<&Encoder> {
        self.encoder.as_ref().map(Trained::network)
    }

    /// Learning rates of generator (and encoder) and of the discriminator, at a rate of the schedule.
    pub fn learning_rates(&self, learning_rate: f64) -> [f64; 2] {
        let scale = self.config.time_scale;
        [scale.generator_factor(), scale.discriminator_factor()]
            .map(|factor| factor * learning_rate)
    }

    /// Replaces the weights of all networks, by the authors' keys.
    ///
    /// # Errors
    ///
    /// Listing every mismatch, or naming the encoder if there is one too many or too few.
    pub fn load_weights(
        &mut self,
        generator: &StateDict,
        discriminator: &StateDict,
        encoder: Option<&StateDict>,
    ) -> Result<()> {
        match (&mut self.encoder, encoder) {
            (Some(trained), Some(dict)) => trained.load_weights(dict).context("encoder")?,
            (None, None) => {}
            (Some(_), None) => return Err(anyhow!("encoder: expected weights, found none")),
            (None, Some(_)) => return Err(anyhow!("encoder: found weights, expected none")),
        }
        self.generator
            .load_weights(generator)
            .context("generator")?;
        self.discriminator
            .load_weights(discriminator)
            .context("discriminator")
    }

    /// One iteration on tensors: update the generator (and encoder), then the discriminator with a
    /// picture that the updated generator makes.
    ///
    /// # Errors
    ///
    /// As [`read_back`].
    ///
    /// # Shapes
    ///
    /// - `segmentation`: `[batch, input_channels, height, width]`, of a size that the generator takes
    /// - `real`: `[batch, output_channels, height, width]` in `[-1, 1]`
    /// - `noise`: drawn from the seed where it is not given; of use to an encoder only
    pub fn step_tensors(
        &mut self,
        segmentation: Tensor<4>,
        real: Tensor<4>,
        noise: Option<Noise>,
        learning_rate: f64,
        number: u64,
    ) -> Result<Step> {
        let (noise, next_noise) = match noise.or_else(|| self.draw_noise(real.dims()[0], number)) {
            Some(noise) => (Some(noise.generator), Some(noise.discriminator)),
            None => (None, None),
        };
        let rates = self.learning_rates(learning_rate);
        let mut pending = Pending::new();
        let mut shown = None;
        if (number - 1).is_multiple_of(self.config.discriminator_steps) {
            let (losses, fake) = self.generator_step(&segmentation, &real, noise, rates[0]);
            pending.extend(losses);
            shown = Some(fake);
        }
        let of_generator = pending.len();
        let (losses, fake) = self.discriminator_step(segmentation, real, next_noise, rates[1]);
        pending.extend(losses);
        Ok(Step {
            losses: self.read_back(pending, of_generator)?,
            fake: shown.unwrap_or(fake),
        })
    }

    /// One readback for all losses, of which the first are the generator's.
    fn read_back(&mut self, pending: Pending, of_generator: usize) -> Result<Losses> {
        let (names, values): (Vec<_>, Vec<_>) = pending.into_iter().unzip();
        let values = read_back(
            values,
            &mut [
                &mut self.generator,
                &mut self.discriminator,
                &mut self.encoder,
            ],
        )?;
        let mut losses: Losses = names.into_iter().zip(values).collect();
        let of_discriminator = losses.split_off(of_generator);
        if of_generator > 0 {
            self.last_losses = losses;
        }
        let mut all = self.last_losses.clone();
        all.extend(of_discriminator);
        Ok(all)
    }

    /// Draws for all ranks, and takes what is this one's.
    fn draw_noise(&self, batch: usize, number: u64) -> Option<Noise> {
        let dim = self.config.generator.latent_channels()?;
        let seed = derive_seed(derive_seed(self.config.seed, NOISE), number);
        let share = distributed::share();
        let global = share.global(batch);
        let both = draw_noise(2 * global, dim, seed, &self.device);
        Some(Noise {
            generator: share.rows(both.clone().narrow(0, 0, global)),
            discriminator: share.rows(both.narrow(0, global, global)),
        })
    }

    fn generator_step(
        &mut self,
        segmentation: &Tensor<4>,
        real: &Tensor<4>,
        noise: Option<Tensor<2>>,
        learning_rate: f64,
    ) -> (Pending, Tensor<4>) {
        let style = self.encoder().zip(noise).map(|(encoder, noise)| {
            let (mean, log_variance) = encoder.forward(real.clone(), Mode::TRAIN);
            let divergence = kl_divergence(mean.clone(), log_variance.clone());
            (reparameterize(mean, log_variance, noise), divergence)
        });
        let (latent, divergence) = style.unzip();
        let fake = self
            .generator()
            .forward(segmentation.clone(), latent, Mode::TRAIN);
        let losses = self.generator_losses(segmentation, real, &fake, divergence);
        let total = losses.iter().map(|(_, loss)| loss.clone());
        let total = total.reduce(|sum, loss| sum + loss);
        let total = total.expect("the adversarial loss is always there");
        let gradients = self.generator.backward(total);
        let encoder = self.encoder.as_mut();
        self.generator
            .update_with(encoder, gradients, learning_rate);
        let read = |(name, loss): (_, Tensor<1>)| (name, loss.without_autodiff());
        (
            losses.into_iter().map(read).collect(),
            fake.without_autodiff(),
        )
    }

    /// What the generator learns from, weighted, in the order of the original's log.
    fn generator_losses(
        &self,
        segmentation: &Tensor<4>,
        real: &Tensor<4>,
        fake: &Tensor<4>,
        divergence: Option<Tensor<1>>,
    ) -> Pending {
        let config = &self.config;
        // Frozen: its weights get no gradient, its singular vectors and running statistics still move.
        let frozen = self.discriminator().clone().no_grad();
        let [fake_scales, real_scales] = judge(&frozen, segmentation, fake, real);
        let mut losses = Pending::new();
        if let Some(divergence) = divergence {
            // A sum over the batch, unlike the others.
            let divergence = distributed::share().summed(divergence);
            losses.push(("KLD", divergence * config.divergence_weight));
        }
        losses.push((
            "GAN",
            adversarial_loss(&fake_scales, GanTarget::Fooled, config.gan_mode),
        ));
        if config.feature_matching_weight != 0.0 {
            let weight = config.feature_matching_weight / fake_scales.len() as f64;
            let matching = feature_matching_loss(&fake_scales, &real_scales);
            losses.push(("GAN_Feat", matching * weight));
        }
        if let Some(perceptual) = &self.perceptual {
            let distance = perceptual.forward(fake.clone(), real.clone());
            losses.push(("VGG", distance * config.perceptual_weight));
        }
        losses
    }

    fn discriminator_step(
        &mut self,
        segmentation: Tensor<4>,
        real: Tensor<4>,
        noise: Option<Tensor<2>>,
        learning_rate: f64,
    ) -> (Pending, Tensor<4>) {
        let fake = self.generate_frozen(&segmentation, &real, noise);
        let [fake_scales, real_scales] = judge(self.discriminator(), &segmentation, &fake, &real);
        let loss = |scales: &Scales, target| adversarial_loss(scales, target, self.config.gan_mode);
        let fake_loss = loss(&fake_scales, GanTarget::Fake);
        let real_loss = loss(&real_scales, GanTarget::Real);
        let loss = fake_loss.clone() + real_loss.clone();
        let gradients = self.discriminator.backward(loss);
        self.discriminator.update(gradients, learning_rate);
        let losses = vec![
            ("D_Fake", fake_loss.without_autodiff()),
            ("D_real", real_loss.without_autodiff()),
        ];
        (losses, fake.without_autodiff())
    }

    /// A picture in training mode without a graph: singular vectors and running statistics move.
    fn generate_frozen(
        &self,
        segmentation: &Tensor<4>,
        real: &Tensor<4>,
        noise: Option<Tensor<2>>,
    ) -> Tensor<4> {
        let latent = self.encoder().zip(noise).map(|(encoder, noise)| {
            let encoder = encoder.clone().no_grad();
            let (mean, log_variance) = encoder.forward(real.clone(), Mode::TRAIN);
            reparameterize(mean, log_variance, noise)
        });
        let generator = self.generator().clone().no_grad();
        generator
            .forward(segmentation.clone(), latent, Mode::TRAIN)
            .detach()
    }
}

/// Shows a discriminator fake and real pictures in one pass, so that it iterates once: what it makes
/// of the fake ones, and of the real ones.
fn judge(
    discriminator: &Discriminator,
    segmentation: &Tensor<4>,
    fake: &Tensor<4>,
    real: &Tensor<4>,
) -> [Scales; 2] {
    let pair = |picture: &Tensor<4>| Tensor::cat(vec![segmentation.clone(), picture.clone()], 1);
    let both = Tensor::cat(vec![pair(fake), pair(real)], 0);
    let scales = discriminator.forward(both, Mode::TRAIN);
    let count = fake.dims()[0];
    [0, count].map(|first| {
        let part = |feature: &Tensor<4>| feature.clone().narrow(0, first, count);
        let layers = |features: &Vec<Tensor<4>>| features.iter().map(part).collect();
        scales.iter().map(layers).collect()
    })
}
