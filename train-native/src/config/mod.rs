//! Raw flags and TOML to one validated [`TrainConfig`], which is saved beside every run.
//!
//! Flags win over the file, the file over the preset, the preset over the defaults.

mod flags;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use underpaint_core::layers::WeightInit;
use underpaint_core::loss::GanMode;
use underpaint_core::pix2pix::{Architecture, DiscriminatorKind, GeneratorConfig};

use crate::data::augment::{AugmentOptions, Preprocess};
use crate::data::paired::Direction;
use crate::device::DeviceName;
use crate::family::pix2pix::Pix2pixConfig;
use crate::trainer::AdamConfig;
use crate::trainer::schedule::{LrPolicy, Schedule};

pub use flags::{Preset, TrainFlags};

/// File in a run that holds its effective config.
pub const CONFIG_FILE: &str = "config.toml";

/// How long a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Steps from the start of the run.
    Steps(u64),
    /// Whole epochs.
    Epochs(u64),
}

/// Every setting of a pix2pix run, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    /// Root of the data set.
    pub data: PathBuf,
    /// Subfolder, or prefix of the two subfolders, to train on.
    pub phase: String,
    /// Which half of an AB picture is the input.
    pub direction: Direction,
    /// Number of classes, if the input is a label map.
    pub label_classes: Option<usize>,
    /// Sizes, crop and flip.
    pub augment: AugmentOptions,
    /// Pairs per step.
    pub batch_size: usize,
    /// Whether every epoch has its own order.
    pub shuffle: bool,
    /// Number of files to use, if not all.
    pub max_dataset_size: Option<usize>,
    /// Threads that read data.
    pub workers: usize,
    /// Networks, losses, optimisers.
    pub model: Pix2pixConfig,
    /// `--netD`, which `model.discriminator` was made from.
    pub discriminator_kind: DiscriminatorKind,
    /// Learning rates.
    pub schedule: Schedule,
    /// Where to train.
    pub device: DeviceName,
    /// When to stop.
    pub length: Length,
    /// Steps between checkpoints.
    pub save_every: u64,
    /// Steps between sample pictures.
    pub sample_every: u64,
    /// Checkpoints to keep.
    pub keep: usize,
}

impl TrainConfig {
    /// Fills in defaults and checks everything that can be checked without looking at the data.
    ///
    /// # Errors
    ///
    /// Naming the flag, what was expected and what was found.
    pub fn from_flags(flags: &TrainFlags) -> Result<Self> {
        let Some(data) = flags.data.clone() else {
            bail!("--data: expected the folder of a data set, found nothing");
        };
        check_positive(flags)?;
        let discriminator_kind = flags.net_d.unwrap_or_default();
        let size = flags.size.unwrap_or(256);
        let augment = AugmentOptions {
            preprocess: flags.preprocess.unwrap_or_default(),
            load_size: flags.load_size.unwrap_or((size * 286).div_ceil(256)),
            crop_size: size,
            flip: !flags.no_flip.unwrap_or(false),
            ..AugmentOptions::default()
        };
        augment.validate()?;
        let schedule = schedule(flags);
        if length(flags) == Length::Epochs(0) {
            bail!("--n-epochs and --n-epochs-decay: expected at least 1 epoch in all, found 0");
        }
        if schedule.policy == LrPolicy::Cosine && schedule.n_epochs == 0 {
            bail!("--n-epochs: the cosine policy needs at least 1, found 0");
        }
        let config = Self {
            data,
            phase: flags.phase.clone().unwrap_or_else(|| "train".to_owned()),
            direction: flags.direction.unwrap_or_default(),
            label_classes: flags.label_nc,
            augment,
            batch_size: flags.batch_size.unwrap_or(1),
            shuffle: !flags.serial_batches.unwrap_or(false),
            max_dataset_size: flags.max_dataset_size,
            workers: flags.workers.unwrap_or(2),
            model: model(flags, discriminator_kind)?,
            discriminator_kind,
            schedule,
            device: flags.device.unwrap_or_default(),
            length: length(flags),
            save_every: flags.save_every.unwrap_or(1000),
            sample_every: flags.sample_every.unwrap_or(200),
            keep: flags.keep.unwrap_or(2),
        };
        config.check_size()?;
        Ok(config)
    }

    /// Whether the crop fits both networks, where the preprocessing fixes the size.
    fn check_size(&self) -> Result<()> {
        let cropped = [
            Preprocess::ResizeAndCrop,
            Preprocess::Crop,
            Preprocess::ScaleWidthAndCrop,
        ];
        if !cropped.contains(&self.augment.preprocess) {
            return Ok(());
        }
        let (size, generator) = (self.augment.crop_size, &self.model.generator);
        let multiple = generator.size_multiple();
        if !size.is_multiple_of(multiple) {
            bail!(
                "--size: expected a multiple of {multiple} for {}, found {size}; \
                 a smaller generator (--net-g) takes smaller pictures",
                generator.architecture
            );
        }
        let shape = [self.batch_size, generator.input_channels, size, size];
        self.model
            .discriminator
            .check_input(shape)
            .context("--size: too small for --net-d and --n-layers-d")
    }

    /// The flags that give exactly this config, for [`CONFIG_FILE`].
    pub fn to_flags(&self) -> TrainFlags {
        let (steps, epochs) = match self.length {
            Length::Steps(steps) => (Some(steps), None),
            Length::Epochs(epochs) => (None, Some(epochs)),
        };
        let generator = &self.model.generator;
        TrainFlags {
            data: Some(self.data.clone()),
            phase: Some(self.phase.clone()),
            direction: Some(self.direction),
            label_nc: self.label_classes,
            input_nc: self
                .label_classes
                .is_none()
                .then_some(generator.input_channels),
            output_nc: Some(generator.output_channels),
            preprocess: Some(self.augment.preprocess),
            load_size: Some(self.augment.load_size),
            size: Some(self.augment.crop_size),
            no_flip: Some(!self.augment.flip),
            batch_size: Some(self.batch_size),
            serial_batches: Some(!self.shuffle),
            max_dataset_size: self.max_dataset_size,
            workers: Some(self.workers),
            net_g: Some(generator.architecture),
            net_d: Some(self.discriminator_kind),
            n_layers_d: Some(self.model.discriminator.num_layers),
            ngf: Some(generator.base_channels),
            ndf: Some(self.model.discriminator.base_channels),
            norm: Some(generator.norm),
            no_dropout: Some(!generator.dropout),
            init_type: Some(self.model.init.kind),
            init_gain: Some(self.model.init.gain),
            gan_mode: Some(self.model.gan_mode),
            lambda_l1: Some(self.model.l1_weight),
            pool_size: Some(self.model.pool_size),
            lr: Some(self.schedule.learning_rate),
            beta1: Some(self.model.adam.beta1),
            beta2: Some(self.model.adam.beta2),
            lr_policy: Some(self.schedule.policy),
            n_epochs: Some(self.schedule.n_epochs),
            n_epochs_decay: Some(self.schedule.n_epochs_decay),
            lr_decay_iters: Some(self.schedule.lr_decay_iters),
            device: Some(self.device),
            steps,
            epochs,
            seed: Some(self.model.seed),
            save_every: Some(self.save_every),
            sample_every: Some(self.sample_every),
            keep: Some(self.keep),
        }
    }

    /// Reads the effective config of a run.
    ///
    /// # Errors
    ///
    /// If the folder is no run, or its config is damaged.
    pub fn of_run(run: &Path) -> Result<Self> {
        let path = run.join(CONFIG_FILE);
        if !path.is_file() {
            bail!("{}: not a run: expected {CONFIG_FILE} in it", run.display());
        }
        Self::from_flags(&TrainFlags::read(&path)?).with_context(|| format!("{}", path.display()))
    }
}

fn check_positive(flags: &TrainFlags) -> Result<()> {
    let counts = [
        ("--batch-size", flags.batch_size.map(|n| n as u64)),
        ("--workers", flags.workers.map(|n| n as u64)),
        ("--label-nc", flags.label_nc.map(|n| n as u64)),
        (
            "--max-dataset-size",
            flags.max_dataset_size.map(|n| n as u64),
        ),
        ("--keep", flags.keep.map(|n| n as u64)),
        ("--steps", flags.steps),
        ("--epochs", flags.epochs),
        ("--save-every", flags.save_every),
        ("--sample-every", flags.sample_every),
        ("--lr-decay-iters", flags.lr_decay_iters),
    ];
    if let Some((name, _)) = counts.iter().find(|(_, value)| *value == Some(0)) {
        bail!("{name}: expected at least 1, found 0");
    }
    for (name, value) in [
        ("--input-nc", flags.input_nc),
        ("--output-nc", flags.output_nc),
    ] {
        if value.is_some_and(|channels| channels != 1 && channels != 3) {
            bail!(
                "{name}: expected 3 (colour) or 1 (grey), found {}",
                value.unwrap_or_default()
            );
        }
    }
    let rates = [
        ("--lr", flags.lr),
        ("--init-gain", flags.init_gain),
        ("--lambda-l1", flags.lambda_l1),
    ];
    if let Some((name, Some(value))) = rates
        .into_iter()
        .find(|(_, value)| value.is_some_and(|x| !x.is_finite() || x < 0.0))
    {
        bail!("{name}: expected a number of at least 0, found {value}");
    }
    for (name, value) in [("--beta1", flags.beta1), ("--beta2", flags.beta2)] {
        if let Some(value) = value.filter(|beta| !(0.0..1.0).contains(beta)) {
            bail!("{name}: expected a number from 0 up to but not 1, found {value}");
        }
    }
    if flags.label_nc.is_some() && flags.input_nc.is_some() {
        bail!("--input-nc: the input has --label-nc channels; leave one of the two out");
    }
    if flags.label_nc.is_some() && flags.direction == Some(Direction::BtoA) {
        bail!("--direction: label maps are always the input; leave it out with --label-nc");
    }
    Ok(())
}

fn model(flags: &TrainFlags, kind: DiscriminatorKind) -> Result<Pix2pixConfig> {
    let norm = flags.norm.unwrap_or_default();
    let generator = GeneratorConfig {
        architecture: flags.net_g.unwrap_or(Architecture::UNET_256),
        input_channels: flags.label_nc.or(flags.input_nc).unwrap_or(3),
        output_channels: flags.output_nc.unwrap_or(3),
        base_channels: flags.ngf.unwrap_or(64),
        norm,
        dropout: !flags.no_dropout.unwrap_or(false),
    };
    generator.validate()?;
    let pair_channels = generator.input_channels + generator.output_channels;
    let discriminator = kind.config(
        pair_channels,
        flags.ndf.unwrap_or(64),
        flags.n_layers_d.unwrap_or(3),
        norm,
    );
    discriminator.validate()?;
    Ok(Pix2pixConfig {
        generator,
        discriminator,
        gan_mode: gan_mode(flags)?,
        l1_weight: flags.lambda_l1.unwrap_or(100.0),
        pool_size: flags.pool_size.unwrap_or(0),
        adam: AdamConfig {
            beta1: flags.beta1.unwrap_or(0.5),
            beta2: flags.beta2.unwrap_or(0.999),
        },
        init: WeightInit {
            kind: flags.init_type.unwrap_or_default(),
            gain: flags.init_gain.unwrap_or(0.02),
            ..WeightInit::default()
        },
        seed: flags.seed.unwrap_or(0),
    })
}

/// The losses of the original's `--gan_mode`; the other families have more.
fn gan_mode(flags: &TrainFlags) -> Result<GanMode> {
    match flags.gan_mode.unwrap_or_default() {
        GanMode::Hinge => bail!("--gan-mode: expected vanilla, lsgan or wgangp, found hinge"),
        mode => Ok(mode),
    }
}

fn schedule(flags: &TrainFlags) -> Schedule {
    let only_steps =
        flags.steps.is_some() && flags.n_epochs.is_none() && flags.n_epochs_decay.is_none();
    let default = if only_steps {
        LrPolicy::Constant
    } else {
        LrPolicy::Linear
    };
    // `--epochs` alone: constant for the first half, falling for the second.
    let (first, second) = match flags.epochs {
        Some(epochs) => {
            let first = flags.n_epochs.unwrap_or(epochs.div_ceil(2)).min(epochs);
            (first, epochs - first)
        }
        None => (100, 100),
    };
    Schedule {
        learning_rate: flags.lr.unwrap_or(2e-4),
        policy: flags.lr_policy.unwrap_or(default),
        n_epochs: flags.n_epochs.unwrap_or(first),
        n_epochs_decay: flags.n_epochs_decay.unwrap_or(second),
        lr_decay_iters: flags.lr_decay_iters.unwrap_or(50),
    }
}

fn length(flags: &TrainFlags) -> Length {
    match (flags.steps, flags.epochs) {
        (Some(steps), _) => Length::Steps(steps),
        (None, Some(epochs)) => Length::Epochs(epochs),
        (None, None) => {
            Length::Epochs(flags.n_epochs.unwrap_or(100) + flags.n_epochs_decay.unwrap_or(100))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> TrainFlags {
        TrainFlags {
            data: Some("somewhere".into()),
            ..TrainFlags::default()
        }
    }

    #[test]
    fn defaults_are_those_of_the_paper() {
        let config = TrainConfig::from_flags(&flags()).expect("defaults");
        assert_eq!(config.model.generator, GeneratorConfig::default());
        assert_eq!(
            (config.augment.load_size, config.augment.crop_size),
            (286, 256)
        );
        assert_eq!(
            (config.model.l1_weight, config.model.adam.beta1),
            (100.0, 0.5)
        );
        assert_eq!(config.length, Length::Epochs(200));
    }

    #[test]
    fn the_effective_config_survives_toml_and_gives_itself() {
        for flags in [
            flags(),
            TrainFlags {
                label_nc: Some(13),
                steps: Some(7),
                device: Some(DeviceName::Cuda(1)),
                ..flags()
            },
            TrainFlags {
                epochs: Some(5),
                net_d: Some(DiscriminatorKind::NLayers),
                n_layers_d: Some(4),
                ..flags()
            },
        ] {
            let config = TrainConfig::from_flags(&flags).expect("valid");
            let toml = toml::to_string(&config.to_flags()).expect("TOML");
            let read: TrainFlags = toml::from_str(&toml).expect("flags");
            assert_eq!(
                TrainConfig::from_flags(&read).expect("valid"),
                config,
                "{toml}"
            );
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let error = |flags: TrainFlags| {
            TrainConfig::from_flags(&flags)
                .expect_err("wrong")
                .to_string()
        };
        assert!(error(TrainFlags::default()).starts_with("--data"));
        assert!(
            error(TrainFlags {
                size: Some(100),
                ..flags()
            })
            .contains("multiple of 256")
        );
        assert!(
            error(TrainFlags {
                batch_size: Some(0),
                ..flags()
            })
            .contains("--batch-size")
        );
        assert!(
            error(TrainFlags {
                lr: Some(f64::NAN),
                ..flags()
            })
            .contains("--lr")
        );
        let no_epochs = TrainFlags {
            lr_policy: Some(LrPolicy::Cosine),
            n_epochs: Some(0),
            ..flags()
        };
        assert!(error(no_epochs).contains("--n-epochs"));
        assert!(
            error(TrainFlags {
                output_nc: Some(2),
                ..flags()
            })
            .contains("--output-nc")
        );
    }

    #[test]
    fn steps_alone_keep_the_rate_and_epochs_alone_halve_the_run() {
        let config = |flags: TrainFlags| TrainConfig::from_flags(&flags).expect("valid").schedule;
        assert_eq!(
            config(TrainFlags {
                steps: Some(10),
                ..flags()
            })
            .policy,
            LrPolicy::Constant
        );
        let halved = config(TrainFlags {
            epochs: Some(5),
            ..flags()
        });
        assert_eq!(
            (halved.policy, halved.n_epochs, halved.n_epochs_decay),
            (LrPolicy::Linear, 3, 2)
        );
    }
}
