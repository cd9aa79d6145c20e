//! The product of a linear layer.

use burn::tensor::Tensor;

use super::Precision;

/// `x weightᵀ` in the current [`Precision`].
///
/// # Shapes
///
/// - `x`: `[batch, in]`
/// - `weight`: `[out, in]`
/// - result: `[batch, out]`
pub fn multiply(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let (x, weight) = match Precision::current() {
        Precision::F32 => (x, weight),
        low => (x.cast(low.dtype()), weight.cast(low.dtype())),
    };
    x.matmul(weight.transpose())
}
