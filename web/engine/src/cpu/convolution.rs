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
const BLOCK: usize = 65_536;

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

    let [step_y, step_x] = convolution.input_step;
    let step = from.channels * 4 * step_y * step_x;
    let block = (BLOCK / step.max(1)).next_multiple_of(12).max(48);
    let [height, width] = phase.output_size;
    let places = (0..height).flat_map(|i| (0..width).map(move |j| (i, j)));
    let places = places.map(|(i, j)| {
        let [start_y, start_x] = phase.input_start;
        let y = start_y + (i * step_y) as isize;
        let x = start_x + (j * step_x) as isize;
        let [start_row, start_column] = phase.output_start;
        let [rows, columns] = convolution.output_step;
        (
            if starts.is_empty() {
                0
            } else {
                from.at_signed(y, x)
            },
            to.at(start_row + i * rows, start_column + j * columns),
        )
    });
    let mut places = places.peekable();
    while places.peek().is_some() {
        let (inputs, outputs) = places.by_ref().take(block).unzip();
        let rows = Rows { inputs, outputs };
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
