//! The loop.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rand_chacha::rand_core::SeedableRng;
use underpaint_core::label::Palette;
use underpaint_core::ops::Precision;

use super::checkpoint::{self, Position};
use super::report::{Report, SampleRow, SampleTile, StepRecord};
use super::schedule::{LrPolicy, Schedule};
use super::together;
use crate::data::loader::Loader;
use crate::data::{Dataset, Sample, SampleRng};
use crate::distributed;
use crate::family::{Family, Losses, Moment, Shown, Tile};

/// What the loop is to do.
#[derive(Debug, Clone)]
pub struct RunPlan {
    /// Folder of the run.
    pub folder: PathBuf,
    /// Stop after that many steps, counted from the start of the run.
    pub total_steps: u64,
    /// Steps between two checkpoints.
    pub save_every: u64,
    /// Steps between two sets of sample pictures.
    pub sample_every: u64,
    /// Checkpoints to keep.
    pub keep: usize,
    /// Learning rates.
    pub schedule: Schedule,
    /// In which numbers the networks compute.
    pub precision: Precision,
}

/// Pictures that show how a run gets on, and what `plateau` measures.
pub struct Validation {
    /// Held-out pairs where there are any, else training pairs; without augmentation.
    pub dataset: Arc<dyn Dataset>,
    /// How many of them to show.
    pub shown: usize,
    /// Colours of label maps.
    pub palette: Palette,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainOutcome {
    /// All steps are done.
    Finished,
    /// It was asked to stop; everything is saved.
    Interrupted,
}

/// Trains from `position` until the plan is done or `stop` is set. The rank of a run that writes, and
/// a process that is alone, has a `report`; all have the same losses, and stop at the same step.
///
/// # Errors
///
/// On unreadable data, a full disk, a loss that is not finite (naming loss and step; the last
/// good checkpoint stays), or the loss of another rank, naming it.
pub fn train(
    family: &mut dyn Family,
    loader: &Loader,
    validation: &Validation,
    plan: &RunPlan,
    mut position: Position,
    mut report: Option<&mut Report>,
    stop: &AtomicBool,
) -> Result<TrainOutcome> {
    while position.step < plan.total_steps {
        begin_stage(family, &mut position);
        let learning_rate = plan.schedule.rate(position.epoch, &position.plateau);
        let stage = Stage::of(family, position.step + 1);
        let sized = stage.loader(loader)?;
        let loader = sized.as_ref().unwrap_or(loader);
        let mut batches = loader.epoch(position.epoch, position.batch as usize);
        loop {
            let started = Instant::now();
            let Some(samples) = batches.next() else {
                end_epoch(family, validation, plan, &mut position)?;
                break;
            };
            let (samples, waited) = (samples?, started.elapsed());
            position.step += 1;
            position.batch += 1;
            let moment = Moment {
                step: position.step,
                epoch: position.epoch,
                learning_rate,
            };
            let before = family.skipped_steps();
            let losses = plan.precision.scope(|| family.step(&samples, moment))?;
            let (mut losses, stopping) = distributed::agree(losses, stop.load(Ordering::Relaxed))?;
            match family.skipped_steps() {
                skipped if skipped > before => {
                    if let Some(report) = report.as_deref_mut() {
                        report.note(&skipped_note(position.step, skipped));
                    }
                    // Of numbers beyond the range of f16; the log leaves them blank.
                    losses.retain(|(_, loss)| loss.is_finite());
                }
                _ => check_finite(&losses, position.step)?,
            }
            let last = stopping || position.step >= plan.total_steps;
            if let Some(report) = report.as_deref_mut() {
                report.record(&StepRecord {
                    step: position.step,
                    epoch: position.epoch,
                    losses: &losses,
                    learning_rate,
                    step_seconds: started.elapsed().as_secs_f64(),
                    data_seconds: waited.as_secs_f64(),
                })?;
                if last || position.step.is_multiple_of(plan.sample_every) {
                    let samples = samples_of(family, validation)?;
                    report.samples(position.step, position.epoch, &samples)?;
                }
            }
            if last || position.step.is_multiple_of(plan.save_every) {
                save(family, plan, &position).with_context(|| format!("step {}", position.step))?;
            }
            if stopping {
                return Ok(TrainOutcome::Interrupted);
            }
            if last || Stage::of(family, position.step + 1) != stage {
                break;
            }
        }
    }
    Ok(TrainOutcome::Finished)
}

/// Saves a checkpoint, of which all ranks have the same weights.
fn save(family: &dyn Family, plan: &RunPlan, position: &Position) -> Result<()> {
    match together::gathered(family.state())? {
        Some(state) => checkpoint::save(&plan.folder, position, &state, plan.keep).map(drop),
        None => Ok(()),
    }
}

/// What a family decides about its pictures at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stage {
    side: Option<usize>,
    batch_size: Option<usize>,
}

impl Stage {
    fn of(family: &dyn Family, step: u64) -> Self {
        Self {
            side: family.resolution(step),
            batch_size: family.batch_size(step),
        }
    }

    /// The loader for such pictures; `None` if the family leaves all to the data set.
    fn loader(self, loader: &Loader) -> Result<Option<Loader>> {
        let sized = match self.side {
            None => None,
            Some(side) => Some(loader.at_resolution(side).with_context(|| {
                format!(
                    "this data set cannot give its pictures at {side}x{side}, which the model trains on \
                     now"
                )
            })?),
        };
        Ok(match self.batch_size {
            None => sized,
            Some(size) => Some(sized.as_ref().unwrap_or(loader).with_batch_size(size)?),
        })
    }
}

/// Pictures of another size are another epoch, and so are batches. Looks at the position alone, so
/// that a resumed run begins the stage where an uninterrupted one would have.
fn begin_stage(family: &dyn Family, position: &mut Position) {
    let changes = Stage::of(family, position.step) != Stage::of(family, position.step + 1);
    if position.batch > 0 && changes {
        position.epoch += 1;
        position.batch = 0;
    }
}

fn end_epoch(
    family: &dyn Family,
    validation: &Validation,
    plan: &RunPlan,
    position: &mut Position,
) -> Result<()> {
    if plan.schedule.policy == LrPolicy::Plateau {
        let measured = distributed::by_rank_0(|| validation_l1(family, validation))?;
        position.plateau.observe(measured);
    }
    position.epoch += 1;
    position.batch = 0;
    Ok(())
}

fn skipped_note(step: u64, skipped: u64) -> String {
    format!(
        "step {step}: a gradient was beyond the range of f16, so that an optimiser moved nothing and scales \
         its loss by half as much from now on ({skipped} such steps so far)"
    )
}

fn check_finite(losses: &Losses, step: u64) -> Result<()> {
    match losses.iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some((name, value)) => bail!(
            "loss {name} is {value} at step {step}; the run stops here, and checkpoints stay as they \
             are. A lower --lr, another --seed or a look at the data (`underpaint dataset check`) helps"
        ),
    }
}

/// Mean absolute difference to the real pictures over the whole validation set, in `[0, 2]`.
fn validation_l1(family: &dyn Family, validation: &Validation) -> Result<f64> {
    let mut sum = 0.0;
    for index in 0..validation.dataset.len() {
        let sample = load(validation, index)?;
        let fakes = family.generate_each(std::slice::from_ref(&sample))?;
        let fake = fakes.first().context("one picture for one sample")?;
        let distances = fake
            .data
            .iter()
            .zip(&sample.target.data)
            .map(|(a, b)| f64::from((a - b).abs()));
        sum += distances.sum::<f64>() / fake.data.len() as f64;
    }
    Ok(sum / validation.dataset.len() as f64)
}

fn load(validation: &Validation, index: usize) -> Result<Sample> {
    // Evaluation draws nothing; the stream is there because training does.
    Ok(validation
        .dataset
        .load(index, &mut SampleRng::seed_from_u64(0))?)
}

fn samples_of(family: &dyn Family, validation: &Validation) -> Result<Vec<SampleRow>> {
    let count = validation.shown.min(validation.dataset.len());
    let samples = (0..count).map(|index| load(validation, index));
    let samples = samples.collect::<Result<Vec<Sample>>>()?;
    let shown = family.show(&samples, &validation.palette)?;
    let row = |Shown { name, tiles }| SampleRow {
        name,
        tiles: tiles.into_iter().map(tile).collect(),
    };
    Ok(shown.into_iter().map(row).collect())
}

fn tile(tile: Tile) -> SampleTile {
    SampleTile {
        caption: tile.caption.to_owned(),
        image: tile.image,
    }
}
