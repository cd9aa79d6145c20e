//! The product of a linear layer.

use burn::tensor::Tensor;

use super::{Precision, to_f32};

/// `x weightᵀ` in the current [`Precision`].
///
/// # Shapes
///
/// - `x`: `[batch, in]`
/// - `weight`: `[out, in]`
/// - result: `[batch, out]`, f32
pub fn multiply(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    match Precision::current() {
        Precision::F32 => x.matmul(weight.transpose()),
        low => {
            let [x, weight] = [x, weight].map(|factor| factor.cast(low.dtype()));
            to_f32(x.matmul(weight.transpose()))
        }
    }
}
