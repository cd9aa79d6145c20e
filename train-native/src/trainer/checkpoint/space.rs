//! Whether a checkpoint fits on the disk.

use std::path::Path;

use anyhow::{Result, bail};
use indicatif::DecimalBytes;

use super::{STAYS, file};
use crate::family::Snapshot;

/// For `state.json`, folders, and what file systems round up to.
const MARGIN: u64 = 1 << 20;

/// Compares what `state` takes with what the file system of `folder` has left for us.
///
/// A file system that does not say how much that is passes: a write that fails tells soon enough.
///
/// # Errors
///
/// Naming both, if it is too little.
pub(super) fn check(folder: &Path, state: &Snapshot) -> Result<()> {
    let sizes = state.files.values().map(file::size);
    let needed = sizes.sum::<Result<u64>>()? + MARGIN;
    match fs4::available_space(folder) {
        Ok(available) => compare(folder, needed, available),
        Err(_) => Ok(()),
    }
}

fn compare(folder: &Path, needed: u64, available: u64) -> Result<()> {
    if needed <= available {
        return Ok(());
    }
    bail!(
        "{}: a checkpoint needs {}, and {} are available on this disk; {STAYS}. Make room, or keep \
         fewer checkpoints (--keep)",
        folder.display(),
        DecimalBytes(needed),
        DecimalBytes(available)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_space_is_told_with_what_is_needed_and_what_there_is() {
        let folder = Path::new("run/checkpoints");
        assert!(compare(folder, 2_200_000_000, 2_200_000_000).is_ok());
        let error = compare(folder, 2_200_000_000, 731_000_000)
            .expect_err("too little")
            .to_string();
        for part in ["run/checkpoints", "2.20 GB", "731.00 MB", STAYS] {
            assert!(error.contains(part), "{error}");
        }
    }
}
