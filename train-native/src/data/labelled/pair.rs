//! The files of one sample, and how they become it.

use std::path::PathBuf;

use super::LabelledOptions;
use crate::data::Sample;
use crate::data::augment::TransformParams;
use crate::data::error::{DataError, Size};
use crate::data::layout::SampleFiles;

/// One label map with its photo, and its instance map where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledPair {
    /// Path below the folder, without extension.
    pub name: String,
    /// The label map's file.
    pub label: PathBuf,
    /// The photo's file.
    pub image: PathBuf,
    /// The instance map's file.
    pub instances: Option<PathBuf>,
}

impl LabelledPair {
    /// Reads the files and transforms all of them alike; `params_of` gives the draws for their size.
    ///
    /// # Errors
    /// [`DataError::LabelOutOfRange`] for an id without a channel, [`DataError::SizeMismatch`] unless all files have
    /// one size, and what reading a file can give.
    ///
    /// Source: model specification 3.8 and 4.6; instance ids stay raw, of 8 as of 16 bits (B-5, B-6).
    pub fn load(
        &self,
        options: &LabelledOptions,
        params_of: impl FnOnce(Size) -> TransformParams,
    ) -> Result<Sample, DataError> {
        options.reader()?.read(&self.files(), params_of)
    }

    fn files(&self) -> SampleFiles {
        SampleFiles {
            name: self.name.clone(),
            input: self.label.clone(),
            target: Some(self.image.clone()),
            instances: self.instances.clone(),
            features: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::SampleInput;
    use crate::data::augment::{AugmentOptions, Preprocess};
    use crate::data::decode::{LabelMap, Picture, write_label_map_png, write_picture_png};

    const STAY: TransformParams = TransformParams {
        crop_x: 0,
        crop_y: 0,
        flip: false,
    };

    fn map(ids: Vec<u16>, width: usize) -> LabelMap {
        let height = ids.len() / width;
        LabelMap { width, height, ids }
    }

    /// Writes a label map, a black photo of its size, and an instance map.
    fn files(folder: &Path, labels: &LabelMap, instances: &LabelMap) -> LabelledPair {
        let pair = LabelledPair {
            name: "a".into(),
            label: folder.join("label.png"),
            image: folder.join("image.png"),
            instances: Some(folder.join("instances.png")),
        };
        let photo = Picture {
            width: labels.width,
            height: labels.height,
            channels: 3,
            pixels: vec![0; labels.ids.len() * 3],
        };
        write_label_map_png(&pair.label, labels).unwrap();
        write_picture_png(&pair.image, &photo).unwrap();
        write_label_map_png(&folder.join("instances.png"), instances).unwrap();
        pair
    }

    fn options(num_classes: usize, contain_dont_care: bool) -> LabelledOptions {
        LabelledOptions {
            contain_dont_care,
            augment: AugmentOptions {
                preprocess: Preprocess::None,
                multiple: 1,
                ..AugmentOptions::default()
            },
            ..LabelledOptions::new(num_classes)
        }
    }

    fn label_ids(sample: &Sample) -> &[u16] {
        match &sample.input {
            SampleInput::Labels { ids, .. } => ids,
            other => panic!("a label map gives labels, found {other:?}"),
        }
    }

    #[test]
    fn unknown_pixels_become_the_channel_after_the_last_class() {
        let folder = tempfile::tempdir().unwrap();
        let labels = map(vec![0, 255, 8, 9], 2);
        let pair = files(folder.path(), &labels, &labels);
        let sample = pair.load(&options(9, true), |_| STAY).unwrap();
        assert_eq!(label_ids(&sample), [0, 9, 8, 9]);
        assert_eq!(options(9, true).num_channels(), 10);
        // Only the label map has unknown pixels: instance 255 is an instance.
        assert_eq!(sample.instances.unwrap().ids, [0, 255, 8, 9]);
    }

    #[test]
    fn unknown_pixels_without_a_channel_and_ids_beyond_it_are_errors_with_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let labels = map(vec![0, 255, 8, 10], 2);
        let pair = files(folder.path(), &labels, &labels);
        let text = |options| pair.load(&options, |_| STAY).unwrap_err().to_string();
        let refused = text(options(9, false));
        for part in ["label.png", "label 255", "x=1, y=0", "0..=8"] {
            assert!(refused.contains(part), "{part} missing in {refused}");
        }
        let refused = text(options(9, true));
        for part in ["label.png", "label 10", "x=1, y=1", "0..=9"] {
            assert!(refused.contains(part), "{part} missing in {refused}");
        }
    }

    #[test]
    fn instance_ids_stay_raw_at_both_widths_and_follow_the_flip() {
        let folder = tempfile::tempdir().unwrap();
        for ids in [vec![0, 33_001, 65_535, 7], vec![0, 1, 254, 255]] {
            let pair = files(folder.path(), &map(vec![0; 4], 2), &map(ids.clone(), 2));
            let flip = TransformParams { flip: true, ..STAY };
            let sample = pair.load(&options(1, false), |_| flip).unwrap();
            let found = sample.instances.unwrap();
            assert_eq!((found.width, found.height), (2, 2));
            assert_eq!(found.ids, [ids[1], ids[0], ids[3], ids[2]]);
        }
    }

    #[test]
    fn an_instance_map_of_another_size_is_an_error_that_names_both_files() {
        let folder = tempfile::tempdir().unwrap();
        let pair = files(folder.path(), &map(vec![0; 4], 2), &map(vec![0; 4], 4));
        let error = pair.load(&options(1, false), |_| STAY).unwrap_err();
        let text = error.to_string();
        for part in ["instances.png", "label.png", "2x2", "4x1"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
    }

    /// Pillow 13.0.0 resizes eight pixels to six by other rules in 16-bit files than in 8-bit ones (`resize_wide_ids`).
    #[test]
    fn every_id_map_is_resized_as_pillow_does_at_its_own_depth() {
        let folder = tempfile::tempdir().unwrap();
        let (labels, instances) = (map((0..8).collect(), 8), map((1000..1008).collect(), 8));
        let pair = files(folder.path(), &labels, &instances);
        let mut options = options(8, false);
        options.augment = AugmentOptions {
            preprocess: Preprocess::ScaleWidth,
            load_size: 6,
            crop_size: 1,
            ..options.augment
        };
        let sample = pair.load(&options, |_| STAY).unwrap();
        assert_eq!(label_ids(&sample), [0, 2, 3, 4, 5, 7]);
        let expected = [1000, 1002, 1003, 1004, 1006, 1007];
        assert_eq!(sample.instances.unwrap().ids, expected);
    }
}
