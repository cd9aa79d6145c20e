//! Activations.

use burn::tensor::{Tensor, activation};

/// `max(x, slope * x)` for a `slope` in `(0, 1)`.
///
/// # Shapes
///
/// Any; the result has the shape of `x`.
pub fn leaky_relu<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    #[cfg(feature = "tch")]
    if super::native::serves(&x) && slope > 0.0 {
        return super::native::leaky_relu(x, slope);
    }
    activation::leaky_relu(x, slope)
}

/// `max(x, 0)`.
///
/// # Shapes
///
/// Any; the result has the shape of `x`.
pub fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "tch")]
    if super::native::serves(&x) {
        return super::native::relu(x);
    }
    activation::relu(x)
}

/// Hyperbolic tangent.
///
/// # Shapes
///
/// Any; the result has the shape of `x`.
pub fn tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "tch")]
    if super::native::serves(&x) {
        return super::native::tanh(x);
    }
    x.tanh()
}
