//! `underpaint evaluate`.
//!
//! - `pairs`: a run whose generator translates, against the real pictures of its data set.
//! - `sets`: pictures against pictures without pairs: those of a run that generates from latents, or two
//!   folders.
//! - `measures`: which measures of whole sets are asked for.
//! - `report`: what is printed.

mod measures;
mod pairs;
mod report;
mod sets;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use underpaint_core::bundle::InputKind;

use self::measures::Measures;
use self::pairs::PairEvaluation;
use self::sets::SetEvaluation;
use super::options::RunnerArgs;
use crate::config::of_run;
use crate::data::source::{DataSource, Layout};
use crate::model::Model;

/// Flags of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Run to evaluate, at its newest checkpoint
    #[arg(long, value_name = "RUN", required_unless_present = "real")]
    run: Option<PathBuf>,
    /// More runs, whose numbers are printed side by side with the first's
    #[arg(long, value_name = "RUN", num_args = 1.., requires = "run")]
    compare: Vec<PathBuf>,
    /// Data set [default: the run's own]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Phase of the data set [default: val]
    #[arg(long, value_name = "NAME")]
    phase: Option<String>,
    /// Instead of a data set: folder of photos
    #[arg(long, value_name = "DIR", requires = "labels", conflicts_with_all = ["data", "phase"])]
    images: Option<PathBuf>,
    /// With --images: folder of label maps, or of pictures that are inputs
    #[arg(long, value_name = "DIR", requires = "images")]
    labels: Option<PathBuf>,
    /// With --labels: folder of instance maps
    #[arg(long, value_name = "DIR", requires = "labels")]
    instances: Option<PathBuf>,
    /// Instead of a run: folder of real pictures, to compare with those of --fake
    #[arg(long, value_name = "DIR", conflicts_with_all = ["run", "data", "images", "phase", "bn_stats", "dropout"], requires = "fake")]
    real: Option<PathBuf>,
    /// Folder of generated pictures
    #[arg(long, value_name = "DIR", requires = "real")]
    fake: Option<PathBuf>,
    /// With --real and --fake: cut out every picture's middle square and resize it to that side, in
    /// pixels [default: pictures as they are]
    #[arg(long, value_name = "PX", requires = "real")]
    size: Option<usize>,
    /// Writes the numbers to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    measures: Measures,
    #[command(flatten)]
    runner: RunnerArgs,
}

/// The numbers of a run.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Evaluation {
    Pairs(PairEvaluation),
    Sets(SetEvaluation),
}

/// What is written as JSON for several runs.
#[derive(Debug, Serialize)]
struct Comparison {
    runs: Vec<Evaluation>,
}

impl EvaluateArgs {
    /// Evaluates.
    pub fn run(self) -> Result<ExitCode> {
        match (&self.run, &self.real, &self.fake) {
            (Some(run), ..) if self.compare.is_empty() => {
                let evaluation = self.evaluate(run)?;
                report::print(&evaluation);
                self.write_json(&evaluation)?;
            }
            (Some(run), ..) => {
                let runs = std::iter::once(run).chain(&self.compare);
                let runs = runs.map(|run| self.evaluate(run));
                let runs = runs.collect::<Result<Vec<_>>>()?;
                report::print_side_by_side(&runs)?;
                self.write_json(&Comparison { runs })?;
            }
            (None, Some(real), Some(fake)) => {
                let evaluation = Evaluation::Sets(self.compare_folders(real, fake)?);
                report::print(&evaluation);
                self.write_json(&evaluation)?;
            }
            _ => bail!("expected --run, or --real and --fake"),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn evaluate(&self, run: &Path) -> Result<Evaluation> {
        let source = self.source(run)?;
        let model = Model::open(run)?;
        match model.manifest.input {
            InputKind::Latent { .. } => {
                let sets = self.evaluate_latents(run, &source, &model)?;
                Ok(Evaluation::Sets(sets))
            }
            _ => {
                let pairs = self.evaluate_pairs(run, &source, &model)?;
                Ok(Evaluation::Pairs(pairs))
            }
        }
    }

    /// What is read: the run's data set, or another in its place.
    fn source(&self, run: &Path) -> Result<DataSource> {
        let source = of_run(run)?.source().moved_to(self.data.clone())?;
        let source = match (&self.images, &self.labels) {
            (Some(images), Some(labels)) => source.in_folders(Layout::Custom {
                labels: labels.clone(),
                images: images.clone(),
                instances: self.instances.clone(),
            })?,
            _ => source,
        };
        if let (Layout::Custom { labels, .. }, Some(_)) = (&source.layout, &self.phase) {
            bail!(
                "--phase: the run's data set has none, it lies in folders such as {}; --images and --labels name \
                 others",
                labels.display()
            );
        }
        Ok(source)
    }

    /// The phase that is read; folders of any names have none.
    fn phase(&self, source: &DataSource) -> &str {
        match source.layout {
            Layout::Custom { .. } => "",
            _ => self.phase.as_deref().unwrap_or("val"),
        }
    }

    fn write_json(&self, numbers: &impl Serialize) -> Result<()> {
        match &self.json {
            Some(path) => {
                crate::files::write(path, serde_json::to_string_pretty(numbers)?.as_bytes())
            }
            None => Ok(()),
        }
    }
}
