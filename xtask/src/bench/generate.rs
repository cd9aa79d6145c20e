//! `cargo xtask bench generate`: a full-size generator on `libtorch-cpu` against PyTorch eager, with
//! the same random weights, on the same label map, with the same number of threads. The sides take
//! turns, so that noise hits both.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::train::median;
use crate::libtorch;
use crate::process;
use crate::project::Project;
use crate::python;

/// Options of `cargo xtask bench generate`.
#[derive(clap::Args)]
pub struct Args {
    /// pix2pixhd1024p, pix2pixhd512p, spade-ade20k, spade-coco or pgan256
    #[arg(long)]
    network: String,
    /// Label map; resized to the size of the network. Not for pgan256
    #[arg(long)]
    labels: Option<PathBuf>,
    /// Instance map that goes with it
    #[arg(long)]
    instances: Option<PathBuf>,
    /// Measured passes in each turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Passes before measuring starts, in each turn
    #[arg(long, default_value_t = 1)]
    warmup: u32,
    /// Threads for both sides [default: all cores]
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// Turns of each side; the median of their medians is reported
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
}

/// What our side prints as its last line on stdout.
#[derive(Debug, Deserialize)]
struct Ours {
    forward_ms_median: f64,
    peak_rss_mib: f64,
    parameters: u64,
    shape: Vec<u64>,
}

/// What PyTorch prints.
#[derive(Debug, Deserialize)]
struct Peer {
    forward_ms_median: f64,
    peak_rss_mib: f64,
    parameters: u64,
    shape: Vec<u64>,
    /// Between the two sides' pictures, in `[-1, 1]`.
    largest_difference: f64,
    /// Standard deviation of PyTorch's picture: a flat one would agree with anything.
    spread: f64,
}

/// Runs the benchmark and prints a table.
///
/// # Errors
/// When a side cannot be built or run, prints something else than a report, or the two disagree on
/// what the network is.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let threads = args
        .threads
        .or_else(|| thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZero::get);
    let libtorch = libtorch::set_up(project)?;
    let folder = project.cache.join("pytorch-2.9.0");
    let python = python::environment(&folder, &["torch==2.9.0", "numpy", "safetensors"])?;
    eprintln!("building underpaint with libtorch");
    let mut build = project.cargo();
    // The program with the features of the tests: they have built it already.
    build.args("build --release -p underpaint-tests --features tch,wgpu --bins".split(' '));
    process::run_to_stderr(libtorch.apply_to(&mut build))?;
    let shared = tempfile::tempdir().context("making a folder for the weights")?;
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for turn in 1..=args.turns {
        eprintln!("turn {turn} of {}: underpaint", args.turns);
        let program = project.program("underpaint-under-test");
        let mut command = our_side(args, &program, shared.path());
        ours.push(report::<Ours>(
            libtorch.apply_to(&mut command),
            args,
            threads,
        )?);
        eprintln!("turn {turn} of {}: PyTorch", args.turns);
        let mut command = Command::new(&python);
        command.arg(project.root.join("tests/bench/pytorch_generators.py"));
        command.arg("--init").arg(shared.path());
        command.args(["--threads", &threads.to_string()]);
        peers.push(report::<Peer>(&mut command, args, threads)?);
    }
    print!("{}", table(args, threads, &ours, &peers)?);
    Ok(())
}

fn our_side(args: &Args, program: &Path, shared: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["bench-generate", "--network", &args.network]);
    command.args(["--device", "libtorch-cpu"]);
    for (flag, path) in [("--labels", &args.labels), ("--instances", &args.instances)] {
        if let Some(path) = path {
            command.arg(flag).arg(path);
        }
    }
    command.arg("--write-init").arg(shared);
    command
}

fn report<R: DeserializeOwned>(command: &mut Command, args: &Args, threads: usize) -> Result<R> {
    command.args(["--runs", &args.runs.to_string()]);
    command.args(["--warmup", &args.warmup.to_string()]);
    for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
        command.env(variable, threads.to_string());
    }
    let output = process::stdout_of(command)?;
    let line = output.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("expected a report as JSON, found: {line}"))
}

fn table(args: &Args, threads: usize, ours: &[Ours], peers: &[Peer]) -> Result<String> {
    let (our, peer) = (
        ours.last().context("a turn")?,
        peers.last().context("a turn")?,
    );
    anyhow::ensure!(
        our.shape == peer.shape && our.parameters == peer.parameters,
        "the sides disagree: {our:?}, {peer:?}"
    );
    let mut text = format!(
        "\n{}: {:.1} M parameters, output {:?}, {threads} threads, {} turns of {} passes\n\
         {:<26}{:>12}{:>12}{:>10}\n",
        args.network,
        our.parameters as f64 / 1e6,
        our.shape,
        args.turns,
        args.runs,
        "",
        "underpaint",
        "PyTorch",
        "ratio"
    );
    let mut row = |title: &str, ours: f64, peer: f64| {
        let ratio = ours / peer;
        text.push_str(&format!(
            "{title:<26}{ours:>12.1}{peer:>12.1}{ratio:>10.2}\n"
        ));
    };
    row(
        "forward, median (ms)",
        median(ours.iter().map(|report| report.forward_ms_median).collect()),
        median(
            peers
                .iter()
                .map(|report| report.forward_ms_median)
                .collect(),
        ),
    );
    row(
        "peak memory (MiB)",
        ours.iter()
            .map(|report| report.peak_rss_mib)
            .fold(0.0, f64::max),
        peers
            .iter()
            .map(|report| report.peak_rss_mib)
            .fold(0.0, f64::max),
    );
    text.push_str(&format!(
        "largest difference {:.1e}, standard deviation of the picture {:.2}\n",
        peer.largest_difference, peer.spread
    ));
    Ok(text)
}
