//! `underpaint export`.

mod onnx;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use underpaint_core::bundle::{WeightDtype, encode_state_dict_for_pytorch, sha256};

use crate::config::of_run;
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

/// What `export` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A folder that the browser and every command of Underpaint read
    Bundle,
    /// One safetensors file that the authors' PyTorch classes load
    PytorchKeys,
    /// One ONNX file for other runtimes, and a second one for an encoder: docs/onnx.md
    Onnx,
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Run to export, at its newest checkpoint; for pytorch-keys and onnx, a bundle as well
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Folder to write, or file for pytorch-keys and onnx
    #[arg(long, value_name = "BUNDLE|FILE")]
    output: PathBuf,
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "bundle")]
    format: Format,
    /// Number type of the weights
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    dtype: Dtype,
    /// Name of the model for people, in a bundle or an ONNX file [default: the run's folder]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    onnx: onnx::OnnxArgs,
}

impl ExportArgs {
    /// Exports.
    pub fn run(self) -> Result<ExitCode> {
        if let Some(flag) = self.onnx.given().filter(|_| self.format != Format::Onnx) {
            bail!("{flag}: only --format onnx has a use for it");
        }
        match self.format {
            Format::Bundle => self.export_bundle()?,
            Format::PytorchKeys => self.export_pytorch_keys()?,
            Format::Onnx => self.export_onnx()?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn export_bundle(self) -> Result<()> {
        // A bundle is no run: say so instead of copying it.
        of_run(&self.run)?;
        let mut model = Model::open(&self.run)?;
        model.manifest.name = self.name.unwrap_or(model.manifest.name);
        let manifest = model.write_bundle(&self.output, self.dtype.into(), self.force)?;
        tell(
            &self.output,
            manifest.weights.bytes,
            &manifest.weights.sha256,
        );
        Ok(())
    }

    fn export_pytorch_keys(self) -> Result<()> {
        if self.name.is_some() {
            bail!("--name: a file for PyTorch has no name inside; --format bundle has");
        }
        self.refuse_existing(&self.output)?;
        let model = Model::open(&self.run)?;
        let steps = model.manifest.provenance.steps.unwrap_or(0);
        let bytes = encode_state_dict_for_pytorch(&model.weights, self.dtype.into(), steps)?;
        crate::files::write(&self.output, &bytes)?;
        tell(&self.output, bytes.len() as u64, &sha256(&bytes));
        Ok(())
    }

    fn export_onnx(mut self) -> Result<()> {
        let mut model = Model::open(&self.run)?;
        if let Some(name) = self.name.take() {
            model.manifest.name = name;
        }
        let files = self.onnx.files(&model, &self.output, self.dtype.into())?;
        for (path, _) in &files {
            self.refuse_existing(path)?;
        }
        for (path, file) in &files {
            file.save(path)?;
            eprintln!("{}: {:.2} MB", path.display(), file.len() as f64 / 1e6);
        }
        Ok(())
    }

    fn refuse_existing(&self, path: &Path) -> Result<()> {
        if path.is_dir() || (path.exists() && !self.force) {
            bail!(
                "{} is already there: choose another --output, or --force to replace a file",
                path.display()
            );
        }
        Ok(())
    }
}

fn tell(output: &Path, bytes: u64, sha256: &str) {
    eprintln!(
        "{}: {:.2} MB of weights, SHA-256 {sha256}",
        output.display(),
        bytes as f64 / 1e6
    );
}
