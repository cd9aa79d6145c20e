//! What the file of a map holds: grey values, indices of a palette, or colours.

use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::Rgb;
use crate::data::decode::{Color, IdKind, read_ids_of_kind, read_picture};
use crate::data::error::{DataError, Size};

/// A map as its file has it.
#[derive(Debug)]
pub(super) struct SourceMap {
    /// Width and height.
    pub size: Size,
    /// One entry for every pixel, row by row from the top.
    pub pixels: Pixels,
    /// Whether the file's format changes colours when it compresses.
    pub is_jpeg: bool,
}

/// The pixels of a map.
#[derive(Debug)]
pub(super) enum Pixels {
    /// One channel: grey values of 8 or 16 bits.
    Values(Vec<u16>),
    /// One channel: indices, and the colours that the file's palette gives them.
    Indices(Vec<u16>, Vec<Rgb>),
    /// Three channels.
    Colours(Vec<Rgb>),
}

impl SourceMap {
    /// Reads a file of any kind of picture.
    ///
    /// # Errors
    /// What reading a picture can give; [`DataError::Unusable`] for one that is partly transparent.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        match read_ids_of_kind(path) {
            Ok((map, IdKind::Palette)) => {
                let size = map.size();
                Ok(Self {
                    size,
                    pixels: Pixels::Indices(map.ids, colours_of(path)?.1),
                    is_jpeg: false,
                })
            }
            Ok((map, IdKind::Gray8 | IdKind::Gray16 | IdKind::Integers)) => Ok(Self {
                size: map.size(),
                pixels: Pixels::Values(map.ids),
                is_jpeg: false,
            }),
            // Not a map of ids, which is why it is here.
            Err(DataError::WrongMode { .. }) => {
                let (size, colours) = colours_of(path)?;
                let is_jpeg = refuse_transparent(path)?;
                Ok(Self {
                    size,
                    pixels: Pixels::Colours(colours),
                    is_jpeg,
                })
            }
            Err(error) => Err(error),
        }
    }
}

fn colours_of(path: &Path) -> Result<(Size, Vec<Rgb>), DataError> {
    let picture = read_picture(path, Color::Rgb)?;
    let colours = picture.pixels.as_chunks::<3>().0.to_vec();
    Ok((picture.size(), colours))
}

/// Makes sure that a picture is opaque: what lies under a transparent pixel is any colour, nobody has seen it. Returns
/// whether the file is a JPEG.
fn refuse_transparent(path: &Path) -> Result<bool, DataError> {
    let failed = |error: image::ImageError| DataError::undecodable(path, error);
    let unread = |error| DataError::io("read", path, error);
    let reader = ImageReader::open(path).map_err(unread)?;
    let reader = reader.with_guessed_format().map_err(unread)?;
    let is_jpeg = reader.format() == Some(ImageFormat::Jpeg);
    let decoder = reader.into_decoder().map_err(failed)?;
    if !decoder.color_type().has_alpha() {
        return Ok(is_jpeg);
    }
    let picture = DynamicImage::from_decoder(decoder)
        .map_err(failed)?
        .to_rgba8();
    let mut pixels = picture.enumerate_pixels();
    match pixels.find(|(_, _, pixel)| pixel.0[3] != u8::MAX) {
        None => Ok(is_jpeg),
        Some((x, y, pixel)) => Err(DataError::Unusable {
            path: path.to_path_buf(),
            expected: "a map whose every pixel is opaque".into(),
            found: format!(
                "opacity {} of 255 at x={x}, y={y}: put the map on a background colour and save it without alpha",
                pixel.0[3]
            ),
        }),
    }
}
