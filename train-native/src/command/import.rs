//! `underpaint import`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use underpaint_core::bundle::{InputKind, Manifest, ModelConfig, SizeRule, list_attributes};
use underpaint_core::pix2pixhd;
use underpaint_core::spade::{Architecture, Hint, Upsampling};

use super::export::Dtype;
use super::options::{BnStats, RunnerArgs, Switch};
use crate::data::labelled::read_palette;
use crate::import::recognize::{FamilyName, Hints, PganNetwork, recognize};
use crate::import::{Choice, read_chosen, read_state_dict};
use crate::model::{Model, describe};

/// Flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Weights of a generator: .pth (zip or legacy container) or safetensors
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which state dict to take from a file that holds several: the key that it lies under, or what its
    /// keys begin with (netG, state_dict_ema)
    #[arg(long, value_name = "NAME")]
    state_dict: Option<String>,
    /// What they belong to [default: what their keys say]
    #[arg(long, value_name = "NAME")]
    family: Option<FamilyName>,
    /// Folder to write
    #[arg(long, value_name = "BUNDLE")]
    output: PathBuf,
    /// Number type of the weights
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    dtype: Dtype,
    /// Weights of the encoder that goes with a SPADE generator trained with --use_vae, or with a
    /// pix2pixHD generator trained with --instance_feat
    #[arg(long, value_name = "FILE")]
    encoder: Option<PathBuf>,
    /// Width that the model was trained at, in pixels; tells the studio how large to paint
    #[arg(
        long,
        visible_alias = "crop-size",
        value_name = "PX",
        default_value_t = 256
    )]
    size: usize,
    /// Width of its pictures over their height
    #[arg(
        long,
        alias = "aspect_ratio",
        value_name = "RATIO",
        default_value_t = 1.0
    )]
    aspect_ratio: f64,
    /// A U-Net trained without dropout: its weights do not tell
    #[arg(long, alias = "no_dropout")]
    no_dropout: bool,
    /// The input is a one-hot label map [default: if it has neither 1 nor 3 channels]
    #[arg(long)]
    labels: bool,
    /// Whether an input channel is for pixels of no class (255) [default: on for 184 and 151 channels
    /// of SPADE, COCO-Stuff and ADE20K]
    #[arg(long, alias = "contain_dontcare_label", value_name = "ON|OFF")]
    dont_care: Option<Switch>,
    /// Whether an input channel marks edges between instances [default: on for pix2pixHD, and for 184
    /// and 36 channels of SPADE, COCO-Stuff and Cityscapes]
    #[arg(long, value_name = "ON|OFF")]
    edges: Option<Switch>,
    /// A pix2pixHD model that takes pictures instead of label maps (--label_nc 0)
    #[arg(long)]
    pictures: bool,
    /// Feature channels of a pix2pixHD model [default: those of --encoder, else none]
    #[arg(long, alias = "feat_num", value_name = "N")]
    feature_channels: Option<usize>,
    /// Doublings of a SPADE generator: normal, more or most; normal and more have the same weights
    #[arg(
        long,
        alias = "num_upsampling_layers",
        value_name = "NAME",
        default_value = "normal"
    )]
    upsampling: Upsampling,
    /// Generator of a Progressive GAN checkpoint
    #[arg(long, value_name = "WHICH", default_value = "average")]
    network: PganNetwork,
    /// Folder with a palette.json that names the classes
    #[arg(long, value_name = "DIR")]
    palette: Option<PathBuf>,
    /// Default statistics of batch norm [default: as the authors test: running for SPADE, else batch]
    #[arg(long, value_name = "WHICH")]
    bn_stats: Option<BnStats>,
    /// Default of dropout at test time [default: on, as the authors test]
    #[arg(long, value_name = "ON|OFF")]
    dropout: Option<Switch>,
    /// Name of the model for people [default: the file's name]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

impl ImportArgs {
    /// Imports.
    pub fn run(self) -> Result<ExitCode> {
        let at = || format!("{}", self.file.display());
        let (checkpoint, choice) = read_chosen(&self.file, self.state_dict.as_deref())?;
        if let Some(Choice { taken, others }) = choice {
            eprintln!(
                "{}: takes {taken}; it also holds {} (--state-dict NAME takes another)",
                self.file.display(),
                others.join(", ")
            );
        }
        let encoder = self.encoder.as_deref().map(read_state_dict).transpose()?;
        let found = recognize(checkpoint, encoder, self.family, &self.hints()?).with_context(at)?;
        let file_name =
            |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let name = self.name.clone().or(file_name(self.file.file_stem()));
        let name = name.unwrap_or_else(|| "imported".to_owned());
        let height = (self.size as f64 / self.aspect_ratio).round_ties_even() as usize;
        let mut manifest = describe(name, found.model, found.input, [height, self.size]);
        manifest.test_time = RunnerArgs {
            bn_stats: self.bn_stats,
            dropout: self.dropout,
            device: Default::default(),
            seed: 0,
        }
        .test_time(manifest.test_time);
        manifest.provenance.imported_from = file_name(self.file.file_name());
        eprintln!("{}: {}", self.file.display(), summary(&manifest));
        let model = Model {
            manifest,
            weights: found.weights,
            encoder: found.encoder,
        };
        model.write_bundle(&self.output, self.dtype.into(), self.force)?;
        eprintln!("written to {}", self.output.display());
        Ok(ExitCode::SUCCESS)
    }

    fn hints(&self) -> Result<Hints> {
        if !(self.aspect_ratio.is_finite() && self.aspect_ratio > 0.0) {
            bail!(
                "--aspect-ratio: expected a number above 0, found {}",
                self.aspect_ratio
            );
        }
        let palette = self.palette.as_deref().map(read_palette).transpose()?;
        let on = |switch: Switch| switch == Switch::On;
        Ok(Hints {
            dropout: !self.no_dropout,
            labels: self.labels,
            pictures: self.pictures,
            feature_channels: self.feature_channels,
            dont_care: self.dont_care.map(on),
            edges: self.edges.map(on),
            palette: palette.flatten(),
            spade: Hint {
                upsampling: self.upsampling,
                crop_size: self.size,
                aspect_ratio: self.aspect_ratio,
            },
            pgan: self.network,
        })
    }
}

/// What was recognised, for people to check.
fn summary(manifest: &Manifest) -> String {
    let input = match &manifest.input {
        InputKind::Image { channels, .. } => format!("pictures of {channels} channels"),
        InputKind::Latent {
            channels,
            attributes,
        } => match manifest.model.latent_classes() {
            0 => format!("latents of {channels} numbers"),
            classes if attributes.is_empty() => format!(
                "latents of {} numbers and {classes} classes (their names are not in the file)",
                channels - classes
            ),
            classes => format!(
                "latents of {} numbers and {classes} classes ({})",
                channels - classes,
                list_attributes(attributes)
            ),
        },
        InputKind::Labels {
            num_classes,
            dont_care,
            edges,
            ..
        } => {
            let dont_care = if *dont_care { ", don't-care" } else { "" };
            let edges = if *edges {
                ", edges between instances"
            } else {
                ""
            };
            format!("label maps of {num_classes} classes{dont_care}{edges}")
        }
    };
    let SizeRule { height, width, .. } = manifest.size;
    format!(
        "{}; takes {input}; {width}x{height}",
        architecture(&manifest.model)
    )
}

/// The network in a few words, by the names of its originals.
fn architecture(model: &ModelConfig) -> String {
    match model {
        ModelConfig::Pix2pix { generator } => format!(
            "pix2pix {}, width {}, norm {:?}, dropout layers: {}",
            generator.architecture,
            generator.base_channels,
            generator.norm,
            if generator.dropout { "yes" } else { "no" },
        ),
        ModelConfig::Pix2pixhd {
            generator,
            feature_channels,
            ..
        } => format!(
            "pix2pixHD {}, {} halvings, {} blocks, width {}, norm {:?}, feature channels: {feature_channels}",
            match generator.architecture {
                pix2pixhd::Architecture::Global => "global".to_owned(),
                pix2pixhd::Architecture::Local { num_enhancers, .. } => {
                    format!("local with {num_enhancers} enhancers")
                }
            },
            generator.num_downs,
            generator.num_blocks,
            generator.base_channels,
            generator.norm,
        ),
        ModelConfig::Spade { generator, .. } => match &generator.architecture {
            Architecture::Spade(spade) => format!(
                "spade {}, {} doublings, width {}, {}",
                spade.norm,
                spade.upsampling,
                generator.base_channels,
                if spade.latent_channels.is_some() {
                    "VAE"
                } else {
                    "no VAE"
                },
            ),
            Architecture::Pix2pixHd(resnet) => format!(
                "spade with pix2pixHD's generator, {} halvings, {} blocks, width {}",
                resnet.num_downs, resnet.num_blocks, generator.base_channels
            ),
        },
        ModelConfig::Pgan { generator } => format!("pgan, depths {:?}", generator.depths),
    }
}
