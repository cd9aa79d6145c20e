//! Runs image generators from plans: on the GPU through wgpu (WebGPU in browsers, Vulkan, Metal and
//! DirectX natively) and on the CPU with SIMD.
//!
//! A [`Plan`](underpaint_plan::Plan) says what a generator computes. [`schedule()`] turns it into a
//! [`Program`]: few operations over planes that lie in memory as both engines want them. [`cpu`] and
//! `gpu` (with the feature of that name) run programs.
//!
//! # Reading order
//!
//! 1. [`program`]: what a program is.
//! 2. [`mod@schedule`]: from plan to program; what is fused, and where everything lies.
//! 3. [`pack`]: weights in the order in which kernels read them.
//! 4. [`host`]: what goes in and comes out.
//! 5. [`cpu`], `gpu`: the engines.

pub mod cpu;
#[cfg(test)]
mod drafts;
pub mod error;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod host;
pub mod identity;
#[cfg(test)]
mod oracle;
pub mod pack;
#[cfg(test)]
mod plans;
pub mod program;
pub mod schedule;
mod sizes;

pub use error::{Error, Result};
pub use host::Given;
pub use program::Program;
pub use schedule::schedule;
