//! What a run of the Progressive GAN depends on.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use underpaint_core::pgan::{Criterion, DiscriminatorConfig, GeneratorConfig, Growth};

use crate::optimiser::AdamConfig;

/// Everything that one training step depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PganTrainConfig {
    /// The generator at its last scale.
    pub generator: GeneratorConfig,
    /// The discriminator at its last scale; it has as many as the generator.
    pub discriminator: DiscriminatorConfig,
    /// When both grow.
    pub growth: Growth,
    /// Pictures per step at every scale, the last number also for those beyond (`miniBatchScheduler`).
    pub batch_sizes: Vec<usize>,
    /// Adversarial loss; it says how the generator should end.
    pub criterion: Criterion,
    /// Weight of the penalty on gradients between real and generated pictures (`lambdaGP`); 10 in
    /// the paper.
    pub penalty_weight: f64,
    /// Weight of the penalty on gradients at real pictures (`logisticGradReal`); 0 in the paper.
    pub real_penalty_weight: f64,
    /// Weight of the squared scores of real pictures (`epsilonD`); 0.001 in the paper.
    pub drift_weight: f64,
    /// Share of its old self that the averaged generator keeps in a step.
    pub average_decay: f64,
    /// Class-conditional training.
    pub classification: Classification,
    /// Both optimisers.
    pub adam: AdamConfig,
    /// Seed of the weights and of every random draw.
    pub seed: u64,
}

/// Class-conditional training (AC-GAN); without attributes, the default, there is none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Classification {
    /// Number of classes of each attribute; they sum up to the networks' `category_dim`.
    pub class_counts: Vec<usize>,
    /// Weight of the generator's classification loss (`weightConditionG`).
    pub generator_weight: f64,
    /// Weight of the discriminator's (`weightConditionD`).
    pub discriminator_weight: f64,
}

impl Default for PganTrainConfig {
    fn default() -> Self {
        Self {
            generator: GeneratorConfig::default(),
            discriminator: DiscriminatorConfig::default(),
            growth: Growth::default(),
            batch_sizes: vec![16],
            criterion: Criterion::Wgangp,
            penalty_weight: 10.0,
            real_penalty_weight: 0.0,
            drift_weight: 0.001,
            average_decay: 0.999,
            classification: Classification::default(),
            adam: AdamConfig {
                beta1: 0.0,
                beta2: 0.99,
            },
            seed: 0,
        }
    }
}

impl PganTrainConfig {
    /// Number of scales that the networks have in the end.
    pub fn num_scales(&self) -> usize {
        self.generator.depths.len()
    }

    /// Pictures per step at a scale.
    pub fn batch_size(&self, scale: usize) -> usize {
        let last = self.batch_sizes.last().copied();
        self.batch_sizes.get(scale).copied().or(last).unwrap_or(1)
    }

    /// Checks that the parts fit together.
    ///
    /// # Errors
    ///
    /// Naming the field.
    pub fn validate(&self) -> Result<()> {
        self.generator.validate().context("generator")?;
        self.discriminator.validate().context("discriminator")?;
        self.growth.validate(self.num_scales()).context("growth")?;
        let (ours, theirs) = (&self.generator.depths, &self.discriminator.depths);
        ensure!(
            ours.len() == theirs.len(),
            "expected as many scales in the discriminator as in the generator, found {theirs:?} and \
             {ours:?}"
        );
        let (made, judged) = (
            self.generator.output_channels,
            self.discriminator.input_channels,
        );
        ensure!(
            made == judged,
            "the generator makes {made} channels, the discriminator takes {judged}"
        );
        ensure!(
            !self.batch_sizes.is_empty() && !self.batch_sizes.contains(&0),
            "batch_sizes: expected at least 1 picture at every scale, found {:?}",
            self.batch_sizes
        );
        let classes: usize = self.classification.class_counts.iter().sum();
        for (network, found) in [
            ("generator", self.generator.category_dim),
            ("discriminator", self.discriminator.category_dim),
        ] {
            if found != classes {
                bail!("{network}: category_dim is {found}, class_counts sum up to {classes}");
            }
        }
        Ok(())
    }
}
