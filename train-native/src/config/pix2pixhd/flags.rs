//! The settings of pix2pixHD by name.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use underpaint_core::layers::{InitKind, NormKind};
use underpaint_core::loss::GanMode;
use underpaint_core::pix2pixhd::{Architecture, InputKind};

use super::Pix2pixHdRun;
use crate::config::pix2pix::parse_norm;
use crate::config::values::{parse_name, parse_switch};
use crate::data::augment::Preprocess;
use crate::family::pix2pixhd::FeatureRegions;

/// Shape of the generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetG {
    /// One network at full size.
    #[default]
    Global,
    /// With local enhancers.
    Local,
}

/// Settings of a pix2pixHD run, none of them required here.
///
/// The names of the original code and of its MindSpore version are accepted too.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
pub struct Pix2pixHdFlags {
    /// Instead of --data: folder of photos
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub images: Option<PathBuf>,
    /// Instead of --data: folder of label maps, paired with --images by name; with --label-nc 0 of pictures
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub labels: Option<PathBuf>,
    /// With --labels: folder of instance maps
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    pub instances: Option<PathBuf>,
    /// Number of classes of the label maps in {phase}_label; 0 takes pictures from {phase}_A to {phase}_B
    /// (also {phase}A and {phase}B, {phase}/A and {phase}/B) [default: 35]
    #[arg(long, alias = "label_nc", value_name = "N", help_heading = "Data")]
    pub label_nc: Option<usize>,
    /// Channels of an input picture, 3 or 1 [default: 3]
    #[arg(long, alias = "input_nc", value_name = "N", help_heading = "Data")]
    pub input_nc: Option<usize>,
    /// Channels of the generated picture, 3 or 1 [default: 3]
    #[arg(long, alias = "output_nc", value_name = "N", help_heading = "Data")]
    pub output_nc: Option<usize>,
    /// scale_width, resize_and_crop, crop, scale_width_and_crop or none [default: scale_width]
    #[arg(long, aliases = ["resize_or_crop", "preprocess"], value_name = "HOW", value_parser = parse_name::<Preprocess>, help_heading = "Data")]
    pub resize_or_crop: Option<Preprocess>,
    /// Width to scale to, or side to load at before the crop, in pixels [default: 1024]
    #[arg(long, aliases = ["load_size", "loadSize"], value_name = "PX", help_heading = "Data")]
    pub load_size: Option<usize>,
    /// Side of the crop, in pixels [default: 512]
    #[arg(long, aliases = ["fine_size", "fineSize", "crop-size"], value_name = "PX", help_heading = "Data")]
    pub fine_size: Option<usize>,
    /// Never mirror
    #[arg(long, alias = "no_flip", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub no_flip: Option<bool>,
    /// No channel for the edges between instances: {phase}_inst is not needed
    #[arg(long, alias = "no_instance", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub no_instance: Option<bool>,

    /// Learn features of every instance, by an encoder
    #[arg(long, alias = "instance_feat", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Features")]
    pub instance_feat: Option<bool>,
    /// Learn features of every label, by an encoder
    #[arg(long, alias = "label_feat", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Features")]
    pub label_feat: Option<bool>,
    /// Read features from {phase}_feat instead of learning them
    #[arg(long, alias = "load_features", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Features")]
    pub load_features: Option<bool>,
    /// Channels of the features [default: 3]
    #[arg(long, alias = "feat_num", value_name = "N", help_heading = "Features")]
    pub feat_num: Option<usize>,
    /// Width of the encoder's first layer [default: 16]
    #[arg(long, value_name = "N", help_heading = "Features")]
    pub nef: Option<usize>,
    /// Halvings of the encoder [default: 4]
    #[arg(
        long,
        alias = "n_downsample_E",
        value_name = "N",
        help_heading = "Features"
    )]
    pub n_downsample_e: Option<usize>,

    /// Generator: global or local (with enhancers) [default: global]
    #[arg(long, alias = "netG", value_name = "NAME", value_parser = parse_name::<NetG>, help_heading = "Networks")]
    pub net_g: Option<NetG>,
    /// Width of the generator at full size [default: 64; with an enhancer the recipes have 32]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub ngf: Option<usize>,
    /// Halvings of the global generator [default: 4]
    #[arg(
        long,
        alias = "n_downsample_global",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub n_downsample_global: Option<usize>,
    /// Residual blocks of the global generator [default: 9]
    #[arg(
        long,
        alias = "n_blocks_global",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub n_blocks_global: Option<usize>,
    /// Number of local enhancers [default: 1]
    #[arg(
        long,
        alias = "n_local_enhancers",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub n_local_enhancers: Option<usize>,
    /// Residual blocks of a local enhancer [default: 3]
    #[arg(
        long,
        alias = "n_blocks_local",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub n_blocks_local: Option<usize>,
    /// Epochs in which only the finest enhancer learns [default: 0]
    #[arg(
        long,
        alias = "niter_fix_global",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub niter_fix_global: Option<u64>,
    /// instance or batch [default: instance]
    #[arg(long, value_name = "NAME", value_parser = parse_norm, help_heading = "Networks")]
    pub norm: Option<NormKind>,
    /// Width of the discriminators' first layer [default: 64]
    #[arg(long, value_name = "N", help_heading = "Networks")]
    pub ndf: Option<usize>,
    /// Number of discriminators, each at half the size of the one before [default: 2]
    #[arg(long, alias = "num_D", value_name = "N", help_heading = "Networks")]
    pub num_d: Option<usize>,
    /// Layers of a discriminator [default: 3]
    #[arg(
        long,
        alias = "n_layers_D",
        value_name = "N",
        help_heading = "Networks"
    )]
    pub n_layers_d: Option<usize>,
    /// Weights are drawn from: normal, xavier, kaiming or orthogonal [default: normal]
    #[arg(long, alias = "init_type", value_name = "NAME", value_parser = parse_name::<InitKind>, help_heading = "Networks")]
    pub init_type: Option<InitKind>,
    /// Scale of the initial weights [default: 0.02]
    #[arg(long, alias = "init_gain", value_name = "X", help_heading = "Networks")]
    pub init_gain: Option<f64>,

    /// Weight of feature matching and of the perceptual loss [default: 10]
    #[arg(long, alias = "lambda_feat", value_name = "X", help_heading = "Losses")]
    pub lambda_feat: Option<f64>,
    /// No feature matching
    #[arg(long, alias = "no_ganFeat_loss", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Losses")]
    pub no_gan_feat_loss: Option<bool>,
    /// No perceptual loss: VGG-19 is not needed
    #[arg(long, alias = "no_vgg_loss", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Losses")]
    pub no_vgg_loss: Option<bool>,
    /// Weights of VGG-19 [default: those of `underpaint weights vgg19`]
    #[arg(
        long,
        aliases = ["vgg_pre_trained", "vgg_ckpt_path"],
        value_name = "FILE",
        help_heading = "Losses"
    )]
    pub vgg: Option<PathBuf>,
    /// Cross-entropy instead of least squares as the adversarial loss
    #[arg(long, alias = "no_lsgan", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Losses")]
    pub no_lsgan: Option<bool>,
    /// Earlier fakes kept for the discriminators [default: 0]
    #[arg(long, alias = "pool_size", value_name = "N", help_heading = "Losses")]
    pub pool_size: Option<usize>,
}

/// The flags that give exactly this run.
pub(super) fn of_run(run: &Pix2pixHdRun) -> Pix2pixHdFlags {
    let model = &run.model;
    let (generator, discriminator) = (&model.generator, &model.discriminator);
    let features = model.condition.feature_channels > 0;
    let by_label = model.feature_regions == FeatureRegions::Labels;
    let (label_nc, input_nc) = match model.condition.input {
        InputKind::Labels { num_classes } => (num_classes, None),
        InputKind::Picture { channels } => (0, Some(channels)),
    };
    let (enhancers, blocks_local) = match generator.architecture {
        Architecture::Global => (None, None),
        Architecture::Local {
            num_enhancers,
            num_blocks,
        } => (Some(num_enhancers), Some(num_blocks)),
    };
    let folders = run.folders.as_ref();
    Pix2pixHdFlags {
        images: folders.map(|folders| folders.images.clone()),
        labels: folders.map(|folders| folders.labels.clone()),
        instances: folders.and_then(|folders| folders.instances.clone()),
        label_nc: Some(label_nc),
        input_nc,
        output_nc: Some(generator.output_channels),
        resize_or_crop: Some(run.augment.preprocess),
        load_size: Some(run.augment.load_size),
        fine_size: Some(run.augment.crop_size),
        no_flip: Some(!run.augment.flip),
        no_instance: Some(!model.condition.edges),
        instance_feat: Some(features && !by_label),
        label_feat: Some(features && by_label),
        load_features: Some(features && model.encoder.is_none()),
        feat_num: features.then_some(model.condition.feature_channels),
        nef: model.encoder.as_ref().map(|encoder| encoder.base_channels),
        n_downsample_e: model.encoder.as_ref().map(|encoder| encoder.num_downs),
        net_g: Some(match enhancers {
            None => NetG::Global,
            Some(_) => NetG::Local,
        }),
        ngf: Some(generator.base_channels),
        n_downsample_global: Some(generator.num_downs),
        n_blocks_global: Some(generator.num_blocks),
        n_local_enhancers: enhancers,
        n_blocks_local: blocks_local,
        niter_fix_global: Some(model.epochs_coarse_fixed),
        norm: Some(generator.norm),
        ndf: Some(discriminator.base_channels),
        num_d: Some(discriminator.num_scales),
        n_layers_d: Some(discriminator.num_layers),
        init_type: Some(model.init.kind),
        init_gain: Some(model.init.gain),
        lambda_feat: Some(model.perceptual_weight),
        no_gan_feat_loss: Some(!discriminator.intermediate_features),
        no_vgg_loss: Some(!run.vgg_loss),
        vgg: run.vgg.clone(),
        no_lsgan: Some(model.gan_mode != GanMode::Lsgan),
        pool_size: Some(model.pool_size),
    }
}
