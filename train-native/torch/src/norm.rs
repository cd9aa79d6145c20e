//! Batch norm over more than one tensor: the parts of it between which somebody adds up.
//!
//! Forward: [`local_sums`], added up by the caller over all that belongs to the batch, become
//! [`Statistics`], with which [`normalize`] works. Backward: [`given_gradients`], whose last two, added
//! up, let [`through_statistics`] finish the input's.

use std::ffi::c_char;
use std::ptr::null_mut;

use tch::{Kind, Tensor};
use torch_sys::C_tensor;

use crate::error::answered;
use crate::{Error, Result};

unsafe extern "C" {
    fn underpaint_batch_norm_given_backward(
        grad: *const C_tensor,
        x: *const C_tensor,
        weight: *const C_tensor,
        mean: *const C_tensor,
        variance: *const C_tensor,
        epsilon: f64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
}

/// Statistics of a batch, f32 on its device.
#[derive(Debug)]
pub struct Statistics {
    /// Mean of every channel, `[channels]`.
    pub mean: Tensor,
    /// Biased variance of every channel, `[channels]`.
    pub variance: Tensor,
    /// Unbiased variance of every channel, `[channels]`; the biased one where there is one value only.
    pub unbiased: Tensor,
    /// Number of values of a channel, `[1]`.
    pub count: Tensor,
}

/// Sums of values and of squares of every channel, and their number: f64, `[2 * channels + 1]`.
///
/// # Shapes
///
/// `x`: `[batch, channels, height, width]`
///
/// # Errors
///
/// What libtorch says of other shapes.
pub fn local_sums(x: &Tensor) -> Result<Tensor> {
    let sums = || {
        let (variance, mean) =
            x.f_to_kind(Kind::Float)?
                .f_var_mean_correction([0i64, 2, 3].as_slice(), 0, false)?;
        let (mean, variance) = (
            mean.f_to_kind(Kind::Double)?,
            variance.f_to_kind(Kind::Double)?,
        );
        let count = x.numel() as f64 / mean.numel() as f64;
        // In f64, so that the difference of squares keeps f32's digits.
        let squares = (variance + &mean * &mean) * count;
        let number = Tensor::f_full([1], count, (Kind::Double, x.device()))?;
        Tensor::f_cat(&[mean * count, squares, number], 0)
    };
    sums().map_err(told)
}

/// What sums of [`local_sums`] say.
///
/// # Errors
///
/// If they are of another shape.
pub fn statistics(sums: &Tensor) -> Result<Statistics> {
    let statistics = || {
        let channels = (sums.numel() as i64 - 1) / 2;
        let part = |start, length| sums.f_narrow(0, start, length);
        let count = part(2 * channels, 1)?;
        let mean = part(0, channels)?.f_div(&count)?;
        let variance = part(channels, channels)?.f_div(&count)? - &mean * &mean;
        let variance = variance.f_clamp_min(0.0)?;
        let others = (&count - 1.0).f_clamp_min(1.0)?;
        let unbiased = (&variance * &count).f_div(&others)?;
        Ok(Statistics {
            mean: mean.f_to_kind(Kind::Float)?,
            variance: variance.f_to_kind(Kind::Float)?,
            unbiased: unbiased.f_to_kind(Kind::Float)?,
            count: count.f_to_kind(Kind::Float)?,
        })
    };
    statistics().map_err(told)
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias`.
///
/// # Errors
///
/// What libtorch says of shapes that do not fit.
pub fn normalize(
    x: &Tensor,
    [weight, bias]: [&Tensor; 2],
    [mean, variance]: [&Tensor; 2],
    epsilon: f64,
) -> Result<Tensor> {
    let (mean, variance) = (Some(mean), Some(variance));
    x.f_batch_norm(
        Some(weight),
        Some(bias),
        mean,
        variance,
        false,
        0.0,
        epsilon,
        true,
    )
    .map_err(told)
}

/// Gradients of [`normalize`]'s input, weight and bias, as if the statistics did not depend on the input:
/// the latter two are `Σ grad * x̂` and `Σ grad`.
///
/// # Errors
///
/// What libtorch says of shapes that do not fit.
pub fn given_gradients(
    grad: &Tensor,
    x: &Tensor,
    weight: &Tensor,
    [mean, variance]: [&Tensor; 2],
    epsilon: f64,
) -> Result<[Tensor; 3]> {
    let mut out = [null_mut(); 3];
    // SAFETY: all pointers are of live tensors; `norm.cpp` writes three results.
    unsafe {
        answered(underpaint_batch_norm_given_backward(
            grad.as_ptr(),
            x.as_ptr(),
            weight.as_ptr(),
            mean.as_ptr(),
            variance.as_ptr(),
            epsilon,
            out.as_mut_ptr(),
        ))?;
        Ok(out.map(|pointer| Tensor::from_ptr(pointer)))
    }
}

/// Takes from the input's gradient what goes through the statistics: of all processes, `sums` are
/// `Σ grad * x̂` and `Σ grad`, `[channels]` each, and `count` is the number of values of a channel.
///
/// # Errors
///
/// What libtorch says of shapes that do not fit.
pub fn through_statistics(
    given: Tensor,
    x: &Tensor,
    weight: &Tensor,
    [mean, variance]: [&Tensor; 2],
    [scaled, plain]: [&Tensor; 2],
    count: &Tensor,
    epsilon: f64,
) -> Result<Tensor> {
    let finish = || {
        let inverse = (variance + epsilon).f_rsqrt()?;
        let factor = weight * &inverse;
        let slope = (&factor * &inverse * scaled).f_div(count)?;
        let offset = (&factor * plain).f_div(count)? - &slope * mean;
        let per_channel = |tensor: Tensor| tensor.f_reshape([1, -1, 1, 1])?.f_to_kind(x.kind());
        let (slope, offset) = (per_channel(slope)?, per_channel(offset)?);
        // In place: nobody else has it.
        let mut given = given;
        let _ = given.f_addcmul_(x, &slope.f_neg()?)?;
        let _ = given.f_sub_(&offset)?;
        Ok(given)
    };
    finish().map_err(told)
}

fn told(error: tch::TchError) -> Error {
    Error::new(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops;

    const EPSILON: f64 = 1e-5;

    fn distance(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    /// A batch of three in two parts against the batch as one.
    #[test]
    fn parts_that_add_up_are_batch_norm_of_the_whole() {
        tch::manual_seed(4);
        let options = (Kind::Float, tch::Device::Cpu);
        let x = Tensor::randn([3, 5, 4, 6], options) * 3.0 + 100.0;
        let grad = Tensor::randn([3, 5, 4, 6], options);
        let (weight, bias) = (Tensor::randn([5], options), Tensor::randn([5], options));
        let whole = ops::batch_norm(&x, Some([&weight, &bias]), EPSILON).expect("whole");
        let [saved_mean, saved_inverse] = &whole.saved;
        let saved = [saved_mean, saved_inverse];
        let wanted = [true; 3];
        let gradients = ops::batch_norm_backward(&grad, &x, Some(&weight), saved, EPSILON, wanted);
        let gradients = gradients.expect("gradients").map(|g| g.expect("wanted"));

        let rows = [(0, 1), (1, 2)];
        let part = |tensor: &Tensor, (start, length)| tensor.narrow(0, start, length).contiguous();
        let sums = rows.map(|rows| local_sums(&part(&x, rows)).expect("sums"));
        let found = statistics(&(&sums[0] + &sums[1])).expect("statistics");
        assert!(distance(&found.mean, &whole.mean) < 1e-4);
        assert!(distance(&found.unbiased, &whole.variance) < 1e-3);
        let given = [&found.mean, &found.variance];
        let parts = rows.map(|rows| {
            let (x, grad) = (part(&x, rows), part(&grad, rows));
            let output = normalize(&x, [&weight, &bias], given, EPSILON).expect("output");
            assert!(distance(&output, &part(&whole.output, rows)) < 1e-4);
            given_gradients(&grad, &x, &weight, given, EPSILON).expect("gradients")
        });
        let scaled = &parts[0][1] + &parts[1][1];
        let plain = &parts[0][2] + &parts[1][2];
        assert!(distance(&scaled, &gradients[1]) < 1e-3);
        assert!(distance(&plain, &gradients[2]) < 1e-4);
        for ([of_x, ..], rows) in parts.into_iter().zip(rows) {
            let x = part(&x, rows);
            let sums = [&scaled, &plain];
            let finished =
                through_statistics(of_x, &x, &weight, given, sums, &found.count, EPSILON);
            let expected = part(&gradients[0], rows);
            assert!(distance(&finished.expect("finished"), &expected) < 1e-4);
        }
    }
}
