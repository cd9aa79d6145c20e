//! Views counted in groups of four.

use crate::program::View;

/// Where a [`View`] has its pixels, in groups of four numbers.
#[derive(Debug, Clone, Copy)]
pub struct Plane {
    /// Groups of a pixel.
    pub channels: usize,
    /// Rows inside.
    pub height: usize,
    /// Columns inside.
    pub width: usize,
    /// Groups from one pixel to the next.
    pub pixel: usize,
    /// Groups from one row to the next.
    pub row: usize,
    /// The first group of the first pixel inside.
    pub first: usize,
}

impl Plane {
    /// Of a view.
    pub fn of(view: &View) -> Self {
        let pixel = view.pixel_stride / 4;
        Self {
            channels: view.channels / 4,
            height: view.height,
            width: view.width,
            pixel,
            row: view.row_pixels() * pixel,
            first: view.at(0, 0) / 4,
        }
    }

    /// First group of a pixel inside.
    pub const fn at(&self, y: usize, x: usize) -> usize {
        self.first + y * self.row + x * self.pixel
    }

    /// First group of a pixel that may be in the border.
    pub fn at_signed(&self, y: isize, x: isize) -> usize {
        let place = self.first as isize + y * self.row as isize + x * self.pixel as isize;
        usize::try_from(place).expect("inside the border")
    }

    /// The first groups of all pixels inside, row by row.
    pub fn pixels(self) -> impl Iterator<Item = usize> {
        (0..self.height).flat_map(move |y| (0..self.width).map(move |x| self.at(y, x)))
    }
}
