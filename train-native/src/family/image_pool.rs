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

/// The random choices of a full pool.
pub trait PoolDraws {
    /// For one new fake: which of the `stored` pictures is shown in its stead and makes room for it.
    /// `None` shows the new one, and nothing is stored.
    fn place(&mut self, stored: usize) -> Option<usize>;
}

/// The draws of a training run: one word of a seeded stream for every fake.
struct SeededDraws(ChaCha8Rng);

impl PoolDraws for SeededDraws {
    fn place(&mut self, stored: usize) -> Option<usize> {
        let draw = self.0.next_u64();
        (draw & 1 == 1).then(|| (draw >> 1) as usize % stored)
    }
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
        let mut draws = SeededDraws(ChaCha8Rng::seed_from_u64(seed));
        self.query_with(fakes, &mut draws)
    }

    /// As [`query`](Self::query), with draws of the caller's, which are only asked once the pool is
    /// full.
    pub fn query_with(&mut self, fakes: Tensor<4>, draws: &mut impl PoolDraws) -> Tensor<4> {
        if self.capacity == 0 {
            return fakes;
        }
        let shown = (0..fakes.dims()[0]).map(|index| {
            let fake = fakes.clone().narrow(0, index, 1);
            if self.stored.len() < self.capacity {
                self.stored.push(fake.clone());
                return fake;
            }
            match draws.place(self.stored.len()) {
                Some(place) => std::mem::replace(&mut self.stored[place], fake),
                None => fake,
            }
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

    #[test]
    fn the_seeded_stream_is_that_of_the_first_version() {
        let mut pool = ImagePool::new(2);
        drop(pool.query(fakes(0.0), 0));
        let shown: Vec<f32> = (1..7)
            .flat_map(|step| values(pool.query(fakes(step as f32), step)))
            .collect();
        let expected = [0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 1.0, 5.0, 6.0, 6.0];
        assert_eq!(shown, expected);
    }

    #[test]
    fn draws_are_asked_only_once_the_pool_is_full() {
        struct Last(usize);
        impl PoolDraws for Last {
            fn place(&mut self, stored: usize) -> Option<usize> {
                self.0 += 1;
                Some(stored - 1)
            }
        }
        let (mut pool, mut draws) = (ImagePool::new(3), Last(0));
        let shown: Vec<f32> = (0..3)
            .flat_map(|step| values(pool.query_with(fakes(step as f32), &mut draws)))
            .collect();
        assert_eq!(shown, [0.0, 0.0, 1.0, 1.0, 1.0, 2.0]);
        assert_eq!(draws.0, 3);
    }
}
