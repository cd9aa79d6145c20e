//! What a generator starts from.

use burn::tensor::{Device, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

/// Draws latents from N(0, 1) on the host: a seed gives the same pictures on every device.
///
/// Each row has a random stream of its own: picture 3 of a seed is the same whether four or forty are
/// drawn.
///
/// # Shapes
///
/// Result: `[count, dim]`.
pub fn draw_noise(count: usize, dim: usize, seed: u64, device: &Device) -> Tensor<2> {
    let values = noise_numbers(count, dim, seed);
    Tensor::from_data(TensorData::new(values, [count, dim]), device)
}

/// The numbers of [`draw_noise`], row by row.
pub fn noise_numbers(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    let row = |row: usize| {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(row as u64);
        let values = move |_| {
            let value: f64 = StandardNormal.sample(&mut stream);
            value as f32
        };
        (0..dim).map(values)
    };
    (0..count).flat_map(row).collect()
}

/// Draws a class of each attribute, all as likely, on the host; each row has a random stream of its own,
/// apart from that of its noise.
///
/// # Shapes
///
/// - `class_counts`: number of classes of each attribute, one at least
/// - result: `count` rows with one class for each attribute
pub fn draw_classes(count: usize, class_counts: &[usize], seed: u64) -> Vec<Vec<usize>> {
    let row = |row: usize| {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(u64::MAX - row as u64);
        let class = |&count: &usize| (stream.next_u64() % count as u64) as usize;
        class_counts.iter().map(class).collect()
    };
    (0..count).map(row).collect()
}

/// The one-hot part of a class-conditional model's latents, one block for each attribute.
///
/// # Shapes
///
/// - `classes`: a row for every picture with one class for each attribute, below its entry in
///   `class_counts`
/// - result: `[classes.len(), sum of class_counts]`
pub fn one_hot_classes(
    classes: &[Vec<usize>],
    class_counts: &[usize],
    device: &Device,
) -> Tensor<2> {
    let width = class_counts.iter().sum();
    let values = one_hot_numbers(classes, class_counts);
    Tensor::from_data(TensorData::new(values, [classes.len(), width]), device)
}

/// The numbers of [`one_hot_classes`], row by row.
pub fn one_hot_numbers(classes: &[Vec<usize>], class_counts: &[usize]) -> Vec<f32> {
    let width = class_counts.iter().sum();
    let mut values = vec![0.0f32; classes.len() * width];
    for (row, classes) in values.chunks_exact_mut(width).zip(classes) {
        let mut first = 0;
        for (&class, &count) in classes.iter().zip(class_counts) {
            row[first + class] = 1.0;
            first += count;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().iter().collect()
    }

    #[test]
    fn a_row_does_not_depend_on_how_many_are_drawn() {
        let draw = |count, seed| values(draw_noise(count, 7, seed, &Device::flex()));
        assert_eq!(draw(5, 1)[..21], draw(3, 1));
        assert_ne!(draw(3, 1), draw(3, 2));
        let many = draw(2000, 3);
        let mean_square = many.iter().map(|x| x * x).sum::<f32>() / many.len() as f32;
        assert!((mean_square - 1.0).abs() < 0.05, "{mean_square}");
    }

    #[test]
    fn the_latents_of_a_seed_never_change() {
        // Pictures shared by seed would: another generator would be another format.
        let found = values(draw_noise(1, 3, 42, &Device::flex()));
        assert_eq!(found, [0.477_981_24, 1.334_070_6, -0.210_866_69]);
    }

    #[test]
    fn classes_are_drawn_evenly_and_a_row_does_not_depend_on_how_many_are_drawn() {
        let drawn = draw_classes(3000, &[2, 3], 5);
        assert_eq!(drawn[..10], draw_classes(10, &[2, 3], 5));
        assert_ne!(drawn[..10], draw_classes(10, &[2, 3], 6));
        let share = |attribute: usize, class: usize| {
            drawn.iter().filter(|row| row[attribute] == class).count()
        };
        assert!((1400..1600).contains(&share(0, 1)), "{}", share(0, 1));
        assert!((900..1100).contains(&share(1, 2)), "{}", share(1, 2));
        assert!(drawn.iter().all(|row| row[0] < 2 && row[1] < 3));
    }

    #[test]
    fn each_attribute_has_a_block() {
        let found = one_hot_classes(&[vec![1, 0], vec![0, 2]], &[2, 3], &Device::flex());
        let expected = [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(values(found), expected);
    }
}
