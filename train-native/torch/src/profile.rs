//! Where the time of libtorch's operations goes.

use std::ffi::c_char;
use std::ptr::null_mut;

use crate::Result;
use crate::error::{answered, taken};

unsafe extern "C" {
    fn underpaint_profile_start() -> *mut c_char;
    fn underpaint_profile_stop(report: *mut *mut c_char) -> *mut c_char;
}

/// One of libtorch's operations since [`start`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// As libtorch calls it: `aten::add`.
    pub name: String,
    /// Of the calling threads, without the operations that it called. What OpenMP's other threads did
    /// does not count: measure with one.
    pub nanoseconds: u64,
    /// Times that it was called.
    pub calls: u64,
}

/// Begins to count. Once at a time.
///
/// # Errors
///
/// What libtorch says.
pub fn start() -> Result<()> {
    // SAFETY: takes nothing; what it keeps is its own.
    unsafe { answered(underpaint_profile_start()) }
}

/// Ends it: all operations, the longest first.
///
/// # Errors
///
/// What libtorch says.
pub fn stop() -> Result<Vec<Operation>> {
    let mut report = null_mut();
    // SAFETY: writes one pointer to text that was made by `malloc`.
    let report = unsafe {
        answered(underpaint_profile_stop(&mut report))?;
        taken(report)
    };
    let operation = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let mut number = || words.next()?.parse().ok();
        let (nanoseconds, calls) = (number()?, number()?);
        let name = words.next()?.to_owned();
        Some(Operation {
            name,
            nanoseconds,
            calls,
        })
    };
    let mut operations: Vec<Operation> = report.lines().filter_map(operation).collect();
    operations.sort_by_key(|operation| std::cmp::Reverse(operation.nanoseconds));
    Ok(operations)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn what_runs_between_start_and_stop_is_counted() {
        let x = Tensor::ones([4, 4], (Kind::Float, Device::Cpu));
        start().expect("it starts");
        let _ = x.tanh().tanh();
        let operations = stop().expect("it stops");
        let tanh = operations.iter().find(|found| found.name == "aten::tanh");
        assert_eq!(tanh.expect("tanh ran").calls, 2);
        let _ = x.tanh();
        assert_eq!(stop().expect("again"), operations);
    }
}
