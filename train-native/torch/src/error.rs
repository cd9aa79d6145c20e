//! What libtorch says when something fails.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::NonNull;
use std::time::Duration;

unsafe extern "C" {
    fn free(pointer: *mut c_void);
}

/// An exception of libtorch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("libtorch: {0}")]
pub struct Error(String);

/// A result of libtorch.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of our own making.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Takes the answer of one of the functions in `cpp/`.
///
/// # Safety
///
/// `answer` is null, or text that ends with a zero byte, was made by `malloc` and is not used again.
pub(crate) unsafe fn answered(answer: *mut c_char) -> Result<()> {
    if answer.is_null() {
        return Ok(());
    }
    // SAFETY: by the contract of this function.
    Err(Error(unsafe { taken(answer) }))
}

/// Takes text from one of them.
///
/// # Safety
///
/// As [`answered`], and `answer` is not null.
pub(crate) unsafe fn taken(answer: *mut c_char) -> String {
    // SAFETY: by the contract of this function.
    let text = unsafe { CStr::from_ptr(answer) }
        .to_string_lossy()
        .into_owned();
    // SAFETY: as above; the text was copied.
    unsafe { free(answer.cast()) };
    text
}

/// What one of them wrote.
pub(crate) fn made<T>(pointer: *mut T) -> Result<NonNull<T>> {
    NonNull::new(pointer).ok_or_else(|| Error::new("nothing was made"))
}

/// As C++ counts.
pub(crate) fn number(number: usize) -> Result<c_int> {
    c_int::try_from(number).map_err(|_| Error::new(format!("{number} is too large a number")))
}

/// As C++ measures time.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
