//! `underpaint import`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use underpaint_core::bundle::{InputKind, ModelConfig};
use underpaint_core::checkpoint::{Naming, architecture, summary};
use underpaint_core::label::KnownPalette;
use underpaint_core::spade::Upsampling;

use super::export::Dtype;
use super::options::{BnStats, RunnerArgs, Switch};
use super::palette::PaletteArg;
use crate::import::{
    FamilyName, Hints, PganNetwork, Wanted, listed, read_chosen, read_encoder, recognize,
};
use crate::model::{Model, bundle_file_name, describe, labels_input, open_clusters};

/// Flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Weights of a generator: .pth (zip or legacy container) or safetensors
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which network to take from a file that holds several: the keys that lead to it with dots between
    /// them, or the last of them (netG, state_dict_ema) [default: the only generator; of several, never
    /// a moving average]
    #[arg(long, alias = "state-dict", value_name = "NAME")]
    key: Option<String>,
    /// What they belong to [default: what keys and shapes say]
    #[arg(long, value_name = "NAME", value_parser = families())]
    family: Option<FamilyName>,
    /// Folder to write, or file for --single-file
    #[arg(long, value_name = "BUNDLE")]
    output: PathBuf,
    /// Write the bundle as one file, BUNDLE.underpaint; a --output of that name does the same
    #[arg(long)]
    single_file: bool,
    /// Number type of the weights
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    dtype: Dtype,
    /// Weights of the encoder that goes with a SPADE generator trained with --use_vae, or with a
    /// pix2pixHD generator trained with --instance_feat
    #[arg(long, value_name = "FILE")]
    encoder: Option<PathBuf>,
    /// Typical features of every label for a pix2pixHD generator with features: the authors'
    /// features_clustered_010.npy, or what `features cluster` writes
    #[arg(long, alias = "cluster_path", value_name = "FILE")]
    clusters: Option<PathBuf>,
    /// Width that the model was trained at, in pixels; tells the studio how large to paint [default: 256]
    #[arg(long, visible_alias = "crop-size", value_name = "PX")]
    size: Option<usize>,
    /// Width of its pictures over their height [default: 1]
    #[arg(long, alias = "aspect_ratio", value_name = "RATIO")]
    aspect_ratio: Option<f64>,
    /// A U-Net trained without dropout: its weights do not tell
    #[arg(long, alias = "no_dropout")]
    no_dropout: bool,
    /// A pix2pix model takes one-hot label maps [default: if it has neither 1 nor 3 channels]
    #[arg(long)]
    labels: bool,
    /// Whether an input channel of SPADE is for pixels of no class (255) [default: on for 184 and 151
    /// channels, COCO-Stuff and ADE20K]
    #[arg(long, alias = "contain_dontcare_label", value_name = "ON|OFF")]
    dont_care: Option<Switch>,
    /// Whether an input channel marks edges between instances [default: on for pix2pixHD, and for 184
    /// and 36 channels of SPADE, COCO-Stuff and Cityscapes]
    #[arg(long, value_name = "ON|OFF")]
    edges: Option<Switch>,
    /// A model takes pictures instead of label maps (pix2pixHD's --label_nc 0)
    #[arg(long)]
    pictures: bool,
    /// Feature channels of a pix2pixHD model [default: those of --encoder, else none]
    #[arg(long, alias = "feat_num", value_name = "N")]
    feature_channels: Option<usize>,
    /// Doublings of a SPADE generator: normal, more or most; normal and more have the same weights
    /// [default: normal, or most where the weights say so]
    #[arg(long, alias = "num_upsampling_layers", value_name = "NAME")]
    upsampling: Option<Upsampling>,
    /// Generator of a Progressive GAN checkpoint [default: average]
    #[arg(long, value_name = "WHICH")]
    network: Option<Network>,
    /// Names, colours and groups of the classes: cityscapes, ade20k, ade20k-shifted, coco-stuff or facades; or a folder
    /// with a palette.json in it [default: classes are numbered]
    #[arg(long, value_name = "NAME|DIR")]
    palette: Option<PaletteArg>,
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

/// Generators of a Progressive GAN checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Network {
    /// The running average, which the authors generate with
    Average,
    /// The generator in training
    Generator,
}

fn families() -> impl TypedValueParser<Value = FamilyName> {
    let words = PossibleValuesParser::new(FamilyName::ALL.map(FamilyName::word));
    words.try_map(|word| {
        word.parse::<FamilyName>()
            .map_err(|error| error.to_string())
    })
}

impl ImportArgs {
    /// Imports.
    pub fn run(self) -> Result<ExitCode> {
        let hints = self.hints()?;
        let [height, width] = hints.trained_size()?;
        let (checkpoint, choice) = read_chosen(&self.file, Wanted::Generator, self.key.as_deref())?;
        if let Some(choice) = choice {
            self.say(&format!(
                "takes {}; it also holds {} (--key NAME takes another)",
                choice.name(),
                listed(&choice.others)
            ));
        }
        let encoder = self.encoder.as_deref().map(read_encoder).transpose()?;
        let at = || format!("{}", self.file.display());
        let found = recognize(checkpoint, encoder, self.family, &hints).with_context(at)?;
        found.notes.iter().for_each(|note| self.say(note));
        self.check_test_time(&found.model).with_context(at)?;
        let file_name =
            |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        let name = self.name.clone().or(file_name(self.file.file_stem()));
        let name = name.unwrap_or_else(|| "imported".to_owned());
        let input = self.named(found.input)?;
        let mut manifest = describe(name, found.model, input, [height, width]);
        manifest.test_time = RunnerArgs {
            bn_stats: self.bn_stats,
            dropout: self.dropout,
            device: Default::default(),
            precision: underpaint_core::ops::Precision::F32,
            seed: 0,
        }
        .test_time(manifest.test_time);
        if let Some(file) = &self.clusters {
            let channels = manifest.model.feature_channels();
            ensure!(
                channels > 0,
                "--clusters: this model takes no features; --encoder FILE or --feature-channels N says that \
                 it does"
            );
            let clusters = open_clusters(file, channels)?;
            self.say(&format!(
                "typical features of {} labels from {}",
                clusters.centres.len(),
                file.display()
            ));
            manifest.clusters = Some(clusters);
        }
        manifest.provenance.imported_from = file_name(self.file.file_name());
        self.say(&summary(&manifest));
        let model = Model {
            manifest,
            weights: found.weights,
            encoder: found.encoder,
        };
        let output = match self.single_file {
            true => bundle_file_name(&self.output),
            false => self.output,
        };
        model.write_bundle(&output, self.dtype.into(), self.force)?;
        eprintln!("written to {}", output.display());
        Ok(ExitCode::SUCCESS)
    }

    fn say(&self, what: &str) {
        eprintln!("{}: {what}", self.file.display());
    }

    fn hints(&self) -> Result<Hints> {
        let palette = self.palette.as_ref().map(PaletteArg::read).transpose()?;
        let on = |switch: Switch| switch == Switch::On;
        Ok(Hints {
            no_dropout: self.no_dropout,
            labels: self.labels,
            pictures: self.pictures,
            feature_channels: self.feature_channels,
            dont_care: self.dont_care.map(on),
            edges: self.edges.map(on),
            palette,
            upsampling: self.upsampling,
            size: self.size,
            aspect_ratio: self.aspect_ratio,
            network: self.network.map(|network| match network {
                Network::Average => PganNetwork::Average,
                Network::Generator => PganNetwork::Generator,
            }),
            naming: Naming::Flags,
        })
    }

    /// The classes by the names of the data set that was asked for, counted as a model of so many classes counts them;
    /// says where names and classes do not go together, and which name is likely where none was asked for.
    fn named(&self, input: InputKind) -> Result<InputKind> {
        let Some(layout) = input.layout() else {
            return Ok(input);
        };
        let count = layout.num_classes;
        let likely = KnownPalette::likely_for(count);
        let Some(asked) = &self.palette else {
            if let Some(likely) = likely {
                self.say(&format!(
                    "{count} classes, as {} has them: --palette {likely} names them",
                    likely.title()
                ));
            }
            return Ok(input);
        };
        let palette = asked.read_for(count)?;
        if let PaletteArg::Known(known) = asked
            && likely != Some(*known)
            && known.palette().classes.len() != count
        {
            self.say(&format!(
                "{count} classes, but {} has {}",
                known.title(),
                known.palette().classes.len()
            ));
        }
        Ok(labels_input(layout, Some(palette)))
    }

    /// Defaults are of no use to a network that has nothing which they are of.
    fn check_test_time(&self, model: &ModelConfig) -> Result<()> {
        let what = architecture(model);
        ensure!(
            self.bn_stats.is_none() || model.has_batch_norm(),
            "--bn-stats: there is no batch norm in it ({what})"
        );
        ensure!(
            self.dropout.is_none() || model.has_dropout(),
            "--dropout: there is no dropout in it ({what})"
        );
        Ok(())
    }
}
