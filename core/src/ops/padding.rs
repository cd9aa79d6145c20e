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
    #[cfg(feature = "tch")]
    if super::native::serves(&x) && amount > 0 {
        return super::native::reflection_pad(x, amount);
    }
    x.pad([(amount, amount), (amount, amount)], PadMode::Reflect)
}
