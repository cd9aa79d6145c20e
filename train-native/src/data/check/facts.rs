//! What a file holds, before anyone says what it should hold.

use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader};
use serde::{Deserialize, Serialize};

use crate::data::decode::{
    Color, IdKind, LabelMap, Picture, read_ids_of_kind, read_label_map_header, read_picture,
    read_picture_size,
};
use crate::data::error::{DataError, Size};

/// Largest high byte of a picture that uses low bits only.
const LOW_BYTE: u8 = 15;

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A picture.
    Picture,
    /// A map of class ids.
    Labels,
    /// A map of instance ids.
    Instances,
}

/// What a readable file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Pixels per row.
    width: usize,
    /// Number of rows.
    height: usize,
    /// Whether the file was decoded, not only its header read.
    pub decoded: bool,
    /// Kind of the samples of a map of ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<IdKind>,
    /// The ids of a decoded map of class ids, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<IdFacts>,
    /// Largest id and number of different ones of a decoded map of instance ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instances: Option<(u16, usize)>,
    /// Largest sample of a decoded picture of 16 bits that uses only low ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low_bits: Option<u16>,
}

/// Where and how often an id occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u16, u64, u64)", into = "(u16, u64, u64)")]
pub(super) struct IdFacts {
    /// The id in the file.
    pub id: u16,
    /// Number of its pixels.
    pub pixels: u64,
    /// Number of the first of them, row by row from the top.
    pub first: u64,
}

impl From<(u16, u64, u64)> for IdFacts {
    fn from((id, pixels, first): (u16, u64, u64)) -> Self {
        Self { id, pixels, first }
    }
}

impl From<IdFacts> for (u16, u64, u64) {
    fn from(facts: IdFacts) -> Self {
        (facts.id, facts.pixels, facts.first)
    }
}

impl Facts {
    /// Reads a file, or only its header.
    ///
    /// # Errors
    /// What reading it can give.
    pub fn read(path: &Path, role: Role, decode: bool) -> Result<Self, DataError> {
        match (role, decode) {
            (Role::Picture, true) => {
                let picture = read_picture(path, Color::Rgb)?;
                Ok(Self {
                    low_bits: low_bits(path, &picture)?,
                    ..Self::new(picture.size(), true, None)
                })
            }
            (Role::Picture, false) => {
                read_picture_size(path).map(|size| Self::new(size, false, None))
            }
            (Role::Labels | Role::Instances, true) => {
                let (map, kind) = read_ids_of_kind(path)?;
                Ok(Self::new(map.size(), true, Some(kind)).with_ids(&map, role))
            }
            (Role::Labels | Role::Instances, false) => {
                let (size, kind) = read_label_map_header(path)?;
                Ok(Self::new(size, false, Some(kind)))
            }
        }
    }

    fn new(size: Size, decoded: bool, kind: Option<IdKind>) -> Self {
        Self {
            width: size.width,
            height: size.height,
            decoded,
            kind,
            ids: Vec::new(),
            instances: None,
            low_bits: None,
        }
    }

    fn with_ids(mut self, map: &LabelMap, role: Role) -> Self {
        let ids = ids_of(map);
        if role == Role::Instances {
            let largest = ids.last().map_or(0, |facts| facts.id);
            self.instances = Some((largest, ids.len()));
        } else {
            self.ids = ids;
        }
        self
    }

    /// The largest sample of a picture of 16 bits that is as good as black when it is read.
    pub fn brightest_of_low(&self) -> Option<u16> {
        self.low_bits
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }
}

/// The largest sample of a picture of 16 bits, if there is anything in it and all of it is below 4096: what cameras of 12
/// bits give, and 8 bits saved as 16.
fn low_bits(path: &Path, picture: &Picture) -> Result<Option<u16>, DataError> {
    if picture.pixels.iter().any(|byte| *byte > LOW_BYTE) {
        return Ok(None);
    }
    let unread = |error| DataError::io("read", path, error);
    let undecodable = |error| DataError::undecodable(path, error);
    let reader = ImageReader::open(path).map_err(unread)?;
    let decoder = reader
        .with_guessed_format()
        .map_err(unread)?
        .into_decoder()
        .map_err(undecodable)?;
    let color = decoder.color_type();
    if color.bytes_per_pixel() != 2 * color.channel_count() {
        return Ok(None);
    }
    let samples = DynamicImage::from_decoder(decoder)
        .map_err(undecodable)?
        .into_rgb16();
    let brightest = samples.as_raw().iter().copied().max();
    Ok(brightest.filter(|brightest| *brightest > 0))
}

fn ids_of(map: &LabelMap) -> Vec<IdFacts> {
    let largest = map.ids.iter().copied().max().unwrap_or(0);
    let mut found = vec![(0u64, 0u64); usize::from(largest) + 1];
    for (place, id) in (0..).zip(&map.ids) {
        let (pixels, first) = &mut found[usize::from(*id)];
        if *pixels == 0 {
            *first = place;
        }
        *pixels += 1;
    }
    let all = (0..=largest).zip(found);
    let there = all.filter(|(_, (pixels, _))| *pixels > 0);
    there
        .map(|(id, (pixels, first))| IdFacts { id, pixels, first })
        .collect()
}
