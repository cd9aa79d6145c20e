//! A `libtorch_npu.so` without an NPU, for tests: see `cpp/standin.cpp`.

use std::ffi::{c_char, c_void};
use std::path::Path;

use crate::{Error, Result, npu};

unsafe extern "C" {
    fn underpaint_npu_symbol(name: *const c_char) -> *mut c_void;
}

/// Where it lies: for `UNDERPAINT_NPU_LIBRARY`.
pub const LIBRARY: &str = env!("UNDERPAINT_STAND_IN");

/// Environment variable that names the file into which a program that has run on it writes, when it ends,
/// what was counted over all its threads.
pub const REPORT_VARIABLE: &str = "UNDERPAINT_STAND_IN_REPORT";

/// What this thread has done on the device so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Times that the program waited for the device: copies to the host, and operations whose result or
    /// path depends on values.
    pub readbacks: i64,
    /// Copies from the host.
    pub uploads: i64,
    /// Blocks of memory.
    pub allocations: i64,
    /// Operations without a kernel of the stand-in's own: most.
    pub fallbacks: i64,
    /// Tensors of f64, which Ascend's kernels are slow with or lack.
    pub doubles: i64,
}

impl Counts {
    /// What was counted since.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            readbacks: self.readbacks - before.readbacks,
            uploads: self.uploads - before.uploads,
            allocations: self.allocations - before.allocations,
            fallbacks: self.fallbacks - before.fallbacks,
            doubles: self.doubles - before.doubles,
        }
    }
}

/// Makes it this process's NPUs: eight, as a server has.
///
/// # Errors
///
/// If the process has loaded another library, or this one cannot be loaded.
pub fn load() -> Result<()> {
    npu::load(Path::new(LIBRARY))?;
    counts().map(drop)
}

/// What this thread has done so far.
///
/// # Errors
///
/// If it is not loaded.
pub fn counts() -> Result<Counts> {
    // SAFETY: text that ends with a zero byte.
    let address = unsafe { underpaint_npu_symbol(c"underpaint_stand_in_counts".as_ptr()) };
    if address.is_null() {
        return Err(Error::new("the stand-in is not loaded"));
    }
    let mut numbers = [0i64; 5];
    // SAFETY: that is the function's type in `standin.cpp`, which writes five numbers.
    unsafe {
        let read: extern "C" fn(*mut i64) = std::mem::transmute(address);
        read(numbers.as_mut_ptr());
    }
    let [readbacks, uploads, allocations, fallbacks, doubles] = numbers;
    Ok(Counts {
        readbacks,
        uploads,
        allocations,
        fallbacks,
        doubles,
    })
}
