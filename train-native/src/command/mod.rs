//! The command line: one file per subcommand.

mod bench_data;
mod bench_engine;
mod bench_generate;
mod bench_step;
mod dataset;
mod devices;
mod evaluate;
mod export;
mod features;
mod generate;
mod import;
mod launch;
mod options;
mod palette;
mod plan;
mod request;
mod run_check;
mod serve;
mod train;
mod weights;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Train image generators, generate with them, and export them for the browser.
#[derive(Debug, Parser)]
#[command(name = "underpaint", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a model, or continue a run exactly where its last checkpoint left it
    Train(Box<train::TrainArgs>),
    /// Start the ranks of this machine for a run on several devices: launch --nproc N -- train …
    Launch(launch::LaunchArgs),
    /// Generate pictures with a bundle or a run
    Generate(generate::GenerateArgs),
    /// Compare generated pictures with the real ones: L1, PSNR, SSIM
    Evaluate(evaluate::EvaluateArgs),
    /// Write the generator of a run as a bundle: manifest.json + weights.safetensors; or as ONNX
    Export(export::ExportArgs),
    /// Show what a generator computes, step by step, and what it costs
    Plan(plan::PlanArgs),
    /// Turn the original authors' weights (.pth or safetensors) into a bundle
    Import(import::ImportArgs),
    /// Serve the painting studio with your own bundles, for a browser on this machine
    Serve(serve::ServeArgs),
    /// Check, combine and synthesize data sets
    Dataset(dataset::DatasetArgs),
    /// Store other people's weights that losses and scores need: VGG-19, Inception-v3
    Weights(weights::WeightsArgs),
    /// Work with the features that a pix2pixHD encoder has learnt
    Features(features::FeaturesArgs),
    /// List the devices of this build and machine
    Devices,
    /// The loader of pix2pix, timed: what `cargo xtask bench data` runs
    #[command(hide = true)]
    BenchData(bench_data::BenchDataArgs),
    /// One training step, timed: what `cargo xtask bench train` runs
    #[command(hide = true)]
    BenchStep(bench_step::BenchStepArgs),
    /// Forward passes of a full-size generator, timed: what `cargo xtask bench generate` runs
    #[command(hide = true)]
    BenchGenerate(bench_generate::BenchGenerateArgs),
    /// Speed of the browser's engine on this system's GPU: kernels and whole generators (builds with
    /// --features wgpu)
    BenchEngine(bench_engine::BenchEngineArgs),
}

impl Cli {
    /// The arguments of `train`, if that is the command.
    fn into_train(self) -> Option<train::TrainArgs> {
        match self.command {
            Command::Train(args) => Some(*args),
            _ => None,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    ///
    /// With a message for people.
    pub fn run(self) -> Result<ExitCode> {
        // Before the first tensor: a training step frees and takes the same gigabytes again.
        #[cfg(feature = "tch")]
        underpaint_torch::memory::keep();
        match self.command {
            Command::Train(args) => args.run(),
            Command::Launch(args) => args.run(),
            Command::Generate(args) => args.run(),
            Command::Evaluate(args) => args.run(),
            Command::Export(args) => args.run(),
            Command::Plan(args) => args.run(),
            Command::Import(args) => args.run(),
            Command::Serve(args) => args.run(),
            Command::Dataset(args) => args.run(),
            Command::Weights(args) => args.run(),
            Command::Features(args) => args.run(),
            Command::Devices => devices::run(),
            Command::BenchStep(args) => args.run(),
            Command::BenchData(args) => args.run(),
            Command::BenchGenerate(args) => args.run(),
            Command::BenchEngine(args) => args.run(),
        }
    }
}
