//! Operations and their gradients, as PyTorch's autograd calls them.

use std::ffi::c_char;
use std::ptr::{null, null_mut};

use tch::Tensor;
use torch_sys::C_tensor;

use crate::Result;
use crate::error::answered;

unsafe extern "C" {
    fn underpaint_convolution(
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        stride: *const i64,
        padding: *const i64,
        output_padding: *const i64,
        transposed: bool,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    fn underpaint_convolution_backward(
        grad: *const C_tensor,
        x: *const C_tensor,
        weight: *const C_tensor,
        stride: *const i64,
        padding: *const i64,
        output_padding: *const i64,
        transposed: bool,
        wanted: *const bool,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    fn underpaint_batch_norm(
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        epsilon: f64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    fn underpaint_batch_norm_backward(
        grad: *const C_tensor,
        x: *const C_tensor,
        weight: *const C_tensor,
        saved_mean: *const C_tensor,
        saved_inverse: *const C_tensor,
        epsilon: f64,
        wanted: *const bool,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    fn underpaint_leaky_relu(
        x: *mut C_tensor,
        slope: f64,
        reuse: bool,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    fn underpaint_leaky_relu_backward(
        grad: *const C_tensor,
        result: *const C_tensor,
        slope: f64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
}

/// Geometry of a square-grid convolution with one group and no dilation; `[height, width]` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// Pixels from one position to the next.
    pub stride: [usize; 2],
    /// Zeros on both sides.
    pub padding: [usize; 2],
    /// Rows and columns added to a transposed convolution's result.
    pub output_padding: [usize; 2],
    /// Whether it is a transposed one.
    pub transposed: bool,
}

impl Convolution {
    fn numbers(self) -> [[i64; 2]; 3] {
        [self.stride, self.padding, self.output_padding].map(|pair| pair.map(|n| n as i64))
    }

    /// Convolves.
    ///
    /// # Shapes
    ///
    /// `x`: `[batch, in, height, width]`; `weight`: `[out, in, h, w]`, or `[in, out, h, w]` if
    /// transposed; `bias`: `[out]`.
    ///
    /// # Errors
    ///
    /// What libtorch says of shapes and kinds that do not fit, or of memory that is not there.
    pub fn forward(self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let [stride, padding, output_padding] = self.numbers();
        let mut out = [null_mut()];
        // SAFETY: all pointers are of live tensors and arrays of the lengths that `ops.cpp` reads.
        unsafe {
            answered(underpaint_convolution(
                x.as_ptr(),
                weight.as_ptr(),
                pointer(bias),
                stride.as_ptr(),
                padding.as_ptr(),
                output_padding.as_ptr(),
                self.transposed,
                out.as_mut_ptr(),
            ))?;
        }
        Ok(owned(out[0]))
    }

    /// Gradients of `x`, weight and bias where they are wanted.
    ///
    /// # Errors
    ///
    /// As [`forward`](Self::forward).
    pub fn backward(
        self,
        grad: &Tensor,
        x: &Tensor,
        weight: &Tensor,
        wanted: [bool; 3],
    ) -> Result<[Option<Tensor>; 3]> {
        let [stride, padding, output_padding] = self.numbers();
        let mut out = [null_mut(); 3];
        // SAFETY: as in `forward`.
        unsafe {
            answered(underpaint_convolution_backward(
                grad.as_ptr(),
                x.as_ptr(),
                weight.as_ptr(),
                stride.as_ptr(),
                padding.as_ptr(),
                output_padding.as_ptr(),
                self.transposed,
                wanted.as_ptr(),
                out.as_mut_ptr(),
            ))?;
        }
        Ok(out.map(owned_if))
    }
}

/// What batch norm gives in training.
#[derive(Debug)]
pub struct BatchNorm {
    /// Shape of the input.
    pub output: Tensor,
    /// `[channels]`, f32.
    pub mean: Tensor,
    /// `[channels]`, f32, unbiased.
    pub variance: Tensor,
    /// What the gradient needs: mean and inverse deviation as the kernel keeps them.
    pub saved: [Tensor; 2],
}

/// Normalises each channel by the statistics of the batch. Scale and shift are both there or both not.
///
/// # Errors
///
/// What libtorch says of shapes and kinds that do not fit.
pub fn batch_norm(x: &Tensor, affine: Option<[&Tensor; 2]>, epsilon: f64) -> Result<BatchNorm> {
    let mut out = [null_mut(); 5];
    let [weight, bias] = [0, 1].map(|index| pointer(affine.map(|pair| pair[index])));
    // SAFETY: all pointers are of live tensors or null; `ops.cpp` writes five results.
    unsafe {
        answered(underpaint_batch_norm(
            x.as_ptr(),
            weight,
            bias,
            epsilon,
            out.as_mut_ptr(),
        ))?;
    }
    let [output, mean, variance, saved_mean, saved_inverse] = out.map(owned);
    Ok(BatchNorm {
        output,
        mean,
        variance,
        saved: [saved_mean, saved_inverse],
    })
}

/// Gradients of [`batch_norm`]'s input, scale and shift where they are wanted.
///
/// # Errors
///
/// As [`batch_norm`].
pub fn batch_norm_backward(
    grad: &Tensor,
    x: &Tensor,
    weight: Option<&Tensor>,
    [mean, inverse]: [&Tensor; 2],
    epsilon: f64,
    wanted: [bool; 3],
) -> Result<[Option<Tensor>; 3]> {
    let mut out = [null_mut(); 3];
    // SAFETY: all pointers are of live tensors or null; `ops.cpp` reads three flags, writes three results.
    unsafe {
        answered(underpaint_batch_norm_backward(
            grad.as_ptr(),
            x.as_ptr(),
            pointer(weight),
            mean.as_ptr(),
            inverse.as_ptr(),
            epsilon,
            wanted.as_ptr(),
            out.as_mut_ptr(),
        ))?;
    }
    Ok(out.map(owned_if))
}

/// `max(x, slope * x)`; in the memory of `x` if it is nobody else's.
///
/// # Errors
///
/// What libtorch says of kinds that do not fit.
pub fn leaky_relu(x: &mut Tensor, slope: f64, reuse: bool) -> Result<Tensor> {
    let mut out = [null_mut()];
    // SAFETY: a live tensor, borrowed mutably because it may be written.
    unsafe {
        answered(underpaint_leaky_relu(
            x.as_mut_ptr(),
            slope,
            reuse,
            out.as_mut_ptr(),
        ))?;
    }
    Ok(owned(out[0]))
}

/// Gradient of [`leaky_relu`] from its result; `slope` is positive.
///
/// # Errors
///
/// As [`leaky_relu`].
pub fn leaky_relu_backward(grad: &Tensor, result: &Tensor, slope: f64) -> Result<Tensor> {
    let mut out = [null_mut()];
    // SAFETY: live tensors; one result.
    unsafe {
        answered(underpaint_leaky_relu_backward(
            grad.as_ptr(),
            result.as_ptr(),
            slope,
            out.as_mut_ptr(),
        ))?;
    }
    Ok(owned(out[0]))
}

fn pointer(tensor: Option<&Tensor>) -> *const C_tensor {
    tensor.map_or(null(), Tensor::as_ptr)
}

fn owned(pointer: *mut C_tensor) -> Tensor {
    // SAFETY: made by `boxed` in C++ and given to nobody else.
    unsafe { Tensor::from_ptr(pointer) }
}

fn owned_if(pointer: *mut C_tensor) -> Option<Tensor> {
    (!pointer.is_null()).then(|| owned(pointer))
}
