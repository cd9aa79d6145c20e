//! Cityscapes' names: the frame that a file belongs to, and what of the frame it is.
//!
//! People copy a city's folder as it is, so that files of every kind lie side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What of a frame a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameFile {
    /// A file of any other name, which is a frame's of its own.
    Plain,
    Photo,
    LabelIds,
    LabelTrainIds,
    InstanceIds,
    InstanceTrainIds,
    Color,
}

use FrameFile::{Color, InstanceIds, InstanceTrainIds, LabelIds, LabelTrainIds, Photo, Plain};

/// What is wanted as label maps, the best first; and so on.
pub(super) const LABELS: &[FrameFile] = &[LabelIds, LabelTrainIds, Plain];
pub(super) const INSTANCES: &[FrameFile] = &[InstanceIds, InstanceTrainIds, Plain];
pub(super) const PICTURES: &[FrameFile] = &[Photo, Plain, Color];

const ENDINGS: [(&str, FrameFile); 6] = [
    ("_leftImg8bit", Photo),
    ("_labelIds", LabelIds),
    ("_labelTrainIds", LabelTrainIds),
    ("_instanceIds", InstanceIds),
    ("_instanceTrainIds", InstanceTrainIds),
    ("_color", Color),
];

/// What stands before the endings of ground truth.
const GROUND_TRUTHS: [&str; 2] = ["_gtFine", "_gtCoarse"];

/// Frame of a name, what of the frame the file is, and whether that is sure: `_color` alone is an ordinary word.
fn parsed(name: &str) -> (&str, FrameFile, bool) {
    let found = ENDINGS
        .iter()
        .find_map(|(ending, file)| Some((name.strip_suffix(ending)?, *file)));
    let Some((stem, file)) = found else {
        return (name, Plain, true);
    };
    let mut ground_truths = GROUND_TRUTHS.iter();
    match ground_truths.find_map(|ending| stem.strip_suffix(ending)) {
        Some(frame) => (frame, file, true),
        None => (stem, file, file != Color),
    }
}

/// The files of a folder that are wanted, by frame.
pub(super) struct Wanted {
    /// Frame and file.
    pub files: Vec<(String, PathBuf)>,
    /// Files that lie beside a better one of their frame.
    pub left: Vec<PathBuf>,
    /// Instance maps of frames that have nothing of what is wanted.
    pub instance_maps: Vec<PathBuf>,
}

impl Wanted {
    /// Of every frame the best of what is `wanted`; of a frame that has nothing of it, all there is.
    pub fn of(named: Vec<(String, PathBuf)>, wanted: &[FrameFile]) -> Self {
        let rank = |file: FrameFile| wanted.iter().position(|other| *other == file);
        let sure: BTreeSet<String> = named
            .iter()
            .map(|(name, _)| parsed(name))
            .filter(|(_, file, sure)| *sure && *file != Plain)
            .map(|(frame, ..)| frame.to_owned())
            .collect();
        let parsed = |name: &str| match parsed(name) {
            (frame, Color, false) if !sure.contains(frame) => (name.to_owned(), Plain),
            (frame, file, _) => (frame.to_owned(), file),
        };
        let mut best: BTreeMap<String, usize> = BTreeMap::new();
        for (name, _) in &named {
            let (frame, file) = parsed(name);
            if let Some(rank) = rank(file) {
                let best = best.entry(frame).or_insert(rank);
                *best = rank.min(*best);
            }
        }
        let mut found = Self {
            files: Vec::new(),
            left: Vec::new(),
            instance_maps: Vec::new(),
        };
        for (name, path) in named {
            let (frame, file) = parsed(&name);
            let best = best.get(&frame).copied();
            if best.is_some() && best != rank(file) {
                found.left.push(path);
                continue;
            }
            if best.is_none() && matches!(file, InstanceIds | InstanceTrainIds) {
                found.instance_maps.push(path.clone());
            }
            found.files.push((frame, path));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(names: &[&str], kinds: &[FrameFile]) -> [Vec<String>; 3] {
        let named = names
            .iter()
            .map(|name| ((*name).to_owned(), PathBuf::from(name)));
        let found = Wanted::of(named.collect(), kinds);
        let texts = |paths: Vec<PathBuf>| {
            let texts = paths.into_iter().map(|path| path.display().to_string());
            texts.collect::<Vec<_>>()
        };
        let files = found.files.into_iter();
        let files = files.map(|(frame, path)| format!("{frame}: {}", path.display()));
        [
            files.collect(),
            texts(found.left),
            texts(found.instance_maps),
        ]
    }

    #[test]
    fn of_a_frame_only_the_best_of_what_is_wanted_is_taken() {
        for middle in ["_gtFine", "_gtCoarse", ""] {
            let all = ["color", "instanceIds", "labelIds", "labelTrainIds"]
                .map(|kind| format!("f{middle}_{kind}"));
            let mut names: Vec<&str> = all.iter().map(String::as_str).collect();
            names.push("f_leftImg8bit");
            let [files, left, maps] = wanted(&names, LABELS);
            assert_eq!(files, [format!("f: f{middle}_labelIds")]);
            assert_eq!((left.len(), maps.len()), (4, 0));
            let [files, ..] = wanted(&names, INSTANCES);
            assert_eq!(files, [format!("f: f{middle}_instanceIds")]);
            assert_eq!(wanted(&names, PICTURES)[0], ["f: f_leftImg8bit"]);
            names.retain(|name| !name.ends_with("_labelIds"));
            let [files, ..] = wanted(&names, LABELS);
            assert_eq!(files, [format!("f: f{middle}_labelTrainIds")]);
        }
        // A photo, or a label map, without an ending beside them.
        assert_eq!(wanted(&["f", "f_gtFine_labelIds"], PICTURES)[0], ["f: f"]);
        let [files, left, _] = wanted(&["f", "f_instanceIds"], LABELS);
        assert_eq!(
            (files, left),
            (vec!["f: f".into()], vec!["f_instanceIds".into()])
        );
    }

    #[test]
    fn instance_maps_alone_are_told_and_ordinary_words_are_none_of_the_endings() {
        let [files, left, maps] = wanted(&["f_gtFine_instanceIds", "g_labelIds"], LABELS);
        assert_eq!((files.len(), left.len()), (2, 0));
        assert_eq!(maps, ["f_gtFine_instanceIds"]);
        let [files, left, _] = wanted(&["blue", "blue_color"], LABELS);
        assert_eq!(files, ["blue: blue", "blue_color: blue_color"]);
        assert!(left.is_empty());
    }
}
