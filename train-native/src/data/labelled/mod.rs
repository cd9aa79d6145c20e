//! Label maps with photos: `{root}/{phase}_label/…` and `{root}/{phase}_img/…`, paired by name; instance maps beside
//! them in `{root}/{phase}_inst/…`.

mod pair;
mod palette_file;

use crate::data::augment::AugmentOptions;
use crate::data::decode::Color;
use crate::data::error::DataError;
use crate::data::ids::IdRules;
use crate::data::reading::{ReadInput, Reader, num_channels};

pub use pair::LabelledPair;
pub use palette_file::{PALETTE_FILE, read_palette, write_palette_if_none};

/// How label maps, instance maps and photos are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelledOptions {
    /// Number of classes; every id must be below it.
    pub num_classes: usize,
    /// Whether a raw 255 means "unknown" and becomes the id `num_classes`, which is then an id like any other.
    /// Default false.
    pub contain_dont_care: bool,
    /// Sizes, crop and flip, the same for all files of a sample.
    pub augment: AugmentOptions,
    /// Channels of the photo, 1 (gray) or 3. Default 3.
    pub output_channels: usize,
}

impl LabelledOptions {
    /// Default options for `num_classes` classes.
    #[must_use]
    pub fn new(num_classes: usize) -> Self {
        Self {
            num_classes,
            contain_dont_care: false,
            augment: AugmentOptions::default(),
            output_channels: 3,
        }
    }

    /// Number of channels of the one-hot label map: the classes, and the unknown one where it is asked for.
    #[must_use]
    pub fn num_channels(&self) -> usize {
        self.num_classes + usize::from(self.contain_dont_care)
    }

    /// Makes sure that sizes, channels and the number of classes make sense.
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`].
    pub fn validate(&self) -> Result<(), DataError> {
        self.augment.validate()?;
        self.reader().map(|_| ())
    }

    fn reader(&self) -> Result<Reader, DataError> {
        let (num_classes, dont_care) = (self.num_classes, self.contain_dont_care);
        Ok(Reader {
            input: ReadInput::Labels {
                num_channels: num_channels(num_classes, dont_care)?,
                rules: IdRules::new(None, num_classes, dont_care, false)?,
            },
            augment: self.augment,
            output: Color::from_channels(self.output_channels)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use rand::SeedableRng;

    use super::*;
    use crate::data::augment::Preprocess;
    use crate::data::decode::{LabelMap, Picture, write_label_map_png, write_picture_png};
    use crate::data::layout::{Folders, list_folders};
    use crate::data::source::{DataSource, InputSpec, Layout};
    use crate::data::{Dataset, SampleInput, SampleRng};

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

    const INPUT: InputSpec = InputSpec::Labels {
        num_classes: 16,
        dont_care: false,
        ade_shift: false,
    };

    fn open(root: &Path, phase: &str, instances: bool) -> Result<Arc<dyn Dataset>, DataError> {
        let source = DataSource {
            root: root.to_path_buf(),
            layout: Layout::Flat {
                instances,
                features: false,
            },
            augment: options().augment,
            input: INPUT,
            output_channels: 3,
            max_size: None,
            remap: None,
        };
        source.open(phase)
    }

    fn refused(opened: Result<Arc<dyn Dataset>, DataError>) -> DataError {
        opened.err().expect("refused")
    }

    #[test]
    fn pairs_follow_natural_order_and_geometry_is_shared() {
        let root = tempfile::tempdir().unwrap();
        for name in ["10.png", "9.png", "1.png"] {
            write_label(root.path(), name, (0..16).collect());
            write_image(root.path(), name, 4);
        }
        let dataset = open(root.path(), "train", false).unwrap();
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
        let dataset = open(root.path(), "train", false).unwrap();
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
        let dataset = open(root.path(), "train", false).unwrap();
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
        let text = refused(open(root.path(), "train", false)).to_string();
        assert!(
            text.contains("b.png") && text.contains("2 label maps and 1 photos"),
            "{text}"
        );
        write_image(root.path(), "b.png", 4);
        write_image(root.path(), "b.bmp.png", 4);
        let text = refused(open(root.path(), "train", false)).to_string();
        assert!(text.contains("b.bmp.png"), "{text}");
        std::fs::rename(
            root.path().join("train_img/b.bmp.png"),
            root.path().join("train_img/b.jpg"),
        )
        .unwrap();
        let error = refused(open(root.path(), "train", false));
        assert!(matches!(error, DataError::AmbiguousName { .. }), "{error}");
        assert!(matches!(
            open(root.path(), "val", false),
            Err(DataError::MissingFolder { .. })
        ));
    }

    fn write_instances(root: &Path, name: &str, ids: Vec<u16>) {
        let instances = LabelMap {
            width: 4,
            height: ids.len() / 4,
            ids,
        };
        std::fs::create_dir_all(root.join("train_inst")).unwrap();
        write_label_map_png(&root.join("train_inst").join(name), &instances).unwrap();
    }

    #[test]
    fn instance_maps_come_with_their_label_maps_only_where_asked_for() {
        let root = tempfile::tempdir().unwrap();
        for name in ["2.png", "10.png"] {
            write_label(root.path(), name, (0..16).collect());
            write_image(root.path(), name, 4);
        }
        write_instances(root.path(), "10.png", (33_000..33_016).collect());
        let with_instances = || open(root.path(), "train", true);
        let text = refused(with_instances()).to_string();
        for part in ["2.png", "2 label maps and 1 instance maps", "train_inst"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
        write_instances(root.path(), "2.png", (0..16).collect());
        write_instances(root.path(), "unused.png", (0..16).collect());
        let dataset = with_instances().unwrap();
        let sample = dataset.load(1, &mut SampleRng::seed_from_u64(3)).unwrap();
        let SampleInput::Labels { ids, .. } = &sample.input else {
            panic!("labels")
        };
        let expected: Vec<u16> = ids.iter().map(|id| id + 33_000).collect();
        assert_eq!(sample.instances.unwrap().ids, expected);
        let plain = open(root.path(), "train", false).unwrap();
        let sample = plain.load(1, &mut SampleRng::seed_from_u64(3)).unwrap();
        assert_eq!(sample.instances, None);
    }

    #[test]
    fn flattened_cityscapes_files_are_paired_by_their_frame() {
        let root = tempfile::tempdir().unwrap();
        for frame in ["ulm_000001_000019", "ulm_000000_000019"] {
            write_label(
                root.path(),
                &format!("{frame}_gtFine_labelIds.png"),
                vec![1; 16],
            );
            write_image(root.path(), &format!("{frame}_leftImg8bit.png"), 4);
            write_instances(
                root.path(),
                &format!("{frame}_gtFine_instanceIds.png"),
                vec![26_001; 16],
            );
        }
        let dataset = open(root.path(), "train", true).unwrap();
        let names: Vec<_> = (0..2).map(|index| dataset.name(index)).collect();
        assert_eq!(names, ["ulm_000000_000019", "ulm_000001_000019"]);
        let folders = Folders::flat(root.path(), "train", INPUT, true, false);
        for files in list_folders(&folders).unwrap().samples {
            for path in [
                Some(&files.input),
                files.target.as_ref(),
                files.instances.as_ref(),
            ] {
                assert!(
                    path.unwrap().to_str().unwrap().contains(&files.name),
                    "{files:?}"
                );
            }
        }
        write_label(
            root.path(),
            "ulm_000002_000019_gtFine_labelIds.png",
            vec![1; 16],
        );
        let error = refused(open(root.path(), "train", false));
        assert!(error.to_string().contains("ulm_000002_000019"), "{error}");
    }

    #[test]
    fn a_number_of_classes_that_ids_cannot_hold_is_refused() {
        for (num_classes, contain_dont_care, fits) in [
            (0, false, false),
            (65_536, false, true),
            (65_535, true, true),
            (65_536, true, false),
        ] {
            let options = LabelledOptions {
                contain_dont_care,
                ..LabelledOptions::new(num_classes)
            };
            assert_eq!(options.validate().is_ok(), fits, "{num_classes}");
        }
    }
}
