//! Ids of a PGM or PAM: samples up to any maximum, in binary or in decimal.
//!
//! The decoder of pictures stretches them to 255 or 65535, so that it reads the header only.

use std::io::Cursor;
use std::path::Path;

use image::codecs::pnm::{PnmDecoder, SampleEncoding};

use super::{IdKind, LabelMap, pixels_of, truncated, wrong_label_mode};
use crate::data::error::DataError;

/// Reads the ids.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<(LabelMap, IdKind), DataError> {
    let decoder =
        PnmDecoder::new(Cursor::new(bytes)).map_err(|error| DataError::undecodable(path, error))?;
    let encoding = decoder.subtype().sample_encoding();
    let (place, header) = decoder.into_inner();
    if header.as_bitmap().is_some() {
        // As stored, 1 is black; programs that read pictures make it 0.
        let found = "a PBM, of whose two ids programs disagree which is 0";
        return Err(wrong_label_mode(path, found));
    }
    let channels = header.as_arbitrary().map_or(1, |pam| pam.depth);
    if header.as_pixmap().is_some() || channels != 1 {
        return Err(wrong_label_mode(path, "RGB colours or several channels"));
    }
    let (width, height) = (header.width() as usize, header.height() as usize);
    let pixels = pixels_of(path, width, height)?;
    let maximum = header.maximal_sample();
    let samples = bytes.get(place.position() as usize..).unwrap_or_default();
    let ids: Vec<u16> = match (encoding, maximum > 255) {
        (SampleEncoding::Ascii, _) => decimal(samples, pixels),
        (SampleEncoding::Binary, false) => samples
            .iter()
            .take(pixels)
            .map(|id| u16::from(*id))
            .collect(),
        (SampleEncoding::Binary, true) => {
            let samples = samples.as_chunks::<2>().0.iter().take(pixels);
            samples.map(|id| u16::from_be_bytes(*id)).collect()
        }
    };
    if ids.len() < pixels {
        return Err(truncated(path));
    }
    if let Some(id) = ids.iter().find(|id| u32::from(**id) > maximum) {
        let reason = format!("a sample is {id}, above the maximum of the header, {maximum}");
        return Err(DataError::undecodable(path, reason));
    }
    let kind = if maximum > 255 {
        IdKind::Gray16
    } else {
        IdKind::Gray8
    };
    Ok((LabelMap { width, height, ids }, kind))
}

/// Numbers apart by spaces, up to the first that is none.
fn decimal(samples: &[u8], count: usize) -> Vec<u16> {
    let words = samples
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<u16>().ok();
    words.map_while(number).take(count).collect()
}
