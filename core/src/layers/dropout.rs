//! Dropout that a caller can also have outside training.

use burn::tensor::{Distribution, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Whether and how dropout layers drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropout {
    /// They pass everything on.
    Off,
    /// Masks come from the device's random stream, which `Device::seed` sets: fast, and other masks
    /// on other devices. What training uses.
    Device,
    /// Masks are drawn on the host from this seed, one for all pictures of a batch: the same seed
    /// drops the same on every device, natively and in the browser.
    Seeded(u64),
}

impl Dropout {
    /// Sets each element to zero with probability 0.5 and doubles the others, the only rate in the
    /// four families.
    ///
    /// `layer` tells the dropout layers of one network apart: each has its own masks.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - result: the same
    pub fn apply(self, x: Tensor<4>, layer: usize) -> Tensor<4> {
        match self {
            Self::Off => x,
            Self::Device => {
                let keep = Tensor::random(x.shape(), Distribution::Bernoulli(0.5), &x.device());
                x * (keep * 2.0)
            }
            Self::Seeded(seed) => {
                let [_, channels, height, width] = x.dims();
                let scale = seeded_mask(seed, layer, channels * height * width);
                let shape = [1, channels, height, width];
                // Broadcast over the batch: a picture does not depend on its neighbours.
                let scale = Tensor::<4>::from_data(TensorData::new(scale, shape), &x.device());
                x * scale
            }
        }
    }
}

/// `count` factors, each 0 or 2, one random bit each.
fn seeded_mask(seed: u64, layer: usize, count: usize) -> Vec<f32> {
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(layer as u64);
    let mut mask = Vec::with_capacity(count.next_multiple_of(32));
    while mask.len() < count {
        let bits = stream.next_u32();
        mask.extend((0..32).map(|bit| if bits >> bit & 1 == 1 { 2.0 } else { 0.0 }));
    }
    mask.truncate(count);
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn dropped(how: Dropout, batch: usize, layer: usize) -> Vec<f32> {
        let ones = Tensor::<4>::ones([batch, 10, 25, 40], &Device::flex());
        let result = how.apply(ones, layer).into_data().try_to_vec::<f32>();
        result.expect("f32")
    }

    #[test]
    fn half_of_the_elements_are_zero_and_the_rest_doubled() {
        for how in [Dropout::Device, Dropout::Seeded(7)] {
            let dropped = dropped(how, 1, 0);
            assert!(dropped.iter().all(|&x| x == 0.0 || x == 2.0));
            let kept = dropped.iter().filter(|&&x| x == 2.0).count();
            assert!(
                (4500..5500).contains(&kept),
                "{how:?}: {kept} of 10000 kept"
            );
        }
        assert!(dropped(Dropout::Off, 1, 0).iter().all(|&x| x == 1.0));
    }

    #[test]
    fn a_seed_repeats_and_seeds_layers_differ_but_pictures_of_a_batch_do_not() {
        let first = dropped(Dropout::Seeded(1), 1, 0);
        assert_eq!(first, dropped(Dropout::Seeded(1), 1, 0));
        assert_ne!(first, dropped(Dropout::Seeded(2), 1, 0));
        assert_ne!(first, dropped(Dropout::Seeded(1), 1, 1));
        assert_eq!(
            [first.clone(), first].concat(),
            dropped(Dropout::Seeded(1), 2, 0)
        );
    }

    #[test]
    fn the_masks_of_a_seed_never_change() {
        // Pictures shared by seed would: another generator would be another format.
        let mask = seeded_mask(42, 3, 16);
        let bits: Vec<u8> = mask.iter().map(|&scale| u8::from(scale > 0.0)).collect();
        assert_eq!(bits, [1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0]);
    }
}
