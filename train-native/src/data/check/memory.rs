//! What earlier checks found in files that have not changed since.
//!
//! Facts are kept, not verdicts: another number of classes or another table of ids is judged anew without reading.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::facts::{Facts, Role};
use crate::data::error::DataError;
use crate::data::files::write_atomically;

/// Raised when what is kept changes its meaning.
const VERSION: u32 = 2;

/// Size and time of change of a file, by which it is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// Bytes.
    length: u64,
    /// Nanoseconds since 1970.
    changed: u64,
}

impl Stamp {
    /// The stamp of a file; none where the system does not tell.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            length: metadata.len(),
            changed: u64::try_from(changed.as_nanos()).ok()?,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    stamp: Stamp,
    facts: Facts,
}

/// Facts about files by path and role.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    version: u32,
    files: HashMap<String, Entry>,
    #[serde(skip)]
    changed: bool,
}

impl Memory {
    /// Reads a memory. One that is absent, damaged or of another version knows nothing.
    pub fn read(path: &Path) -> Self {
        let read = fs::read(path).ok();
        let memory: Option<Self> = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        memory
            .filter(|memory| memory.version == VERSION)
            .unwrap_or_default()
    }

    /// What is known about a file with that stamp; `decoded` asks for more than a header.
    pub fn facts(&self, path: &Path, role: Role, stamp: Stamp, decoded: bool) -> Option<&Facts> {
        let entry = self.files.get(&key(path, role))?;
        let enough = entry.stamp == stamp && (entry.facts.decoded || !decoded);
        enough.then_some(&entry.facts)
    }

    /// Keeps what was found in a file.
    pub fn keep(&mut self, path: &Path, role: Role, stamp: Stamp, facts: &Facts) {
        let facts = facts.clone();
        self.files.insert(key(path, role), Entry { stamp, facts });
        self.changed = true;
    }

    /// Writes the memory if it has learnt something.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn write(mut self, path: &Path) -> Result<(), DataError> {
        if !self.changed {
            return Ok(());
        }
        self.version = VERSION;
        let bytes = serde_json::to_vec(&self)
            .map_err(|error| DataError::io("write", path, std::io::Error::other(error)))?;
        write_atomically(path, &bytes)
    }
}

fn key(path: &Path, role: Role) -> String {
    let role = match role {
        Role::Picture => "picture",
        Role::Labels => "labels",
        Role::Instances => "instances",
    };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    format!("{role} {}", path.display())
}
