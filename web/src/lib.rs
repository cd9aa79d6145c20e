//! The browser's side of Underpaint, as a WebAssembly module.
//!
//! It says which version it is and nothing more yet: loading a bundle and running its generator come
//! with the painting studio. `cargo xtask wasm` turns this crate into `www/pkg`.

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of this module, as in `0.1.0`.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
