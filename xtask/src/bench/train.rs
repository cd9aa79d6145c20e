//! `cargo xtask bench train`: a family's training step on `libtorch-cpu` against PyTorch eager, from
//! the same initial weights, on the same batch, with the same number of threads. The sides take turns,
//! so that noise hits both, and their losses must agree.

use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Deserialize;

use crate::libtorch::{self, Libtorch};
use crate::process;
use crate::project::Project;
use crate::python;

/// How far the losses of the first step may lie apart, relative to the loss or to 1: two sums of the
/// same numbers in another order.
const FIRST_TOLERANCE: f64 = 1e-4;
/// The same for the next steps: Adam's first updates are the signs of gradients, and where those are
/// rounding noise the two sides part (pix2pixHD by 6e-3 in the third step).
const NEXT_TOLERANCE: f64 = 2e-2;

/// What is trained. The defaults of `--width` and `--size` are narrow and small, so that two cores
/// need minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Family {
    /// U-Net-256 and PatchGAN; the paper's: --width 64 --size 256
    Pix2pix,
    /// Global generator, no perceptual loss; the paper's 512p: --width 64 --size 512
    Pix2pixhd,
    /// Normal generator without a latent, no perceptual loss; the paper's: --width 64 --size 256
    Spade,
    /// Both networks fully grown; the paper's: --width 512 --size 128 (and more)
    Pgan,
}

/// What a family is measured at where the options do not say it.
struct Defaults {
    name: &'static str,
    title: &'static str,
    widths: &'static [u32],
    size: u32,
    batch: u32,
}

impl Family {
    fn defaults(self) -> Defaults {
        let (name, title, widths, size, batch): (_, _, &[u32], _, _) = match self {
            Self::Pix2pix => ("pix2pix", "U-Net-256", &[64, 16], 256, 1),
            Self::Pix2pixhd => ("pix2pixhd", "pix2pixHD, global generator", &[32], 128, 1),
            Self::Spade => ("spade", "SPADE", &[16], 128, 1),
            Self::Pgan => ("pgan", "Progressive GAN", &[128], 32, 16),
        };
        Defaults {
            name,
            title,
            widths,
            size,
            batch,
        }
    }

    /// Width and height of the pictures as text.
    fn pixels(self, size: u32) -> String {
        match self {
            Self::Pix2pixhd => format!("{}x{size}", 2 * size),
            _ => format!("{size}x{size}"),
        }
    }
}

/// Options of `cargo xtask bench train`.
#[derive(clap::Args)]
pub struct Args {
    /// What is trained
    #[arg(long, default_value = "pix2pix")]
    family: Family,
    /// Widths of the first layers of both networks (of a Progressive GAN's first scales) to measure,
    /// one after the other [default: 64,16 (pix2pix), 32 (pix2pixhd), 16 (spade), 128 (pgan)]
    #[arg(long, value_delimiter = ',')]
    width: Vec<u32>,
    /// Height of the pictures; pix2pixHD's are twice as wide, the others square [default: 256
    /// (pix2pix), 128 (pix2pixhd, spade), 32 (pgan)]
    #[arg(long)]
    size: Option<u32>,
    /// Pictures of a step [default: 1, and 16 for pgan]
    #[arg(long)]
    batch_size: Option<u32>,
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
    /// The most memory the process held while it trained, in MiB.
    peak_rss_mib: f64,
    /// Names of the losses.
    loss_names: Vec<String>,
    /// Losses of the first steps, in the order of the names.
    first_losses: Vec<Vec<f64>>,
    /// Losses of the last step.
    losses: Vec<f64>,
}

/// One measurement: what is trained, and how large.
struct Case {
    family: Family,
    width: u32,
    size: u32,
    batch: u32,
    threads: usize,
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
/// When a side cannot be built or run, prints something else than a report, or the sides' losses
/// disagree.
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

    let (program, script) = (
        project.program("underpaint-under-test"),
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
    let defaults = args.family.defaults();
    let widths = match args.width.as_slice() {
        [] => defaults.widths,
        widths => widths,
    };
    for &width in widths {
        let case = Case {
            family: args.family,
            width,
            size: args.size.unwrap_or(defaults.size),
            batch: args.batch_size.unwrap_or(defaults.batch),
            threads,
        };
        measure(args, &case, [&ours, &peer])?;
    }
    Ok(())
}

/// Lets both sides take their turns, prints the table, and checks the losses.
fn measure(args: &Args, case: &Case, [ours, peer]: [&Side<'_>; 2]) -> Result<()> {
    let start = tempfile::tempdir().context("making a folder for the initial weights")?;
    let (width, turns) = (case.width, args.turns);
    let mut reports = (Vec::new(), Vec::new());
    for turn in 1..=turns {
        eprintln!("width {width}, turn {turn} of {turns}: underpaint");
        reports.0.push(ours.measure(args, case, start.path())?);
        eprintln!("width {width}, turn {turn} of {turns}: PyTorch");
        reports.1.push(peer.measure(args, case, start.path())?);
    }
    println!(
        "\n{}, {}, width {width}, batch {}, {} threads, {turns} turns of {} steps",
        case.family.defaults().title,
        case.family.pixels(case.size),
        case.batch,
        case.threads,
        args.steps
    );
    let (ours, peer) = (combined(&reports.0), combined(&reports.1));
    print!("{}", table(&ours, &peer));
    check_losses(&ours, &peer)
}

impl Side<'_> {
    /// Starts the side once and reads its report. Ours writes its initial weights and the batch to
    /// `start`, from which PyTorch reads them.
    fn measure(&self, args: &Args, case: &Case, start: &Path) -> Result<Report> {
        let mut command = match self {
            Self::Ours { program, libtorch } => {
                let mut command = Command::new(program);
                command.args(["bench-step", "--device", "libtorch-cpu"]);
                command.args(["--family", case.family.defaults().name]);
                for (flag, value) in [
                    ("--width", case.width),
                    ("--size", case.size),
                    ("--batch-size", case.batch),
                ] {
                    command.args([flag, &value.to_string()]);
                }
                libtorch.apply_to(command.arg("--write-init").arg(start));
                command
            }
            Self::PyTorch { python, script } => {
                let mut command = Command::new(python);
                command.arg(script).arg("--init").arg(start);
                command.args(["--threads", &case.threads.to_string()]);
                command
            }
        };
        let (steps, warmup) = (args.steps.to_string(), args.warmup.to_string());
        command.args(["--steps", &steps, "--warmup", &warmup]);
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(variable, case.threads.to_string());
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
    let last = reports.last().expect("there is at least one turn").clone();
    Report {
        step_ms_median: median(column(|report| report.step_ms_median).collect()),
        step_ms_p10: column(|report| report.step_ms_p10).fold(f64::INFINITY, f64::min),
        forward_ms_median: median(column(|report| report.forward_ms_median).collect()),
        peak_rss_mib: column(|report| report.peak_rss_mib).fold(0.0, f64::max),
        ..last
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
    let steps = ours.first_losses.iter().zip(&peer.first_losses);
    let steps = steps.enumerate().map(|(index, pair)| {
        let title = format!("step {}", index + 1);
        (title, pair)
    });
    let last = ("last step".to_owned(), (&ours.losses, &peer.losses));
    for (step, (ours_in_step, peer_in_step)) in steps.chain([last]) {
        let pairs = ours_in_step.iter().zip(peer_in_step);
        for (name, (ours, peer)) in ours.loss_names.iter().zip(pairs) {
            let title = format!("{name}, {step}");
            text.push_str(&format!("{title:<26}{ours:>12.5}{peer:>12.5}\n"));
        }
    }
    text
}

/// Compares the losses of the first steps.
fn check_losses(ours: &Report, peer: &Report) -> Result<()> {
    ensure!(
        ours.loss_names == peer.loss_names,
        "the losses of the two sides: {:?} and {:?}",
        ours.loss_names,
        peer.loss_names
    );
    let count = (ours.first_losses.len(), peer.first_losses.len());
    ensure!(count.0 == count.1 && count.0 > 0, "first steps: {count:?}");
    let steps = ours.first_losses.iter().zip(&peer.first_losses);
    for (index, (ours_in_step, peer_in_step)) in steps.enumerate() {
        let tolerance = match index {
            0 => FIRST_TOLERANCE,
            _ => NEXT_TOLERANCE,
        };
        let pairs = ours_in_step.iter().zip(peer_in_step);
        for (name, (&ours, &peer)) in ours.loss_names.iter().zip(pairs) {
            let difference = (ours - peer).abs() / peer.abs().max(1.0);
            ensure!(
                difference <= tolerance,
                "{name} in step {}: {ours} here, {peer} in PyTorch; allowed {tolerance}, relative \
                 to the loss or to 1",
                index + 1
            );
        }
    }
    Ok(())
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
            loss_names: vec!["G_GAN".to_owned()],
            first_losses: vec![vec![2.0]; 2],
            losses: vec![0.5],
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
            "peak_rss_mib":10,"loss_names":["G_GAN"],"first_losses":[[2],[2]],"losses":[0.5]}"#;
        assert_eq!(serde_json::from_str::<Report>(line).unwrap(), report(10.0));
    }

    #[test]
    fn losses_that_part_are_an_error_and_rounding_is_none() {
        let with = |losses: [f64; 2]| Report {
            first_losses: losses.map(|loss| vec![loss]).to_vec(),
            ..report(1.0)
        };
        let ours = with([2.0, 2.0]);
        assert!(check_losses(&ours, &with([2.0001, 2.005])).is_ok());
        assert!(check_losses(&ours, &with([2.001, 2.0])).is_err());
        assert!(check_losses(&ours, &with([2.0, 2.1])).is_err());
        assert!(check_losses(&ours, &with([f64::NAN, 2.0])).is_err());
    }

    #[test]
    fn the_table_shows_the_ratio() {
        assert!(table(&report(30.0), &report(20.0)).contains("1.50"));
    }
}
