//! Layouts where one file is a sample: AB pictures, and pictures alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::halves::{self, Halves};
use super::{Listing, SampleFiles};
use crate::data::error::DataError;
use crate::data::files::{FolderFiles, list_files_of, list_pictures, sample_name, subfolder_names};
use crate::data::paired::Direction;

/// What a folder of AB pictures should hold, in words.
const AB_PICTURES: &str = "AB pictures (A left, B right)";

/// Where the pairs of a phase lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PairPlace {
    /// AB pictures in a folder.
    Joined(PathBuf),
    /// A and B in folders of their own.
    Apart(Halves),
}

impl PairPlace {
    /// The place of a phase: a folder of its name goes before folders that have it in theirs.
    pub fn of(root: &Path, phase: &str) -> Self {
        let folder = root.join(phase);
        if holds_pictures(&folder) {
            return Self::of_folder(folder);
        }
        Halves::beside(root, phase).map_or(Self::Joined(folder), Self::Apart)
    }

    fn of_folder(folder: PathBuf) -> Self {
        Halves::within(&folder).map_or(Self::Joined(folder), Self::Apart)
    }

    /// Whether there is anything.
    pub fn has_pictures(&self) -> bool {
        match self {
            Self::Joined(folder) => holds_pictures(folder),
            Self::Apart(halves) => halves.have_pictures(),
        }
    }

    fn list(&self, direction: Direction) -> Result<Listing, DataError> {
        match self {
            Self::Apart(halves) => halves.list(direction),
            Self::Joined(folder) => {
                let expected = format!("{AB_PICTURES}, or folders A and B beside it by its name");
                Ok(single_files(folder, list_files_of(folder, &expected)?))
            }
        }
    }
}

fn holds_pictures(folder: &Path) -> bool {
    list_pictures(folder).is_ok_and(|pictures| !pictures.is_empty())
}

/// Lists a phase: AB pictures of `{root}/{phase}`, sorted by path as text, or pictures A and B of folders of their own.
pub(super) fn list_pairs(
    root: &Path,
    phase: &str,
    direction: Direction,
) -> Result<Listing, DataError> {
    let place = PairPlace::of(root, phase);
    let mut listing = place.list(direction)?;
    if let (PairPlace::Joined(folder), Some(halves)) = (&place, Halves::beside(root, phase)) {
        let note = format!(
            "{} is used, and not {} with {} beside it",
            folder.display(),
            halves.a.display(),
            halves.b.display()
        );
        listing.notes.push((folder.clone(), note));
    }
    Ok(listing)
}

/// Lists several phases, all that there are if none is named, and pictures that lie beside them in `root`; if there are
/// none, the pictures of `root` itself.
pub(crate) fn list_pair_phases(root: &Path, phases: &[&str]) -> Listing {
    let direction = Direction::default();
    let mut listing = Listing::default();
    for phase in phases {
        listing.add(list_pairs(root, phase, direction));
    }
    if !phases.is_empty() {
        return listing;
    }
    let all = all_phases(root);
    let place = PairPlace::of_folder(root.to_path_buf());
    if all.is_empty() || matches!(place, PairPlace::Apart(_)) {
        listing.add(place.list(direction));
        return listing;
    }
    listing.add(list_beside(root, &all));
    all.iter()
        .for_each(|phase| listing.add(list_pairs(root, phase, direction)));
    listing
}

/// Pictures that lie in `root` itself, which has phases.
fn list_beside(root: &Path, phases: &[String]) -> Result<Listing, DataError> {
    let mut pictures = list_pictures(root)?;
    pictures.retain(|path| path.parent() == Some(root));
    if pictures.is_empty() {
        return Ok(Listing::default());
    }
    let note = format!(
        "{}: {} pictures lie beside the folders {}: a run reads one of these (--phase), and none of the pictures \
         beside them",
        root.display(),
        pictures.len(),
        phases.join(", ")
    );
    let files = FolderFiles {
        pictures,
        ..FolderFiles::default()
    };
    let mut listing = single_files(root, files);
    listing.notes.push((root.to_path_buf(), note));
    Ok(listing)
}

/// Lists every picture below `root`, sorted by path as text.
pub(super) fn list_singles(root: &Path) -> Result<Listing, DataError> {
    Ok(single_files(root, list_files_of(root, "pictures")?))
}

fn single_files(folder: &Path, files: FolderFiles) -> Listing {
    let note = files.note(folder);
    let sample = |path: PathBuf| SampleFiles::single(sample_name(folder, &path), path);
    Listing {
        folders: vec![folder.to_path_buf()],
        samples: files.pictures.into_iter().map(sample).collect(),
        notes: note.into_iter().collect(),
        ..Listing::default()
    }
}

/// The phases of `root`, sorted: folders that hold pictures and do not belong to a layout of one folder for every kind
/// of file, and phases of which A and B have a folder each.
pub(super) fn all_phases(root: &Path) -> Vec<String> {
    let other_layout = |name: &str| {
        ["_label", "_img", "_inst", "_feat"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let taken = halves::taken(root);
    let names = subfolder_names(root).unwrap_or_default().into_iter();
    let names = names.filter(|name| !other_layout(name) && !taken.contains(name));
    let mut phases: BTreeSet<String> = names
        .filter(|name| holds_pictures(&root.join(name)))
        .collect();
    phases.extend(halves::phases(root));
    phases.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_with(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        root
    }

    fn counts(names: &[&str]) -> (usize, usize, Vec<String>) {
        let root = root_with(names);
        let listing = list_pair_phases(root.path(), &[]);
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        let apart = listing
            .samples
            .iter()
            .filter(|files| files.target.is_some());
        let notes = listing.notes.iter().map(|(_, note)| note.clone());
        (listing.samples.len(), apart.count(), notes.collect())
    }

    #[test]
    fn whole_pictures_in_folders_a_and_b_are_pairs() {
        for names in [
            ["train/A/1.png", "train/B/1.png"],
            ["train_A/1.png", "train_B/1.png"],
            ["trainA/1_A.png", "trainB/1_B.png"],
            ["A/1.png", "B/1.png"],
            ["A/val/1.png", "B/val/1.png"],
        ] {
            assert_eq!(counts(&names), (1, 1, vec![]), "{names:?}");
        }
        // Real AB pictures may lie in folders of any other name, and even in some called A and B.
        for names in [
            ["train/A/1.png", "train/B/2.png"],
            ["train/A/1.png", "train/C/1.png"],
            ["train/A/1.png", "train/1.png"],
        ] {
            assert_eq!(counts(&names), (2, 0, vec![]), "{names:?}");
        }
        let (all, apart, notes) = counts(&["train/1.png", "train_A/1.png", "train_B/1.png"]);
        assert_eq!((all, apart), (1, 0));
        assert!(notes[0].contains("train_A"), "{notes:?}");
    }

    #[test]
    fn pictures_beside_phases_are_listed_too() {
        let (all, apart, notes) = counts(&["1.png", "2.png", "train/1.png", "val_img/9.png"]);
        assert_eq!((all, apart), (3, 0));
        assert!(notes[0].contains("2 pictures lie beside the folders train"));
        let (all, ..) = counts(&["1.png", "train_A/1.png", "train_B/1.png", "a.gif"]);
        assert_eq!(all, 2);
    }

    #[test]
    fn pictures_alone_are_found_nested_or_flat() {
        let root = root_with(&["b.jpg", "a/2.png", "a/10.png", "a/notes.txt"]);
        let listing = list_singles(root.path()).unwrap();
        let names: Vec<_> = listing.samples.iter().map(|sample| &sample.name).collect();
        assert_eq!(names, ["a/10", "a/2", "b"]);
    }
}
