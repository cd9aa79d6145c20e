//! `cargo xtask …`: everything that is done *to* this repository, in one program that needs nothing
//! installed but Rust.
//!
//! Reading order: [`project`] (where things are), [`process`] (how programs are started), then one
//! file per command.

mod bench;
mod chromium;
mod debian;
mod fuzz;
mod gpu_check;
mod libtorch;
mod notices;
mod npm;
mod onnx;
mod other_browsers;
mod process;
mod project;
mod python;
mod quickstart;
mod references;
mod stages;
mod studio;
mod test;
mod vulkan;
mod wasm;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::project::Project;

/// Sets up, tests, builds and measures Underpaint.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the painting studio and serve it, with the demo model, for a browser on this machine
    Demo(studio::DemoArgs),
    /// Build the painting studio into www/dist/studio
    Studio(studio::Args),
    /// Build Underpaint, paint a data set, train on it for a few minutes and leave pictures to look
    /// at
    Quickstart(quickstart::Args),
    /// Run everything CI runs, cheapest first, up to the first failure
    #[command(visible_alias = "ci")]
    Test(test::Args),
    /// List references in comments and documents that lead nowhere (part of `test`)
    References,
    /// Damage files of every format that is read, and watch for panics, hangs, memory without end and
    /// what is left half-written
    Fuzz(fuzz::Args),
    /// Set up libtorch 2.9.0 in the cache folder (needed by `--features tch` only)
    Libtorch(libtorch::Args),
    /// Pack a program and a script that show what Underpaint does on a machine with a GPU and PyTorch
    GpuCheck(gpu_check::Args),
    /// Build the browser package into www/pkg
    Wasm(wasm::Args),
    /// Measure against other implementations, in one run on this machine
    #[command(subcommand)]
    Bench(bench::Command),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let project = Project::locate()?;
    match cli.command {
        Command::Demo(args) => studio::demo(&project, &args),
        Command::Studio(args) => studio::run(&project, &args),
        Command::Quickstart(args) => quickstart::run(&project, &args),
        Command::Test(args) => test::run(&project, &args),
        Command::Fuzz(args) => fuzz::run(&project, &args),
        Command::References => references::run(&project),
        Command::Libtorch(args) => libtorch::run(&project, &args),
        Command::GpuCheck(args) => gpu_check::run(&project, &args),
        Command::Wasm(args) => wasm::run(&project, &args),
        Command::Bench(command) => bench::run(&project, &command),
    }
}
