//! Matrix products that find their left rows in planes: the inner loop of convolutions.
//!
//! A row of the left matrix is one output pixel: a few runs of numbers that lie one after the other in
//! the input. Nothing is copied together (no im2col). The right matrix lies in panels as wide as what
//! fits in registers: four pixels times three groups of four channels are summed up in twelve registers
//! of the sixteen that x86 has, which was the quickest of all shapes in V8.

use super::memory::Memory;
use super::simd::{F32x4, Quad};
use crate::Result;

/// Widths of panels, in groups of four columns, of a matrix of so many groups: threes, and at the end a
/// two or a four, so that no single one is left.
fn widths(groups: usize) -> impl Iterator<Item = usize> {
    let (threes, last) = match (groups / 3, groups % 3) {
        (0, 1) => (0, Some(1)),
        (threes, 1) => (threes - 1, Some(4)),
        (threes, 2) => (threes, Some(2)),
        (threes, _) => (threes, None),
    };
    std::iter::repeat_n(3, threes).chain(last)
}

/// A matrix in panels: the first few groups of columns of all rows, then the next. A panel of a single
/// group has, for every four rows, the four numbers of each column together.
#[derive(Debug)]
pub struct Panels {
    quads: Memory,
    rows: usize,
    columns: usize,
    /// Columns of a matrix of a single group that are not zeros to its end.
    used: usize,
}

impl Panels {
    /// Of a matrix of so many columns, a multiple of four, and as many rows.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::Error::OutOfMemory).
    pub fn of(matrix: &[f32], columns: usize) -> Result<Self> {
        let mut memory = Memory::zeros(matrix.len())?;
        let rows = matrix.len() / columns.max(1);
        let mut target = memory.numbers_mut();
        let mut first = 0;
        for width in widths(columns / 4).map(|groups| 4 * groups) {
            let panel;
            (panel, target) = target.split_at_mut(rows * width);
            let source = matrix.chunks_exact(columns);
            if width == 4 {
                for (row, from) in source.enumerate() {
                    for (column, number) in from[first..][..4].iter().enumerate() {
                        panel[row / 4 * 16 + column * 4 + row % 4] = *number;
                    }
                }
            } else {
                for (to, from) in panel.chunks_exact_mut(width).zip(source) {
                    to.copy_from_slice(&from[first..][..width]);
                }
            }
            first += width;
        }
        let last = |row: &[f32]| row.iter().rposition(|&number| number != 0.0);
        let last = matrix.chunks_exact(columns.max(1)).filter_map(last).max();
        Ok(Self {
            quads: memory,
            rows,
            columns: columns / 4,
            used: last.map_or(0, |last| last + 1),
        })
    }
}

/// Rows of the left matrix, and where their products go.
#[derive(Debug, Default)]
pub struct Rows {
    /// Where each row's runs are counted from, in groups of four.
    pub inputs: Vec<usize>,
    /// Where each row's products begin.
    pub outputs: Vec<usize>,
}

/// What all rows have in common.
#[derive(Debug)]
pub struct Runs<'a> {
    /// Where each run begins, from a row's first place.
    pub starts: &'a [usize],
    /// Groups in each run.
    pub len: usize,
}

/// `output = leaky(rows · panels + bias, slope)`.
pub fn multiply(
    (input, rows): (&[Quad], &Rows),
    runs: &Runs,
    panels: &Panels,
    (bias, slope): (&[Quad], f32),
    output: &mut [Quad],
) {
    let mut first = 0;
    let mut rest = panels.quads.quads();
    for width in widths(panels.columns) {
        let panel;
        (panel, rest) = rest.split_at(panels.rows * width);
        let tile = Tile {
            input,
            runs,
            panel,
            bias: &bias[first..][..width],
            slope: F32x4::splat(slope),
            first,
        };
        match width {
            4 => tile.all::<3, 4>(rows, output),
            3 => tile.all::<4, 3>(rows, output),
            2 => tile.all::<4, 2>(rows, output),
            // Red, green and blue.
            _ if panels.used <= 3 => tile.dots::<3>(rows, output),
            _ => tile.dots::<4>(rows, output),
        }
        first += width;
    }
}

/// One panel, and what it is multiplied with.
struct Tile<'a> {
    input: &'a [Quad],
    runs: &'a Runs<'a>,
    panel: &'a [Quad],
    bias: &'a [Quad],
    slope: F32x4,
    /// Its first group of columns.
    first: usize,
}

impl Tile<'_> {
    /// All rows, `MANY` at a time.
    fn all<const MANY: usize, const WIDTH: usize>(&self, rows: &Rows, output: &mut [Quad]) {
        let left = self.groups::<MANY, WIDTH>(0, rows, output);
        // The last few once more with those before them, if there are as many.
        if left < rows.inputs.len() && rows.inputs.len() >= MANY {
            self.groups::<MANY, WIDTH>(rows.inputs.len() - MANY, rows, output);
        } else {
            self.groups::<1, WIDTH>(left, rows, output);
        }
    }

    /// Rows from the first on, as long as there are as many; gives the first that is left.
    fn groups<const MANY: usize, const WIDTH: usize>(
        &self,
        first: usize,
        rows: &Rows,
        output: &mut [Quad],
    ) -> usize {
        let (inputs, _) = rows.inputs[first..].as_chunks::<MANY>();
        let (outputs, _) = rows.outputs[first..].as_chunks::<MANY>();
        for (inputs, outputs) in inputs.iter().zip(outputs) {
            self.group::<MANY, WIDTH>(inputs, outputs, output);
        }
        first + inputs.len() * MANY
    }

    /// All rows times a panel of a single group: four products of a row with a column at a time, summed
    /// up at the end, so that a number of the input is loaded once and not once for each of its lanes.
    fn dots<const COLUMNS: usize>(&self, rows: &Rows, output: &mut [Quad]) {
        const MANY: usize = 4;
        let (inputs, last_inputs) = rows.inputs.as_chunks::<MANY>();
        let (outputs, last_outputs) = rows.outputs.as_chunks::<MANY>();
        for (inputs, outputs) in inputs.iter().zip(outputs) {
            self.dot::<MANY, COLUMNS>(inputs, outputs, output);
        }
        for (input, place) in last_inputs.iter().zip(last_outputs) {
            self.dot::<1, COLUMNS>(&[*input], &[*place], output);
        }
    }

    #[inline(never)]
    fn dot<const MANY: usize, const COLUMNS: usize>(
        &self,
        inputs: &[usize; MANY],
        outputs: &[usize; MANY],
        output: &mut [Quad],
    ) {
        let len = self.runs.len;
        let (steps, _) = self.panel.as_chunks::<4>();
        let mut steps = steps.chunks_exact(len);
        let mut sums = [[F32x4::zero(); COLUMNS]; MANY];
        for &start in self.runs.starts {
            let Some(steps) = steps.next() else { break };
            let steps = &steps[..len];
            let pixels: [&[Quad]; MANY] =
                std::array::from_fn(|pixel| &self.input[inputs[pixel] + start..][..len]);
            for place in 0..len {
                let weights: [F32x4; COLUMNS] =
                    std::array::from_fn(|column| F32x4::load(&steps[place][column]));
                for pixel in 0..MANY {
                    let numbers = F32x4::load(&pixels[pixel][place]);
                    for column in 0..COLUMNS {
                        let sum = &mut sums[pixel][column];
                        *sum = numbers.times_plus(weights[column], *sum);
                    }
                }
            }
        }
        let bias = F32x4::load(&self.bias[0]);
        for (sums, place) in sums.iter().zip(outputs) {
            let mut four = [F32x4::zero(); 4];
            four[..COLUMNS].copy_from_slice(sums);
            let sum = F32x4::sums(four).plus(bias);
            sum.leaky(self.slope).store(&mut output[place + self.first]);
        }
    }

    #[inline(never)]
    fn group<const MANY: usize, const WIDTH: usize>(
        &self,
        inputs: &[usize; MANY],
        outputs: &[usize; MANY],
        output: &mut [Quad],
    ) {
        let len = self.runs.len;
        let (steps, _) = self.panel.as_chunks::<WIDTH>();
        let (steps, _) = steps.as_chunks::<4>();
        let mut steps = steps.chunks_exact(len);
        let bias: [F32x4; WIDTH] = std::array::from_fn(|group| F32x4::load(&self.bias[group]));
        let mut sums = [bias; MANY];
        for &start in self.runs.starts {
            // As long as the run by the slicing: the inner loop tests nothing.
            let Some(steps) = steps.next() else { break };
            let steps = &steps[..len];
            let pixels: [&[Quad]; MANY] =
                std::array::from_fn(|pixel| &self.input[inputs[pixel] + start..][..len]);
            for place in 0..len {
                for lane in 0..4 {
                    let weights = &steps[place][lane];
                    let weights: [F32x4; WIDTH] =
                        std::array::from_fn(|group| F32x4::load(&weights[group]));
                    for pixel in 0..MANY {
                        let number = F32x4::splat(pixels[pixel][place][lane]);
                        for group in 0..WIDTH {
                            let sum = &mut sums[pixel][group];
                            *sum = number.times_plus(weights[group], *sum);
                        }
                    }
                }
            }
        }
        for (sums, place) in sums.iter().zip(outputs) {
            let target = &mut output[place + self.first..][..WIDTH];
            for (sum, quad) in sums.iter().zip(target) {
                sum.leaky(self.slope).store(quad);
            }
        }
    }
}
