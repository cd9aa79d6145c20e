//! Checkpoints: everything that a run needs to continue exactly.
//!
//! A checkpoint is the folder `checkpoints/step-00000400` of a run, with one safetensors file for each
//! state dict and `state.json`, which holds the counters and the SHA-256 of every file. It is
//! written under another name and renamed when all of it is on disk, so that a run killed at any
//! moment leaves only whole ones.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use underpaint_core::bundle::{WeightDtype, decode_weights, encode_weights, sha256};
use underpaint_core::state_dict::StateDict;

use super::schedule::PlateauState;
use crate::family::TrainerState;

const FOLDER: &str = "checkpoints";
const STATE_FILE: &str = "state.json";
const PREFIX: &str = "step-";
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
/// # Errors
///
/// If a weight is not finite, naming it, or if files cannot be written. The checkpoints that were
/// there stay.
pub fn save(run: &Path, position: &Position, state: &TrainerState, keep: usize) -> Result<PathBuf> {
    for (name, dict) in &state.tensors {
        check_finite(name, dict)?;
    }
    let folder = run.join(FOLDER);
    let name = format!("{PREFIX}{:08}", position.step);
    let (unfinished, finished) = (
        folder.join(format!("{UNFINISHED}{name}")),
        folder.join(&name),
    );
    remove(&unfinished)?;
    fs::create_dir_all(&unfinished)
        .with_context(|| format!("cannot create {}", unfinished.display()))?;
    let mut files = BTreeMap::new();
    for (name, dict) in &state.tensors {
        let file = format!("{name}.safetensors");
        let bytes = encode_weights(dict, WeightDtype::F32)?;
        write_synced(&unfinished.join(&file), &bytes)?;
        files.insert(file, sha256(&bytes));
    }
    let counters = state.counters.clone();
    let json = StateFile {
        format_version: FORMAT_VERSION,
        position: *position,
        counters,
        files,
    };
    write_synced(
        &unfinished.join(STATE_FILE),
        serde_json::to_string_pretty(&json)?.as_bytes(),
    )?;
    // A resumed run may come by a step that it has been to before.
    remove(&finished)?;
    fs::rename(&unfinished, &finished)
        .with_context(|| format!("cannot write {}", finished.display()))?;
    sync_folder(&folder)?;
    for (_, old) in list(run)?.iter().rev().skip(keep.max(1)) {
        remove(old)?;
    }
    Ok(finished)
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

/// Reads a whole checkpoint.
///
/// # Errors
///
/// If a file is missing, damaged or not the one that was written, naming it.
pub fn load(checkpoint: &Path) -> Result<(Position, TrainerState)> {
    let state = read_state(checkpoint)?;
    let mut tensors = BTreeMap::new();
    for file in state.files.keys() {
        let name = file.trim_end_matches(".safetensors").to_owned();
        tensors.insert(name, read_tensors(checkpoint, &state, file)?);
    }
    Ok((
        state.position,
        TrainerState {
            tensors,
            counters: state.counters,
        },
    ))
}

/// Reads the weights of one network.
///
/// # Errors
///
/// As [`load`].
pub fn load_network(checkpoint: &Path, name: &str) -> Result<(Position, StateDict)> {
    let state = read_state(checkpoint)?;
    let dict = read_tensors(checkpoint, &state, &format!("{name}.safetensors"))?;
    Ok((state.position, dict))
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

fn read_tensors(checkpoint: &Path, state: &StateFile, file: &str) -> Result<StateDict> {
    let path = checkpoint.join(file);
    let expected = state
        .files
        .get(file)
        .ok_or_else(|| anyhow!("{}: {STATE_FILE} does not list it", path.display()))?;
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let found = sha256(&bytes);
    if found != *expected {
        bail!(
            "{}: damaged checkpoint: expected SHA-256 {expected}, found {found}",
            path.display()
        );
    }
    decode_weights(&bytes).with_context(|| format!("{}", path.display()))
}

fn check_finite(name: &str, dict: &StateDict) -> Result<()> {
    for (key, tensor) in dict {
        if let Some(value) = tensor.values.iter().find(|value| !value.is_finite()) {
            bail!("{name}: {key} holds {value}; nothing was saved, the last good checkpoint stays");
        }
    }
    Ok(())
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
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
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
        return Ok(());
    };
    if !folder.exists() {
        return Ok(());
    }
    let doomed = match name.starts_with(UNFINISHED) {
        true => folder.to_path_buf(),
        false => folder.with_file_name(format!("{UNFINISHED}old-{name}")),
    };
    let remove = || {
        if doomed != folder {
            if doomed.exists() {
                fs::remove_dir_all(&doomed)?;
            }
            fs::rename(folder, &doomed)?;
        }
        fs::remove_dir_all(&doomed)
    };
    remove().with_context(|| format!("cannot remove {}", folder.display()))
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
mod tests {
    use super::*;
    use underpaint_core::state_dict::StateTensor;

    fn state(value: f32) -> TrainerState {
        let tensor = StateTensor {
            shape: vec![2],
            values: vec![value, 0.5],
        };
        TrainerState {
            tensors: [(
                "generator".to_owned(),
                [("a.weight".to_owned(), tensor)].into(),
            )]
            .into(),
            counters: [("generator_adam".to_owned(), 7)].into(),
        }
    }

    fn at(step: u64) -> Position {
        Position {
            step,
            ..Position::START
        }
    }

    #[test]
    fn a_checkpoint_comes_back_and_only_the_newest_stay() {
        let run = tempfile::tempdir().expect("a folder");
        for step in [5, 10, 15] {
            save(run.path(), &at(step), &state(step as f32), 2).expect("saved");
        }
        let steps: Vec<u64> = list(run.path())
            .expect("listed")
            .into_iter()
            .map(|(step, _)| step)
            .collect();
        assert_eq!(steps, [10, 15]);
        let (position, loaded) = load(&latest(run.path()).expect("newest")).expect("loaded");
        assert_eq!(
            (position, loaded.tensors, loaded.counters),
            (at(15), state(15.0).tensors, state(15.0).counters)
        );
    }

    #[test]
    fn a_flipped_bit_is_an_error_that_names_the_file() {
        let run = tempfile::tempdir().expect("a folder");
        let checkpoint = save(run.path(), &at(1), &state(1.0), 2).expect("saved");
        let file = checkpoint.join("generator.safetensors");
        let mut bytes = fs::read(&file).expect("read");
        *bytes.last_mut().expect("not empty") ^= 1;
        fs::write(&file, bytes).expect("written");
        let error = load(&checkpoint).expect_err("damaged").to_string();
        assert!(
            error.contains("generator.safetensors") && error.contains("damaged"),
            "{error}"
        );
    }

    #[test]
    fn a_weight_that_is_not_finite_is_never_saved() {
        let run = tempfile::tempdir().expect("a folder");
        save(run.path(), &at(1), &state(1.0), 2).expect("saved");
        let error = save(run.path(), &at(2), &state(f32::NAN), 2)
            .expect_err("NaN")
            .to_string();
        assert!(error.contains("a.weight holds NaN"), "{error}");
        assert!(
            latest(run.path())
                .expect("newest")
                .ends_with("step-00000001")
        );
    }

    #[test]
    fn an_unfinished_checkpoint_is_not_one() {
        let run = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(
            run.path()
                .join(FOLDER)
                .join(format!("{UNFINISHED}{PREFIX}00000009")),
        )
        .expect("made");
        assert!(
            latest(run.path())
                .expect_err("none")
                .to_string()
                .contains("no checkpoint")
        );
        remove_unfinished(run.path()).expect("removed");
        assert_eq!(
            fs::read_dir(run.path().join(FOLDER)).expect("read").count(),
            0
        );
    }
}
