//! `underpaint evaluate`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use underpaint_core::bundle::Runner;

use super::generate::picture_from_signed;
use super::options::RunnerArgs;
use super::train::open_dataset;
use crate::config::TrainConfig;
use crate::data::{Dataset, SampleRng};
use crate::evaluate::paired::PairedMetrics;
use crate::family::batch;
use crate::model::Model;

/// Flags of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Run to evaluate, at its newest checkpoint
    #[arg(long, value_name = "RUN")]
    run: PathBuf,
    /// Data set [default: the run's own]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Phase of the data set
    #[arg(long, value_name = "NAME", default_value = "val")]
    phase: String,
    /// Writes the numbers to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    runner: RunnerArgs,
}

/// What is written as JSON.
#[derive(Debug, Serialize)]
struct Evaluation {
    /// Folder of the run.
    run: PathBuf,
    /// Step of its checkpoint.
    step: Option<u64>,
    /// Data set.
    data: PathBuf,
    /// Phase of it.
    phase: String,
    /// Number of pictures.
    count: usize,
    /// Means over all pictures.
    mean: PairedMetrics,
    /// Every picture, in the order of the data set.
    files: Vec<FileMetrics>,
}

#[derive(Debug, Serialize)]
struct FileMetrics {
    name: String,
    #[serde(flatten)]
    metrics: PairedMetrics,
}

impl EvaluateArgs {
    /// Evaluates.
    pub fn run(self) -> Result<ExitCode> {
        let mut config = TrainConfig::of_run(&self.run)?;
        config.data = self.data.clone().unwrap_or(config.data);
        // As the authors test: resized to the crop size, no crop and no flip.
        let dataset = open_dataset(&config, &self.phase, config.augment.for_evaluation())?;
        let model = Model::open(&self.run)?;
        let runner = self.runner.runner(&model)?;
        let files = (0..dataset.len())
            .map(|index| evaluate(&runner, self.runner.seed, dataset.as_ref(), index));
        let files = files.collect::<Result<Vec<_>>>()?;
        let all: Vec<PairedMetrics> = files.iter().map(|file| file.metrics).collect();
        let mean = PairedMetrics::mean(&all).context("a data set is never empty")?;
        let evaluation = Evaluation {
            run: self.run,
            step: model.manifest.provenance.steps,
            data: config.data,
            phase: self.phase,
            count: files.len(),
            mean,
            files,
        };
        print_table(&evaluation);
        if let Some(path) = &self.json {
            crate::files::write(path, serde_json::to_string_pretty(&evaluation)?.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn evaluate(
    runner: &Runner,
    seed: u64,
    dataset: &dyn Dataset,
    index: usize,
) -> Result<FileMetrics> {
    // Evaluation draws nothing from it.
    let sample = dataset.load(index, &mut SampleRng::seed_from_u64(0))?;
    let condition = batch::conditions(&[&sample.input], runner.input_channels(), runner.device())
        .with_context(|| sample.name.clone())?;
    let generated = runner
        .run(condition, seed)
        .with_context(|| sample.name.clone())?;
    let generated = batch::pictures(generated);
    let generated = generated.first().context("one picture for one input")?;
    let metrics = PairedMetrics::between(
        &picture_from_signed(generated)?,
        &picture_from_signed(&sample.target)?,
    )
    .with_context(|| sample.name.clone())?;
    Ok(FileMetrics {
        name: sample.name,
        metrics,
    })
}

fn print_table(evaluation: &Evaluation) {
    let width = evaluation
        .files
        .iter()
        .map(|file| file.name.chars().count())
        .max()
        .unwrap_or(0)
        .max(4);
    println!(
        "{:<width$}  {:>8}  {:>8}  {:>8}",
        "file", "L1", "PSNR dB", "SSIM"
    );
    let line = |name: &str, metrics: &PairedMetrics| {
        println!(
            "{name:<width$}  {:>8.5}  {:>8.3}  {:>8.5}",
            metrics.l1, metrics.psnr, metrics.ssim
        );
    };
    evaluation
        .files
        .iter()
        .for_each(|file| line(&file.name, &file.metrics));
    line("mean", &evaluation.mean);
}
