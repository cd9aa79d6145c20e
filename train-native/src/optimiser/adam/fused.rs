//! On libtorch the update happens in place, a cache's worth of elements at a time: one pass over
//! memory instead of one per operation.

use super::{EPSILON, Factors, Moments, Tensor};
use burn_tch::{LibTorch, TchTensor};

/// Elements per chunk: five arrays of 256 KiB stay in a core's second-level cache.
const CHUNK: i64 = 1 << 16;

pub(super) fn update<const D: usize>(
    value: Tensor<D>,
    gradient: Tensor<D>,
    moments: Moments<D>,
    factors: Factors,
) -> (Tensor<D>, Moments<D>) {
    let Ok(value_tch) = value.clone().try_into_primitive::<LibTorch>() else {
        return super::update(value, gradient, moments, factors);
    };
    drop(value);
    let (Ok(gradient), Ok(first), Ok(second)) = (
        gradient.try_into_primitive::<LibTorch>(),
        moments.first.try_into_primitive::<LibTorch>(),
        moments.second.try_into_primitive::<LibTorch>(),
    ) else {
        unreachable!("a parameter, its gradient and its moments live on one device")
    };
    let (value, first, second) = (owned(value_tch), owned(first), owned(second));
    in_place(
        &value.tensor,
        &gradient.tensor,
        &first.tensor,
        &second.tensor,
        factors,
    );
    let tensor = |primitive| Tensor::from_primitive::<LibTorch>(primitive);
    (
        tensor(value),
        Moments {
            first: tensor(first),
            second: tensor(second),
        },
    )
}

/// The tensor itself if nobody else holds its storage and its elements lie in order, else a copy.
fn owned(tensor: TchTensor) -> TchTensor {
    if tensor.can_mut() && tensor.tensor.is_contiguous() {
        return tensor;
    }
    TchTensor::new(tensor.tensor.contiguous().copy())
}

fn in_place(
    value: &tch::Tensor,
    gradient: &tch::Tensor,
    first: &tch::Tensor,
    second: &tch::Tensor,
    factors: Factors,
) {
    let flat = [value, gradient, first, second].map(|tensor| tensor.reshape([-1]));
    let count = flat[0].size1().expect("a flat tensor");
    // GPUs have no such cache, and every kernel launch costs.
    let chunk = if flat[0].device() == tch::Device::Cpu {
        CHUNK
    } else {
        count.max(1)
    };
    for start in (0..count).step_by(chunk as usize) {
        let [mut value, gradient, mut first, mut second] = flat
            .each_ref()
            .map(|tensor| tensor.narrow(0, start, chunk.min(count - start)));
        let Factors {
            beta1,
            beta2,
            step_size,
            correction,
        } = factors;
        let _ = first.lerp_(&gradient, 1.0 - beta1);
        let _ = second.g_mul_scalar_(beta2);
        let _ = second.g_add_(&(&gradient * &gradient).g_mul_scalar_(1.0 - beta2));
        if step_size == 0.0 {
            // The last epoch of a linear decay; the factors below would be infinite.
            continue;
        }
        // value -= step_size * first / (sqrt(second) / correction + epsilon)
        let mut denominator = second.sqrt();
        let _ = denominator.g_mul_scalar_(-1.0 / (correction * step_size));
        let _ = denominator.g_add_scalar_(-EPSILON / step_size);
        let _ = value.addcdiv_(&first, &denominator);
    }
}
