//! Folders of pictures: which files count, in which order, under which names; and safe writing.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::data::error::DataError;

/// Extensions (lower case) that mark a file in a data folder as a picture.
pub const PICTURE_EXTENSIONS: [&str; 8] =
    ["jpg", "jpeg", "png", "ppm", "bmp", "tif", "tiff", "webp"];

/// All pictures below `folder` (recursive, hidden files and folders left out), sorted by path as text.
///
/// # Errors
/// [`DataError::Io`] if a folder cannot be listed.
pub fn list_pictures(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    let walk = WalkDir::new(folder).follow_links(true).into_iter();
    // The folder that was asked for counts whatever its name is.
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        let entry = entry.map_err(|error| walk_error(folder, error))?;
        if entry.file_type().is_file() && is_picture_name(entry.path()) {
            paths.push(entry.into_path());
        }
    }
    paths.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    Ok(paths)
}

fn walk_error(folder: &Path, error: walkdir::Error) -> DataError {
    let path = error.path().unwrap_or(folder).to_path_buf();
    let looped = || std::io::Error::other("the folders link to themselves");
    let source = error.into_io_error().unwrap_or_else(looped);
    DataError::Io {
        action: "list",
        path,
        cause: source,
    }
}

/// As [`list_pictures`], but an absent or empty folder is an error that says what was found instead.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`] or [`DataError::Io`].
pub fn list_pictures_of(folder: &Path, expected: &str) -> Result<Vec<PathBuf>, DataError> {
    if !folder.is_dir() {
        return Err(DataError::MissingFolder {
            path: folder.to_path_buf(),
            expected: expected.into(),
            found: describe_siblings(folder),
        });
    }
    let paths = list_pictures(folder)?;
    if paths.is_empty() {
        let others = WalkDir::new(folder)
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_file())
            .count();
        return Err(DataError::EmptyFolder {
            path: folder.to_path_buf(),
            expected: format!(
                "{expected} ({})",
                PICTURE_EXTENSIONS.map(|name| format!(".{name}")).join(" ")
            ),
            found: format!("{others} files of other kinds"),
        });
    }
    Ok(paths)
}

/// What lies beside a folder that does not exist, for its error message.
fn describe_siblings(folder: &Path) -> String {
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if folder.is_file() {
        return "a file of that name".into();
    }
    if !parent.is_dir() {
        return format!("no folder {} either", parent.display());
    }
    match subfolder_names(parent) {
        Ok(names) if names.is_empty() => format!("no folders in {}", parent.display()),
        Ok(names) => format!(
            "these folders in {}: {}",
            parent.display(),
            names.join(", ")
        ),
        Err(error) => error.to_string(),
    }
}

/// Names of the folders directly in `folder`, sorted, hidden ones left out.
///
/// # Errors
/// [`DataError::Io`] if the folder cannot be listed.
pub fn subfolder_names(folder: &Path) -> Result<Vec<String>, DataError> {
    let failed = |error| DataError::io("list", folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !is_hidden(&entry.file_name()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Whether the name alone says picture: a known extension in any case, not hidden.
#[must_use]
pub fn is_picture_name(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(is_hidden);
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    !hidden && extension.is_some_and(|extension| PICTURE_EXTENSIONS.contains(&extension.as_str()))
}

/// Whether a name is that of something other programs keep beside the data: `.ipynb_checkpoints`, `__MACOSX`, ….
fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX"
}

/// The sample name of a file: its path below `folder` without extension, with `/` between folders.
#[must_use]
pub fn sample_name(folder: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Writes a file under a temporary name in the same folder, then renames it: readers see all of it or nothing.
///
/// # Errors
/// [`DataError::Io`].
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    crate::files::write_atomically(path, bytes).map_err(|error| DataError::io("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_is_recursive_sorted_and_skips_other_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for name in ["b.PNG", "a.jpeg", "notes.txt", ".hidden.png", "sub/c.tif"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let paths = list_pictures(folder.path()).unwrap();
        let names: Vec<_> = paths
            .iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["a.jpeg", "b.PNG", "sub/c.tif"]);
        assert_eq!(sample_name(folder.path(), &paths[2]), "sub/c");
        assert!(matches!(
            list_pictures(&folder.path().join("none")),
            Err(DataError::Io { .. })
        ));
    }

    #[test]
    fn hidden_folders_are_left_out_but_never_the_one_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(".data");
        for name in [".ipynb_checkpoints", "__MACOSX", "sub"] {
            fs::create_dir_all(root.join(name)).unwrap();
            fs::write(root.join(name).join("1-checkpoint.png"), b"").unwrap();
        }
        let paths = list_pictures(&root).unwrap();
        assert_eq!(paths, [root.join("sub/1-checkpoint.png")]);
        assert_eq!(subfolder_names(&root).unwrap(), ["sub"]);
    }

    #[test]
    fn missing_folder_lists_the_folders_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["train", "val"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let text = list_pictures_of(&folder.path().join("test"), "AB pictures")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("train, val") && text.contains("AB pictures"),
            "{text}"
        );
        let text = list_pictures_of(&folder.path().join("no/test"), "AB pictures")
            .unwrap_err()
            .to_string();
        assert!(text.contains("no folder"), "{text}");
    }

    #[test]
    fn empty_folder_says_which_files_count() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.txt"), b"").unwrap();
        let text = list_pictures_of(folder.path(), "AB pictures")
            .unwrap_err()
            .to_string();
        assert!(
            text.contains(".png") && text.contains("1 files of other kinds"),
            "{text}"
        );
    }

    #[test]
    fn writing_leaves_no_temporary_file_and_replaces_whole_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomically(&path, b"long content").unwrap();
        write_atomically(&path, b"short").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read(&path).unwrap(), b"short");
        assert!(matches!(
            write_atomically(&folder.path().join("no/b.txt"), b"x"),
            Err(DataError::Io { .. })
        ));
    }
}
