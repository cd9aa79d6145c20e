//! Whole pictures A and B in two folders: pix2pixHD's `train_A` and `train_B`, CycleGAN's `trainA` and `trainB`, and
//! `train/A` and `train/B` or `A/train` and `B/train` as the original's script of AB pictures takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Listing;
use super::folders::{Folders, list_folders};
use crate::data::error::DataError;
use crate::data::files::{list_pictures, sample_name, subfolder_names};
use crate::data::paired::Direction;

/// The two folders of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Halves {
    pub a: PathBuf,
    pub b: PathBuf,
}

impl Halves {
    /// The folders where both are there.
    fn existing(a: PathBuf, b: PathBuf) -> Option<Self> {
        (a.is_dir() && b.is_dir()).then_some(Self { a, b })
    }

    /// The folders of a phase, wherever they lie in `root`.
    pub fn find(root: &Path, phase: &str) -> Option<Self> {
        Self::beside(root, phase).or_else(|| Self::within(&root.join(phase)))
    }

    /// The folders of a phase that lie in no folder of the phase's name.
    pub fn beside(root: &Path, phase: &str) -> Option<Self> {
        let named = |a: String, b: String| Self::existing(root.join(a), root.join(b));
        named(format!("{phase}_A"), format!("{phase}_B"))
            .or_else(|| named(format!("{phase}A"), format!("{phase}B")))
            .or_else(|| named(format!("A/{phase}"), format!("B/{phase}")))
    }

    /// The folders A and B of a folder that holds no other pictures, if some of their names are the same: AB pictures
    /// may lie in folders of any name.
    pub fn within(folder: &Path) -> Option<Self> {
        let files = list_pictures(folder).ok()?;
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in &files {
            let name = sample_name(folder, file);
            let (side, rest) = name.split_once('/')?;
            let rest = without_side(rest, side).unwrap_or(rest);
            let side = names.entry(side.to_owned()).or_default();
            side.insert(rest.to_owned());
        }
        let [(a, in_a), (b, in_b)] = names.iter().collect::<Vec<_>>().try_into().ok()?;
        let is_a_and_b = a.eq_ignore_ascii_case("A") && b.eq_ignore_ascii_case("B");
        (is_a_and_b && in_a.intersection(in_b).next().is_some()).then(|| Self {
            a: folder.join(a),
            b: folder.join(b),
        })
    }

    /// Whether there are pictures in both.
    pub fn have_pictures(&self) -> bool {
        let holds =
            |folder: &Path| list_pictures(folder).is_ok_and(|pictures| !pictures.is_empty());
        holds(&self.a) && holds(&self.b)
    }

    /// Pairs the pictures by name: which of them is the input, the direction says.
    ///
    /// # Errors
    /// As [`list_folders`].
    pub fn list(&self, direction: Direction) -> Result<Listing, DataError> {
        let mut listing = list_folders(&Folders {
            input: self.a.clone(),
            target: Some(self.b.clone()),
            instances: None,
            features: None,
            is_labels: false,
        })?;
        if direction == Direction::BtoA {
            for files in &mut listing.samples {
                if let Some(target) = &mut files.target {
                    std::mem::swap(target, &mut files.input);
                }
            }
        }
        Ok(listing)
    }
}

/// A name without `_A` or `_B` at its end, as CycleGAN's data sets have it.
pub(super) fn without_side<'a>(name: &'a str, side: &str) -> Option<&'a str> {
    let (stem, end) = name.rsplit_once('_')?;
    end.eq_ignore_ascii_case(side).then_some(stem)
}

/// The phases that have such folders, sorted.
pub(super) fn phases(root: &Path) -> Vec<String> {
    let names = subfolder_names(root).unwrap_or_default();
    let mut phases = BTreeSet::new();
    for name in &names {
        let stem = name.strip_suffix('A');
        let stem = stem.map(|stem| stem.strip_suffix('_').unwrap_or(stem));
        phases.extend(stem.filter(|stem| !stem.is_empty()).map(str::to_owned));
    }
    phases.extend(subfolder_names(&root.join("A")).unwrap_or_default());
    phases.retain(|phase| Halves::beside(root, phase).is_some());
    let within = |name: &&String| Halves::within(&root.join(name)).is_some();
    phases.extend(names.iter().filter(within).cloned());
    phases.into_iter().collect()
}

/// Folders directly in `root` that hold halves and are no phases of their own.
pub(super) fn taken(root: &Path) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    for phase in phases(root) {
        let Some(halves) = Halves::beside(root, &phase) else {
            continue;
        };
        for folder in [&halves.a, &halves.b] {
            let first = folder
                .strip_prefix(root)
                .ok()
                .and_then(|path| path.iter().next());
            taken.extend(first.map(|name| name.to_string_lossy().into_owned()));
        }
    }
    taken
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
    fn every_way_to_lay_out_halves_is_found_with_all_of_its_phases() {
        for [a, b] in [
            ["train_A/1.png", "train_B/1.jpg"],
            ["trainA/1.png", "trainB/1.jpg"],
            ["trainA/1_A.png", "trainB/1_B.jpg"],
            ["train/A/1.png", "train/B/1.jpg"],
            ["train/a/1_A.png", "train/b/1_B.jpg"],
            ["A/train/1.png", "B/train/1.jpg"],
        ] {
            let val = [a, b].map(|name| name.replace("train", "val"));
            let root = root_with(&[a, b, &val[0], &val[1]]);
            let root = root.path();
            assert_eq!(phases(root), ["train", "val"], "{a}");
            for phase in ["train", "val"] {
                let halves = Halves::find(root, phase).unwrap();
                let there = halves.list(Direction::AtoB).unwrap();
                let back = halves.list(Direction::BtoA).unwrap();
                assert!(there.problems.is_empty(), "{:?}", there.problems);
                let [files] = there.samples.as_slice() else {
                    panic!("{a}: one sample, found {:?}", there.samples)
                };
                assert_eq!(files.name, "1");
                let expected = root.join(a.replace("train", phase));
                assert_eq!(files.input, expected);
                assert_eq!(back.samples[0].target.as_ref(), Some(&expected));
                assert_eq!(Some(&back.samples[0].input), files.target.as_ref());
            }
        }
    }

    #[test]
    fn one_side_alone_and_ab_pictures_in_folders_are_no_halves() {
        for names in [
            vec!["train_A/1.png"],
            vec!["train/A/1.png", "train/B/2.png"],
            vec!["train/A/1.png", "train/C/1.png"],
            vec!["train/A/1.png", "train/B/1.png", "train/1.png"],
            vec!["A/1.png", "B/1.png"],
        ] {
            let root = root_with(&names);
            assert_eq!(Halves::find(root.path(), "train"), None, "{names:?}");
            assert!(phases(root.path()).is_empty(), "{names:?}");
        }
    }

    #[test]
    fn pictures_of_one_side_are_told() {
        let root = root_with(&["trainA/1.png", "trainB/1.png", "trainB/2.png"]);
        let halves = Halves::find(root.path(), "train").unwrap();
        let listing = halves.list(Direction::AtoB).unwrap();
        let text = listing.problems[0].to_string();
        assert!(text.contains("2.png has no partner"), "{text}");
    }
}
