//! Moving pictures: GIF, animated PNG and animated WebP, from frames of one size, shown again and again.

mod apng;
mod gif;
mod webp;

use std::path::Path;

use anyhow::{Result, bail};

use crate::data::decode::Picture;

/// Kind of a moving picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 256 colours a frame.
    Gif,
    /// Lossless, and large.
    Apng,
    /// Lossless.
    Webp,
}

impl Format {
    /// By the ending of a file's name; `None` for a name without one, such as a folder's.
    ///
    /// # Errors
    ///
    /// If it is another one.
    pub fn of_name(path: &Path) -> Result<Option<Self>> {
        let Some(ending) = path.extension() else {
            return Ok(None);
        };
        match ending.to_string_lossy().to_ascii_lowercase().as_str() {
            "gif" => Ok(Some(Self::Gif)),
            "png" | "apng" => Ok(Some(Self::Apng)),
            "webp" => Ok(Some(Self::Webp)),
            _ => bail!(
                "{}: expected .gif, .png or .webp for an animation, or a folder for its frames",
                path.display()
            ),
        }
    }
}

/// A moving picture while its frames come.
pub struct Animation {
    encoder: Box<dyn Encoder>,
    size: Option<[usize; 3]>,
}

/// What each kind does.
trait Encoder {
    /// Adds a frame; all have the size of the first.
    fn add(&mut self, frame: &Picture) -> Result<()>;

    /// The file.
    fn finish(self: Box<Self>) -> Result<Vec<u8>>;
}

impl Animation {
    /// For `frames` frames, `fps` of them a second.
    pub fn new(format: Format, frames: usize, fps: u16) -> Self {
        Self {
            encoder: match format {
                Format::Gif => Box::new(gif::Gif::new(fps)),
                Format::Apng => Box::new(apng::Apng::new(frames, fps)),
                Format::Webp => Box::new(webp::Webp::new(fps)),
            },
            size: None,
        }
    }

    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// If it is of another size than the first, or too large for the format.
    pub fn add(&mut self, frame: &Picture) -> Result<()> {
        let found = [frame.width, frame.height, frame.channels];
        let size = *self.size.get_or_insert(found);
        if found != size {
            bail!(
                "frame: expected {}x{} with {} channels, found {}x{} with {}",
                size[0],
                size[1],
                size[2],
                found[0],
                found[1],
                found[2]
            );
        }
        self.encoder.add(frame)
    }

    /// The file, whole.
    ///
    /// # Errors
    ///
    /// If there are fewer frames than were said.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.encoder.finish()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use image::AnimationDecoder;
    use image::codecs::png::PngDecoder;
    use image::codecs::webp::WebPDecoder;
    use std::io::Cursor;

    /// A bar that moves, in colours that GIF has exactly.
    fn frames(channels: usize) -> Vec<Picture> {
        let frame = |number: usize| Picture {
            width: 7,
            height: 5,
            channels,
            pixels: (0..7 * 5 * channels)
                .map(|at| match (at / channels) % 7 == number {
                    true => 255,
                    false => (at % channels * 40) as u8,
                })
                .collect(),
        };
        (0..3).map(frame).collect()
    }

    fn encoded(format: Format, frames: &[Picture]) -> Vec<u8> {
        let mut animation = Animation::new(format, frames.len(), 10);
        for frame in frames {
            animation.add(frame).expect("a frame");
        }
        animation.finish().expect("a file")
    }

    fn check(found: Vec<image::Frame>, expected: &[Picture]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found.delay().numer_denom_ms(), (100, 1));
            let rgb = expected.clone().to_color(crate::data::decode::Color::Rgb);
            let pixels = found.buffer().pixels();
            let pixels: Vec<u8> = pixels.flat_map(|pixel| pixel.0[..3].to_vec()).collect();
            assert_eq!(pixels, rgb.pixels);
        }
    }

    #[test]
    fn every_format_gives_its_frames_back() {
        for channels in [1, 3] {
            let frames = frames(channels);
            let bytes = encoded(Format::Apng, &frames);
            let decoder = PngDecoder::new(Cursor::new(bytes)).expect("a PNG");
            let found = decoder.apng().expect("animated").into_frames();
            check(found.collect_frames().expect("frames"), &frames);
            let bytes = encoded(Format::Webp, &frames);
            let decoder = WebPDecoder::new(Cursor::new(bytes)).expect("a WebP");
            assert!(decoder.has_animation());
            check(
                decoder.into_frames().collect_frames().expect("frames"),
                &frames,
            );
            let bytes = encoded(Format::Gif, &frames);
            let mut options = ::gif::DecodeOptions::new();
            options.set_color_output(::gif::ColorOutput::RGBA);
            let mut decoder = options.read_info(&*bytes).expect("a GIF");
            for expected in &frames {
                let found = decoder.read_next_frame().expect("a GIF").expect("a frame");
                assert_eq!(found.delay, 10);
                let rgb = expected.clone().to_color(crate::data::decode::Color::Rgb);
                let pixels = found.buffer.chunks_exact(4);
                let pixels: Vec<u8> = pixels.flat_map(|pixel| pixel[..3].to_vec()).collect();
                assert_eq!(pixels, rgb.pixels);
            }
            assert!(decoder.read_next_frame().expect("a GIF").is_none());
        }
    }

    #[test]
    fn frames_of_other_sizes_and_other_endings_are_told() {
        let mut frames = frames(3);
        let mut animation = Animation::new(Format::Gif, 2, 10);
        animation.add(&frames[0]).expect("the first");
        frames[1].width = 5;
        frames[1].height = 7;
        let told = animation.add(&frames[1]).unwrap_err().to_string();
        assert!(
            told.contains("expected 7x5") && told.contains("5x7"),
            "{told}"
        );
        let of = |name: &str| Format::of_name(Path::new(name));
        assert_eq!(of("x.GIF").expect("known"), Some(Format::Gif));
        assert_eq!(of("frames").expect("a folder"), None);
        let told = of("x.mp4").unwrap_err().to_string();
        assert!(told.contains("x.mp4: expected .gif"), "{told}");
    }
}
