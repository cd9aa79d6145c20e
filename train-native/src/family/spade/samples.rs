//! SPADE on samples: what the training loop knows of it.

use anyhow::{Context, Result};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use underpaint_core::label::Palette;
use underpaint_core::layers::Mode;
use underpaint_core::ops::Precision;
use underpaint_core::pgan::draw_noise;
use underpaint_core::state_dict::{LazyTensor, StateTensor};

use super::{SHOWN, Spade};
use crate::data::{PixelsF32, Sample};
use crate::family::pretrained::fill;
use crate::family::{
    Family, Losses, Moment, Pretrained, Shown, Snapshot, Tile, TrainerState, Unfilled, batch,
    derive_seed, name_hash, show,
};

/// File of the generator's last losses in a checkpoint.
const LAST_LOSSES: &str = "generator_losses";

impl Family for Spade {
    fn loss_names(&self) -> Vec<String> {
        let present = [
            ("KLD", self.encoder.is_some()),
            ("GAN", true),
            ("GAN_Feat", self.config.feature_matching_weight != 0.0),
            ("VGG", self.perceptual.is_some()),
            ("D_Fake", true),
            ("D_real", true),
        ];
        let present = present.into_iter().filter(|(_, present)| *present);
        present.map(|(name, _)| name.to_owned()).collect()
    }

    fn step(&mut self, samples: &[Sample], moment: Moment) -> Result<Losses> {
        let samples: Vec<&Sample> = samples.iter().collect();
        let segmentation = batch::semantics(&samples, &self.config.semantics, &self.device)?;
        let real = targets(&samples, &self.device);
        let [batch, channels, height, width] = segmentation.dims();
        let fits = self
            .config
            .generator
            .check_input([batch, channels, height, width]);
        let seen = [batch, channels + real.dims()[1], height, width];
        fits.and_then(|()| self.config.discriminator.check_input(seen))
            .with_context(|| {
                let name = samples.first().map_or("", |sample| sample.name.as_str());
                format!("{name}: change the crop size, the preprocessing or the networks")
            })?;
        let rate = moment.learning_rate;
        let step = self.step_tensors(segmentation, real, None, rate, moment.step)?;
        Ok(step.losses)
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
        // The middle of the style's distribution, so that pictures can be compared between steps.
        let latent = self.encoder().map(|encoder| {
            let (mean, _) = encoder
                .valid()
                .forward(targets(samples, &device), Mode::EVAL);
            mean
        });
        self.generate_in_style(samples, latent)
    }

    /// With styles there are two pictures: in the style of the target, and in one that was drawn.
    fn show(&self, samples: &[Sample], palette: &Palette) -> Result<Vec<Shown>> {
        let mut shown = show::pairs(self.generate_each(samples)?, samples, palette)?;
        let Some(latent) = self.config.generator.latent_channels() else {
            return Ok(shown);
        };
        let device = self.device.clone().without_autodiff();
        for (row, sample) in shown.iter_mut().zip(samples) {
            let seed = derive_seed(
                derive_seed(self.config.seed, SHOWN),
                name_hash(&sample.name),
            );
            let drawn = draw_noise(1, latent, seed, &device);
            for picture in self.generate_in_style(&[sample], Some(drawn))? {
                row.tiles[1].caption = "in the target's style";
                row.tiles.insert(2, Tile::new("in a drawn style", &picture));
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
        if self.config.discriminator_steps > 1 {
            let entry = |(name, value): &(&'static str, f64)| {
                let tensor = StateTensor {
                    shape: vec![1],
                    values: vec![*value as f32],
                };
                ((*name).to_owned(), LazyTensor::from(tensor))
            };
            let losses = self.last_losses.iter().map(entry).collect();
            state.files.insert(LAST_LOSSES.to_owned(), losses);
        }
        state
    }

    fn load(&mut self, mut state: TrainerState) -> Result<()> {
        self.generator.load("generator", &mut state)?;
        self.discriminator.load("discriminator", &mut state)?;
        if let Some(encoder) = &mut self.encoder {
            encoder.load("encoder", &mut state)?;
        }
        if self.config.discriminator_steps > 1 {
            let stored = state.take(LAST_LOSSES)?;
            let value = |name: &'static str| Some((name, f64::from(stored.get(name)?.values[0])));
            let names = ["KLD", "GAN", "GAN_Feat", "VGG"];
            self.last_losses = names.into_iter().filter_map(value).collect();
        }
        Ok(())
    }
}

impl Spade {
    /// Generates as in use, with a latent where the generator starts from one.
    fn generate_in_style(
        &self,
        samples: &[&Sample],
        latent: Option<Tensor<2>>,
    ) -> Result<Vec<PixelsF32>> {
        let device = self.device.clone().without_autodiff();
        let segmentation = batch::semantics(samples, &self.config.semantics, &device)?;
        self.config.generator.check_input(segmentation.dims())?;
        let generator = self.generator().valid();
        let fake = generator.forward(segmentation, latent, Mode::EVAL);
        Ok(batch::pictures(fake))
    }
}

fn targets(samples: &[&Sample], device: &Device) -> Tensor<4> {
    let targets: Vec<&PixelsF32> = samples.iter().map(|sample| &sample.target).collect();
    batch::images(&targets, device)
}
