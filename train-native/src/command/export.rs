//! `underpaint export`.

mod all;
mod card;
mod onnx;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use underpaint_core::bundle::{MANIFEST_FILE, WeightDtype, encode_state_dict_for_pytorch, sha256};

use crate::config::{is_run, of_run};
use crate::model::{Model, bundle_file_name, is_bundle_file_name};

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
    /// A folder, or one file, that the browser and every command of Underpaint read
    Bundle,
    /// One safetensors file that the authors' PyTorch classes load
    PytorchKeys,
    /// One ONNX file for other runtimes, and a second one for an encoder: docs/onnx.md
    Onnx,
    /// A folder with all of these, and a model card (MODEL.md)
    All,
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Run to export, at its newest checkpoint; or a bundle, for all, pytorch-keys, onnx and --single-file
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Folder to write, or file for --single-file, pytorch-keys and onnx
    #[arg(long, value_name = "BUNDLE|FILE")]
    output: PathBuf,
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "bundle")]
    format: Format,
    /// Number type of the weights [default: f32; of a bundle for --single-file, its own]
    #[arg(long, value_name = "TYPE")]
    dtype: Option<Dtype>,
    /// Write the bundle as one file, BUNDLE.underpaint; a --output of that name does the same
    #[arg(long)]
    single_file: bool,
    /// Name of the model for people, in a bundle or an ONNX file [default: the run's folder]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What others may do with the model, for its bundle and its card: "CC BY 4.0", or whole sentences [default:
    /// the bundle's own, or none, which the card says]
    #[arg(long, alias = "license", value_name = "TEXT")]
    licence: Option<String>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    onnx: onnx::OnnxArgs,
}

impl ExportArgs {
    /// Exports.
    pub fn run(self) -> Result<ExitCode> {
        let onnx = matches!(self.format, Format::Onnx | Format::All);
        if let Some(flag) = self.onnx.given().filter(|_| !onnx) {
            bail!("{flag}: only --format onnx has a use for it");
        }
        if self.licence.is_some() && matches!(self.format, Format::Onnx | Format::PytorchKeys) {
            bail!("--licence: only --format bundle and --format all have a place for it");
        }
        if self.single_file && self.format != Format::Bundle {
            bail!("--single-file: only --format bundle has a use for it");
        }
        match self.format {
            Format::Bundle => self.export_bundle()?,
            Format::PytorchKeys => self.export_pytorch_keys()?,
            Format::Onnx => self.export_onnx()?,
            Format::All => self.export_all()?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn export_bundle(self) -> Result<()> {
        let output = match self.single_file {
            true => bundle_file_name(&self.output),
            false => self.output,
        };
        let is_run = is_run(&self.run);
        if !is_run && !is_bundle_file_name(&output) {
            // A bundle is no run: say so instead of copying it.
            of_run(&self.run).map_err(|error| match self.run.join(MANIFEST_FILE).is_file() {
                true => anyhow!(
                    "{}: expected a run, found a bundle: --format all, pytorch-keys or onnx, or --single-file, exports it",
                    self.run.display()
                ),
                false => error,
            })?;
        }
        let mut model = Model::open(&self.run)?;
        model.manifest.name = self.name.unwrap_or(model.manifest.name);
        let licence = &mut model.manifest.provenance.licence;
        *licence = self.licence.or(licence.take());
        let own = model.manifest.weights.dtype;
        let dtype = self.dtype.map_or(own, WeightDtype::from);
        let manifest = model.write_bundle(&output, dtype, self.force)?;
        tell(&output, manifest.weights.bytes, &manifest.weights.sha256);
        Ok(())
    }

    fn export_pytorch_keys(self) -> Result<()> {
        if self.name.is_some() {
            bail!("--name: a file for PyTorch has no name inside; --format bundle has");
        }
        self.refuse_existing(&self.output)?;
        let model = Model::open(&self.run)?;
        let steps = model.manifest.provenance.steps.unwrap_or(0);
        let bytes = encode_state_dict_for_pytorch(&model.weights, self.dtype().into(), steps)?;
        crate::files::create_parent(&self.output)?;
        crate::files::write(&self.output, &bytes)?;
        tell(&self.output, bytes.len() as u64, &sha256(&bytes));
        Ok(())
    }

    fn export_onnx(mut self) -> Result<()> {
        let mut model = Model::open(&self.run)?;
        if let Some(name) = self.name.take() {
            model.manifest.name = name;
        }
        let files = self.onnx.files(&model, &self.output, self.dtype().into())?;
        for (path, _) in &files {
            self.refuse_existing(path)?;
        }
        for (path, file) in &files {
            crate::files::create_parent(path)?;
            file.save(path)?;
            eprintln!("{}: {:.2} MB", path.display(), file.len() as f64 / 1e6);
        }
        Ok(())
    }

    fn dtype(&self) -> Dtype {
        self.dtype.unwrap_or(Dtype::F32)
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
