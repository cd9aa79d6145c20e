//! Matrix products that find their left rows in planes: the inner loop of convolutions.
//!
//! A row of the left matrix is one output pixel: a few runs of numbers that lie one after the other in
//! the input. Nothing is copied together (no im2col). The right matrix lies in panels as wide as what
//! fits in registers: some pixels times two groups of four channels are summed up in twelve registers
//! of the sixteen that x86 has.

use super::memory::Memory;
use super::simd::{F32x4, Quad};
use crate::Result;

/// Groups of four columns in a panel.
const PANEL: usize = 2;
/// Pixels that are summed up at a time, for a panel and for the half one at the end.
const PIXELS: [usize; 2] = [12, 6];

/// A matrix in panels: the first [`PANEL`] groups of columns of all rows, then the next.
#[derive(Debug)]
pub struct Panels {
    quads: Memory,
    rows: usize,
    columns: usize,
}

impl Panels {
    /// Of a matrix of so many columns, a multiple of four.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::Error::OutOfMemory).
    pub fn of(matrix: &[f32], columns: usize) -> Result<Self> {
        let mut memory = Memory::zeros(matrix.len())?;
        let rows = matrix.len() / columns.max(1);
        let mut target = memory.numbers_mut();
        for first in (0..columns).step_by(4 * PANEL) {
            let width = (columns - first).min(4 * PANEL);
            let panel;
            (panel, target) = target.split_at_mut(rows * width);
            let source = matrix.chunks_exact(columns);
            for (to, from) in panel.chunks_exact_mut(width).zip(source) {
                to.copy_from_slice(&from[first..][..width]);
            }
        }
        Ok(Self {
            quads: memory,
            rows,
            columns: columns / 4,
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
    while first < panels.columns {
        let width = (panels.columns - first).min(PANEL);
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
        if width == PANEL {
            tile.all::<{ PIXELS[1] }, PANEL>(rows, output);
        } else {
            tile.all::<{ PIXELS[0] }, 1>(rows, output);
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
            let left = self.groups::<4, WIDTH>(left, rows, output);
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
