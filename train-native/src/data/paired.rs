//! AB pictures: `{root}/{phase}/…`, each file one picture with A in its left half and B in its right half.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::augment::{
    AugmentOptions, TransformParams, signed_from_picture, transform_picture,
};
use crate::data::decode::{Color, Picture, read_picture};
use crate::data::error::{DataError, Size};
use crate::data::files::{list_pictures_of, sample_name};
use crate::data::{Dataset, PixelsF32, Sample, SampleInput, SampleRng};

/// Which half is the generator's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Direction {
    /// Left half in, right half out.
    #[default]
    AtoB,
    /// Right half in, left half out.
    BtoA,
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if *self == Self::AtoB { "AtoB" } else { "BtoA" })
    }
}

impl FromStr for Direction {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        match text.to_ascii_lowercase().as_str() {
            "atob" => Ok(Self::AtoB),
            "btoa" => Ok(Self::BtoA),
            _ => Err(DataError::InvalidSetting {
                setting: "direction",
                expected: "AtoB or BtoA".into(),
                found: text.into(),
            }),
        }
    }
}

/// How AB pictures are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedOptions {
    /// Which half is the input. Default `AtoB`.
    pub direction: Direction,
    /// Sizes, crop and flip, the same for both halves.
    pub augment: AugmentOptions,
    /// Channels of the input, 1 (gray) or 3. Default 3.
    pub input_channels: usize,
    /// Channels of the target, 1 (gray) or 3. Default 3.
    pub output_channels: usize,
    /// Use only that many files, the first by path. Default: all.
    pub max_size: Option<usize>,
}

impl Default for PairedOptions {
    fn default() -> Self {
        Self {
            direction: Direction::default(),
            augment: AugmentOptions::default(),
            input_channels: 3,
            output_channels: 3,
            max_size: None,
        }
    }
}

/// A folder of AB pictures.
#[derive(Debug)]
pub struct PairedDataset {
    folder: PathBuf,
    files: Vec<PathBuf>,
    options: PairedOptions,
    input_color: Color,
    output_color: Color,
}

impl PairedDataset {
    /// Lists `{root}/{phase}` (recursive, sorted by path); pictures are read later.
    ///
    /// # Errors
    /// [`DataError::MissingFolder`] with the phases that do exist, [`DataError::EmptyFolder`],
    /// [`DataError::InvalidSetting`] or [`DataError::Io`].
    pub fn open(root: &Path, phase: &str, options: PairedOptions) -> Result<Self, DataError> {
        options.augment.validate()?;
        let input_color = Color::from_channels(options.input_channels)?;
        let output_color = Color::from_channels(options.output_channels)?;
        let folder = root.join(phase);
        let mut files = list_pictures_of(&folder, "AB pictures (A left, B right)")?;
        files.truncate(at_least_one(options.max_size)?);
        Ok(Self {
            folder,
            files,
            options,
            input_color,
            output_color,
        })
    }

    /// The file of sample `index`.
    ///
    /// # Panics
    /// If `index` is not below the number of samples.
    #[must_use]
    pub fn path(&self, index: usize) -> &Path {
        &self.files[index]
    }
}

/// A limit on the number of files, none meaning all of them.
pub(crate) fn at_least_one(max_size: Option<usize>) -> Result<usize, DataError> {
    match max_size {
        Some(0) => Err(DataError::InvalidSetting {
            setting: "max_size",
            expected: "at least 1 sample".into(),
            found: "0".into(),
        }),
        limit => Ok(limit.unwrap_or(usize::MAX)),
    }
}

impl Dataset for PairedDataset {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn name(&self, index: usize) -> String {
        sample_name(&self.folder, &self.files[index])
    }

    fn load(&self, index: usize, rng: &mut SampleRng) -> Result<Sample, DataError> {
        let path = &self.files[index];
        let gray = self.input_color == Color::Gray && self.output_color == Color::Gray;
        let picture = read_picture(path, if gray { Color::Gray } else { Color::Rgb })?;
        let (left, _) =
            split_sizes(picture.size()).ok_or_else(|| too_narrow(path, picture.size()))?;
        let params = TransformParams::draw(&self.options.augment, left, rng);
        let (input, target) = transform_pair(&picture, &self.options, &params)?;
        if (input.width, input.height) != (target.width, target.height) {
            return Err(DataError::SizeMismatch {
                path: path.clone(),
                expected: Size::new(input.width, input.height),
                expected_of: format!(
                    "the input half of this {} picture, after preprocessing",
                    picture.size()
                ),
                found: Size::new(target.width, target.height),
            });
        }
        Ok(Sample {
            name: self.name(index),
            input: SampleInput::Image(input),
            instances: None,
            features: None,
            target,
        })
    }
}

/// Sizes of the left half (`width / 2`, rounded down) and the right half (the rest); none if a half would be empty.
#[must_use]
pub fn split_sizes(size: Size) -> Option<(Size, Size)> {
    let left = size.width / 2;
    (left > 0).then(|| {
        (
            Size::new(left, size.height),
            Size::new(size.width - left, size.height),
        )
    })
}

pub(crate) fn too_narrow(path: &Path, found: Size) -> DataError {
    DataError::SizeMismatch {
        path: path.to_path_buf(),
        expected: Size::new(2, found.height),
        expected_of: "or wider, to hold two halves".into(),
        found,
    }
}

/// Splits an AB picture into its left half A and its right half B.
///
/// # Errors
/// [`DataError::SizeMismatch`] for a picture of less than two columns; `path` names it.
pub fn split_ab(picture: &Picture, path: &Path) -> Result<(Picture, Picture), DataError> {
    let (left, right) =
        split_sizes(picture.size()).ok_or_else(|| too_narrow(path, picture.size()))?;
    let channels = picture.channels;
    let mut halves = [Vec::new(), Vec::new()];
    for row in picture.pixels.chunks_exact(picture.width * channels) {
        let (a, b) = row.split_at(left.width * channels);
        halves[0].extend_from_slice(a);
        halves[1].extend_from_slice(b);
    }
    let [a, b] = halves;
    let half = |size: Size, pixels| Picture {
        width: size.width,
        height: size.height,
        channels,
        pixels,
    };
    Ok((half(left, a), half(right, b)))
}

/// Splits and transforms an AB picture with given draws; returns input and target, in [-1, 1].
///
/// The halves keep their own sizes: those of an odd-width picture differ by a column and may end up different.
///
/// # Errors
/// [`DataError::SizeMismatch`] for a picture of less than two columns, [`DataError::InvalidSetting`] for channels.
pub fn transform_pair(
    picture: &Picture,
    options: &PairedOptions,
    params: &TransformParams,
) -> Result<(PixelsF32, PixelsF32), DataError> {
    let (a, b) = split_ab(picture, Path::new("AB picture"))?;
    let (input, target) = match options.direction {
        Direction::AtoB => (a, b),
        Direction::BtoA => (b, a),
    };
    let transformed = |half: Picture, channels: usize| -> Result<PixelsF32, DataError> {
        let half = half.to_color(Color::from_channels(channels)?);
        Ok(signed_from_picture(&transform_picture(
            &half,
            &options.augment,
            params,
        )))
    };
    Ok((
        transformed(input, options.input_channels)?,
        transformed(target, options.output_channels)?,
    ))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::data::augment::Preprocess;
    use crate::data::decode::write_picture_png;

    /// Left half of value 0, right half of value 255.
    fn ab_picture(width: usize, height: usize) -> Picture {
        let pixels = (0..width * height * 3)
            .map(|index| {
                if (index / 3) % width < width / 2 {
                    0
                } else {
                    255
                }
            })
            .collect();
        Picture {
            width,
            height,
            channels: 3,
            pixels,
        }
    }

    fn options(preprocess: Preprocess) -> PairedOptions {
        let augment = AugmentOptions {
            preprocess,
            load_size: 18,
            crop_size: 16,
            ..AugmentOptions::default()
        };
        PairedOptions {
            augment,
            ..PairedOptions::default()
        }
    }

    fn folder_with(files: &[(&str, Picture)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, picture) in files {
            let path = root.path().join("train").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            write_picture_png(&path, picture).unwrap();
        }
        root
    }

    fn input_image(sample: &Sample) -> &PixelsF32 {
        match &sample.input {
            SampleInput::Image(pixels) => pixels,
            other => panic!("an AB picture gives an image, found {other:?}"),
        }
    }

    #[test]
    fn direction_swaps_halves_and_channels() {
        let root = folder_with(&[("x.png", ab_picture(40, 20))]);
        for (direction, input, target) in
            [(Direction::AtoB, -1.0, 1.0), (Direction::BtoA, 1.0, -1.0)]
        {
            let options = PairedOptions {
                direction,
                input_channels: 1,
                ..options(Preprocess::ResizeAndCrop)
            };
            let dataset = PairedDataset::open(root.path(), "train", options).unwrap();
            let sample = dataset.load(0, &mut SampleRng::seed_from_u64(1)).unwrap();
            let image = input_image(&sample);
            assert_eq!((image.channels, image.height, image.width), (1, 16, 16));
            assert_eq!(
                (sample.target.channels, sample.target.data.len()),
                (3, 3 * 16 * 16)
            );
            assert!(image.data.iter().all(|value| *value == input));
            assert!(sample.target.data.iter().all(|value| *value == target));
        }
    }

    #[test]
    fn files_are_sorted_named_and_limited() {
        let files = ["b.png", "a.png", "sub/c.png"].map(|name| (name, ab_picture(8, 4)));
        let root = folder_with(&files);
        let dataset = PairedDataset::open(root.path(), "train", options(Preprocess::Crop)).unwrap();
        assert_eq!(
            (0..3).map(|index| dataset.name(index)).collect::<Vec<_>>(),
            ["a", "b", "sub/c"]
        );
        let limited = PairedOptions {
            max_size: Some(2),
            ..options(Preprocess::Crop)
        };
        assert_eq!(
            PairedDataset::open(root.path(), "train", limited)
                .unwrap()
                .len(),
            2
        );
        let none = PairedOptions {
            max_size: Some(0),
            ..limited
        };
        assert!(PairedDataset::open(root.path(), "train", none).is_err());
    }

    #[test]
    fn odd_width_loads_where_the_size_is_fixed_and_is_an_error_where_halves_differ() {
        let root = folder_with(&[("odd.png", ab_picture(101, 36))]);
        let mut rng = SampleRng::seed_from_u64(1);
        let fixed =
            PairedDataset::open(root.path(), "train", options(Preprocess::ResizeAndCrop)).unwrap();
        fixed.load(0, &mut rng).unwrap();
        let kept = PairedDataset::open(root.path(), "train", options(Preprocess::None)).unwrap();
        let text = kept.load(0, &mut rng).unwrap_err().to_string();
        assert!(
            text.contains("odd.png") && text.contains("48x36") && text.contains("52x36"),
            "{text}"
        );
    }

    #[test]
    fn one_column_missing_phase_and_wrong_channels_are_errors() {
        let root = folder_with(&[("thin.png", ab_picture(1, 4))]);
        let dataset = PairedDataset::open(root.path(), "train", options(Preprocess::None)).unwrap();
        let text = dataset
            .load(0, &mut SampleRng::seed_from_u64(1))
            .unwrap_err()
            .to_string();
        assert!(text.contains("thin.png") && text.contains("1x4"), "{text}");
        let text = PairedDataset::open(root.path(), "val", options(Preprocess::None))
            .unwrap_err()
            .to_string();
        assert!(text.contains("train"), "{text}");
        let four = PairedOptions {
            input_channels: 4,
            ..PairedOptions::default()
        };
        assert!(PairedDataset::open(root.path(), "train", four).is_err());
    }

    #[test]
    fn one_rng_seed_gives_one_sample() {
        let mut picture = ab_picture(60, 30);
        picture
            .pixels
            .iter_mut()
            .enumerate()
            .for_each(|(index, value)| *value = (index * 31 % 253) as u8);
        let root = folder_with(&[("x.png", picture)]);
        let dataset =
            PairedDataset::open(root.path(), "train", options(Preprocess::ResizeAndCrop)).unwrap();
        let load = |seed| {
            dataset
                .load(0, &mut SampleRng::seed_from_u64(seed))
                .unwrap()
        };
        assert_eq!(load(1), load(1));
        assert!((2..12).any(|seed| load(seed) != load(1)));
    }
}
