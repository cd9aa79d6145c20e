//! Trains, evaluates, imports and exports image generators natively.
//!
//! The binary `underpaint` is a thin layer over this library: [`command`] parses and prints, the
//! rooms below do the work. Reading order: [`data`] (files to batches), [`optimiser`] (gradients to
//! weights), [`distributed`] (several processes, one run), [`family`] (one training step each), [`trainer`] (the loop and what surrounds it), [`model`]
//! (trained generators in use), [`onnx`] (the same for other runtimes),
//! [`evaluate`].

pub mod animation;
pub mod command;
pub mod config;
pub mod data;
pub mod device;
pub mod distributed;
pub mod evaluate;
pub mod family;
pub mod files;
pub mod html;
pub mod import;
pub mod model;
pub mod onnx;
pub mod optimiser;
pub mod perceptual;
pub mod pretrained;
pub mod results;
pub mod trainer;
