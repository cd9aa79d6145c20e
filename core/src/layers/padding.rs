//! Padding by mirroring.

use burn::tensor::{Tensor, ops::PadMode};

pub use crate::ops::reflection_pad;

/// The least side that holds `side` pixels, is not below `smallest`, and is a multiple of `multiple`.
pub fn fitting_side(side: usize, multiple: usize, smallest: usize) -> usize {
    side.max(smallest).next_multiple_of(multiple)
}

/// Pads right and bottom by repeating the last column and row, up to `size`; a side that is as long
/// already stays as it is. Crop the output of a generator back to the original size.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - `size`: height and width to reach
/// - result: `[batch, channels, height', width']`
pub fn pad_to_size(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let missing = [
        size[0].saturating_sub(height),
        size[1].saturating_sub(width),
    ];
    if missing == [0, 0] {
        return x;
    }
    x.pad([(0, missing[0]), (0, missing[1])], PadMode::Edge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn reflection_does_not_repeat_the_edge() {
        let x = Tensor::<4>::from_data([[[[1.0f32, 2.0], [3.0, 4.0]]]], &Device::flex());
        let padded = reflection_pad(x, 1)
            .into_data()
            .try_to_vec::<f32>()
            .expect("f32");
        assert_eq!(padded[..4], [4.0, 3.0, 4.0, 3.0]);
        assert_eq!(padded[4..8], [2.0, 1.0, 2.0, 1.0]);
    }

    #[test]
    fn a_side_that_fits_is_left_alone_and_another_grows_no_further_than_it_must() {
        // A ResNet of two halvings takes multiples of 4, and 8 at least for its mirrored borders.
        let fitting = [1, 4, 8, 33, 36, 52].map(|side| fitting_side(side, 4, 8));
        assert_eq!(fitting, [8, 8, 8, 36, 36, 52]);
        assert_eq!(fitting_side(3, 2, 5), 6);
    }

    #[test]
    fn the_last_row_and_column_are_repeated() {
        let x = Tensor::<4>::from_data([[[[1.0f32, 2.0], [3.0, 4.0]]]], &Device::flex());
        assert_eq!(pad_to_size(x.clone(), [2, 1]).dims(), [1, 1, 2, 2]);
        let padded = pad_to_size(x, [3, 3]).into_data();
        let values = padded.try_to_vec::<f32>().expect("f32");
        assert_eq!(values, [1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 3.0, 4.0, 4.0]);
    }
}
