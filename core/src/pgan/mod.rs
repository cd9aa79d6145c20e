//! Progressive GAN: pictures from latents, by two networks that grow from 4×4 pixels upwards.
//!
//! A network has *scales*: scale 0 works at 4×4, each further one doubles the side. While a new
//! scale fades in, its share is `1 - alpha`: alpha falls from 1 (only the old resolution shows) to 0.
//!
//! Source: Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and
//! Variation" (<https://arxiv.org/abs/1710.10196>), and its PyTorch implementation
//! (facebookresearch/pytorch_GAN_zoo); spec section 5.

mod average;
mod config;
mod criterion;
mod discriminator;
mod generator;
mod growth;
mod init;
mod latent;
mod minibatch_stddev;
mod resample;
mod score_gradient;
mod weights;

pub use average::exponential_moving_average;
pub use config::{
    DiscriminatorConfig, FirstFade, GeneratorConfig, MAX_SCALES, OutputActivation, resolution,
};
pub use criterion::{Criterion, classification_loss};
pub use discriminator::{Discriminator, DiscriminatorBlock, Judgement};
pub use generator::{Generator, GeneratorBlock};
pub use growth::{Growth, Stage};
pub use init::{initialize, initialize_scale};
pub use latent::{draw_classes, draw_noise, noise_numbers, one_hot_classes, one_hot_numbers};
pub use minibatch_stddev::minibatch_stddev;
pub use resample::{fade_real, halved};
pub use weights::{infer_discriminator, infer_generator, with_module_keys};
