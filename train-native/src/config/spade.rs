//! Settings of SPADE.

mod flags;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use underpaint_core::bundle::ModelConfig;
use underpaint_core::label::{KnownPalette, Palette, SemanticLayout};
use underpaint_core::layers::{BiasInit, InitKind, WeightInit};
use underpaint_core::loss::GanMode;
use underpaint_core::spade::{
    Architecture, ConvNorm, DiscriminatorConfig, EncoderConfig, GeneratorConfig,
    ResnetArchitecture, SpadeArchitecture,
};

use super::preset::{Preset, preset};
use super::run::{not_negative, positive};
use super::{FamilyConfig, Foreign, RunConfig, RunDefaults, TrainedModel, absolute_if_some, vgg};
use crate::data::Size;
use crate::data::augment::{AugmentOptions, Preprocess, PreprocessRules};
use crate::data::source::{DataSource, InputSpec, Layout};
use crate::family::Family;
use crate::family::spade::{Spade, SpadeTrainConfig};
use crate::model::labels_input;
use crate::optimiser::AdamConfig;
use crate::trainer::schedule::{LrPolicy, TimeScale};

pub use flags::{DatasetMode, NetG, SpadeFlags};

/// A SPADE run.
#[derive(Debug, Clone, PartialEq)]
pub struct SpadeRun {
    /// How the data set lies in folders.
    pub dataset_mode: DatasetMode,
    /// Folders of [`DatasetMode::Custom`]: label maps, photos, instance maps.
    pub label_dir: Option<PathBuf>,
    /// See [`label_dir`](Self::label_dir).
    pub image_dir: Option<PathBuf>,
    /// See [`label_dir`](Self::label_dir).
    pub instance_dir: Option<PathBuf>,
    /// Whether ADE20K's ids are shifted as its post-processing means to.
    pub ade_shift: bool,
    /// Sizes, crop and flip.
    pub augment: AugmentOptions,
    /// Networks, losses, optimisers.
    pub model: SpadeTrainConfig,
    /// Whether the generator learns from the perceptual loss.
    pub vgg_loss: bool,
    /// File with the weights of VGG-19, if not the cached one.
    pub vgg: Option<PathBuf>,
}

/// What a data set is trained with where the flags say nothing (spec 4.1).
struct ModeDefaults {
    label_nc: usize,
    dont_care: bool,
    instances: bool,
    preprocess: Preprocess,
    load_size: usize,
    crop_size: usize,
    aspect_ratio: f64,
}

impl DatasetMode {
    fn defaults(self) -> ModeDefaults {
        let of = |label_nc, dont_care, instances| ModeDefaults {
            label_nc,
            dont_care,
            instances,
            preprocess: Preprocess::ResizeAndCrop,
            load_size: 286,
            crop_size: 256,
            aspect_ratio: 1.0,
        };
        match self {
            Self::Coco => of(182, true, true),
            Self::Ade20k => of(150, true, false),
            Self::Facades => of(13, false, false),
            Self::Custom => of(13, false, true),
            Self::Cityscapes => ModeDefaults {
                preprocess: Preprocess::Fixed,
                load_size: 512,
                crop_size: 512,
                aspect_ratio: 2.0,
                ..of(35, false, true)
            },
        }
    }
}

/// What to change where pictures of a size do not fit.
const SIZE_FLAGS: &str = "change --crop-size, --load-size, --preprocess-mode or the networks";

impl FamilyConfig for SpadeRun {
    type Flags = SpadeFlags;

    const NAME: &'static str = "spade";
    const ABOUT: &'static str = "Train SPADE (GauGAN): a generator that a label map modulates at every size, with or without \
         styles";
    const PRESETS: &'static [Preset] = &[
        preset!(
            "spade",
            "coco",
            "COCO-Stuff, 182 classes: 100 epochs of batches of 32"
        ),
        preset!(
            "spade",
            "ade20k",
            "ADE20K, 150 classes: 200 epochs of batches of 32"
        ),
        preset!(
            "spade",
            "cityscapes",
            "Cityscapes, 35 classes, 512x256: 200 epochs of batches of 16"
        ),
        preset!("spade", "facades", "CMP facades, 13 ids"),
        preset!(
            "spade",
            "custom",
            "Folders of your own: --label-dir, --image-dir, --instance-dir"
        ),
        preset!(
            "spade",
            "mindspore-ade20k",
            "The MindSpore version's ADE20K: beta2 0.999, its schedule"
        ),
    ];
    const FOREIGN: &'static [Foreign] = super::foreign::SPADE;
    const DROP_LAST: bool = true;

    fn defaults(flags: &SpadeFlags) -> RunDefaults {
        let one_scale = flags.no_ttur == Some(true);
        let (beta1, beta2) = if one_scale { (0.5, 0.999) } else { (0.0, 0.9) };
        RunDefaults {
            batch_size: 1,
            learning_rate: flags::learning_rate(flags).unwrap_or(2e-4),
            policy: LrPolicy::LinearNonzero,
            n_epochs: 50,
            n_epochs_decay: 0,
            adam: AdamConfig { beta1, beta2 },
            steps: None,
            needs_data: flags::dataset_mode(flags) != DatasetMode::Custom,
            sync_batch_norm: true,
        }
    }

    fn from_flags(flags: &SpadeFlags, run: &RunConfig) -> Result<Self> {
        check(flags)?;
        let mode = flags::dataset_mode(flags);
        let defaults = mode.defaults();
        let model = model(flags, run, &defaults)?;
        model.validate()?;
        let crop_size = flags.crop_size.unwrap_or(defaults.crop_size);
        // The crop alone says less than the original means: 286 to 256.
        let load_size = match flags.crop_size {
            None => defaults.load_size,
            Some(size) => (size * defaults.load_size).div_ceil(defaults.crop_size),
        };
        let augment = AugmentOptions {
            preprocess: flags.preprocess_mode.unwrap_or(defaults.preprocess),
            rules: PreprocessRules::Spade,
            load_size: flags.load_size.unwrap_or(load_size),
            crop_size,
            aspect_ratio: flags.aspect_ratio.unwrap_or(defaults.aspect_ratio),
            flip: !flags.no_flip.unwrap_or(false),
            multiple: 32,
        };
        augment.validate()?;
        Ok(Self {
            dataset_mode: mode,
            label_dir: flags.label_dir.clone(),
            image_dir: flags.image_dir.clone(),
            instance_dir: flags.instance_dir.clone(),
            ade_shift: flags.ade_shift.unwrap_or(false),
            augment,
            model,
            vgg_loss: !flags.no_vgg_loss.unwrap_or(false),
            vgg: flags.vgg.clone(),
        })
    }

    fn to_flags(&self) -> SpadeFlags {
        flags::of_run(self)
    }

    fn make_absolute(&mut self) -> Result<()> {
        absolute_if_some(&mut self.vgg, "--vgg")?;
        absolute_if_some(&mut self.label_dir, "--label-dir")?;
        absolute_if_some(&mut self.image_dir, "--image-dir")?;
        absolute_if_some(&mut self.instance_dir, "--instance-dir")
    }

    fn source(&self, run: &RunConfig) -> DataSource {
        let instances = self.model.semantics.edges;
        DataSource {
            root: run.data.clone(),
            layout: match self.dataset_mode {
                DatasetMode::Coco | DatasetMode::Facades => Layout::Flat {
                    instances,
                    features: false,
                },
                DatasetMode::Ade20k => Layout::Ade20k,
                DatasetMode::Cityscapes => Layout::Cityscapes { instances },
                DatasetMode::Custom => Layout::Custom {
                    labels: self.label_dir.clone().unwrap_or_default(),
                    images: self.image_dir.clone().unwrap_or_default(),
                    instances: self.instance_dir.clone().filter(|_| instances),
                },
            },
            augment: self.augment,
            input: InputSpec::Labels {
                num_classes: self.model.semantics.num_classes,
                dont_care: self.model.semantics.dont_care,
                ade_shift: self.ade_shift,
            },
            output_channels: self.model.generator.output_channels,
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
        let generator = &self.model.generator;
        let shape = [1, generator.input_channels, size.height, size.width];
        generator.check_input(shape).context(SIZE_FLAGS)
    }

    fn check_files(&self) -> Result<()> {
        vgg::check(self.vgg_loss, self.vgg.as_deref())
    }

    fn family(&self, _run: &RunConfig, device: &Device) -> Result<Box<dyn Family>> {
        let family = Spade::new(self.model.clone(), device)?;
        let loss = vgg::loss(self.vgg_loss, self.vgg.as_deref(), device)?;
        Ok(Box::new(match loss {
            Some(loss) => family.with_perceptual_loss(loss),
            None => family,
        }))
    }

    fn summary(&self) -> String {
        let generator = &self.model.generator;
        let network = match &generator.architecture {
            Architecture::Spade(spade) => format!("spade, {} doublings", spade.upsampling),
            Architecture::Pix2pixHd(_) => "pix2pixHD's generator".to_owned(),
        };
        let style = if self.model.encoder.is_some() {
            ", VAE"
        } else {
            ""
        };
        format!("{network}, width {}{style}", generator.base_channels)
    }

    fn known_palette(&self) -> Option<Palette> {
        let num_classes = self.model.semantics.num_classes;
        let known = match self.dataset_mode {
            DatasetMode::Coco => KnownPalette::CocoStuff,
            DatasetMode::Ade20k if self.ade_shift => KnownPalette::Ade20kShifted,
            DatasetMode::Ade20k => KnownPalette::Ade20k,
            DatasetMode::Cityscapes => KnownPalette::Cityscapes,
            DatasetMode::Facades => KnownPalette::Facades,
            DatasetMode::Custom => return None,
        };
        // With another number of classes it is another data set in the same folders.
        let fits = known.num_classes() == num_classes;
        fits.then(|| known.palette_of(num_classes))
    }

    fn trained(&self, _step: u64, palette: Option<Palette>) -> TrainedModel {
        let AugmentOptions {
            crop_size,
            aspect_ratio,
            ..
        } = self.augment;
        let height = match self.augment.preprocess {
            Preprocess::Fixed => (crop_size as f64 / aspect_ratio).round_ties_even() as usize,
            _ => crop_size,
        };
        TrainedModel {
            alpha: 0.0,
            model: ModelConfig::Spade {
                generator: self.model.generator.clone(),
                encoder: self.model.encoder.clone(),
            },
            input: labels_input(self.model.semantics, palette),
            size: [height.max(1), crop_size],
            generator: "generator",
            encoder: self.model.encoder.as_ref().map(|_| "encoder"),
        }
    }
}

fn check(flags: &SpadeFlags) -> Result<()> {
    let count = |value: Option<usize>| value.map(|n| n as u64);
    positive(&[
        ("--label-nc", count(flags.label_nc)),
        ("--z-dim", count(flags.z_dim)),
        ("--num-d", count(flags.num_d)),
        ("--d-steps-per-g", flags.d_steps_per_g),
    ])?;
    super::pix2pix::check_picture_channels(&[("--output-nc", flags.output_nc)])?;
    not_negative(&[
        ("--init-variance", flags.init_variance),
        ("--lambda-feat", flags.lambda_feat),
        ("--lambda-vgg", flags.lambda_vgg),
        ("--lambda-kld", flags.lambda_kld),
    ])?;
    flags::check_rates(flags)?;
    check_folders(flags)
}

fn check_folders(flags: &SpadeFlags) -> Result<()> {
    let mode = flags::dataset_mode(flags);
    let custom = mode == DatasetMode::Custom;
    let edges = !flags.no_instance.unwrap_or(!mode.defaults().instances);
    let folders = [
        ("--label-dir", &flags.label_dir, custom),
        ("--image-dir", &flags.image_dir, custom),
        ("--instance-dir", &flags.instance_dir, custom && edges),
    ];
    for (name, folder, needed) in folders {
        match folder {
            None if needed && name == "--instance-dir" => bail!(
                "--instance-dir: expected a folder of instance maps, found nothing; --no-instance trains \
                 without, `underpaint dataset instances` makes some"
            ),
            None if needed => bail!("{name}: --dataset-mode custom needs it, found nothing"),
            Some(_) if !custom => {
                bail!(
                    "{name}: only --dataset-mode custom takes it; the others find folders in --data"
                )
            }
            _ => {}
        }
    }
    if flags.ade_shift == Some(true) {
        ensure!(
            mode == DatasetMode::Ade20k,
            "--ade-shift: only --dataset-mode ade20k takes it"
        );
        ensure!(
            flags.contain_dontcare_label != Some(false),
            "--ade-shift: makes id 0 \"don't care\", which needs --contain-dontcare-label"
        );
    }
    Ok(())
}

fn model(flags: &SpadeFlags, run: &RunConfig, defaults: &ModeDefaults) -> Result<SpadeTrainConfig> {
    let on = |switch: Option<bool>| switch.unwrap_or(false);
    let semantics = SemanticLayout {
        num_classes: flags.label_nc.unwrap_or(defaults.label_nc),
        dont_care: flags.contain_dontcare_label.unwrap_or(defaults.dont_care),
        edges: !flags.no_instance.unwrap_or(!defaults.instances),
    };
    let generator = generator(flags, semantics.channels(), defaults)?;
    let image_channels = generator.output_channels;
    let weight = |given: Option<f64>, default: f64| given.unwrap_or(default);
    Ok(SpadeTrainConfig {
        semantics,
        discriminator: DiscriminatorConfig {
            input_channels: semantics.channels() + image_channels,
            base_channels: flags.ndf.unwrap_or(64),
            num_layers: flags.n_layers_d.unwrap_or(4),
            num_scales: flags.num_d.unwrap_or(2),
            norm: flags.norm_d.unwrap_or_default(),
        },
        encoder: generator
            .latent_channels()
            .map(|latent_channels| EncoderConfig {
                image_channels,
                base_channels: generator.base_channels,
                latent_channels,
                norm: flags.norm_e.unwrap_or_default(),
            }),
        generator,
        gan_mode: flags.gan_mode.unwrap_or(GanMode::Hinge),
        feature_matching_weight: match on(flags.no_gan_feat_loss) {
            true => 0.0,
            false => weight(flags.lambda_feat, 10.0),
        },
        perceptual_weight: weight(flags.lambda_vgg, 10.0),
        divergence_weight: weight(flags.lambda_kld, 0.05),
        discriminator_steps: flags.d_steps_per_g.unwrap_or(1),
        time_scale: TimeScale::from_ttur(!on(flags.no_ttur)),
        adam: run.adam,
        init: WeightInit {
            kind: flags.init_type.unwrap_or(InitKind::Xavier),
            gain: flags.init_variance.unwrap_or(0.02),
            bias: BiasInit::Zero,
        },
        seed: run.seed,
    })
}

fn generator(
    flags: &SpadeFlags,
    input_channels: usize,
    defaults: &ModeDefaults,
) -> Result<GeneratorConfig> {
    let with_latent = flags.use_vae == Some(true);
    let architecture = match flags.net_g.unwrap_or_default() {
        NetG::Spade => Architecture::Spade(SpadeArchitecture {
            norm: match &flags.norm_g {
                None => Default::default(),
                Some(name) => name.parse().context("--norm-g")?,
            },
            upsampling: flags.num_upsampling_layers.unwrap_or_default(),
            crop_size: flags.crop_size.unwrap_or(defaults.crop_size),
            aspect_ratio: flags.aspect_ratio.unwrap_or(defaults.aspect_ratio),
            latent_channels: with_latent.then(|| flags.z_dim.unwrap_or(256)),
        }),
        NetG::Pix2pixhd => {
            ensure!(
                !with_latent,
                "--use-vae: pix2pixHD's generator takes no style; --net-g spade does"
            );
            let default = ResnetArchitecture::default();
            Architecture::Pix2pixHd(ResnetArchitecture {
                norm: match &flags.norm_g {
                    None => default.norm,
                    Some(name) => name.parse::<ConvNorm>().context("--norm-g")?,
                },
                num_downs: flags.resnet_n_downsample.unwrap_or(default.num_downs),
                num_blocks: flags.resnet_n_blocks.unwrap_or(default.num_blocks),
                block_kernel: flags.resnet_kernel_size.unwrap_or(default.block_kernel),
                first_kernel: flags
                    .resnet_initial_kernel_size
                    .unwrap_or(default.first_kernel),
            })
        }
    };
    Ok(GeneratorConfig {
        architecture,
        input_channels,
        output_channels: flags.output_nc.unwrap_or(3),
        base_channels: flags.ngf.unwrap_or(64),
    })
}
