//! `underpaint dataset`.

mod check;
mod cityscapes;
mod coco_instances;
mod instances;
mod labels;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use underpaint_painter::Mood;

use crate::data::combine::{CombineFormat, CombineOptions, combine_ab};
use crate::data::synthetic::{SynthesizeOptions, synthesize};

/// Flags of `dataset`.
#[derive(Debug, Args)]
pub struct DatasetArgs {
    #[command(subcommand)]
    command: DatasetCommand,
}

#[derive(Debug, Subcommand)]
enum DatasetCommand {
    /// Read every file of a data set and report what a training run would trip over
    Check(check::CheckArgs),
    /// Join folders A and B into AB pictures, as the original's combine_A_and_B
    Combine(CombineArgs),
    /// Paint an endless, licence-free data set
    Synthesize(SynthesizeArgs),
    /// Lay the raw Cityscapes tree out in the flat folders that pix2pixHD and SPADE train on
    Cityscapes(cityscapes::CityscapesArgs),
    /// Make label maps of colour-coded maps, of masks of 0 and 255, and of grey values in three channels
    Labels(labels::LabelsArgs),
    /// Make instance maps of label maps: the connected parts of each class
    Instances(instances::InstancesArgs),
    /// Make instance maps for COCO-Stuff, of its label maps and COCO's polygons
    CocoInstances(coco_instances::CocoInstancesArgs),
}

#[derive(Debug, Args)]
struct CombineArgs {
    /// Folder with one subfolder of A pictures for every split
    #[arg(long, alias = "fold_A", value_name = "DIR")]
    a: PathBuf,
    /// Folder with the same subfolders of B pictures
    #[arg(long, alias = "fold_B", value_name = "DIR")]
    b: PathBuf,
    /// Folder to write AB pictures to
    #[arg(long, alias = "fold_AB", value_name = "DIR")]
    output: PathBuf,
    /// Match x_A.* with x_B.* instead of equal names
    #[arg(long, alias = "use_AB")]
    use_ab: bool,
    /// Format of the AB pictures
    #[arg(long, value_name = "FORMAT", default_value = "png")]
    format: Format,
    /// At most that many pairs of every split [default: all]
    #[arg(long, alias = "num_imgs", value_name = "N")]
    max: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Loses nothing
    Png,
    /// JPEG of quality 95 where A is JPEG
    Same,
}

#[derive(Debug, Args)]
struct SynthesizeArgs {
    /// What to paint
    kind: SynthesizeKind,
    /// Number of scenes
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: usize,
    /// Side of the square pictures, in pixels
    #[arg(long, value_name = "PX", default_value_t = 256)]
    size: u32,
    /// Seed: the same seed paints the same scenes
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Scenes to hold out for validation [default: a tenth]
    #[arg(long, value_name = "N")]
    val: Option<usize>,
    /// Times of day, seasons and weather: `all`, or some of morning, noon, dusk, night, winter and
    /// storm. Every scene is painted in one of them, drawn by its seed; its label map stays the
    /// same [default: plain daylight]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    moods: Vec<String>,
    /// Folder to write: train/ and val/ of AB pictures, *_label/ and *_img/, palette.json
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SynthesizeKind {
    /// Landscapes with label maps
    Landscapes,
}

impl DatasetArgs {
    /// Runs the subcommand; a data set with errors, or a picture left out, is exit code 1.
    pub fn run(self) -> Result<ExitCode> {
        match self.command {
            DatasetCommand::Check(args) => args.run(),
            DatasetCommand::Combine(args) => combine(args),
            DatasetCommand::Synthesize(args) => paint(args),
            DatasetCommand::Cityscapes(args) => cityscapes::run(args),
            DatasetCommand::Labels(args) => labels::run(args),
            DatasetCommand::Instances(args) => instances::run(args),
            DatasetCommand::CocoInstances(args) => coco_instances::run(args),
        }
    }
}

fn exit(success: bool) -> ExitCode {
    if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// How far a job is, for people who watch.
struct Progress(ProgressBar);

fn progress_bar(unit: &str) -> Result<Progress> {
    let template = format!("{{bar:30}} {{pos}}/{{len}} {unit}, {{eta}} left");
    let style = ProgressStyle::with_template(&template)?;
    Ok(Progress(ProgressBar::new(0).with_style(style)))
}

impl Progress {
    fn show(&self, done: usize, all: usize) {
        self.0.set_length(all as u64);
        self.0.set_position(done as u64);
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn combine(args: CombineArgs) -> Result<ExitCode> {
    if args.max == Some(0) {
        anyhow::bail!("--max: expected at least 1 pair, found 0");
    }
    let format = match args.format {
        Format::Png => CombineFormat::Png,
        Format::Same => CombineFormat::Same,
    };
    let options = CombineOptions {
        use_ab: args.use_ab,
        format,
        max_pairs: args.max,
    };
    let report = combine_ab(&args.a, &args.b, &args.output, &options)?;
    print!("{report}");
    Ok(exit(report.failures().next().is_none()))
}

/// The moods of the names, in the order of the day.
fn moods(names: &[String]) -> Result<Vec<Mood>> {
    if names.iter().any(|name| name == "all") {
        return Ok(Mood::ALL.to_vec());
    }
    let chosen: Vec<Mood> = names
        .iter()
        .map(|name| name.parse().context("--moods"))
        .collect::<Result<_>>()?;
    Ok(Mood::ALL
        .into_iter()
        .filter(|mood| chosen.contains(mood))
        .collect())
}

fn paint(args: SynthesizeArgs) -> Result<ExitCode> {
    let SynthesizeKind::Landscapes = args.kind;
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} scenes, {eta} left")?;
    let bar = ProgressBar::new(args.count as u64).with_style(style);
    let options = SynthesizeOptions {
        count: args.count,
        size: args.size,
        seed: args.seed,
        output: args.output.clone(),
        val_count: args.val,
        moods: moods(&args.moods)?,
    };
    let summary = synthesize(&options, &|done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    eprintln!(
        "{} scenes to train on and {} held out, {} classes, in {}",
        summary.train,
        summary.val,
        summary.classes,
        args.output.display()
    );
    Ok(ExitCode::SUCCESS)
}
