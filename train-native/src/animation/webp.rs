//! Animated WebP: every frame is a lossless picture as `image` writes it, in the container for several.
//!
//! Source: "WebP Container Specification", <https://developers.google.com/speed/webp/docs/riff_container>,
//! "Extended File Format" and "Animation".

use anyhow::{Context, Result, bail};
use image::ExtendedColorType;
use image::codecs::webp::WebPEncoder;

use super::Encoder;
use crate::data::decode::{Color, Picture};

/// Sides have 14 bits in a lossless picture.
const LARGEST_SIDE: usize = 1 << 14;
/// Flag of the extended header: the file is an animation.
const ANIMATED: u8 = 0b10;
/// Flag of a frame: it replaces what is behind it instead of being blended.
const REPLACES: u8 = 0b10;
/// Bytes of a chunk's name and length.
const CHUNK_HEADER: usize = 8;

/// Frames are compressed as they come.
pub(super) struct Webp {
    milliseconds: u32,
    size: [usize; 2],
    /// Chunks `ANMF`.
    frames: Vec<u8>,
}

impl Webp {
    /// Without frames yet.
    pub fn new(fps: u16) -> Self {
        Self {
            milliseconds: 1000 / u32::from(fps.max(1)),
            size: [0; 2],
            frames: Vec::new(),
        }
    }
}

impl Encoder for Webp {
    fn add(&mut self, frame: &Picture) -> Result<()> {
        let (width, height) = (frame.width, frame.height);
        if width > LARGEST_SIDE || height > LARGEST_SIDE {
            bail!("expected {LARGEST_SIDE} pixels a side at most for WebP, found {width}x{height}");
        }
        self.size = [width, height];
        let rgb = frame.clone().to_color(Color::Rgb);
        let mut file = Vec::new();
        WebPEncoder::new_lossless(&mut file).encode(
            &rgb.pixels,
            width as u32,
            height as u32,
            ExtendedColorType::Rgb8,
        )?;
        let picture = picture_chunk(&file).context("the encoder wrote no lossless picture")?;
        // Place, size, duration, flags; then the picture.
        let mut content = [0; 6].to_vec();
        content.extend(number_24(width - 1));
        content.extend(number_24(height - 1));
        content.extend(number_24(self.milliseconds as usize));
        content.push(REPLACES);
        content.extend(picture);
        self.frames.extend(chunk(b"ANMF", &content)?);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>> {
        let [width, height] = self.size;
        if self.frames.is_empty() {
            bail!("an animation without frames");
        }
        let mut header = vec![ANIMATED, 0, 0, 0];
        header.extend(number_24(width - 1));
        header.extend(number_24(height - 1));
        let mut content = b"WEBP".to_vec();
        content.extend(chunk(b"VP8X", &header)?);
        // Background, white; shown without end.
        content.extend(chunk(b"ANIM", &[255, 255, 255, 255, 0, 0])?);
        content.extend(self.frames);
        chunk(b"RIFF", &content)
    }
}

/// Three bytes, the lowest first.
fn number_24(number: usize) -> [u8; 3] {
    let [low, middle, high, _] = (number as u32).to_le_bytes();
    [low, middle, high]
}

/// A chunk, of an even length.
fn chunk(name: &[u8; 4], content: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(content.len()).context("more than 4 GB, too large for WebP")?;
    let mut bytes = name.to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(content);
    if content.len() % 2 == 1 {
        bytes.push(0);
    }
    Ok(bytes)
}

/// The chunk of the picture in a file of one.
fn picture_chunk(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(12..)?;
    while let Some(header) = rest.first_chunk::<CHUNK_HEADER>() {
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let whole = (CHUNK_HEADER + length).next_multiple_of(2).min(rest.len());
        let (chunk, after) = rest.split_at(whole);
        if header.starts_with(b"VP8L") {
            return Some(chunk);
        }
        rest = after;
    }
    None
}
