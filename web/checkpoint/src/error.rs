//! What can go wrong, and what JavaScript sees of it: as `underpaint-web`'s errors.

use thiserror::Error;
use wasm_bindgen::JsValue;

/// Why a file is not read.
#[derive(Debug, Error)]
pub enum FileError {
    /// What people say of the file is no answer.
    #[error("{0}")]
    BadInput(String),
    /// From the code that reads files.
    #[error(transparent)]
    Core(#[from] underpaint_core::Error),
}

impl FileError {
    /// The code that programs look at.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadInput(_) => "bad-input",
            Self::Core(underpaint_core::Error::File(_)) => "network",
            Self::Core(_) => "bad-bundle",
        }
    }
}

impl From<FileError> for JsValue {
    fn from(error: FileError) -> Self {
        // Everything that led to it.
        underpaint_files::thrown(error.code(), &format!("{error:#}"))
    }
}

/// Result with a [`FileError`].
pub type Result<T> = std::result::Result<T, FileError>;
