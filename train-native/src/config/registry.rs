//! The families by name, and settings of a run without naming its family.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use burn::tensor::Device;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use underpaint_core::label::Palette;

use super::pgan::PganConfig;
use super::pix2pix::Pix2pixRun;
use super::pix2pixhd::Pix2pixHdRun;
use super::spade::SpadeRun;
use super::{
    CONFIG_FILE, FamilyConfig, Raw, RunConfig, RunFlags, TrainedModel, absolute, absolute_if_some,
    foreign, raw,
};
use crate::data::source::DataSource;
use crate::data::{Dataset, Size};
use crate::device::check_precision;
use crate::family::Family;

/// Every family that can be trained.
pub const FAMILIES: &[FamilyEntry] = &[
    FamilyEntry::of::<Pix2pixRun>(),
    FamilyEntry::of::<Pix2pixHdRun>(),
    FamilyEntry::of::<SpadeRun>(),
    FamilyEntry::of::<PganConfig>(),
];

/// In the help of a setting of every run: its default in a family.
const OF_THE_FAMILY: &str = "of the family";

/// What a command line needs of a family.
#[derive(Debug)]
pub struct FamilyEntry {
    /// Its name.
    pub name: &'static str,
    command: fn() -> Command,
    start: fn(&ArgMatches) -> Result<Start, clap::Error>,
    read: ReadSettings,
}

/// Settings of a file's text, on another data set than it says if there is one.
type ReadSettings = fn(&str, Option<PathBuf>) -> Result<Box<dyn RunSettings>>;

/// A run that is to be started.
#[derive(Debug)]
pub struct Start {
    /// Folder of the run, where one was given or follows from the originals' flags.
    pub output: Option<PathBuf>,
    /// Whether to go on with the run that is there, as the originals' `--continue_train`.
    pub continue_run: bool,
    /// No progress in the terminal.
    pub quiet: bool,
    /// Lines to tell before anything else.
    pub notices: Vec<String>,
    /// The settings, or what is wrong with them.
    pub settings: Result<Box<dyn RunSettings>>,
}

/// Flags of `train FAMILY`.
#[derive(Debug, Args)]
struct StartArgs<F: Args> {
    /// Folder of the run: checkpoints, samples, losses; must not hold a run
    /// [default: CHECKPOINTS_DIR/NAME of the originals' flags]
    #[arg(long, value_name = "RUN", help_heading = "Run")]
    output: Option<PathBuf>,
    /// TOML file with settings under the names of the flags (batch_size = 4); flags win over it
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    config: Option<PathBuf>,
    /// Settings of the authors' scripts; flags and --config win over them
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    preset: Option<String>,
    /// No progress in the terminal
    #[arg(long, help_heading = "Run")]
    quiet: bool,
    /// The originals' name of a run, a folder in --checkpoints_dir
    #[arg(long, short = 'n', hide = true)]
    name: Option<PathBuf>,
    /// The originals' folder of runs
    #[arg(long = "checkpoints_dir", short = 'd', aliases = ["checkpoints-dir", "save_ckpt_dir", "dir"], hide = true)]
    checkpoints_dir: Option<PathBuf>,
    /// The folder of one phase, DATA/PHASE, as MindSpore's Pix2Pix names it
    #[arg(long = "train_data_dir", hide = true, conflicts_with = "data")]
    train_data_dir: Option<PathBuf>,
    /// The originals' way to go on with a run
    #[arg(long = "continue_train", alias = "continue-train", hide = true, value_parser = super::values::parse_switch, num_args = 0..=1, default_missing_value = "true")]
    continue_train: Option<bool>,
    #[command(flatten)]
    run: RunFlags,
    #[command(flatten)]
    own: F,
}

impl FamilyEntry {
    const fn of<C: FamilyConfig>() -> Self {
        Self {
            name: C::NAME,
            command: command::<C>,
            start: start::<C>,
            read: |text, data| {
                let mut raw = Raw::<C::Flags>::parse(text, C::NAME)?;
                raw.run.data = data.or(raw.run.data);
                let (run, family) = raw.config::<C>()?;
                Ok(Box::new(Settings { run, family }))
            },
        }
    }

    /// `train NAME` with all its flags.
    pub fn command(&self) -> Command {
        (self.command)()
    }

    /// What the matches of [`command`](Self::command) ask for.
    ///
    /// # Errors
    ///
    /// Clap's.
    pub fn start(&self, matches: &ArgMatches) -> Result<Start, clap::Error> {
        (self.start)(matches)
    }
}

fn command<C: FamilyConfig>() -> Command {
    let presets = C::PRESETS.iter();
    let presets = presets.map(|preset| PossibleValue::new(preset.name).help(preset.about));
    let command = StartArgs::<C::Flags>::augment_args(Command::new(C::NAME))
        .about(C::ABOUT)
        .max_term_width(100)
        .mut_arg("preset", |arg| {
            arg.value_parser(PossibleValuesParser::new(presets))
        });
    let command = with_defaults::<C>(command);
    // As in the originals' scripts, the last word counts.
    foreign::add(command, C::FOREIGN).args_override_self(true)
}

/// Says what the settings of every run are in a family, where they are not given.
fn with_defaults<C: FamilyConfig>(command: Command) -> Command {
    let defaults = C::defaults(&C::Flags::default());
    let policy = serde_json::to_string(&defaults.policy).unwrap_or_default();
    let values = [
        ("batch_size", defaults.batch_size.to_string()),
        ("lr", defaults.learning_rate.to_string()),
        ("beta1", defaults.adam.beta1.to_string()),
        ("beta2", defaults.adam.beta2.to_string()),
        ("lr_policy", policy.trim_matches('"').to_owned()),
        ("n_epochs", defaults.n_epochs.to_string()),
        ("n_epochs_decay", defaults.n_epochs_decay.to_string()),
    ];
    values.into_iter().fold(command, |command, (id, value)| {
        command.mut_arg(id, |arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            arg.help(help.replace(OF_THE_FAMILY, &value))
        })
    })
}

fn start<C: FamilyConfig>(matches: &ArgMatches) -> Result<Start, clap::Error> {
    let args = StartArgs::<C::Flags>::from_arg_matches(matches)?;
    let mut notices = foreign::notices(matches, C::FOREIGN);
    if args.name.is_none() && args.checkpoints_dir.is_some() {
        notices.push("--checkpoints_dir without --name does nothing: --output names a run".into());
    }
    let folder = args.checkpoints_dir;
    let named = args.name.map(|name| {
        let folder = folder.unwrap_or_else(|| "checkpoints".into());
        folder.join(name)
    });
    let preset = C::PRESETS
        .iter()
        .find(|preset| Some(preset.name) == args.preset.as_deref());
    if let Some(preset) = preset {
        notices.push(format!(
            "preset {} sets:\n{}",
            preset.name,
            preset.toml.trim_end()
        ));
    }
    let given = Raw {
        run: match args.train_data_dir {
            Some(folder) => with_phase_folder(args.run, folder),
            None => args.run,
        },
        own: args.own,
    };
    let settings = settings::<C>(
        given,
        args.config.as_deref(),
        preset.map(|preset| preset.toml),
    );
    Ok(Start {
        output: args.output.or(named),
        continue_run: args.continue_train == Some(true),
        quiet: args.quiet,
        notices,
        settings,
    })
}

/// The data set whose phase lies in a folder.
fn with_phase_folder(run: RunFlags, folder: PathBuf) -> RunFlags {
    let phase = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    RunFlags {
        data: Some(folder.parent().map(Path::to_path_buf).unwrap_or(folder)),
        phase: run.phase.or(phase),
        ..run
    }
}

/// Puts flags, file and preset together and checks them.
fn settings<C: FamilyConfig>(
    mut raw: Raw<C::Flags>,
    file: Option<&Path>,
    preset: Option<&str>,
) -> Result<Box<dyn RunSettings>> {
    if let Some(path) = file {
        raw = raw.or(Raw::read(path, C::NAME)?)?;
    }
    if let Some(preset) = preset {
        raw = raw.or(Raw::parse(preset, C::NAME).context("preset")?)?;
    }
    let (mut run, mut family) = raw.config::<C>()?;
    // A run is resumed from anywhere.
    absolute(&mut run.data, "--data")?;
    absolute_if_some(&mut run.remap, "--remap")?;
    absolute_if_some(&mut run.load_pretrain, "--load-pretrain")?;
    family.make_absolute()?;
    Ok(Box::new(Settings { run, family }))
}

/// Reads the effective config of a run.
///
/// # Errors
///
/// If the folder is no run, or its config is damaged.
pub fn of_run(run: &Path) -> Result<Box<dyn RunSettings>> {
    let path = run.join(CONFIG_FILE);
    if !path.is_file() {
        bail!("{}: not a run: expected {CONFIG_FILE} in it", run.display());
    }
    of_file(&path, None)
}

/// Reads a file of settings, which names its family; `data` is the data set where it is another than the file's.
///
/// # Errors
///
/// If it cannot be read, or what it says is no run.
pub fn of_file(path: &Path, data: Option<PathBuf>) -> Result<Box<dyn RunSettings>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    of_text(&text, data).with_context(|| format!("{}", path.display()))
}

/// As [`of_file`], from the text.
///
/// # Errors
///
/// If what it says is no run.
pub fn of_text(text: &str, data: Option<PathBuf>) -> Result<Box<dyn RunSettings>> {
    let name = raw::family_of(text)?;
    let family = FAMILIES.iter().find(|family| family.name == name);
    let known = || {
        FAMILIES
            .iter()
            .map(|family| family.name)
            .collect::<Vec<_>>()
    };
    let family = family.ok_or_else(|| {
        anyhow!(
            "family: expected one of {}, found {name}",
            known().join(", ")
        )
    })?;
    (family.read)(text, data)
}

/// The settings of a run: those of every run, and its family's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings<C> {
    /// What every run has.
    pub run: RunConfig,
    /// The family's own.
    pub family: C,
}

/// [`Settings`] of any family: see [`FamilyConfig`] for what the methods mean.
pub trait RunSettings: fmt::Debug + Send + Sync {
    /// Name of the family.
    fn family_name(&self) -> &'static str;
    /// What every run has.
    fn run(&self) -> &RunConfig;
    /// The same, to be changed.
    fn run_mut(&mut self) -> &mut RunConfig;
    /// All settings as a file for `--config` holds them.
    ///
    /// # Errors
    ///
    /// If a value cannot be written, such as a path that is no Unicode.
    fn to_toml(&self) -> Result<String>;
    /// What the run reads.
    fn source(&self) -> DataSource;
    /// Whether samples of a size fit the networks.
    ///
    /// # Errors
    ///
    /// Saying what would.
    fn check_size(&self, size: Size) -> Result<()>;
    /// Whether samples of a size fit the networks that make pictures to look at.
    ///
    /// # Errors
    ///
    /// Saying what would.
    fn check_shown(&self, size: Size) -> Result<()>;
    /// Whether everything besides the data is there.
    ///
    /// # Errors
    ///
    /// Saying what is missing.
    fn check_files(&self) -> Result<()>;
    /// Samples of the largest batch.
    fn largest_batch(&self) -> usize;
    /// Whether a last batch with fewer samples is left out of an epoch.
    fn drops_last(&self) -> bool;
    /// Lets as many ranks share the batches as there are now, and notes their number.
    ///
    /// # Errors
    ///
    /// If they cannot share them equally.
    fn share_among(&mut self, ranks: usize) -> Result<()>;
    /// Draws the networks.
    ///
    /// # Errors
    ///
    /// If they cannot be built.
    fn family(&self, device: &Device) -> Result<Box<dyn Family>>;
    /// The networks in a few words.
    fn summary(&self) -> String;
    /// Names of the classes, where the settings say which data set it is; none where a table makes other ids of them.
    fn known_palette(&self) -> Option<Palette>;
    /// The generator after a step, for a bundle.
    fn trained(&self, step: u64, palette: Option<Palette>) -> TrainedModel;
    /// Opens a phase of the data set.
    ///
    /// # Errors
    ///
    /// If there is no such phase or its files do not fit.
    fn open_dataset(&self, phase: &str) -> Result<Arc<dyn Dataset>> {
        Ok(self.source().open(phase)?)
    }
}

impl<C: FamilyConfig> RunSettings for Settings<C> {
    fn family_name(&self) -> &'static str {
        C::NAME
    }

    fn run(&self) -> &RunConfig {
        &self.run
    }

    fn run_mut(&mut self) -> &mut RunConfig {
        &mut self.run
    }

    fn to_toml(&self) -> Result<String> {
        let raw = Raw {
            run: self.run.to_flags(),
            own: self.family.to_flags(),
        };
        raw.to_toml(C::NAME)
    }

    fn source(&self) -> DataSource {
        self.family.source(&self.run)
    }

    fn check_size(&self, size: Size) -> Result<()> {
        self.family.check_size(size)
    }

    fn check_shown(&self, size: Size) -> Result<()> {
        self.family.check_shown(size)
    }

    fn check_files(&self) -> Result<()> {
        self.family.check_files()
    }

    fn largest_batch(&self) -> usize {
        self.family.largest_batch(&self.run)
    }

    fn drops_last(&self) -> bool {
        C::DROP_LAST
    }

    fn share_among(&mut self, ranks: usize) -> Result<()> {
        let before = std::mem::replace(&mut self.run.ranks, ranks);
        self.family.share_anew(&mut self.run, before, ranks)
    }

    fn family(&self, device: &Device) -> Result<Box<dyn Family>> {
        check_precision(self.run.precision, self.run.device)?;
        let mut family = self.family.family(&self.run, device)?;
        family.set_precision(self.run.precision);
        Ok(family)
    }

    fn summary(&self) -> String {
        self.family.summary()
    }

    fn known_palette(&self) -> Option<Palette> {
        match self.run.remap {
            Some(_) => None,
            None => self.family.known_palette(),
        }
    }

    fn trained(&self, step: u64, palette: Option<Palette>) -> TrainedModel {
        self.family.trained(step, palette)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_says_what_it_does_and_what_its_defaults_are() {
        for family in FAMILIES {
            let mut command = family.command();
            let about = command.get_about().map(ToString::to_string);
            assert!(
                about.is_some_and(|about| about.starts_with("Train ")),
                "{}",
                family.name
            );
            let help = command.render_long_help().to_string();
            assert!(!help.contains(OF_THE_FAMILY), "{help}");
        }
    }
}
