//! Runs programs on a GPU, through wgpu.
//!
//! Kernels are written in WGSL without extensions: nothing asks for f16 arithmetic, subgroups or dot
//! products, so that software adapters run them too.
//!
//! # Reading order
//!
//! 1. [`Device`]: what is there, what it allows, what went wrong with it.
//! 2. [`kernel`]: what there is; `code` and `wgsl` are what runs.
//! 3. [`tune`]: which kernel does which convolution; `cost` and `winograd` for the one that computes less.
//! 4. [`mod@lower`]: from operations to launches, in bands of rows where a plane is larger than what a
//!    kernel can see at once.
//! 5. [`Generator`]: weights, memory; `run`: a picture.
//! 6. [`fit`]: what a program needs, before anything is there.

pub mod bench;
pub mod bounds;
mod code;
mod constants;
mod cost;
mod device;
pub mod fit;
mod generator;
pub mod kernel;
pub mod launch;
pub mod lower;
mod memory;
mod pipeline;
mod run;
#[cfg(test)]
mod tests;
pub mod tune;
mod wait;
mod winograd;

pub use bounds::Bounds;
pub use device::{Device, Info, Offer};
pub use fit::Needs;
pub use generator::{Generator, Progress};
pub use tune::Tuning;
#[cfg(not(target_arch = "wasm32"))]
pub use wait::block_on;
