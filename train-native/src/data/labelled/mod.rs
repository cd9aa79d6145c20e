//! Label maps with photos: `{root}/{phase}_label/…` and `{root}/{phase}_img/…`, paired by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use underpaint_core::label::Palette;

use crate::data::augment::{
    AugmentOptions, TransformParams, signed_from_picture, transform_labels, transform_picture,
};
use crate::data::decode::{Color, read_label_map, read_picture};
use crate::data::error::DataError;
use crate::data::files::{list_pictures_of, sample_name};
use crate::data::paired::at_least_one;
use crate::data::{Dataset, Sample, SampleInput, SampleRng};

/// File beside a data set, and in a run, that holds names and colours of the classes.
pub const PALETTE_FILE: &str = "palette.json";

/// How label maps and photos are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelledOptions {
    /// Number of classes; every id must be below it.
    pub num_classes: usize,
    /// Sizes, crop and flip, the same for both files.
    pub augment: AugmentOptions,
    /// Channels of the photo, 1 (gray) or 3. Default 3.
    pub output_channels: usize,
    /// Use only that many pairs, the first in natural order. Default: all.
    pub max_size: Option<usize>,
}

impl LabelledOptions {
    /// Default options for `num_classes` classes.
    #[must_use]
    pub fn new(num_classes: usize) -> Self {
        Self {
            num_classes,
            augment: AugmentOptions::default(),
            output_channels: 3,
            max_size: None,
        }
    }
}

/// One label map with its photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledPair {
    /// Path below the folder, without extension.
    pub name: String,
    /// The label map's file.
    pub label: PathBuf,
    /// The photo's file.
    pub image: PathBuf,
}

/// What belongs together in a folder of label maps and a folder of photos, and what stands alone.
#[derive(Debug)]
pub struct Pairing {
    /// Complete pairs in natural order (`2` before `10`).
    pub pairs: Vec<LabelledPair>,
    /// One error per file without partner or with an ambiguous name.
    pub problems: Vec<DataError>,
}

/// A folder of label maps with a folder of photos.
#[derive(Debug)]
pub struct LabelledDataset {
    pairs: Vec<LabelledPair>,
    options: LabelledOptions,
    color: Color,
}

impl LabelledDataset {
    /// Lists `{root}/{phase}_label` and `{root}/{phase}_img` and pairs their files; pictures are read later.
    ///
    /// # Errors
    /// [`DataError::MissingFolder`], [`DataError::EmptyFolder`], [`DataError::MissingPartner`],
    /// [`DataError::AmbiguousName`], [`DataError::InvalidSetting`] or [`DataError::Io`].
    pub fn open(root: &Path, phase: &str, options: LabelledOptions) -> Result<Self, DataError> {
        let labels = root.join(format!("{phase}_label"));
        Self::open_folders(&root.join(format!("{phase}_img")), &labels, options)
    }

    /// As [`LabelledDataset::open`], for two folders with any names.
    ///
    /// # Errors
    /// As [`LabelledDataset::open`].
    pub fn open_folders(
        images: &Path,
        labels: &Path,
        options: LabelledOptions,
    ) -> Result<Self, DataError> {
        options.augment.validate()?;
        let color = Color::from_channels(options.output_channels)?;
        if !(1..=1 << 16).contains(&options.num_classes) {
            return Err(DataError::InvalidSetting {
                setting: "number of classes",
                expected: "1 to 65536".into(),
                found: options.num_classes.to_string(),
            });
        }
        let Pairing {
            mut pairs,
            problems,
        } = pair_files(images, labels)?;
        if let Some(problem) = problems.into_iter().next() {
            return Err(problem);
        }
        pairs.truncate(at_least_one(options.max_size)?);
        Ok(Self {
            pairs,
            options,
            color,
        })
    }

    /// The pairs in order.
    #[must_use]
    pub fn pairs(&self) -> &[LabelledPair] {
        &self.pairs
    }
}

impl Dataset for LabelledDataset {
    fn len(&self) -> usize {
        self.pairs.len()
    }

    fn name(&self, index: usize) -> String {
        self.pairs[index].name.clone()
    }

    fn load(&self, index: usize, rng: &mut SampleRng) -> Result<Sample, DataError> {
        let pair = &self.pairs[index];
        let labels = read_label_map(&pair.label)?;
        labels.check_range(&pair.label, self.options.num_classes)?;
        let picture = read_picture(&pair.image, self.color)?;
        if labels.size() != picture.size() {
            return Err(size_mismatch(pair, labels.size(), picture.size()));
        }
        let augment = &self.options.augment;
        let params = TransformParams::draw(augment, labels.size(), rng);
        let labels = transform_labels(&labels, augment, &params);
        let picture = transform_picture(&picture, augment, &params);
        let input = SampleInput::Labels {
            width: labels.width,
            height: labels.height,
            ids: labels.ids,
        };
        Ok(Sample {
            name: pair.name.clone(),
            input,
            instances: None,
            target: signed_from_picture(&picture),
        })
    }
}

pub(crate) fn size_mismatch(
    pair: &LabelledPair,
    label: crate::data::Size,
    image: crate::data::Size,
) -> DataError {
    DataError::SizeMismatch {
        path: pair.label.clone(),
        expected: image,
        expected_of: format!("as its photo {}", pair.image.display()),
        found: label,
    }
}

/// Pairs the files of two folders by their path below the folder without extension.
///
/// # Errors
/// [`DataError::MissingFolder`], [`DataError::EmptyFolder`] or [`DataError::Io`]; single files without partner are in
/// [`Pairing::problems`].
pub fn pair_files(images: &Path, labels: &Path) -> Result<Pairing, DataError> {
    let mut problems = Vec::new();
    let label_files = list_pictures_of(labels, "label maps")?;
    let image_files = list_pictures_of(images, "photos")?;
    let counts = format!(
        "{} label maps and {} photos in all",
        label_files.len(),
        image_files.len()
    );
    let label_files = by_name(labels, label_files, &mut problems);
    let mut image_files = by_name(images, image_files, &mut problems);
    let mut pairs = Vec::new();
    for (name, label) in label_files {
        match image_files.remove(&name) {
            Some(image) => pairs.push(LabelledPair { name, label, image }),
            None => problems.push(alone(label, images, &name, &counts)),
        }
    }
    let photos = image_files.into_iter();
    problems.extend(photos.map(|(name, image)| alone(image, labels, &name, &counts)));
    pairs.sort_by(|a, b| natord::compare(&a.name, &b.name));
    Ok(Pairing { pairs, problems })
}

fn alone(path: PathBuf, folder: &Path, name: &str, counts: &str) -> DataError {
    let expected = format!("{}/{name}.*", folder.display());
    DataError::MissingPartner {
        path,
        expected,
        found: format!("no such file ({counts})"),
    }
}

fn by_name(
    folder: &Path,
    files: Vec<PathBuf>,
    problems: &mut Vec<DataError>,
) -> BTreeMap<String, PathBuf> {
    let mut named = BTreeMap::new();
    for path in files {
        if let Some(first) = named.insert(sample_name(folder, &path), path.clone()) {
            problems.push(DataError::AmbiguousName {
                first,
                second: path,
            });
        }
    }
    named
}

/// Reads `{root}/palette.json`, names and colours of the classes; none if there is no such file.
///
/// # Errors
/// [`DataError::InvalidPalette`] for bad JSON or an id that occurs twice, [`DataError::Io`].
pub fn read_palette(root: &Path) -> Result<Option<Palette>, DataError> {
    let path = root.join(PALETTE_FILE);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DataError::io("read", &path, error)),
        Ok(text) => text,
    };
    let invalid = |reason| DataError::InvalidPalette {
        path: path.clone(),
        reason,
    };
    let mut palette: Palette =
        serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    palette.classes.sort_by_key(|class| class.id);
    match palette
        .classes
        .windows(2)
        .find(|pair| pair[0].id == pair[1].id)
    {
        Some(pair) => Err(invalid(format!(
            "id {} occurs twice, expected one class per id",
            pair[0].id
        ))),
        None => Ok(Some(palette)),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::data::augment::Preprocess;
    use crate::data::decode::{LabelMap, Picture, write_label_map_png, write_picture_png};

    fn write_label(root: &Path, name: &str, ids: Vec<u16>) {
        let labels = LabelMap {
            width: 4,
            height: ids.len() / 4,
            ids,
        };
        std::fs::create_dir_all(root.join("train_label")).unwrap();
        write_label_map_png(&root.join("train_label").join(name), &labels).unwrap();
    }

    fn write_image(root: &Path, name: &str, height: usize) {
        let picture = Picture {
            width: 4,
            height,
            channels: 3,
            pixels: (0..12 * height).map(|v| v as u8).collect(),
        };
        std::fs::create_dir_all(root.join("train_img")).unwrap();
        write_picture_png(&root.join("train_img").join(name), &picture).unwrap();
    }

    fn options() -> LabelledOptions {
        let augment = AugmentOptions {
            preprocess: Preprocess::None,
            ..AugmentOptions::default()
        };
        LabelledOptions {
            augment,
            ..LabelledOptions::new(16)
        }
    }

    #[test]
    fn pairs_follow_natural_order_and_geometry_is_shared() {
        let root = tempfile::tempdir().unwrap();
        for name in ["10.png", "9.png", "1.png"] {
            write_label(root.path(), name, (0..16).collect());
            write_image(root.path(), name, 4);
        }
        let dataset = LabelledDataset::open(root.path(), "train", options()).unwrap();
        assert_eq!(
            (0..3).map(|index| dataset.name(index)).collect::<Vec<_>>(),
            ["1", "9", "10"]
        );
        let mut flips = [false; 2];
        for seed in 0..20 {
            let sample = dataset
                .load(0, &mut SampleRng::seed_from_u64(seed))
                .unwrap();
            let SampleInput::Labels {
                width: 4,
                height: 4,
                ids,
            } = &sample.input
            else {
                panic!("labels 4x4")
            };
            // Red of pixel i is 3i: label and photo must agree pixel by pixel, flipped or not.
            let red: Vec<u16> = sample.target.data[..16]
                .iter()
                .map(|v| ((v + 1.0) * 127.5 / 3.0).round() as u16)
                .collect();
            assert_eq!(&red, ids);
            flips[usize::from(ids[0] == 3)] = true;
        }
        assert_eq!(flips, [true; 2]);
    }

    #[test]
    fn out_of_range_id_names_file_value_position_and_range() {
        let root = tempfile::tempdir().unwrap();
        write_label(root.path(), "a.png", vec![0, 1, 2, 3, 4, 255, 6, 7]);
        write_image(root.path(), "a.png", 2);
        let dataset = LabelledDataset::open(root.path(), "train", options()).unwrap();
        let text = dataset
            .load(0, &mut SampleRng::seed_from_u64(1))
            .unwrap_err()
            .to_string();
        for part in ["a.png", "255", "x=1, y=1", "0..=15"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
    }

    #[test]
    fn label_and_photo_of_different_size_are_an_error_that_names_both() {
        let root = tempfile::tempdir().unwrap();
        write_label(root.path(), "a.png", vec![0; 16]);
        write_image(root.path(), "a.png", 8);
        let dataset = LabelledDataset::open(root.path(), "train", options()).unwrap();
        let text = dataset
            .load(0, &mut SampleRng::seed_from_u64(1))
            .unwrap_err()
            .to_string();
        for part in ["train_label/a.png", "train_img/a.png", "4x8", "4x4"] {
            assert!(
                text.replace('\\', "/").contains(part),
                "{part} missing in {text}"
            );
        }
    }

    #[test]
    fn files_without_partner_and_twins_are_errors() {
        let root = tempfile::tempdir().unwrap();
        write_label(root.path(), "a.png", vec![0; 16]);
        write_label(root.path(), "b.png", vec![0; 16]);
        write_image(root.path(), "a.png", 4);
        let text = LabelledDataset::open(root.path(), "train", options())
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("b.png") && text.contains("2 label maps and 1 photos"),
            "{text}"
        );
        write_image(root.path(), "b.png", 4);
        write_image(root.path(), "b.bmp.png", 4);
        let text = LabelledDataset::open(root.path(), "train", options())
            .unwrap_err()
            .to_string();
        assert!(text.contains("b.bmp.png"), "{text}");
        std::fs::rename(
            root.path().join("train_img/b.bmp.png"),
            root.path().join("train_img/b.jpg"),
        )
        .unwrap();
        let error = LabelledDataset::open(root.path(), "train", options()).unwrap_err();
        assert!(matches!(error, DataError::AmbiguousName { .. }), "{error}");
        assert!(matches!(
            LabelledDataset::open(root.path(), "val", options()),
            Err(DataError::MissingFolder { .. })
        ));
    }

    #[test]
    fn palette_is_optional_read_and_checked() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(read_palette(root.path()).unwrap(), None);
        let path = root.path().join("palette.json");
        std::fs::write(
            &path,
            r#"{"classes":[{"id":0,"name":"sky","color":[1,2,3]}]}"#,
        )
        .unwrap();
        let palette = read_palette(root.path()).unwrap().unwrap();
        assert_eq!(
            (palette.classes[0].name.as_str(), palette.classes[0].color),
            ("sky", [1, 2, 3])
        );
        let twice = r#"{"classes":[{"id":4,"name":"a","color":[1,2,3]},{"id":4,"name":"b","color":[1,2,3]}]}"#;
        for bad in [twice, r#"{"classes":[{"id":-1}]}"#, ""] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(
                read_palette(root.path()),
                Err(DataError::InvalidPalette { .. })
            ));
        }
    }
}
