//! GIF.

use anyhow::{Context, Result};
use gif::{Frame, Repeat};

use super::Encoder;
use crate::data::decode::{Color, Picture};

/// How long the search for a frame's colours may take: 1 is the longest, 30 the shortest.
const SPEED: i32 = 10;
/// Delays count in hundredths of a second.
const HUNDREDTHS: u16 = 100;

/// Frames are compressed as they come, with colours of their own each.
pub(super) struct Gif {
    delay: u16,
    encoder: Option<gif::Encoder<Vec<u8>>>,
}

impl Gif {
    /// Viewers take delays below 2 hundredths for 10.
    pub fn new(fps: u16) -> Self {
        Self {
            delay: ((HUNDREDTHS + fps / 2) / fps.max(1)).max(2),
            encoder: None,
        }
    }
}

impl Encoder for Gif {
    fn add(&mut self, frame: &Picture) -> Result<()> {
        let side = |side: usize| u16::try_from(side).context("too large for GIF: 65535 pixels");
        let (width, height) = (side(frame.width)?, side(frame.height)?);
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => {
                let mut encoder = gif::Encoder::new(Vec::new(), width, height, &[])?;
                encoder.set_repeat(Repeat::Infinite)?;
                encoder
            }
        };
        let rgb = frame.clone().to_color(Color::Rgb);
        let mut frame = Frame::from_rgb_speed(width, height, &rgb.pixels, SPEED);
        frame.delay = self.delay;
        Ok(self.encoder.insert(encoder).write_frame(&frame)?)
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>> {
        let encoder = self.encoder.context("an animation without frames")?;
        Ok(encoder.into_inner()?)
    }
}
