//! pix2pixHD: a coarse-to-fine generator, discriminators at several sizes, and an encoder whose
//! features give every instance a look of its own.
//!
//! Source: Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with
//! Conditional GANs" (<https://arxiv.org/abs/1711.11585>), and its PyTorch implementation
//! (NVIDIA/pix2pixHD); spec section 3.

mod condition;
mod config;
mod discriminator;
mod encoder;
mod features;
mod generator;
mod kmeans;
mod objects;
mod weights;

pub use condition::{ConditionConfig, Input, InputKind, discriminator_input, generator_input};
pub use config::{Architecture, GeneratorConfig};
pub use discriminator::{Discriminator, DiscriminatorConfig};
pub use encoder::{Encoder, EncoderConfig};
pub use features::{FeatureClusters, RegionFeature, RegionFeatures};
pub use generator::{Generator, LocalEnhancer};
pub use objects::{ObjectFeatures, ObjectKey, object_features};
pub use weights::{infer_discriminator, infer_encoder, infer_generator};

use crate::layers::{BiasInit, InitKind, WeightInit};

/// How the original draws every network: weights from N(0, 0.02), biases as PyTorch does (spec 3.7).
pub const INIT: WeightInit = WeightInit {
    kind: InitKind::Normal,
    gain: 0.02,
    bias: BiasInit::Uniform,
};
