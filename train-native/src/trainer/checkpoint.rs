//! Checkpoints: everything that a run needs to continue exactly.
//!
//! A checkpoint is the folder `checkpoints/step-00000400` of a run, with one safetensors file for each
//! state dict and `state.json`, which holds the counters and the SHA-256 of every file. It is
//! written under another name and renamed when all of it is on disk, so that a run killed at any
//! moment leaves only whole ones. Neither writing nor reading needs more memory than one tensor and
//! one file, and what does not fit on the disk is not begun.

mod file;
mod space;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use underpaint_core::state_dict::StateDict;

use super::schedule::PlateauState;
use crate::family::{Snapshot, TrainerState};

const FOLDER: &str = "checkpoints";
const STATE_FILE: &str = "state.json";
const PREFIX: &str = "step-";
/// Ending of the files that hold a state dict.
const TENSORS: &str = ".safetensors";
/// Said of every failure: what is worth knowing then.
const STAYS: &str = "nothing was saved, the last good checkpoint stays";
/// Leftovers of a killed run begin with this.
const UNFINISHED: &str = ".unfinished-";
const FORMAT_VERSION: u32 = 1;

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Steps done.
    pub step: u64,
    /// Current epoch, counted from 1.
    pub epoch: u64,
    /// Batches of it that are done.
    pub batch: u64,
    /// Memory of the `plateau` schedule.
    pub plateau: PlateauState,
}

impl Position {
    /// Before the first step.
    pub const START: Self = Self {
        step: 0,
        epoch: 1,
        batch: 0,
        plateau: PlateauState::START,
    };
}

#[derive(Serialize, Deserialize)]
struct StateFile {
    format_version: u32,
    position: Position,
    counters: BTreeMap<String, u64>,
    /// SHA-256 by file name.
    files: BTreeMap<String, String>,
}

/// Writes a checkpoint and removes all but the newest `keep`.
///
/// There is one more than that on the disk until it is whole.
///
/// # Errors
///
/// If a weight is not finite, naming it, if the disk has too little space, or if files cannot be
/// written. The checkpoints that were there stay, and nothing of the new one.
pub fn save(run: &Path, position: &Position, state: &Snapshot, keep: usize) -> Result<PathBuf> {
    let folder = run.join(FOLDER);
    let name = format!("{PREFIX}{:08}", position.step);
    let (unfinished, finished) = (
        folder.join(format!("{UNFINISHED}{name}")),
        folder.join(&name),
    );
    remove(&unfinished)?;
    fs::create_dir_all(&unfinished)
        .with_context(|| format!("cannot create {}; {STAYS}", unfinished.display()))?;
    let written = space::check(&folder, state)
        .and_then(|()| write(&unfinished, position, state))
        .and_then(|()| put_in_place(&unfinished, &finished));
    if let Err(error) = written {
        // The first error is the one to tell; that a folder may be left is harmless.
        let _ = fs::remove_dir_all(&unfinished);
        return Err(error);
    }
    sync_folder(&folder)?;
    for (_, old) in list(run)?.iter().rev().skip(keep.max(1)) {
        remove(old)?;
    }
    Ok(finished)
}

/// Writes all files of a checkpoint.
fn write(folder: &Path, position: &Position, state: &Snapshot) -> Result<()> {
    let mut files = BTreeMap::new();
    for (name, dict) in &state.files {
        let file = format!("{name}{TENSORS}");
        let hash = file::write(&folder.join(&file), name, dict)?;
        files.insert(file, hash);
    }
    let json = StateFile {
        format_version: FORMAT_VERSION,
        position: *position,
        counters: state.counters.clone(),
        files,
    };
    write_synced(
        &folder.join(STATE_FILE),
        serde_json::to_string_pretty(&json)?.as_bytes(),
    )
}

/// Gives a whole checkpoint its name. A resumed run may come by a step that it has been to before:
/// what it wrote then goes last.
fn put_in_place(unfinished: &Path, finished: &Path) -> Result<()> {
    let replaced = set_aside(finished)?;
    fs::rename(unfinished, finished)
        .with_context(|| format!("cannot write {}; {STAYS}", finished.display()))?;
    replaced.map_or(Ok(()), |old| remove(&old))
}

/// The checkpoints of a run, oldest first.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn list(run: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let folder = run.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.display()));
        }
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot read {}", folder.display()))?
            .path();
        let step = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix(PREFIX)?.parse().ok());
        found.extend(step.map(|step: u64| (step, path)));
    }
    found.sort();
    Ok(found)
}

/// The newest checkpoint of a run.
///
/// # Errors
///
/// If there is none.
pub fn latest(run: &Path) -> Result<PathBuf> {
    match list(run)?.pop() {
        Some((_, path)) => Ok(path),
        None => bail!(
            "{}: no checkpoint in it; expected {FOLDER}/{PREFIX}…, which a run writes every \
             --save-every steps and when it ends",
            run.display()
        ),
    }
}

/// Opens a whole checkpoint, of which each file is read when the state gives it away.
///
/// # Errors
///
/// If its `state.json` is missing or damaged, naming it. Taking a file from the state fails if that is
/// missing, damaged or not the one that was written, naming it too.
pub fn load(checkpoint: &Path) -> Result<(Position, TrainerState)> {
    let found = read_state(checkpoint)?;
    let mut state = TrainerState::new(found.counters);
    for (file, hash) in found.files {
        let path = checkpoint.join(&file);
        let name = file.trim_end_matches(TENSORS).to_owned();
        state.insert(name, move || read_tensors(&path, &hash));
    }
    Ok((found.position, state))
}

/// Reads the weights of one network.
///
/// # Errors
///
/// As [`load`].
pub fn load_network(checkpoint: &Path, name: &str) -> Result<(Position, StateDict)> {
    let state = read_state(checkpoint)?;
    let file = format!("{name}{TENSORS}");
    let path = checkpoint.join(&file);
    let hash = state.files.get(&file);
    let hash = hash.ok_or_else(|| anyhow!("{}: {STATE_FILE} does not list it", path.display()))?;
    Ok((state.position, read_tensors(&path, hash)?))
}

/// Names of the state dicts in a checkpoint.
///
/// # Errors
///
/// If its list is missing or damaged.
pub fn names(checkpoint: &Path) -> Result<Vec<String>> {
    let files = read_state(checkpoint)?.files.into_keys();
    let name = |file: String| file.trim_end_matches(".safetensors").to_owned();
    Ok(files.map(name).collect())
}

/// SHA-256 of every file of a checkpoint by the file's name, as it lists them: what tells two of them apart.
///
/// # Errors
///
/// If its list is missing or damaged.
pub fn hashes(checkpoint: &Path) -> Result<BTreeMap<String, String>> {
    Ok(read_state(checkpoint)?.files)
}

/// Where the run was when it wrote a checkpoint.
///
/// # Errors
///
/// If its counters are missing or damaged.
pub fn position(checkpoint: &Path) -> Result<Position> {
    Ok(read_state(checkpoint)?.position)
}

fn read_state(checkpoint: &Path) -> Result<StateFile> {
    let path = checkpoint.join(STATE_FILE);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let state: StateFile = serde_json::from_slice(&bytes)
        .with_context(|| format!("{}: damaged checkpoint", path.display()))?;
    if state.format_version != FORMAT_VERSION {
        bail!(
            "{}: expected checkpoint format {FORMAT_VERSION}, found {}",
            path.display(),
            state.format_version
        );
    }
    Ok(state)
}

fn read_tensors(path: &Path, expected: &str) -> Result<StateDict> {
    let found = crate::files::sha256(path)?;
    if found != expected {
        bail!(
            "{}: damaged checkpoint: expected SHA-256 {expected}, found {found}",
            path.display()
        );
    }
    file::read(path)
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}; {STAYS}", path.display()))
}

fn sync_folder(folder: &Path) -> Result<()> {
    // Only Unix can open a folder for this.
    if cfg!(unix) {
        let sync = File::open(folder).and_then(|file| file.sync_all());
        sync.with_context(|| format!("cannot write {}", folder.display()))?;
    }
    Ok(())
}

/// Removes a checkpoint so that a half-removed one never has a checkpoint's name.
fn remove(folder: &Path) -> Result<()> {
    let Some(doomed) = set_aside(folder)? else {
        return Ok(());
    };
    fs::remove_dir_all(&doomed).with_context(|| format!("cannot remove {}", folder.display()))
}

/// Takes a checkpoint's name away; gives its path since then, or `None` if there is no such folder.
fn set_aside(folder: &Path) -> Result<Option<PathBuf>> {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
        return Ok(None);
    };
    if !folder.exists() {
        return Ok(None);
    }
    if name.starts_with(UNFINISHED) {
        return Ok(Some(folder.to_path_buf()));
    }
    let aside = folder.with_file_name(format!("{UNFINISHED}old-{name}"));
    let rename = || {
        if aside.exists() {
            fs::remove_dir_all(&aside)?;
        }
        fs::rename(folder, &aside)
    };
    rename().with_context(|| format!("cannot remove {}", folder.display()))?;
    Ok(Some(aside))
}

/// Removes what a killed run left half-written.
///
/// # Errors
///
/// If a folder cannot be removed.
pub fn remove_unfinished(run: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(run.join(FOLDER)) else {
        return Ok(());
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED))
        {
            remove(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
