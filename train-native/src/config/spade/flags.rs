//! The settings of SPADE by name.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use underpaint_core::layers::InitKind;
use underpaint_core::loss::GanMode;
use underpaint_core::spade::{Architecture, ConvNorm, Upsampling};

use super::SpadeRun;
use crate::config::values::{as_text, parse_name, parse_switch};
use crate::data::augment::Preprocess;
use crate::trainer::schedule::TimeScale;

/// How a data set lies in folders, and what it is trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetMode {
    /// `{train,val}_{label,img,inst}`.
    #[default]
    Coco,
    /// The tree of ADEChallengeData2016.
    Ade20k,
    /// The raw tree of Cityscapes.
    Cityscapes,
    /// `{train,val}_{label,img}`.
    Facades,
    /// Folders with names of any kind.
    Custom,
}

/// Kind of the generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetG {
    /// Modulated residual blocks.
    #[default]
    Spade,
    /// pix2pixHD's global generator.
    Pix2pixhd,
}

/// Settings of a SPADE run, none of them required here.
///
/// The names of the original code and of its MindSpore version are accepted too.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
pub struct SpadeFlags {
    /// coco, ade20k, cityscapes, facades or custom: where the files lie, and defaults for all else
    /// [default: coco; custom with --label-dir and --image-dir]
    #[arg(long, alias = "dataset_mode", value_name = "NAME", value_parser = parse_name::<DatasetMode>, help_heading = "Data")]
    pub dataset_mode: Option<DatasetMode>,
    /// With custom, and instead of it: folder of label maps
    #[arg(
        long,
        alias = "label_dir",
        visible_alias = "labels",
        value_name = "DIR",
        help_heading = "Data"
    )]
    pub label_dir: Option<PathBuf>,
    /// With custom, and instead of it: folder of photos
    #[arg(
        long,
        alias = "image_dir",
        visible_alias = "images",
        value_name = "DIR",
        help_heading = "Data"
    )]
    pub image_dir: Option<PathBuf>,
    /// With custom: folder of instance maps
    #[arg(
        long,
        alias = "instance_dir",
        visible_alias = "instances",
        value_name = "DIR",
        help_heading = "Data"
    )]
    pub instance_dir: Option<PathBuf>,
    /// Number of classes [default: of the data set]
    #[arg(long, alias = "label_nc", value_name = "N", help_heading = "Data")]
    pub label_nc: Option<usize>,
    /// A channel for pixels of id 255, which belong to no class [default: of the data set]
    #[arg(long, alias = "contain_dontcare_label", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub contain_dontcare_label: Option<bool>,
    /// No channel for the edges between instances: instance maps are not needed [default: of the data
    /// set]
    #[arg(long, alias = "no_instance", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub no_instance: Option<bool>,
    /// With ade20k: shift ids so that 0 is "don't care" and classes begin at 0, which the original
    /// means to do and does not
    #[arg(long, alias = "ade_shift", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub ade_shift: Option<bool>,
    /// Pair by order instead of by name
    #[arg(long = "no_pairing_check", hide = true, value_name = "BOOL", value_parser = refuse_pairing, num_args = 0..=1, default_missing_value = "true")]
    pub no_pairing_check: Option<bool>,
    /// Channels of the generated picture, 3 or 1 [default: 3]
    #[arg(long, alias = "output_nc", value_name = "N", help_heading = "Data")]
    pub output_nc: Option<usize>,
    /// resize_and_crop, crop, scale_width, scale_width_and_crop, scale_shortside,
    /// scale_shortside_and_crop, fixed or none [default: of the data set]
    #[arg(long, aliases = ["preprocess_mode", "preprocess"], value_name = "MODE", value_parser = parse_name::<Preprocess>, help_heading = "Data")]
    pub preprocess_mode: Option<Preprocess>,
    /// Size to load at before the crop, in pixels [default: of the data set]
    #[arg(long, alias = "load_size", value_name = "PX", help_heading = "Data")]
    pub load_size: Option<usize>,
    /// Width of the pictures to train on, in pixels [default: of the data set]
    #[arg(long, aliases = ["crop_size", "size"], value_name = "PX", help_heading = "Data")]
    pub crop_size: Option<usize>,
    /// Width by height of the pictures [default: of the data set]
    #[arg(long, alias = "aspect_ratio", value_name = "R", help_heading = "Data")]
    pub aspect_ratio: Option<f64>,
    /// Never mirror
    #[arg(long, alias = "no_flip", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub no_flip: Option<bool>,

    /// Generator: spade or pix2pixhd [default: spade]
    #[arg(long, alias = "netG", value_name = "NAME", value_parser = parse_name::<NetG>, help_heading = "Networks")]
    pub net_g: Option<NetG>,
    /// Doublings of the generator: normal (5), more (6) or most (7) [default: normal]
    #[arg(
        long,
        alias = "num_upsampling_layers",
        value_name = "NAME",
        help_heading = "Networks"
    )]
    #[serde(with = "as_text", default, skip_serializing_if = "Option::is_none")]
    pub num_upsampling_layers: Option<Upsampling>,
    /// Width of the generator's last block [default: 64]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub ngf: Option<usize>,
    /// Learn styles of pictures by a variational encoder
    #[arg(long, alias = "use_vae", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Networks")]
    pub use_vae: Option<bool>,
    /// Length of a style [default: 256]
    #[arg(long, alias = "z_dim", value_name = "N", help_heading = "Networks")]
    pub z_dim: Option<usize>,
    /// Norms of the generator, as spectralspadesyncbatch3x3, or spectralinstance for pix2pixhd
    #[arg(long, alias = "norm_G", value_name = "NAME", help_heading = "Networks")]
    pub norm_g: Option<String>,
    /// Norms of the discriminators [default: spectralinstance]
    #[arg(long, alias = "norm_D", value_name = "NAME", help_heading = "Networks")]
    #[serde(with = "as_text", default, skip_serializing_if = "Option::is_none")]
    pub norm_d: Option<ConvNorm>,
    /// Norms of the encoder [default: spectralinstance]
    #[arg(long, alias = "norm_E", value_name = "NAME", help_heading = "Networks")]
    #[serde(with = "as_text", default, skip_serializing_if = "Option::is_none")]
    pub norm_e: Option<ConvNorm>,
    /// With pix2pixhd: halvings [default: 4]
    #[arg(
        long,
        alias = "resnet_n_downsample",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub resnet_n_downsample: Option<usize>,
    /// With pix2pixhd: residual blocks [default: 9]
    #[arg(
        long,
        alias = "resnet_n_blocks",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub resnet_n_blocks: Option<usize>,
    /// With pix2pixhd: side of the kernels of the blocks [default: 3]
    #[arg(
        long,
        alias = "resnet_kernel_size",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub resnet_kernel_size: Option<usize>,
    /// With pix2pixhd: side of the first kernel [default: 7]
    #[arg(
        long,
        alias = "resnet_initial_kernel_size",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub resnet_initial_kernel_size: Option<usize>,
    /// Width of the discriminators' first layer [default: 64]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub ndf: Option<usize>,
    /// Number of discriminators, each at half the size of the one before [default: 2]
    #[arg(long, alias = "num_D", value_name = "N", help_heading = "Networks")]
    pub num_d: Option<usize>,
    /// Layers of a discriminator [default: 4]
    #[arg(
        long,
        alias = "n_layers_D",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub n_layers_d: Option<usize>,
    /// Weights are drawn from: normal, xavier, kaiming or orthogonal [default: xavier]
    #[arg(long, alias = "init_type", value_name = "NAME", value_parser = parse_name::<InitKind>, help_heading = "Networks")]
    pub init_type: Option<InitKind>,
    /// Scale of the initial weights [default: 0.02]
    #[arg(
        long,
        alias = "init_variance",
        value_name = "X",
        help_heading = "Networks"
    )]
    pub init_variance: Option<f64>,

    /// Adversarial loss: hinge, ls, original or w [default: hinge]
    #[arg(long, alias = "gan_mode", value_name = "NAME", value_parser = parse_gan_mode, help_heading = "Losses")]
    pub gan_mode: Option<GanMode>,
    /// Weight of feature matching [default: 10]
    #[arg(long, alias = "lambda_feat", value_name = "X", help_heading = "Losses")]
    pub lambda_feat: Option<f64>,
    /// Weight of the perceptual loss [default: 10]
    #[arg(long, alias = "lambda_vgg", value_name = "X", help_heading = "Losses")]
    pub lambda_vgg: Option<f64>,
    /// Weight of the encoder's divergence [default: 0.05]
    #[arg(long, alias = "lambda_kld", value_name = "X", help_heading = "Losses")]
    pub lambda_kld: Option<f64>,
    /// No feature matching
    #[arg(long, alias = "no_ganFeat_loss", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Losses")]
    pub no_gan_feat_loss: Option<bool>,
    /// No perceptual loss: VGG-19 is not needed
    #[arg(long, alias = "no_vgg_loss", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Losses")]
    pub no_vgg_loss: Option<bool>,
    /// Weights of VGG-19 [default: those of `underpaint weights vgg19`]
    #[arg(
        long,
        aliases = ["vgg_ckpt_path", "vgg_pre_trained"],
        value_name = "FILE",
        help_heading = "Losses"
    )]
    pub vgg: Option<PathBuf>,
    /// One learning rate for both sides, instead of a half for the generator and twice for the
    /// discriminators; Adam's rates of decay are then 0.5 and 0.999
    #[arg(long, alias = "no_TTUR", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Losses")]
    pub no_ttur: Option<bool>,
    /// Steps of the discriminators for every one of the generator [default: 1]
    #[arg(
        long,
        alias = "D_steps_per_G",
        value_name = "N",
        help_heading = "Losses"
    )]
    pub d_steps_per_g: Option<u64>,
    /// The MindSpore version's learning rate of the generator: half of --lr
    #[arg(long = "G_lr", hide = true)]
    pub generator_lr: Option<f64>,
    /// The MindSpore version's learning rate of the discriminator: twice --lr
    #[arg(long = "D_lr", hide = true)]
    pub discriminator_lr: Option<f64>,
}

/// The original's names of the losses, and ours.
fn parse_gan_mode(text: &str) -> Result<GanMode, String> {
    match text {
        "hinge" => Ok(GanMode::Hinge),
        "ls" | "lsgan" => Ok(GanMode::Lsgan),
        "original" | "vanilla" => Ok(GanMode::Vanilla),
        "w" | "wgangp" => Ok(GanMode::Wgangp),
        _ => Err("expected hinge, ls, original or w".to_owned()),
    }
}

fn refuse_pairing(text: &str) -> Result<bool, String> {
    match parse_switch(text)? {
        true => Err("files are paired by name; rename those that belong together alike".to_owned()),
        false => Ok(false),
    }
}

/// The data set, where folders alone say that it is one of one's own.
pub(super) fn dataset_mode(flags: &SpadeFlags) -> DatasetMode {
    let folders = flags.label_dir.is_some() || flags.image_dir.is_some();
    let default = match folders {
        true => DatasetMode::Custom,
        false => DatasetMode::default(),
    };
    flags.dataset_mode.unwrap_or(default)
}

/// `--lr` from the MindSpore version's two.
pub(super) fn learning_rate(flags: &SpadeFlags) -> Option<f64> {
    let factor = if flags.no_ttur == Some(true) {
        1.0
    } else {
        2.0
    };
    let from_generator = flags.generator_lr.map(|rate| rate * factor);
    from_generator.or_else(|| flags.discriminator_lr.map(|rate| rate / factor))
}

/// The MindSpore version's two rates are those of one `--lr`.
pub(super) fn check_rates(flags: &SpadeFlags) -> Result<()> {
    let (Some(generator), Some(discriminator)) = (flags.generator_lr, flags.discriminator_lr)
    else {
        return Ok(());
    };
    let times = if flags.no_ttur == Some(true) {
        1.0
    } else {
        4.0
    };
    if (discriminator / generator / times - 1.0).abs() < 1e-6 {
        return Ok(());
    }
    bail!(
        "--D_lr: expected {times} times --G_lr, found {discriminator} and {generator}; --no-ttur gives \
         both sides one rate"
    )
}

/// The flags that give exactly this run.
pub(super) fn of_run(run: &SpadeRun) -> SpadeFlags {
    let model = &run.model;
    let flags = SpadeFlags {
        dataset_mode: Some(run.dataset_mode),
        label_dir: run.label_dir.clone(),
        image_dir: run.image_dir.clone(),
        instance_dir: run.instance_dir.clone(),
        label_nc: Some(model.semantics.num_classes),
        contain_dontcare_label: Some(model.semantics.dont_care),
        no_instance: Some(!model.semantics.edges),
        ade_shift: run.ade_shift.then_some(true),
        output_nc: Some(model.generator.output_channels),
        preprocess_mode: Some(run.augment.preprocess),
        load_size: Some(run.augment.load_size),
        crop_size: Some(run.augment.crop_size),
        aspect_ratio: Some(run.augment.aspect_ratio),
        no_flip: Some(!run.augment.flip),
        ngf: Some(model.generator.base_channels),
        norm_d: Some(model.discriminator.norm),
        norm_e: model.encoder.as_ref().map(|encoder| encoder.norm),
        ndf: Some(model.discriminator.base_channels),
        num_d: Some(model.discriminator.num_scales),
        n_layers_d: Some(model.discriminator.num_layers),
        init_type: Some(model.init.kind),
        init_variance: Some(model.init.gain),
        gan_mode: Some(model.gan_mode),
        lambda_feat: Some(model.feature_matching_weight),
        lambda_vgg: Some(model.perceptual_weight),
        lambda_kld: Some(model.divergence_weight),
        no_vgg_loss: Some(!run.vgg_loss),
        vgg: run.vgg.clone(),
        no_ttur: Some(model.time_scale == TimeScale::One),
        d_steps_per_g: Some(model.discriminator_steps),
        ..SpadeFlags::default()
    };
    of_generator(model.generator.architecture, flags)
}

fn of_generator(architecture: Architecture, flags: SpadeFlags) -> SpadeFlags {
    match architecture {
        Architecture::Spade(spade) => SpadeFlags {
            net_g: Some(NetG::Spade),
            num_upsampling_layers: Some(spade.upsampling),
            use_vae: Some(spade.latent_channels.is_some()),
            z_dim: spade.latent_channels,
            norm_g: Some(spade.norm.to_string()),
            ..flags
        },
        Architecture::Pix2pixHd(resnet) => SpadeFlags {
            net_g: Some(NetG::Pix2pixhd),
            norm_g: Some(resnet.norm.to_string()),
            resnet_n_downsample: Some(resnet.num_downs),
            resnet_n_blocks: Some(resnet.num_blocks),
            resnet_kernel_size: Some(resnet.block_kernel),
            resnet_initial_kernel_size: Some(resnet.first_kernel),
            ..flags
        },
    }
}
