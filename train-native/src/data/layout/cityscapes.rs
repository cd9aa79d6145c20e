//! The raw tree of Cityscapes, read in place: `leftImg8bit/{phase}/{city}` and `gtFine/{phase}/{city}`.

use std::path::{Path, PathBuf};

use super::pairing::{Kind, attach, join};
use super::{Listing, or_validation};
use crate::data::error::DataError;
use crate::data::files::{list_files_of, subfolder_names};

/// Pairs photos, label maps and instance maps of a phase by the first three parts of their names: city, sequence,
/// frame. Everything else in the tree is left alone.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`], [`DataError::WrongLayout`] or [`DataError::Io`].
///
/// Source: model specification 3.8 and 4.6.
pub(super) fn list(root: &Path, phase: &str, instances: bool) -> Result<Listing, DataError> {
    let there = phases(root);
    let phase = or_validation(phase, |wanted| there.iter().any(|phase| phase == wanted));
    let ground_truth = root.join("gtFine").join(phase);
    let photos = root.join("leftImg8bit").join(phase);
    let truths = list_files_of(&ground_truth, "label maps *_labelIds.png, by city")?;
    let photo_files = list_files_of(&photos, "photos, by city")?;
    let notes = [truths.note(&ground_truth), photo_files.note(&photos)];
    let mut notes: Vec<_> = notes.into_iter().flatten().collect();
    let (truth_files, photo_files) = (truths.pictures, photo_files.pictures);
    let mut problems = Vec::new();
    let mut kind = |what, place: &Path, files: Vec<PathBuf>| {
        let keyed = files.into_iter().map(|path| (frame_of(&path), path));
        Kind::new(what, place.to_path_buf(), keyed, &mut problems)
    };
    let label_files = with_ending(&truth_files, "_labelIds");
    if label_files.is_empty() {
        return Err(no_labels(&ground_truth, truth_files.len()));
    }
    let labels = kind("label maps", &ground_truth, label_files);
    let targets = kind("photos", &photos, photo_files);
    let instance_files = with_ending(&truth_files, "_instanceIds");
    let maps = instances.then(|| kind("instance maps", &ground_truth, instance_files));
    let mut samples = join(
        labels,
        targets,
        |frame, _, _| frame.to_owned(),
        &mut problems,
    );
    if let Some(maps) = maps {
        attach(
            &mut samples,
            maps,
            |files| &mut files.instances,
            &mut problems,
            &mut notes,
        );
    }
    Ok(Listing {
        folders: vec![ground_truth, photos],
        samples: samples.into_iter().map(|(_, files)| files).collect(),
        problems,
        notes,
    })
}

/// The phases with label maps and photos.
pub(super) fn phases(root: &Path) -> Vec<String> {
    let names = |folder: &str| subfolder_names(&root.join(folder)).unwrap_or_default();
    let photos = names("leftImg8bit");
    let truths = names("gtFine").into_iter();
    truths.filter(|phase| photos.contains(phase)).collect()
}

fn with_ending(files: &[PathBuf], ending: &str) -> Vec<PathBuf> {
    let matches = |path: &&PathBuf| stem(path).ends_with(ending);
    files.iter().filter(matches).cloned().collect()
}

/// City, sequence and frame of a file.
fn frame_of(path: &Path) -> String {
    let stem = stem(path);
    let end = stem.match_indices('_').nth(2).map(|(end, _)| end);
    stem[..end.unwrap_or(stem.len())].to_owned()
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn no_labels(folder: &Path, others: usize) -> DataError {
    DataError::WrongLayout {
        path: folder.to_path_buf(),
        expected: "label maps *_gtFine_labelIds.png".into(),
        found: format!("{others} pictures of other kinds"),
        hint: "Cityscapes' gtFine_trainvaltest.zip holds them".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (city, number) in [("ulm", 10), ("ulm", 9), ("aachen", 1)] {
            let frame = format!("{city}_{number:06}_000019");
            let names = ["color", "instanceIds", "labelIds", "labelTrainIds"]
                .map(|kind| format!("gtFine/train/{city}/{frame}_gtFine_{kind}.png"));
            let photo = format!("leftImg8bit/train/{city}/{frame}_leftImg8bit.png");
            let polygons = format!("gtFine/train/{city}/{frame}_gtFine_polygons.json");
            for name in names.iter().chain([&photo, &polygons]) {
                let path = root.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, b"").unwrap();
            }
        }
        root
    }

    #[test]
    fn frames_are_read_in_place_and_files_of_other_kinds_left_alone() {
        let root = tree();
        for instances in [true, false] {
            let listing = list(root.path(), "train", instances).unwrap();
            assert!(listing.problems.is_empty() && listing.notes.is_empty());
            let names: Vec<_> = listing.samples.iter().map(|files| &files.name).collect();
            let expected = [
                "aachen_000001_000019",
                "ulm_000009_000019",
                "ulm_000010_000019",
            ];
            assert_eq!(names, expected);
            let first = &listing.samples[0];
            assert!(
                first
                    .input
                    .ends_with("aachen_000001_000019_gtFine_labelIds.png")
            );
            assert_eq!(first.instances.is_some(), instances);
        }
        assert_eq!(phases(root.path()), ["train"]);
    }

    #[test]
    fn a_frame_without_photo_and_one_without_instances_are_problems_with_counts() {
        let root = tree();
        for name in [
            "leftImg8bit/train/ulm/ulm_000009_000019_leftImg8bit.png",
            "gtFine/train/ulm/ulm_000010_000019_gtFine_instanceIds.png",
        ] {
            std::fs::remove_file(root.path().join(name)).unwrap();
        }
        let listing = list(root.path(), "train", true).unwrap();
        let told: Vec<_> = listing.problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        for part in ["ulm_000009", "3 label maps and 2 photos"] {
            assert!(told[0].contains(part), "{part} missing in {}", told[0]);
        }
        assert!(told[1].contains("ulm_000010") && told[1].contains("2 instance maps"));
        assert!(
            listing.notes[0].1.contains("ulm_000009"),
            "{:?}",
            listing.notes
        );
    }

    #[test]
    fn who_asks_for_test_gets_val_where_there_is_no_test() {
        let root = tree();
        for folder in ["gtFine", "leftImg8bit"] {
            let folder = root.path().join(folder);
            std::fs::rename(folder.join("train"), folder.join("val")).unwrap();
        }
        assert_eq!(list(root.path(), "test", true).unwrap().samples.len(), 3);
        let text = list(root.path(), "train", true).unwrap_err().to_string();
        assert!(text.contains("val"), "{text}");
    }
}
