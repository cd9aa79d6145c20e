//! Picture files to pixels and class ids, and back.
//!
//! What a file is gets decided by its content, never by its extension. Photos follow Pillow's `convert("RGB")` and
//! `convert("L")`; label maps keep their raw sample values (model specification 1.2).

mod label_map;
mod tiff_header;

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, ImageReader};
use tiff_header::describe_tiff;

use crate::data::error::{DataError, Size};
use crate::data::files::write_atomically;

pub use label_map::{
    IdDepth, IdKind, LabelMap, read_ids, read_ids_of_kind, read_label_map, read_label_map_header,
    read_label_map_size,
};

/// How files of TIFF's variant for more than four gigabytes begin.
const BIG_TIFF: [&[u8]; 2] = [b"II\x2b\x00", b"MM\x00\x2b"];

/// Formats that are read, as messages name them.
const READ_FORMATS: &str = "png, jpeg, webp, bmp, tiff, ppm";

/// Decoded pictures above this many bytes are refused rather than left to exhaust the memory.
const LARGEST_DECODED_BYTES: u64 = 1 << 30;

/// What a photo is converted to when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Three channels: red, green, blue.
    Rgb,
    /// One channel: luminance after ITU-R 601.
    Gray,
}

impl Color {
    /// The colour with that many channels.
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`] unless `channels` is 1 or 3.
    pub fn from_channels(channels: usize) -> Result<Self, DataError> {
        match channels {
            1 => Ok(Self::Gray),
            3 => Ok(Self::Rgb),
            _ => Err(DataError::InvalidSetting {
                setting: "picture channels",
                expected: "1 (gray) or 3 (RGB)".into(),
                found: channels.to_string(),
            }),
        }
    }

    /// Number of channels: 3 or 1.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Gray => 1,
        }
    }
}

/// A photo in memory: interleaved bytes `[height, width, channels]`, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// 1 (gray) or 3 (RGB).
    pub channels: usize,
    /// `height * width * channels` bytes.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Width and height.
    #[must_use]
    pub fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// The same picture in `color`. Gray is `(19595 R + 38470 G + 7471 B + 32768) >> 16`, as Pillow's `convert("L")`.
    #[must_use]
    pub fn to_color(self, color: Color) -> Self {
        let pixels = match (self.channels, color) {
            (1, Color::Rgb) => self.pixels.iter().flat_map(|gray| [*gray; 3]).collect(),
            (3, Color::Gray) => self
                .pixels
                .as_chunks::<3>()
                .0
                .iter()
                .map(gray_from_rgb)
                .collect(),
            _ => self.pixels,
        };
        Self {
            channels: color.channels(),
            pixels,
            ..self
        }
    }
}

fn gray_from_rgb([red, green, blue]: &[u8; 3]) -> u8 {
    let sum = u32::from(*red) * 19_595 + u32::from(*green) * 38_470 + u32::from(*blue) * 7_471;
    ((sum + 0x8000) >> 16) as u8
}

/// Reads a photo as Pillow's `convert("RGB")` or `convert("L")`: alpha is dropped, palettes are looked up, gray is
/// repeated, sixteen-bit samples keep their high byte.
///
/// # Errors
/// [`DataError::Io`] or [`DataError::Undecodable`]; a JPEG that ends before its end marker counts as truncated.
pub fn read_picture(path: &Path, color: Color) -> Result<Picture, DataError> {
    let bytes = read_bytes(path)?;
    let reader = open_reader(path, &bytes)?;
    if reader.format() == Some(ImageFormat::Jpeg) && !jpeg_is_complete(&bytes) {
        return Err(DataError::undecodable(
            path,
            "the JPEG is truncated (no end marker)",
        ));
    }
    let decoded = reader
        .decode()
        .map_err(|error| match describe_tiff(&bytes) {
            Some(kind) if matches!(error, image::ImageError::Unsupported(_)) => {
                let reason = format!("{kind}, which is not read as a picture: save it as PNG");
                DataError::undecodable(path, reason)
            }
            _ => DataError::undecodable(path, error),
        })?;
    Ok(picture_from_decoded(decoded).to_color(color))
}

/// Reads the size of a picture from its header only.
///
/// # Errors
/// [`DataError::Io`] or [`DataError::Undecodable`].
pub fn read_picture_size(path: &Path) -> Result<Size, DataError> {
    let file = fs::File::open(path).map_err(|error| DataError::io("read", path, error))?;
    let (width, height) = ImageReader::new(std::io::BufReader::new(file))
        .with_guessed_format()
        .map_err(|error| DataError::io("read", path, error))?
        .into_dimensions()
        .map_err(|error| DataError::undecodable(path, error))?;
    Ok(Size::new(width as usize, height as usize))
}

/// Writes a picture as PNG, whole or not at all.
///
/// # Errors
/// [`DataError::Unencodable`] or [`DataError::Io`].
pub fn write_picture_png(path: &Path, picture: &Picture) -> Result<(), DataError> {
    let color = if picture.channels == 1 {
        ExtendedColorType::L8
    } else {
        ExtendedColorType::Rgb8
    };
    write_png(path, &picture.pixels, picture.size(), color)
}

/// Writes ids as gray PNG, whole or not at all: 8 bits where all ids fit, 16 bits otherwise.
///
/// # Errors
/// [`DataError::Unencodable`] or [`DataError::Io`].
pub fn write_label_map_png(path: &Path, labels: &LabelMap) -> Result<(), DataError> {
    let narrow: Result<Vec<u8>, _> = labels.ids.iter().map(|id| u8::try_from(*id)).collect();
    match narrow {
        Ok(bytes) => write_png(path, &bytes, labels.size(), ExtendedColorType::L8),
        Err(_) => write_instance_map_png(path, labels),
    }
}

/// Writes ids as 16-bit gray PNG, whole or not at all: what readers of instance maps expect, however small the ids.
///
/// # Errors
/// [`DataError::Unencodable`] or [`DataError::Io`].
pub fn write_instance_map_png(path: &Path, ids: &LabelMap) -> Result<(), DataError> {
    let bytes: Vec<u8> = ids.ids.iter().flat_map(|id| id.to_ne_bytes()).collect();
    write_png(path, &bytes, ids.size(), ExtendedColorType::L16)
}

fn write_png(
    path: &Path,
    samples: &[u8],
    size: Size,
    color: ExtendedColorType,
) -> Result<(), DataError> {
    let too_large = |_| DataError::unencodable(path, format!("{size} is too large for PNG"));
    let width = u32::try_from(size.width).map_err(too_large)?;
    let height = u32::try_from(size.height).map_err(too_large)?;
    let wide = usize::from(color.bits_per_pixel() / 8);
    if samples.len() != size.width * size.height * wide {
        let reason = format!(
            "expected {} bytes for {size}, found {}",
            size.width * size.height * wide,
            samples.len()
        );
        return Err(DataError::unencodable(path, reason));
    }
    let mut bytes = Vec::new();
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(samples, width, height, color)
        .map_err(|error| DataError::unencodable(path, error))?;
    write_atomically(path, &bytes)
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let bytes = fs::read(path).map_err(|error| DataError::io("read", path, error))?;
    if bytes.is_empty() {
        return Err(DataError::undecodable(path, "the file is empty"));
    }
    Ok(bytes)
}

/// The format of a file, by its content.
fn format_of(path: &Path, bytes: &[u8]) -> Result<ImageFormat, DataError> {
    let format = image::guess_format(bytes).map_err(|_| {
        let reason = match BIG_TIFF.iter().any(|start| bytes.starts_with(start)) {
            true => "the content is a BigTIFF, which is not read: save it as PNG".into(),
            false => format!("the content is no picture of a known format ({READ_FORMATS})"),
        };
        DataError::undecodable(path, reason)
    })?;
    if format.reading_enabled() {
        return Ok(format);
    }
    let reason = format!(
        "the content is {format:?}, which is not read: save it as PNG (read are {READ_FORMATS})"
    );
    Err(DataError::undecodable(path, reason))
}

fn open_reader<'a>(
    path: &Path,
    bytes: &'a [u8],
) -> Result<ImageReader<Cursor<&'a [u8]>>, DataError> {
    let format = format_of(path, bytes)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(LARGEST_DECODED_BYTES);
    reader.limits(limits);
    super::png_palette::check(bytes).map_err(|what| DataError::undecodable(path, what))?;
    Ok(reader)
}

fn picture_from_decoded(decoded: DynamicImage) -> Picture {
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    let high_byte = |sample: &u16| (sample >> 8) as u8;
    let (channels, pixels) = match decoded {
        DynamicImage::ImageLuma8(gray) => (1, gray.into_raw()),
        DynamicImage::ImageLumaA8(gray) => (1, gray.pixels().map(|pixel| pixel.0[0]).collect()),
        DynamicImage::ImageLuma16(gray) => (1, gray.as_raw().iter().map(high_byte).collect()),
        DynamicImage::ImageLumaA16(gray) => (
            1,
            gray.pixels().map(|pixel| high_byte(&pixel.0[0])).collect(),
        ),
        DynamicImage::ImageRgb8(rgb) => (3, rgb.into_raw()),
        DynamicImage::ImageRgba8(rgba) => (
            3,
            rgba.as_raw()
                .as_chunks::<4>()
                .0
                .iter()
                .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
                .collect(),
        ),
        DynamicImage::ImageRgb16(rgb) => (3, rgb.as_raw().iter().map(high_byte).collect()),
        DynamicImage::ImageRgba16(rgba) => (
            3,
            rgba.pixels()
                .flat_map(|pixel| [0, 1, 2].map(|channel| high_byte(&pixel.0[channel])))
                .collect(),
        ),
        other => (3, other.to_rgb8().into_raw()),
    };
    Picture {
        width,
        height,
        channels,
        pixels,
    }
}

/// Walks the JPEG's segments to its end marker: decoders fill a truncated file with gray without a word.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let mut position = 2;
    while let (Some(&lead), Some(&marker)) = (bytes.get(position), bytes.get(position + 1)) {
        match (lead, marker) {
            (0xff, 0xd9) => return true,
            // Fill bytes, byte stuffing, restart markers and entropy-coded data carry no length.
            (0xff, 0xff) => position += 1,
            (0xff, 0x00 | 0x01 | 0xd0..=0xd8) => position += 2,
            (0xff, _) => {
                let length = bytes
                    .get(position + 2..position + 4)
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                position += 2 + usize::from(length.unwrap_or(0));
            }
            _ => position += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::label_map::tests::encode_png;
    use super::*;

    fn noise_picture(width: usize, height: usize, channels: usize) -> Picture {
        let pixels = (0..width * height * channels)
            .map(|index| (index * 97 % 251) as u8)
            .collect();
        Picture {
            width,
            height,
            channels,
            pixels,
        }
    }

    #[test]
    fn content_decides_not_the_extension() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("really_png.jpg");
        let picture = noise_picture(7, 5, 3);
        write_picture_png(&path, &picture).unwrap();
        assert_eq!(read_picture(&path, Color::Rgb).unwrap(), picture);
        assert_eq!(read_picture_size(&path).unwrap(), Size::new(7, 5));
    }

    #[test]
    fn gray_conversion_rounds_as_pillow_and_gray_survives_rgb() {
        // Pillow: Image.new("RGB", (1, 1), (10, 200, 30)).convert("L").getpixel((0, 0)) == 124
        let picture = Picture {
            width: 1,
            height: 1,
            channels: 3,
            pixels: vec![10, 200, 30],
        };
        assert_eq!(picture.to_color(Color::Gray).pixels, [124]);
        let gray = Picture {
            width: 256,
            height: 1,
            channels: 1,
            pixels: (0..=255).collect(),
        };
        assert_eq!(
            gray.clone().to_color(Color::Rgb).to_color(Color::Gray),
            gray
        );
    }

    #[test]
    fn alpha_is_dropped_and_sixteen_bits_keep_the_high_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        encode_png(
            &path,
            png::ColorType::Rgba,
            png::BitDepth::Eight,
            (1, 1),
            &[1, 2, 3, 0],
        );
        assert_eq!(read_picture(&path, Color::Rgb).unwrap().pixels, [1, 2, 3]);
        encode_png(
            &path,
            png::ColorType::Grayscale,
            png::BitDepth::Sixteen,
            (2, 1),
            &[0x12, 0xff, 0xff, 0],
        );
        assert_eq!(
            read_picture(&path, Color::Gray).unwrap().pixels,
            [0x12, 0xff]
        );
        encode_png(
            &path,
            png::ColorType::Indexed,
            png::BitDepth::Eight,
            (1, 1),
            &[2],
        );
        assert_eq!(read_picture(&path, Color::Rgb).unwrap().pixels, [6, 7, 8]);
    }

    #[test]
    fn empty_foreign_missing_and_truncated_files_are_errors_that_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let whole_png = folder.path().join("whole.png");
        write_picture_png(&whole_png, &noise_picture(40, 40, 3)).unwrap();
        let whole_jpeg = folder.path().join("whole.jpg");
        image::RgbImage::from_raw(40, 40, noise_picture(40, 40, 3).pixels)
            .unwrap()
            .save(&whole_jpeg)
            .unwrap();
        read_picture(&whole_jpeg, Color::Rgb).unwrap();
        let broken = folder.path().join("broken.png");
        let (png, jpeg) = (
            fs::read(&whole_png).unwrap(),
            fs::read(&whole_jpeg).unwrap(),
        );
        for bytes in [
            &b""[..],
            b"version https://git-lfs",
            &png[..png.len() / 2],
            &jpeg[..jpeg.len() / 2],
            &jpeg[..20],
        ] {
            fs::write(&broken, bytes).unwrap();
            for error in [
                read_picture(&broken, Color::Rgb).unwrap_err(),
                read_label_map(&broken).unwrap_err(),
            ] {
                assert!(error.to_string().contains("broken.png"), "{error}");
            }
        }
        assert!(matches!(
            read_picture(&folder.path().join("no.png"), Color::Rgb),
            Err(DataError::Io { .. })
        ));
    }

    #[test]
    fn writing_a_picture_of_the_wrong_length_is_an_error() {
        let wrong = Picture {
            pixels: vec![0; 3],
            ..noise_picture(2, 2, 1)
        };
        let path = Path::new("/nowhere/a.png");
        assert!(matches!(
            write_picture_png(path, &wrong),
            Err(DataError::Unencodable { .. })
        ));
    }
}
