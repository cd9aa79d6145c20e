//! Settings of pix2pix.

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::Args;
use serde::{Deserialize, Serialize};
use underpaint_core::bundle::ModelConfig;
use underpaint_core::label::{Palette, SemanticLayout};
use underpaint_core::layers::{InitKind, NormKind, WeightInit};
use underpaint_core::loss::GanMode;
use underpaint_core::pix2pix::{Architecture, DiscriminatorKind, GeneratorConfig, Upsampling};

use super::preset::{Preset, preset};
use super::run::{not_negative, positive};
use super::values::{parse_name, parse_switch};
use super::{FamilyConfig, Folders, Foreign, RunConfig, RunDefaults, TrainedModel};
use crate::data::Size;
use crate::data::augment::{AugmentOptions, Preprocess};
use crate::data::paired::Direction;
use crate::data::source::{DataSource, InputSpec, Layout};
use crate::family::Family;
use crate::family::pix2pix::{Pix2pix, Pix2pixConfig};
use crate::model::{image_input, labels_input};
use crate::optimiser::AdamConfig;
use crate::trainer::schedule::LrPolicy;

/// A pix2pix run.
#[derive(Debug, Clone, PartialEq)]
pub struct Pix2pixRun {
    /// Which half of an AB picture is the input.
    pub direction: Direction,
    /// Folders of the data set where they have names of any kind.
    pub folders: Option<Folders>,
    /// Number of classes, if the input is a label map.
    pub label_classes: Option<usize>,
    /// Sizes, crop and flip.
    pub augment: AugmentOptions,
    /// Networks, losses, optimisers.
    pub model: Pix2pixConfig,
    /// `--netD`, which `model.discriminator` was made from.
    pub discriminator_kind: DiscriminatorKind,
}

/// Settings of a pix2pix run, none of them required here.
///
/// The names of the original code are accepted too: `--netG`, `--load_size`, …
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
pub struct Pix2pixFlags {
    /// Which half of an AB picture, or which of two folders ({phase}_A and {phase}_B, {phase}A and {phase}B, {phase}/A
    /// and {phase}/B), is the input: AtoB or BtoA [default: AtoB]
    #[arg(
        long,
        alias = "which_direction",
        value_name = "DIRECTION",
        help_heading = "Data"
    )]
    pub direction: Option<Direction>,
    /// Instead of --data: folder of photos
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub images: Option<PathBuf>,
    /// Instead of --data: folder of label maps, paired with --images by name; with --label-nc 0 of pictures
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub labels: Option<PathBuf>,
    /// Number of classes; the input is then a label map of {phase}_label, one-hot encoded, and the
    /// picture lies in {phase}_img
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
    #[arg(long, aliases = ["load_size", "loadSize"], value_name = "PX", help_heading = "Data")]
    pub load_size: Option<usize>,
    /// Side of the square to train on, in pixels [default: 256]
    #[arg(long, aliases = ["crop-size", "crop_size", "fineSize", "image_size"], value_name = "PX", help_heading = "Data")]
    pub size: Option<usize>,
    /// Never mirror
    #[arg(long, alias = "no_flip", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub no_flip: Option<bool>,

    /// Generator: unet_256, unet_128, unet_64, resnet_9blocks or resnet_6blocks [default: unet_256]
    #[arg(long, aliases = ["netG", "which_model_netG"], value_name = "NAME", help_heading = "Networks")]
    pub net_g: Option<Architecture>,
    /// Discriminator: basic (70×70 PatchGAN), n_layers or pixel [default: basic]
    #[arg(long, aliases = ["netD", "which_model_netD"], value_name = "NAME", help_heading = "Networks")]
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
    /// batch, instance or none; syncbatch is batch on one device [default: batch]
    #[arg(long, value_name = "NAME", value_parser = parse_norm, help_heading = "Networks")]
    pub norm: Option<NormKind>,
    /// No dropout layers in the generator
    #[arg(long, alias = "no_dropout", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Networks")]
    pub no_dropout: Option<bool>,
    /// How a U-Net doubles: transposed (free 4×4 kernels, the original's), or nearest (3×3 kernels over
    /// pixels doubled by nearest neighbours, which leave no checkerboard; exported as a plain U-Net)
    /// [default: transposed]
    #[arg(long, value_name = "NAME", help_heading = "Networks")]
    pub upsampling: Option<Upsampling>,
    /// Weights are drawn from: normal, xavier, kaiming or orthogonal [default: normal]
    #[arg(long, alias = "init_type", value_name = "NAME", value_parser = parse_name::<InitKind>, help_heading = "Networks")]
    pub init_type: Option<InitKind>,
    /// Scale of the initial weights [default: 0.02]
    #[arg(long, alias = "init_gain", value_name = "X", help_heading = "Networks")]
    pub init_gain: Option<f64>,

    /// Adversarial loss: vanilla, lsgan or wgangp [default: vanilla]
    #[arg(long, alias = "gan_mode", value_name = "NAME", value_parser = parse_name::<GanMode>, help_heading = "Losses")]
    pub gan_mode: Option<GanMode>,
    /// Weight of the L1 loss [default: 100]
    #[arg(long, aliases = ["lambda_L1", "LAMBDA_L1"], value_name = "X", help_heading = "Losses")]
    pub lambda_l1: Option<f64>,
    /// Earlier fakes kept for the discriminator [default: 0]
    #[arg(long, alias = "pool_size", value_name = "N", help_heading = "Losses")]
    pub pool_size: Option<usize>,
}

/// A norm by the names of all the originals.
pub(super) fn parse_norm(text: &str) -> Result<NormKind, String> {
    match text {
        "syncbatch" | "sync_batch" => Ok(NormKind::Batch),
        _ => parse_name(text),
    }
}

/// What to change where pictures of a size do not fit.
const SIZE_FLAGS: &str = "change --size, --load-size, --preprocess or the networks";

impl FamilyConfig for Pix2pixRun {
    type Flags = Pix2pixFlags;

    const NAME: &'static str = "pix2pix";
    const ABOUT: &'static str =
        "Train pix2pix: a U-Net or ResNet generator and a PatchGAN on pairs of pictures";
    const PRESETS: &'static [Preset] = &[
        preset!(
            "pix2pix",
            "facades",
            "CMP facades: labels (right half) to photos, 200 epochs"
        ),
        preset!(
            "pix2pix",
            "maps",
            "Google Maps: map (right half) to aerial photo, 200 epochs"
        ),
        preset!(
            "pix2pix",
            "edges",
            "Edges to photos (shoes, handbags): 15 epochs of batches of 4"
        ),
    ];
    const FOREIGN: &'static [Foreign] = super::foreign::PIX2PIX;
    const DROP_LAST: bool = false;

    fn defaults(flags: &Pix2pixFlags) -> RunDefaults {
        RunDefaults {
            batch_size: 1,
            learning_rate: 2e-4,
            policy: LrPolicy::Linear,
            n_epochs: 100,
            n_epochs_decay: 100,
            adam: AdamConfig {
                beta1: 0.5,
                beta2: 0.999,
            },
            steps: None,
            needs_data: flags.images.is_none() && flags.labels.is_none(),
            sync_batch_norm: false,
        }
    }

    fn from_flags(flags: &Pix2pixFlags, run: &RunConfig) -> Result<Self> {
        check(flags)?;
        let folders = Folders::from_flags(flags.images.as_ref(), flags.labels.as_ref(), None, run)?;
        let size = flags.size.unwrap_or(256);
        let augment = AugmentOptions {
            preprocess: flags.preprocess.unwrap_or_default(),
            load_size: flags.load_size.unwrap_or((size * 286).div_ceil(256)),
            crop_size: size,
            flip: !flags.no_flip.unwrap_or(false),
            ..AugmentOptions::default()
        };
        augment.validate()?;
        let discriminator_kind = flags.net_d.unwrap_or_default();
        let config = Self {
            direction: flags.direction.unwrap_or_default(),
            folders,
            label_classes: classes(flags),
            augment,
            model: model(flags, run, discriminator_kind)?,
            discriminator_kind,
        };
        config.check_crop(run)?;
        Ok(config)
    }

    fn to_flags(&self) -> Pix2pixFlags {
        let generator = &self.model.generator;
        Pix2pixFlags {
            direction: Some(self.direction),
            images: self.folders.as_ref().map(|folders| folders.images.clone()),
            labels: self.folders.as_ref().map(|folders| folders.labels.clone()),
            label_nc: self.label_classes.or(self.folders.as_ref().map(|_| 0)),
            input_nc: self
                .label_classes
                .is_none()
                .then_some(generator.input_channels),
            output_nc: Some(generator.output_channels),
            preprocess: Some(self.augment.preprocess),
            load_size: Some(self.augment.load_size),
            size: Some(self.augment.crop_size),
            no_flip: Some(!self.augment.flip),
            net_g: Some(generator.architecture),
            net_d: Some(self.discriminator_kind),
            n_layers_d: Some(self.model.discriminator.num_layers),
            ngf: Some(generator.base_channels),
            ndf: Some(self.model.discriminator.base_channels),
            norm: Some(generator.norm),
            no_dropout: Some(!generator.dropout),
            upsampling: Some(generator.upsampling),
            init_type: Some(self.model.init.kind),
            init_gain: Some(self.model.init.gain),
            gan_mode: Some(self.model.gan_mode),
            lambda_l1: Some(self.model.l1_weight),
            pool_size: Some(self.model.pool_size),
        }
    }

    fn make_absolute(&mut self) -> Result<()> {
        self.folders.as_mut().map_or(Ok(()), Folders::make_absolute)
    }

    fn source(&self, run: &RunConfig) -> DataSource {
        let channels = self.model.generator.input_channels;
        let (layout, input) = match self.label_classes {
            None => (
                Layout::Pairs {
                    direction: self.direction,
                },
                InputSpec::Picture { channels },
            ),
            Some(num_classes) => (
                Layout::Flat {
                    instances: false,
                    features: false,
                },
                InputSpec::Labels {
                    num_classes,
                    dont_care: false,
                    ade_shift: false,
                },
            ),
        };
        DataSource {
            root: run.data.clone(),
            layout: self.folders.as_ref().map_or(layout, Folders::layout),
            augment: self.augment,
            input,
            output_channels: self.model.generator.output_channels,
            max_size: run.max_dataset_size,
            remap: run.remap.clone(),
        }
    }

    fn check_size(&self, size: Size) -> Result<()> {
        self.check_shown(size)?;
        let discriminator = &self.model.discriminator;
        let shape = [1, discriminator.input_channels, size.height, size.width];
        discriminator.check_input(shape).context(SIZE_FLAGS)
    }

    fn check_shown(&self, size: Size) -> Result<()> {
        let generator = &self.model.generator;
        let shape = [1, generator.input_channels, size.height, size.width];
        generator.check_input(shape).context(SIZE_FLAGS)
    }

    fn family(&self, _run: &RunConfig, device: &Device) -> Result<Box<dyn Family>> {
        Ok(Box::new(Pix2pix::new(self.model.clone(), device)?))
    }

    fn summary(&self) -> String {
        self.model.generator.architecture.to_string()
    }

    fn trained(&self, _step: u64, palette: Option<Palette>) -> TrainedModel {
        let generator = self.model.generator.clone();
        let input = match self.label_classes {
            Some(num_classes) => labels_input(
                SemanticLayout {
                    num_classes,
                    dont_care: false,
                    edges: false,
                },
                palette,
            ),
            None => image_input(generator.input_channels, palette),
        };
        TrainedModel {
            alpha: 0.0,
            model: ModelConfig::Pix2pix { generator },
            input,
            size: [self.augment.crop_size; 2],
            generator: "generator",
            encoder: None,
        }
    }
}

impl Pix2pixRun {
    /// Whether the crop fits both networks, where the preprocessing fixes the size.
    fn check_crop(&self, run: &RunConfig) -> Result<()> {
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
        let shape = [run.batch_size, generator.input_channels, size, size];
        self.model
            .discriminator
            .check_input(shape)
            .context("--size: too small for --net-d and --n-layers-d")
    }
}

/// Number of classes, if the input is a label map.
fn classes(flags: &Pix2pixFlags) -> Option<usize> {
    flags.label_nc.filter(|classes| *classes > 0)
}

fn check(flags: &Pix2pixFlags) -> Result<()> {
    if flags.labels.is_some() {
        ensure!(
            flags.label_nc.is_some(),
            "--label-nc: expected the number of classes of --labels (0 where these are pictures), found nothing"
        );
    } else {
        positive(&[("--label-nc", flags.label_nc.map(|n| n as u64))])?;
    }
    check_picture_channels(&[
        ("--input-nc", flags.input_nc),
        ("--output-nc", flags.output_nc),
    ])?;
    not_negative(&[
        ("--init-gain", flags.init_gain),
        ("--lambda-l1", flags.lambda_l1),
    ])?;
    if classes(flags).is_some() && flags.input_nc.is_some() {
        bail!("--input-nc: the input has --label-nc channels; leave one of the two out");
    }
    if flags.labels.is_some() && flags.direction == Some(Direction::BtoA) {
        bail!("--direction: what lies in --labels is always the input; leave it out");
    }
    if flags.label_nc.is_some() && flags.direction == Some(Direction::BtoA) {
        bail!("--direction: label maps are always the input; leave it out with --label-nc");
    }
    Ok(())
}

/// Pictures are read in colour or grey.
pub(super) fn check_picture_channels(channels: &[(&str, Option<usize>)]) -> Result<()> {
    for (name, value) in channels {
        if let Some(found) = value.filter(|channels| *channels != 1 && *channels != 3) {
            bail!("{name}: expected 3 (colour) or 1 (grey), found {found}");
        }
    }
    Ok(())
}

fn model(flags: &Pix2pixFlags, run: &RunConfig, kind: DiscriminatorKind) -> Result<Pix2pixConfig> {
    let norm = flags.norm.unwrap_or_default();
    let generator = GeneratorConfig {
        architecture: flags.net_g.unwrap_or(Architecture::UNET_256),
        input_channels: classes(flags).or(flags.input_nc).unwrap_or(3),
        output_channels: flags.output_nc.unwrap_or(3),
        base_channels: flags.ngf.unwrap_or(64),
        norm,
        dropout: !flags.no_dropout.unwrap_or(false),
        upsampling: flags.upsampling.unwrap_or_default(),
    };
    check_upsampling(&generator)?;
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
        adam: run.adam,
        init: WeightInit {
            kind: flags.init_type.unwrap_or_default(),
            gain: flags.init_gain.unwrap_or(0.02),
            ..WeightInit::default()
        },
        seed: run.seed,
    })
}

/// Only a U-Net doubles with kernels that can be trained as smaller ones.
fn check_upsampling(generator: &GeneratorConfig) -> Result<()> {
    let is_unet = matches!(generator.architecture, Architecture::Unet { .. });
    ensure!(
        is_unet || generator.upsampling == Upsampling::Transposed,
        "--upsampling {}: only a U-Net has it (--net-g unet_256), found {}; leave it out",
        generator.upsampling,
        generator.architecture
    );
    Ok(())
}

/// The losses of the original's `--gan_mode`; the other families have more.
fn gan_mode(flags: &Pix2pixFlags) -> Result<GanMode> {
    match flags.gan_mode.unwrap_or_default() {
        GanMode::Hinge => bail!("--gan-mode: expected vanilla, lsgan or wgangp, found hinge"),
        mode => Ok(mode),
    }
}
