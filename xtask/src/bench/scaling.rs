//! `cargo xtask bench scaling`: what a step costs on one process of one thread, on two that train one
//! model together (each with a batch of its own: weak scaling), and on two that know nothing of each other,
//! which shows what the machine itself takes. The three take turns.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::train::median;
use crate::libtorch::{self, Libtorch};
use crate::process;
use crate::project::Project;

/// Clock ticks of a second in `/proc`, on every Linux that there is.
const TICKS: f64 = 100.0;

/// Options of `cargo xtask bench scaling`.
#[derive(clap::Args)]
pub struct Args {
    /// Widths of the first layers of both networks, one after the other
    #[arg(long, value_delimiter = ',', default_values_t = [16, 64])]
    width: Vec<u32>,
    /// Side of the pictures
    #[arg(long, default_value_t = 256)]
    size: u32,
    /// Pictures of a step on each process
    #[arg(long, default_value_t = 1)]
    batch_size: u32,
    /// Measured steps in each turn
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Steps before measuring starts, in each turn
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    warmup: u32,
    /// Turns of each; the median of their medians is reported
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
}

/// Who trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Alone,
    Together,
    SideBySide,
}

/// What a step costs, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    /// On the clock, median.
    wall: f64,
    /// Of a core, on each process.
    cpu: f64,
}

struct Bench<'a> {
    args: &'a Args,
    program: &'a Path,
    libtorch: &'a Libtorch,
    folder: &'a Path,
}

/// Runs the benchmark and prints a table for each width.
///
/// # Errors
/// When the program cannot be built or a run fails.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let libtorch = libtorch::set_up(project)?;
    eprintln!("building underpaint with libtorch");
    let mut build = project.cargo();
    build.args("build --release -p underpaint-tests --features tch,wgpu --bins".split(' '));
    process::run_to_stderr(libtorch.apply_to(&mut build))?;
    let folder = tempfile::tempdir().context("a folder for the runs")?;
    let bench = Bench {
        args,
        program: &project.program("underpaint-under-test"),
        libtorch: &libtorch,
        folder: folder.path(),
    };
    bench.synthesize()?;
    for &width in &args.width {
        let mut costs = [How::Alone, How::Together, How::SideBySide].map(|how| (how, Vec::new()));
        for turn in 1..=args.turns {
            for (how, costs) in &mut costs {
                eprintln!("width {width}, turn {turn} of {}: {how:?}", args.turns);
                costs.push(bench.measure(width, *how)?);
            }
        }
        println!(
            "\npix2pix, U-Net-256, {0}x{0}, width {width}, batch {1} on each process, one thread each, {2} turns of {3} steps",
            args.size, args.batch_size, args.turns, args.steps
        );
        print!(
            "{}",
            table(&costs.map(|(how, costs)| (how, combined(&costs))))
        );
    }
    Ok(())
}

impl Bench<'_> {
    fn synthesize(&self) -> Result<()> {
        let mut command = self.command(&["dataset", "synthesize", "landscapes"]);
        command.args(["--count", "8", "--seed", "1", "--output", "data", "--size"]);
        command.arg(self.args.size.to_string());
        process::run_to_stderr(&mut command)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.args(words).current_dir(self.folder);
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"] {
            command.env(variable, "1");
        }
        self.libtorch.apply_to(&mut command);
        command
    }

    /// Two lengths of a run: what they differ by is what steps cost, without start and end.
    fn measure(&self, width: u32, how: How) -> Result<Cost> {
        let (short, long) = (self.args.warmup, self.args.warmup + self.args.steps);
        let (_, before) = self.train(width, how, short)?;
        let (walls, after) = self.train(width, how, long)?;
        let processes = match how {
            How::Alone => 1.0,
            How::Together | How::SideBySide => 2.0,
        };
        let steps = f64::from(self.args.steps) * processes;
        Ok(Cost {
            wall: median(walls),
            cpu: 1e3 * (after - before) / steps,
        })
    }

    /// Milliseconds of every measured step, and seconds of processor time of the whole run.
    fn train(&self, width: u32, how: How, steps: u32) -> Result<(Vec<f64>, f64)> {
        let before = children_seconds()?;
        let runs: &[&str] = match how {
            How::Alone | How::Together => &["one"],
            How::SideBySide => &["one", "other"],
        };
        let started = runs.iter().map(|run| self.start(width, how, steps, run));
        for mut child in started.collect::<Result<Vec<Child>>>()? {
            let status = child.wait().context("a run")?;
            ensure!(status.success(), "a run failed ({status})");
        }
        let walls = self.walls("one")?;
        for run in runs {
            fs::remove_dir_all(self.folder.join(run)).context("removing a run")?;
        }
        Ok((walls, children_seconds()? - before))
    }

    fn start(&self, width: u32, how: How, steps: u32, run: &str) -> Result<Child> {
        let launch: &[&str] = match how {
            How::Together => &["launch", "--nproc", "2", "--"],
            How::Alone | How::SideBySide => &[],
        };
        let mut command = self.command(launch);
        let args = self.args;
        command.args([
            "train",
            "pix2pix",
            "--data",
            "data",
            "--device",
            "libtorch-cpu",
        ]);
        command.args([
            "--quiet",
            "--no-flip",
            "--preprocess",
            "none",
            "--workers",
            "1",
        ]);
        command.args([
            "--sample-every",
            "1000000",
            "--save-every",
            "1000000",
            "--output",
            run,
        ]);
        for (flag, value) in [
            ("--ngf", width),
            ("--ndf", width),
            ("--batch-size", args.batch_size),
            ("--steps", steps),
        ] {
            command.args([flag, &value.to_string()]);
        }
        command.stdout(Stdio::null());
        command.spawn().context("cannot start the program")
    }

    /// Milliseconds of the steps after the warm-up, off the log.
    fn walls(&self, run: &str) -> Result<Vec<f64>> {
        let path = self.folder.join(run).join("losses.csv");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        walls(&text, self.args.warmup as usize)
    }
}

fn walls(log: &str, warmup: usize) -> Result<Vec<f64>> {
    let mut lines = log.lines();
    let names = lines.next().unwrap_or_default();
    let column = names.split(',').position(|name| name == "seconds");
    let column = column.with_context(|| format!("expected a column of seconds, found {names}"))?;
    let milliseconds = |line: &str| {
        let cell = line.split(',').nth(column).unwrap_or_default();
        let seconds: f64 = cell.parse().with_context(|| format!("seconds: {line}"))?;
        Ok(1e3 * seconds)
    };
    lines.skip(warmup).map(milliseconds).collect()
}

/// Processor time of all processes that this one has waited for, and that they have.
fn children_seconds() -> Result<f64> {
    let text =
        fs::read_to_string("/proc/self/stat").context("processor times: only Linux has them")?;
    ticks_of_children(&text)
        .map(|ticks| ticks / TICKS)
        .context("processor times: /proc/self/stat is not as expected")
}

fn ticks_of_children(stat: &str) -> Option<f64> {
    // The name in parentheses may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some(ticks()? + ticks()?)
}

fn combined(costs: &[Cost]) -> Cost {
    let column = |value: fn(&Cost) -> f64| median(costs.iter().map(value).collect());
    Cost {
        wall: column(|cost| cost.wall),
        cpu: column(|cost| cost.cpu),
    }
}

fn table(costs: &[(How, Cost)]) -> String {
    let alone = costs.iter().find(|(how, _)| *how == How::Alone);
    let Some((_, alone)) = alone else {
        return String::new();
    };
    let mut text = format!(
        "{:<44}{:>10}{:>12}{:>12}{:>10}\n",
        "", "step (ms)", "efficiency", "CPU (ms)", "by CPU"
    );
    for (how, cost) in costs {
        let title = match how {
            How::Alone => "one process",
            How::Together => "two ranks of one run",
            How::SideBySide => "two processes that do not know each other",
        };
        text.push_str(&format!(
            "{title:<44}{:>10.0}{:>12.2}{:>12.0}{:>10.2}\n",
            cost.wall,
            alone.wall / cost.wall,
            cost.cpu,
            alone.cpu / cost.cpu
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_off_the_log_behind_the_warm_up() {
        let log = "step,epoch,lr,seconds,data_seconds,G\n1,1,0,9.0,0,1\n2,1,0,0.25,0,1\n";
        assert_eq!(walls(log, 1).unwrap(), [250.0]);
        assert!(walls("step,epoch\n", 0).is_err());
    }

    #[test]
    fn processor_times_are_those_of_children() {
        let stat = "7 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 130 20 15 16";
        assert_eq!(ticks_of_children(stat), Some(150.0));
    }

    #[test]
    fn efficiency_is_against_one_process() {
        let cost = |wall, cpu| Cost { wall, cpu };
        let text = table(&[
            (How::Alone, cost(90.0, 80.0)),
            (How::Together, cost(100.0, 160.0)),
        ]);
        assert!(text.contains("0.90") && text.contains("0.50"), "{text}");
    }
}
