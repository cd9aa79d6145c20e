//! Polygons of annotations, and the pixels in them.

use std::ops::Range;

use crate::data::error::Size;

/// A closed line, as COCO gives it: x and y of each corner in pixels, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    /// `[x0, y0, x1, y1, …]`.
    pub corners: Vec<f32>,
}

impl Polygon {
    /// Calls `paint` with each row and the columns of it that lie inside.
    ///
    /// A pixel is inside where its centre is, by the even-odd rule: column x and row y have their centre at (x, y), and
    /// the polygon is moved by (-1, -1), as the model specification says (4.6). Of centres on the line, those on the
    /// left and upper sides are inside.
    pub fn spans(&self, size: Size, mut paint: impl FnMut(usize, Range<usize>)) {
        let corners = self.corners.as_chunks::<2>().0;
        let corners = corners
            .iter()
            .map(|[x, y]| [f64::from(*x) - 1.0, f64::from(*y) - 1.0]);
        let corners: Vec<[f64; 2]> = corners.collect();
        if corners.len() < 3 || corners.iter().flatten().any(|c| !c.is_finite()) {
            return;
        }
        let heights = || corners.iter().map(|[_, y]| *y);
        let first = whole(heights().fold(f64::INFINITY, f64::min), size.height);
        let last = whole(heights().fold(f64::NEG_INFINITY, f64::max), size.height);
        for y in first..last {
            let crossings = crossings(&corners, y as f64);
            for pair in crossings.as_chunks::<2>().0 {
                let columns = whole(pair[0], size.width)..whole(pair[1], size.width);
                if !columns.is_empty() {
                    paint(y, columns);
                }
            }
        }
    }
}

/// The first whole number from `coordinate` on, within `0..=limit`.
fn whole(coordinate: f64, limit: usize) -> usize {
    coordinate.ceil().clamp(0.0, limit as f64) as usize
}

/// Where the polygon's line meets row `y`, from the left: an even number of places.
fn crossings(corners: &[[f64; 2]], y: f64) -> Vec<f64> {
    let mut found = Vec::new();
    let mut previous = corners[corners.len() - 1];
    for &corner in corners {
        let ([x0, y0], [x1, y1]) = (previous, corner);
        // The upper end of a side belongs to it and the lower does not, so that a corner counts once.
        if (y0 <= y) != (y1 <= y) {
            found.push(x0 + (y - y0) / (y1 - y0) * (x1 - x0));
        }
        previous = corner;
    }
    found.sort_by(f64::total_cmp);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn painted(corners: &[f32], width: usize, height: usize) -> Vec<String> {
        let mut rows = vec![vec!['.'; width]; height];
        let polygon = Polygon {
            corners: corners.to_vec(),
        };
        polygon.spans(Size::new(width, height), |y, columns| {
            rows[y][columns].fill('#')
        });
        rows.into_iter()
            .map(|row| row.into_iter().collect())
            .collect()
    }

    #[test]
    fn a_rectangle_has_its_left_and_upper_sides_and_is_moved_by_one() {
        let found = painted(&[2.0, 2.0, 5.0, 2.0, 5.0, 4.0, 2.0, 4.0], 6, 5);
        assert_eq!(found, ["......", ".###..", ".###..", "......", "......"]);
    }

    #[test]
    fn what_lies_inside_twice_is_outside_and_what_lies_beyond_the_picture_is_cut() {
        // A square in a square, drawn as one line.
        let ring = [
            -9.0, -9.0, 9.0, -9.0, 9.0, 9.0, -9.0, 9.0, -9.0, -9.0, 2.0, 2.0, 4.0, 2.0, 4.0, 4.0,
            2.0, 4.0, 2.0, 2.0,
        ];
        assert_eq!(painted(&ring, 4, 4), ["####", "#..#", "#..#", "####"]);
    }

    #[test]
    fn points_and_lines_and_numbers_that_are_none_paint_nothing() {
        for corners in [
            &[][..],
            &[1.0, 1.0, 3.0, 3.0],
            &[1.0, 1.0, f32::NAN, 3.0, 4.0, 4.0],
        ] {
            assert_eq!(painted(corners, 3, 3), ["...", "...", "..."]);
        }
    }

    proptest! {
        /// Against the definition: the sides that a ray to the left crosses.
        #[test]
        fn a_pixel_is_inside_where_a_ray_from_its_centre_crosses_an_odd_number_of_sides(
            corners in prop::collection::vec(-20i8..50, 6..16),
        ) {
            let corners: Vec<f32> = corners.iter().map(|c| f32::from(*c) / 4.0 + 0.11).collect();
            let corners = &corners[..corners.len() / 2 * 2];
            let rows = painted(corners, 11, 9);
            let points: Vec<[f64; 2]> = corners.as_chunks::<2>().0.iter()
                .map(|[x, y]| [f64::from(*x) - 1.0, f64::from(*y) - 1.0]).collect();
            for (y, row) in rows.iter().enumerate() {
                for (x, pixel) in row.chars().enumerate() {
                    let (px, py) = (x as f64, y as f64);
                    let sides = (0..points.len()).map(|i| (points[i], points[(i + 1) % points.len()]));
                    let met = sides.filter(|([_, ay], [_, by])| (*ay < py) != (*by < py));
                    let met: Vec<f64> = met
                        .map(|([ax, ay], [bx, by])| ax + (py - ay) * (bx - ax) / (by - ay))
                        .collect();
                    // A side through the centre itself: rounding says on which side of it.
                    if met.iter().any(|side| (side - px).abs() < 1e-9) {
                        continue;
                    }
                    let crossed = met.iter().filter(|side| **side < px);
                    prop_assert_eq!(pixel == '#', crossed.count() % 2 == 1, "{} {}", x, y);
                }
            }
        }
    }
}
