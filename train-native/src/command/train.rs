//! `underpaint train`.

mod ranks;
mod session;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use self::session::{Duty, Session};
use super::run_check::RunCheck;
use crate::config::{CONFIG_FILE, FAMILIES, Length, RunSettings, Start, of_run};
use crate::device::{self, DeviceName};
use crate::distributed::World;
use crate::family::{Family, Unfilled};
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
    /// Starts or continues a run, alone or as one of several ranks.
    pub fn run(self) -> Result<ExitCode> {
        match World::from_environment()? {
            Some(world) => ranks::run(self, &world),
            None => {
                let mut prepared = self.prepare(Place::ALONE)?;
                prepared.train()?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }

    /// Folder of the run that is to be started or continued.
    pub(super) fn run_folder(&self) -> Option<&Path> {
        let started = self.family.as_ref();
        let started = started.and_then(|FamilyCommand(start)| start.output.as_deref());
        started.or(self.resume.as_deref())
    }

    /// Whether a run is to be continued.
    pub(super) fn continues(&self) -> bool {
        let started = self.family.as_ref();
        started.is_none_or(|FamilyCommand(start)| start.continue_run)
    }

    /// Whether nothing is to be shown.
    fn is_quiet(&self) -> bool {
        let started = self.family.as_ref();
        self.quiet || started.is_some_and(|FamilyCommand(start)| start.quiet)
    }

    /// Everything up to the first step.
    fn prepare(self, place: Place) -> Result<Prepared> {
        match (self.family, self.resume) {
            (Some(FamilyCommand(start)), _) => begin(start, place),
            (None, Some(run)) => {
                let changes = Changes {
                    steps: self.steps,
                    epochs: self.epochs,
                    device: self.device,
                    data: self.data,
                };
                resume(&run, changes, self.quiet, place)
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

/// Which process of a run this is.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Number of processes.
    ranks: usize,
    /// Number of this one on its machine.
    local_rank: usize,
}

impl Place {
    const ALONE: Self = Self {
        ranks: 1,
        local_rank: 0,
    };
}

/// A run before its next step.
struct Prepared {
    session: Session,
    family: Box<dyn Family>,
    position: Position,
    /// The checkpoint that it continues from.
    checkpoint: Option<PathBuf>,
    quiet: bool,
}

impl Prepared {
    fn train(&mut self) -> Result<()> {
        self.session
            .train(self.family.as_mut(), self.position, self.quiet)
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

fn begin(start: Start, place: Place) -> Result<Prepared> {
    let Start {
        output,
        continue_run,
        quiet,
        notices,
        settings,
    } = start;
    notices.iter().for_each(|line| eprintln!("{line}"));
    let mut settings = settings?;
    settings.run_mut().ranks = place.ranks;
    let Some(run) = output else {
        bail!("--output: expected a folder for the run, found nothing");
    };
    if continue_run {
        eprintln!(
            "--continue_train: going on with the settings of {}",
            run.join(CONFIG_FILE).display()
        );
        return resume(&run, Changes::default(), quiet, place);
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
    let device = device::open(settings.run().device.of_local_rank(place.local_rank))?;
    settings.check_files()?;
    // There is no run yet to remember in, and there will be none if something is wrong.
    let checked = tempfile::NamedTempFile::new().context("a temporary file")?;
    check_data(settings.as_ref(), checked.path(), quiet)?;
    let session = Session::open(run, settings, Duty::Writes)?;
    let mut family = session.settings.family(&device)?;
    if let Some(path) = &session.settings.run().load_pretrain {
        let weights = pretrained::read(path)?;
        tell_unfilled(path, &family.pretrain(&weights)?);
    }
    // From here on there is something to resume: everything before leaves no run behind.
    session.write_config()?;
    let memory = fs::read(checked.path()).context("what was checked")?;
    crate::files::write(&session.plan.folder.join(CHECKED_FILE), &memory)?;
    Ok(Prepared {
        session,
        family,
        position: Position::START,
        checkpoint: None,
        quiet,
    })
}

fn resume(run: &Path, changes: Changes, quiet: bool, place: Place) -> Result<Prepared> {
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
    let device = device::open(config.device.of_local_rank(place.local_rank))?;
    share_among(settings.as_mut(), place.ranks)?;
    settings.check_files()?;
    check_data(settings.as_ref(), &run.join(CHECKED_FILE), quiet)?;
    let session = Session::open(run.to_path_buf(), settings, Duty::Writes)?;
    checkpoint::remove_unfinished(run)?;
    let mut family = session.settings.family(&device)?;
    // A run that was killed before its first checkpoint starts again.
    let checkpoint = checkpoint::list(run)?.pop().map(|(_, path)| path);
    let position = match &checkpoint {
        None => Position::START,
        Some(path) => {
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
    Ok(Prepared {
        session,
        family,
        position,
        checkpoint,
        quiet,
    })
}

/// Lets another number of ranks go on with the same batches.
fn share_among(settings: &mut dyn RunSettings, ranks: usize) -> Result<()> {
    let before = settings.run().ranks;
    if before != ranks {
        settings.share_among(ranks)?;
        eprintln!(
            "trained by {before} of --nproc so far, goes on with {ranks}, {} a batch on each: the same \
             batches, but sums are rounded in another order, so the bits may differ",
            settings.largest_batch()
        );
    }
    Ok(())
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
