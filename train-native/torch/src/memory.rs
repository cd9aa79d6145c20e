//! How the program's allocator treats what a training step frees, and what a device's allocator counted.

use std::ffi::c_char;

use crate::error::answered;

unsafe extern "C" {
    fn underpaint_keep_memory();
    fn underpaint_device_peak(npu: bool, index: i8, bytes: *mut i64) -> *mut c_char;
}

/// A device with memory of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// A CUDA GPU.
    Cuda(usize),
    /// An Ascend NPU.
    Npu(usize),
}

/// Largest number of bytes that tensors took at one time on a device, where its allocator counts.
pub fn device_peak(device: Accelerator) -> Option<u64> {
    let (npu, index) = match device {
        Accelerator::Cuda(index) => (false, index),
        Accelerator::Npu(index) => (true, index),
    };
    let mut bytes = -1;
    // SAFETY: writes one number.
    unsafe {
        answered(underpaint_device_peak(
            npu,
            i8::try_from(index).ok()?,
            &mut bytes,
        ))
        .ok()?
    };
    u64::try_from(bytes).ok()
}

/// Freed memory stays with the program: a training step frees and asks for the same gigabytes over
/// and over, and giving pages back to the system between two of them costs a seventh of a step.
///
/// Call it once, at the start. Does nothing where the C library is not glibc.
pub fn keep() {
    // SAFETY: sets two thresholds of malloc, which any thread may do at any time.
    unsafe { underpaint_keep_memory() }
}
