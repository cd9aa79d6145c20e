//! Layouts where one file is a sample: AB pictures, and pictures alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Listing, SampleFiles};
use crate::data::error::DataError;
use crate::data::files::{list_pictures, list_pictures_of, sample_name, subfolder_names};

/// What a folder of AB pictures should hold, in words.
const AB_PICTURES: &str = "AB pictures (A left, B right)";

/// Lists `{root}/{phase}`, sorted by path as text.
pub(super) fn list_pairs(root: &Path, phase: &str) -> Result<Listing, DataError> {
    list_pair_folder(&root.join(phase))
}

/// Lists several phases, all that there are if none is named; if there are none, the pictures of `root` itself.
pub(crate) fn list_pair_phases(root: &Path, phases: &[&str]) -> Listing {
    let mut listing = Listing::default();
    let all = pair_phases(root);
    let is_halves = matches!(all.as_slice(), [a, b] if is_a_and_b(a, b));
    if phases.is_empty() && (all.is_empty() || is_halves) {
        listing.add(list_pair_folder(root));
    } else if phases.is_empty() {
        all.iter()
            .for_each(|phase| listing.add(list_pairs(root, phase)));
    } else {
        phases
            .iter()
            .for_each(|phase| listing.add(list_pairs(root, phase)));
    }
    listing
}

fn is_a_and_b(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case("A") && b.eq_ignore_ascii_case("B")
}

/// Lists the AB pictures of a folder.
fn list_pair_folder(folder: &Path) -> Result<Listing, DataError> {
    let files = list_pictures_of(folder, AB_PICTURES)?;
    Ok(Listing {
        problems: halves_in_folders(folder, &files).into_iter().collect(),
        ..single_files(folder, files)
    })
}

/// Lists every picture below `root`, sorted by path as text.
pub(super) fn list_singles(root: &Path) -> Result<Listing, DataError> {
    Ok(single_files(root, list_pictures_of(root, "pictures")?))
}

fn single_files(folder: &Path, files: Vec<PathBuf>) -> Listing {
    let sample = |path: PathBuf| SampleFiles::single(sample_name(folder, &path), path);
    Listing {
        folders: vec![folder.to_path_buf()],
        samples: files.into_iter().map(sample).collect(),
        ..Listing::default()
    }
}

/// Folders of `root` that hold pictures and do not belong to a layout of one folder for every kind of file.
pub(super) fn pair_phases(root: &Path) -> Vec<String> {
    let other_layout = |name: &str| {
        ["_label", "_img", "_inst", "_feat"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let has_pictures =
        |name: &String| list_pictures(&root.join(name)).is_ok_and(|pictures| !pictures.is_empty());
    let names = subfolder_names(root).unwrap_or_default().into_iter();
    names
        .filter(|name| !other_layout(name) && has_pictures(name))
        .collect()
}

/// Says so where a folder of AB pictures holds a folder A and a folder B with the same names: whole pictures, each of
/// which would be cut in half.
fn halves_in_folders(folder: &Path, files: &[PathBuf]) -> Option<DataError> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let name = sample_name(folder, file);
        let (side, rest) = name.split_once('/')?;
        let side = names.entry(side.to_ascii_uppercase()).or_default();
        side.insert(rest.to_owned());
    }
    let [(a, in_a), (b, in_b)] = names.iter().collect::<Vec<_>>().try_into().ok()?;
    let common = in_a.intersection(in_b).count();
    (is_a_and_b(a, b) && common > 0).then(|| DataError::WrongLayout {
        path: folder.to_path_buf(),
        expected: AB_PICTURES.into(),
        found: format!("folders A and B with {common} names in common, which look like the halves"),
        hint: "`underpaint dataset combine` joins them: see `underpaint dataset combine --help`"
            .into(),
    })
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

    #[test]
    fn whole_pictures_in_folders_a_and_b_are_told_with_the_way_out() {
        let root = root_with(&["train/A/1.png", "train/B/1.png", "train/B/2.png"]);
        let listing = list_pairs(root.path(), "train").unwrap();
        let text = listing.problems[0].to_string();
        for part in ["train", "dataset combine", "1 names in common"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
        // Real AB pictures may lie in folders of any other name, and even in some called A and B.
        for names in [
            ["train/A/1.png", "train/B/2.png"],
            ["train/A/1.png", "train/C/1.png"],
            ["train/A/1.png", "train/1.png"],
        ] {
            let root = root_with(&names);
            let listing = list_pairs(root.path(), "train").unwrap();
            assert!(listing.problems.is_empty(), "{names:?}");
            assert_eq!(listing.samples.len(), 2);
        }
    }

    #[test]
    fn pictures_alone_are_found_nested_or_flat() {
        let root = root_with(&["b.jpg", "a/2.png", "a/10.png", "a/notes.txt"]);
        let listing = list_singles(root.path()).unwrap();
        let names: Vec<_> = listing.samples.iter().map(|sample| &sample.name).collect();
        assert_eq!(names, ["a/10", "a/2", "b"]);
    }
}
