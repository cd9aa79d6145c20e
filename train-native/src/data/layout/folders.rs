//! One folder for every kind of file: pix2pixHD's `train_label`, `train_img`, …, and folders of any name.

use std::path::{Path, PathBuf};

use super::Listing;
use super::frames::{self, FrameFile, Wanted};
use super::halves::{self, Halves, without_side};
use super::pairing::{Kind, attach, join};
use crate::data::error::DataError;
use crate::data::files::{list_files_of, list_pictures, sample_name, subfolder_names};
use crate::data::source::InputSpec;

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
    /// pix2pixHD's names; pictures as inputs may lie in any folders that [`Halves`] knows.
    pub fn flat(
        root: &Path,
        phase: &str,
        input: InputSpec,
        instances: bool,
        features: bool,
    ) -> Self {
        let folder = |kind: &str| root.join(format!("{phase}_{kind}"));
        let is_labels = matches!(input, InputSpec::Labels { .. });
        let (input, target) = match (is_labels, Halves::find(root, phase)) {
            (true, _) => (folder("label"), folder("img")),
            (false, Some(Halves { a, b })) => (a, b),
            (false, None) => (folder("A"), folder("B")),
        };
        Self {
            input,
            target: Some(target),
            instances: instances.then(|| folder("inst")),
            features: features.then(|| folder("feat")),
            is_labels,
        }
    }

    /// All folders.
    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        let others = [&self.target, &self.instances, &self.features];
        std::iter::once(&self.input).chain(others.into_iter().flatten())
    }
}

/// Phases with a folder of inputs and a folder of photos.
pub(super) fn flat_phases(root: &Path, input: InputSpec) -> Vec<String> {
    let mut phases = input_phases(root, input);
    phases.retain(|phase| {
        let target = Folders::flat(root, phase, input, false, false).target;
        target.is_some_and(|folder| folder.is_dir())
    });
    phases
}

/// Whether a phase has files of every kind that is read: pictures to look at while training.
pub(super) fn is_whole(root: &Path, phase: &str, input: InputSpec, kinds: [bool; 2]) -> bool {
    let [instances, features] = kinds;
    let holds = |folder: &PathBuf| {
        let pictures = list_pictures(folder);
        pictures.is_ok_and(|pictures| !pictures.is_empty())
    };
    Folders::flat(root, phase, input, instances, features)
        .all()
        .all(holds)
}

/// Phases with a folder of inputs, whether or not there are photos.
pub(crate) fn input_phases(root: &Path, input: InputSpec) -> Vec<String> {
    let kind = match input {
        InputSpec::Labels { .. } => "_label",
        InputSpec::Picture { .. } | InputSpec::Nothing => "_A",
    };
    let names = subfolder_names(root).unwrap_or_default();
    let named = names.iter().filter_map(|name| name.strip_suffix(kind));
    let mut phases: Vec<String> = named.map(str::to_owned).collect();
    if !matches!(input, InputSpec::Labels { .. }) {
        phases.extend(halves::phases(root));
    }
    phases.sort();
    phases.dedup();
    phases
}

/// Pairs the files of the folders by their path below the folder without extension.
///
/// Cityscapes' endings (`_gtFine_labelIds`, `_leftImg8bit`, …) may differ; the common part is then the name.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`] or [`DataError::Io`]; single files without partner are in
/// [`Listing::problems`].
pub(crate) fn list_folders(folders: &Folders) -> Result<Listing, DataError> {
    let mut found = Listing {
        folders: folders.all().cloned().collect(),
        ..Listing::default()
    };
    let inputs = match folders.is_labels {
        true => Files::list(&folders.input, "label maps", frames::LABELS, &mut found)?,
        false => Files::list(
            &folders.input,
            "input pictures",
            frames::PICTURES,
            &mut found,
        )?,
    };
    let mut samples = match &folders.target {
        None => inputs.kind(&mut found).alone(),
        Some(folder) => {
            let photos = Files::list(folder, "photos", frames::PICTURES, &mut found)?;
            let [inputs, photos] = match folders.is_labels {
                true => [inputs, photos],
                false => without_sides(inputs, photos),
            };
            let name_of = |key: &str, input: &PathBuf, photo: &PathBuf| {
                let name = sample_name(&folders.input, input);
                if name == sample_name(folder, photo) {
                    name
                } else {
                    key.to_owned()
                }
            };
            let [inputs, photos] = [inputs, photos].map(|files| files.kind(&mut found));
            join(inputs, photos, name_of, &mut found.problems)
        }
    };
    if let Some(folder) = &folders.instances {
        let maps = Files::list(folder, "instance maps", frames::INSTANCES, &mut found)?;
        let maps = maps.kind(&mut found);
        let Listing {
            problems, notes, ..
        } = &mut found;
        attach(
            &mut samples,
            maps,
            |files| &mut files.instances,
            problems,
            notes,
        );
    }
    if let Some(folder) = &folders.features {
        let maps = Files::list(folder, "feature maps", frames::PICTURES, &mut found)?;
        let maps = maps.kind(&mut found);
        let Listing {
            problems, notes, ..
        } = &mut found;
        attach(
            &mut samples,
            maps,
            |files| &mut files.features,
            problems,
            notes,
        );
    }
    found.samples = samples.into_iter().map(|(_, files)| files).collect();
    Ok(found)
}

/// The label maps of a folder, whatever of Cityscapes lies beside them.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`] or [`DataError::Io`]; [`DataError::WrongMode`] for instance
/// maps alone.
pub(crate) fn list_label_maps(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut found = Listing::default();
    let files = Files::list(folder, "label maps", frames::LABELS, &mut found)?;
    match found.problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(files.keyed.into_iter().map(|(_, path)| path).collect()),
    }
}

/// The files of a folder with what they have in common with their partners.
struct Files {
    what: &'static str,
    folder: PathBuf,
    keyed: Vec<(String, PathBuf)>,
}

impl Files {
    /// Lists a folder. Of a frame of Cityscapes the best of the `wanted` kinds is taken: people copy `gtFine` as it is.
    fn list(
        folder: &Path,
        what: &'static str,
        wanted: &[FrameFile],
        found: &mut Listing,
    ) -> Result<Self, DataError> {
        let files = list_files_of(folder, what)?;
        found.note(files.note(folder));
        let named = files.pictures.into_iter();
        let named = named.map(|path| (sample_name(folder, &path), path));
        let wanted = Wanted::of(named.collect(), wanted);
        if let Some(first) = wanted.left.first() {
            let (place, name) = (folder.display(), first.file_name().unwrap_or_default());
            let note = format!(
                "{place}: {} files of other kinds beside the {what}, such as {}, are not used",
                wanted.left.len(),
                name.display()
            );
            found.notes.push((folder.to_path_buf(), note));
        }
        if let (true, Some(first)) = (what == "label maps", wanted.instance_maps.first()) {
            found.problems.push(DataError::WrongMode {
                path: first.clone(),
                expected: "a label map",
                found: format!(
                    "an instance map by its name, as {} of {} files in {}",
                    wanted.instance_maps.len(),
                    wanted.files.len(),
                    folder.display()
                ),
                hint: "Label maps of Cityscapes end in _labelIds; instance maps have a folder of their own",
            });
        }
        Ok(Self {
            what,
            folder: folder.to_path_buf(),
            keyed: wanted.files,
        })
    }

    fn kind(self, found: &mut Listing) -> Kind {
        Kind::new(self.what, self.folder, self.keyed, &mut found.problems)
    }

    /// The files without a side at the end of their names, if all of them have it.
    fn without_side(&self, side: &str) -> Option<Vec<(String, PathBuf)>> {
        let keyed = self.keyed.iter();
        let keyed =
            keyed.map(|(key, path)| Some((without_side(key, side)?.to_owned(), path.clone())));
        keyed.collect()
    }
}

/// `1_A.jpg` and `1_B.jpg` belong together where all names are such.
fn without_sides(mut inputs: Files, mut photos: Files) -> [Files; 2] {
    if let (Some(a), Some(b)) = (inputs.without_side("A"), photos.without_side("B")) {
        (inputs.keyed, photos.keyed) = (a, b);
    }
    [inputs, photos]
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
            notes[0].contains("3 files of other kinds beside the label maps"),
            "{notes:?}"
        );
    }

    #[test]
    fn kinds_that_lie_in_one_folder_are_told_apart() {
        let root = root_with(&[
            "all/f1_gtFine_labelIds.png",
            "all/f1_gtFine_instanceIds.png",
            "all/f1_gtFine_color.png",
            "all/f1_gtFine_polygons.json",
            "all/f1_leftImg8bit.png",
        ]);
        let all = root.path().join("all");
        let listing = list_folders(&Folders {
            input: all.clone(),
            target: Some(all.clone()),
            instances: Some(all.clone()),
            features: None,
            is_labels: true,
        })
        .unwrap();
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        let files = &listing.samples[0];
        let ends = |path: &Path, end: &str| assert!(path.ends_with(end), "{path:?}");
        ends(&files.input, "f1_gtFine_labelIds.png");
        ends(files.target.as_ref().unwrap(), "f1_leftImg8bit.png");
        ends(
            files.instances.as_ref().unwrap(),
            "f1_gtFine_instanceIds.png",
        );
    }

    #[test]
    fn instance_maps_alone_are_no_label_maps() {
        let root = root_with(&[
            "train_label/f1_gtFine_instanceIds.png",
            "train_img/f1_leftImg8bit.png",
            "train_img/notes.gif",
        ]);
        let listing = listed(root.path(), LABELS, false);
        let text = listing.problems[0].to_string();
        for part in ["f1_gtFine_instanceIds.png", "instance map", "_labelIds"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
        assert_eq!(listing.problems.len(), 1);
        let (_, note) = &listing.notes[0];
        assert!(note.contains("1 file left out: .gif 1"), "{note}");
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
