//! The modes by name, and whose reading of them counts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::error::DataError;

/// How a picture gets the size that the network sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preprocess {
    /// Squash to `load_size` squared, then cut out `crop_size` squared at random.
    #[default]
    ResizeAndCrop,
    /// Only cut out `crop_size` squared at random.
    Crop,
    /// Width to `load_size`, height in proportion (with pix2pix' rules at least `crop_size`).
    ScaleWidth,
    /// As `ScaleWidth`, then cut out `crop_size` squared at random.
    ScaleWidthAndCrop,
    /// Shorter side to `load_size`, the other in proportion. SPADE only.
    ScaleShortside,
    /// As `ScaleShortside`, then cut out `crop_size` squared at random. SPADE only.
    ScaleShortsideAndCrop,
    /// Squash to `crop_size` wide and `crop_size / aspect_ratio` high. SPADE only.
    Fixed,
    /// Keep the size, but round both sides to a multiple (of 4 unless set otherwise).
    None,
}

impl Preprocess {
    /// Every mode with its name in configurations and on the command line.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("resize_and_crop", Self::ResizeAndCrop),
        ("crop", Self::Crop),
        ("scale_width", Self::ScaleWidth),
        ("scale_width_and_crop", Self::ScaleWidthAndCrop),
        ("scale_shortside", Self::ScaleShortside),
        ("scale_shortside_and_crop", Self::ScaleShortsideAndCrop),
        ("fixed", Self::Fixed),
        ("none", Self::None),
    ];

    pub(super) fn crops(self) -> bool {
        matches!(
            self,
            Self::ResizeAndCrop
                | Self::Crop
                | Self::ScaleWidthAndCrop
                | Self::ScaleShortsideAndCrop
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

/// Whose reading of the modes counts.
///
/// Source: model specification 1.2 (crop), 2.5, 3.8, 4.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreprocessRules {
    /// `scale_width` makes the height at least `crop_size`; a picture that is in neither axis larger than the cut-out
    /// stays whole.
    #[default]
    Pix2pix,
    /// `scale_width` keeps the proportions; a picture that is in neither axis larger than the cut-out stays whole.
    Pix2pixHd,
    /// `scale_width` keeps the proportions; the cut-out always has its size, black and class 0 beyond the picture.
    Spade,
}

impl PreprocessRules {
    /// Whether the family knows the mode.
    #[must_use]
    pub fn knows(self, preprocess: Preprocess) -> bool {
        let spade_only = matches!(
            preprocess,
            Preprocess::ScaleShortside | Preprocess::ScaleShortsideAndCrop | Preprocess::Fixed
        );
        self == Self::Spade || !spade_only
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
