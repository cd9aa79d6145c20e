//! Raw flags and TOML to one validated [`TrainConfig`], which is saved beside every run.
//!
//! [`TrainFlags`] is both: what the command line may give and what a TOML file may hold, under the
//! same names. Flags win over the file, the file over the preset, the preset over the defaults.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use underpaint_core::layers::{InitKind, NormKind, WeightInit};
use underpaint_core::loss::GanMode;
use underpaint_core::pix2pix::{Architecture, DiscriminatorKind, GeneratorConfig};

use crate::data::augment::{AugmentOptions, Preprocess};
use crate::data::paired::Direction;
use crate::device::DeviceName;
use crate::family::pix2pix::Pix2pixConfig;
use crate::trainer::AdamConfig;
use crate::trainer::schedule::{LrPolicy, Schedule};

/// File in a run that holds its effective config.
pub const CONFIG_FILE: &str = "config.toml";

/// Parameters of the seed's scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// CMP facades: labels (right half) to photos, 200 epochs.
    Facades,
    /// Google Maps: map (right half) to aerial photo, 200 epochs.
    Maps,
    /// Edges to photos (shoes, handbags): 15 epochs of batches of 4.
    Edges,
}

impl Preset {
    fn flags(self) -> TrainFlags {
        let seed = TrainFlags {
            net_g: Some(Architecture::UNET_256),
            direction: Some(Direction::BtoA),
            load_size: Some(286),
            size: Some(256),
            batch_size: Some(1),
            n_epochs: Some(100),
            n_epochs_decay: Some(100),
            lambda_l1: Some(100.0),
            ..TrainFlags::default()
        };
        match self {
            Self::Facades | Self::Maps => seed,
            Self::Edges => TrainFlags {
                direction: Some(Direction::AtoB),
                batch_size: Some(4),
                n_epochs: Some(15),
                n_epochs_decay: Some(0),
                ..seed
            },
        }
    }
}

/// A switch that may also be given a value: `--no-flip`, `--no-flip true`, `--no-flip 0`.
fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// A name that serde knows, for clap.
fn parse_name<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    use serde::de::IntoDeserializer;
    let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        text.into_deserializer();
    T::deserialize(name).map_err(|error| error.to_string())
}

/// All settings of a pix2pix run, none of them required here.
///
/// The names of the original code are accepted too: `--netG`, `--load_size`, `--dataroot`, …
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainFlags {
    /// Data set: a folder with train/ of AB pictures, or train_label/ and train_img/ (--label-nc)
    #[arg(long, alias = "dataroot", value_name = "DIR", help_heading = "Data")]
    pub data: Option<PathBuf>,
    /// Phase to train on: a subfolder of the data set [default: train]
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub phase: Option<String>,
    /// Which half of an AB picture is the input: AtoB or BtoA [default: AtoB]
    #[arg(long, value_name = "DIRECTION", help_heading = "Data")]
    pub direction: Option<Direction>,
    /// Number of classes; the input is then a label map, one-hot encoded
    #[arg(long, alias = "label_nc", value_name = "N", help_heading = "Data")]
    pub label_nc: Option<usize>,
    /// Channels of an input picture, 3 or 1 [default: 3]
    #[arg(long, alias = "input_nc", value_name = "N", help_heading = "Data")]
    pub input_nc: Option<usize>,
    /// Channels of the generated picture, 3 or 1 [default: 3]
    #[arg(long, alias = "output_nc", value_name = "N", help_heading = "Data")]
    pub output_nc: Option<usize>,
    /// resize_and_crop, crop, scale_width, scale_width_and_crop or none [default: resize_and_crop]
    #[arg(long, alias = "resize_or_crop", value_name = "HOW", value_parser = parse_name::<Preprocess>, help_heading = "Data")]
    pub preprocess: Option<Preprocess>,
    /// Size to load at before the crop, in pixels [default: --size * 286 / 256]
    #[arg(long, alias = "load_size", value_name = "PX", help_heading = "Data")]
    pub load_size: Option<usize>,
    /// Side of the square to train on, in pixels [default: 256]
    #[arg(
        long,
        alias = "crop-size",
        alias = "crop_size",
        value_name = "PX",
        help_heading = "Data"
    )]
    pub size: Option<usize>,
    /// Never mirror
    #[arg(long, alias = "no_flip", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub no_flip: Option<bool>,
    /// Pairs per step [default: 1]
    #[arg(long, alias = "batch_size", value_name = "N", help_heading = "Data")]
    pub batch_size: Option<usize>,
    /// Use the files in order instead of shuffled
    #[arg(long, alias = "serial_batches", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub serial_batches: Option<bool>,
    /// Use only that many files [default: all]
    #[arg(
        long,
        alias = "max_dataset_size",
        value_name = "N",
        help_heading = "Data"
    )]
    pub max_dataset_size: Option<usize>,
    /// Threads that read data [default: 2]
    #[arg(long, alias = "num_threads", value_name = "N", help_heading = "Data")]
    pub workers: Option<usize>,

    /// Generator: unet_256, unet_128, unet_64, resnet_9blocks or resnet_6blocks [default: unet_256]
    #[arg(long, alias = "netG", value_name = "NAME", help_heading = "Networks")]
    pub net_g: Option<Architecture>,
    /// Discriminator: basic (70×70 PatchGAN), n_layers or pixel [default: basic]
    #[arg(long, alias = "netD", value_name = "NAME", help_heading = "Networks")]
    pub net_d: Option<DiscriminatorKind>,
    /// Layers of an n_layers discriminator [default: 3]
    #[arg(
        long,
        alias = "n_layers_D",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub n_layers_d: Option<usize>,
    /// Width of the generator's first layer [default: 64]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub ngf: Option<usize>,
    /// Width of the discriminator's first layer [default: 64]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub ndf: Option<usize>,
    /// batch, instance or none [default: batch]
    #[arg(long, value_name = "NAME", value_parser = parse_name::<NormKind>, help_heading = "Networks")]
    pub norm: Option<NormKind>,
    /// No dropout layers in the generator
    #[arg(long, alias = "no_dropout", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Networks")]
    pub no_dropout: Option<bool>,
    /// Weights are drawn from: normal, xavier, kaiming or orthogonal [default: normal]
    #[arg(long, alias = "init_type", value_name = "NAME", value_parser = parse_name::<InitKind>, help_heading = "Networks")]
    pub init_type: Option<InitKind>,
    /// Scale of the initial weights [default: 0.02]
    #[arg(long, alias = "init_gain", value_name = "X", help_heading = "Networks")]
    pub init_gain: Option<f64>,

    /// Adversarial loss: vanilla, lsgan or wgangp [default: vanilla]
    #[arg(long, alias = "gan_mode", value_name = "NAME", value_parser = parse_name::<GanMode>, help_heading = "Losses and optimisers")]
    pub gan_mode: Option<GanMode>,
    /// Weight of the L1 loss [default: 100]
    #[arg(
        long,
        alias = "lambda_L1",
        alias = "LAMBDA_L1",
        value_name = "X",
        help_heading = "Losses and optimisers"
    )]
    pub lambda_l1: Option<f64>,
    /// Earlier fakes kept for the discriminator [default: 0]
    #[arg(
        long,
        alias = "pool_size",
        value_name = "N",
        help_heading = "Losses and optimisers"
    )]
    pub pool_size: Option<usize>,
    /// Learning rate of both Adams [default: 0.0002]
    #[arg(long, value_name = "X", help_heading = "Losses and optimisers")]
    pub lr: Option<f64>,
    /// First decay rate of both Adams [default: 0.5]
    #[arg(long, value_name = "X", help_heading = "Losses and optimisers")]
    pub beta1: Option<f64>,
    /// Second decay rate of both Adams [default: 0.999]
    #[arg(long, value_name = "X", help_heading = "Losses and optimisers")]
    pub beta2: Option<f64>,
    /// linear, step, plateau, cosine or constant [default: linear; constant where --steps alone says how long]
    #[arg(long, alias = "lr_policy", value_name = "NAME", value_parser = parse_name::<LrPolicy>, help_heading = "Losses and optimisers")]
    pub lr_policy: Option<LrPolicy>,
    /// Epochs at the full learning rate [default: 100]
    #[arg(
        long,
        alias = "n_epochs",
        alias = "niter",
        value_name = "N",
        help_heading = "Losses and optimisers"
    )]
    pub n_epochs: Option<u64>,
    /// Epochs over which the learning rate falls to zero [default: 100]
    #[arg(
        long,
        alias = "n_epochs_decay",
        alias = "niter_decay",
        value_name = "N",
        help_heading = "Losses and optimisers"
    )]
    pub n_epochs_decay: Option<u64>,
    /// Epochs between two falls of the step policy [default: 50]
    #[arg(
        long,
        alias = "lr_decay_iters",
        value_name = "N",
        help_heading = "Losses and optimisers"
    )]
    pub lr_decay_iters: Option<u64>,

    /// Where to train; `underpaint devices` lists them [default: cpu]
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    #[serde(with = "device_name", default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceName>,
    /// Stop after that many steps, counted from the start of the run
    #[arg(
        long,
        value_name = "N",
        help_heading = "Run",
        conflicts_with = "epochs"
    )]
    pub steps: Option<u64>,
    /// Stop after that many epochs; without --n-epochs the second half decays [default: --n-epochs + --n-epochs-decay]
    #[arg(long, alias = "epoch_num", value_name = "N", help_heading = "Run")]
    pub epochs: Option<u64>,
    /// Seed of the weights and of every random draw [default: 0]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub seed: Option<u64>,
    /// Steps between two checkpoints [default: 1000]
    #[arg(
        long,
        alias = "save_latest_freq",
        value_name = "STEPS",
        help_heading = "Run"
    )]
    pub save_every: Option<u64>,
    /// Steps between two sets of sample pictures [default: 200]
    #[arg(
        long,
        alias = "display_freq",
        value_name = "STEPS",
        help_heading = "Run"
    )]
    pub sample_every: Option<u64>,
    /// Newest checkpoints to keep [default: 2]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub keep: Option<usize>,
}

/// [`DeviceName`] as its name in TOML.
mod device_name {
    use super::DeviceName;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(
        name: &Option<DeviceName>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match name {
            Some(name) => serializer.collect_str(name),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DeviceName>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom))
            .transpose()
    }
}

macro_rules! or {
    ($first:expr, $second:expr, [$($field:ident),* $(,)?]) => {
        TrainFlags { $($field: $first.$field.or($second.$field)),* }
    };
}

impl TrainFlags {
    /// These settings, and those of `other` where these are silent.
    pub fn or(self, other: Self) -> Self {
        or!(
            self,
            other,
            [
                data,
                phase,
                direction,
                label_nc,
                input_nc,
                output_nc,
                preprocess,
                load_size,
                size,
                no_flip,
                batch_size,
                serial_batches,
                max_dataset_size,
                workers,
                net_g,
                net_d,
                n_layers_d,
                ngf,
                ndf,
                norm,
                no_dropout,
                init_type,
                init_gain,
                gan_mode,
                lambda_l1,
                pool_size,
                lr,
                beta1,
                beta2,
                lr_policy,
                n_epochs,
                n_epochs_decay,
                lr_decay_iters,
                device,
                steps,
                epochs,
                seed,
                save_every,
                sample_every,
                keep,
            ]
        )
    }

    /// Reads a TOML file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or holds an unknown name or a value of the wrong kind, with its place.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{}", path.display()))
    }

    /// Puts flags, file and preset together.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn merged(self, file: Option<&Path>, preset: Option<Preset>) -> Result<Self> {
        let mut flags = self;
        // How long to train is one setting in two units: the later word replaces the earlier.
        let length = |flags: &Self| flags.steps.is_some() || flags.epochs.is_some();
        let mut add = |mut other: Self| {
            if length(&flags) {
                (other.steps, other.epochs) = (None, None);
            }
            flags = std::mem::take(&mut flags).or(other);
        };
        if let Some(path) = file {
            add(Self::read(path)?);
        }
        if let Some(preset) = preset {
            add(preset.flags());
        }
        Ok(flags)
    }
}

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
            schedule: schedule(flags),
            device: flags.device.unwrap_or_default(),
            length: length(flags),
            save_every: flags.save_every.unwrap_or(1000),
            sample_every: flags.sample_every.unwrap_or(200),
            keep: flags.keep.unwrap_or(2),
        };
        config.check_size()?;
        Ok(config)
    }

    /// Whether the crop fits the generator, where the preprocessing fixes the size.
    fn check_size(&self) -> Result<()> {
        let cropped = [
            Preprocess::ResizeAndCrop,
            Preprocess::Crop,
            Preprocess::ScaleWidthAndCrop,
        ];
        let (size, multiple) = (self.augment.crop_size, self.model.generator.size_multiple());
        if cropped.contains(&self.augment.preprocess) && !size.is_multiple_of(multiple) {
            bail!(
                "--size: expected a multiple of {multiple} for {}, found {size}; \
                 a smaller generator (--net-g) takes smaller pictures",
                self.model.generator.architecture
            );
        }
        Ok(())
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
        gan_mode: flags.gan_mode.unwrap_or_default(),
        l1_weight: flags.lambda_l1.unwrap_or(100.0),
        pool_size: flags.pool_size.unwrap_or(0),
        adam: AdamConfig {
            beta1: flags.beta1.unwrap_or(0.5),
            beta2: flags.beta2.unwrap_or(0.999),
        },
        init: WeightInit {
            kind: flags.init_type.unwrap_or_default(),
            gain: flags.init_gain.unwrap_or(0.02),
        },
        seed: flags.seed.unwrap_or(0),
    })
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
    fn flags_win_over_the_file_and_the_file_over_the_preset() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "ngf = 8\nndf = 9\nsteps = 3\nbatch_size = 2\n").expect("written");
        let merged = TrainFlags {
            ngf: Some(4),
            epochs: Some(6),
            ..flags()
        };
        let merged = merged
            .merged(Some(file.path()), Some(Preset::Edges))
            .expect("merged");
        assert_eq!(
            (merged.ngf, merged.ndf, merged.batch_size),
            (Some(4), Some(9), Some(2))
        );
        assert_eq!(
            (merged.steps, merged.epochs, merged.n_epochs),
            (None, Some(6), Some(15))
        );
    }

    #[test]
    fn an_unknown_name_in_the_file_is_told_with_its_place() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "ngf = 8\nngff = 9\n").expect("written");
        let error = format!("{:#}", TrainFlags::read(file.path()).expect_err("unknown"));
        assert!(
            error.contains("line 2") && error.contains("ngff"),
            "{error}"
        );
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
