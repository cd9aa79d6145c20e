//! Frozen networks that look at pictures as people do: VGG-19 for the perceptual loss of pix2pixHD
//! and SPADE, Inception-v3 for the Fréchet inception distance.
//!
//! Their weights are other people's: they come from a file that the user has, never with us.

mod inception;
mod inception_blocks;
mod vgg19;
mod weights;

pub use inception::{FEATURES, Inception, inception_input};
pub use vgg19::{VGG_SMALLEST_SIDE, VGG_TAPS, Vgg19};
