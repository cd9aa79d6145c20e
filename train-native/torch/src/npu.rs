//! Ascend NPUs, through PyTorch's PrivateUse1.
//!
//! torch-sys has no number for such a device: the linker makes tch's Vulkan mean it (`cpp/wrap.cpp`), and
//! `libtorch_npu.so` is loaded at the first use. A process uses one NPU. docs/npu.md says what to install.

mod diagnosis;
mod places;

use std::path::Path;

use crate::{Error, Result};

pub use diagnosis::Diagnosis;
pub use places::{LIBRARY, LIBRARY_VARIABLE, Places};

/// Starts NPU `index` of those that `ASCEND_RT_VISIBLE_DEVICES` lets this process see, or goes on with it.
/// From then on tch's Vulkan is that device, and at exit it is given back.
///
/// # Errors
///
/// Saying what is missing: the library, the driver, CANN in the version that this libtorch needs; or that
/// there are fewer NPUs, that the process uses another one, or that it does not compute.
pub fn start(index: usize) -> Result<()> {
    let count = count()?;
    if index >= count {
        return Err(Error::new(format!(
            "this process sees {count} NPUs, numbered from 0 (ASCEND_RT_VISIBLE_DEVICES chooses among those \
             of the machine)"
        )));
    }
    platform::choose(index)
}

/// How many NPUs this process sees. Loads the library where that has not been done.
///
/// # Errors
///
/// As [`start`].
pub fn count() -> Result<usize> {
    if !platform::is_loaded() {
        let places = Places::of_this_machine();
        let loaded = match places.library() {
            Some(path) => load(&path).map_err(|error| error.to_string()),
            None => Err(places.nowhere()),
        };
        loaded.map_err(|problem| {
            let diagnosis = Diagnosis::of(&places);
            Error::new(format!(
                "{problem}; {diagnosis}; docs/npu.md says what to install"
            ))
        })?;
    }
    platform::count()
}

/// Loads this very library, once per process.
///
/// # Errors
///
/// What the loader says, or what the library lacks.
pub fn load(path: &Path) -> Result<()> {
    platform::load(path).map_err(|error| Error::new(format!("{}: {error}", path.display())))
}

#[cfg(target_os = "linux")]
mod platform {
    use std::ffi::{CString, c_char};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::sync::Mutex;

    use crate::error::answered;
    use crate::{Error, Result};

    unsafe extern "C" {
        fn underpaint_npu_wrapped() -> bool;
        fn underpaint_npu_registered() -> bool;
        fn underpaint_npu_load(path: *const c_char, index: i8) -> *mut c_char;
        fn underpaint_npu_count(count: *mut i64) -> *mut c_char;
        fn underpaint_npu_try(index: i8) -> *mut c_char;
        fn underpaint_npu_choose(index: i8);
    }

    /// The NPU of this process, once it has one. Loading and starting happen under this lock.
    static CHOSEN: Mutex<Option<usize>> = Mutex::new(None);

    fn chosen() -> std::sync::MutexGuard<'static, Option<usize>> {
        // Nothing panics while it is held, and it is one number.
        CHOSEN
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn is_loaded() -> bool {
        // SAFETY: reads a flag of libtorch's.
        unsafe { underpaint_npu_registered() }
    }

    pub(super) fn load(path: &Path) -> Result<()> {
        // SAFETY: compares two addresses.
        if !unsafe { underpaint_npu_wrapped() } {
            return Err(Error::new(
                "this executable was linked without --wrap: see train-native/torch/build.rs",
            ));
        }
        let _lock = chosen();
        if is_loaded() {
            return Ok(());
        }
        let path = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| Error::new("a path with a zero byte"))?;
        // SAFETY: text that ends with a zero byte; what the library's start does is the user's choice.
        unsafe { answered(underpaint_npu_load(path.as_ptr(), 0)) }
    }

    pub(super) fn count() -> Result<usize> {
        let mut count = 0;
        // SAFETY: writes one number; asked for after the device was registered.
        unsafe { answered(underpaint_npu_count(&mut count))? };
        Ok(usize::try_from(count).unwrap_or(0))
    }

    pub(super) fn choose(index: usize) -> Result<()> {
        let mut chosen = chosen();
        match *chosen {
            Some(other) if other != index => {
                return Err(Error::new(format!("this process uses npu:{other} already")));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        let number = i8::try_from(index).map_err(|_| Error::new("there are no so many NPUs"))?;
        // SAFETY: the device is registered, and the index is below its count.
        unsafe {
            answered(underpaint_npu_try(number))?;
            underpaint_npu_choose(number);
        }
        *chosen = Some(index);
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use std::path::Path;

    use crate::{Error, Result};

    pub(super) fn is_loaded() -> bool {
        false
    }

    pub(super) fn load(_: &Path) -> Result<()> {
        Err(Error::new("Ascend's software is for Linux only"))
    }

    pub(super) fn count() -> Result<usize> {
        Ok(0)
    }

    pub(super) fn choose(_: usize) -> Result<()> {
        load(Path::new(""))
    }
}
