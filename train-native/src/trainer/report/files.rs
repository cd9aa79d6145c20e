//! The one way in which whole files of a report are written.

use std::fs;
use std::path::Path;

use super::ReportError;

/// Writes a file whole or not at all.
///
/// # Errors
/// [`ReportError::Io`] naming `path`.
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    crate::files::write_atomically(path, bytes).map_err(ReportError::io("write", path))
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
        if crate::files::is_partial(&name) {
            let path = entry.path();
            fs::remove_file(&path).map_err(ReportError::io("remove", &path))?;
        } else {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_written_files_are_removed_and_not_listed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".b.png.partial"), "half").unwrap();
        write_atomically(&dir.path().join("b.png"), b"b").unwrap();
        write_atomically(&dir.path().join("a.png"), b"a").unwrap();
        fs::write(dir.path().join(".a.png.partial"), "half").unwrap();
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
