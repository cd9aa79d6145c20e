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

/// Gradient of [`leaky_relu`]'s input: `gradient` where `signs` is positive, `slope * gradient` elsewhere.
/// It has a graph to `gradient`, none to `signs`.
///
/// # Shapes
///
/// `gradient`, `signs` and the result: any, equal. `signs` is the input, or the result where the slope is
/// positive.
pub fn leaky_relu_gradient<const D: usize>(
    gradient: Tensor<D>,
    signs: Tensor<D>,
    slope: f64,
) -> Tensor<D> {
    #[cfg(feature = "tch")]
    if super::native::serves(&gradient) && slope > 0.0 {
        return super::native::leaky_relu_gradient(gradient, signs, slope);
    }
    let below = signs.detach().lower_equal_elem(0.0);
    let scaled = gradient.clone() * slope;
    gradient.mask_where(below, scaled)
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
