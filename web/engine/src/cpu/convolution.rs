//! Convolutions and transposed ones, phase by phase.

use underpaint_plan::Activation;

use super::gemm::{self, Panels, Rows, Runs};
use super::memory::Memory;
use super::plane::Plane;
use super::simd::{F32x4, Quad};
use crate::Result;
use crate::pack::Packed;
use crate::program::{Convolution, Phase};

/// Numbers of the input that output pixels read before the next panel is begun: they shall still be
/// in the second-level cache then.
const BLOCK: usize = 32_768;

/// A packed kernel.
#[derive(Debug)]
pub struct Kernel {
    phases: Vec<Panels>,
    bias: Memory,
}

impl Kernel {
    /// Of what [`pack`](crate::pack::pack) has made.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::Error::OutOfMemory).
    pub fn of(packed: Packed) -> Result<Self> {
        let columns = packed.columns;
        // Matrix by matrix, so that none is in memory twice for long.
        let phases = packed.matrices.into_iter();
        let phases = phases.map(|matrix| Panels::of(&matrix, columns));
        Ok(Self {
            phases: phases.collect::<Result<_>>()?,
            bias: Memory::of(&packed.bias)?,
        })
    }
}

/// Runs it.
pub fn convolve(convolution: &Convolution, kernel: &Kernel, input: &[Quad], output: &mut [Quad]) {
    for (phase, panels) in convolution.phases.iter().zip(&kernel.phases) {
        run_phase(convolution, phase, (panels, &kernel.bias), input, output);
    }
}

fn run_phase(
    convolution: &Convolution,
    phase: &Phase,
    (panels, bias): (&Panels, &Memory),
    input: &[Quad],
    output: &mut [Quad],
) {
    let from = Plane::of(&convolution.input);
    let to = Plane::of(&convolution.output);
    let (kernel_rows, kernel_columns) = (phase.kernel_rows.len(), phase.kernel_columns.len());
    let [step_y, step_x] = convolution.input_step;
    // The taps of a kernel row lie one after the other, unless other planes lie between them. A stride
    // that is larger than the kernel leaves phases without any.
    let (taps, len) = if kernel_columns == 0 {
        (0, 1)
    } else if from.pixel == from.channels {
        (1, kernel_columns * from.channels)
    } else {
        (kernel_columns, from.channels)
    };
    let tap = |row| (0..taps).map(move |column| row * from.row + column * from.pixel);
    let starts: Vec<usize> = (0..kernel_rows).flat_map(tap).collect();
    let runs = Runs {
        starts: &starts,
        len,
    };
    let slope = match convolution.activation {
        None | Some(Activation::Tanh) => 1.0,
        Some(Activation::Relu) => 0.0,
        Some(Activation::LeakyRelu { slope }) => slope,
    };
    let tanh = matches!(convolution.activation, Some(Activation::Tanh));

    let step = from.channels * 4 * step_y * step_x;
    let block = (BLOCK / step.max(1)).next_multiple_of(12).max(48);
    let mut places = Places::of(convolution, phase, starts.is_empty());
    let mut rows = Rows::default();
    while places.next(block, &mut rows) {
        let bias = (bias.quads(), slope);
        gemm::multiply((input, &rows), &runs, panels, bias, output);
        if tanh {
            for &place in &rows.outputs {
                for quad in &mut output[place..][..to.channels] {
                    F32x4::load(quad).tanh().store(quad);
                }
            }
        }
    }
}

/// The output pixels of a phase, some at a time.
struct Places {
    /// First groups of the first pixel of the row, in the input and in the output.
    row: [usize; 2],
    /// From one row to the next.
    rows: [usize; 2],
    /// From one pixel to the next.
    columns: [usize; 2],
    size: [usize; 2],
    /// Row and column of the next one.
    at: [usize; 2],
}

impl Places {
    fn of(convolution: &Convolution, phase: &Phase, reads_nothing: bool) -> Self {
        let from = Plane::of(&convolution.input);
        let to = Plane::of(&convolution.output);
        let [output_rows, output_columns] = convolution.output_step;
        let output = to.at(phase.output_start[0], phase.output_start[1]);
        let (rows, columns) = (output_rows * to.row, output_columns * to.pixel);
        if reads_nothing || phase.output_size.contains(&0) {
            return Self {
                row: [0, output],
                rows: [0, rows],
                columns: [0, columns],
                size: phase.output_size,
                at: [0, 0],
            };
        }
        let [step_y, step_x] = convolution.input_step;
        let input = from.at_signed(phase.input_start[0], phase.input_start[1]);
        Self {
            row: [input, output],
            rows: [step_y * from.row, rows],
            columns: [step_x * from.pixel, columns],
            size: phase.output_size,
            at: [0, 0],
        }
    }

    /// Takes the next ones; whether there are any.
    fn next(&mut self, most: usize, rows: &mut Rows) -> bool {
        rows.inputs.clear();
        rows.outputs.clear();
        let [height, width] = self.size;
        while self.at[0] < height && rows.inputs.len() < most {
            let first = self.at[1];
            let last = width.min(first + most - rows.inputs.len());
            let [input, output] = self.row;
            let [inputs, outputs] = self.columns;
            rows.inputs
                .extend((first..last).map(|x| input + x * inputs));
            rows.outputs
                .extend((first..last).map(|x| output + x * outputs));
            if last < width {
                self.at[1] = last;
            } else {
                self.at = [self.at[0] + 1, 0];
                self.row = [input + self.rows[0], output + self.rows[1]];
            }
        }
        !rows.inputs.is_empty()
    }
}
