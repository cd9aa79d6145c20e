//! One folder for every kind of file: pix2pixHD's `train_label`, `train_img`, …, and folders of any name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Listing;
use super::pairing::{Kind, attach, join};
use crate::data::error::DataError;
use crate::data::files::{list_pictures, list_pictures_of, sample_name, subfolder_names};
use crate::data::source::InputSpec;

/// What Cityscapes appends to the name of a frame, by kind of file.
const LABEL_ENDINGS: [&str; 2] = ["_gtFine_labelIds", "_gtCoarse_labelIds"];
const INSTANCE_ENDINGS: [&str; 2] = ["_gtFine_instanceIds", "_gtCoarse_instanceIds"];
const PHOTO_ENDINGS: [&str; 1] = ["_leftImg8bit"];
/// Files of a frame that are neither label maps nor instance maps.
const OTHER_ENDINGS: [&str; 6] = [
    "_gtFine_color",
    "_gtFine_labelTrainIds",
    "_gtFine_instanceTrainIds",
    "_gtCoarse_color",
    "_gtCoarse_labelTrainIds",
    "_gtCoarse_instanceTrainIds",
];

/// Where the files of every kind lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folders {
    /// Label maps, or pictures that are a generator's input.
    pub input: PathBuf,
    /// Photos; none where label maps alone are looked at.
    pub target: Option<PathBuf>,
    /// Instance maps.
    pub instances: Option<PathBuf>,
    /// Feature maps.
    pub features: Option<PathBuf>,
    /// Whether the inputs are label maps.
    pub is_labels: bool,
}

impl Folders {
    /// pix2pixHD's names.
    pub fn flat(
        root: &Path,
        phase: &str,
        input: InputSpec,
        instances: bool,
        features: bool,
    ) -> Self {
        let folder = |kind: &str| root.join(format!("{phase}_{kind}"));
        let (input_kind, target_kind) = flat_kinds(input);
        Self {
            input: folder(input_kind),
            target: Some(folder(target_kind)),
            instances: instances.then(|| folder("inst")),
            features: features.then(|| folder("feat")),
            is_labels: input_kind == "label",
        }
    }
}

/// How pix2pixHD calls the folders of inputs and photos.
fn flat_kinds(input: InputSpec) -> (&'static str, &'static str) {
    match input {
        InputSpec::Labels { .. } => ("label", "img"),
        InputSpec::Picture { .. } | InputSpec::Nothing => ("A", "B"),
    }
}

/// Phases with a folder of inputs and a folder of photos.
pub(super) fn flat_phases(root: &Path, input: InputSpec) -> Vec<String> {
    let mut phases = input_phases(root, input);
    let (_, target) = flat_kinds(input);
    phases.retain(|phase| root.join(format!("{phase}_{target}")).is_dir());
    phases
}

/// Whether a phase has files of every kind that is read: pictures to look at while training.
pub(super) fn is_whole(root: &Path, phase: &str, input: InputSpec, kinds: [bool; 2]) -> bool {
    let (input, target) = flat_kinds(input);
    let [instances, features] = kinds;
    let needed = [
        (input, true),
        (target, true),
        ("inst", instances),
        ("feat", features),
    ];
    let holds = |kind: &str| {
        let pictures = list_pictures(&root.join(format!("{phase}_{kind}")));
        pictures.is_ok_and(|pictures| !pictures.is_empty())
    };
    needed.iter().all(|(kind, needed)| !needed || holds(kind))
}

/// Phases with a folder of inputs, whether or not there are photos.
pub(crate) fn input_phases(root: &Path, input: InputSpec) -> Vec<String> {
    let (input, _) = flat_kinds(input);
    let names = subfolder_names(root).unwrap_or_default();
    let phases = names
        .iter()
        .filter_map(|name| name.strip_suffix(input)?.strip_suffix('_'));
    phases.map(str::to_owned).collect()
}

/// Pairs the files of the folders by their path below the folder without extension.
///
/// Cityscapes' endings (`_gtFine_labelIds`, `_leftImg8bit`, …) may differ; the common part is then the name.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`] or [`DataError::Io`]; single files without partner are in
/// [`Listing::problems`].
pub(crate) fn list_folders(folders: &Folders) -> Result<Listing, DataError> {
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    let wanted: &[&str] = if folders.is_labels {
        &LABEL_ENDINGS
    } else {
        &[]
    };
    let what = if folders.is_labels {
        "label maps"
    } else {
        "input pictures"
    };
    let inputs = kind(&folders.input, what, wanted, &mut problems, &mut notes)?;
    let mut samples = match &folders.target {
        None => inputs.alone(),
        Some(folder) => {
            let photos = kind(folder, "photos", &[], &mut problems, &mut notes)?;
            let name_of = |key: &str, input: &PathBuf, photo: &PathBuf| {
                let name = sample_name(&folders.input, input);
                if name == sample_name(folder, photo) {
                    name
                } else {
                    key.to_owned()
                }
            };
            join(inputs, photos, name_of, &mut problems)
        }
    };
    if let Some(folder) = &folders.instances {
        let maps = "instance maps";
        let instances = kind(folder, maps, &INSTANCE_ENDINGS, &mut problems, &mut notes)?;
        attach(
            &mut samples,
            instances,
            |files| &mut files.instances,
            &mut problems,
            &mut notes,
        );
    }
    if let Some(folder) = &folders.features {
        let features = kind(folder, "feature maps", &[], &mut problems, &mut notes)?;
        attach(
            &mut samples,
            features,
            |files| &mut files.features,
            &mut problems,
            &mut notes,
        );
    }
    let others = [&folders.target, &folders.instances, &folders.features];
    let folders = std::iter::once(&folders.input).chain(others.into_iter().flatten());
    Ok(Listing {
        folders: folders.cloned().collect(),
        samples: samples.into_iter().map(|(_, files)| files).collect(),
        problems,
        notes,
    })
}

/// The files of a folder with what they have in common with their partners.
///
/// Of a frame of Cityscapes with a file of the `wanted` endings, files of other kinds are left out: people copy
/// `gtFine` as it is.
fn kind(
    folder: &Path,
    what: &'static str,
    wanted: &[&str],
    problems: &mut Vec<DataError>,
    notes: &mut Vec<(PathBuf, String)>,
) -> Result<Kind, DataError> {
    let files = list_pictures_of(folder, what)?;
    let named = files
        .into_iter()
        .map(|path| (sample_name(folder, &path), path));
    let mut named: Vec<_> = named.collect();
    let frames: BTreeSet<String> = named
        .iter()
        .filter_map(|(name, _)| Some(stripped(name, wanted)?.to_owned()))
        .collect();
    let before = named.len();
    named.retain(|(name, _)| {
        let other = stripped(name, wanted)
            .is_none()
            .then(|| frame_of(name))
            .flatten();
        other.is_none_or(|frame| !frames.contains(frame))
    });
    if named.len() < before {
        let (taken, left) = (wanted[0], before - named.len());
        let note = format!(
            "{}: {left} files beside those of {taken} are of another kind and not used",
            folder.display()
        );
        notes.push((folder.to_path_buf(), note));
    }
    let keyed = named.into_iter().map(|(name, path)| {
        let key = frame_of(&name).map(str::to_owned).unwrap_or(name);
        (key, path)
    });
    Ok(Kind::new(what, folder.to_path_buf(), keyed, problems))
}

fn stripped<'a>(name: &'a str, endings: &[&str]) -> Option<&'a str> {
    endings.iter().find_map(|ending| name.strip_suffix(ending))
}

/// The frame of Cityscapes that a file belongs to, if its name is that of one.
fn frame_of(name: &str) -> Option<&str> {
    let endings = [
        &LABEL_ENDINGS[..],
        &INSTANCE_ENDINGS,
        &PHOTO_ENDINGS,
        &OTHER_ENDINGS,
    ];
    endings.iter().find_map(|endings| stripped(name, endings))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: InputSpec = InputSpec::Labels {
        num_classes: 3,
        dont_care: false,
        ade_shift: false,
    };
    const PICTURE: InputSpec = InputSpec::Picture { channels: 3 };

    fn root_with(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        root
    }

    fn listed(root: &Path, input: InputSpec, instances: bool) -> Listing {
        list_folders(&Folders::flat(root, "train", input, instances, false)).unwrap()
    }

    fn relative(root: &Path, path: Option<&PathBuf>) -> String {
        let path = path.unwrap().strip_prefix(root).unwrap();
        path.to_str().unwrap().replace('\\', "/")
    }

    #[test]
    fn the_label_ids_of_a_frame_are_taken_whatever_lies_beside_them() {
        let names = [
            "train_label/f1_gtFine_labelIds.png",
            "train_label/f1_gtFine_instanceIds.png",
            "train_label/f1_gtFine_color.png",
            "train_label/f1_gtFine_labelTrainIds.png",
            "train_inst/f1_gtFine_labelIds.png",
            "train_inst/f1_gtFine_instanceIds.png",
            "train_img/f1_leftImg8bit.png",
        ];
        let root = root_with(&names);
        let listing = listed(root.path(), LABELS, true);
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        let [files] = listing.samples.as_slice() else {
            panic!("one sample, found {:?}", listing.samples)
        };
        assert_eq!(files.name, "f1");
        assert_eq!(relative(root.path(), Some(&files.input)), names[0]);
        assert_eq!(relative(root.path(), files.instances.as_ref()), names[5]);
        let notes: Vec<_> = listing
            .notes
            .iter()
            .map(|(_, note)| note.as_str())
            .collect();
        assert_eq!(notes.len(), 2);
        assert!(
            notes[0].contains("3 files beside those of _gtFine_labelIds"),
            "{notes:?}"
        );
    }

    #[test]
    fn pictures_as_inputs_lie_in_a_and_b() {
        let root = root_with(&[
            "train_A/2.png",
            "train_A/10.png",
            "train_B/10.jpg",
            "train_B/2.jpg",
        ]);
        let listing = listed(root.path(), PICTURE, false);
        let names: Vec<_> = listing.samples.iter().map(|files| &files.name).collect();
        assert_eq!(names, ["2", "10"]);
        assert_eq!(flat_phases(root.path(), PICTURE), ["train"]);
        assert!(flat_phases(root.path(), LABELS).is_empty());
    }

    #[test]
    fn every_file_without_partner_is_a_problem_and_spare_instance_maps_are_noted() {
        let root = root_with(&[
            "train_label/1.png",
            "train_label/2.png",
            "train_label/3.png",
            "train_img/1.jpg",
            "train_img/2.jpg",
            "train_img/4.jpg",
            "train_inst/1.png",
            "train_inst/9.png",
        ]);
        let listing = listed(root.path(), LABELS, true);
        let problems: Vec<_> = listing.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].contains("3.png") && problems[0].contains("3 label maps and 3 photos"));
        assert!(problems[1].contains("4.jpg"));
        assert!(problems[2].contains("2.png") && problems[2].contains("2 instance maps"));
        assert!(listing.notes[0].1.contains("9.png"), "{:?}", listing.notes);
    }
}
