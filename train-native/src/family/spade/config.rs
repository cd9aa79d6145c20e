//! What a SPADE run depends on.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use underpaint_core::label::SemanticLayout;
use underpaint_core::layers::{BiasInit, InitKind, WeightInit};
use underpaint_core::loss::GanMode;
use underpaint_core::spade::{DiscriminatorConfig, EncoderConfig, GeneratorConfig};

use crate::optimiser::AdamConfig;
use crate::trainer::schedule::TimeScale;

/// Everything that one training step depends on. The default is the paper's, for COCO-Stuff.
///
/// The perceptual loss is part of the training once it is given its network: see
/// [`Spade::with_perceptual_loss`](super::Spade::with_perceptual_loss).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpadeTrainConfig {
    /// What label maps and instance maps become.
    pub semantics: SemanticLayout,
    /// The generator.
    pub generator: GeneratorConfig,
    /// The discriminator; it sees segmentation and picture.
    pub discriminator: DiscriminatorConfig,
    /// The encoder, where the generator starts from a latent.
    pub encoder: Option<EncoderConfig>,
    /// Adversarial loss.
    pub gan_mode: GanMode,
    /// Weight of the feature matching loss, shared by the scales (`lambda_feat`); 10 in the paper, 0
    /// leaves it out (`--no_ganFeat_loss`).
    pub feature_matching_weight: f64,
    /// Weight of the perceptual loss (`lambda_vgg`); 10 in the paper.
    pub perceptual_weight: f64,
    /// Weight of the encoder's divergence (`lambda_kld`); 0.05 in the paper.
    pub divergence_weight: f64,
    /// Discriminator steps for every one of the generator (`D_steps_per_G`); 1 in the paper.
    pub discriminator_steps: u64,
    /// Learning rates of the two sides: `Two`, the paper's, is TTUR.
    pub time_scale: TimeScale,
    /// Both optimisers.
    pub adam: AdamConfig,
    /// Weight initialisation.
    pub init: WeightInit,
    /// Seed of the weights and of every random draw.
    pub seed: u64,
}

impl Default for SpadeTrainConfig {
    fn default() -> Self {
        Self {
            semantics: SemanticLayout::default(),
            generator: GeneratorConfig::default(),
            discriminator: DiscriminatorConfig::default(),
            encoder: None,
            gan_mode: GanMode::Hinge,
            feature_matching_weight: 10.0,
            perceptual_weight: 10.0,
            divergence_weight: 0.05,
            discriminator_steps: 1,
            time_scale: TimeScale::Two,
            adam: AdamConfig {
                beta1: 0.0,
                beta2: 0.9,
            },
            init: WeightInit {
                kind: InitKind::Xavier,
                gain: 0.02,
                bias: BiasInit::Zero,
            },
            seed: 0,
        }
    }
}

impl SpadeTrainConfig {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    ///
    /// Naming the parts that do not.
    pub fn validate(&self) -> Result<()> {
        self.generator.validate().context("generator")?;
        self.discriminator.validate().context("discriminator")?;
        let (sees, paints) = (
            self.generator.input_channels,
            self.generator.output_channels,
        );
        ensure!(
            self.semantics.channels() == sees,
            "label maps become {} channels, and the generator takes {sees}",
            self.semantics.channels()
        );
        ensure!(
            self.discriminator.input_channels == sees + paints,
            "the discriminator takes {} channels: expected those of segmentation and picture, {}",
            self.discriminator.input_channels,
            sees + paints
        );
        ensure!(
            self.discriminator_steps > 0,
            "discriminator_steps: expected at least 1, found 0"
        );
        self.validate_encoder()
    }

    fn validate_encoder(&self) -> Result<()> {
        let latent = self.generator.latent_channels();
        let Some(encoder) = &self.encoder else {
            ensure!(
                latent.is_none(),
                "the generator starts from a latent: training needs an encoder"
            );
            return Ok(());
        };
        encoder.validate().context("encoder")?;
        ensure!(
            latent == Some(encoder.latent_channels),
            "the encoder gives {} values, the generator takes {}",
            encoder.latent_channels,
            latent.unwrap_or(0)
        );
        ensure!(
            encoder.image_channels == self.generator.output_channels,
            "the encoder sees {} channels, pictures have {}",
            encoder.image_channels,
            self.generator.output_channels
        );
        Ok(())
    }
}
