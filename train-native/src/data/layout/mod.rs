//! How the files of a data set lie in folders: which files of which phases there are, and which belong together.
//!
//! Nothing is read here, names are enough. The layouts: `pairs` (one file is a sample), `halves` (folders A and B of
//! whole pictures), `folders` (one folder for every kind of file), `ade20k` and `cityscapes` (the trees of those data
//! sets).

mod ade20k;
mod cityscapes;
mod folders;
mod frames;
mod halves;
mod pairing;
mod pairs;

use std::path::{Path, PathBuf};

use crate::data::error::DataError;
use crate::data::source::{DataSource, InputSpec, Layout};

pub(crate) use folders::{Folders, input_phases, list_folders, list_label_maps};
pub(crate) use pairs::list_pair_phases;
use pairs::{PairPlace, all_phases, list_pairs, list_singles};

/// The files of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFiles {
    /// What the sample is called: path below the folder, without extension.
    pub name: String,
    /// The label map, or the picture that a generator's input is; of AB pictures the one file there is.
    pub input: PathBuf,
    /// The photo, where it is a file of its own.
    pub target: Option<PathBuf>,
    /// The instance map.
    pub instances: Option<PathBuf>,
    /// The feature map.
    pub features: Option<PathBuf>,
}

impl SampleFiles {
    /// A sample that is one file.
    fn single(name: String, input: PathBuf) -> Self {
        Self {
            name,
            input,
            target: None,
            instances: None,
            features: None,
        }
    }

    /// How many files there are.
    #[must_use]
    pub fn count(&self) -> usize {
        let others = [&self.target, &self.instances, &self.features];
        1 + others.into_iter().flatten().count()
    }
}

/// What the folders of a phase hold.
#[derive(Debug, Default)]
pub struct Listing {
    /// The folders.
    pub folders: Vec<PathBuf>,
    /// Complete samples in order.
    pub samples: Vec<SampleFiles>,
    /// What makes the data set unusable: files without partner, ambiguous names.
    pub problems: Vec<DataError>,
    /// Odd but harmless things, with the file or folder they are about.
    pub notes: Vec<(PathBuf, String)>,
}

impl Listing {
    /// The samples, if nothing is wrong with them.
    ///
    /// # Errors
    /// The first of the problems.
    pub fn samples(self) -> Result<Vec<SampleFiles>, DataError> {
        match self.problems.into_iter().next() {
            Some(problem) => Err(problem),
            None => Ok(self.samples),
        }
    }

    /// Takes over a note, if there is one.
    fn note(&mut self, note: Option<(PathBuf, String)>) {
        self.notes.extend(note);
    }

    /// Takes over what another phase holds, or why it cannot be listed.
    pub(crate) fn add(&mut self, other: Result<Self, DataError>) {
        match other {
            Ok(other) => {
                for folder in other.folders {
                    if !self.folders.contains(&folder) {
                        self.folders.push(folder);
                    }
                }
                self.samples.extend(other.samples);
                self.problems.extend(other.problems);
                // All phases of some layouts lie in one tree.
                for note in other.notes {
                    if !self.notes.contains(&note) {
                        self.notes.push(note);
                    }
                }
            }
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// Lists the files of a phase.
///
/// # Errors
/// Naming the folder that is missing or empty, or the input that the layout cannot give.
pub fn list(source: &DataSource, phase: &str) -> Result<Listing, DataError> {
    let root = source.root.as_path();
    match (&source.layout, source.input) {
        (Layout::Pairs { direction }, InputSpec::Picture { .. }) => {
            list_pairs(root, phase, *direction)
        }
        (Layout::Pictures { .. }, InputSpec::Nothing) => list_singles(root),
        (
            Layout::Flat {
                instances,
                features,
            },
            InputSpec::Picture { .. } | InputSpec::Labels { .. },
        ) => {
            let phase = flat_phase(root, phase, source.input);
            let folders = Folders::flat(root, &phase, source.input, *instances, *features);
            list_folders(&folders)
        }
        (
            Layout::Custom {
                labels,
                images,
                instances,
            },
            InputSpec::Picture { .. } | InputSpec::Labels { .. },
        ) => list_folders(&Folders {
            input: labels.clone(),
            target: Some(images.clone()),
            instances: instances.clone(),
            features: None,
            is_labels: matches!(source.input, InputSpec::Labels { .. }),
        }),
        (Layout::Ade20k, InputSpec::Labels { .. }) => ade20k::list(root, phase),
        (Layout::Cityscapes { instances }, InputSpec::Labels { .. }) => {
            cityscapes::list(root, phase, *instances)
        }
        _ => Err(impossible(source)),
    }
}

/// A layout and an input that do not go together.
fn impossible(source: &DataSource) -> DataError {
    let (layout, expected) = match source.layout {
        Layout::Pairs { .. } => ("AB pictures", "a picture as input (label_nc 0)"),
        Layout::Pictures { .. } => ("pictures alone", "no input"),
        Layout::Ade20k => ("ade20k", "label maps as input (label_nc above 0)"),
        Layout::Cityscapes { .. } => ("cityscapes", "label maps as input (label_nc above 0)"),
        Layout::Flat { .. } | Layout::Custom { .. } => (
            "folders of inputs and photos",
            "label maps or pictures as input",
        ),
    };
    let found = match source.input {
        InputSpec::Picture { .. } => "a picture as input",
        InputSpec::Labels { .. } => "label maps as input",
        InputSpec::Nothing => "no input",
    };
    DataError::InvalidSetting {
        setting: "layout of the data set",
        expected: format!("for {layout}: {expected}"),
        found: found.into(),
    }
}

/// The phases that the data set has, by name.
#[must_use]
pub fn phases(source: &DataSource) -> Vec<String> {
    let root = source.root.as_path();
    match &source.layout {
        Layout::Pairs { .. } => all_phases(root),
        Layout::Flat { .. } => folders::flat_phases(root, source.input),
        Layout::Ade20k => ade20k::phases(root),
        Layout::Cityscapes { .. } => cityscapes::phases(root),
        Layout::Custom { .. } | Layout::Pictures { .. } => Vec::new(),
    }
}

/// Whether the data set has a phase of that name.
#[must_use]
pub fn has_phase(source: &DataSource, phase: &str) -> bool {
    match &source.layout {
        // Other folders beside those of the phases may be anything, and of any size.
        Layout::Pairs { .. } => PairPlace::of(&source.root, phase).has_pictures(),
        _ => phases(source).iter().any(|there| there == phase),
    }
}

/// Whether a phase that is there has files of every kind that is read.
#[must_use]
pub fn is_whole(source: &DataSource, phase: &str) -> bool {
    match &source.layout {
        Layout::Flat {
            instances,
            features,
        } => folders::is_whole(&source.root, phase, source.input, [*instances, *features]),
        _ => true,
    }
}

/// Whether a phase of pairs has both pictures of a sample in one file.
#[must_use]
pub fn is_joined(root: &Path, phase: &str) -> bool {
    matches!(PairPlace::of(root, phase), PairPlace::Joined(_))
}

/// SPADE's rule: who asks for `test` gets `val` where there is no `test`.
fn or_validation(phase: &str, has: impl Fn(&str) -> bool) -> &str {
    if phase == "test" && !has("test") && has("val") {
        "val"
    } else {
        phase
    }
}

fn flat_phase(root: &Path, phase: &str, input: InputSpec) -> String {
    let phases = folders::flat_phases(root, input);
    or_validation(phase, |wanted| phases.iter().any(|phase| phase == wanted)).into()
}
