//! Padding by mirroring.

use burn::tensor::{Tensor, ops::PadMode};

/// Mirrors `amount` pixels on all four sides without repeating the edge pixel.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, channels, height + 2 * amount, width + 2 * amount]`
///
/// # Panics
///
/// If height or width is not greater than `amount`.
pub fn reflection_pad(x: Tensor<4>, amount: usize) -> Tensor<4> {
    x.pad([(amount, amount), (amount, amount)], PadMode::Reflect)
}

/// Pads right and bottom by repeating the last column and row until both sides are multiples of
/// `multiple`. Crop the output of a generator back to the original size.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, channels, height', width']`, the next multiples
pub fn pad_to_multiple(x: Tensor<4>, multiple: usize) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let missing = |n: usize| n.next_multiple_of(multiple) - n;
    if missing(height) == 0 && missing(width) == 0 {
        return x;
    }
    x.pad([(0, missing(height)), (0, missing(width))], PadMode::Edge)
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
    fn a_size_that_fits_is_left_alone_and_another_grows_to_the_next_multiple() {
        let x = Tensor::<4>::ones([1, 1, 5, 8], &Device::flex());
        assert_eq!(pad_to_multiple(x.clone(), 4).dims(), [1, 1, 8, 8]);
        assert_eq!(pad_to_multiple(x, 1).dims(), [1, 1, 5, 8]);
    }
}
