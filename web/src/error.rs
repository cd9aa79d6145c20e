//! What can go wrong, and what JavaScript sees of it: an `Error` with `name` "UnderpaintError" and a
//! `code`.

use js_sys::Reflect;
use thiserror::Error;
use wasm_bindgen::JsValue;

/// Why a session could not be loaded or a picture not be generated.
#[derive(Debug, Error)]
pub enum WebError {
    /// The browser has no WebGPU device that can run generators.
    #[error("WebGPU is not available: {0}")]
    WebGpuUnavailable(String),
    /// The device went away: driver reset, GPU process crashed, laptop switched its GPU.
    #[error("the WebGPU device was lost: {0}")]
    DeviceLost(String),
    /// Device or browser memory is full.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// Something is wrong with the caller's input, not with the bundle.
    #[error("{0}")]
    BadInput(String),
    /// The device refused what it was given.
    #[error("the WebGPU device reported an error: {0}")]
    Device(String),
    /// From the networks and bundle code.
    #[error(transparent)]
    Core(#[from] underpaint_core::Error),
}

impl WebError {
    /// The code that programs look at.
    #[must_use]
    pub fn code(&self) -> &'static str {
        use underpaint_core::Error as Core;
        match self {
            Self::WebGpuUnavailable(_) => "webgpu-unavailable",
            Self::DeviceLost(_) => "device-lost",
            Self::OutOfMemory(_) => "out-of-memory",
            Self::BadInput(_) => "bad-input",
            Self::Device(_) => "internal",
            Self::Core(Core::Integrity { .. }) => "integrity",
            Self::Core(Core::LabelRange { .. } | Core::Shape { .. } | Core::Input(_)) => {
                "bad-input"
            }
            Self::Core(
                Core::Manifest(_)
                | Core::Weights(_)
                | Core::StateDict(_)
                | Core::Config { .. }
                | Core::Inference { .. },
            ) => "bad-bundle",
        }
    }
}

impl From<WebError> for JsValue {
    fn from(error: WebError) -> Self {
        let value = js_sys::Error::new(&error.to_string());
        value.set_name("UnderpaintError");
        // Setting a property of a fresh, ordinary object cannot fail.
        let _ = Reflect::set(&value, &"code".into(), &error.code().into());
        value.into()
    }
}

/// Result with a [`WebError`].
pub type Result<T> = std::result::Result<T, WebError>;

#[cfg(test)]
mod tests {
    use super::*;
    use underpaint_core::bundle::Manifest;

    #[test]
    fn a_damaged_bundle_and_a_wrong_label_have_different_codes() {
        let damaged = Manifest::from_json(b"{").unwrap_err();
        assert_eq!(WebError::from(damaged).code(), "bad-bundle");
        let label = underpaint_core::label::check_labels(&[9], 1, 3).unwrap_err();
        assert_eq!(WebError::from(label).code(), "bad-input");
        let integrity = underpaint_core::Error::Integrity {
            file: String::new(),
            expected: String::new(),
            found: String::new(),
        };
        assert_eq!(WebError::from(integrity).code(), "integrity");
    }
}
