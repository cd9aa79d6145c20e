//! Generators as ONNX files, for other people's runtimes.
//!
//! A [`Plan`](underpaint_plan::Plan) has a few kinds of steps, and each is one to five operators of
//! opset 17. Weights are folded to numbers on the way (spectral norm, equalised learning rates), so a
//! file needs nothing but standard operators.
//!
//! # Reading order
//!
//! 1. [`writer`]: a plan and its weights to a file.
//! 2. [`operators`]: which operators a step becomes; `places`: those that choose pixels.
//! 3. [`adapt`]: plans that take pictures in another range, or more channels.
//! 4. [`sizes`]: whether a file can serve every size.
//! 5. [`metadata`]: what a file says about itself.
//! 6. [`graph`], [`proto`]: the file format.

pub mod adapt;
pub mod graph;
pub mod metadata;
pub mod operators;
mod places;
pub mod proto;
pub mod sizes;
pub mod writer;

#[cfg(test)]
mod tests;

pub use writer::{File, Job, write};
