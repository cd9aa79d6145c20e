//! SPADE (GauGAN): a generator that a label map modulates at every size, a multi-scale PatchGAN, and
//! a variational encoder for the style.
//!
//! Source: Park et al. 2019, "Semantic Image Synthesis with Spatially-Adaptive Normalization"
//! (<https://arxiv.org/abs/1903.07291>); spec section 4. The original code is for non-commercial use
//! only: nothing here is taken from it.

mod block;
mod config;
mod conv_norm;
mod discriminator;
mod encoder;
mod generator;
mod infer;
mod loss;
mod norm;
mod weights;

pub use block::SpadeBlock;
pub use config::{
    Architecture, GeneratorConfig, ResnetArchitecture, SpadeArchitecture, Upsampling,
};
pub use conv_norm::{ConvNorm, NormedConv};
pub use discriminator::{Discriminator, DiscriminatorConfig};
pub use encoder::{Encoder, EncoderConfig, reparameterize};
pub use generator::{Generator, LatentStart, SpadeGenerator, Start};
pub use infer::{Hint, infer_discriminator, infer_encoder, infer_generator};
pub use loss::adversarial_loss;
pub use norm::{ParamFreeNorm, SpadeNorm, SpadeNormConfig};
