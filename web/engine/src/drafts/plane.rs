//! What is done to planes.

use underpaint_plan::{Activation, PadMode, Shape, Sides};

use super::{Case, Draft};
use crate::program::*;

/// Pointwise work with gathered pixels.
pub(crate) fn apply(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let channels = [3, 4, 17, 64][draft.builder.below(4)];
    let size = [draft.between(1, 6), draft.between(1, 40)];
    let border = draft.sides(3);
    let output = draft.view(channels, size, border);
    let source = draft.operand(channels, &output);
    let mut chain = Vec::new();
    for _ in 0..draft.between(0, 4) {
        chain.push(match draft.builder.below(7) {
            0 => {
                let scale = draft.builder.weight(&[channels], 1.0, 0.5);
                let shift = draft.builder.weight(&[channels], 1.0, 0.0);
                Pointwise::Affine(Vector::Pack(draft.pack(Packing::Affine {
                    scale: Some(scale),
                    shift: Some(shift),
                    running: None,
                    lanes: Lanes::of(channels),
                })))
            }
            1 => {
                let vector = draft.whole(2 * output.channels, [1, 1]);
                let Place::Buffer(buffer) = vector.place else {
                    unreachable!("a view in a buffer")
                };
                Pointwise::Affine(Vector::Buffer(buffer))
            }
            2 => Pointwise::Modulate(draft.operand(2 * output.channels, &output)),
            3 => Pointwise::Add(draft.operand(channels, &output)),
            4 => {
                let weight = draft.builder.weight(&[channels, 1, size[1]], 1.0, 0.0);
                let shape = Shape::new(channels, size[0], size[1]);
                let plane = draft.pack(Packing::Plane { weight, shape });
                let view = View {
                    place: Place::Pack(plane),
                    border: Sides::default(),
                    pixel_stride: output.channels,
                    channel_offset: 0,
                    ..output
                };
                let gather = Gather {
                    rows: draft.axis(size[0], output.rows()),
                    columns: draft.axis(size[1], output.row_pixels()),
                };
                Pointwise::Mul(Operand { view, gather })
            }
            5 => Pointwise::Scalar {
                scale: draft.builder.number(),
                shift: draft.builder.number(),
            },
            _ => Pointwise::Activation(draft.activation().unwrap_or(Activation::Relu)),
        });
    }
    let apply = Apply {
        source,
        chain,
        output,
    };
    draft.finish(&format!("apply {seed}"), Operation::Apply(apply))
}

/// A border to be filled.
pub(crate) fn border(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let size = [draft.between(3, 5), draft.between(3, 6)];
    let border = draft.sides(2);
    let view = draft.view(7, size, border);
    let mode = [PadMode::Zero, PadMode::Reflect, PadMode::Edge][draft.builder.below(3)];
    draft.finish(&format!("border {seed}"), Operation::Border { view, mode })
}

/// Average pooling, pixel norm or statistics.
pub(crate) fn reduction(seed: u64) -> Case {
    let mut draft = Draft::new(seed);
    let channels = draft.between(1, 21);
    let size = [draft.between(2, 9), draft.between(2, 150)];
    let border = draft.sides(2);
    let input = draft.view(channels, size, border);
    let edge = draft.sides(1);
    let operation = match draft.builder.below(3) {
        0 => {
            let (kernel, padding) = (draft.between(1, 3), draft.between(0, 1));
            let (kernel, padding) = (kernel.max(padding + 1), padding);
            let stride = draft.between(1, 3);
            let side = |n: usize| (n + 2 * padding).saturating_sub(kernel) / stride + 1;
            let size = [side(size[0]), side(size[1])];
            Operation::AveragePool {
                input,
                output: draft.view(channels, size, edge),
                kernel: [kernel; 2],
                stride: [stride; 2],
                padding: [padding; 2],
                count_include_pad: draft.chance(),
            }
        }
        1 => Operation::PixelNorm {
            input,
            output: draft.view(channels, size, edge),
            divisor: channels,
            epsilon: 1e-8,
        },
        _ => {
            let scale = draft.builder.weight(&[channels], 1.0, 0.0);
            let vector = draft.whole(2 * input.channels, [1, 1]);
            let Place::Buffer(output) = vector.place else {
                unreachable!("a view in a buffer")
            };
            let affine = draft.pack(Packing::Affine {
                scale: Some(scale),
                shift: None,
                running: None,
                lanes: Lanes::of(channels),
            });
            Operation::Statistics {
                input,
                output,
                affine,
                epsilon: 1e-5,
            }
        }
    };
    draft.finish(&format!("reduction {seed}"), operation)
}

/// Statistics of a large plane far from zero.
pub(crate) fn large_statistics() -> Case {
    let mut draft = Draft::new(1);
    let input = draft.whole(4, [512, 1024]);
    for number in &mut draft.inputs[0].values {
        *number = *number * 0.01 + 30.0;
    }
    let vector = draft.whole(8, [1, 1]);
    let Place::Buffer(output) = vector.place else {
        unreachable!("a view in a buffer")
    };
    let affine = draft.pack(Packing::Affine {
        scale: None,
        shift: None,
        running: None,
        lanes: Lanes::of(4),
    });
    let operation = Operation::Statistics {
        input,
        output,
        affine,
        epsilon: 1e-5,
    };
    draft.finish("large", operation)
}
