//! Settings of pix2pixHD.

mod flags;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use underpaint_core::bundle::ModelConfig;
use underpaint_core::label::{Palette, SemanticLayout};
use underpaint_core::layers::{BiasInit, InitKind, NormKind, WeightInit};
use underpaint_core::loss::GanMode;
use underpaint_core::pix2pixhd::{
    Architecture, ConditionConfig, DiscriminatorConfig, EncoderConfig, GeneratorConfig, InputKind,
};

use super::pix2pix::check_picture_channels;
use super::preset::{Preset, preset};
use super::run::{not_negative, positive};
use super::vgg;
use super::{
    FamilyConfig, Folders, Foreign, RunConfig, RunDefaults, TrainedModel, absolute_if_some,
};
use crate::data::Size;
use crate::data::augment::{AugmentOptions, Preprocess, PreprocessRules};
use crate::data::source::{DataSource, InputSpec, Layout};
use crate::family::Family;
use crate::family::pix2pixhd::{FeatureRegions, Pix2pixHd, Pix2pixHdTrainConfig};
use crate::model::{image_input, labels_input};
use crate::optimiser::AdamConfig;
use crate::trainer::schedule::LrPolicy;

pub use flags::{NetG, Pix2pixHdFlags};

/// A pix2pixHD run.
#[derive(Debug, Clone, PartialEq)]
pub struct Pix2pixHdRun {
    /// Folders of the data set where they have names of any kind.
    pub folders: Option<Folders>,
    /// Sizes, crop and flip.
    pub augment: AugmentOptions,
    /// Networks, losses, optimisers.
    pub model: Pix2pixHdTrainConfig,
    /// Whether the generator learns from the perceptual loss.
    pub vgg_loss: bool,
    /// File with the weights of VGG-19, if not the cached one.
    pub vgg: Option<PathBuf>,
}

/// What to change where pictures of a size do not fit.
const SIZE_FLAGS: &str = "change --load-size, --fine-size, --resize-or-crop or the networks";

impl FamilyConfig for Pix2pixHdRun {
    type Flags = Pix2pixHdFlags;

    const NAME: &'static str = "pix2pixhd";
    const ABOUT: &'static str = "Train pix2pixHD: a coarse-to-fine generator and discriminators at several sizes, from label maps \
         with instances, or from pictures";
    const PRESETS: &'static [Preset] = &[
        preset!(
            "pix2pixhd",
            "512p",
            "train_512p.sh: 1024x512, global generator"
        ),
        preset!(
            "pix2pixhd",
            "512p-features",
            "train_512p_feat.sh: with an encoder of instance features"
        ),
        preset!(
            "pix2pixhd",
            "1024p",
            "train_1024p_24G.sh: 2048x1024, local enhancer over a 512p run"
        ),
        preset!(
            "pix2pixhd",
            "1024p-12g",
            "train_1024p_12G.sh: the same on crops of 1024"
        ),
        preset!(
            "pix2pixhd",
            "1024p-features",
            "train_1024p_feat_24G.sh: with precomputed features"
        ),
        preset!(
            "pix2pixhd",
            "1024p-features-12g",
            "train_1024p_feat_12G.sh: the same on crops of 896"
        ),
    ];
    const FOREIGN: &'static [Foreign] = super::foreign::PIX2PIXHD;
    const DROP_LAST: bool = true;

    fn defaults(flags: &Pix2pixHdFlags) -> RunDefaults {
        RunDefaults {
            batch_size: 1,
            learning_rate: 2e-4,
            policy: LrPolicy::LinearNonzero,
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

    fn from_flags(flags: &Pix2pixHdFlags, run: &RunConfig) -> Result<Self> {
        check(flags)?;
        let model = model(flags, run)?;
        model.validate()?;
        let folders = folders(flags, &model, run)?;
        let fine_size = flags.fine_size.unwrap_or(512);
        let augment = AugmentOptions {
            preprocess: flags.resize_or_crop.unwrap_or(Preprocess::ScaleWidth),
            rules: PreprocessRules::Pix2pixHd,
            load_size: flags.load_size.unwrap_or(1024),
            crop_size: fine_size,
            flip: !flags.no_flip.unwrap_or(false),
            multiple: model.generator.size_multiple(),
            ..AugmentOptions::default()
        };
        augment.validate()?;
        Ok(Self {
            folders,
            augment,
            model,
            vgg_loss: !flags.no_vgg_loss.unwrap_or(false),
            vgg: flags.vgg.clone(),
        })
    }

    fn to_flags(&self) -> Pix2pixHdFlags {
        flags::of_run(self)
    }

    fn make_absolute(&mut self) -> Result<()> {
        absolute_if_some(&mut self.vgg, "--vgg")?;
        self.folders.as_mut().map_or(Ok(()), Folders::make_absolute)
    }

    fn source(&self, run: &RunConfig) -> DataSource {
        let model = &self.model;
        let flat = Layout::Flat {
            instances: reads_instances(model),
            features: reads_features(model),
        };
        DataSource {
            root: run.data.clone(),
            layout: self.folders.as_ref().map_or(flat, Folders::layout),
            augment: self.augment,
            input: match model.condition.input {
                InputKind::Labels { num_classes } => InputSpec::Labels {
                    num_classes,
                    dont_care: false,
                    ade_shift: false,
                },
                InputKind::Picture { channels } => InputSpec::Picture { channels },
            },
            output_channels: model.generator.output_channels,
            max_size: run.max_dataset_size,
            remap: run.remap.clone(),
        }
    }

    fn check_size(&self, size: Size) -> Result<()> {
        self.check_shown(size)?;
        let discriminator = &self.model.discriminator;
        let shape = [1, discriminator.input_channels, size.height, size.width];
        discriminator.check_input(shape).context(SIZE_FLAGS)?;
        vgg::check_size(self.vgg_loss, size)
    }

    fn check_shown(&self, size: Size) -> Result<()> {
        let shape = |channels| [1, channels, size.height, size.width];
        let generator = &self.model.generator;
        let fits = generator.check_input(shape(generator.input_channels));
        let fits = fits.and_then(|()| match &self.model.encoder {
            Some(encoder) => encoder.check_input(shape(encoder.image_channels)),
            None => Ok(()),
        });
        fits.context(SIZE_FLAGS)
    }

    fn check_files(&self) -> Result<()> {
        vgg::check(self.vgg_loss, self.vgg.as_deref())
    }

    fn family(&self, _run: &RunConfig, device: &Device) -> Result<Box<dyn Family>> {
        let family = Pix2pixHd::new(self.model.clone(), device)?;
        let loss = vgg::loss(self.vgg_loss, self.vgg.as_deref(), device)?;
        Ok(Box::new(match loss {
            Some(loss) => family.with_perceptual_loss(loss),
            None => family,
        }))
    }

    fn summary(&self) -> String {
        let generator = &self.model.generator;
        let shape = match generator.architecture {
            Architecture::Global => "global generator".to_owned(),
            Architecture::Local { num_enhancers, .. } => {
                format!("global generator with {num_enhancers} local enhancers")
            }
        };
        let features = match (&self.model.encoder, self.model.condition.feature_channels) {
            (Some(_), _) => ", feature encoder",
            (None, 0) => "",
            (None, _) => ", features from files",
        };
        format!("{shape}, width {}{features}", generator.base_channels)
    }

    fn trained(&self, _step: u64, palette: Option<Palette>) -> TrainedModel {
        let model = &self.model;
        let feature_channels = model.condition.feature_channels;
        let input = match model.condition.input {
            InputKind::Labels { num_classes } => labels_input(
                SemanticLayout {
                    num_classes,
                    dont_care: false,
                    edges: model.condition.edges,
                },
                palette,
            ),
            InputKind::Picture { .. } => image_input(model.condition.channels(), palette),
        };
        let [height, width] = self.usual_size();
        TrainedModel {
            alpha: 0.0,
            model: ModelConfig::Pix2pixhd {
                generator: model.generator.clone(),
                feature_channels,
                encoder: model.encoder.clone(),
            },
            input,
            size: [height, width],
            generator: "generator",
            encoder: model.encoder.as_ref().map(|_| "encoder"),
        }
    }
}

impl Pix2pixHdRun {
    /// Height and width that pages begin with: the crop, or pictures twice as wide as high, as those of
    /// Cityscapes.
    fn usual_size(&self) -> [usize; 2] {
        let multiple = self.model.generator.size_multiple();
        let rounded = |side: usize| side.div_ceil(multiple).max(1) * multiple;
        let AugmentOptions {
            preprocess,
            load_size,
            crop_size,
            ..
        } = self.augment;
        match preprocess {
            Preprocess::ScaleWidth => [rounded(load_size / 2), rounded(load_size)],
            Preprocess::None => [rounded(512), rounded(1024)],
            _ => [rounded(crop_size); 2],
        }
    }
}

/// Whether a run reads instance maps.
fn reads_instances(model: &Pix2pixHdTrainConfig) -> bool {
    let by_instance = model.encoder.is_some() && model.feature_regions == FeatureRegions::Instances;
    model.condition.edges || by_instance
}

/// Whether a run reads features from files.
fn reads_features(model: &Pix2pixHdTrainConfig) -> bool {
    model.condition.feature_channels > 0 && model.encoder.is_none()
}

fn folders(
    flags: &Pix2pixHdFlags,
    model: &Pix2pixHdTrainConfig,
    run: &RunConfig,
) -> Result<Option<Folders>> {
    let (images, labels) = (flags.images.as_ref(), flags.labels.as_ref());
    let folders = Folders::from_flags(images, labels, flags.instances.as_ref(), run)?;
    if let Some(folders) = &folders {
        match (reads_instances(model), &folders.instances) {
            (true, None) => bail!(
                "--instances: expected a folder of instance maps, found nothing; --no-instance trains \
                 without, `underpaint dataset instances` makes some"
            ),
            (false, Some(_)) => bail!("--instances: nothing looks at them with --no-instance"),
            _ => {}
        }
        ensure!(
            !reads_features(model),
            "--load-features: features lie in {{phase}}_feat of --data, which --images and --labels replace"
        );
    }
    Ok(folders)
}

fn check(flags: &Pix2pixHdFlags) -> Result<()> {
    let count = |value: Option<usize>| value.map(|n| n as u64);
    positive(&[
        ("--feat-num", count(flags.feat_num)),
        ("--nef", count(flags.nef)),
        ("--num-d", count(flags.num_d)),
    ])?;
    check_picture_channels(&[
        ("--input-nc", flags.input_nc),
        ("--output-nc", flags.output_nc),
    ])?;
    not_negative(&[
        ("--init-gain", flags.init_gain),
        ("--lambda-feat", flags.lambda_feat),
    ])?;
    let on = |switch: Option<bool>| switch == Some(true);
    if on(flags.instance_feat) && on(flags.label_feat) {
        bail!(
            "--label-feat: features are those of instances or of labels; leave one of the two out"
        );
    }
    if on(flags.load_features) && !on(flags.instance_feat) && !on(flags.label_feat) {
        bail!("--load-features: expected --instance-feat or --label-feat beside it, found neither");
    }
    if on(flags.load_features) && flags.feat_num.is_some_and(|channels| channels != 3) {
        bail!("--feat-num: features from files are pictures: expected 3 channels");
    }
    if on(flags.label_feat) && flags.label_nc == Some(0) {
        bail!("--label-feat: pictures (--label-nc 0) have no labels; use --instance-feat");
    }
    if flags.label_nc != Some(0) && flags.input_nc.is_some() {
        // As the original, which has both flags and looks at one.
        ensure!(
            flags.input_nc == Some(3),
            "--input-nc: the input has --label-nc channels; --label-nc 0 takes pictures"
        );
    }
    Ok(())
}

fn model(flags: &Pix2pixHdFlags, run: &RunConfig) -> Result<Pix2pixHdTrainConfig> {
    let on = |switch: Option<bool>| switch.unwrap_or(false);
    let features = on(flags.instance_feat) || on(flags.label_feat);
    let condition = ConditionConfig {
        input: match flags.label_nc.unwrap_or(35) {
            0 => InputKind::Picture {
                channels: flags.input_nc.unwrap_or(3),
            },
            num_classes => InputKind::Labels { num_classes },
        },
        edges: !on(flags.no_instance),
        feature_channels: match features {
            true => flags.feat_num.unwrap_or(3),
            false => 0,
        },
    };
    let norm = flags.norm.unwrap_or(NormKind::Instance);
    let output_channels = flags.output_nc.unwrap_or(3);
    let weight = flags.lambda_feat.unwrap_or(10.0);
    let no_matching = on(flags.no_gan_feat_loss);
    Ok(Pix2pixHdTrainConfig {
        condition,
        generator: generator(flags, condition.generator_channels(), norm)?,
        discriminator: DiscriminatorConfig {
            input_channels: condition.discriminator_channels(output_channels),
            base_channels: flags.ndf.unwrap_or(64),
            num_layers: flags.n_layers_d.unwrap_or(3),
            num_scales: flags.num_d.unwrap_or(2),
            norm,
            intermediate_features: !no_matching,
        },
        encoder: (features && !on(flags.load_features)).then(|| EncoderConfig {
            image_channels: output_channels,
            feature_channels: condition.feature_channels,
            base_channels: flags.nef.unwrap_or(16),
            num_downs: flags.n_downsample_e.unwrap_or(4),
            norm,
        }),
        feature_regions: match on(flags.label_feat) {
            true => FeatureRegions::Labels,
            false => FeatureRegions::Instances,
        },
        gan_mode: match on(flags.no_lsgan) {
            true => GanMode::Vanilla,
            false => GanMode::Lsgan,
        },
        feature_matching_weight: if no_matching { 0.0 } else { weight },
        perceptual_weight: weight,
        epochs_coarse_fixed: flags.niter_fix_global.unwrap_or(0),
        pool_size: flags.pool_size.unwrap_or(0),
        adam: run.adam,
        init: WeightInit {
            kind: flags.init_type.unwrap_or(InitKind::Normal),
            gain: flags.init_gain.unwrap_or(0.02),
            bias: BiasInit::Uniform,
        },
        seed: run.seed,
    })
}

fn generator(
    flags: &Pix2pixHdFlags,
    input_channels: usize,
    norm: NormKind,
) -> Result<GeneratorConfig> {
    let net_g = flags.net_g.unwrap_or_default();
    let fixed = flags.niter_fix_global.unwrap_or(0);
    ensure!(
        fixed == 0 || net_g == NetG::Local,
        "--niter-fix-global: expected --net-g local beside it: a global generator has no enhancer that \
         could be trained alone for {fixed} epochs"
    );
    Ok(GeneratorConfig {
        architecture: match net_g {
            NetG::Global => Architecture::Global,
            NetG::Local => Architecture::Local {
                num_enhancers: flags.n_local_enhancers.unwrap_or(1),
                num_blocks: flags.n_blocks_local.unwrap_or(3),
            },
        },
        input_channels,
        output_channels: flags.output_nc.unwrap_or(3),
        base_channels: flags.ngf.unwrap_or(64),
        num_downs: flags.n_downsample_global.unwrap_or(4),
        num_blocks: flags.n_blocks_global.unwrap_or(9),
        norm,
    })
}
