//! A run with its data while a process trains it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use underpaint_core::label::Palette;

use crate::command::run_check::SHOWN;
use crate::config::{CONFIG_FILE, Length, RunSettings};
use crate::data::labelled::{PALETTE_FILE, read_palette};
use crate::data::loader::{Loader, LoaderOptions};
use crate::data::source::{DataSource, InputSpec};
use crate::distributed;
use crate::family::{Family, derive_seed, name_hash};
use crate::trainer::checkpoint::Position;
use crate::trainer::report::{Outcome, Report, ReportOptions};
use crate::trainer::schedule::{LrPolicy, Schedule};
use crate::trainer::{RunPlan, TrainOutcome, Validation, train};

/// Held for as long as a process trains a run.
const LOCK_FILE: &str = ".lock";

/// A run with its data, before or between its steps.
pub(super) struct Session {
    pub(super) settings: Box<dyn RunSettings>,
    pub(super) plan: RunPlan,
    loader: Loader,
    validation: Validation,
    palette: Option<Palette>,
    /// Locked for as long as this process has it open; of the rank that writes.
    _lock: Option<File>,
}

/// What a process does besides training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// It writes checkpoints and reports.
    Writes,
    /// Nothing: it is one of several ranks, and not the first.
    Follows,
}

impl Session {
    pub(super) fn open(run: PathBuf, settings: Box<dyn RunSettings>, duty: Duty) -> Result<Self> {
        let config = settings.run();
        let dataset = settings.open_dataset(&config.phase)?;
        let loader = Loader::new(
            dataset,
            LoaderOptions {
                batch_size: settings.largest_batch(),
                shuffle: config.shuffle,
                seed: derive_seed(config.seed, 5),
                workers: config.workers,
                prefetch: 2 * config.workers + config.batch_size,
                drop_last: settings.drops_last(),
                share: distributed::share(),
            },
        )?;
        let palette = read_palette(settings.source().folder())?;
        let palette = palette.or_else(|| settings.known_palette());
        let validation = open_validation(settings.as_ref(), palette.clone())?;
        let per_epoch = loader.batches_per_epoch() as u64;
        let plan = RunPlan {
            folder: run,
            total_steps: match config.length {
                Length::Steps(steps) => steps,
                Length::Epochs(epochs) => epochs * per_epoch,
            },
            save_every: config.save_every,
            sample_every: config.sample_every,
            keep: config.keep,
            schedule: config.schedule,
            precision: config.precision,
        };
        let lock = match duty {
            Duty::Writes => Some(lock(&plan.folder)?),
            Duty::Follows => None,
        };
        Ok(Self {
            settings,
            plan,
            loader,
            validation,
            palette,
            _lock: lock,
        })
    }

    pub(super) fn write_config(&self) -> Result<()> {
        let toml = self.settings.to_toml()?;
        let head = concat!(
            "# Effective config of this run, underpaint ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        );
        if let Some(palette) = &self.palette {
            let json = serde_json::to_string_pretty(palette)?;
            crate::files::write(&self.plan.folder.join(PALETTE_FILE), json.as_bytes())?;
        }
        crate::files::write(
            &self.plan.folder.join(CONFIG_FILE),
            format!("{head}{toml}").as_bytes(),
        )
    }

    pub(super) fn train(
        &self,
        family: &mut dyn Family,
        position: Position,
        quiet: bool,
    ) -> Result<()> {
        if distributed::share().rank > 0 {
            let stop = stop_on_ctrl_c(true);
            let (loader, validation) = (&self.loader, &self.validation);
            return train(
                family, loader, validation, &self.plan, position, None, &stop,
            )
            .map(drop);
        }
        let run = &self.plan.folder;
        let title = run
            .file_name()
            .map_or("run".into(), |name| name.to_string_lossy().into_owned());
        let mut report = Report::open(
            run,
            ReportOptions {
                title,
                loss_names: family.loss_names(),
                total_steps: self.plan.total_steps,
                resume_step: position.step,
                quiet,
                line_every: None,
            },
        )?;
        if !quiet {
            self.introduce(&report, position);
        }
        let stop = stop_on_ctrl_c(false);
        let result = train(
            family,
            &self.loader,
            &self.validation,
            &self.plan,
            position,
            Some(&mut report),
            &stop,
        );
        let outcome = match &result {
            Ok(TrainOutcome::Finished) => Outcome::Finished,
            Ok(TrainOutcome::Interrupted) => Outcome::Interrupted,
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        report.finish(&outcome)?;
        match result? {
            TrainOutcome::Finished if !quiet => {
                eprintln!("done: look at {}", run.join("index.html").display())
            }
            TrainOutcome::Finished => {}
            TrainOutcome::Interrupted => {
                eprintln!(
                    "stopped and saved. Go on with: underpaint train --resume {}",
                    run.display()
                );
            }
        }
        Ok(())
    }

    /// Number and names of the samples, in a few bytes: every rank has to have the same.
    pub(super) fn fingerprint(&self) -> (usize, u64) {
        let dataset = self.loader.dataset();
        let names = (0..dataset.len()).map(|index| name_hash(&dataset.name(index)));
        let hash = names.fold(0, derive_seed);
        (dataset.len(), hash)
    }

    fn introduce(&self, report: &Report, position: Position) {
        let config = self.settings.run();
        report.note(&format!(
            "{} on {}: {} samples, {} a step{}, steps {} to {}, learning rate {}",
            self.settings.summary(),
            config.device,
            self.loader.dataset().len(),
            self.settings.largest_batch(),
            match distributed::share().size {
                1 => String::new(),
                ranks => format!(" on each of {ranks} ranks"),
            },
            position.step + 1,
            self.plan.total_steps,
            rate_in_words(&config.schedule)
        ));
    }
}

fn rate_in_words(schedule: &Schedule) -> String {
    let Schedule {
        learning_rate,
        n_epochs,
        n_epochs_decay,
        lr_decay_iters,
        ..
    } = schedule;
    let falls = match schedule.policy {
        LrPolicy::LinearNonzero | LrPolicy::LinearZero if *n_epochs_decay == 0 => {
            "throughout".to_owned()
        }
        LrPolicy::Linear | LrPolicy::LinearZero => {
            format!("for {n_epochs} epochs, then linearly to 0 in {n_epochs_decay}")
        }
        LrPolicy::LinearNonzero => format!(
            "for {n_epochs} epochs, then linearly to 1/{n_epochs_decay} of it in {n_epochs_decay}"
        ),
        LrPolicy::Step => format!("times 0.1 every {lr_decay_iters} epochs"),
        LrPolicy::Plateau => "times 0.2 after 6 epochs without progress".to_owned(),
        LrPolicy::Cosine => format!("along a cosine to 0 in {n_epochs} epochs"),
        LrPolicy::Constant => "throughout".to_owned(),
    };
    format!("{learning_rate} {falls}")
}

/// Held-out samples if the data set has a `val` or `test` phase, else training samples.
fn open_validation(settings: &dyn RunSettings, palette: Option<Palette>) -> Result<Validation> {
    let (source, config) = (settings.source(), settings.run());
    let held_out = source.held_out_phase(&config.phase);
    if held_out.is_none() && config.schedule.policy == LrPolicy::Plateau {
        bail!(
            "--lr-policy plateau watches held-out pairs: expected a phase val or test ({} and so on), \
             found neither",
            config.data.join("val").display()
        );
    }
    let phase = held_out.unwrap_or(&config.phase);
    let dataset = source.for_evaluation().open(phase)?;
    let palette = palette.unwrap_or_else(|| numbered_palette(&source));
    Ok(Validation {
        dataset,
        shown: SHOWN,
        palette,
    })
}

fn numbered_palette(source: &DataSource) -> Palette {
    match source.input {
        InputSpec::Labels {
            num_classes,
            dont_care,
            ..
        } => Palette::numbered(num_classes + usize::from(dont_care)),
        InputSpec::Picture { .. } | InputSpec::Nothing => Palette::numbered(0),
    }
}

fn lock(run: &Path) -> Result<File> {
    fs::create_dir_all(run).with_context(|| format!("cannot create {}", run.display()))?;
    let path = run.join(LOCK_FILE);
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("{} is being trained by another process", run.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// The first Ctrl-C asks the loop to finish its step and save; the second ends at once.
fn stop_on_ctrl_c(silent: bool) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let handler = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        if !silent {
            eprintln!("\nfinishing this step, then saving; press Ctrl-C again to stop without");
        }
    });
    if let Err(error) = handler {
        eprintln!("warning: Ctrl-C will not save: {error}");
    }
    stop
}
