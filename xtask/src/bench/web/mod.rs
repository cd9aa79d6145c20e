//! `cargo xtask bench web`: our generators against ONNX Runtime Web in headless Chromium, the same
//! networks with the same weights: WebGPU against WebGPU, and both builds of our module against its
//! single-thread wasm. The sides take turns; every measurement starts cold, in a browser of its own,
//! and what comes out of the network is compared with what the native program makes of the same input.
//!
//! Reading order: [`models`] (what is run), [`report`] (what the driver measures), `summary` (turns
//! taken together), `table` (how they are printed).

mod models;
mod report;
mod summary;
mod table;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::chromium;
use crate::npm::Npm;
use crate::process;
use crate::project::Project;
use models::ModelName;
use report::{Measured, Report};
use summary::Summaries;

/// Where `--record` leaves the last full run, below the checkout.
const RECORD: &str = "docs/benchmarks-web.json";
/// Names a program `underpaint` to use instead of building one, as in the browser tests.
const PROGRAM: &str = "UNDERPAINT_BIN";

/// Options of `cargo xtask bench web`.
#[derive(clap::Args)]
pub struct Args {
    /// What to run: the demo model, or small untrained models of the families
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "unet,resnet,pix2pixhd,spade,pgan"
    )]
    model: Vec<ModelName>,
    /// Bundle to run instead, without dropout
    #[arg(long, value_name = "DIR", conflicts_with = "model")]
    bundle: Option<PathBuf>,
    /// Where to run
    #[arg(long, value_delimiter = ',', default_value = "webgpu,cpu")]
    device: Vec<Device>,
    /// Pictures in each turn on the CPU, after the first
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Pictures in each turn on WebGPU, after the first (up to seconds each on the software adapter)
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    webgpu_runs: u32,
    /// Turns of each side
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Build of ONNX Runtime Web for WebGPU [default: the one that is fastest on the software
    /// adapter]
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    ort_build: OrtBuild,
    /// Kill the browser when a measurement takes that many seconds
    #[arg(long, default_value_t = 600)]
    deadline: u32,
    /// Also write everything that was measured to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also write the summary to docs/benchmarks-web.json
    #[arg(long)]
    record: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Device {
    Webgpu,
    Cpu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
enum OrtBuild {
    /// `onnxruntime-web/all`: kernels in TypeScript
    #[default]
    All,
    /// `onnxruntime-web/webgpu`: kernels in C++
    Webgpu,
    /// `onnxruntime-web/jspi`: the same for browsers with JSPI, a smaller download
    Jspi,
}

/// What `tests/bench/web/driver.mjs` is told.
#[derive(Serialize)]
struct Plan<'a> {
    bundle: &'a Path,
    onnx: &'a Path,
    pkg: &'a Path,
    program: &'a Path,
    devices: &'a [Device],
    runs: Runs,
    turns: u32,
    ort_build: OrtBuild,
    deadline_s: u32,
}

#[derive(Serialize)]
struct Runs {
    webgpu: u32,
    cpu: u32,
}

/// Runs the benchmark and prints a table for each model and device.
///
/// # Errors
/// When the browser package is not built, a tool is missing, a side fails, or what a side computes
/// differs from what the native program does.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let pkg = project.root.join("www/pkg");
    if !pkg.join("underpaint_web_relaxed_bg.wasm").is_file() {
        bail!(
            "{} has no browser package with both modules: build it with `cargo xtask wasm --release`",
            pkg.display()
        );
    }
    let npm = Npm::find(project)?;
    npm.install()?;
    npm.install_in(&project.root.join("tests/bench/web"))?;
    let browser = chromium::set_up()?;
    let program = program(project)?;

    let work = tempfile::tempdir().context("making a folder for the models")?;
    let subjects = models::make(project, &program, work.path(), args)?;
    let mut report = Report::new(project, args.ort_build);
    for subject in &subjects {
        eprintln!("{}", subject.title);
        let plan = Plan {
            bundle: &subject.bundle,
            onnx: &subject.onnx,
            pkg: &pkg,
            program: &program,
            devices: &args.device,
            runs: Runs {
                webgpu: args.webgpu_runs,
                cpu: args.runs,
            },
            turns: args.turns,
            ort_build: args.ort_build,
            deadline_s: args.deadline,
        };
        report.add(subject, drive(project, &plan, &browser)?);
    }

    let summaries = Summaries::of(&report);
    table::print(&summaries);
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    report.check_agreement()?;
    if args.record {
        write_json(&project.root.join(RECORD), &summaries)?;
    }
    Ok(())
}

/// The program that makes models, graphs and references.
fn program(project: &Project) -> Result<PathBuf> {
    if let Some(path) = env::var_os(PROGRAM).filter(|path| !path.is_empty()) {
        return fs::canonicalize(&path).with_context(|| format!("finding {PROGRAM}"));
    }
    eprintln!("building underpaint (about ten minutes the first time)");
    let mut build = project.cargo();
    build.args(["build", "--release", "-p", "underpaint"]);
    process::run_to_stderr(&mut build)?;
    Ok(project.underpaint())
}

fn drive(project: &Project, plan: &Plan, browser: &Path) -> Result<Measured> {
    let mut node = Command::new("node");
    node.arg(project.root.join("tests/bench/web/driver.mjs"))
        .arg(serde_json::to_string(plan)?)
        .env(chromium::VARIABLE, browser);
    let output = process::stdout_of(&mut node)?;
    let line = output.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("expected a report as JSON, found: {line}"))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))
}
