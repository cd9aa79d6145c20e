//! The tree of `ADEChallengeData2016`: photos and label maps anywhere below the root, told apart by extension, with the
//! phase in their names.

use std::path::{Path, PathBuf};

use super::pairing::{Kind, join};
use super::{Listing, or_validation};
use crate::data::error::DataError;
use crate::data::files::{FolderFiles, is_jpeg_name, list_files_of, sample_name};

/// Phases by the part of a path that says so.
const PHASES: [(&str, &str); 2] = [("train", "_train_"), ("val", "_val_")];

/// Pairs photos and label maps of a phase by the stem of their names.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`], [`DataError::WrongLayout`] or [`DataError::Io`].
///
/// Source: model specification 4.6.
pub(super) fn list(root: &Path, phase: &str) -> Result<Listing, DataError> {
    let files = files_of(root)?;
    let (note, files) = (files.note(root), files.pictures);
    let has = |phase: &str| !of_phase(root, &files, phase).is_empty();
    let phase = or_validation(phase, has);
    let found = of_phase(root, &files, phase);
    let (labels, photos): (Vec<_>, Vec<_>) = found.into_iter().partition(|path| is_png(path));
    if let Some(foreign) = labels.iter().find(|path| is_full_ade20k(path)) {
        return Err(full_ade20k(root, foreign));
    }
    if labels.is_empty() || photos.is_empty() {
        return Err(DataError::WrongLayout {
            path: root.to_path_buf(),
            expected: format!(
                "the tree of ADEChallengeData2016 with photos ADE_{phase}_*.jpg and label maps ADE_{phase}_*.png"
            ),
            found: format!("{} photos and {} label maps", photos.len(), labels.len()),
            hint: format!(
                "{} pictures lie there in all; the root is the folder above images and annotations",
                files.len()
            ),
        });
    }
    let mut problems = Vec::new();
    let mut kind = |what, files: Vec<PathBuf>| {
        let keyed = files.into_iter().map(|path| (stem(&path), path));
        Kind::new(what, root.to_path_buf(), keyed, &mut problems)
    };
    let (labels, photos) = (kind("label maps", labels), kind("photos", photos));
    let samples = join(labels, photos, |stem, _, _| stem.to_owned(), &mut problems);
    Ok(Listing {
        folders: vec![root.to_path_buf()],
        samples: samples.into_iter().map(|(_, files)| files).collect(),
        problems,
        notes: note.into_iter().collect(),
    })
}

/// The phases there are.
pub(super) fn phases(root: &Path) -> Vec<String> {
    let files = files_of(root).unwrap_or_default().pictures;
    let there = PHASES
        .into_iter()
        .filter(|(phase, _)| !of_phase(root, &files, phase).is_empty());
    there.map(|(phase, _)| phase.to_owned()).collect()
}

fn files_of(root: &Path) -> Result<FolderFiles, DataError> {
    let mut files = list_files_of(root, "the tree of ADEChallengeData2016")?;
    files
        .pictures
        .retain(|path| is_jpeg_name(path) || is_png(path));
    Ok(files)
}

/// Files whose path below the root says that they belong to the phase.
fn of_phase(root: &Path, files: &[PathBuf], phase: &str) -> Vec<PathBuf> {
    let part = format!("_{phase}_");
    let belongs = |path: &&PathBuf| sample_name(root, path).contains(&part);
    files.iter().filter(belongs).cloned().collect()
}

fn is_png(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Whether a file is one of the masks of the full ADE20K, which encode class and object in their colours.
fn is_full_ade20k(path: &Path) -> bool {
    let stem = stem(path);
    stem.ends_with("_seg") || stem.contains("_parts_")
}

fn full_ade20k(root: &Path, file: &Path) -> DataError {
    DataError::WrongLayout {
        path: root.to_path_buf(),
        expected: "the label maps of ADEChallengeData2016 (ids 0 to 150)".into(),
        found: format!("masks of the full ADE20K such as {}", file.display()),
        hint: "Download the scene parsing benchmark's ADEChallengeData2016.zip instead".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_with(names: &[&str]) -> tempfile::TempDir {
        // A temporary folder that says `_val_` in its own path must not matter.
        let root = tempfile::Builder::new()
            .prefix("x_val_x")
            .tempdir()
            .unwrap();
        for name in names {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        root
    }

    const TREE: [&str; 7] = [
        "images/training/ADE_train_00000010.jpg",
        "images/training/ADE_train_00000002.jpg",
        "images/validation/ADE_val_00000001.jpg",
        "annotations/training/ADE_train_00000002.png",
        "annotations/training/ADE_train_00000010.png",
        "annotations/validation/ADE_val_00000001.png",
        "objectInfo150.csv",
    ];

    #[test]
    fn photos_and_label_maps_are_paired_by_stem_within_the_phase() {
        let root = root_with(&TREE);
        let names = |phase| {
            let listing = list(root.path(), phase).unwrap();
            assert!(listing.problems.is_empty());
            let samples = listing.samples.into_iter();
            samples.map(|files| files.name).collect::<Vec<_>>()
        };
        assert_eq!(names("train"), ["ADE_train_00000002", "ADE_train_00000010"]);
        assert_eq!(names("val"), ["ADE_val_00000001"]);
        assert_eq!(names("test"), names("val"));
        assert_eq!(phases(root.path()), ["train", "val"]);
    }

    #[test]
    fn orphans_are_told_and_an_absent_phase_is_an_error() {
        let root = root_with(&TREE);
        std::fs::remove_file(root.path().join(TREE[3])).unwrap();
        let listing = list(root.path(), "train").unwrap();
        let text = listing.problems[0].to_string();
        for part in [TREE[1], "1 label maps and 2 photos"] {
            assert!(
                text.replace('\\', "/").contains(part),
                "{part} missing in {text}"
            );
        }
        let text = list(root.path(), "other").unwrap_err().to_string();
        assert!(text.contains("ADEChallengeData2016"), "{text}");
    }

    #[test]
    fn masks_of_the_full_ade20k_are_told_apart() {
        let root = root_with(&["a/ADE_train_1.jpg", "a/ADE_train_1_seg.png"]);
        let text = list(root.path(), "train").unwrap_err().to_string();
        for part in ["ADE_train_1_seg.png", "ADEChallengeData2016.zip"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
    }
}
