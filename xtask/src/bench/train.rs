//! `cargo xtask bench train`: a family's training step on `libtorch-cpu` against PyTorch eager and
//! against PyTorch's best settings, from the same initial weights, on the same batch, with the same
//! number of threads. The sides take turns, so that noise hits all, and their losses must agree.

mod report;

use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use clap::ValueEnum;

use self::report::{Report, check_losses, table};
use super::busy;
use crate::libtorch::{self, Libtorch};
use crate::process;
use crate::project::Project;
use crate::python;

pub(super) use self::report::median;

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
    /// How PyTorch is set up, one after the other; ratios are to the first and to the best
    #[arg(long, value_delimiter = ',', default_values_t = Setting::value_variants().to_vec())]
    pytorch: Vec<Setting>,
    /// Measure although other programs are running: the CPU times are what counts then
    #[arg(long)]
    anyway: bool,
}

/// How PyTorch is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Setting {
    /// As it is
    Eager,
    /// Adam in one kernel
    Fused,
    /// Networks and pictures in channels_last
    ChannelsLast,
    /// Both
    ChannelsLastFused,
}

impl Setting {
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Eager => &[],
            Self::Fused => &["--fused-adam"],
            Self::ChannelsLast => &["--channels-last"],
            Self::ChannelsLastFused => &["--fused-adam", "--channels-last"],
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Fused => "fused",
            Self::ChannelsLast => "chan. last",
            Self::ChannelsLastFused => "both",
        }
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
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
        setting: Setting,
    },
}

/// Runs the benchmark and prints one table for each width.
///
/// # Errors
/// When a side cannot be built or run, prints something else than a report, or the sides' losses
/// disagree.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    // Before minutes of building; once more before each width.
    busy::refuse(args.anyway)?;
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
    let peer = |&setting: &Setting| Side::PyTorch {
        python: &python,
        script: &script,
        setting,
    };
    let peers: Vec<Side<'_>> = args.pytorch.iter().map(peer).collect();
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
        measure(args, &case, &ours, &peers)?;
    }
    Ok(())
}

/// Lets all sides take their turns, prints the table, and checks the losses.
fn measure(args: &Args, case: &Case, ours: &Side<'_>, peers: &[Side<'_>]) -> Result<()> {
    let start = tempfile::tempdir().context("making a folder for the initial weights")?;
    let (width, turns) = (case.width, args.turns);
    busy::refuse(args.anyway)?;
    let mut reports = vec![Vec::new(); 1 + peers.len()];
    for turn in 1..=turns {
        for (side, reports) in std::iter::once(ours).chain(peers).zip(&mut reports) {
            eprintln!("width {width}, turn {turn} of {turns}: {}", side.title());
            reports.push(side.measure(args, case, start.path())?);
        }
    }
    println!(
        "\n{}, {}, width {width}, batch {}, {} threads, {turns} turns of {} steps",
        case.family.defaults().title,
        case.family.pixels(case.size),
        case.batch,
        case.threads,
        args.steps
    );
    let ours = Report::of_turns(&reports[0]);
    let settings = args.pytorch.iter().map(|setting| setting.title());
    let of_turns = reports[1..].iter().map(|turns| Report::of_turns(turns));
    let peers: Vec<(&str, Report)> = settings.zip(of_turns).collect();
    print!("{}", table(&ours, &peers));
    peers
        .iter()
        .try_for_each(|(title, peer)| check_losses(&ours, title, peer))
}

impl Side<'_> {
    fn title(&self) -> String {
        match self {
            Self::Ours { .. } => "underpaint".to_owned(),
            Self::PyTorch { setting, .. } => format!("PyTorch, {setting}"),
        }
    }

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
            Self::PyTorch {
                python,
                script,
                setting,
            } => {
                let mut command = Command::new(python);
                command.arg(script).arg("--init").arg(start);
                command.args(setting.flags());
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
