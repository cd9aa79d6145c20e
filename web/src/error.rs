//! What can go wrong, and what JavaScript sees of it: an `Error` with `name` "UnderpaintError" and a
//! `code`.

use thiserror::Error;
use wasm_bindgen::JsValue;

/// Why a session could not be loaded or a picture not be generated.
#[derive(Debug, Error)]
pub enum WebError {
    /// Something is wrong with the caller's input, not with the bundle.
    #[error("{0}")]
    BadInput(String),
    /// From the engine that runs networks, or its device.
    #[error("{}", told(.0))]
    Engine(#[from] underpaint_engine::Error),
    /// From the networks and bundle code.
    #[error(transparent)]
    Core(#[from] underpaint_core::Error),
}

impl WebError {
    /// The code that programs look at.
    #[must_use]
    pub fn code(&self) -> &'static str {
        use underpaint_core::Error as Core;
        use underpaint_engine::Error as Engine;
        match self {
            Self::Engine(Engine::Unavailable(_)) => "webgpu-unavailable",
            Self::Engine(Engine::Lost(_)) => "device-lost",
            Self::Engine(Engine::OutOfMemory(_) | Engine::TooLarge { .. }) => "out-of-memory",
            Self::BadInput(_) | Self::Engine(Engine::Input(_)) => "bad-input",
            Self::Engine(Engine::Device(_)) => "internal",
            Self::Engine(Engine::Plan(_)) => "bad-bundle",
            Self::Core(Core::Integrity { .. }) => "integrity",
            Self::Core(Core::File(_)) => "network",
            Self::Core(Core::LabelRange { .. } | Core::Shape { .. } | Core::Input(_)) => {
                "bad-input"
            }
            Self::Core(
                Core::Manifest(_)
                | Core::Weights(_)
                | Core::StateDict(_)
                | Core::Config { .. }
                | Core::Plan(_)
                | Core::Archive(_)
                | Core::Checkpoint(_)
                | Core::Inference { .. },
            ) => "bad-bundle",
        }
    }
}

/// In the words of browsers.
fn told(error: &underpaint_engine::Error) -> String {
    use underpaint_engine::Error as Engine;
    match error {
        Engine::Unavailable(why) => format!("WebGPU is not available: {why}"),
        Engine::Lost(why) => format!("the WebGPU device was lost: {why}"),
        Engine::Device(why) => format!("the WebGPU device reported an error: {why}"),
        Engine::TooLarge {
            what,
            needed,
            available,
        } => {
            let [needed, available] = [*needed, *available].map(megabytes);
            format!("too large for this device: {what} need {needed} MB, it allows {available} MB")
        }
        other => other.to_string(),
    }
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

impl From<WebError> for JsValue {
    fn from(error: WebError) -> Self {
        underpaint_files::thrown(error.code(), &error.to_string())
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
