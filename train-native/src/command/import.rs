//! `underpaint import`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use underpaint_core::pix2pix::infer_generator;
use underpaint_core::state_dict::load_state_dict;

use super::export::Dtype;
use super::options::{BnStats, RunnerArgs, Switch};
use crate::data::labelled::read_palette;
use crate::import::read_state_dict;
use crate::model::{Model, describe};

/// Family of the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FamilyName {
    /// pix2pix (pytorch-CycleGAN-and-pix2pix)
    Pix2pix,
}

/// Flags of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Weights of a generator: .pth (zip or legacy container) or safetensors
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What they belong to
    #[arg(long, value_name = "NAME")]
    family: FamilyName,
    /// Folder to write
    #[arg(long, value_name = "BUNDLE")]
    output: PathBuf,
    /// Number type of the weights
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    dtype: Dtype,
    /// Size that the model was trained at, in pixels; tells the studio how large to paint
    #[arg(long, value_name = "PX", default_value_t = 256)]
    size: usize,
    /// A U-Net trained without dropout: its weights do not tell
    #[arg(long, alias = "no_dropout")]
    no_dropout: bool,
    /// The input is a one-hot label map [default: if it has neither 1 nor 3 channels]
    #[arg(long)]
    labels: bool,
    /// Folder with a palette.json that names the classes
    #[arg(long, value_name = "DIR")]
    palette: Option<PathBuf>,
    /// Default statistics of batch norm
    #[arg(long, value_name = "WHICH", default_value = "batch")]
    bn_stats: BnStats,
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
        let FamilyName::Pix2pix = self.family;
        let weights = read_state_dict(&self.file)?;
        let generator = infer_generator(&weights, !self.no_dropout)
            .with_context(|| format!("{}", self.file.display()))?;
        // All of it or nothing: the same strict load that every user of the bundle makes.
        load_state_dict(generator.init(&Device::flex())?, &weights).with_context(|| {
            format!(
                "{}: read as {}",
                self.file.display(),
                generator.architecture
            )
        })?;
        eprintln!(
            "{}: {}, {} to {} channels, width {}, norm {:?}, dropout layers: {}",
            self.file.display(),
            generator.architecture,
            generator.input_channels,
            generator.output_channels,
            generator.base_channels,
            generator.norm,
            if generator.dropout { "yes" } else { "no" },
        );
        let stem = self
            .file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let name = self.name.or(stem).unwrap_or_else(|| "imported".to_owned());
        let labels = self.labels || ![1, 3].contains(&generator.input_channels);
        let classes = labels.then_some(generator.input_channels);
        let palette = self
            .palette
            .as_deref()
            .map(read_palette)
            .transpose()?
            .flatten();
        let mut manifest = describe(name, generator, classes, palette, self.size);
        manifest.test_time = RunnerArgs {
            bn_stats: Some(self.bn_stats),
            dropout: self.dropout,
            device: Default::default(),
            seed: 0,
        }
        .test_time(manifest.test_time);
        manifest.provenance.imported_from = self
            .file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Model { manifest, weights }.write_bundle(&self.output, self.dtype.into(), self.force)?;
        eprintln!("written to {}", self.output.display());
        Ok(ExitCode::SUCCESS)
    }
}
