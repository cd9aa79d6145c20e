//! Latents made of the one that a seed or a style gives: on the way to another, and near it.

use anyhow::Result;
use burn::tensor::{Tensor, TensorData};
use clap::Args;
use underpaint_core::bundle::Runner;

/// Flags that lead away from a latent.
#[derive(Debug, Clone, Args)]
pub(super) struct WalkArgs {
    /// Seed of a second latent, for a picture on the way to it; --share says how far
    #[arg(long, value_name = "SEED", requires = "share")]
    toward: Option<u64>,
    /// How far: 0 is the latent itself, 1 that of --toward
    #[arg(long, value_name = "0..1", requires = "toward")]
    share: Option<f32>,
    /// Seed of a step to a neighbour of the latent; --step says how large
    #[arg(long, value_name = "SEED", requires = "step")]
    near: Option<u64>,
    /// How large: 0 stays at the latent, 1 is that of --near
    #[arg(long, value_name = "0..1", requires = "near")]
    step: Option<f32>,
}

impl WalkArgs {
    /// The first flag that is given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let toward = self.toward.map(|_| "--toward");
        toward.or(self.near.map(|_| "--near"))
    }

    /// Where the flags lead to from a latent, first towards the other one, then aside.
    ///
    /// `classes` are asked for of the second latent too; none for a model without them.
    pub(super) fn walked(
        &self,
        runner: &Runner,
        latent: Tensor<2>,
        classes: &[Option<usize>],
    ) -> Result<Tensor<2>> {
        if self.given().is_none() {
            return Ok(latent);
        }
        let manifest = runner.manifest();
        let shape = latent.dims();
        let mut numbers: Vec<f32> = latent.into_data().iter().collect();
        if let (Some(seed), Some(share)) = (self.toward, self.share) {
            let mut wanted = classes.to_vec();
            wanted.resize(runner.attributes().len(), None);
            let other = manifest.draw_latents(1, seed, &wanted);
            numbers = manifest.latent_between(&numbers, &other, share)?;
        }
        if let (Some(seed), Some(step)) = (self.near, self.step) {
            numbers = manifest.latent_near(&numbers, seed, step)?;
        }
        Ok(Tensor::from_data(
            TensorData::new(numbers, shape),
            runner.device(),
        ))
    }
}
