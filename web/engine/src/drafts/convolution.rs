//! Convolutions.

use underpaint_plan::{Sides, WeightId};

use super::{Case, Draft};
use crate::program::*;

/// Weights and biases of the parts of an output.
pub(super) fn parts_of(
    draft: &mut Draft,
    output: &Lanes,
    inputs: usize,
    kernel: [usize; 2],
    transposed: bool,
) -> Vec<(WeightId, Option<WeightId>)> {
    let scale = 1.0 / ((inputs * kernel[0] * kernel[1]) as f32).sqrt();
    let part = |&outputs: &usize| {
        let [first, second] = if transposed {
            [inputs, outputs]
        } else {
            [outputs, inputs]
        };
        let shape = [first, second, kernel[0], kernel[1]];
        let weight = draft.builder.weight(&shape, scale, 0.0);
        let has_bias = draft.chance();
        let bias = has_bias.then(|| draft.builder.weight(&[outputs], 1.0, 0.0));
        (weight, bias)
    };
    output.parts.iter().map(part).collect()
}

/// A convolution.
pub(crate) fn convolution(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let kernel = [1, 3, 4, 5, 7][draft.builder.below(5)];
    let kernel = [kernel, [kernel, 1, 2][draft.builder.below(3)]];
    let step = [draft.between(1, 3), draft.between(1, 2)];
    let size = [draft.between(1, 9), draft.between(1, 11)];
    let (from, to) = (draft.lanes(), draft.lanes());
    let border = draft.sides(2);
    // The inside is all but the border of what the kernel reaches, and something more.
    let more = draft.between(0, 1);
    let reach = |axis: usize| (size[axis] - 1) * step[axis] + kernel[axis] + more;
    let inside = [
        reach(0).saturating_sub(border.top + border.bottom).max(1),
        reach(1).saturating_sub(border.left + border.right).max(1),
    ];
    let input = draft.view(from.len(), inside, border);
    let edge = draft.sides(2);
    let output = draft.view(to.len(), size, edge);
    let inputs = from.parts.iter().sum();
    let phase = Phase {
        kernel_rows: (0..kernel[0]).collect(),
        kernel_columns: (0..kernel[1]).collect(),
        input_start: [-(border.top as isize), -(border.left as isize)],
        output_start: [0, 0],
        output_size: size,
    };
    let packing = Packing::Kernel {
        parts: parts_of(&mut draft, &to, inputs, kernel, false),
        transposed: false,
        input: from,
        phases: vec![[phase.kernel_rows.clone(), phase.kernel_columns.clone()]],
    };
    let convolution = Convolution {
        input,
        output,
        kernel: draft.pack(packing),
        phases: vec![phase],
        input_step: step,
        output_step: [1, 1],
        activation: draft.activation(),
    };
    let name = format!("convolution {seed}");
    draft.finish(&name, Operation::Convolution(convolution))
}

/// A convolution 3x3 of as many channels as engines have quicker ways for.
pub(crate) fn of_many_channels(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let size = [draft.between(1, 9), draft.between(1, 17)];
    let from = Lanes {
        parts: vec![30 + draft.builder.below(9), 40],
    };
    let to = Lanes::of(64 + draft.builder.below(9));
    let name = format!("convolution of many channels {seed}");
    three_by_three(draft, &name, size, [from, to])
}

/// A convolution 3x3 with steps of 1, of any channels.
#[cfg(feature = "gpu")]
pub(crate) fn of_three_by_three(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let size = [draft.between(1, 12), draft.between(1, 15)];
    let lanes = [draft.lanes(), draft.lanes()];
    three_by_three(draft, &format!("convolution 3x3 {seed}"), size, lanes)
}

fn three_by_three(mut draft: Draft, name: &str, size: [usize; 2], [from, to]: [Lanes; 2]) -> Case {
    let border = draft.sides(1);
    let inside = [0, 1].map(|axis| {
        let sides = [border.top + border.bottom, border.left + border.right];
        (size[axis] + 2 - sides[axis]).max(1)
    });
    let input = draft.view(from.len(), inside, border);
    let edge = draft.sides(2);
    let output = draft.view(to.len(), size, edge);
    let inputs = from.parts.iter().sum();
    let phase = Phase {
        kernel_rows: vec![0, 1, 2],
        kernel_columns: vec![0, 1, 2],
        input_start: [-(border.top as isize), -(border.left as isize)],
        output_start: [0, 0],
        output_size: size,
    };
    let packing = Packing::Kernel {
        parts: parts_of(&mut draft, &to, inputs, [3, 3], false),
        transposed: false,
        input: from,
        phases: vec![[phase.kernel_rows.clone(), phase.kernel_columns.clone()]],
    };
    let convolution = Convolution {
        input,
        output,
        kernel: draft.pack(packing),
        phases: vec![phase],
        input_step: [1, 1],
        output_step: [1, 1],
        activation: draft.activation(),
    };
    draft.finish(name, Operation::Convolution(convolution))
}

/// A transposed convolution.
pub(crate) fn transposed_convolution(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let kernel = [1, 3, 4, 5][draft.builder.below(4)];
    let stride = draft.between(2, 3);
    let size = [draft.between(1, 6), draft.between(1, 7)];
    let padding = draft.builder.below(kernel.min(2));
    let (from, to) = (draft.lanes(), draft.lanes());
    let border = Sides::all(kernel);
    let input = draft.view(from.len(), size, border);
    let side = |n: usize| {
        ((n - 1) * stride + kernel)
            .saturating_sub(2 * padding)
            .max(1)
    };
    let out = [side(size[0]), side(size[1])];
    let edge = draft.sides(1);
    let output = draft.view(to.len(), out, edge);
    // Output row o meets kernel row k at input row (o + padding - k) / stride.
    let axis = |first: usize| {
        let meets = |k: &usize| (first + padding + stride * kernel - k).is_multiple_of(stride);
        let rows: Vec<usize> = (0..kernel).filter(meets).rev().collect();
        let start = rows.first().map_or(0, |k| {
            (first as isize + padding as isize - *k as isize) / stride as isize
        });
        (rows, start)
    };
    let mut phases = Vec::new();
    for y in 0..stride.min(out[0]) {
        for x in 0..stride.min(out[1]) {
            let ((kernel_rows, row), (kernel_columns, column)) = (axis(y), axis(x));
            phases.push(Phase {
                kernel_rows,
                kernel_columns,
                input_start: [row, column],
                output_start: [y, x],
                output_size: [(out[0] - y).div_ceil(stride), (out[1] - x).div_ceil(stride)],
            });
        }
    }
    let inputs = from.parts.iter().sum();
    let of = |phase: &Phase| [phase.kernel_rows.clone(), phase.kernel_columns.clone()];
    let packing = Packing::Kernel {
        parts: parts_of(&mut draft, &to, inputs, [kernel; 2], true),
        transposed: true,
        input: from,
        phases: phases.iter().map(of).collect(),
    };
    let convolution = Convolution {
        input,
        output,
        kernel: draft.pack(packing),
        phases,
        input_step: [1, 1],
        output_step: [stride; 2],
        activation: draft.activation(),
    };
    let name = format!("transposed convolution {seed}");
    draft.finish(&name, Operation::Convolution(convolution))
}
