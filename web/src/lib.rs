//! The browser's side of Underpaint, as a WebAssembly module: a bundle's bytes go in, pictures come
//! out. The networks are those of `underpaint_core`, captured as plans; nothing of them is written
//! again here, and no tensor library runs here.
//!
//! # Reading order
//!
//! 1. `session`: load a bundle, generate, free; the interface to JavaScript. `given`: what a label map
//!    brings along.
//!    [`objects`]: their looks.
//! 2. [`model`]: a bundle on a device, for pictures of any size.
//! 3. [`place`]: the CPU or the GPU.
//! 4. [`pixels`]: canvas pixels to samples.
//! 5. [`error`]: the one place where errors become JavaScript's.
//!
//! `cargo xtask wasm` turns this crate into `www/pkg`; `www/src/engine/worker.ts` is its only user.

#[cfg(target_arch = "wasm32")]
pub mod browser_weights;
#[cfg(target_arch = "wasm32")]
pub mod bundle_parts;
pub mod error;
#[cfg(target_arch = "wasm32")]
pub mod given;
pub mod model;
pub mod objects;
pub mod panic;
pub mod pixels;
pub mod place;
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
