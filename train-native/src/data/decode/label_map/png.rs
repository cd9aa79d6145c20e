//! Ids of a PNG: gray of 1 to 16 bits, or indices of its palette.

use std::io::{BufRead, Cursor, Seek};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, DecodingError, Transformations};

use super::{IdKind, LARGEST_DECODED_BYTES, LabelMap, push_packed_row, wrong_label_mode};
use crate::data::error::{DataError, Size};

/// Reads the ids.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<(LabelMap, IdKind), DataError> {
    let failed = |error: DecodingError| DataError::undecodable(path, error);
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(failed)?;
    check_color(path, reader.info().color_type)?;
    let length = reader
        .output_buffer_size()
        .filter(|length| *length as u64 <= LARGEST_DECODED_BYTES);
    let length = length
        .ok_or_else(|| DataError::undecodable(path, "the picture is too large for the memory"))?;
    let mut samples = vec![0; length];
    let frame = reader.next_frame(&mut samples).map_err(failed)?;
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut ids = Vec::with_capacity(width * height);
    for row in samples.chunks_exact(frame.line_size).take(height) {
        push_row(&mut ids, row, width, frame.bit_depth);
    }
    let kind = kind_of(frame.color_type, frame.bit_depth);
    Ok((LabelMap { width, height, ids }, kind))
}

/// Reads size and kind from the header.
pub(super) fn read_header(
    path: &Path,
    reader: impl BufRead + Seek,
) -> Result<(Size, IdKind), DataError> {
    let mut decoder = Decoder::new(reader);
    let header = decoder
        .read_header_info()
        .map_err(|error| DataError::undecodable(path, error))?;
    check_color(path, header.color_type)?;
    let size = Size::new(header.width as usize, header.height as usize);
    Ok((size, kind_of(header.color_type, header.bit_depth)))
}

fn check_color(path: &Path, color: ColorType) -> Result<(), DataError> {
    match color {
        ColorType::Grayscale | ColorType::Indexed => Ok(()),
        ColorType::GrayscaleAlpha => Err(wrong_label_mode(path, "gray with alpha")),
        ColorType::Rgb => Err(wrong_label_mode(path, "RGB colours")),
        ColorType::Rgba => Err(wrong_label_mode(path, "RGB colours with alpha")),
    }
}

fn kind_of(color: ColorType, depth: BitDepth) -> IdKind {
    match (color, depth) {
        (ColorType::Indexed, _) => IdKind::Palette,
        (_, BitDepth::Sixteen) => IdKind::Gray16,
        _ => IdKind::Gray8,
    }
}

/// Appends one row of samples.
fn push_row(ids: &mut Vec<u16>, row: &[u8], width: usize, depth: BitDepth) {
    match depth {
        BitDepth::Sixteen => {
            let samples = row.as_chunks::<2>().0.iter().take(width);
            ids.extend(samples.map(|id| u16::from_be_bytes(*id)));
        }
        _ => push_packed_row(ids, row, width, depth as usize),
    }
}
