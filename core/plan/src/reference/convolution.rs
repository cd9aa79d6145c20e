//! Sums over windows.
//!
//! The convolutions go tap by tap: for one place of the kernel, [`LANES`] output channels of [`LANES`]
//! neighbouring pixels are sums over the input channels, which stay in registers. Numbers are laid out so
//! that those pixels are neighbours in memory whatever the stride.

use super::View;
use crate::{Shape, Sides, Tensor};

/// Output channels, and pixels, that are computed together.
const LANES: usize = 4;

type Sums = [[f64; LANES]; LANES];

/// The input as `[row, phase, channel, column]`: column `c` of a padded row is column `c / phases` of
/// phase `c % phases`.
struct Rows {
    numbers: Vec<f64>,
    phases: usize,
    channels: usize,
    columns: usize,
}

impl Rows {
    fn new(input: View, phases: usize, padding: Sides) -> Self {
        let Shape {
            channels,
            height,
            width,
        } = input.shape;
        let rows = height + padding.top + padding.bottom;
        let columns = (width + padding.left + padding.right).div_ceil(phases) + LANES;
        let numbers = vec![0.0; rows * phases * channels * columns];
        let mut result = Self {
            numbers,
            phases,
            channels,
            columns,
        };
        for (channel, plane) in input.planes().enumerate() {
            for (y, row) in plane.chunks_exact(width).enumerate() {
                for (x, number) in row.iter().enumerate() {
                    let column = x + padding.left;
                    let place = result.place(y + padding.top, column % phases, column / phases);
                    result.numbers[place + channel * columns] = f64::from(*number);
                }
            }
        }
        result
    }

    fn place(&self, row: usize, phase: usize, column: usize) -> usize {
        (row * self.phases + phase) * self.channels * self.columns + column
    }

    /// Adds the products of [`LANES`] pixels from `column` on with the kernels of one tap.
    #[inline]
    fn add_products(&self, sums: &mut Sums, place: usize, kernels: &[[f64; LANES]]) {
        let numbers = &self.numbers[place..];
        for (channel, kernels) in kernels.iter().enumerate() {
            let pixels = &numbers[channel * self.columns..][..LANES];
            for (sums, kernel) in sums.iter_mut().zip(kernels) {
                for (sum, pixel) in sums.iter_mut().zip(pixels) {
                    *sum += kernel * pixel;
                }
            }
        }
    }
}

/// A kernel as `[tap row, tap column, block of output channels, input channel, output channel]`.
struct Taps {
    numbers: Vec<[f64; LANES]>,
    height: usize,
    width: usize,
    inputs: usize,
    outputs: usize,
}

impl Taps {
    /// From `[out, in, height, width]`, or with the first two the other way round.
    fn new(weight: &Tensor, transposed: bool) -> Self {
        let [first, second, height, width] = [0, 1, 2, 3].map(|axis| weight.shape[axis]);
        let (outputs, inputs) = if transposed {
            (second, first)
        } else {
            (first, second)
        };
        let blocks = outputs.div_ceil(LANES);
        let mut numbers = vec![[0.0; LANES]; height * width * blocks * inputs];
        for output in 0..outputs {
            for input in 0..inputs {
                let kernel = match transposed {
                    true => input * outputs + output,
                    false => output * inputs + input,
                } * (height * width);
                for tap in 0..height * width {
                    let place = (tap * blocks + output / LANES) * inputs + input;
                    numbers[place][output % LANES] = f64::from(weight.values[kernel + tap]);
                }
            }
        }
        Self {
            numbers,
            height,
            width,
            inputs,
            outputs,
        }
    }

    fn blocks(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    fn of(&self, row: usize, column: usize, block: usize) -> &[[f64; LANES]] {
        let place = (row * self.width + column) * self.blocks() + block;
        &self.numbers[place * self.inputs..][..self.inputs]
    }
}

/// Whole planes that tiles of sums are added to.
struct Planes {
    numbers: Vec<f64>,
    shape: Shape,
}

impl Planes {
    fn new(shape: Shape) -> Self {
        let numbers = vec![0.0; shape.len()];
        Self { numbers, shape }
    }

    /// Adds what [`LANES`] channels have at columns `column`, `column + step`, …
    fn add(&mut self, sums: &Sums, block: usize, row: usize, column: usize, step: usize) {
        let Shape {
            channels,
            height,
            width,
        } = self.shape;
        let channels = (block * LANES)..((block + 1) * LANES).min(channels);
        for (channel, sums) in channels.zip(sums) {
            let line = &mut self.numbers[(channel * height + row) * width..][..width];
            for (number, sum) in line[column..].iter_mut().step_by(step).zip(sums) {
                *number += sum;
            }
        }
    }

    /// The part of a shape that begins at this row and column, with the bias; zeros beyond the edge.
    fn finish(&self, top: usize, left: usize, bias: Option<Tensor>, shape: Shape) -> Vec<f32> {
        let mut result = Vec::with_capacity(shape.len());
        for channel in 0..shape.channels {
            let bias = bias
                .as_ref()
                .map_or(0.0, |bias| f64::from(bias.values[channel]));
            for y in top..top + shape.height {
                for x in left..left + shape.width {
                    let inside = y < self.shape.height && x < self.shape.width;
                    let place = (channel * self.shape.height + y) * self.shape.width + x;
                    let sum = if inside { self.numbers[place] } else { 0.0 };
                    result.push((sum + bias) as f32);
                }
            }
        }
        result
    }
}

pub fn conv(
    input: View,
    weight: &Tensor,
    bias: Option<Tensor>,
    stride: [usize; 2],
    padding: Sides,
    output: Shape,
) -> Vec<f32> {
    let rows = Rows::new(input, stride[1], padding);
    let taps = Taps::new(weight, false);
    let mut planes = Planes::new(output);
    for y in 0..output.height {
        for block in 0..taps.blocks() {
            for x in (0..output.width).step_by(LANES) {
                let mut sums = Sums::default();
                for row in 0..taps.height {
                    for column in 0..taps.width {
                        let (phase, ahead) = (column % stride[1], column / stride[1]);
                        let place = rows.place(y * stride[0] + row, phase, x + ahead);
                        rows.add_products(&mut sums, place, taps.of(row, column, block));
                    }
                }
                planes.add(&sums, block, y, x, 1);
            }
        }
    }
    planes.finish(0, 0, bias, output)
}

pub fn transposed(
    input: View,
    weight: &Tensor,
    bias: Option<Tensor>,
    stride: [usize; 2],
    padding: [usize; 2],
    output: Shape,
) -> Vec<f32> {
    let Shape { height, width, .. } = input.shape;
    let rows = Rows::new(input, 1, Sides::default());
    let taps = Taps::new(weight, true);
    // Everything that any pixel adds to; the padding is cut off at the end.
    let mut planes = Planes::new(Shape::new(
        output.channels,
        (height - 1) * stride[0] + taps.height,
        (width - 1) * stride[1] + taps.width,
    ));
    for y in 0..height {
        for block in 0..taps.blocks() {
            for x in (0..width).step_by(LANES) {
                let place = rows.place(y, 0, x);
                for row in 0..taps.height {
                    for column in 0..taps.width {
                        let mut sums = Sums::default();
                        rows.add_products(&mut sums, place, taps.of(row, column, block));
                        let column = x * stride[1] + column;
                        planes.add(&sums, block, y * stride[0] + row, column, stride[1]);
                    }
                }
            }
        }
    }
    planes.finish(padding[0], padding[1], bias, output)
}

/// What is averaged.
pub struct Window {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
}

impl Window {
    /// The real rows or columns under place `index` of an axis.
    fn range(&self, axis: usize, index: usize, length: usize) -> std::ops::Range<usize> {
        let start = index * self.stride[axis];
        let end = (start + self.kernel[axis]).saturating_sub(self.padding[axis]);
        start.saturating_sub(self.padding[axis])..end.min(length)
    }
}

pub fn average(input: View, window: &Window, count_padding: bool, output: Shape) -> Vec<f32> {
    let Shape { height, width, .. } = input.shape;
    let mut result = Vec::with_capacity(output.len());
    for plane in input.planes() {
        for y in 0..output.height {
            let rows = window.range(0, y, height);
            for x in 0..output.width {
                let columns = window.range(1, x, width);
                let line = |row: usize| &plane[row * width..][columns.clone()];
                let numbers = rows.clone().flat_map(line);
                let sum = numbers.map(|number| f64::from(*number)).sum::<f64>();
                let count = match count_padding {
                    true => window.kernel[0] * window.kernel[1],
                    false => rows.len() * columns.len(),
                };
                result.push((sum / count as f64) as f32);
            }
        }
    }
    result
}
