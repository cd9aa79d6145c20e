//! The training step of pix2pixHD.

mod config;
mod inputs;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, anyhow, bail};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use underpaint_core::label::{Instances, Palette};
use underpaint_core::layers::{Dropout, Mode, NormStatistics, initialize};
use underpaint_core::loss::{
    GanTarget, PerceptualLoss, feature_matching_loss, multiscale_adversarial_loss,
};
use underpaint_core::ops::Precision;
use underpaint_core::pix2pixhd::{
    Discriminator, Encoder, Generator, discriminator_input, generator_input,
};
use underpaint_core::state_dict::StateDict;

use super::pretrained::fill;
use super::{
    Family, ImagePool, Losses, Moment, Pretrained, Shown, Snapshot, Tile, Trained, TrainerState,
    Unfilled, batch, derive_seed, read_back, show,
};
use crate::data::{PixelsF32, Sample};
use crate::distributed;

pub use config::{FeatureRegions, Pix2pixHdTrainConfig};

/// Training as the original does it: there is no dropout anywhere.
const MODE: Mode = Mode {
    statistics: NormStatistics::Train,
    dropout: Dropout::Off,
};
/// Every picture by itself.
const IN_USE: Mode = Mode {
    statistics: NormStatistics::PerImage,
    dropout: Dropout::Off,
};
/// Purposes of seeds.
const GENERATOR: u64 = 1;
const DISCRIMINATOR: u64 = 2;
const ENCODER: u64 = 3;
const POOL: u64 = 4;
/// Counter of a checkpoint: 1 once every layer is trained.
const ALL_LAYERS: &str = "all_layers_train";

/// Losses that wait for the step's one readback.
type Pending = Vec<(&'static str, Tensor<1>)>;

/// What a discriminator makes of pictures: for every scale what every layer gives.
type Scales = Vec<Vec<Tensor<4>>>;

/// Where the features that a generator takes come from.
// One per iteration: boxing would buy nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone)]
pub enum Features {
    /// It takes none.
    None,
    /// From files: `[batch, feature_channels, height, width]` in `[-1, 1]`.
    Given(Tensor<4>),
    /// From the real pictures, by the encoder in training: one for each of these regions.
    Encoded(Instances),
}

/// What one iteration learns from.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[batch, channels, height, width]`, as
    /// [`ConditionConfig::encode`](underpaint_core::pix2pixhd::ConditionConfig::encode) gives it.
    pub condition: Tensor<4>,
    /// What the generator gets besides.
    pub features: Features,
    /// `[batch, output_channels, height, width]` in `[-1, 1]`.
    pub real: Tensor<4>,
}

/// What one iteration gives.
pub struct Step {
    /// Losses by name, weighted as they are summed.
    pub losses: Losses,
    /// The pictures that were generated, before any update: `[batch, channels, height, width]`.
    pub fake: Tensor<4>,
}

/// pix2pixHD in training: generator, discriminator, the encoder where features are learnt, and their
/// optimisers.
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), section 3; pix2pixHD `train.py`
/// (spec 3.7).
pub struct Pix2pixHd {
    config: Pix2pixHdTrainConfig,
    device: Device,
    generator: Trained<Generator>,
    discriminator: Trained<Discriminator>,
    encoder: Option<Trained<Encoder>>,
    perceptual: Option<PerceptualLoss>,
    pool: ImagePool,
    /// Whether the coarse layers are trained too.
    all_layers: bool,
}

impl Pix2pixHd {
    /// Draws the networks on `device`. Without [`with_perceptual_loss`](Self::with_perceptual_loss)
    /// there is none.
    ///
    /// # Errors
    ///
    /// If the config describes no networks that fit together.
    pub fn new(config: Pix2pixHdTrainConfig, device: &Device) -> Result<Self> {
        config.validate()?;
        let device = device.clone().autodiff();
        let seed = |purpose| derive_seed(config.seed, purpose);
        let generator = config.generator.init(&device)?;
        let generator = initialize(generator, config.init, seed(GENERATOR));
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
            pool: ImagePool::new(config.pool_size),
            all_layers: config.epochs_coarse_fixed == 0,
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
            (Some(_), None) => bail!("encoder: expected weights, found none"),
            (None, Some(_)) => bail!("encoder: found weights, expected none"),
        }
        self.generator
            .load_weights(generator)
            .context("generator")?;
        self.discriminator
            .load_weights(discriminator)
            .context("discriminator")
    }

    /// What a generator in use gets besides the condition.
    fn features_in_use(&self, batch: &Batch) -> Result<Option<Tensor<4>>> {
        Ok(
            match (&batch.features, self.encoder(), &self.config.encoder) {
                (Features::Encoded(regions), Some(encoder), Some(config)) => {
                    config.check_input(batch.real.dims())?;
                    let real = batch.real.clone();
                    Some(encoder.valid().forward(real, regions, IN_USE))
                }
                (Features::Given(features), ..) => Some(features.clone()),
                _ => None,
            },
        )
    }

    /// One iteration on tensors: generate once and judge with the discriminator as it is; then update
    /// the generator (and the encoder), then the discriminator.
    ///
    /// # Errors
    ///
    /// As [`read_back`].
    pub fn step_tensors(&mut self, batch: Batch, moment: Moment) -> Result<Step> {
        self.train_all_layers_after(moment.epoch);
        let fake = self.fake(&batch);
        let (mut losses, discriminator_loss, on_real) =
            self.discriminator_losses(&batch, fake.clone().detach(), moment.step);
        // Before either update, as the original computes it. Its graph ends here.
        let discriminator_gradients = self.discriminator.backward(discriminator_loss);
        let averaging = self.discriminator.start_averaging(&discriminator_gradients);
        let generator_losses = self.generator_step(batch, fake.clone(), on_real, moment);
        self.discriminator.update_averaged(
            averaging,
            discriminator_gradients,
            moment.learning_rate,
        );
        losses.splice(0..0, generator_losses);
        let (names, values): (Vec<_>, Vec<_>) = losses.into_iter().unzip();
        let values = read_back(
            values,
            &mut [
                &mut self.generator,
                &mut self.discriminator,
                &mut self.encoder,
            ],
        )?;
        Ok(Step {
            losses: names.into_iter().zip(values).collect(),
            fake: fake.without_autodiff(),
        })
    }

    /// Ends the epochs in which only the finest enhancer is trained: every layer joins, under a fresh
    /// optimiser (spec B-23).
    fn train_all_layers_after(&mut self, epoch: u64) {
        if self.all_layers || epoch <= self.config.epochs_coarse_fixed {
            return;
        }
        self.all_layers = true;
        self.generator.restart_optimiser();
        if let Some(encoder) = &mut self.encoder {
            encoder.restart_optimiser();
        }
    }

    /// What the generator makes of a batch, with its graph.
    fn fake(&self, batch: &Batch) -> Tensor<4> {
        let features = match (&batch.features, self.encoder()) {
            (Features::None, _) => None,
            (Features::Given(features), _) => Some(features.clone()),
            (Features::Encoded(regions), Some(encoder)) => {
                Some(encoder.forward(batch.real.clone(), regions, MODE))
            }
            (Features::Encoded(_), None) => {
                unreachable!("features are encoded where the config has an encoder")
            }
        };
        let input = generator_input(batch.condition.clone(), features);
        match self.all_layers {
            true => self.generator().forward(input, MODE),
            // Frozen: the coarse layers get no gradient, and so no update.
            false => self
                .generator()
                .clone()
                .freeze_coarse()
                .forward(input, MODE),
        }
    }

    /// Losses by name, their weighted sum, and what the discriminator makes of the real pictures,
    /// without a graph.
    fn discriminator_losses(
        &mut self,
        batch: &Batch,
        fake: Tensor<4>,
        number: u64,
    ) -> (Pending, Tensor<1>, Scales) {
        let seen = discriminator_input(batch.condition.clone(), fake);
        let seed = derive_seed(self.config.seed ^ POOL, number);
        // Every rank has a pool of its own.
        let seen = self.pool.query(seen, distributed::share().own_seed(seed));
        let real = discriminator_input(batch.condition.clone(), batch.real.clone());
        let on_fake = self.discriminator().forward(seen, MODE);
        let on_real = self.discriminator().forward(real, MODE);
        let mode = self.config.gan_mode;
        let fake_loss = multiscale_adversarial_loss(&on_fake, GanTarget::Fake, mode);
        let real_loss = multiscale_adversarial_loss(&on_real, GanTarget::Real, mode);
        let total = (fake_loss.clone() + real_loss.clone()) * 0.5;
        let losses = vec![("D_real", real_loss), ("D_fake", fake_loss)];
        let detached = |scale: Vec<Tensor<4>>| scale.into_iter().map(Tensor::detach).collect();
        let on_real = on_real.into_iter().map(detached).collect();
        (without_graph(losses), total, on_real)
    }

    fn generator_step(
        &mut self,
        batch: Batch,
        fake: Tensor<4>,
        on_real: Scales,
        moment: Moment,
    ) -> Pending {
        // Frozen: its weights get no gradient, its running statistics still move.
        let judge = self.discriminator().clone().no_grad();
        let on_fake = judge.forward(discriminator_input(batch.condition, fake.clone()), MODE);
        let config = &self.config;
        let gan_loss = multiscale_adversarial_loss(&on_fake, GanTarget::Fooled, config.gan_mode);
        let mut losses = vec![("G_GAN", gan_loss)];
        if config.feature_matching_weight > 0.0 {
            let loss = feature_matching_loss(&on_fake, &on_real);
            losses.push(("G_GAN_Feat", loss * self.feature_matching_share()));
        }
        if let Some(perceptual) = &self.perceptual {
            let loss = perceptual.forward(fake, batch.real);
            losses.push(("G_VGG", loss * config.perceptual_weight));
        }
        let sum = losses.iter().map(|(_, loss)| loss.clone());
        let sum = sum.reduce(|sum, loss| sum + loss);
        let sum = sum.expect("the adversarial loss at least");
        let gradients = self.generator.backward(sum);
        drop((judge, on_fake));
        let encoder = self.encoder.as_mut();
        self.generator
            .update_with(encoder, gradients, moment.learning_rate);
        without_graph(losses)
    }

    /// Weight of the feature matching loss of one layer at one scale.
    fn feature_matching_share(&self) -> f64 {
        let discriminator = &self.config.discriminator;
        let layers = 4.0 / (discriminator.num_layers + 1) as f64;
        self.config.feature_matching_weight * layers / discriminator.num_scales as f64
    }

    fn check(&self, batch: &Batch, samples: &[Sample]) -> Result<()> {
        let [count, _, height, width] = batch.condition.dims();
        let shape = |channels| [count, channels, height, width];
        let config = &self.config;
        let fits = || -> underpaint_core::Result<()> {
            let generator = &config.generator;
            generator.check_input(shape(generator.input_channels))?;
            let discriminator = &config.discriminator;
            discriminator.check_input(shape(discriminator.input_channels))?;
            if let Some(encoder) = &config.encoder {
                encoder.check_input(batch.real.dims())?;
            }
            match &self.perceptual {
                Some(perceptual) => perceptual.vgg.check_input(batch.real.dims()),
                None => Ok(()),
            }
        };
        fits().with_context(|| {
            let name = &samples[0].name;
            format!("{name}: change the size of the pictures or the networks")
        })
    }
}

fn without_graph(losses: Pending) -> Pending {
    let plain = |(name, loss): (&'static str, Tensor<1>)| (name, loss.without_autodiff());
    losses.into_iter().map(plain).collect()
}

impl Family for Pix2pixHd {
    fn loss_names(&self) -> Vec<String> {
        let names = [
            ("G_GAN", true),
            ("G_GAN_Feat", self.config.feature_matching_weight > 0.0),
            ("G_VGG", self.perceptual.is_some()),
            ("D_real", true),
            ("D_fake", true),
        ];
        let used = names.into_iter().filter(|(_, used)| *used);
        used.map(|(name, _)| name.to_owned()).collect()
    }

    fn step(&mut self, samples: &[Sample], moment: Moment) -> Result<Losses> {
        let all: Vec<&Sample> = samples.iter().collect();
        let batch = inputs::batch(&self.config, &all, &self.device)?;
        self.check(&batch, samples)?;
        Ok(self.step_tensors(batch, moment)?.losses)
    }

    fn pretrain(&mut self, weights: &Pretrained) -> Result<Vec<Unfilled>> {
        let generator = weights.generator.as_ref();
        let discriminator = weights.discriminator.as_ref();
        let mut unfilled = vec![
            fill(&mut self.generator, "generator", generator)?,
            fill(&mut self.discriminator, "discriminator", discriminator)?,
        ];
        if let Some(encoder) = &mut self.encoder {
            unfilled.push(fill(encoder, "encoder", weights.encoder.as_ref())?);
        }
        Ok(unfilled)
    }

    fn generate(&self, samples: &[&Sample]) -> Result<Vec<PixelsF32>> {
        let device = self.device.clone().without_autodiff();
        let batch = inputs::batch(&self.config, samples, &device)?;
        let features = self.features_in_use(&batch)?;
        let input = generator_input(batch.condition, features);
        self.config.generator.check_input(input.dims())?;
        let fake = self.generator().valid().forward(input, IN_USE);
        Ok(batch::pictures(fake))
    }

    /// With features there are also those that the encoder read off the target.
    fn show(&self, samples: &[Sample], palette: &Palette) -> Result<Vec<Shown>> {
        let mut shown = show::pairs(self.generate_each(samples)?, samples, palette)?;
        if self.config.condition.feature_channels == 0 {
            return Ok(shown);
        }
        let device = self.device.clone().without_autodiff();
        for (row, sample) in shown.iter_mut().zip(samples) {
            let batch = inputs::batch(&self.config, &[sample], &device)?;
            let features = self.features_in_use(&batch)?.map(batch::pictures);
            for features in features.into_iter().flatten() {
                row.tiles.insert(1, Tile::new("features", &features));
            }
        }
        Ok(shown)
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
        if let Some(encoder) = &self.encoder {
            encoder.save("encoder", &mut state);
        }
        let pool = self.pool.state();
        state.files.insert("image_pool".to_owned(), pool);
        let all_layers = u64::from(self.all_layers);
        state.counters.insert(ALL_LAYERS.to_owned(), all_layers);
        state
    }

    fn load(&mut self, mut state: TrainerState) -> Result<()> {
        let all_layers = state.counters.get(ALL_LAYERS).copied();
        let all_layers = all_layers
            .ok_or_else(|| anyhow!("the checkpoint does not say which layers are trained"))?;
        self.generator.load("generator", &mut state)?;
        self.discriminator.load("discriminator", &mut state)?;
        if let Some(encoder) = &mut self.encoder {
            encoder.load("encoder", &mut state)?;
        }
        self.pool.load(state.take("image_pool")?, &self.device);
        self.all_layers = all_layers != 0;
        Ok(())
    }
}
