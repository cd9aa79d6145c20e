//! What happens to every number, and to all numbers at once.

use super::View;
use crate::{Activation, Result, Shape, Statistics, Tensor, WeightId};

pub fn zip(left: &[f32], right: &[f32], function: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    left.iter()
        .zip(right)
        .map(|(left, right)| function(*left, *right))
        .collect()
}

/// A constant `[channels, height, width]` repeated along its axes of length 1.
pub fn spread(constant: &Tensor, shape: Shape) -> Vec<f32> {
    let [channels, height, width] = [0, 1, 2].map(|axis| constant.shape[axis]);
    let mut result = Vec::with_capacity(shape.len());
    for channel in 0..shape.channels {
        for y in 0..shape.height {
            let row = ((channel % channels) * height + y % height) * width;
            result.extend((0..shape.width).map(|x| constant.values[row + x % width]));
        }
    }
    result
}

pub fn activation(function: Activation, number: f32) -> f32 {
    match function {
        Activation::Relu => number.max(0.0),
        Activation::LeakyRelu { .. } if number > 0.0 => number,
        Activation::LeakyRelu { slope } => slope * number,
        Activation::Tanh => number.tanh(),
    }
}

pub fn linear(numbers: &[f32], weight: &Tensor, bias: Option<Tensor>) -> Vec<f32> {
    let rows = weight.values.chunks_exact(numbers.len()).enumerate();
    let one = |(row, factors): (usize, &[f32])| {
        let bias = bias
            .as_ref()
            .map_or(0.0, |bias| f64::from(bias.values[row]));
        let products = factors.iter().zip(numbers);
        let sum = products.map(|(factor, number)| f64::from(*factor) * f64::from(*number));
        (sum.sum::<f64>() + bias) as f32
    };
    rows.map(one).collect()
}

/// Mean and variance of each channel.
pub fn statistics(
    input: View,
    statistics: &Statistics,
    constant: impl Fn(&WeightId) -> Result<Tensor>,
) -> Result<Vec<(f64, f64)>> {
    Ok(match statistics {
        Statistics::PerImage => input.planes().map(mean_and_variance).collect(),
        Statistics::Running { mean, variance } => {
            let (mean, variance) = (constant(mean)?.values, constant(variance)?.values);
            let pairs = mean.into_iter().zip(variance);
            pairs
                .map(|(mean, variance)| (mean.into(), variance.into()))
                .collect()
        }
    })
}

fn mean_and_variance(plane: &[f32]) -> (f64, f64) {
    let count = plane.len() as f64;
    let mean = plane.iter().map(|number| f64::from(*number)).sum::<f64>() / count;
    let squares = plane
        .iter()
        .map(|number| (f64::from(*number) - mean).powi(2));
    (mean, squares.sum::<f64>() / count)
}

pub fn norm(
    input: View,
    statistics: &[(f64, f64)],
    scale: Option<Tensor>,
    shift: Option<Tensor>,
    epsilon: f32,
) -> Vec<f32> {
    let mut result = Vec::with_capacity(input.numbers.len());
    for (channel, (mean, variance)) in statistics.iter().enumerate() {
        let of = |constant: &Option<Tensor>, absent: f64| {
            let numbers = constant
                .as_ref()
                .map(|constant| f64::from(constant.values[channel]));
            numbers.unwrap_or(absent)
        };
        let factor = of(&scale, 1.0) / (variance + f64::from(epsilon)).sqrt();
        let shift = of(&shift, 0.0);
        let numbers = input.plane(channel).iter();
        result.extend(numbers.map(|number| ((f64::from(*number) - mean) * factor + shift) as f32));
    }
    result
}

pub fn pixel_norm(input: View, epsilon: f32) -> Vec<f32> {
    let mut squares = vec![0.0_f64; input.shape.pixels()];
    for plane in input.planes() {
        for (square, number) in squares.iter_mut().zip(plane) {
            *square += f64::from(*number).powi(2);
        }
    }
    let channels = input.shape.channels as f64;
    let lengths = squares
        .iter()
        .map(|square| (square / channels + f64::from(epsilon)).sqrt());
    let lengths: Vec<_> = lengths.collect();
    let divided = |plane: &[f32]| -> Vec<f32> {
        let pairs = plane.iter().zip(&lengths);
        pairs
            .map(|(number, length)| (f64::from(*number) / length) as f32)
            .collect()
    };
    input.planes().flat_map(divided).collect()
}
