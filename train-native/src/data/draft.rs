//! A folder that is written under another name until all of it is there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::error::DataError;

/// A data set in the making: the hidden sibling `.NAME.draft` of the folder that it is to become.
///
/// Dropping it unfinished removes it. What a killed program left is removed by the next that writes to the same place.
#[derive(Debug)]
pub(crate) struct Draft {
    folder: PathBuf,
    output: PathBuf,
    finished: bool,
}

impl Draft {
    /// An empty draft of `output`.
    ///
    /// # Errors
    /// [`DataError::OutputInUse`] if `output` is a file or holds anything, [`DataError::Io`] if nothing can be made there.
    pub(crate) fn begin(output: &Path) -> Result<Self, DataError> {
        check_unused(output)?;
        let absolute =
            std::path::absolute(output).map_err(|error| DataError::io("find", output, error))?;
        let Some(name) = absolute.file_name() else {
            return Err(DataError::OutputInUse {
                path: output.to_path_buf(),
                found: "the whole disk".into(),
            });
        };
        let folder = absolute.with_file_name(format!(".{}.draft", name.to_string_lossy()));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| DataError::io("remove", &folder, error))?;
        }
        fs::create_dir_all(&folder).map_err(|error| DataError::io("create", &folder, error))?;
        Ok(Self {
            folder,
            output: absolute,
            finished: false,
        })
    }

    /// Where to write.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// As [`Draft::begin`], for what has come there meanwhile.
    pub(crate) fn finish(mut self) -> Result<(), DataError> {
        check_unused(&self.output)?;
        if self.output.exists() {
            fs::remove_dir(&self.output)
                .map_err(|error| DataError::io("replace", &self.output, error))?;
        }
        fs::rename(&self.folder, &self.output)
            .map_err(|error| DataError::io("write", &self.output, error))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.finished {
            // The error that ended the work is the one to tell; the next run removes what is left.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn check_unused(output: &Path) -> Result<(), DataError> {
    let in_use = |found: String| {
        Err(DataError::OutputInUse {
            path: output.to_path_buf(),
            found,
        })
    };
    if output.is_file() {
        return in_use("a file's content".into());
    }
    if !output.exists() {
        return Ok(());
    }
    let failed = |error| DataError::io("list", output, error);
    let first = fs::read_dir(output).map_err(failed)?.next();
    match first.transpose().map_err(failed)? {
        Some(entry) => in_use(entry.file_name().to_string_lossy().into_owned()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_becomes_the_folder_or_nothing() {
        let place = tempfile::tempdir().unwrap();
        let output = place.path().join("data");
        fs::create_dir(&output).unwrap();
        let names = || -> Vec<_> {
            let entries = fs::read_dir(place.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name()).collect()
        };
        // What a killed run has left is gone with the next.
        fs::create_dir(place.path().join(".data.draft")).unwrap();
        fs::write(place.path().join(".data.draft/old"), b"").unwrap();
        let draft = Draft::begin(&output).unwrap();
        fs::write(draft.folder().join("a"), b"1").unwrap();
        drop(draft);
        assert_eq!(names(), ["data"]);
        let draft = Draft::begin(&output).unwrap();
        fs::write(draft.folder().join("b"), b"2").unwrap();
        draft.finish().unwrap();
        assert_eq!(names(), ["data"]);
        assert!(output.join("b").is_file() && !output.join("old").exists());
        let error = Draft::begin(&output).unwrap_err().to_string();
        assert!(error.contains("holds b"), "{error}");
        assert!(Draft::begin(&output.join("b")).is_err(), "a file");
        assert_eq!(names(), ["data"]);
    }
}
