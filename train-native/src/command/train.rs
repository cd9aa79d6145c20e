//! `underpaint train`.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use underpaint_core::label::Palette;

use crate::config::{CONFIG_FILE, Length, Preset, TrainConfig, TrainFlags};
use crate::data::check::{CheckSource, quick_check};
use crate::data::files::list_pictures;
use crate::data::labelled::{LabelledDataset, LabelledOptions, PALETTE_FILE, read_palette};
use crate::data::loader::{Loader, LoaderOptions};
use crate::data::paired::{PairedDataset, PairedOptions};
use crate::data::{Dataset, augment::AugmentOptions};
use crate::device::{self, DeviceName};
use crate::family::pix2pix::Pix2pix;
use crate::family::{Family, derive_seed};
use crate::trainer::checkpoint::{self, Position};
use crate::trainer::report::{Outcome, Report, ReportOptions};
use crate::trainer::schedule::LrPolicy;
use crate::trainer::{RunPlan, TrainOutcome, Validation, train};

/// Held for as long as a process trains a run.
const LOCK_FILE: &str = ".lock";
/// Examples in every set of sample pictures.
const SHOWN: usize = 4;

/// Flags of `train`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct TrainArgs {
    #[command(subcommand)]
    family: Option<FamilyArgs>,
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

#[derive(Debug, Subcommand)]
enum FamilyArgs {
    /// Train pix2pix: a U-Net or ResNet generator and a PatchGAN on pairs of pictures
    Pix2pix(Box<Pix2pixArgs>),
}

/// Flags of `train pix2pix`.
#[derive(Debug, Args)]
struct Pix2pixArgs {
    /// Folder of the run: checkpoints, samples, losses; must not hold a run
    #[arg(long, value_name = "RUN", help_heading = "Run")]
    output: PathBuf,
    /// TOML file with settings under the names of the flags (batch_size = 4); flags win over it
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    config: Option<PathBuf>,
    /// Settings of the original's scripts; flags and --config win over them
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    preset: Option<Preset>,
    /// No progress in the terminal
    #[arg(long, help_heading = "Run")]
    quiet: bool,
    #[command(flatten)]
    flags: TrainFlags,
}

impl TrainArgs {
    /// Starts or continues a run.
    pub fn run(self) -> Result<ExitCode> {
        match (self.family, self.resume) {
            (Some(FamilyArgs::Pix2pix(args)), _) => start(*args),
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
                bail!("expected a family (`underpaint train pix2pix …`) or --resume RUN")
            }
        }
    }
}

/// What may differ when a run is continued.
struct Changes {
    steps: Option<u64>,
    epochs: Option<u64>,
    device: Option<DeviceName>,
    data: Option<PathBuf>,
}

fn start(args: Pix2pixArgs) -> Result<ExitCode> {
    let flags = args.flags.merged(args.config.as_deref(), args.preset)?;
    let mut config = TrainConfig::from_flags(&flags)?;
    // A run is resumed from anywhere.
    config.data = std::path::absolute(&config.data).context("--data")?;
    let run = args.output;
    // A run that ended before its first checkpoint has nothing worth keeping.
    if run.join(CONFIG_FILE).exists() && !checkpoint::list(&run)?.is_empty() {
        bail!(
            "{} already holds a run: continue it with `underpaint train --resume {}`, or choose \
             another --output",
            run.display(),
            run.display()
        );
    }
    let device = device::open(config.device)?;
    check_data(&config)?;
    let session = Session::open(run, config)?;
    let family = Pix2pix::new(session.config.model.clone(), &device)?;
    // From here on there is something to resume: everything before leaves no run behind.
    session.write_config()?;
    session.train(family, Position::START, args.quiet)
}

fn resume(run: &Path, changes: Changes, quiet: bool) -> Result<ExitCode> {
    let mut config = TrainConfig::of_run(run)?;
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
    check_data(&config)?;
    let session = Session::open(run.to_path_buf(), config)?;
    checkpoint::remove_unfinished(run)?;
    let mut family = Pix2pix::new(session.config.model.clone(), &device)?;
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
    session.train(family, position, quiet)
}

/// Reads every file before the first step, so that a bad one does not stop a run at night.
fn check_data(config: &TrainConfig) -> Result<()> {
    let root = config.data.clone();
    let source = match config.label_classes {
        None => CheckSource::Pairs {
            root,
            phase: config.phase.clone(),
        },
        Some(num_classes) => CheckSource::Labelled {
            images: root.join(format!("{}_img", config.phase)),
            labels: root.join(format!("{}_label", config.phase)),
            num_classes,
        },
    };
    let report = quick_check(&source);
    if !report.is_ok() {
        bail!("the data set has problems:\n{report}");
    }
    Ok(())
}

/// Opens a phase of the data set of a config.
///
/// # Errors
///
/// If there is no such phase or its files do not fit.
pub fn open_dataset(
    config: &TrainConfig,
    phase: &str,
    augment: AugmentOptions,
) -> Result<Arc<dyn Dataset>> {
    let generator = &config.model.generator;
    Ok(match config.label_classes {
        None => {
            let options = PairedOptions {
                direction: config.direction,
                augment,
                input_channels: generator.input_channels,
                output_channels: generator.output_channels,
                max_size: config.max_dataset_size,
            };
            Arc::new(PairedDataset::open(&config.data, phase, options)?)
        }
        Some(num_classes) => {
            let options = LabelledOptions {
                augment,
                output_channels: generator.output_channels,
                max_size: config.max_dataset_size,
                ..LabelledOptions::new(num_classes)
            };
            Arc::new(LabelledDataset::open(&config.data, phase, options)?)
        }
    })
}

/// A run with its data, before or between its steps.
struct Session {
    config: TrainConfig,
    plan: RunPlan,
    loader: Loader,
    validation: Validation,
    palette: Option<Palette>,
    /// Locked for as long as this process has it open.
    _lock: File,
}

impl Session {
    fn open(run: PathBuf, config: TrainConfig) -> Result<Self> {
        let dataset = open_dataset(&config, &config.phase, config.augment)?;
        let loader = Loader::new(
            dataset,
            LoaderOptions {
                batch_size: config.batch_size,
                shuffle: config.shuffle,
                seed: derive_seed(config.model.seed, 5),
                workers: config.workers,
                prefetch: 2 * config.workers + config.batch_size,
                drop_last: false,
            },
        )?;
        let palette = read_palette(&config.data)?;
        let validation = open_validation(&config, palette.clone())?;
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
            config,
            plan,
            loader,
            validation,
            palette,
            _lock: lock,
        })
    }

    fn write_config(&self) -> Result<()> {
        let toml = toml::to_string(&self.config.to_flags()).context("the config as TOML")?;
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

    fn train(&self, mut family: impl Family, position: Position, quiet: bool) -> Result<ExitCode> {
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
            &mut family,
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
        let (generator, schedule) = (&self.config.model.generator, &self.config.schedule);
        report.note(&format!(
            "{} on {}: {} files, {} a step, steps {} to {}, learning rate {} {}",
            generator.architecture,
            self.config.device,
            self.loader.dataset().len(),
            self.config.batch_size,
            position.step + 1,
            self.plan.total_steps,
            schedule.learning_rate,
            match schedule.policy {
                LrPolicy::Linear => format!(
                    "for {} epochs, then linearly to 0 in {}",
                    schedule.n_epochs, schedule.n_epochs_decay
                ),
                LrPolicy::LinearNonzero => format!(
                    "for {} epochs, then linearly to 1/{1} of it in {1}",
                    schedule.n_epochs, schedule.n_epochs_decay
                ),
                LrPolicy::Step => format!("times 0.1 every {} epochs", schedule.lr_decay_iters),
                LrPolicy::Plateau => "times 0.2 after 6 epochs without progress".to_owned(),
                LrPolicy::Cosine => format!("along a cosine to 0 in {} epochs", schedule.n_epochs),
                LrPolicy::Constant => "throughout".to_owned(),
            }
        ));
    }
}

/// Held-out pairs if the data set has a `val` or `test` phase, else training pairs.
fn open_validation(config: &TrainConfig, palette: Option<Palette>) -> Result<Validation> {
    let folder = |phase: &str| match config.label_classes {
        None => config.data.join(phase),
        Some(_) => config.data.join(format!("{phase}_label")),
    };
    let has_pictures =
        |phase: &&str| list_pictures(&folder(phase)).is_ok_and(|all| !all.is_empty());
    let held_out = ["val", "test"]
        .into_iter()
        .find(|phase| *phase != config.phase && has_pictures(phase));
    if held_out.is_none() && config.schedule.policy == LrPolicy::Plateau {
        bail!(
            "--lr-policy plateau watches held-out pairs: expected {} or {}, found neither",
            folder("val").display(),
            folder("test").display()
        );
    }
    let phase = held_out.unwrap_or(&config.phase);
    let dataset = open_dataset(config, phase, config.augment.for_evaluation())?;
    let palette = palette.unwrap_or_else(|| Palette::numbered(config.label_classes.unwrap_or(0)));
    Ok(Validation {
        dataset,
        shown: SHOWN,
        palette,
    })
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
