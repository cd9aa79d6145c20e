//! What survives a step: a snapshot to save, a state to continue from.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, anyhow};
use underpaint_core::state_dict::{LazyDict, LazyTensor, StateDict};

/// Everything that a checkpoint holds, none of it read yet: a state dict by the name of the file that
/// it goes into, and counters by name.
///
/// While it lives, libtorch cannot update the weights in place.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Weights, moments and stored pictures: one file each.
    pub files: BTreeMap<String, LazyDict>,
    /// Counters, such as an optimiser's steps.
    pub counters: BTreeMap<String, u64>,
}

impl Snapshot {
    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// If the device does not give a tensor, naming it.
    pub fn read(&self) -> Result<BTreeMap<String, StateDict>> {
        let dict = |(name, dict)| Ok((String::clone(name), read(dict)?));
        self.files.iter().map(dict).collect()
    }
}

fn read(dict: &LazyDict) -> Result<StateDict> {
    let tensor = |(key, tensor): (&String, &LazyTensor)| {
        let read = tensor.read().map_err(|error| anyhow!("{key}: {error}"))?;
        Ok((key.clone(), read))
    };
    dict.iter().map(tensor).collect()
}

/// Reads a state dict when it is taken.
type Reader = Box<dyn FnOnce() -> Result<StateDict>>;

/// What a family continues from: state dicts by name, each read when it is taken, and counters by
/// name.
#[derive(Default)]
pub struct TrainerState {
    files: BTreeMap<String, Reader>,
    /// Counters, such as an optimiser's steps.
    pub counters: BTreeMap<String, u64>,
}

impl TrainerState {
    /// A state without state dicts.
    pub fn new(counters: BTreeMap<String, u64>) -> Self {
        let files = BTreeMap::new();
        Self { files, counters }
    }

    /// Adds the state dict that `read` gives.
    pub fn insert(&mut self, name: String, read: impl FnOnce() -> Result<StateDict> + 'static) {
        self.files.insert(name, Box::new(read));
    }

    /// Takes a state dict out.
    ///
    /// # Errors
    ///
    /// If there is none of that name, or if it cannot be read.
    pub fn take(&mut self, name: &str) -> Result<StateDict> {
        let reader = self.files.remove(name);
        reader.ok_or_else(|| anyhow!("the checkpoint holds no {name}"))?()
    }
}

impl From<Snapshot> for TrainerState {
    fn from(snapshot: Snapshot) -> Self {
        let mut state = Self::new(snapshot.counters);
        for (name, dict) in snapshot.files {
            state.insert(name, move || read(&dict));
        }
        state
    }
}

impl fmt::Debug for TrainerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<&String> = self.files.keys().collect();
        let mut debug = f.debug_struct("TrainerState");
        debug.field("files", &files);
        debug.field("counters", &self.counters).finish()
    }
}
