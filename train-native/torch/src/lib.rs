//! What Underpaint calls in libtorch beside tch.
//!
//! tch covers most of libtorch's functions, but not the gradients that its autograd computes inside
//! (`convolution_backward`, `native_batch_norm_backward`), nor `_fused_adam_`, nor c10d's process
//! groups. This crate does, over a thin layer of C++ in `cpp/` that catches every exception. It is the
//! only crate with `unsafe` code, and knows neither burn nor networks.
//!
//! - [`norm`]: batch norm over more than one process.
//! - [`ops`]: operations and their gradients.
//! - [`adam`]: the update of many parameters in one call.
//! - [`profile`]: where the time of libtorch's operations goes.
//! - [`group`]: processes that train together.
//! - [`shared`]: memory that those of one machine share.
//! - [`memory`]: how the program's allocator treats what a training step frees.
//! - [`npu`]: Ascend's library, found and started; `stand_in`, with the feature of that name: one for tests.
//!
//! Versions are asserted when it is built: see `build.rs`.
#![allow(unsafe_code)]

pub mod adam;
mod error;
pub mod group;
pub mod memory;
pub mod norm;
pub mod npu;
pub mod ops;
pub mod profile;
pub mod shared;
#[cfg(feature = "stand-in")]
pub mod stand_in;

pub use error::{Error, Result};
