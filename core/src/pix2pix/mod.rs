//! pix2pix: a U-Net or ResNet generator and a PatchGAN that judges pairs.
//!
//! Source: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks"
//! (<https://arxiv.org/abs/1611.07004>), and its PyTorch implementation
//! (junyanz/pytorch-CycleGAN-and-pix2pix); spec section 2.

mod config;
mod discriminator;
mod generator;
mod unet;
mod upsampling;
mod weights;

pub use config::{Architecture, GeneratorConfig};
pub use discriminator::DiscriminatorKind;
pub use generator::Generator;
pub use unet::{UnetGenerator, UnetLevel};
pub use upsampling::{Upsampling, upsampling_of};
pub use weights::infer_generator;
