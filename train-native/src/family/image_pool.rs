//! A buffer of earlier fakes.

use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use underpaint_core::state_dict::{LazyDict, LazyTensor, StateDict, StateTensor};

/// Shows the discriminator older fakes half of the time. Size 0, pix2pix's default, passes through.
///
/// Source: Shrivastava et al. 2017 (<https://arxiv.org/abs/1612.07828>), section 2.3; pix2pix `ImagePool`.
#[derive(Debug, Default)]
pub struct ImagePool {
    capacity: usize,
    stored: Vec<Tensor<4>>,
}

impl ImagePool {
    /// An empty pool of `capacity` pictures.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            stored: Vec::new(),
        }
    }

    /// Gives back as many fakes as it gets. While the pool fills these are the same; then each is,
    /// with probability one half, a stored one whose place the new one takes.
    ///
    /// # Shapes
    ///
    /// `fakes` and the result: `[batch, channels, height, width]`.
    pub fn query(&mut self, fakes: Tensor<4>, seed: u64) -> Tensor<4> {
        if self.capacity == 0 {
            return fakes;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shown = (0..fakes.dims()[0]).map(|index| {
            let fake = fakes.clone().narrow(0, index, 1);
            if self.stored.len() < self.capacity {
                self.stored.push(fake.clone());
                return fake;
            }
            let draw = rng.next_u64();
            if draw & 1 == 0 {
                return fake;
            }
            let place = (draw >> 1) as usize % self.stored.len();
            std::mem::replace(&mut self.stored[place], fake)
        });
        Tensor::cat(shown.collect(), 0)
    }

    /// The stored pictures, numbered, none of them read yet.
    pub fn state(&self) -> LazyDict {
        let entry = |(index, tensor)| (format!("{index:05}"), LazyTensor::from(tensor));
        self.stored.iter().enumerate().map(entry).collect()
    }

    /// Continues from what [`state`](Self::state) gave.
    pub fn load(&mut self, state: StateDict, device: &Device) {
        let tensor = |entry: StateTensor| {
            Tensor::from_data(TensorData::new(entry.values, entry.shape), device)
        };
        self.stored = state.into_values().map(tensor).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fakes(value: f32) -> Tensor<4> {
        Tensor::full([2, 1, 1, 1], value, &Device::flex())
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn size_zero_passes_through() {
        assert_eq!(values(ImagePool::new(0).query(fakes(3.0), 1)), [3.0, 3.0]);
    }

    #[test]
    fn a_full_pool_shows_old_fakes_about_half_of_the_time_and_state_repeats_it() {
        let mut pool = ImagePool::new(4);
        (0..2).for_each(|step| drop(pool.query(fakes(step as f32), step)));
        let mut again = ImagePool::new(4);
        let read = |(key, tensor): (String, LazyTensor)| (key, tensor.read().expect("read"));
        let state = pool.state().into_iter().map(read).collect();
        again.load(state, &Device::flex());
        let mut old = 0;
        for step in 2..102 {
            let shown = values(pool.query(fakes(step as f32), step));
            assert_eq!(shown, values(again.query(fakes(step as f32), step)));
            old += shown.iter().filter(|&&value| value != step as f32).count();
        }
        assert!((70..130).contains(&old), "{old} of 200 were old");
    }
}
