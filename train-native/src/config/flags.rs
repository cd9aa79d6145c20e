//! What the command line may give and what a TOML file may hold, under the same names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use underpaint_core::layers::{InitKind, NormKind};
use underpaint_core::loss::GanMode;
use underpaint_core::pix2pix::{Architecture, DiscriminatorKind};

use crate::data::augment::Preprocess;
use crate::data::paired::Direction;
use crate::device::DeviceName;
use crate::trainer::schedule::LrPolicy;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_preset() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "ngf = 8\nndf = 9\nsteps = 3\nbatch_size = 2\n").expect("written");
        let merged = TrainFlags {
            ngf: Some(4),
            epochs: Some(6),
            ..TrainFlags::default()
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
}
