//! `underpaint export`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use underpaint_core::bundle::WeightDtype;

use crate::config::TrainConfig;
use crate::model::Model;

/// Number type of exported weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dtype {
    /// 32 bits
    F32,
    /// 16 bits: half the size
    F16,
}

impl From<Dtype> for WeightDtype {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::F32,
            Dtype::F16 => Self::F16,
        }
    }
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Run to export, at its newest checkpoint
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Folder to write
    #[arg(long, value_name = "BUNDLE")]
    output: PathBuf,
    /// Number type of the weights
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    dtype: Dtype,
    /// Name of the model for people [default: the run's folder]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

impl ExportArgs {
    /// Exports.
    pub fn run(self) -> Result<ExitCode> {
        // A bundle is no run: say so instead of copying it.
        TrainConfig::of_run(&self.run)?;
        let mut model = Model::open(&self.run)?;
        model.manifest.name = self.name.unwrap_or(model.manifest.name);
        let manifest = model.write_bundle(&self.output, self.dtype.into(), self.force)?;
        eprintln!(
            "{}: {:.2} MB of weights, SHA-256 {}",
            self.output.display(),
            manifest.weights.bytes as f64 / 1e6,
            manifest.weights.sha256
        );
        Ok(ExitCode::SUCCESS)
    }
}
