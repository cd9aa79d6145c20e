//! Rectangles of a picture.

use crate::data::decode::Picture;
use crate::data::error::Size;

/// A rectangle of a picture, in its pixels; it may reach beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Left column.
    pub left: usize,
    /// Top row.
    pub top: usize,
    /// Columns and rows.
    pub size: Size,
}

impl Region {
    /// Cuts the rectangle out of a picture, black where it reaches beyond it, as Pillow's `crop`.
    ///
    /// # Shapes
    /// `[height, width, channels]` to `[size.height, size.width, channels]`.
    #[must_use]
    pub fn cut_picture(&self, picture: &Picture) -> Picture {
        Picture {
            width: self.size.width,
            height: self.size.height,
            channels: picture.channels,
            pixels: self.cut_from(&picture.pixels, picture.size(), picture.channels),
        }
    }

    /// The same of any interleaved samples; zero beyond them.
    pub(super) fn cut_from<T: Copy + Default>(
        &self,
        samples: &[T],
        of: Size,
        channels: usize,
    ) -> Vec<T> {
        let (row_length, start) = (self.size.width * channels, self.left * channels);
        let columns = row_length.min((of.width * channels).saturating_sub(start));
        let mut cut = vec![T::default(); self.size.height * row_length];
        if columns > 0 {
            let rows = samples.chunks_exact(of.width * channels).skip(self.top);
            for (target, row) in cut.chunks_exact_mut(row_length).zip(rows) {
                target[..columns].copy_from_slice(&row[start..][..columns]);
            }
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_beyond_the_picture_is_black() {
        let picture = Picture {
            width: 3,
            height: 2,
            channels: 2,
            pixels: (1..=12).collect(),
        };
        let cut = |left, top, width, height| {
            let size = Size::new(width, height);
            Region { left, top, size }.cut_picture(&picture).pixels
        };
        assert_eq!(cut(2, 1, 2, 2), [11, 12, 0, 0, 0, 0, 0, 0]);
        assert_eq!(cut(1, 0, 1, 2), [3, 4, 9, 10]);
        assert_eq!(cut(7, 0, 1, 2), [0; 4]);
        assert_eq!(cut(0, 5, 1, 1), [0; 2]);
        assert_eq!(cut(0, 0, 3, 2), picture.pixels);
    }
}
