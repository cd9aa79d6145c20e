//! Averages over the instances of a picture.

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor, TensorData};

use super::edges_from_instances;
use crate::{Error, Result};

/// Room for the partial sums of [`instance_average`], in elements per pixel and channel.
const PARTIAL_SUMS_PER_PIXEL: usize = 4;

/// An instance map on a device, with the instances of each picture numbered from 0.
///
/// Ids in files have gaps (Cityscapes: 26000, 26001, …); sums over instances need an index. The host
/// counts them before the upload, so that nothing is ever read back.
#[derive(Debug, Clone)]
pub struct Instances {
    /// `[batch, 1, height, width]`, `0..count`.
    numbers: Tensor<4, Int>,
    /// One over the number of pixels, `[batch, 1, 1, count]`; 1 where a picture has no such instance.
    shares: Tensor<4>,
    count: usize,
}

impl Instances {
    /// Numbers the ids of every picture in their order and uploads them.
    ///
    /// # Shapes
    ///
    /// `ids`: `[batch, height, width]`, flattened; any values.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are not as many ids as pixels, or none at all.
    pub fn from_ids<T: Ord + Copy>(
        ids: &[T],
        [batch, height, width]: [usize; 3],
        device: &Device,
    ) -> Result<Self> {
        let pixels = height * width;
        if ids.is_empty() || ids.len() != batch * pixels {
            return Err(Error::Shape {
                what: "instance map".into(),
                expected: format!("[{batch}, {height}, {width}], not empty"),
                found: vec![ids.len()],
            });
        }
        let mut numbers: Vec<i32> = Vec::with_capacity(ids.len());
        let mut areas: Vec<Vec<f32>> = Vec::with_capacity(batch);
        for picture in ids.chunks_exact(pixels) {
            areas.push(number(picture, &mut numbers));
        }
        let count = areas.iter().map(Vec::len).max().unwrap_or(0);
        let share = |area: &f32| 1.0 / area;
        let shares = areas.iter().flat_map(|areas| {
            let missing = std::iter::repeat_n(1.0, count - areas.len());
            areas.iter().map(share).chain(missing)
        });
        let shares = TensorData::new(shares.collect::<Vec<f32>>(), [batch, 1, 1, count]);
        let device = device.clone().without_autodiff();
        Ok(Self {
            numbers: Tensor::from_data(
                TensorData::new(numbers, [batch, 1, height, width]),
                &device,
            ),
            shares: Tensor::from_data(shares, &device),
            count,
        })
    }

    /// The number of each pixel's instance within its picture.
    ///
    /// # Shapes
    ///
    /// `[batch, 1, height, width]`, `0..count()`
    pub fn numbers(&self) -> Tensor<4, Int> {
        self.numbers.clone()
    }

    /// Number of instances in the picture that has most.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where one instance borders on another; see [`edges_from_instances`].
    ///
    /// # Shapes
    ///
    /// `[batch, 1, height, width]`, 0 or 1
    pub fn edges(&self) -> Tensor<4> {
        edges_from_instances(self.numbers())
    }
}

/// Appends the number of each pixel's id among the ids of this picture; gives their areas.
fn number<T: Ord + Copy>(ids: &[T], numbers: &mut Vec<i32>) -> Vec<f32> {
    let mut distinct = ids.to_vec();
    distinct.dedup();
    distinct.sort_unstable();
    distinct.dedup();
    let mut areas = vec![0.0; distinct.len()];
    let (mut last, mut place) = (ids[0], 0);
    for (index, &id) in ids.iter().enumerate() {
        if index == 0 || id != last {
            (last, place) = (id, distinct.partition_point(|other| *other < id));
        }
        areas[place] += 1.0;
        numbers.push(place as i32);
    }
    areas
}

/// Replaces every value by the mean over its instance, for each picture and channel by itself. The
/// gradient flows through the mean.
///
/// # Shapes
///
/// - `features`: `[batch, channels, height, width]`
/// - `instances`: of the same batch and size
/// - result: as `features`
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), section 3.4; spec 3.5.
pub fn instance_average(features: Tensor<4>, instances: &Instances) -> Tensor<4> {
    let [batch, channels, height, width] = features.dims();
    let count = instances.count;
    // Sums of bands of rows first: a device without atomic addition (WebGPU) adds up one band after
    // the other within a thread, and short sums keep their precision.
    let fits = |bands: &usize| {
        height.is_multiple_of(*bands) && bands * count <= PARTIAL_SUMS_PER_PIXEL * height * width
    };
    let bands = (1..=height).rev().find(fits).unwrap_or(1);
    let pixels = height * width / bands;
    let numbers = instances.numbers().reshape([batch, 1, bands, pixels]);
    let numbers = numbers.expand([batch, channels, bands, pixels]);
    let sums = Tensor::<4>::zeros([batch, channels, bands, count], &features.device());
    let features = features.reshape([batch, channels, bands, pixels]);
    let sums = sums.scatter(3, numbers.clone(), features, IndexingUpdateOp::Add);
    // [batch, channels, 1, count]
    let means = sums.sum_dim(2) * instances.shares.clone();
    let means = means.expand([batch, channels, bands, count]);
    means
        .gather(3, numbers)
        .reshape([batch, channels, height, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Tolerance;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    const SHAPE: [usize; 4] = [2, 3, 12, 10];

    /// Random features and a map of blobs with ids up to 65535.
    fn random(seed: u64, distinct: u32) -> (Vec<f32>, Vec<u16>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let [batch, channels, height, width] = SHAPE;
        let pool: Vec<u16> = (0..distinct).map(|_| rng.next_u32() as u16).collect();
        let ids = (0..batch * height * width).map(|_| pool[(rng.next_u32() % distinct) as usize]);
        let ids = ids.collect();
        let value = |_| rng.next_u32() as f32 / u32::MAX as f32 - 0.5;
        let features = (0..batch * channels * height * width).map(value).collect();
        (features, ids)
    }

    fn naive(features: &[f32], ids: &[u16]) -> Vec<f32> {
        let [batch, channels, height, width] = SHAPE;
        let pixels = height * width;
        let mut result = features.to_vec();
        for plane in 0..batch * channels {
            let ids = &ids[plane / channels * pixels..][..pixels];
            let values = &features[plane * pixels..][..pixels];
            for (pixel, id) in ids.iter().enumerate() {
                let same = || (0..pixels).filter(|&other| ids[other] == *id);
                let sum: f64 = same().map(|other| f64::from(values[other])).sum();
                result[plane * pixels + pixel] = (sum / same().count() as f64) as f32;
            }
        }
        result
    }

    fn instances(ids: &[u16], device: &Device) -> Instances {
        Instances::from_ids(ids, [SHAPE[0], SHAPE[2], SHAPE[3]], device).expect("a map")
    }

    fn tensor(values: &[f32], device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), SHAPE), device)
    }

    #[test]
    fn averages_equal_a_loop_over_the_pixels_of_each_id() {
        let device = Device::flex();
        for (seed, distinct) in [(1, 1), (2, 5), (3, 40), (4, 5000)] {
            let (features, ids) = random(seed, distinct);
            let found = instance_average(tensor(&features, &device), &instances(&ids, &device));
            let expected = TensorData::new(naive(&features, &ids), SHAPE);
            found
                .into_data()
                .assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
        }
    }

    #[test]
    fn averaging_twice_changes_nothing_more() {
        let device = Device::flex();
        let (features, ids) = random(5, 7);
        let instances = instances(&ids, &device);
        let once = instance_average(tensor(&features, &device), &instances);
        let twice = instance_average(once.clone(), &instances).into_data();
        twice.assert_approx_eq::<f32>(&once.into_data(), Tolerance::absolute(1e-6));
    }

    #[test]
    fn the_gradient_is_averaged_as_the_features_are() {
        let device = Device::flex().autodiff();
        let (features, ids) = random(6, 9);
        let (weights, _) = random(7, 9);
        let instances = instances(&ids, &device);
        let features = tensor(&features, &device).require_grad();
        let averaged = instance_average(features.clone(), &instances);
        let gradients = (averaged * tensor(&weights, &device)).sum().backward();
        // The mean is linear and symmetric: its gradient is the mean of what comes in.
        let expected = TensorData::new(naive(&weights, &ids), SHAPE);
        let found = features.grad(&gradients).expect("a gradient").into_data();
        found.assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
    }

    #[test]
    fn numbers_start_anew_in_every_picture_and_edges_survive_them() {
        let device = Device::flex();
        let ids = [65535u16, 65535, 7, 9, 9, 9];
        let instances = Instances::from_ids(&ids, [2, 1, 3], &device).expect("a map");
        let numbers = instances
            .numbers()
            .into_data()
            .iter::<i32>()
            .collect::<Vec<_>>();
        assert_eq!(numbers, [1, 1, 0, 0, 0, 0]);
        assert_eq!(instances.count(), 2);
        let edges = instances
            .edges()
            .into_data()
            .iter::<f32>()
            .collect::<Vec<_>>();
        assert_eq!(edges, [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert!(Instances::from_ids(&ids, [2, 2, 2], &device).is_err());
    }
}
