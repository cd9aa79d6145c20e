//! Folders of pictures: which files count, in which order, under which names; and safe writing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::data::error::DataError;
use crate::data::hidden::is_hidden;

/// Extensions (lower case) of JPEG, those that Pillow knows and `.jif`.
const JPEG_EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "jpe", "jfif", "jif"];

/// Extensions (lower case) that mark a file in a data folder as a picture, besides those of JPEG.
const OTHER_EXTENSIONS: [&str; 11] = [
    "png", "ppm", "pgm", "pbm", "pnm", "pam", "bmp", "dib", "tif", "tiff", "webp",
];

/// Files that data sets have beside their pictures and that are no pictures left out (lower case).
const COMPANIONS: [&str; 4] = [
    "palette.json",
    "objectinfo150.txt",
    "objectinfo150.csv",
    "scenecategories.txt",
];
/// How the names of such files may end: Cityscapes' polygons.
const COMPANION_ENDING: &str = "_polygons.json";

/// The files below a folder, hidden files and folders left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderFiles {
    /// Pictures, sorted by path as text.
    pub pictures: Vec<PathBuf>,
    /// Number of files of other kinds by ending (`".gif"`, lower case), those left out that a data set has beside its
    /// pictures.
    pub left_out: BTreeMap<String, usize>,
}

impl FolderFiles {
    /// What is left out, in words: `3 files left out: .gif 1, .txt 2`; none if that is nothing.
    #[must_use]
    pub fn left_out_in_words(&self) -> Option<String> {
        let count: usize = self.left_out.values().sum();
        let files = match count {
            0 => return None,
            1 => "1 file".to_owned(),
            _ => format!("{count} files"),
        };
        Some(format!("{files} left out: {}", by_ending(&self.left_out)))
    }

    /// The same as a note on the folder.
    #[must_use]
    pub fn note(&self, folder: &Path) -> Option<(PathBuf, String)> {
        let words = self.left_out_in_words()?;
        Some((
            folder.to_path_buf(),
            format!("{}: {words}", folder.display()),
        ))
    }
}

fn by_ending(left_out: &BTreeMap<String, usize>) -> String {
    let words = left_out
        .iter()
        .map(|(ending, count)| format!("{ending} {count}"));
    words.collect::<Vec<_>>().join(", ")
}

/// All files below `folder`, recursive.
///
/// # Errors
/// [`DataError::Io`] if a folder cannot be listed.
pub fn list_files(folder: &Path) -> Result<FolderFiles, DataError> {
    let mut files = FolderFiles::default();
    let walk = WalkDir::new(folder).follow_links(true).into_iter();
    // The folder that was asked for counts whatever its name is.
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        let entry = entry.map_err(|error| walk_error(folder, error))?;
        if !entry.file_type().is_file() {
            continue;
        }
        if is_picture_name(entry.path()) {
            files.pictures.push(entry.into_path());
        } else if !is_companion(entry.path()) {
            let ending = ending_of(entry.path());
            *files.left_out.entry(ending).or_default() += 1;
        }
    }
    let by_text = |a: &PathBuf, b: &PathBuf| a.as_os_str().cmp(b.as_os_str());
    files.pictures.sort_by(by_text);
    Ok(files)
}

/// All pictures below `folder` (recursive, hidden files and folders left out), sorted by path as text.
///
/// # Errors
/// [`DataError::Io`] if a folder cannot be listed.
pub fn list_pictures(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    list_files(folder).map(|files| files.pictures)
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

/// As [`list_files`], but an absent folder, or one without a picture, is an error that says what was found instead.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`] or [`DataError::Io`].
pub fn list_files_of(folder: &Path, expected: &str) -> Result<FolderFiles, DataError> {
    if !folder.is_dir() {
        return Err(DataError::MissingFolder {
            path: folder.to_path_buf(),
            expected: expected.into(),
            found: describe_siblings(folder),
        });
    }
    let files = list_files(folder)?;
    if files.pictures.is_empty() {
        let others: usize = files.left_out.values().sum();
        let found = match others {
            0 => "none".to_owned(),
            _ => format!(
                "{others} files of other kinds: {}",
                by_ending(&files.left_out)
            ),
        };
        return Err(DataError::EmptyFolder {
            path: folder.to_path_buf(),
            expected: format!("{expected} ({})", read_endings()),
            found,
        });
    }
    Ok(files)
}

/// The pictures of [`list_files_of`].
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`] or [`DataError::Io`].
pub fn list_pictures_of(folder: &Path, expected: &str) -> Result<Vec<PathBuf>, DataError> {
    list_files_of(folder, expected).map(|files| files.pictures)
}

/// The endings of files that are read, in words.
fn read_endings() -> String {
    let endings = JPEG_EXTENSIONS.iter().chain(&OTHER_EXTENSIONS);
    let endings = endings.map(|extension| format!(".{extension}"));
    endings.collect::<Vec<_>>().join(" ")
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
    let extension = extension_of(path);
    let known = |extension: &String| OTHER_EXTENSIONS.contains(&extension.as_str());
    let is_hidden = path.file_name().is_some_and(is_hidden);
    !is_hidden && (is_jpeg_name(path) || extension.as_ref().is_some_and(known))
}

/// Whether the name alone says JPEG.
#[must_use]
pub fn is_jpeg_name(path: &Path) -> bool {
    let known = |extension: String| JPEG_EXTENSIONS.contains(&extension.as_str());
    extension_of(path).is_some_and(known)
}

/// Whether a file is one that data sets have beside their pictures.
fn is_companion(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let name = name.to_string_lossy().to_ascii_lowercase();
    COMPANIONS.contains(&name.as_str()) || name.ends_with(COMPANION_ENDING)
}

/// Extension in lower case.
fn extension_of(path: &Path) -> Option<String> {
    let extension = path.extension()?;
    Some(extension.to_string_lossy().to_ascii_lowercase())
}

fn ending_of(path: &Path) -> String {
    extension_of(path).map_or_else(|| "no ending".to_owned(), |name| format!(".{name}"))
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
        for name in [".ipynb_checkpoints", "__MACOSX", "@eaDir", "sub"] {
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
        let text = |expected: &str| {
            let refused = list_pictures_of(folder.path(), expected);
            refused.unwrap_err().to_string()
        };
        assert!(text("AB pictures").contains(".png"));
        fs::write(folder.path().join("notes.txt"), b"").unwrap();
        let told = text("AB pictures");
        assert!(told.contains("1 files of other kinds: .txt 1"), "{told}");
    }

    #[test]
    fn jpegs_by_any_name_are_pictures_and_what_is_left_out_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "a.JFIF",
            "b.jpe",
            "c.pgm",
            "d.gif",
            "e.GIF",
            "f.heic",
            "README",
            // None of these is a picture that someone might miss.
            "palette.json",
            "x_gtFine_polygons.json",
            "Thumbs.db",
            "._a.png",
        ] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let files = list_files(folder.path()).unwrap();
        assert_eq!(files.pictures.len(), 3);
        let words = files.left_out_in_words().unwrap();
        assert_eq!(words, "4 files left out: .gif 2, .heic 1, no ending 1");
        let (path, note) = files.note(folder.path()).unwrap();
        assert!(path == folder.path() && note.ends_with(&words), "{note}");
        assert_eq!(FolderFiles::default().left_out_in_words(), None);
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
