//! Geometry of a training sample: resize, crop, flip, and the step from bytes to [-1, 1].
//!
//! Both sides of a pair go through the same transformation. Rules: model specification 1.2 and 2.5 (pix2pix'
//! `get_params` and `get_transform`).

use std::fmt;
use std::str::FromStr;

use rand::RngExt;
use serde::{Deserialize, Serialize};
use underpaint_core::image::signed_from_pixels;

use crate::data::decode::{LabelMap, Picture};
use crate::data::error::{DataError, Size};
use crate::data::resize::{Filter, resize_bytes, resize_ids};
use crate::data::{PixelsF32, SampleRng};

/// How a picture gets the size that the network sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preprocess {
    /// Squash to `load_size` squared, then cut out `crop_size` squared at random.
    #[default]
    ResizeAndCrop,
    /// Only cut out `crop_size` squared at random.
    Crop,
    /// Width to `load_size`, height in proportion but at least `crop_size`.
    ScaleWidth,
    /// As `ScaleWidth`, then cut out `crop_size` squared at random.
    ScaleWidthAndCrop,
    /// Keep the size, but round both sides to a multiple (of 4 unless set otherwise).
    None,
}

impl Preprocess {
    /// Every mode with its name in configurations and on the command line.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("resize_and_crop", Self::ResizeAndCrop),
        ("crop", Self::Crop),
        ("scale_width", Self::ScaleWidth),
        ("scale_width_and_crop", Self::ScaleWidthAndCrop),
        ("none", Self::None),
    ];

    fn crops(self) -> bool {
        matches!(
            self,
            Self::ResizeAndCrop | Self::Crop | Self::ScaleWidthAndCrop
        )
    }
}

impl fmt::Display for Preprocess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES
            .iter()
            .find(|(_, mode)| mode == self)
            .map_or("", |(name, _)| name);
        formatter.write_str(name)
    }
}

impl FromStr for Preprocess {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let known = Self::NAMES.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, mode)| *mode)
            .ok_or_else(|| DataError::InvalidSetting {
                setting: "preprocess",
                expected: Self::NAMES.map(|(name, _)| name).join(", "),
                found: text.into(),
            })
    }
}

/// Sizes and switches of the transformation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AugmentOptions {
    /// How the size is made. Default `resize_and_crop`.
    pub preprocess: Preprocess,
    /// Size to load at, in pixels. Default 286.
    pub load_size: usize,
    /// Size of the cut-out, in pixels. Default 256.
    pub crop_size: usize,
    /// Whether to mirror half of the samples. Default true; off for validation.
    pub flip: bool,
    /// What [`Preprocess::None`] rounds both sides to, in pixels. Default 4.
    pub multiple: usize,
}

impl Default for AugmentOptions {
    fn default() -> Self {
        Self {
            preprocess: Preprocess::default(),
            load_size: 286,
            crop_size: 256,
            flip: true,
            multiple: 4,
        }
    }
}

impl AugmentOptions {
    /// The same without chance: no flip, and `load_size` equal to `crop_size`, as the authors test.
    #[must_use]
    pub fn for_evaluation(self) -> Self {
        Self {
            load_size: self.crop_size,
            flip: false,
            ..self
        }
    }

    /// Makes sure that the sizes make sense.
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`].
    pub fn validate(&self) -> Result<(), DataError> {
        let settings = [
            ("load_size", self.load_size),
            ("crop_size", self.crop_size),
            ("multiple", self.multiple),
        ];
        for (setting, value) in settings {
            if !(1..=65_536).contains(&value) {
                let (expected, found) = ("1 to 65536 pixels".into(), value.to_string());
                return Err(DataError::InvalidSetting {
                    setting,
                    expected,
                    found,
                });
            }
        }
        if self.preprocess == Preprocess::ResizeAndCrop && self.load_size < self.crop_size {
            return Err(DataError::InvalidSetting {
                setting: "load_size",
                expected: format!(
                    "at least crop_size ({}) for resize_and_crop",
                    self.crop_size
                ),
                found: self.load_size.to_string(),
            });
        }
        Ok(())
    }

    /// The size a picture is resized to before any crop.
    #[must_use]
    pub fn resized_size(&self, size: Size) -> Size {
        match self.preprocess {
            Preprocess::ResizeAndCrop => Size::new(self.load_size, self.load_size),
            Preprocess::Crop => size,
            Preprocess::ScaleWidth | Preprocess::ScaleWidthAndCrop => self.scaled_width(size),
            Preprocess::None => Size::new(
                round_to_multiple(size.width, self.multiple),
                round_to_multiple(size.height, self.multiple),
            ),
        }
    }

    /// The size a picture has after the whole transformation.
    #[must_use]
    pub fn final_size(&self, size: Size) -> Size {
        let resized = self.resized_size(size);
        let larger = resized.width > self.crop_size || resized.height > self.crop_size;
        if self.preprocess.crops() && larger {
            Size::new(self.crop_size, self.crop_size)
        } else {
            resized
        }
    }

    fn scaled_width(&self, size: Size) -> Size {
        if size.width == self.load_size && size.height >= self.crop_size {
            return size;
        }
        let proportional = (self.load_size * size.height) as f64 / size.width as f64;
        Size::new(self.load_size, (proportional as usize).max(self.crop_size))
    }
}

/// Nearest multiple, half to even as Python's `round`; at least one multiple.
fn round_to_multiple(length: usize, multiple: usize) -> usize {
    let count = (length as f64 / multiple as f64).round_ties_even() as usize;
    count.max(1) * multiple
}

/// The draws of one sample, shared by all of its maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransformParams {
    /// Left edge of the cut-out, in pixels of the resized picture.
    pub crop_x: usize,
    /// Top edge of the cut-out.
    pub crop_y: usize,
    /// Whether to mirror left and right.
    pub flip: bool,
}

impl TransformParams {
    /// Draws crop position and flip for a picture of `size`: always three draws, in the order x, y, flip.
    #[must_use]
    pub fn draw(options: &AugmentOptions, size: Size, rng: &mut SampleRng) -> Self {
        let loaded = match options.preprocess {
            Preprocess::ResizeAndCrop => Size::new(options.load_size, options.load_size),
            Preprocess::ScaleWidthAndCrop => Size::new(
                options.load_size,
                options.load_size * size.height / size.width,
            ),
            _ => size,
        };
        let mut origin = |length: usize| -> usize {
            let room = length.saturating_sub(options.crop_size) as u64;
            rng.random_range(0..=room) as usize
        };
        let (crop_x, crop_y) = (origin(loaded.width), origin(loaded.height));
        let coin = rng.random::<f64>() > 0.5;
        Self {
            crop_x,
            crop_y,
            flip: options.flip && coin,
        }
    }
}

/// Transforms a photo: bicubic resize, crop, flip.
///
/// # Shapes
/// `[height, width, channels]` to `[final height, final width, channels]` as [`AugmentOptions::final_size`] says.
#[must_use]
pub fn transform_picture(
    picture: &Picture,
    options: &AugmentOptions,
    params: &TransformParams,
) -> Picture {
    let resized_size = options.resized_size(picture.size());
    let channels = picture.channels;
    let resized = resize_bytes(
        &picture.pixels,
        picture.size(),
        channels,
        resized_size,
        Filter::Bicubic,
    );
    let (size, mut pixels) = cut_out(resized, resized_size, channels, options, params);
    if params.flip {
        mirror(&mut pixels, size.width, channels);
    }
    Picture {
        width: size.width,
        height: size.height,
        channels,
        pixels,
    }
}

/// Transforms a label map with the same geometry: nearest resize, crop, flip.
///
/// # Shapes
/// `[height, width]` to `[final height, final width]` as [`AugmentOptions::final_size`] says.
#[must_use]
pub fn transform_labels(
    labels: &LabelMap,
    options: &AugmentOptions,
    params: &TransformParams,
) -> LabelMap {
    let resized_size = options.resized_size(labels.size());
    let resized = resize_ids(&labels.ids, labels.size(), resized_size);
    let (size, mut ids) = cut_out(resized, resized_size, 1, options, params);
    if params.flip {
        mirror(&mut ids, size.width, 1);
    }
    LabelMap {
        width: size.width,
        height: size.height,
        ids,
    }
}

/// Cuts out the square, filling with zero beyond the picture; a picture that is not larger stays whole.
fn cut_out<T: Copy + Default>(
    samples: Vec<T>,
    size: Size,
    channels: usize,
    options: &AugmentOptions,
    params: &TransformParams,
) -> (Size, Vec<T>) {
    let crop = options.crop_size;
    if !options.preprocess.crops() || (size.width <= crop && size.height <= crop) {
        return (size, samples);
    }
    let columns = crop.min(size.width.saturating_sub(params.crop_x)) * channels;
    let mut cut = vec![T::default(); crop * crop * channels];
    let rows = samples
        .chunks_exact(size.width * channels)
        .skip(params.crop_y);
    for (target, row) in cut.chunks_exact_mut(crop * channels).zip(rows) {
        let start = (params.crop_x * channels).min(row.len());
        target[..columns].copy_from_slice(&row[start..][..columns]);
    }
    (Size::new(crop, crop), cut)
}

fn mirror<T>(samples: &mut [T], width: usize, channels: usize) {
    for row in samples.chunks_exact_mut(width * channels) {
        row.reverse();
        row.chunks_exact_mut(channels).for_each(<[T]>::reverse);
    }
}

/// A picture as network values: `[channels, height, width]` in [-1, 1].
#[must_use]
pub fn signed_from_picture(picture: &Picture) -> PixelsF32 {
    PixelsF32 {
        channels: picture.channels,
        height: picture.height,
        width: picture.width,
        data: signed_from_pixels(&picture.pixels, picture.channels),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn options(preprocess: Preprocess, load_size: usize, crop_size: usize) -> AugmentOptions {
        AugmentOptions {
            preprocess,
            load_size,
            crop_size,
            ..AugmentOptions::default()
        }
    }

    fn ramp(width: usize, height: usize, channels: usize) -> Picture {
        let pixels = (0..width * height * channels)
            .map(|index| index as u8)
            .collect();
        Picture {
            width,
            height,
            channels,
            pixels,
        }
    }

    const STAY: TransformParams = TransformParams {
        crop_x: 0,
        crop_y: 0,
        flip: false,
    };

    #[test]
    fn names_match_the_original_flags() {
        for (name, mode) in Preprocess::NAMES {
            assert_eq!(name.parse::<Preprocess>().unwrap(), mode);
            assert_eq!(mode.to_string(), name);
            assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{name}\""));
        }
        let text = "scale".parse::<Preprocess>().unwrap_err().to_string();
        assert!(text.contains("scale_width_and_crop"), "{text}");
    }

    #[test]
    fn final_sizes_follow_the_specification() {
        let size = Size::new(50, 37);
        let cases = [
            (options(Preprocess::ResizeAndCrop, 40, 32), (32, 32)),
            (options(Preprocess::Crop, 40, 32), (32, 32)),
            (options(Preprocess::Crop, 40, 60), (50, 37)),
            (options(Preprocess::ScaleWidth, 40, 24), (40, 29)),
            (options(Preprocess::ScaleWidth, 40, 32), (40, 32)),
            (options(Preprocess::ScaleWidth, 50, 37), (50, 37)),
            (options(Preprocess::ScaleWidthAndCrop, 40, 24), (24, 24)),
            (options(Preprocess::None, 1, 1), (48, 36)),
        ];
        for (options, (width, height)) in cases {
            assert_eq!(
                options.final_size(size),
                Size::new(width, height),
                "{options:?}"
            );
            let picture = transform_picture(&ramp(50, 37, 3), &options, &STAY);
            assert_eq!(picture.size(), Size::new(width, height), "{options:?}");
        }
    }

    #[test]
    fn rounding_goes_half_to_even_and_never_to_zero() {
        let lengths: Vec<_> = [1, 50, 54, 51, 256]
            .map(|length| round_to_multiple(length, 4))
            .into();
        assert_eq!(lengths, [4, 48, 56, 52, 256]);
    }

    #[test]
    fn crop_beyond_the_picture_fills_with_zero() {
        let options = options(Preprocess::Crop, 9, 4);
        let params = TransformParams {
            crop_x: 0,
            crop_y: 1,
            flip: false,
        };
        let picture = Picture {
            width: 2,
            height: 6,
            channels: 1,
            pixels: (1..=12).collect(),
        };
        let cropped = transform_picture(&picture, &options, &params);
        assert_eq!(
            cropped.pixels,
            [3, 4, 0, 0, 5, 6, 0, 0, 7, 8, 0, 0, 9, 10, 0, 0]
        );
        let outside = TransformParams {
            crop_x: 5,
            crop_y: 9,
            flip: false,
        };
        assert_eq!(
            transform_picture(&picture, &options, &outside).pixels,
            [0; 16]
        );
    }

    #[test]
    fn flip_mirrors_pixels_not_channels_and_labels_follow() {
        let options = options(Preprocess::None, 1, 1);
        let params = TransformParams { flip: true, ..STAY };
        let picture = transform_picture(&ramp(4, 4, 3), &options, &params);
        assert_eq!(picture.pixels[..12], [9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2]);
        let labels = LabelMap {
            width: 4,
            height: 4,
            ids: (300..316).collect(),
        };
        assert_eq!(
            transform_labels(&labels, &options, &params).ids[..4],
            [303, 302, 301, 300]
        );
    }

    #[test]
    fn draws_cover_the_whole_range_and_both_coins() {
        let options = options(Preprocess::ResizeAndCrop, 34, 32);
        let mut rng = SampleRng::seed_from_u64(7);
        let draws: Vec<_> = (0..200)
            .map(|_| TransformParams::draw(&options, Size::new(9, 9), &mut rng))
            .collect();
        for wanted in 0..=2 {
            assert!(draws.iter().any(|draw| draw.crop_x == wanted));
            assert!(draws.iter().any(|draw| draw.crop_y == wanted));
        }
        assert!(
            draws
                .iter()
                .all(|draw| draw.crop_x <= 2 && draw.crop_y <= 2)
        );
        assert!((60..140).contains(&draws.iter().filter(|draw| draw.flip).count()));
        let still = AugmentOptions {
            load_size: 34,
            ..options
        }
        .for_evaluation();
        assert_eq!(
            TransformParams::draw(&still, Size::new(9, 9), &mut rng),
            STAY
        );
    }

    #[test]
    fn signed_values_span_minus_one_to_one_by_channel() {
        let picture = Picture {
            width: 2,
            height: 1,
            channels: 3,
            pixels: vec![0, 1, 255, 128, 127, 64],
        };
        let expected =
            [0, 128, 1, 127, 255, 64].map(|value: u8| (f32::from(value) / 255.0 - 0.5) / 0.5);
        assert_eq!(signed_from_picture(&picture).data, expected);
        assert_eq!((expected[0], expected[4]), (-1.0, 1.0));
    }

    #[test]
    fn senseless_sizes_are_refused() {
        options(Preprocess::Crop, 40, 64).validate().unwrap();
        let text = options(Preprocess::ResizeAndCrop, 40, 64)
            .validate()
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("load_size") && text.contains("64") && text.contains("40"),
            "{text}"
        );
        assert!(options(Preprocess::Crop, 40, 0).validate().is_err());
    }
}
