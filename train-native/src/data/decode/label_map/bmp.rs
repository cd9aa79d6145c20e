//! Ids of a BMP: indices of its palette, of 1 to 8 bits.
//!
//! Read here rather than by the decoder of pictures, which gives colours, or indices of eight bits only.

use std::path::Path;

use super::{IdKind, LabelMap, pixels_of, push_packed_row, truncated, wrong_label_mode};
use crate::data::error::DataError;

/// Length of OS/2's header, which has numbers of 16 bits.
const OLD_HEADER: u32 = 12;

/// What a BMP's header says of its samples.
struct Header {
    /// Place of the samples.
    start: usize,
    width: usize,
    height: usize,
    /// Whether the first row is the upper one.
    from_top: bool,
    bits: usize,
    compression: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let start = long(10)? as usize;
        if long(14)? == OLD_HEADER {
            return Some(Self {
                start,
                width: word(18)?.into(),
                height: word(20)?.into(),
                from_top: false,
                bits: word(24)?.into(),
                compression: 0,
            });
        }
        let (width, height) = (long(18)? as i32, long(22)? as i32);
        Some(Self {
            start,
            width: usize::try_from(width).ok()?,
            height: height.unsigned_abs() as usize,
            from_top: height < 0,
            bits: word(28)?.into(),
            compression: long(30)?,
        })
    }
}

/// Reads the ids.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<(LabelMap, IdKind), DataError> {
    let header = Header::read(bytes).ok_or_else(|| truncated(path))?;
    let Header {
        width,
        height,
        bits,
        ..
    } = header;
    if !matches!(bits, 1 | 2 | 4 | 8) {
        return Err(wrong_label_mode(path, "a BMP of RGB colours"));
    }
    if header.compression != 0 {
        return Err(wrong_label_mode(path, "a compressed BMP"));
    }
    let pixels = pixels_of(path, width, height)?;
    let row_bytes = (bits * width).div_ceil(32) * 4;
    let samples = bytes.get(header.start..).unwrap_or_default();
    let rows: Vec<&[u8]> = samples.chunks_exact(row_bytes).take(height).collect();
    if rows.len() < height {
        return Err(truncated(path));
    }
    let mut ids = Vec::with_capacity(pixels);
    for y in 0..height {
        let row = if header.from_top { y } else { height - 1 - y };
        push_packed_row(&mut ids, rows[row], width, bits);
    }
    Ok((LabelMap { width, height, ids }, IdKind::Palette))
}
