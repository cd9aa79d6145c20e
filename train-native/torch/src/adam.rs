//! Adam's update of many parameters in one call.

use std::ffi::c_char;
use std::ptr::null;

use tch::Tensor;
use torch_sys::C_tensor;

use crate::error::answered;
use crate::{Error, Result};

unsafe extern "C" {
    fn underpaint_fused_adam(
        values: *const *mut C_tensor,
        gradients: *const *mut C_tensor,
        first: *const *mut C_tensor,
        second: *const *mut C_tensor,
        count: i64,
        step: f64,
        learning_rate: f64,
        beta1: f64,
        beta2: f64,
        epsilon: f64,
        found_inf: *const C_tensor,
    ) -> *mut c_char;
    fn underpaint_unscale(
        gradients: *const *mut C_tensor,
        count: i64,
        scale: f64,
        found_inf: *mut C_tensor,
    ) -> *mut c_char;
}

/// A parameter, its gradient, and the running means of the gradient and of its square: of one shape
/// and layout, on one device.
#[derive(Debug)]
pub struct Parameter {
    /// What moves.
    pub value: Tensor,
    /// Where to.
    pub gradient: Tensor,
    /// Mean of the gradient.
    pub first: Tensor,
    /// Mean of its square.
    pub second: Tensor,
}

/// Factors of one step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Number of this step, from 1.
    pub number: u64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment, after the bias correction.
    pub epsilon: f64,
}

/// Moves all parameters in place, as `torch.optim.Adam(fused=True)` without weight decay; none where
/// `found_inf` (one element, f32, on their device) is not zero.
///
/// # Errors
///
/// If a gradient or moment has another shape or layout than its parameter, or the device has no such
/// kernel.
pub fn fused_adam(
    parameters: &mut [Parameter],
    step: Step,
    found_inf: Option<&Tensor>,
) -> Result<()> {
    for parameter in parameters.iter() {
        let Parameter {
            value,
            gradient,
            first,
            second,
        } = parameter;
        // The kernel walks all four as flat memory.
        let expected = (value.size(), value.stride());
        if [gradient, first, second]
            .iter()
            .any(|tensor| (tensor.size(), tensor.stride()) != expected)
        {
            return Err(Error::new(format!(
                "a parameter, its gradient and its moments have different layouts: {:?}, {:?}, {:?}, {:?}",
                expected,
                (gradient.size(), gradient.stride()),
                (first.size(), first.stride()),
                (second.size(), second.stride())
            )));
        }
    }
    let list = |part: fn(&mut Parameter) -> &mut Tensor, from: &mut [Parameter]| {
        from.iter_mut()
            .map(|parameter| part(parameter).as_mut_ptr())
            .collect::<Vec<_>>()
    };
    let values = list(|parameter| &mut parameter.value, parameters);
    let gradients = list(|parameter| &mut parameter.gradient, parameters);
    let first = list(|parameter| &mut parameter.first, parameters);
    let second = list(|parameter| &mut parameter.second, parameters);
    // SAFETY: four lists of `count` live tensors, borrowed mutably; the rest is copied or may be null.
    unsafe {
        answered(underpaint_fused_adam(
            values.as_ptr(),
            gradients.as_ptr(),
            first.as_ptr(),
            second.as_ptr(),
            values.len() as i64,
            step.number as f64,
            step.learning_rate,
            step.beta1,
            step.beta2,
            step.epsilon,
            found_inf.map_or(null(), Tensor::as_ptr),
        ))
    }
}

/// Divides gradients by `scale` in place and sets `found_inf` (one element, f32, on their device) to 1
/// where one of their elements is not finite; else leaves it as it is.
///
/// # Errors
///
/// If the device has no such kernel.
pub fn unscale(gradients: &mut [Tensor], scale: f64, found_inf: &mut Tensor) -> Result<()> {
    let pointers: Vec<_> = gradients.iter_mut().map(Tensor::as_mut_ptr).collect();
    // SAFETY: a list of `count` live tensors and one more, all borrowed mutably.
    unsafe {
        answered(underpaint_unscale(
            pointers.as_ptr(),
            pointers.len() as i64,
            scale,
            found_inf.as_mut_ptr(),
        ))
    }
}
