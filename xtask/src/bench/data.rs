//! `cargo xtask bench data`: the loader of pix2pix against Pillow and numpy, with as many threads, on
//! the same folder of AB pictures. The sides take turns.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::busy;
use super::train::median;
use crate::libtorch;
use crate::process;
use crate::project::Project;
use crate::python;

/// How far the mean of a sample of all pixels may lie apart, in `[-1, 1]`: cut-outs and mirroring are
/// drawn by each side on its own.
const TOLERANCE: f64 = 0.02;

/// Options of `cargo xtask bench data`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with a folder `train` of AB pictures
    data: PathBuf,
    /// Threads for both sides [default: all cores]
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// Times that the folder is read in each turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// Turns of each side; the median is reported
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// Measure although other programs are running: the CPU times are what counts then
    #[arg(long)]
    anyway: bool,
}

/// What either side prints as its last line on stdout.
#[derive(Debug, Clone, Deserialize)]
struct Report {
    samples: u64,
    wall_ms_per_sample: f64,
    cpu_ms_per_sample: f64,
    peak_rss_mib: f64,
    mean: f64,
}

/// Runs the benchmark and prints a table.
///
/// # Errors
/// When a side cannot be built or run, prints something else than a report, or the two did not see the
/// same pictures.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    // Before minutes of building, and once more after them.
    busy::refuse(args.anyway)?;
    let threads = args
        .threads
        .or_else(|| thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZero::get).to_string();
    let libtorch = libtorch::set_up(project)?;
    let folder = project.cache.join("pillow-13.0.0");
    let python = python::environment(&folder, &["pillow==13.0.0", "numpy"])?;
    eprintln!("building underpaint");
    let mut build = project.cargo();
    // The program with the features of the tests: they have built it already.
    build.args("build --release -p underpaint-tests --features tch,wgpu --bins".split(' '));
    process::run_to_stderr(libtorch.apply_to(&mut build))?;
    busy::refuse(args.anyway)?;
    let mut sides = [Vec::new(), Vec::new()];
    for turn in 1..=args.turns {
        eprintln!("turn {turn} of {}", args.turns);
        let mut ours = Command::new(project.program("underpaint-under-test"));
        libtorch.apply_to(ours.arg("bench-data"));
        let mut peer = Command::new(&python);
        peer.arg(project.root.join("tests/bench/pillow_loader.py"));
        for (command, reports) in [ours, peer].iter_mut().zip(&mut sides) {
            command.arg(&args.data).args(["--workers", &threads]);
            command.args(["--epochs", &args.epochs.to_string()]);
            reports.push(report(command)?);
        }
    }
    let [ours, peer] = sides;
    print!("{}", table(&threads, &ours, &peer)?);
    Ok(())
}

fn report(command: &mut Command) -> Result<Report> {
    let output = process::stdout_of(command)?;
    let line = output.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("expected a report as JSON, found: {line}"))
}

fn table(threads: &str, ours: &[Report], peer: &[Report]) -> Result<String> {
    for (ours, peer) in ours.iter().zip(peer) {
        ensure!(
            ours.samples == peer.samples && (ours.mean - peer.mean).abs() < TOLERANCE,
            "the sides saw other pictures: {ours:?}, {peer:?}"
        );
    }
    let mut text = format!(
        "\n{} pictures, {threads} threads\n{:<26}{:>12}{:>12}{:>8}\n",
        ours.first().map_or(0, |report| report.samples),
        "a sample",
        "underpaint",
        "Pillow",
        "ratio"
    );
    type Value = fn(&Report) -> f64;
    let rows: [(&str, Value); 3] = [
        ("wall (ms)", |report| report.wall_ms_per_sample),
        ("CPU time (ms)", |report| report.cpu_ms_per_sample),
        ("peak memory (MiB)", |report| report.peak_rss_mib),
    ];
    for (title, value) in rows {
        let [ours, peer] = [ours, peer].map(|side| median(side.iter().map(value).collect()));
        text.push_str(&format!(
            "{title:<26}{ours:>12.2}{peer:>12.2}{:>8.2}\n",
            ours / peer
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(wall: f64, mean: f64) -> Report {
        Report {
            samples: 8,
            wall_ms_per_sample: wall,
            cpu_ms_per_sample: 2.0 * wall,
            peak_rss_mib: 30.0,
            mean,
        }
    }

    #[test]
    fn ratios_are_of_medians_and_other_pictures_are_an_error() {
        let ours = [report(1.0, 0.1), report(9.0, 0.1), report(2.0, 0.1)];
        let peer = [report(4.0, 0.1), report(4.0, 0.1), report(4.0, 0.11)];
        let text = table("2", &ours, &peer).unwrap();
        assert!(text.contains("0.50"), "{text}");
        assert!(table("2", &ours[..1], &[report(1.0, 0.3)]).is_err());
    }
}
