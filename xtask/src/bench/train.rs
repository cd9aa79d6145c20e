//! `cargo xtask bench train`: our training step on `libtorch-cpu` against PyTorch eager, from the
//! same initial weights, on the same batch, with the same number of threads. The sides take turns,
//! so that noise hits both.

use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::libtorch::{self, Libtorch};
use crate::process;
use crate::project::Project;
use crate::python;

/// Width and height of the pictures, in pixels.
const SIZE: u32 = 256;
/// Names of the losses in the order both sides print them.
const LOSSES: [&str; 4] = ["G_GAN", "G_L1", "D_real", "D_fake"];

/// Options of `cargo xtask bench train`.
#[derive(clap::Args)]
pub struct Args {
    /// Widths of the first layers (ngf and ndf) to measure, one after the other
    #[arg(long, value_delimiter = ',', default_value = "64,16")]
    width: Vec<u32>,
    /// Measured steps in each turn
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Steps before measuring starts, in each turn
    #[arg(long, default_value_t = 3)]
    warmup: u32,
    /// Threads for both sides [default: all cores]
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// Turns of each side; the median of their medians is reported
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
}

/// What either side prints as its last line on stdout.
#[derive(Debug, Clone, Deserialize, PartialEq)]
struct Report {
    /// Milliseconds of one whole step (both networks, both optimisers): median.
    step_ms_median: f64,
    /// The same, 10th percentile: what the machine does when it is left alone.
    step_ms_p10: f64,
    /// Milliseconds of the generator alone, without gradients: median.
    forward_ms_median: f64,
    /// The most memory the process held, in MiB.
    peak_rss_mib: f64,
    /// Losses of the last step, in the order of [`LOSSES`].
    losses: [f64; 4],
}

/// One side of the comparison.
enum Side<'a> {
    Ours {
        program: &'a Path,
        libtorch: &'a Libtorch,
    },
    PyTorch {
        python: &'a Path,
        script: &'a Path,
    },
}

/// Runs the benchmark and prints one table for each width.
///
/// # Errors
/// When a side cannot be built or run, or prints something else than a report.
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
    build.args([
        "build",
        "--release",
        "-p",
        "underpaint",
        "--features",
        "tch",
    ]);
    process::run_to_stderr(libtorch.apply_to(&mut build))?;

    let (program, script) = (
        project.underpaint(),
        project.root.join("tests/bench/pytorch_train_step.py"),
    );
    let ours = Side::Ours {
        program: &program,
        libtorch: &libtorch,
    };
    let peer = Side::PyTorch {
        python: &python,
        script: &script,
    };
    for &width in &args.width {
        let start = tempfile::tempdir().context("making a folder for the initial weights")?;
        let mut reports = (Vec::new(), Vec::new());
        for turn in 1..=args.turns {
            eprintln!("width {width}, turn {turn} of {}: underpaint", args.turns);
            reports
                .0
                .push(ours.measure(args, width, threads, start.path())?);
            eprintln!("width {width}, turn {turn} of {}: PyTorch", args.turns);
            reports
                .1
                .push(peer.measure(args, width, threads, start.path())?);
        }
        println!(
            "\nU-Net-256, width {width}, batch 1, {threads} threads, {} turns of {} steps",
            args.turns, args.steps
        );
        print!("{}", table(&combined(&reports.0), &combined(&reports.1)));
    }
    Ok(())
}

impl Side<'_> {
    /// Starts the side once and reads its report. Ours writes its initial weights and the batch to
    /// `start`, from which PyTorch reads them.
    fn measure(&self, args: &Args, width: u32, threads: usize, start: &Path) -> Result<Report> {
        let mut command = match self {
            Self::Ours { program, libtorch } => {
                let mut command = Command::new(program);
                command.args([
                    "bench-step",
                    "--net-g",
                    "unet_256",
                    "--batch-size",
                    "1",
                    "--device",
                    "libtorch-cpu",
                ]);
                libtorch.apply_to(command.arg("--write-init").arg(start));
                command
            }
            Self::PyTorch { python, script } => {
                let mut command = Command::new(python);
                command
                    .arg(script)
                    .arg("--init")
                    .arg(start)
                    .args(["--threads", &threads.to_string()]);
                command
            }
        };
        command.args([
            "--ngf",
            &width.to_string(),
            "--ndf",
            &width.to_string(),
            "--size",
            &SIZE.to_string(),
        ]);
        command.args([
            "--steps",
            &args.steps.to_string(),
            "--warmup",
            &args.warmup.to_string(),
        ]);
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(variable, threads.to_string());
        }
        let output = process::stdout_of(&mut command)?;
        let line = output.trim_end().lines().next_back().unwrap_or_default();
        serde_json::from_str(line)
            .with_context(|| format!("expected a report as JSON, found: {line}"))
    }
}

/// Several turns as one report: medians, the best 10th percentile, the highest memory, the last
/// turn's losses.
fn combined(reports: &[Report]) -> Report {
    let column = |value: fn(&Report) -> f64| reports.iter().map(value);
    Report {
        step_ms_median: median(column(|report| report.step_ms_median).collect()),
        step_ms_p10: column(|report| report.step_ms_p10).fold(f64::INFINITY, f64::min),
        forward_ms_median: median(column(|report| report.forward_ms_median).collect()),
        peak_rss_mib: column(|report| report.peak_rss_mib).fold(0.0, f64::max),
        losses: reports.last().map_or([f64::NAN; 4], |report| report.losses),
    }
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

fn table(ours: &Report, peer: &Report) -> String {
    let mut text = format!(
        "{:<26}{:>12}{:>12}{:>10}\n",
        "", "underpaint", "PyTorch", "ratio"
    );
    let mut row = |title: &str, ours: f64, peer: f64| {
        text.push_str(&format!(
            "{title:<26}{ours:>12.1}{peer:>12.1}{:>10.2}\n",
            ours / peer
        ));
    };
    row(
        "step, median (ms)",
        ours.step_ms_median,
        peer.step_ms_median,
    );
    row(
        "step, 10th percentile (ms)",
        ours.step_ms_p10,
        peer.step_ms_p10,
    );
    row(
        "forward, median (ms)",
        ours.forward_ms_median,
        peer.forward_ms_median,
    );
    row("peak memory (MiB)", ours.peak_rss_mib, peer.peak_rss_mib);
    for (name, (ours, peer)) in LOSSES.iter().zip(ours.losses.iter().zip(peer.losses)) {
        let title = format!("{name}, last step");
        text.push_str(&format!("{title:<26}{ours:>12.5}{peer:>12.5}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: f64) -> Report {
        Report {
            step_ms_median: step,
            step_ms_p10: step - 1.0,
            forward_ms_median: 2.0,
            peak_rss_mib: step,
            losses: [0.5; 4],
        }
    }

    #[test]
    fn turns_are_combined_by_their_median() {
        let all = combined(&[report(30.0), report(10.0), report(20.0)]);
        assert_eq!(
            (all.step_ms_median, all.step_ms_p10, all.peak_rss_mib),
            (20.0, 9.0, 30.0)
        );
        assert_eq!(median(vec![1.0, 4.0]), 2.5);
    }

    #[test]
    fn a_report_is_read_from_json() {
        let line = r#"{"step_ms_median":10,"step_ms_p10":9,"forward_ms_median":2,
            "peak_rss_mib":10,"losses":[0.5,0.5,0.5,0.5]}"#;
        assert_eq!(serde_json::from_str::<Report>(line).unwrap(), report(10.0));
    }

    #[test]
    fn the_table_shows_the_ratio() {
        assert!(table(&report(30.0), &report(20.0)).contains("1.50"));
    }
}
