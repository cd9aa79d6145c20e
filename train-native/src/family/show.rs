//! Pictures of a run in training, for people.

use anyhow::Result;
use image::RgbImage;
use underpaint_core::image::pixels_from_signed;
use underpaint_core::label::Palette;

use crate::data::{PixelsF32, Sample, SampleInput};

/// A picture with what it is: `input`, `generated`, `target`, …
#[derive(Debug, Clone)]
pub struct Tile {
    /// What it is.
    pub caption: &'static str,
    /// The picture; those of one example may differ in size.
    pub image: RgbImage,
}

/// One example: pictures that belong side by side.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Name of the example, the same at every step.
    pub name: String,
    /// From left to right.
    pub tiles: Vec<Tile>,
}

impl Tile {
    /// A picture in `[-1, 1]`.
    pub fn new(caption: &'static str, picture: &PixelsF32) -> Self {
        Self {
            caption,
            image: rgb_picture(picture),
        }
    }
}

/// Input, generated picture and target of every sample.
pub(super) fn pairs(
    generated: Vec<PixelsF32>,
    samples: &[Sample],
    palette: &Palette,
) -> Result<Vec<Shown>> {
    let row = |(sample, generated): (&Sample, &PixelsF32)| Shown {
        name: sample.name.clone(),
        tiles: vec![
            Tile {
                caption: "input",
                image: input_picture(&sample.input, palette),
            },
            Tile::new("generated", generated),
            Tile::new("target", &sample.target),
        ],
    };
    Ok(samples.iter().zip(&generated).map(row).collect())
}

/// Pictures of one size in a grid of `columns`, without gaps.
///
/// # Panics
///
/// If pictures differ in size, or `columns` is 0.
pub fn grid(pictures: &[PixelsF32], columns: usize, smallest_side: u32) -> RgbImage {
    let Some(first) = pictures.first() else {
        return RgbImage::new(0, 0);
    };
    // Small pictures are enlarged to be seen at all.
    let (width, height) = (first.width as u32, first.height as u32);
    let enlarged = smallest_side.div_ceil(width.max(1)).max(1);
    let rows = pictures.len().div_ceil(columns) as u32;
    let size = [columns as u32 * width * enlarged, rows * height * enlarged];
    let tiles: Vec<RgbImage> = pictures.iter().map(rgb_picture).collect();
    RgbImage::from_fn(size[0], size[1], |x, y| {
        let (x, y) = (x / enlarged, y / enlarged);
        let index = (y / height) as usize * columns + (x / width) as usize;
        match tiles.get(index) {
            Some(tile) => *tile.get_pixel(x % width, y % height),
            None => image::Rgb([255; 3]),
        }
    })
}

/// An input as people see it: pictures as they are, label maps in the palette's colours.
pub fn input_picture(input: &SampleInput, palette: &Palette) -> RgbImage {
    match input {
        SampleInput::Image(picture) => rgb_picture(picture),
        SampleInput::Labels { width, height, ids } => {
            rgb_image(*width, *height, palette.colorize(ids))
        }
        SampleInput::Unconditional => RgbImage::new(0, 0),
    }
}

/// A picture as 8-bit RGB; grey is spread over the three channels, and of other channel counts the
/// first is shown.
pub fn rgb_picture(picture: &PixelsF32) -> RgbImage {
    let pixels = pixels_from_signed(&picture.data, picture.channels);
    let rgb = match picture.channels {
        3 => pixels,
        channels => pixels
            .chunks_exact(channels)
            .flat_map(|pixel| [pixel[0]; 3])
            .collect(),
    };
    rgb_image(picture.width, picture.height, rgb)
}

fn rgb_image(width: usize, height: usize, rgb: Vec<u8>) -> RgbImage {
    RgbImage::from_raw(width as u32, height as u32, rgb).expect("three samples for every pixel")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_fills_rows_and_enlarges_small_pictures() {
        let picture = |value: f32| PixelsF32 {
            channels: 1,
            height: 1,
            width: 1,
            data: vec![value],
        };
        let grid = grid(&[picture(-1.0), picture(1.0), picture(-1.0)], 2, 3);
        assert_eq!(grid.dimensions(), (6, 6));
        let pixel = |x, y| grid.get_pixel(x, y).0[0];
        assert_eq!(
            [pixel(2, 2), pixel(3, 0), pixel(0, 3), pixel(5, 5)],
            [0, 255, 0, 255]
        );
    }
}
