//! `cargo xtask bench web`: our generator against ONNX Runtime Web in one headless Chromium, the
//! same U-Net with the same weights, WebGPU against WebGPU and CPU against its single-thread wasm.
//! The sides take turns; every measurement starts cold, in a worker of its own.

mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::chromium;
use crate::npm::Npm;
use crate::process;
use crate::project::Project;
use report::Report;

/// Options of `cargo xtask bench web`.
#[derive(clap::Args)]
pub struct Args {
    /// Bundle of a U-Net, run without dropout [default: www/public/models/landscapes]
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// Where to run
    #[arg(long, value_delimiter = ',', default_value = "webgpu,cpu")]
    device: Vec<Device>,
    /// Pictures in each turn on the CPU, after the first
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Pictures in each turn on WebGPU, after the first (seconds each on the software adapter)
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    webgpu_runs: u32,
    /// Turns of each side, all in one browser
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Build of ONNX Runtime Web for WebGPU [default: the one that is fastest on the software
    /// adapter]
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    ort_build: OrtBuild,
    /// Kill the browser after that many seconds
    #[arg(long, default_value_t = 1200)]
    deadline: u32,
    /// Also write everything that was measured to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Device {
    Webgpu,
    Cpu,
}

#[derive(Debug, Clone, Copy, Default, Serialize, clap::ValueEnum)]
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

/// Runs the benchmark and prints one table for each device.
///
/// # Errors
/// When the browser package is not built, a tool is missing, a side fails, or the sides' pictures
/// differ.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let www = project.root.join("www");
    let pkg = www.join("pkg");
    if !pkg.join("underpaint_web.js").is_file() {
        bail!(
            "{} has no browser package: build it with `cargo xtask wasm --release`",
            pkg.display()
        );
    }
    let npm = Npm::find(project)?;
    npm.install()?;
    npm.install_in(&project.root.join("tests/bench/web"))?;
    let bundle = args
        .bundle
        .clone()
        .unwrap_or_else(|| www.join("public/models/landscapes"));
    let bundle = fs::canonicalize(&bundle)
        .with_context(|| format!("finding the bundle {}", bundle.display()))?;

    let work = tempfile::tempdir().context("making a folder for the ONNX graph")?;
    let onnx = work.path().join("model.onnx");
    write_graph(project, &bundle, &onnx)?;
    let plan = Plan {
        bundle: &bundle,
        onnx: &onnx,
        pkg: &pkg,
        devices: &args.device,
        runs: Runs {
            webgpu: args.webgpu_runs,
            cpu: args.runs,
        },
        turns: args.turns,
        ort_build: args.ort_build,
        deadline_s: args.deadline,
    };
    let report = drive(project, &plan, &chromium::set_up()?)?;
    report.print(&args.device);
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report)?;
        fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))?;
    }
    report.check_agreement()
}

/// The graph without dropout, whose cost is none to speak of; with numbers of the type that the bundle
/// has, so that downloads compare like with like; and for input channels up to a multiple of 4, because
/// ONNX Runtime Web 1.30 miscomputes a convolution of 15 on WebGPU
/// (<https://github.com/microsoft/onnxruntime/issues/29651>).
fn write_graph(project: &Project, bundle: &Path, onnx: &Path) -> Result<()> {
    eprintln!("building underpaint");
    let mut build = project.cargo();
    build.args("build --release -p underpaint".split(' '));
    process::run_to_stderr(&mut build)?;
    let mut export = Command::new(project.underpaint());
    export.arg("export").arg(bundle).arg("--output").arg(onnx);
    export.args("--format onnx --dropout off --pad-channels 4".split(' '));
    export.args(["--dtype", &dtype(bundle)?]);
    process::run_to_stderr(&mut export)
        .with_context(|| format!("writing {} as an ONNX graph", bundle.display()))
}

fn dtype(bundle: &Path) -> Result<String> {
    #[derive(Deserialize)]
    struct Manifest {
        weights: Weights,
    }
    #[derive(Deserialize)]
    struct Weights {
        dtype: String,
    }
    let path = bundle.join("manifest.json");
    let json = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let manifest: Manifest =
        serde_json::from_slice(&json).with_context(|| format!("reading {}", path.display()))?;
    Ok(manifest.weights.dtype)
}

fn drive(project: &Project, plan: &Plan, browser: &Path) -> Result<Report> {
    let mut node = Command::new("node");
    node.arg(project.root.join("tests/bench/web/driver.mjs"))
        .arg(serde_json::to_string(plan)?)
        .env(chromium::VARIABLE, browser);
    let output = process::stdout_of(&mut node)?;
    let line = output.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("expected a report as JSON, found: {line}"))
}
