//! The random draws of one step, on the host: the same on every device, and in a resumed run.

use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use underpaint_core::pgan::{GeneratorConfig, draw_noise, one_hot_classes};

use crate::distributed::Share;
use crate::family::derive_seed;

/// What one step draws.
#[derive(Debug, Clone)]
pub struct Draws {
    /// Latents of the fakes that the discriminator learns from, `[batch, latent]`.
    pub discriminator_latents: Tensor<2>,
    /// Latents of the fakes that the generator learns from, `[batch, latent]`.
    pub generator_latents: Tensor<2>,
    /// Share of the real picture in those that the gradient penalty looks at, `[batch]` in `[0, 1]`.
    pub share: Tensor<1>,
}

impl Draws {
    /// Draws for `batch` pictures.
    pub fn new(
        config: &GeneratorConfig,
        class_counts: &[usize],
        batch: usize,
        seed: u64,
        device: &Device,
    ) -> Self {
        let latents = |purpose| {
            latents(
                config,
                class_counts,
                batch,
                derive_seed(seed, purpose),
                device,
            )
        };
        let mut stream = ChaCha8Rng::seed_from_u64(derive_seed(seed, 3));
        // 24 bits: every f32 that is a multiple of 2^-24 in [0, 1).
        let unit = |_| (stream.next_u32() >> 8) as f32 / (1 << 24) as f32;
        let share: Vec<f32> = (0..batch).map(unit).collect();
        Self {
            discriminator_latents: latents(1),
            generator_latents: latents(2),
            share: Tensor::from_data(TensorData::new(share, [batch]), device),
        }
    }

    /// What one rank takes of draws for all.
    #[must_use]
    pub fn of(self, rank: Share) -> Self {
        Self {
            discriminator_latents: rank.rows(self.discriminator_latents),
            generator_latents: rank.rows(self.generator_latents),
            share: rank.rows(self.share),
        }
    }
}

/// Noise, and in class-conditional models a random class of each attribute, one-hot.
///
/// # Shapes
///
/// Result: `[count, latent_dim + category_dim]`.
pub fn latents(
    config: &GeneratorConfig,
    class_counts: &[usize],
    count: usize,
    seed: u64,
    device: &Device,
) -> Tensor<2> {
    let noise = draw_noise(count, config.latent_dim, seed, device);
    if class_counts.is_empty() {
        return noise;
    }
    let mut stream = ChaCha8Rng::seed_from_u64(derive_seed(seed, 1));
    let row = |_| -> Vec<usize> {
        let class = |&count: &usize| stream.next_u64() as usize % count;
        class_counts.iter().map(class).collect()
    };
    let classes: Vec<Vec<usize>> = (0..count).map(row).collect();
    let one_hot = one_hot_classes(&classes, class_counts, device);
    Tensor::cat(vec![noise, one_hot], 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_of_a_step_is_of_its_own_and_a_seed_repeats() {
        let config = GeneratorConfig {
            latent_dim: 3,
            category_dim: 2,
            ..GeneratorConfig::default()
        };
        let draw = |seed| {
            let draws = Draws::new(&config, &[2], 4, seed, &Device::flex());
            let values = |latents: Tensor<2>| -> Vec<f32> { latents.into_data().iter().collect() };
            let share: Vec<f32> = draws.share.into_data().iter().collect();
            (
                values(draws.discriminator_latents),
                values(draws.generator_latents),
                share,
            )
        };
        let (first, second, share) = draw(1);
        assert_ne!(first, second);
        assert!(share.iter().all(|share| (0.0..1.0).contains(share)));
        for row in first.chunks(5) {
            assert_eq!(row[3] + row[4], 1.0);
            assert_eq!(row[3] * row[4], 0.0);
        }
        assert_eq!(draw(1), (first, second, share));
        assert_ne!(draw(1).2, draw(2).2);
    }
}
