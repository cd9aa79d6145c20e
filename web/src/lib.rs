//! The browser's side of Underpaint, as a WebAssembly module: a bundle's bytes go in, pictures come
//! out. The networks are those of `underpaint_core`; nothing of them is written again here.
//!
//! # Reading order
//!
//! 1. `session`: load a bundle, generate, free; the whole interface to JavaScript.
//! 2. `gpu`: the one WebGPU device of the module.
//! 3. [`pixels`]: canvas pixels to samples and back.
//! 4. [`error`]: the one place where errors become JavaScript's.
//!
//! `cargo xtask wasm` turns this crate into `www/pkg`; `www/src/engine/worker.ts` is its only user.

pub mod error;
#[cfg(target_arch = "wasm32")]
pub mod gpu;
pub mod panic;
pub mod pixels;
#[cfg(target_arch = "wasm32")]
pub mod session;

use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the module's `init()`.
#[wasm_bindgen(start)]
pub fn start() {
    panic::install_hook();
}

/// The version of this module, as in `0.1.0`.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
