//! Sizes and switches: which size a picture gets.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::preprocess::{Preprocess, PreprocessRules};
use crate::data::error::{DataError, Size};

/// Sizes and switches of the transformation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AugmentOptions {
    /// How the size is made. Default `resize_and_crop`.
    pub preprocess: Preprocess,
    /// Whose reading of `preprocess`. Default pix2pix'.
    pub rules: PreprocessRules,
    /// Size to load at, in pixels. Default 286.
    pub load_size: usize,
    /// Size of the cut-out, in pixels. Default 256.
    pub crop_size: usize,
    /// Width by height of [`Preprocess::Fixed`]. Default 1.
    pub aspect_ratio: f64,
    /// Whether to mirror half of the samples. Default true; off for validation.
    pub flip: bool,
    /// What [`Preprocess::None`] rounds both sides to, in pixels. Default 4; pix2pixHD has 16 (32 with a local
    /// enhancer), SPADE 32.
    pub multiple: usize,
}

impl Default for AugmentOptions {
    fn default() -> Self {
        Self {
            preprocess: Preprocess::default(),
            rules: PreprocessRules::default(),
            load_size: 286,
            crop_size: 256,
            aspect_ratio: 1.0,
            flip: true,
            multiple: 4,
        }
    }
}

impl AugmentOptions {
    /// The same without chance: no flip, and `load_size` equal to `crop_size`, as the authors test.
    ///
    /// The scaling modes of pix2pixHD and SPADE keep their `load_size`: there it is the size that the network sees.
    #[must_use]
    pub fn for_evaluation(self) -> Self {
        let squashed =
            self.rules == PreprocessRules::Pix2pix || self.preprocess == Preprocess::ResizeAndCrop;
        Self {
            load_size: if squashed {
                self.crop_size
            } else {
                self.load_size
            },
            flip: false,
            ..self
        }
    }

    /// Makes sure that the sizes make sense and that the family knows the mode.
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
                return Err(invalid(setting, "1 to 65536 pixels".into(), value));
            }
        }
        if !(1.0 / 64.0..=64.0).contains(&self.aspect_ratio) {
            let expected = "width by height, 1/64 to 64".into();
            return Err(invalid("aspect_ratio", expected, self.aspect_ratio));
        }
        if !self.rules.knows(self.preprocess) {
            let names = Preprocess::NAMES.into_iter();
            let known: Vec<_> = names.filter(|(_, mode)| self.rules.knows(*mode)).collect();
            let known: Vec<_> = known.into_iter().map(|(name, _)| name).collect();
            return Err(invalid("preprocess", known.join(", "), self.preprocess));
        }
        if self.preprocess == Preprocess::ResizeAndCrop && self.load_size < self.crop_size {
            let expected = format!(
                "at least crop_size ({}) for resize_and_crop",
                self.crop_size
            );
            return Err(invalid("load_size", expected, self.load_size));
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
            Preprocess::ScaleShortside | Preprocess::ScaleShortsideAndCrop => {
                self.scaled_shortside(size)
            }
            Preprocess::Fixed => {
                let height = (self.crop_size as f64 / self.aspect_ratio).round_ties_even();
                Size::new(self.crop_size, (height as usize).max(1))
            }
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
        if self.cuts(resized) {
            Size::new(self.crop_size, self.crop_size)
        } else {
            resized
        }
    }

    /// Whether a picture that is to be cut out of is in no axis larger than the cut-out, in one smaller, and stays whole.
    #[must_use]
    pub fn stays_whole(&self, size: Size) -> bool {
        let resized = self.resized_size(size);
        let smaller = resized.width < self.crop_size || resized.height < self.crop_size;
        self.preprocess.crops() && smaller && !self.cuts(resized)
    }

    /// Whether the cut-out reaches beyond a picture, so that it is filled up with black.
    #[must_use]
    pub fn is_filled(&self, size: Size) -> bool {
        let resized = self.resized_size(size);
        let smaller = resized.width < self.crop_size || resized.height < self.crop_size;
        self.cuts(resized) && smaller
    }

    /// Whether a resized picture is cut (or filled up) to `crop_size` squared.
    pub(super) fn cuts(&self, resized: Size) -> bool {
        let larger = resized.width > self.crop_size || resized.height > self.crop_size;
        self.preprocess.crops() && (larger || self.rules == PreprocessRules::Spade)
    }

    fn scaled_width(&self, size: Size) -> Size {
        let smallest = match self.rules {
            PreprocessRules::Pix2pix => self.crop_size,
            PreprocessRules::Pix2pixHd | PreprocessRules::Spade => 1,
        };
        let height = in_proportion(self.load_size, size.height, size.width);
        Size::new(self.load_size, height.max(smallest))
    }

    /// What the mode's name says; the original keeps the short side and stretches the long one (B-12).
    fn scaled_shortside(&self, size: Size) -> Size {
        let long = |long, short| in_proportion(self.load_size, long, short).max(1);
        if size.width <= size.height {
            Size::new(self.load_size, long(size.height, size.width))
        } else {
            Size::new(long(size.width, size.height), self.load_size)
        }
    }
}

fn invalid(setting: &'static str, expected: String, found: impl fmt::Display) -> DataError {
    DataError::InvalidSetting {
        setting,
        expected,
        found: found.to_string(),
    }
}

/// `length * of / to`, rounded down from f64 as Python's `int(a * b / c)`.
fn in_proportion(length: usize, of: usize, to: usize) -> usize {
    ((length * of) as f64 / to as f64) as usize
}

/// Nearest multiple, half to even as Python's `round`; at least one multiple.
fn round_to_multiple(length: usize, multiple: usize) -> usize {
    let count = (length as f64 / multiple as f64).round_ties_even() as usize;
    count.max(1) * multiple
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::data::SampleRng;

    fn options(preprocess: Preprocess, load_size: usize, crop_size: usize) -> AugmentOptions {
        AugmentOptions {
            preprocess,
            load_size,
            crop_size,
            ..AugmentOptions::default()
        }
    }

    fn with_rules(rules: PreprocessRules, options: AugmentOptions) -> AugmentOptions {
        AugmentOptions { rules, ..options }
    }

    const ALL_RULES: [PreprocessRules; 3] = [
        PreprocessRules::Pix2pix,
        PreprocessRules::Pix2pixHd,
        PreprocessRules::Spade,
    ];

    #[test]
    fn options_written_before_there_were_rules_are_those_of_pix2pix() {
        let written =
            r#"{"preprocess":"crop","load_size":40,"crop_size":32,"flip":false,"multiple":4}"#;
        let expected = AugmentOptions {
            flip: false,
            ..options(Preprocess::Crop, 40, 32)
        };
        let read: AugmentOptions = serde_json::from_str(written).unwrap();
        assert_eq!(read, expected);
    }

    #[test]
    fn sizes_of_pix2pix_follow_the_specification() {
        let cases = [
            (options(Preprocess::ResizeAndCrop, 40, 32), (32, 32)),
            (options(Preprocess::Crop, 40, 32), (32, 32)),
            (options(Preprocess::Crop, 40, 60), (50, 37)),
            (options(Preprocess::ScaleWidth, 40, 24), (40, 29)),
            (options(Preprocess::ScaleWidth, 40, 32), (40, 32)),
            (options(Preprocess::ScaleWidth, 50, 37), (50, 37)),
            (options(Preprocess::ScaleWidth, 50, 40), (50, 40)),
            (options(Preprocess::ScaleWidthAndCrop, 40, 24), (24, 24)),
            (options(Preprocess::None, 1, 1), (48, 36)),
        ];
        for (options, (width, height)) in cases {
            let found = options.final_size(Size::new(50, 37));
            assert_eq!(found, Size::new(width, height), "{options:?}");
        }
    }

    #[test]
    fn pix2pixhd_scales_the_width_without_a_smallest_height_and_keeps_small_pictures_whole() {
        let cases = [
            (options(Preprocess::ScaleWidth, 40, 32), (40, 29)),
            (options(Preprocess::ScaleWidth, 50, 512), (50, 37)),
            (options(Preprocess::ScaleWidthAndCrop, 40, 64), (40, 29)),
            (options(Preprocess::ScaleWidthAndCrop, 40, 32), (32, 32)),
            (options(Preprocess::Crop, 40, 60), (50, 37)),
        ];
        for (options, (width, height)) in cases {
            let options = with_rules(PreprocessRules::Pix2pixHd, options);
            let found = options.final_size(Size::new(50, 37));
            assert_eq!(found, Size::new(width, height), "{options:?}");
        }
        let sixteen = AugmentOptions {
            multiple: 16,
            ..options(Preprocess::None, 1, 1)
        };
        // 40 / 16 = 2.5 and 56 / 16 = 3.5: half to even.
        assert_eq!(sixteen.final_size(Size::new(40, 56)), Size::new(32, 64));
    }

    #[test]
    fn spade_always_cuts_and_knows_the_short_side_and_fixed_sizes() {
        let fixed = |aspect_ratio| AugmentOptions {
            aspect_ratio,
            ..options(Preprocess::Fixed, 1, 25)
        };
        let cases = [
            (options(Preprocess::Crop, 40, 60), (60, 60)),
            (options(Preprocess::ScaleWidth, 40, 32), (40, 29)),
            (options(Preprocess::ScaleWidthAndCrop, 40, 64), (64, 64)),
            (options(Preprocess::ScaleShortside, 74, 8), (100, 74)),
            (options(Preprocess::ScaleShortside, 37, 8), (50, 37)),
            (options(Preprocess::ScaleShortsideAndCrop, 74, 8), (8, 8)),
            (fixed(1.0), (25, 25)),
            // 25 / 2 = 12.5 and 25 / 0.5 = 50: half to even.
            (fixed(2.0), (25, 12)),
            (fixed(0.5), (25, 50)),
        ];
        for (options, (width, height)) in cases {
            let options = with_rules(PreprocessRules::Spade, options);
            let found = options.final_size(Size::new(50, 37));
            assert_eq!(found, Size::new(width, height), "{options:?}");
        }
        let tall = options(Preprocess::ScaleShortside, 74, 8).resized_size(Size::new(37, 50));
        assert_eq!(tall, Size::new(74, 100));
    }

    #[test]
    fn what_is_smaller_than_the_cut_out_stays_whole_or_is_filled_up() {
        let crop = options(Preprocess::Crop, 40, 48);
        let found = |rules, width, height| {
            let (options, size) = (with_rules(rules, crop), Size::new(width, height));
            [options.stays_whole(size), options.is_filled(size)]
        };
        for rules in [PreprocessRules::Pix2pix, PreprocessRules::Pix2pixHd] {
            assert_eq!(found(rules, 40, 37), [true, false]);
            assert_eq!(found(rules, 50, 37), [false, true]);
        }
        assert_eq!(found(PreprocessRules::Spade, 40, 37), [false, true]);
        for rules in ALL_RULES {
            assert_eq!(found(rules, 48, 48), [false, false]);
            assert_eq!(found(rules, 60, 50), [false, false]);
        }
    }

    #[test]
    fn scaling_never_gives_an_empty_side_and_keeps_proportions() {
        let mut rng = SampleRng::seed_from_u64(3);
        for _ in 0..2000 {
            let mut side = |largest: u64| rng.random_range(1..=largest) as usize;
            let (size, load_size) = (Size::new(side(900), side(900)), side(600));
            for mode in [Preprocess::ScaleWidth, Preprocess::ScaleShortside] {
                let options = with_rules(PreprocessRules::Spade, options(mode, load_size, 1));
                let found = options.resized_size(size);
                let width_is_given = mode == Preprocess::ScaleWidth || size.width <= size.height;
                let (given, follows, of, to) = if width_is_given {
                    (found.width, found.height, size.height, size.width)
                } else {
                    (found.height, found.width, size.width, size.height)
                };
                assert_eq!(given, load_size, "{size} to {found}");
                // The side that follows loses less than a pixel, and is never empty.
                let exact = (load_size * of) as f64 / to as f64;
                let lost = exact - follows as f64;
                assert!(
                    follows == 1 || (0.0..1.0).contains(&lost),
                    "{size} to {found}"
                );
                assert!(follows >= 1, "{size} to {found}");
            }
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
    fn evaluation_keeps_the_size_that_a_scaling_mode_gives() {
        for rules in ALL_RULES {
            let squash = with_rules(rules, options(Preprocess::ResizeAndCrop, 286, 256));
            assert_eq!(squash.for_evaluation().load_size, 256);
            let scale = with_rules(rules, options(Preprocess::ScaleWidth, 1024, 512));
            let kept = rules != PreprocessRules::Pix2pix;
            let expected = if kept { 1024 } else { 512 };
            assert_eq!(scale.for_evaluation().load_size, expected);
            assert!(!scale.for_evaluation().flip);
        }
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
        for aspect_ratio in [0.0, -2.0, f64::NAN, f64::INFINITY] {
            let bad = AugmentOptions {
                aspect_ratio,
                ..AugmentOptions::default()
            };
            let text = bad.validate().unwrap_err().to_string();
            assert!(text.contains("aspect_ratio"), "{text}");
        }
    }

    #[test]
    fn modes_of_another_family_are_refused_with_the_known_ones() {
        for (name, mode) in Preprocess::NAMES {
            for rules in ALL_RULES {
                let checked = with_rules(rules, options(mode, 64, 32)).validate();
                assert_eq!(checked.is_ok(), rules.knows(mode), "{name}, {rules:?}");
            }
        }
        let text = options(Preprocess::Fixed, 64, 32).validate().unwrap_err();
        let text = text.to_string();
        assert!(
            text.contains("scale_width, ") && text.contains("found fixed"),
            "{text}"
        );
        assert!(!text.contains("shortside"), "{text}");
    }
}
