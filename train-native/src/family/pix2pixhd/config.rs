//! What a pix2pixHD run depends on.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use underpaint_core::layers::WeightInit;
use underpaint_core::loss::GanMode;
use underpaint_core::pix2pixhd::{
    ConditionConfig, DiscriminatorConfig, EncoderConfig, GeneratorConfig, INIT,
};

use crate::optimiser::AdamConfig;

/// Which pixels share a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureRegions {
    /// Those of an instance (`instance_feat`).
    #[default]
    Instances,
    /// Those of a label (`label_feat`).
    Labels,
}

/// Everything that one training step depends on. The default is the paper's, for Cityscapes at half
/// size.
///
/// The perceptual loss is part of the training once it is given its network: see
/// [`Pix2pixHd::with_perceptual_loss`](super::Pix2pixHd::with_perceptual_loss).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pix2pixHdTrainConfig {
    /// What label maps, pictures and instance maps become.
    pub condition: ConditionConfig,
    /// The generator.
    pub generator: GeneratorConfig,
    /// The discriminator; it sees condition and picture, and no features.
    pub discriminator: DiscriminatorConfig,
    /// The feature encoder, where it is trained too. Features without an encoder come from files
    /// (`load_features`).
    pub encoder: Option<EncoderConfig>,
    /// Which pixels share a feature.
    pub feature_regions: FeatureRegions,
    /// Adversarial loss: least squares, or cross-entropy (`no_lsgan`).
    pub gan_mode: GanMode,
    /// Weight of the feature matching loss, shared by scales and layers (`lambda_feat`); 10 in the
    /// paper, 0 leaves it out (`no_ganFeat_loss`).
    pub feature_matching_weight: f64,
    /// Weight of the perceptual loss (the original's is `lambda_feat` too); 10 in the paper.
    pub perceptual_weight: f64,
    /// Epochs in which only the finest enhancer, and the encoder, are trained (`niter_fix_global`).
    pub epochs_coarse_fixed: u64,
    /// Fakes kept for the discriminator; 0 in the paper.
    pub pool_size: usize,
    /// Both optimisers.
    pub adam: AdamConfig,
    /// Weight initialisation.
    pub init: WeightInit,
    /// Seed of the weights and of every random draw.
    pub seed: u64,
}

impl Default for Pix2pixHdTrainConfig {
    fn default() -> Self {
        Self {
            condition: ConditionConfig::default(),
            generator: GeneratorConfig::default(),
            discriminator: DiscriminatorConfig::default(),
            encoder: None,
            feature_regions: FeatureRegions::Instances,
            gan_mode: GanMode::Lsgan,
            feature_matching_weight: 10.0,
            perceptual_weight: 10.0,
            epochs_coarse_fixed: 0,
            pool_size: 0,
            adam: AdamConfig {
                beta1: 0.5,
                beta2: 0.999,
            },
            init: INIT,
            seed: 0,
        }
    }
}

impl Pix2pixHdTrainConfig {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    ///
    /// Naming the parts that do not.
    pub fn validate(&self) -> Result<()> {
        self.generator.validate().context("generator")?;
        self.discriminator.validate().context("discriminator")?;
        let (condition, paints) = (&self.condition, self.generator.output_channels);
        let expect = |what: &str, found: usize, expected: usize| {
            ensure!(
                found == expected,
                "{what}: expected {expected} channels, as the condition says, found {found}"
            );
            Ok(())
        };
        let takes = self.generator.input_channels;
        expect("generator", takes, condition.generator_channels())?;
        let sees = self.discriminator.input_channels;
        expect(
            "discriminator",
            sees,
            condition.discriminator_channels(paints),
        )?;
        if let Some(encoder) = &self.encoder {
            encoder.validate().context("encoder")?;
            let gives = encoder.feature_channels;
            expect("encoder", gives, condition.feature_channels)?;
            expect("pictures for the encoder", encoder.image_channels, paints)?;
        }
        ensure!(
            self.epochs_coarse_fixed == 0 || self.generator.architecture.num_enhancers() > 0,
            "a global generator has no finest enhancer that could be trained alone for {} epochs",
            self.epochs_coarse_fixed
        );
        Ok(())
    }
}
