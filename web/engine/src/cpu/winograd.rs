//! Convolutions 3x3 of many channels with 16 products for every four output pixels instead of 36.
//!
//! Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), section
//! 4.1: F(2x2, 3x3). Four by four input pixels are transformed, multiplied place by place with the
//! transformed kernel, as sixteen matrix products over many such tiles, and transformed back to two by
//! two output pixels. Its sums are of a few numbers more than those of the plain convolution, so it is
//! about as exact.

use underpaint_plan::Activation;

use super::gemm::{self, Panels, Rows, Runs};
use super::memory::Memory;
use super::plane::Plane;
use super::simd::{F32x4, Quad};
use crate::Result;
use crate::pack::Packed;
use crate::program::{Convolution, Operation, PackId, Packing, Program};

/// Channels in and out from which on the transforms cost less than they save.
const CHANNELS: usize = 64;
/// Numbers in a tap of the kernel up to which it is done: transformed kernels are 16 ninths as large.
const LARGEST: usize = 512 * 512;
/// Numbers in the transformed tiles that are multiplied at a time: they shall stay in the cache.
const BLOCK: usize = 131_072;

/// The kernel's transform.
const TRANSFORM: [[f32; 3]; 4] = [
    [1.0, 0.0, 0.0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0.0, 0.0, 1.0],
];

/// Whether a program's kernel is best packed for this, which the size of its planes has no part in.
pub fn suits(program: &Program, pack: PackId) -> bool {
    let Packing::Kernel {
        transposed: false,
        input,
        phases,
        ..
    } = &program.packs[pack.0]
    else {
        return false;
    };
    let all = [0, 1, 2];
    let whole = phases.len() == 1 && phases[0].iter().all(|axis| *axis == all);
    let mut users = program.operations.iter().filter_map(|one| match one {
        Operation::Convolution(one) if one.kernel == pack => Some(one),
        _ => None,
    });
    whole
        && input.len() >= CHANNELS
        && users.all(|one| {
            one.input_step == [1, 1]
                && one.output_step == [1, 1]
                && one.output.channels >= CHANNELS
                && input.len() * one.output.channels <= LARGEST
        })
}

/// A transformed kernel.
#[derive(Debug)]
pub struct Kernel {
    /// For each place of a tile a matrix.
    places: Vec<Panels>,
    bias: Memory,
    /// As many zeros as there are outputs.
    none: Memory,
}

impl Kernel {
    /// Of what [`pack`](crate::pack::pack) has made of a kernel 3x3.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::Error::OutOfMemory).
    pub fn of(packed: &Packed) -> Result<Self> {
        let matrix = &packed.matrices[0];
        let tap = matrix.len() / 9;
        let place = |place: usize| {
            let mut numbers = vec![0.0; tap];
            for (index, weights) in matrix.chunks_exact(tap).enumerate() {
                let factor = TRANSFORM[place / 4][index / 3] * TRANSFORM[place % 4][index % 3];
                if factor != 0.0 {
                    for (number, weight) in numbers.iter_mut().zip(weights) {
                        *number += factor * weight;
                    }
                }
            }
            Panels::of(&numbers, packed.columns)
        };
        Ok(Self {
            places: (0..16).map(place).collect::<Result<_>>()?,
            bias: Memory::of(&packed.bias)?,
            none: Memory::zeros(packed.bias.len())?,
        })
    }
}

/// Runs it.
///
/// # Errors
///
/// [`OutOfMemory`](crate::Error::OutOfMemory).
pub fn convolve(
    convolution: &Convolution,
    kernel: &Kernel,
    input: &[Quad],
    output: &mut [Quad],
) -> Result<()> {
    let from = Plane::of(&convolution.input);
    let to = Plane::of(&convolution.output);
    let width = to.width.div_ceil(2);
    let tiles = to.height.div_ceil(2) * width;
    let channels = from.channels.max(to.channels);
    let block = (BLOCK / (64 * channels))
        .next_multiple_of(12)
        .min(tiles)
        .max(1);
    let mut transformed = Memory::zeros(16 * block * 4 * from.channels)?;
    let mut products = Memory::zeros(16 * block * 4 * to.channels)?;
    let runs = Runs {
        starts: &[0],
        len: from.channels,
    };
    for first in (0..tiles).step_by(block) {
        let tiles = first..tiles.min(first + block);
        for (index, tile) in tiles.clone().enumerate() {
            let pixels = pixels_of(convolution, from, [tile / width, tile % width]);
            transform(
                input,
                &pixels,
                transformed.quads_mut(),
                [index, block, from.channels],
            );
        }
        for (place, panels) in kernel.places.iter().enumerate() {
            let row =
                |channels| (0..tiles.len()).map(move |tile| (place * block + tile) * channels);
            let rows = Rows {
                inputs: row(from.channels).collect(),
                outputs: row(to.channels).collect(),
            };
            let left = (transformed.quads(), &rows);
            let nothing = (kernel.none.quads(), 1.0);
            gemm::multiply(left, &runs, panels, nothing, products.quads_mut());
        }
        let end = End::of(convolution.activation);
        for (index, tile) in tiles.enumerate() {
            let (y, x) = (2 * (tile / width), 2 * (tile % width));
            // The last row and column of tiles may have one pixel too many.
            let pixel = |row: usize, column: usize| {
                let is_in = y + row < to.height && x + column < to.width;
                is_in.then(|| to.at(y + row, x + column))
            };
            let pixels = [pixel(0, 0), pixel(0, 1), pixel(1, 0), pixel(1, 1)];
            let tile = [index, block, to.channels];
            transform_back(
                products.quads(),
                tile,
                (kernel.bias.quads(), end),
                &pixels,
                output,
            );
        }
    }
    Ok(())
}

/// Where the sixteen input pixels of a tile are. Those beyond what the kernel reaches only go into
/// output pixels that there are not; the last of their row or column stands for them.
fn pixels_of(convolution: &Convolution, from: Plane, [row, column]: [usize; 2]) -> [usize; 16] {
    let phase = &convolution.phases[0];
    let [height, width] = phase.output_size;
    let [start_y, start_x] = phase.input_start;
    std::array::from_fn(|place| {
        let y = (2 * row + place / 4).min(height + 1);
        let x = (2 * column + place % 4).min(width + 1);
        from.at_signed(start_y + y as isize, start_x + x as isize)
    })
}

/// `Bᵀ d B` of all channels of a tile.
fn transform(
    input: &[Quad],
    pixels: &[usize; 16],
    output: &mut [Quad],
    [tile, block, channels]: [usize; 3],
) {
    let pixels: [&[Quad]; 16] = pixels.map(|pixel| &input[pixel..][..channels]);
    let line = |[a, b, c, d]: [F32x4; 4]| [a.minus(c), b.plus(c), c.minus(b), b.minus(d)];
    for channel in 0..channels {
        let number = |place: usize| F32x4::load(&pixels[place][channel]);
        let rows: [[F32x4; 4]; 4] =
            std::array::from_fn(|row| line(std::array::from_fn(|column| number(4 * row + column))));
        let columns: [[F32x4; 4]; 4] =
            std::array::from_fn(|column| line(rows.map(|row| row[column])));
        for (column, numbers) in columns.into_iter().enumerate() {
            for (row, number) in numbers.into_iter().enumerate() {
                let place = 4 * row + column;
                number.store(&mut output[(place * block + tile) * channels + channel]);
            }
        }
    }
}

/// What is done to sums.
#[derive(Debug, Clone, Copy)]
struct End {
    slope: f32,
    tanh: bool,
}

impl End {
    fn of(activation: Option<Activation>) -> Self {
        let slope = match activation {
            None | Some(Activation::Tanh) => 1.0,
            Some(Activation::Relu) => 0.0,
            Some(Activation::LeakyRelu { slope }) => slope,
        };
        Self {
            slope,
            tanh: activation == Some(Activation::Tanh),
        }
    }
}

/// `Aᵀ m A`, bias and activation of all channels of a tile.
fn transform_back(
    products: &[Quad],
    [tile, block, channels]: [usize; 3],
    (bias, end): (&[Quad], End),
    pixels: &[Option<usize>; 4],
    output: &mut [Quad],
) {
    let places: [&[Quad]; 16] =
        std::array::from_fn(|place| &products[(place * block + tile) * channels..][..channels]);
    let line = |[a, b, c, d]: [F32x4; 4]| [a.plus(b).plus(c), b.minus(c).minus(d)];
    let slope = F32x4::splat(end.slope);
    for channel in 0..channels {
        let number = |place: usize| F32x4::load(&places[place][channel]);
        let rows: [[F32x4; 2]; 4] =
            std::array::from_fn(|row| line(std::array::from_fn(|column| number(4 * row + column))));
        let bias = F32x4::load(&bias[channel]);
        for column in 0..2 {
            let sums = line(rows.map(|row| row[column]));
            for (row, sum) in sums.into_iter().enumerate() {
                let Some(pixel) = pixels[2 * row + column] else {
                    continue;
                };
                let sum = sum.plus(bias).leaky(slope);
                let sum = if end.tanh { sum.tanh() } else { sum };
                sum.store(&mut output[pixel + channel]);
            }
        }
    }
}
