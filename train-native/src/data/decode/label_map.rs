//! Maps of ids: one sample for every pixel, as the file stores it, whatever its format.
//!
//! Decoders of pictures stretch samples to the full range (a 1 of one bit becomes 255), which makes other ids of
//! them. Here every format is read without: each in a file of its own.

mod bmp;
mod png;
mod pnm;
#[cfg(test)]
pub(super) mod tests;
mod tiff;

use std::fmt;
use std::fs;
use std::path::Path;

use image::ImageFormat;
use serde::{Deserialize, Serialize};

use super::{LARGEST_DECODED_BYTES, format_of, read_bytes};
use crate::data::error::{DataError, Size};

const LABEL_HINT: &str = "Maps of ids hold one number per pixel: save them as 8-bit gray, 16-bit gray or palette PNG (in Python: \
     Image.fromarray(ids.astype(\"uint8\")).save(\"name.png\"))";

/// By which rules Pillow resizes an id map: it has some of their own for sixteen bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdDepth {
    /// Those of up to eight bits, and of more than sixteen.
    Byte,
    /// Those of sixteen bits.
    Word,
}

/// What the samples of an id map's file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// Gray of up to eight bits.
    Gray8,
    /// Gray of sixteen bits.
    Gray16,
    /// Indices of a palette.
    Palette,
    /// Whole numbers of more than sixteen bits, or signed ones.
    Integers,
}

impl IdKind {
    /// How such maps are resized.
    #[must_use]
    pub fn depth(self) -> IdDepth {
        match self {
            Self::Gray8 | Self::Palette | Self::Integers => IdDepth::Byte,
            Self::Gray16 => IdDepth::Word,
        }
    }
}

impl fmt::Display for IdKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Gray8 => "8-bit gray",
            Self::Gray16 => "16-bit gray",
            Self::Palette => "palette",
            Self::Integers => "signed or 32-bit integers",
        })
    }
}

/// Class (or instance) ids, one per pixel: `[height, width]`, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMap {
    /// Pixels per row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// `height * width` raw sample values.
    pub ids: Vec<u16>,
}

impl LabelMap {
    /// Width and height.
    #[must_use]
    pub fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// Makes sure that every id is below `num_classes`.
    ///
    /// # Errors
    /// [`DataError::LabelOutOfRange`] with the first offending pixel; `path` names the file in the message.
    pub fn check_range(&self, path: &Path, num_classes: usize) -> Result<(), DataError> {
        match self
            .ids
            .iter()
            .position(|id| usize::from(*id) >= num_classes)
        {
            None => Ok(()),
            Some(index) => Err(DataError::LabelOutOfRange {
                path: path.to_path_buf(),
                value: self.ids[index],
                x: index % self.width,
                y: index / self.width,
                num_classes,
            }),
        }
    }
}

/// Reads the raw samples of a single-channel file: gray values or palette indices, never scaled.
///
/// # Errors
/// [`DataError::Io`], [`DataError::Undecodable`], [`DataError::Unusable`] for samples that are no numbers from 0 to
/// 65535, or [`DataError::WrongMode`] for a file with colours or alpha, for JPEG, whose losses turn ids into other
/// ids, and for formats of which programs disagree whether a sample is 0 or 1.
pub fn read_label_map(path: &Path) -> Result<LabelMap, DataError> {
    read_ids(path).map(|(labels, _)| labels)
}

/// As [`read_label_map`], with the depth of the file, on which Pillow's resizing depends.
///
/// # Errors
/// As [`read_label_map`].
pub fn read_ids(path: &Path) -> Result<(LabelMap, IdDepth), DataError> {
    read_ids_of_kind(path).map(|(labels, kind)| (labels, kind.depth()))
}

/// As [`read_label_map`], with the kind of samples in the file.
///
/// # Errors
/// As [`read_label_map`].
pub fn read_ids_of_kind(path: &Path) -> Result<(LabelMap, IdKind), DataError> {
    let bytes = read_bytes(path)?;
    match format_of(path, &bytes)? {
        ImageFormat::Png => png::read(path, &bytes),
        ImageFormat::Tiff => tiff::read(path, &bytes),
        ImageFormat::Pnm => pnm::read(path, &bytes),
        ImageFormat::Bmp => bmp::read(path, &bytes),
        ImageFormat::Jpeg => {
            let found = "a JPEG, which changes ids when it compresses";
            Err(wrong_label_mode(path, found))
        }
        other => {
            let found = format!("a {other:?} picture, which holds RGB colours");
            Err(wrong_label_mode(path, found))
        }
    }
}

/// Reads the size of a label map from its header only.
///
/// # Errors
/// As [`read_label_map`], as far as the header shows.
pub fn read_label_map_size(path: &Path) -> Result<Size, DataError> {
    read_label_map_header(path).map(|(size, _)| size)
}

/// Reads size and kind of a label map: of a PNG from its header only.
///
/// # Errors
/// As [`read_label_map`], as far as was read.
pub fn read_label_map_header(path: &Path) -> Result<(Size, IdKind), DataError> {
    let failed = |error| DataError::io("read", path, error);
    let file = fs::File::open(path).map_err(failed)?;
    let reader = image::ImageReader::new(std::io::BufReader::new(file))
        .with_guessed_format()
        .map_err(failed)?;
    if reader.format() == Some(ImageFormat::Png) {
        return png::read_header(path, reader.into_inner());
    }
    drop(reader);
    read_ids_of_kind(path).map(|(labels, kind)| (labels.size(), kind))
}

fn wrong_label_mode(path: &Path, found: impl Into<String>) -> DataError {
    DataError::WrongMode {
        path: path.to_path_buf(),
        expected: "single-channel class ids",
        found: found.into(),
        hint: LABEL_HINT,
    }
}

fn truncated(path: &Path) -> DataError {
    DataError::undecodable(path, "the file is truncated (samples are missing)")
}

/// Number of pixels of a map that is small enough to be read.
fn pixels_of(path: &Path, width: usize, height: usize) -> Result<usize, DataError> {
    let pixels = width.checked_mul(height);
    let fits = pixels.filter(|pixels| *pixels > 0 && *pixels as u64 <= LARGEST_DECODED_BYTES / 2);
    fits.ok_or_else(|| {
        let size = Size::new(width, height);
        DataError::undecodable(path, format!("{size} pixels cannot be read"))
    })
}

/// Appends one row of samples of one to eight bits, the most significant bits first.
fn push_packed_row(ids: &mut Vec<u16>, row: &[u8], width: usize, bits: usize) {
    let mask = (1u16 << bits) - 1;
    ids.extend((0..width).map(|x| {
        let bit = x * bits;
        (u16::from(row[bit / 8]) >> (8 - bits - bit % 8)) & mask
    }));
}
