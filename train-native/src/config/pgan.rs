//! Settings of the Progressive GAN.

mod flags;
#[cfg(test)]
mod tests;

use anyhow::{Result, bail, ensure};
use burn::tensor::Device;
use underpaint_core::bundle::{InputKind, ModelConfig};
use underpaint_core::label::Palette;
use underpaint_core::pgan::{
    Criterion, DiscriminatorConfig, FirstFade, GeneratorConfig, Growth, resolution,
};

use super::preset::{Preset, preset};
use super::run::{not_negative, positive, shared_anew};
use super::{FamilyConfig, Foreign, RunConfig, RunDefaults, TrainedModel};
use crate::data::Size;
use crate::data::augment::{AugmentOptions, Preprocess};
use crate::data::source::{DataSource, InputSpec, Layout};
use crate::data::unconditional::FaceCrop;
use crate::family::Family;
use crate::family::pgan::{Pgan, PganTrainConfig};
use crate::optimiser::AdamConfig;
use crate::trainer::schedule::LrPolicy;

pub use flags::PganFlags;

/// Channels of the scales in the configs for CelebA: 4×4 to 128×128.
const DEPTHS: [usize; 6] = [512, 512, 512, 512, 256, 128];

/// A run of the Progressive GAN.
#[derive(Debug, Clone, PartialEq)]
pub struct PganConfig {
    /// Which part of a picture is used.
    pub crop: FaceCrop,
    /// Networks, losses, optimisers, growth.
    pub model: PganTrainConfig,
}

impl FamilyConfig for PganConfig {
    type Flags = PganFlags;

    const NAME: &'static str = "pgan";
    const ABOUT: &'static str = "Train a Progressive GAN: pictures from latents, by networks that grow from 4x4 pixels upwards";
    const PRESETS: &'static [Preset] = &[
        preset!(
            "pgan",
            "celeba",
            "CelebA, cropped: 4x4 to 128x128 in six scales"
        ),
        preset!(
            "pgan",
            "celebahq",
            "CelebA-HQ: 4x4 to 1024x1024 in nine scales"
        ),
        preset!(
            "pgan",
            "dtd",
            "Describable Textures: 4x4 to 128x128 in six scales"
        ),
    ];
    const FOREIGN: &'static [Foreign] = super::foreign::PGAN;
    const DROP_LAST: bool = true;

    fn defaults(flags: &PganFlags) -> RunDefaults {
        let growth = growth(flags);
        let iterations = growth.iterations.iter().skip(growth.first_scale);
        RunDefaults {
            batch_size: 16,
            learning_rate: 1e-3,
            policy: LrPolicy::Constant,
            n_epochs: 1,
            n_epochs_decay: 0,
            adam: AdamConfig {
                beta1: 0.0,
                beta2: 0.99,
            },
            steps: Some(iterations.sum::<u64>().max(1)),
            needs_data: true,
            sync_batch_norm: false,
        }
    }

    fn from_flags(flags: &PganFlags, run: &RunConfig) -> Result<Self> {
        check(flags, run)?;
        let depths = depths(flags);
        let growth = growth(flags);
        let criterion = flags.loss_mode.unwrap_or(Criterion::Wgangp);
        let (latent_dim, leaky_slope) = (
            flags.latent_dim.unwrap_or(512),
            flags.leaky_slope.unwrap_or(0.2),
        );
        let output_channels = flags.output_nc.unwrap_or(3);
        let mut batch_sizes = flags.batch_sizes.clone().unwrap_or_default();
        batch_sizes.truncate(depths.len());
        let model = PganTrainConfig {
            generator: GeneratorConfig {
                depths: depths.clone(),
                latent_dim,
                output_channels,
                output: criterion.output(),
                pixel_norm: is_on(flags.no_pixel_norm, flags.per_channel_normalization),
                leaky_slope,
                ..GeneratorConfig::default()
            },
            discriminator: DiscriminatorConfig {
                depths,
                input_channels: output_channels,
                minibatch_stddev: is_on(flags.no_minibatch_stddev, flags.mini_batch_std_dev),
                first_fade: FirstFade::Blend,
                leaky_slope,
                ..DiscriminatorConfig::default()
            },
            growth,
            criterion,
            penalty_weight: flags.lambda_gp.unwrap_or(match criterion {
                Criterion::Wgangp => 10.0,
                _ => 0.0,
            }),
            real_penalty_weight: flags.real_penalty.unwrap_or(0.0),
            drift_weight: flags.epsilon_d.unwrap_or(0.001),
            batch_sizes: match batch_sizes.is_empty() {
                true => vec![run.batch_size],
                false => batch_sizes,
            },
            adam: run.adam,
            seed: run.seed,
            ..PganTrainConfig::default()
        };
        model.validate()?;
        Ok(Self {
            crop: flags.crop.unwrap_or_default(),
            model,
        })
    }

    fn to_flags(&self) -> PganFlags {
        let (model, generator) = (&self.model, &self.model.generator);
        let list = |values: &[u64]| Some(values.to_vec());
        PganFlags {
            crop: Some(self.crop),
            output_nc: Some(generator.output_channels),
            depths: Some(generator.depths.clone()),
            iterations: list(&model.growth.iterations),
            alpha_jumps: list(&model.growth.alpha_jumps),
            alpha_size_jumps: list(&model.growth.alpha_jump_sizes),
            batch_sizes: Some(model.batch_sizes.clone()),
            start_scale: Some(resolution(model.growth.first_scale)),
            latent_dim: Some(generator.latent_dim),
            no_minibatch_stddev: Some(!model.discriminator.minibatch_stddev),
            mini_batch_std_dev: None,
            no_pixel_norm: Some(!generator.pixel_norm),
            per_channel_normalization: None,
            leaky_slope: Some(generator.leaky_slope),
            loss_mode: Some(model.criterion),
            lambda_gp: Some(model.penalty_weight),
            real_penalty: Some(model.real_penalty_weight),
            epsilon_d: Some(model.drift_weight),
        }
    }

    fn source(&self, run: &RunConfig) -> DataSource {
        let side = resolution(self.model.growth.first_scale);
        DataSource {
            root: run.data.clone(),
            layout: Layout::Pictures { crop: self.crop },
            augment: AugmentOptions {
                preprocess: Preprocess::ResizeAndCrop,
                load_size: side,
                crop_size: side,
                flip: false,
                ..AugmentOptions::default()
            },
            input: InputSpec::Nothing,
            output_channels: self.model.generator.output_channels,
            max_size: run.max_dataset_size,
            remap: None,
        }
    }

    fn check_size(&self, _size: Size) -> Result<()> {
        // Pictures are resized to every scale.
        Ok(())
    }

    fn check_shown(&self, _size: Size) -> Result<()> {
        Ok(())
    }

    fn largest_batch(&self, _run: &RunConfig) -> usize {
        let scales = self.model.growth.first_scale..self.model.num_scales();
        let sizes = scales.map(|scale| self.model.batch_size(scale));
        sizes.max().unwrap_or(1)
    }

    fn share_anew(&mut self, run: &mut RunConfig, from: usize, to: usize) -> Result<()> {
        for size in &mut self.model.batch_sizes {
            *size = shared_anew(*size, from, to)?;
        }
        run.batch_size = self.model.batch_sizes.first().copied().unwrap_or(1);
        Ok(())
    }

    fn family(&self, _run: &RunConfig, device: &Device) -> Result<Box<dyn Family>> {
        Ok(Box::new(Pgan::new(self.model.clone(), device)?))
    }

    fn summary(&self) -> String {
        let side = |scale| format!("{0}x{0}", resolution(scale));
        format!(
            "Progressive GAN from {} to {}, latents of {}",
            side(self.model.growth.first_scale),
            side(self.model.num_scales() - 1),
            self.model.generator.latent_dim
        )
    }

    fn trained(&self, step: u64, _palette: Option<Palette>) -> TrainedModel {
        let stage = self.model.growth.at(step, self.model.num_scales());
        let generator = self.model.generator.at_scale(stage.scale);
        TrainedModel {
            size: [generator.resolution(); 2],
            input: InputKind::Latent {
                channels: generator.input_dim(),
                attributes: Vec::new(),
            },
            model: ModelConfig::Pgan { generator },
            alpha: stage.alpha,
            generator: "average_generator",
            encoder: None,
        }
    }
}

/// Something that is on unless one flag says that it is not, or the original's that it is off.
fn is_on(off: Option<bool>, on: Option<bool>) -> bool {
    off.map_or(on, |off| Some(!off)).unwrap_or(true)
}

fn depths(flags: &PganFlags) -> Vec<usize> {
    flags.depths.clone().unwrap_or_else(|| DEPTHS.to_vec())
}

/// A list for every scale: what is given, its last value for the scales beyond, or the default.
fn per_scale(given: &Option<Vec<u64>>, default: Vec<u64>) -> Vec<u64> {
    let Some(last) = given.as_ref().and_then(|values| values.last()) else {
        return default;
    };
    let mut values = given.clone().unwrap_or_default();
    values.resize(default.len().max(values.len()), *last);
    values
}

fn growth(flags: &PganFlags) -> Growth {
    let default = Growth::default();
    let scales = depths(flags).len();
    let list = |given, default| {
        let mut values = per_scale(given, default);
        values.truncate(scales);
        values
    };
    Growth {
        first_scale: first_scale(flags).unwrap_or(0),
        iterations: list(&flags.iterations, default.iterations),
        alpha_jumps: list(&flags.alpha_jumps, default.alpha_jumps),
        alpha_jump_sizes: list(&flags.alpha_size_jumps, default.alpha_jump_sizes),
    }
}

/// Index of the scale that a side belongs to.
fn first_scale(flags: &PganFlags) -> Option<usize> {
    let side = flags.start_scale.unwrap_or(4);
    (side >= 4 && side.is_power_of_two()).then(|| side.ilog2() as usize - 2)
}

fn check(flags: &PganFlags, run: &RunConfig) -> Result<()> {
    let list = |values: &Option<Vec<usize>>| -> Vec<Option<u64>> {
        let values = values.iter().flatten();
        values.map(|&value| Some(value as u64)).collect()
    };
    for (name, values) in [
        ("--depths", list(&flags.depths)),
        ("--batch-sizes", list(&flags.batch_sizes)),
        ("--latent-dim", vec![flags.latent_dim.map(|n| n as u64)]),
    ] {
        let named: Vec<_> = values.into_iter().map(|value| (name, value)).collect();
        positive(&named)?;
    }
    not_negative(&[
        ("--lambda-gp", flags.lambda_gp),
        ("--real-penalty", flags.real_penalty),
        ("--epsilon-d", flags.epsilon_d),
    ])?;
    super::pix2pix::check_picture_channels(&[("--output-nc", flags.output_nc)])?;
    check_scales(flags)?;
    if matches!(run.length, super::Length::Epochs(_)) {
        bail!("--epochs: a Progressive GAN is as long as its --iterations, or --steps");
    }
    ensure!(
        run.schedule.policy == LrPolicy::Constant,
        "--lr-policy: a Progressive GAN keeps its rate: expected constant"
    );
    Ok(())
}

fn check_scales(flags: &PganFlags) -> Result<()> {
    let scales = depths(flags).len();
    let lists = [
        ("--iterations", &flags.iterations),
        ("--alpha-jumps", &flags.alpha_jumps),
        ("--alpha-size-jumps", &flags.alpha_size_jumps),
    ];
    for (name, list) in lists {
        if let Some(list) = list.as_ref().filter(|list| list.is_empty()) {
            bail!("{name}: expected a number for each of {scales} scales, found {list:?}");
        }
    }
    match (first_scale(flags), flags.start_scale) {
        (Some(scale), _) if scale < scales => Ok(()),
        (_, found) => bail!(
            "--start-scale: expected one of 4, 8, … {}, the sides of {scales} scales, found {}",
            resolution(scales.saturating_sub(1)),
            found.unwrap_or_default()
        ),
    }
}
