//! Picture files to pixels and class ids, and back.
//!
//! What a file is gets decided by its content, never by its extension. Photos follow Pillow's `convert("RGB")` and
//! `convert("L")`; label maps keep their raw sample values (model specification 1.2).

mod tiff_kind;

use std::fmt;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tiff_kind::describe_tiff;

use crate::data::error::{DataError, Size};
use crate::data::files::write_atomically;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, ImageReader};

/// Decoded pictures above this many bytes are refused rather than left to exhaust the memory.
const LARGEST_DECODED_BYTES: u64 = 1 << 30;

const LABEL_HINT: &str = "Maps of ids hold one number per pixel: save them as 8-bit gray, 16-bit gray or palette PNG (in Python: \
     Image.fromarray(ids.astype(\"uint8\")).save(\"name.png\"))";

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

/// How many bits a file gives to each sample of an id map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdDepth {
    /// Up to eight.
    Byte,
    /// Sixteen.
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
}

impl IdKind {
    /// How many bits a sample has.
    #[must_use]
    pub fn depth(self) -> IdDepth {
        match self {
            Self::Gray8 | Self::Palette => IdDepth::Byte,
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
        .map_err(|error| DataError::undecodable(path, error))?;
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

/// Reads the raw samples of a single-channel file: gray values or palette indices, 1 to 16 bits, never scaled.
///
/// # Errors
/// [`DataError::Io`], [`DataError::Undecodable`], or [`DataError::WrongMode`] for a file with colours or alpha, and
/// for JPEG, whose losses turn ids into other ids.
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
    if image::guess_format(&bytes).is_ok_and(|format| format == ImageFormat::Png) {
        return read_png_ids(path, &bytes);
    }
    let reader = open_reader(path, &bytes)?;
    if reader.format() == Some(ImageFormat::Jpeg) {
        return Err(wrong_label_mode(
            path,
            "a JPEG, which changes ids when it compresses".into(),
        ));
    }
    let is_tiff = reader.format() == Some(ImageFormat::Tiff);
    let decoded = reader
        .decode()
        .map_err(|error| undecodable_ids(path, &bytes, &error))?;
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    let (ids, kind) = match decoded {
        DynamicImage::ImageLuma8(gray) => (
            gray.into_raw().into_iter().map(u16::from).collect(),
            IdKind::Gray8,
        ),
        DynamicImage::ImageLuma16(gray) => (gray.into_raw(), IdKind::Gray16),
        other => {
            let kind = is_tiff.then(|| describe_tiff(&bytes)).flatten();
            let kind = kind.unwrap_or_else(|| format!("{:?}", other.color()));
            return Err(wrong_label_mode(path, kind));
        }
    };
    Ok((LabelMap { width, height, ids }, kind))
}

/// A TIFF of a kind that decoders do not know is a label map saved in the wrong mode rather than a damaged file.
fn undecodable_ids(path: &Path, bytes: &[u8], error: &image::ImageError) -> DataError {
    match (error, describe_tiff(bytes)) {
        (image::ImageError::Unsupported(_), Some(kind)) => wrong_label_mode(path, kind),
        _ => DataError::undecodable(path, error),
    }
}

/// Reads the size of a label map from its header only.
///
/// # Errors
/// As [`read_label_map`], as far as the header shows.
pub fn read_label_map_size(path: &Path) -> Result<Size, DataError> {
    read_label_map_header(path).map(|(size, _)| size)
}

/// Reads size and kind of a label map from its header only.
///
/// # Errors
/// As [`read_label_map`], as far as the header shows.
pub fn read_label_map_header(path: &Path) -> Result<(Size, IdKind), DataError> {
    let file = fs::File::open(path).map_err(|error| DataError::io("read", path, error))?;
    let reader = ImageReader::new(std::io::BufReader::new(file))
        .with_guessed_format()
        .map_err(|error| DataError::io("read", path, error))?;
    if reader.format() != Some(ImageFormat::Png) {
        drop(reader);
        return read_ids_of_kind(path).map(|(labels, kind)| (labels.size(), kind));
    }
    let mut decoder = png::Decoder::new(reader.into_inner());
    let header = decoder
        .read_header_info()
        .map_err(|error| DataError::undecodable(path, error))?;
    check_label_color(path, header.color_type)?;
    let kind = png_id_kind(header.color_type, header.bit_depth);
    Ok((
        Size::new(header.width as usize, header.height as usize),
        kind,
    ))
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

fn open_reader<'a>(
    path: &Path,
    bytes: &'a [u8],
) -> Result<ImageReader<Cursor<&'a [u8]>>, DataError> {
    let format = image::guess_format(bytes).map_err(|_| {
        DataError::undecodable(
            path,
            "the content is no picture of a known format (png, jpeg, webp, bmp, tiff, ppm)",
        )
    })?;
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

fn wrong_label_mode(path: &Path, found: String) -> DataError {
    DataError::WrongMode {
        path: path.to_path_buf(),
        expected: "single-channel class ids",
        found,
        hint: LABEL_HINT,
    }
}

fn check_label_color(path: &Path, color: png::ColorType) -> Result<(), DataError> {
    match color {
        png::ColorType::Grayscale | png::ColorType::Indexed => Ok(()),
        png::ColorType::GrayscaleAlpha => Err(wrong_label_mode(path, "gray with alpha".into())),
        png::ColorType::Rgb => Err(wrong_label_mode(path, "RGB colours".into())),
        png::ColorType::Rgba => Err(wrong_label_mode(path, "RGB colours with alpha".into())),
    }
}

fn png_id_kind(color: png::ColorType, depth: png::BitDepth) -> IdKind {
    match (color, depth) {
        (png::ColorType::Indexed, _) => IdKind::Palette,
        (_, png::BitDepth::Sixteen) => IdKind::Gray16,
        _ => IdKind::Gray8,
    }
}

fn read_png_ids(path: &Path, bytes: &[u8]) -> Result<(LabelMap, IdKind), DataError> {
    let failed = |error: png::DecodingError| DataError::undecodable(path, error);
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(failed)?;
    check_label_color(path, reader.info().color_type)?;
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
        push_row_ids(&mut ids, row, width, frame.bit_depth);
    }
    let kind = png_id_kind(frame.color_type, frame.bit_depth);
    Ok((LabelMap { width, height, ids }, kind))
}

/// Appends one row of packed samples, most significant bits first.
fn push_row_ids(ids: &mut Vec<u16>, row: &[u8], width: usize, depth: png::BitDepth) {
    match depth {
        png::BitDepth::Eight => ids.extend(row.iter().take(width).map(|id| u16::from(*id))),
        png::BitDepth::Sixteen => ids.extend(
            row.as_chunks::<2>()
                .0
                .iter()
                .take(width)
                .map(|id| u16::from_be_bytes(*id)),
        ),
        png::BitDepth::One | png::BitDepth::Two | png::BitDepth::Four => {
            let bits = depth as usize;
            let mask = (1u16 << bits) - 1;
            ids.extend((0..width).map(|x| {
                let bit = x * bits;
                (u16::from(row[bit / 8]) >> (8 - bits - bit % 8)) & mask
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode_png(
        path: &Path,
        color: png::ColorType,
        depth: png::BitDepth,
        size: (u32, u32),
        data: &[u8],
    ) {
        let file = fs::File::create(path).unwrap();
        let mut encoder = png::Encoder::new(file, size.0, size.1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == png::ColorType::Indexed {
            encoder.set_palette((0..48u8).collect::<Vec<u8>>());
        }
        encoder
            .write_header()
            .unwrap()
            .write_image_data(data)
            .unwrap();
    }

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
    fn palette_and_gray_labels_keep_raw_values_at_every_depth() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.png");
        for color in [png::ColorType::Indexed, png::ColorType::Grayscale] {
            encode_png(
                &path,
                color,
                png::BitDepth::Two,
                (5, 2),
                &[0b00_01_10_11, 0b01_000000, 0b11_11_00_00, 0b10_000000],
            );
            assert_eq!(
                read_label_map(&path).unwrap().ids,
                [0, 1, 2, 3, 1, 3, 3, 0, 0, 2]
            );
            encode_png(&path, color, png::BitDepth::Four, (3, 1), &[0x1a, 0xf0]);
            assert_eq!(read_label_map(&path).unwrap().ids, [1, 10, 15]);
            encode_png(
                &path,
                color,
                png::BitDepth::One,
                (9, 1),
                &[0b1000_0001, 0b1000_0000],
            );
            assert_eq!(
                read_label_map(&path).unwrap().ids,
                [1, 0, 0, 0, 0, 0, 0, 1, 1]
            );
            encode_png(&path, color, png::BitDepth::Eight, (2, 1), &[3, 15]);
            assert_eq!(read_label_map(&path).unwrap().ids, [3, 15]);
        }
        encode_png(
            &path,
            png::ColorType::Grayscale,
            png::BitDepth::Sixteen,
            (2, 1),
            &[0x80, 0xe9, 0, 7],
        );
        assert_eq!(read_label_map(&path).unwrap().ids, [33_001, 7]);
        let header = read_label_map_header(&path).unwrap();
        assert_eq!(header, (Size::new(2, 1), IdKind::Gray16));
    }

    #[test]
    fn colored_and_jpeg_label_maps_are_refused_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.png");
        write_picture_png(&path, &noise_picture(4, 3, 3)).unwrap();
        for error in [
            read_label_map(&path).unwrap_err(),
            read_label_map_size(&path).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(
                text.contains("labels.png")
                    && text.contains("found RGB")
                    && text.contains("8-bit gray"),
                "{text}"
            );
        }
        let jpeg = folder.path().join("labels.jpg");
        image::GrayImage::new(8, 8).save(&jpeg).unwrap();
        assert!(matches!(
            read_label_map(&jpeg),
            Err(DataError::WrongMode { .. })
        ));
    }

    #[test]
    fn label_maps_survive_writing_at_both_widths() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.png");
        for ids in [vec![0, 255, 7, 3, 2, 1], vec![0, 65_535, 256, 3, 2, 1]] {
            let labels = LabelMap {
                width: 3,
                height: 2,
                ids,
            };
            write_label_map_png(&path, &labels).unwrap();
            let wide = labels.ids.iter().any(|id| *id > 255);
            let depth = if wide { IdDepth::Word } else { IdDepth::Byte };
            assert_eq!(read_ids(&path).unwrap(), (labels, depth));
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

    #[test]
    fn range_check_names_the_first_offending_pixel() {
        let labels = LabelMap {
            width: 2,
            height: 2,
            ids: vec![0, 1, 2, 255],
        };
        labels.check_range(Path::new("x.png"), 256).unwrap();
        let error = labels.check_range(Path::new("x.png"), 3).unwrap_err();
        assert!(
            matches!(
                error,
                DataError::LabelOutOfRange {
                    value: 255,
                    x: 1,
                    y: 1,
                    ..
                }
            ),
            "{error}"
        );
    }
}
