//! `underpaint train`.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use underpaint_core::label::Palette;

use crate::config::{CONFIG_FILE, FAMILIES, Length, RunSettings, Start, of_run};
use crate::data::labelled::{PALETTE_FILE, read_palette};
use crate::data::loader::{Loader, LoaderOptions};
use crate::data::source::{CheckOptions, DataSource, InputSpec};
use crate::device::{self, DeviceName};
use crate::family::{Family, Unfilled, derive_seed};
use crate::pretrained;
use crate::trainer::checkpoint::{self, Position};
use crate::trainer::report::{Outcome, Report, ReportOptions};
use crate::trainer::schedule::{LrPolicy, Schedule};
use crate::trainer::{RunPlan, TrainOutcome, Validation, train};

/// Held for as long as a process trains a run.
const LOCK_FILE: &str = ".lock";
/// Remembers which files of the data set were found good.
const CHECKED_FILE: &str = "checked.json";
/// Examples in every set of sample pictures.
const SHOWN: usize = 4;

/// Flags of `train`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct TrainArgs {
    #[command(subcommand)]
    family: Option<FamilyCommand>,
    /// Continue this run exactly from its newest checkpoint
    #[arg(long, value_name = "RUN")]
    resume: Option<PathBuf>,
    /// With --resume: stop after that many steps, counted from the start of the run
    #[arg(long, value_name = "N", requires = "resume", conflicts_with = "epochs")]
    steps: Option<u64>,
    /// With --resume: stop after that many epochs, counted from the start of the run
    #[arg(long, value_name = "N", requires = "resume")]
    epochs: Option<u64>,
    /// With --resume: train on another device
    #[arg(long, value_name = "NAME", requires = "resume")]
    device: Option<DeviceName>,
    /// With --resume: the data set has moved here
    #[arg(long, value_name = "DIR", requires = "resume")]
    data: Option<PathBuf>,
    /// With --resume: no progress in the terminal
    #[arg(long, requires = "resume")]
    quiet: bool,
}

/// `train FAMILY`, for every family that there is.
#[derive(Debug)]
struct FamilyCommand(Start);

impl Subcommand for FamilyCommand {
    fn augment_subcommands(command: Command) -> Command {
        let families = FAMILIES.iter().map(|family| family.command());
        families.fold(command, |command, family| command.subcommand(family))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        FAMILIES.iter().any(|family| family.name == name)
    }
}

impl FromArgMatches for FamilyCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let family = FAMILIES.iter().find(|family| family.name == name);
        family.ok_or_else(missing)?.start(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl TrainArgs {
    /// Starts or continues a run.
    pub fn run(self) -> Result<ExitCode> {
        match (self.family, self.resume) {
            (Some(FamilyCommand(start)), _) => begin(start),
            (None, Some(run)) => {
                let changes = Changes {
                    steps: self.steps,
                    epochs: self.epochs,
                    device: self.device,
                    data: self.data,
                };
                resume(&run, changes, self.quiet)
            }
            (None, None) => {
                let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
                bail!(
                    "expected a family (`underpaint train {} …`) or --resume RUN",
                    names.join("|")
                )
            }
        }
    }
}

/// What may differ when a run is continued.
#[derive(Default)]
struct Changes {
    steps: Option<u64>,
    epochs: Option<u64>,
    device: Option<DeviceName>,
    data: Option<PathBuf>,
}

fn begin(start: Start) -> Result<ExitCode> {
    let Start {
        output,
        continue_run,
        quiet,
        notices,
        settings,
    } = start;
    notices.iter().for_each(|line| eprintln!("{line}"));
    let settings = settings?;
    let Some(run) = output else {
        bail!("--output: expected a folder for the run, found nothing");
    };
    if continue_run {
        eprintln!(
            "--continue_train: going on with the settings of {}",
            run.join(CONFIG_FILE).display()
        );
        return resume(&run, Changes::default(), quiet);
    }
    // A run that ended before its first checkpoint has nothing worth keeping.
    if run.join(CONFIG_FILE).exists() && !checkpoint::list(&run)?.is_empty() {
        bail!(
            "{} already holds a run: continue it with `underpaint train --resume {}`, or choose \
             another --output",
            run.display(),
            run.display()
        );
    }
    let device = device::open(settings.run().device)?;
    settings.check_files()?;
    // There is no run yet to remember in, and there will be none if something is wrong.
    let checked = tempfile::NamedTempFile::new().context("a temporary file")?;
    check_data(settings.as_ref(), checked.path(), quiet)?;
    let session = Session::open(run, settings)?;
    let mut family = session.settings.family(&device)?;
    if let Some(path) = &session.settings.run().load_pretrain {
        let weights = pretrained::read(path)?;
        tell_unfilled(path, &family.pretrain(&weights)?);
    }
    // From here on there is something to resume: everything before leaves no run behind.
    session.write_config()?;
    let memory = fs::read(checked.path()).context("what was checked")?;
    crate::files::write(&session.plan.folder.join(CHECKED_FILE), &memory)?;
    session.train(family.as_mut(), Position::START, quiet)
}

fn resume(run: &Path, changes: Changes, quiet: bool) -> Result<ExitCode> {
    let mut settings = of_run(run)?;
    let config = settings.run_mut();
    config.device = changes.device.unwrap_or(config.device);
    if let Some(data) = changes.data {
        config.data = std::path::absolute(data).context("--data")?;
    }
    config.length = match (changes.steps, changes.epochs) {
        (Some(steps), _) => Length::Steps(steps),
        (None, Some(epochs)) => Length::Epochs(epochs),
        (None, None) => config.length,
    };
    let device = device::open(config.device)?;
    settings.check_files()?;
    check_data(settings.as_ref(), &run.join(CHECKED_FILE), quiet)?;
    let session = Session::open(run.to_path_buf(), settings)?;
    checkpoint::remove_unfinished(run)?;
    let mut family = session.settings.family(&device)?;
    // A run that was killed before its first checkpoint starts again.
    let position = match checkpoint::list(run)?.last() {
        None => Position::START,
        Some((_, path)) => {
            let (position, state) = checkpoint::load(path)?;
            family
                .load(state)
                .with_context(|| format!("{}", path.display()))?;
            position
        }
    };
    if let (0, Some(path)) = (position.step, &session.settings.run().load_pretrain) {
        family.pretrain(&pretrained::read(path)?)?;
    }
    let total = session.plan.total_steps;
    if position.step >= total {
        bail!(
            "{} has done {} of {total} steps: --steps counts from the start of the run, so give more \
             than {} to go on",
            run.display(),
            position.step,
            position.step
        );
    }
    session.write_config()?;
    session.train(family.as_mut(), position, quiet)
}

/// Which modules keep the weights that were drawn.
fn tell_unfilled(path: &Path, networks: &[Unfilled]) {
    for Unfilled { network, modules } in networks {
        let line = match modules.as_deref() {
            None => format!("{network}: nothing to begin with"),
            Some([]) => format!("{network}: filled"),
            Some(modules) => format!("{network}: not filled: {}", modules.join(", ")),
        };
        eprintln!("{}: {line}", path.display());
    }
}

/// Reads the files before the first step, so that a bad one does not stop a run at night.
fn check_data(settings: &dyn RunSettings, memory: &Path, quiet: bool) -> Result<()> {
    let bar = match quiet {
        true => ProgressBar::hidden(),
        false => ProgressBar::no_length(),
    };
    bar.set_style(ProgressStyle::with_template(
        "checking the data set {bar:30} {pos}/{len} files",
    )?);
    let report = settings.source().check(
        &settings.run().phase,
        &CheckOptions {
            full: false,
            memory: Some(memory),
            batch_size: settings.largest_batch(),
            fits: &|size| {
                settings
                    .check_size(size)
                    .map_err(|error| format!("{error:#}"))
            },
            progress: &|done, all| {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            },
        },
    );
    bar.finish_and_clear();
    if !report.is_ok() {
        bail!("the data set has problems:\n{report}");
    }
    if !quiet {
        report
            .warnings()
            .for_each(|line| eprintln!("warning: {line}"));
    }
    Ok(())
}

/// A run with its data, before or between its steps.
struct Session {
    settings: Box<dyn RunSettings>,
    plan: RunPlan,
    loader: Loader,
    validation: Validation,
    palette: Option<Palette>,
    /// Locked for as long as this process has it open.
    _lock: File,
}

impl Session {
    fn open(run: PathBuf, settings: Box<dyn RunSettings>) -> Result<Self> {
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
            },
        )?;
        let palette = read_palette(&config.data)?;
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
        };
        let lock = lock(&plan.folder)?;
        Ok(Self {
            settings,
            plan,
            loader,
            validation,
            palette,
            _lock: lock,
        })
    }

    fn write_config(&self) -> Result<()> {
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

    fn train(&self, family: &mut dyn Family, position: Position, quiet: bool) -> Result<ExitCode> {
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
        let stop = stop_on_ctrl_c();
        let result = train(
            family,
            &self.loader,
            &self.validation,
            &self.plan,
            position,
            &mut report,
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
        Ok(ExitCode::SUCCESS)
    }

    fn introduce(&self, report: &Report, position: Position) {
        let config = self.settings.run();
        report.note(&format!(
            "{} on {}: {} samples, {} a step, steps {} to {}, learning rate {}",
            self.settings.summary(),
            config.device,
            self.loader.dataset().len(),
            self.settings.largest_batch(),
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
fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let handler = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nfinishing this step, then saving; press Ctrl-C again to stop without");
    });
    if let Err(error) = handler {
        eprintln!("warning: Ctrl-C will not save: {error}");
    }
    stop
}
