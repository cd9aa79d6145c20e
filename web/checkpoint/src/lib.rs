//! The original authors' weight files in a browser: a second WebAssembly module, loaded when somebody
//! opens such a file, so that nobody else downloads it.
//!
//! It recognises a model, gives its weights tensor by tensor to the module that runs generators, and
//! writes it as a bundle in one file. The reading is `underpaint_core`'s, the same as on the command
//! line.
//!
//! # Reading order
//!
//! 1. [`found`]: what is recognised, and what it becomes with people's answers.
//! 2. `files`: the interface to JavaScript.
//! 3. [`error`]: what can go wrong.

pub mod error;
#[cfg(target_arch = "wasm32")]
pub mod files;
pub mod found;
