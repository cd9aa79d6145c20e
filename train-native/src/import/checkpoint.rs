//! Weight files by their paths.

use std::path::Path;

use anyhow::{Context, Result, bail};
use underpaint_core::checkpoint::{Checkpoint, Choice, EXPECTED, Naming, Wanted, open};
use underpaint_core::state_dict::StateDict;

use super::folder::folder_kind;
use crate::files::DiskFile;

/// Reads a `.pth` file (zip or legacy container) or a safetensors file, whichever it is.
///
/// As [`read_chosen`], which takes a generator where the file has one.
///
/// # Errors
///
/// As [`read_chosen`].
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    Ok(read_chosen(path, Wanted::Generator, None)?.0)
}

/// Reads the one state dict in a file, of whatever network.
///
/// # Errors
///
/// As [`read_chosen`]; and if the file holds several networks.
pub fn read_state_dict(path: &Path) -> Result<StateDict> {
    only_state_dict(path, Wanted::Any)
}

/// Reads an encoder, as [`read_chosen`] does.
///
/// # Errors
///
/// As [`read_chosen`]; and if it is a checkpoint of PGAN.
pub fn read_encoder(path: &Path) -> Result<StateDict> {
    only_state_dict(path, Wanted::Encoder)
}

fn only_state_dict(path: &Path, wanted: Wanted) -> Result<StateDict> {
    match read_chosen(path, wanted, None)?.0 {
        Checkpoint::StateDict(dict) => Ok(dict),
        Checkpoint::Pgan(_) => bail!(
            "{}: expected the state dict of one network, found a checkpoint of PGAN",
            path.display()
        ),
    }
}

/// Opens the network that is wanted, or called `key`, and reads its values: see [`open`].
///
/// Tells what was taken, where that was not asked for and the file has more.
///
/// # Errors
///
/// As [`open`] and [`Opened::read`](underpaint_core::checkpoint::Opened::read), naming the file.
pub fn read_chosen(
    path: &Path,
    wanted: Wanted,
    key: Option<&str>,
) -> Result<(Checkpoint, Option<Choice>)> {
    if path.is_dir() {
        bail!(
            "{}: {EXPECTED}, found {}",
            path.display(),
            folder_kind(path)
        );
    }
    let file = DiskFile::open(path)?;
    let read = open(file, wanted, key, Naming::Flags).and_then(|opened| opened.read());
    read.with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests;
