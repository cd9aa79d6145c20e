//! Ids of a TIFF: gray of any depth, whole numbers of any width, or indices of its palette.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Cursor;
use std::path::Path;

use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits};

use super::{IdKind, LARGEST_DECODED_BYTES, LabelMap, push_packed_row, wrong_label_mode};
use crate::data::decode::tiff_header::{Photometric, TiffHeader, describe_tiff};
use crate::data::error::DataError;

/// Reads the ids.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<(LabelMap, IdKind), DataError> {
    let header = TiffHeader::open(bytes)
        .ok_or_else(|| DataError::undecodable(path, "the TIFF's header is damaged"))?;
    let is_palette = header.photometric() == Photometric::Palette;
    if !(is_palette || header.photometric() == Photometric::BlackIsZero)
        || !header.is_lossless()
        || header.channels() != 1
        || header.is_float()
        || header.has_reversed_bits()
        || !matches!(header.bits(), 1 | 2 | 4 | 8 | 16 | 32 | 64)
    {
        return Err(wrong_label_mode(path, kind_in_words(bytes)));
    }
    // The decoder knows no palettes. Indices are what gray samples are.
    let gray = match is_palette {
        true => Cow::Owned(header.with_gray_photometric()),
        false => Cow::Borrowed(bytes),
    };
    let (width, height, samples) = decode(&gray).map_err(|error| match error {
        // A kind that the decoder does not know is a label map saved in the wrong mode rather than a damaged file.
        TiffError::UnsupportedError(_) => wrong_label_mode(path, kind_in_words(bytes)),
        error => DataError::undecodable(path, error),
    })?;
    let (ids, kind) = match samples {
        DecodingResult::U8(packed) if header.bits() < 8 => {
            let bits = header.bits() as usize;
            (unpacked(&packed, width, height, bits), IdKind::Gray8)
        }
        DecodingResult::U8(ids) => (ids.into_iter().map(u16::from).collect(), IdKind::Gray8),
        DecodingResult::U16(ids) => (ids, IdKind::Gray16),
        DecodingResult::U32(ids) => (narrowed(path, width, &ids)?, IdKind::Integers),
        DecodingResult::U64(ids) => (narrowed(path, width, &ids)?, IdKind::Integers),
        DecodingResult::I8(ids) => (narrowed(path, width, &ids)?, IdKind::Integers),
        DecodingResult::I16(ids) => (narrowed(path, width, &ids)?, IdKind::Integers),
        DecodingResult::I32(ids) => (narrowed(path, width, &ids)?, IdKind::Integers),
        DecodingResult::I64(ids) => (narrowed(path, width, &ids)?, IdKind::Integers),
        DecodingResult::F16(_) | DecodingResult::F32(_) | DecodingResult::F64(_) => {
            return Err(wrong_label_mode(path, kind_in_words(bytes)));
        }
    };
    let kind = if is_palette { IdKind::Palette } else { kind };
    Ok((LabelMap { width, height, ids }, kind))
}

fn kind_in_words(bytes: &[u8]) -> String {
    describe_tiff(bytes).unwrap_or_else(|| "a TIFF of an unknown kind".into())
}

/// Width, height and samples of the first picture.
fn decode(bytes: &[u8]) -> Result<(usize, usize, DecodingResult), TiffError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = LARGEST_DECODED_BYTES as usize;
    limits.intermediate_buffer_size = LARGEST_DECODED_BYTES as usize;
    let mut decoder = Decoder::new(Cursor::new(bytes))?.with_limits(limits);
    let (width, height) = decoder.dimensions()?;
    Ok((width as usize, height as usize, decoder.read_image()?))
}

/// Ids of fewer than eight bits, every row of which begins with a byte of its own.
fn unpacked(packed: &[u8], width: usize, height: usize, bits: usize) -> Vec<u16> {
    let mut ids = Vec::with_capacity(width * height);
    for row in packed.chunks_exact((width * bits).div_ceil(8)) {
        push_packed_row(&mut ids, row, width, bits);
    }
    ids
}

/// Ids of another width as ours.
fn narrowed<T: TryInto<u16> + Copy + Display>(
    path: &Path,
    width: usize,
    samples: &[T],
) -> Result<Vec<u16>, DataError> {
    let narrow = samples.iter().enumerate().map(|(place, sample)| {
        (*sample).try_into().map_err(|_| DataError::Unusable {
            path: path.to_path_buf(),
            expected: "ids from 0 to 65535 (unknown pixels are usually saved as 255)".into(),
            found: format!("{sample} at x={}, y={}", place % width, place / width),
        })
    });
    narrow.collect()
}
