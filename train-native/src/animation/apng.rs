//! Animated PNG.

use anyhow::{Context, Result};

use super::Encoder;
use crate::data::decode::Picture;

/// Frames are compressed as they come.
pub(super) struct Apng {
    frames: u32,
    fps: u16,
    /// Chunks of a PNG need its size, which the first frame has.
    writer: Option<png::Writer<Shared>>,
    bytes: Shared,
}

/// Bytes that a writer, which owns what it writes to, leaves behind.
#[derive(Clone, Default)]
pub(super) struct Shared(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Apng {
    /// For so many frames.
    pub fn new(frames: usize, fps: u16) -> Self {
        Self {
            frames: u32::try_from(frames).unwrap_or(u32::MAX),
            fps,
            writer: None,
            bytes: Shared::default(),
        }
    }

    fn begin(&self, frame: &Picture) -> Result<png::Writer<Shared>> {
        let side = |side: usize| u32::try_from(side).context("too large for PNG");
        let (width, height) = (side(frame.width)?, side(frame.height)?);
        let mut encoder = png::Encoder::new(self.bytes.clone(), width, height);
        encoder.set_color(match frame.channels {
            1 => png::ColorType::Grayscale,
            _ => png::ColorType::Rgb,
        });
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_animated(self.frames, 0)?;
        encoder.set_frame_delay(1, self.fps)?;
        Ok(encoder.write_header()?)
    }
}

impl Encoder for Apng {
    fn add(&mut self, frame: &Picture) -> Result<()> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.begin(frame)?,
        };
        let writer = self.writer.insert(writer);
        Ok(writer.write_image_data(&frame.pixels)?)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>> {
        let writer = self.writer.take().context("an animation without frames")?;
        writer.finish()?;
        Ok(self.bytes.0.take())
    }
}
