//! `underpaint train`.

mod session;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use self::session::Session;
use super::run_check::RunCheck;
use crate::config::{CONFIG_FILE, FAMILIES, Length, RunSettings, Start, of_run};
use crate::device::{self, DeviceName};
use crate::family::Unfilled;
use crate::pretrained;
use crate::trainer::checkpoint::{self, Position};

/// Remembers which files of the data set were found good.
const CHECKED_FILE: &str = "checked.json";

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
    // Folders of any names have none that could have moved.
    settings.source().moved_to(changes.data.clone())?;
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
    let check = RunCheck {
        full: false,
        memory: Some(memory),
        progress: &|done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        },
    };
    let report = check.check(settings);
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
