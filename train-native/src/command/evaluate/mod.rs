//! `underpaint evaluate`.
//!
//! - `pairs`: a run whose generator translates, against the real pictures of its data set.
//! - `sets`: pictures against pictures without pairs: those of a run that generates from latents, or two
//!   folders.
//! - `measures`: which measures of whole sets are asked for.
//! - `report`: what is printed.
//!
//! [`Results`] writes the page of `--page`.

mod measures;
mod pairs;
mod report;
mod sets;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use underpaint_core::bundle::{InputKind, Scores};

use self::measures::Measures;
use self::pairs::PairEvaluation;
use self::sets::SetEvaluation;
use super::options::RunnerArgs;
use crate::config::of_run;
use crate::data::source::{DataSource, Layout};
use crate::model::{Model, SCORES_FILE};
use crate::results::Results;
use crate::trainer::checkpoint;

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
    #[arg(long, value_name = "DIR", conflicts_with_all = ["run", "data", "images", "phase", "bn_stats", "dropout", "precision"], requires = "fake")]
    real: Option<PathBuf>,
    /// Folder of generated pictures
    #[arg(long, value_name = "DIR", requires = "real")]
    fake: Option<PathBuf>,
    /// With --real and --fake: cut out every picture's middle square and resize it to that side, in
    /// pixels [default: pictures as they are]
    #[arg(long, value_name = "PX", requires = "real")]
    size: Option<usize>,
    /// Checkpoints of the run to evaluate side by side, by their steps, as 1000,2000; or all
    #[arg(long, value_name = "STEPS", value_delimiter = ',', requires = "run")]
    checkpoints: Vec<String>,
    /// Writes a page with every input, what is made of it, and the real picture, into this folder
    #[arg(long, alias = "results_dir", value_name = "DIR", requires = "run")]
    page: Option<PathBuf>,
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

/// A checkpoint of a run; the newest where no step is said.
struct Subject<'a> {
    run: &'a Path,
    step: Option<u64>,
}

impl EvaluateArgs {
    /// Evaluates.
    pub fn run(self) -> Result<ExitCode> {
        // Told before hours of measuring.
        if let Some(path) = &self.json {
            crate::files::create_parent(path)?;
        }
        match (&self.run, &self.real, &self.fake) {
            (Some(run), ..) => self.evaluate_runs(run)?,
            (None, Some(real), Some(fake)) => {
                let evaluation = Evaluation::Sets(self.compare_folders(real, fake)?);
                report::print(&evaluation);
                self.write_json(&evaluation)?;
            }
            _ => bail!("expected --run, or --real and --fake"),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn evaluate_runs(&self, run: &Path) -> Result<()> {
        let mut subjects = self.checkpoints(run)?;
        let others = self.compare.iter();
        subjects.extend(others.map(|run| Subject { run, step: None }));
        let title = || {
            format!(
                "{}: {}",
                run.display(),
                self.phase.as_deref().unwrap_or("val")
            )
        };
        let mut results = match &self.page {
            Some(folder) => Some(Results::create(folder, title())?),
            None => None,
        };
        let mut evaluations = Vec::with_capacity(subjects.len());
        for subject in &subjects {
            let evaluation = self.evaluate(subject, results.as_mut())?;
            self.keep(subject, &evaluation);
            evaluations.push(evaluation);
        }
        match (
            evaluations.as_slice(),
            self.compare.is_empty() && self.checkpoints.is_empty(),
        ) {
            ([only], true) => {
                report::print(only);
                self.write_json(only)?;
            }
            _ => {
                report::print_side_by_side(&evaluations)?;
                self.write_json(&Comparison { runs: evaluations })?;
            }
        }
        if let Some(results) = results {
            eprintln!("{}", results.finish()?.display());
        }
        Ok(())
    }

    /// Leaves the numbers of the newest checkpoint in its run, where `export` finds them; a run that nobody
    /// may write to is measured all the same.
    fn keep(&self, subject: &Subject<'_>, evaluation: &Evaluation) {
        // A bundle is run the model's own way, so that numbers of another way say nothing of it.
        let otherwise = self.runner.bn_stats.is_some() || self.runner.dropout.is_some();
        if subject.step.is_some() || otherwise {
            return;
        }
        let (step, numbers) = report::numbers(evaluation);
        let on = match evaluation {
            Evaluation::Pairs(pairs) => match pairs.phase.as_str() {
                "" => format!("{} pictures", pairs.count),
                phase => format!("{} pictures ({phase})", pairs.count),
            },
            Evaluation::Sets(sets) => sets.pictures.clone(),
        };
        if numbers.is_empty() {
            return;
        }
        // Another data set than the run's own.
        let elsewhere = self.images.as_ref().or(self.data.as_ref());
        let name = elsewhere.and_then(|folder| folder.file_name());
        let on = match name {
            Some(name) => format!("{on} of {}", name.to_string_lossy()),
            None => on,
        };
        let scores = Scores { on, step, numbers };
        let path = subject.run.join(SCORES_FILE);
        let json = serde_json::to_string_pretty(&scores).unwrap_or_default();
        if let Err(error) = crate::files::write(&path, json.as_bytes()) {
            eprintln!("the numbers are not kept for `export`: {error:#}");
        }
    }

    /// The checkpoints of the run that are evaluated.
    fn checkpoints<'a>(&self, run: &'a Path) -> Result<Vec<Subject<'a>>> {
        if self.checkpoints.is_empty() {
            return Ok(vec![Subject { run, step: None }]);
        }
        let there: Vec<u64> = checkpoint::list(run)?
            .iter()
            .map(|(step, _)| *step)
            .collect();
        let steps = match self.checkpoints.as_slice() {
            [all] if all == "all" => there,
            wanted => wanted
                .iter()
                .map(|step| {
                    let number = step.parse().ok().filter(|step| there.contains(step));
                    number.with_context(|| {
                        let there: Vec<String> = there.iter().map(u64::to_string).collect();
                        format!(
                            "--checkpoints: expected all, or steps of {}, which has {}; found {step}",
                            run.display(),
                            there.join(", ")
                        )
                    })
                })
                .collect::<Result<_>>()?,
        };
        let steps = steps.into_iter();
        Ok(steps
            .map(|step| Subject {
                run,
                step: Some(step),
            })
            .collect())
    }

    fn evaluate(&self, subject: &Subject<'_>, results: Option<&mut Results>) -> Result<Evaluation> {
        let Subject { run, step } = *subject;
        let source = self.source(run)?;
        let model = match step {
            None => Model::open(run)?,
            Some(step) => {
                let mut list = checkpoint::list(run)?.into_iter();
                let found = list.find(|(found, _)| *found == step);
                let (_, checkpoint) = found.context("the checkpoint was there")?;
                Model::open_checkpoint(run, &checkpoint)?
            }
        };
        match (&model.manifest.input, &results) {
            (InputKind::Latent { .. }, None) => {
                let sets = self.evaluate_latents(run, &source, &model)?;
                Ok(Evaluation::Sets(sets))
            }
            (InputKind::Latent { .. }, Some(_)) => bail!(
                "--page: {} generates from latents, so that there are no pairs to show; `generate --count` \
                 makes its pictures",
                run.display()
            ),
            _ => {
                let pairs = self.evaluate_pairs(run, &source, &model, results)?;
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
