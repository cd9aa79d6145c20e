//! The one way in which whole files of a report are written.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::ReportError;

/// Ending of the name of a file that is being written.
const PARTIAL: &str = ".partial";

/// Writes `path` so that it holds, at every moment, either its old content or all of `bytes`: a
/// sibling `.NAME.partial` is written and renamed over it.
///
/// # Errors
/// [`ReportError::Io`] naming `path`; the partial sibling is removed.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let partial = partial_sibling(path);
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|source| {
            // The first error is the one to tell; that the partial file may be left is harmless.
            let _ = fs::remove_file(&partial);
            ReportError::io("write", path)(source)
        })
}

/// Lists `folder` by name, sorted, and removes what a write that was killed left half done there.
///
/// # Errors
/// [`ReportError::Io`].
pub(super) fn list_whole_files(folder: &Path) -> Result<Vec<String>, ReportError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(ReportError::io("read", folder))? {
        let entry = entry.map_err(ReportError::io("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') && name.ends_with(PARTIAL) {
            let path = entry.path();
            fs::remove_file(&path).map_err(ReportError::io("remove", &path))?;
        } else {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The name under which `path` is written before it is renamed.
fn partial_sibling(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{PARTIAL}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atomic_write_replaces_and_leaves_no_partial_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("page.html");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn half_written_files_are_removed_and_not_listed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(partial_sibling(&dir.path().join("b.png")), "half").unwrap();
        write_atomically(&dir.path().join("b.png"), b"b").unwrap();
        write_atomically(&dir.path().join("a.png"), b"a").unwrap();
        fs::write(partial_sibling(&dir.path().join("a.png")), "half").unwrap();
        assert_eq!(list_whole_files(dir.path()).unwrap(), ["a.png", "b.png"]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn atomic_write_into_a_removed_folder_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gone").join("page.html");
        let message = write_atomically(&path, b"x").unwrap_err().to_string();
        assert!(
            message.contains("gone") && message.contains("page.html"),
            "{message}"
        );
    }
}
