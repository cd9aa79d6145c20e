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
        scale: *const C_tensor,
        found_inf: *const C_tensor,
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

/// What a loss was multiplied by, and whether its gradients are not finite: one f32 element each, on
/// the device of the parameters.
#[derive(Debug, Clone, Copy)]
pub struct Scaled<'a> {
    /// The gradients are divided by it.
    pub scale: &'a Tensor,
    /// Not zero: nothing moves.
    pub found_inf: &'a Tensor,
}

/// Moves all parameters in place, as `torch.optim.Adam(fused=True)` without weight decay.
///
/// # Errors
///
/// If a gradient or moment has another shape or layout than its parameter, or the device has no such
/// kernel.
pub fn fused_adam(
    parameters: &mut [Parameter],
    step: Step,
    scaled: Option<Scaled<'_>>,
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
            scaled.map_or(null(), |scaled| scaled.scale.as_ptr()),
            scaled.map_or(null(), |scaled| scaled.found_inf.as_ptr()),
        ))
    }
}
