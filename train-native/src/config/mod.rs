//! Settings of runs: flags, TOML and presets to one validated config, which is saved beside every run.
//!
//! What every run has is [`RunConfig`]; every family adds its own settings in a file of its own
//! ([`pix2pix`], [`pix2pixhd`], [`spade`], [`pgan`]) by implementing [`FamilyConfig`]. [`FAMILIES`] lists
//! them: a new family is a new file and a line there. Flags win over the file, the file over the
//! preset, the preset over the defaults; all three have the same names.

mod folders;
mod foreign;
pub mod pgan;
pub mod pix2pix;
pub mod pix2pixhd;
mod preset;
mod raw;
mod registry;
mod run;
pub mod spade;
mod values;
mod vgg;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use underpaint_core::bundle::{InputKind, ModelConfig};
use underpaint_core::label::Palette;

use crate::data::Size;
use crate::data::source::DataSource;
use crate::family::Family;

pub use folders::Folders;
pub use foreign::Foreign;
pub use preset::Preset;
pub use raw::Raw;
pub use registry::{FAMILIES, FamilyEntry, RunSettings, Settings, Start, of_file, of_run, of_text};
pub use run::{Length, RunConfig, RunDefaults, RunFlags};

/// File in a run that holds its effective config.
pub const CONFIG_FILE: &str = "config.toml";

/// A family's own settings, checked, and what follows from them.
pub trait FamilyConfig: Sized + Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// The settings as flags and in TOML, none of them required.
    type Flags: Args + Serialize + DeserializeOwned + Default + Clone + fmt::Debug;

    /// Name on the command line and in [`CONFIG_FILE`].
    const NAME: &'static str;
    /// What `underpaint train NAME` does, in a line.
    const ABOUT: &'static str;
    /// Settings of the authors' scripts.
    const PRESETS: &'static [Preset];
    /// Flags of the originals that mean nothing here.
    const FOREIGN: &'static [Foreign];

    /// Whether a last batch with fewer samples is left out of an epoch.
    const DROP_LAST: bool;

    /// Names of the classes, where the settings say which data set it is.
    fn known_palette(&self) -> Option<Palette> {
        None
    }

    /// What the settings of every run are where they are not given.
    fn defaults(flags: &Self::Flags) -> RunDefaults;

    /// Fills in defaults and checks everything that can be checked without looking at the data.
    ///
    /// # Errors
    ///
    /// Naming the flag, what was expected and what was found.
    fn from_flags(flags: &Self::Flags, run: &RunConfig) -> Result<Self>;

    /// The flags that give exactly this config.
    fn to_flags(&self) -> Self::Flags;

    /// Makes the family's own paths independent of the current folder.
    ///
    /// # Errors
    ///
    /// If there is no current folder.
    fn make_absolute(&mut self) -> Result<()> {
        Ok(())
    }

    /// What the run reads.
    fn source(&self, run: &RunConfig) -> DataSource;

    /// Whether samples of a size, after the transformation, fit the networks.
    ///
    /// # Errors
    ///
    /// Saying what would.
    fn check_size(&self, size: Size) -> Result<()>;

    /// Whether samples of a size fit the networks that make pictures to look at, which are not all that train.
    ///
    /// # Errors
    ///
    /// As [`check_size`](Self::check_size).
    fn check_shown(&self, size: Size) -> Result<()>;

    /// Samples of the largest batch.
    fn largest_batch(&self, run: &RunConfig) -> usize {
        run.batch_size
    }

    /// Lets `to` ranks share the batches that `from` shared before.
    ///
    /// # Errors
    ///
    /// If they cannot share them equally.
    fn share_anew(&mut self, run: &mut RunConfig, from: usize, to: usize) -> Result<()> {
        run.batch_size = run::shared_anew(run.batch_size, from, to)?;
        Ok(())
    }

    /// Whether everything that the run needs besides its data is there, such as the weights of frozen
    /// networks.
    ///
    /// # Errors
    ///
    /// Saying what is missing and where it is to be had.
    fn check_files(&self) -> Result<()> {
        Ok(())
    }

    /// Draws the networks on a device.
    ///
    /// # Errors
    ///
    /// If they cannot be built.
    fn family(&self, run: &RunConfig, device: &Device) -> Result<Box<dyn Family>>;

    /// The networks in a few words.
    fn summary(&self) -> String;

    /// What the generator is after a step of the run, for a bundle.
    fn trained(&self, step: u64, palette: Option<Palette>) -> TrainedModel;
}

/// A generator of a run at rest.
#[derive(Debug, Clone)]
pub struct TrainedModel {
    /// Family and config.
    pub model: ModelConfig,
    /// What it takes.
    pub input: InputKind,
    /// Height and width that it was trained at.
    pub size: [usize; 2],
    /// Share of the next smaller size, while a size of a Progressive GAN fades in; else 0.
    pub alpha: f64,
    /// Name of the generator's weights in a checkpoint.
    pub generator: &'static str,
    /// Name of the encoder's, where there is one.
    pub encoder: Option<&'static str>,
}

/// A path that does not depend on the current folder.
pub(crate) fn absolute(path: &mut PathBuf, flag: &str) -> Result<()> {
    if !path.as_os_str().is_empty() {
        *path = std::path::absolute(&*path).with_context(|| flag.to_owned())?;
    }
    Ok(())
}

/// As [`absolute`], where there may be none.
pub(crate) fn absolute_if_some(path: &mut Option<PathBuf>, flag: &str) -> Result<()> {
    path.as_mut().map_or(Ok(()), |path| absolute(path, flag))
}

/// Whether a folder holds a run.
pub fn is_run(folder: &Path) -> bool {
    folder.join(CONFIG_FILE).is_file()
}
