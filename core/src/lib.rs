//! Networks, losses, label rules and model bundles of Underpaint.
//!
//! Every network is written once, here, for any burn device: the trainer differentiates it on
//! libtorch, the browser runs it on WebGPU. Nothing in this crate knows files, threads, clocks,
//! GPUs or browsers: bytes, tensors and configs go in and come out.
//!
//! # Reading order
//!
//! 1. [`pix2pix`], [`pix2pixhd`], [`spade`], [`pgan`]: one room per model family, each with `config`,
//!    `generator`, `discriminator`, `encoder` where there is one, and `weights` (the original authors'
//!    state-dict keys).
//! 2. [`layers`] and [`loss`]: the pieces that families share; [`perceptual`]: VGG-19 and Inception-v3.
//!    Both stand on [`ops`]: operations that have a faster body on some devices.
//! 3. [`label`] and [`image`]: from label maps and pixels to tensors and back.
//! 4. [`state_dict`] and [`bundle`]: what a trained network travels in.
//! 5. [`checkpoint`]: the original authors' files; [`archive`]: what they and bundles lie in.
//! 6. [`plan`]: a network as a list of steps, for engines that know no burn.

pub mod archive;
pub mod bundle;
pub mod checkpoint;
mod error;
pub mod image;
pub mod label;
pub mod layers;
pub mod loss;
pub mod ops;
pub mod perceptual;
pub mod pgan;
pub mod pix2pix;
pub mod pix2pixhd;
pub mod plan;
pub mod spade;
pub mod state_dict;

pub use error::{Error, Result};
