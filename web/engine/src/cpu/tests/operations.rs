//! Each operation against the plain interpreter of programs, over shapes drawn at random.
//!
//! Every buffer is given to the program as a whole and read as a whole, borders, neighbours and all: what
//! an operation must not touch counts as well.

use underpaint_plan::{Activation, PadMode, Shape, Sides, Tensor};

use super::{assert_close, given};
use crate::cpu::{Generator, winograd};
use crate::oracle;
use crate::plans::Builder;
use crate::program::*;

/// A program being drawn.
struct Draft {
    builder: Builder,
    program: Program,
    inputs: Vec<Tensor>,
}

impl Draft {
    fn new(seed: u64) -> Self {
        Self {
            builder: Builder::new(seed),
            program: Program {
                buffers: Vec::new(),
                slots: Vec::new(),
                slot_sizes: Vec::new(),
                packs: Vec::new(),
                labels: Vec::new(),
                inputs: Vec::new(),
                operations: Vec::new(),
                outputs: Vec::new(),
            },
            inputs: Vec::new(),
        }
    }

    fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.builder.below(high - low + 1)
    }

    fn chance(&mut self) -> bool {
        self.builder.below(2) == 0
    }

    fn sides(&mut self, most: usize) -> Sides {
        Sides {
            top: self.between(0, most),
            bottom: self.between(0, most),
            left: self.between(0, most),
            right: self.between(0, most),
        }
    }

    /// A view in a buffer of its own, beside other channels or not.
    fn view(&mut self, channels: usize, [height, width]: [usize; 2], border: Sides) -> View {
        let channels = channels.next_multiple_of(4);
        let (before, after) = if self.chance() {
            (0, 0)
        } else {
            (4 * self.between(0, 2), 4 * self.between(0, 2))
        };
        let view = View {
            place: Place::Buffer(BufferId(self.program.buffers.len())),
            channels,
            height,
            width,
            border,
            pixel_stride: before + channels + after,
            channel_offset: before,
        };
        self.declare(view);
        view
    }

    /// A view that is all of its buffer.
    fn whole(&mut self, channels: usize, [height, width]: [usize; 2]) -> View {
        let channels = channels.next_multiple_of(4);
        let view = View {
            place: Place::Buffer(BufferId(self.program.buffers.len())),
            channels,
            height,
            width,
            border: Sides::default(),
            pixel_stride: channels,
            channel_offset: 0,
        };
        self.declare(view);
        view
    }

    /// The buffer of a view, given and read.
    fn declare(&mut self, view: View) {
        let all = View {
            channels: view.pixel_stride,
            height: view.rows(),
            width: view.row_pixels(),
            border: Sides::default(),
            channel_offset: 0,
            ..view
        };
        let shape = Shape::new(all.channels, all.height, all.width);
        let values = (0..shape.len()).map(|_| self.builder.number()).collect();
        self.inputs.push(Tensor {
            shape: vec![shape.channels, shape.height, shape.width],
            values,
        });
        self.program.inputs.push(Input {
            name: format!("buffer {}", self.program.buffers.len()),
            shape,
            view: Some(all),
            codes: None,
        });
        self.program.outputs.push(Output {
            view: all,
            shape,
            lanes: Lanes::of(shape.channels),
        });
        self.program.slots.push(self.program.buffers.len());
        self.program.buffers.push(all.len());
        self.program.slot_sizes.push(all.len());
    }

    fn pack(&mut self, packing: Packing) -> PackId {
        self.program.packs.push(packing);
        PackId(self.program.packs.len() - 1)
    }

    fn activation(&mut self) -> Option<Activation> {
        [
            None,
            Some(Activation::Relu),
            Some(Activation::LeakyRelu { slope: 0.2 }),
            Some(Activation::Tanh),
        ][self.builder.below(4)]
    }

    fn lanes(&mut self) -> Lanes {
        let parts = (0..self.between(1, 2)).map(|_| self.builder.below(19) + 1);
        Lanes {
            parts: parts.collect(),
        }
    }

    /// Rows or columns of an operand of so many: ascending, repeated, mirrored or none.
    fn axis(&mut self, from: usize, to: usize) -> Vec<u32> {
        let kind = self.builder.below(4);
        let shift = self.builder.below(3);
        let place = |index: usize| match kind {
            0 => (index * from / to) as u32,
            1 => (from - 1 - index.min(from - 1)) as u32,
            2 if index < shift || index - shift >= from => Gather::NONE,
            2 => (index - shift) as u32,
            _ => (index / 2).min(from - 1) as u32,
        };
        (0..to).map(place).collect()
    }

    fn operand(&mut self, channels: usize, to: &View) -> Operand {
        let (height, width) = (self.between(1, 7), self.between(1, 9));
        let border = self.sides(2);
        let view = self.view(channels, [height, width], border);
        let gather = Gather {
            rows: self.axis(height, to.rows()),
            columns: self.axis(width, to.row_pixels()),
        };
        Operand { view, gather }
    }

    fn finish(mut self, name: &str, operation: Operation) {
        self.program.operations.push(operation);
        let Self {
            builder,
            program,
            inputs,
        } = self;
        let expected = oracle::run(&program, &builder.plan, &builder.weights, &inputs);
        let mut generator =
            Generator::new(program, &builder.plan, &builder.weights).expect("weights");
        generator.run(&given(&inputs)).expect("inputs");
        for (place, expected) in expected.iter().enumerate() {
            let name = format!("{name}, buffer {place}");
            assert_close(&name, &expected.values, &generator.planes(place), 1e-5);
        }
    }
}

/// Weights and biases of the parts of an output.
fn parts_of(
    draft: &mut Draft,
    output: &Lanes,
    inputs: usize,
    kernel: [usize; 2],
    transposed: bool,
) -> Vec<(underpaint_plan::WeightId, Option<underpaint_plan::WeightId>)> {
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

#[test]
fn convolutions() {
    for seed in 0..300 {
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
        draft.finish(&name, Operation::Convolution(convolution));
    }
}

#[test]
fn convolutions_of_many_channels() {
    for seed in 0..40 {
        let mut draft = Draft::new(seed);
        let size = [draft.between(1, 9), draft.between(1, 17)];
        let from = Lanes {
            parts: vec![30 + draft.builder.below(9), 40],
        };
        let to = Lanes {
            parts: vec![64 + draft.builder.below(9)],
        };
        let border = draft.sides(1);
        let inside = [
            size[0] + 2 - border.top - border.bottom,
            size[1] + 2 - border.left - border.right,
        ];
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
            phases: vec![[vec![0, 1, 2], vec![0, 1, 2]]],
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
        let kernel = convolution.kernel;
        draft
            .program
            .operations
            .push(Operation::Convolution(convolution.clone()));
        assert!(winograd::suits(&draft.program, kernel));
        draft.program.operations.clear();
        let name = format!("convolution of many channels {seed}");
        draft.finish(&name, Operation::Convolution(convolution));
    }
}

#[test]
fn transposed_convolutions() {
    for seed in 0..200 {
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
        draft.finish(&name, Operation::Convolution(convolution));
    }
}

#[test]
fn applies() {
    for seed in 0..400 {
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
        draft.finish(&format!("apply {seed}"), Operation::Apply(apply));
    }
}

#[test]
fn borders() {
    for seed in 0..60 {
        let mut draft = Draft::new(seed);
        let size = [draft.between(3, 5), draft.between(3, 6)];
        let border = draft.sides(2);
        let view = draft.view(7, size, border);
        let mode = [PadMode::Zero, PadMode::Reflect, PadMode::Edge][draft.builder.below(3)];
        draft.finish(&format!("border {seed}"), Operation::Border { view, mode });
    }
}

#[test]
fn reductions() {
    for seed in 0..100 {
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
        draft.finish(&format!("reduction {seed}"), operation);
    }
}

#[test]
fn statistics_of_a_large_plane_far_from_zero_are_exact() {
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
    draft.finish("large", operation);
}

#[test]
fn linears() {
    for seed in 0..60 {
        let mut draft = Draft::new(seed);
        let lanes = draft.lanes();
        let from = Shape::new(
            lanes.parts.iter().sum(),
            draft.between(1, 3),
            draft.between(1, 3),
        );
        let to = Shape::new(draft.between(1, 40), draft.between(1, 3), 2);
        let input = draft.whole(lanes.len(), [from.height, from.width]);
        let output = draft.whole(to.channels, [to.height, to.width]);
        let weight = draft.builder.weight(&[to.len(), from.len()], 0.3, 0.0);
        let has_bias = draft.chance();
        let bias = has_bias.then(|| draft.builder.weight(&[to.len()], 1.0, 0.0));
        let matrix = draft.pack(Packing::Matrix {
            weight,
            bias,
            input: (from, lanes),
            output: to,
        });
        let activation = draft.activation();
        let operation = Operation::Linear {
            input,
            output,
            matrix,
            activation,
        };
        draft.finish(&format!("linear {seed}"), operation);
    }
}

#[test]
fn labels() {
    for seed in 0..100 {
        let mut draft = Draft::new(seed);
        let codes = Codes {
            classes: draft.between(1, 9),
            switch: draft.chance(),
        };
        let (height, width) = (draft.between(1, 5), draft.between(1, 6));
        // Areas, so that neighbours are the same now and then.
        let area = draft.between(1, 3);
        let channels = codes.classes + usize::from(codes.switch);
        let mut values = vec![0.0; channels * height * width];
        for pixel in 0..height * width {
            let class = (pixel / area + pixel / width) % (codes.classes + 1);
            if class < codes.classes {
                values[class * height * width + pixel] = 1.0;
            }
            if codes.switch && pixel % 5 == 0 {
                values[codes.classes * height * width + pixel] = 1.0;
            }
        }
        let size = [draft.between(1, 6), draft.between(1, 9)];
        let step = [draft.between(1, 2), draft.between(1, 2)];
        let kernel = [draft.between(1, 3), draft.between(1, 3)];
        let start = [draft.between(0, 1), draft.between(0, 1)];
        let expand = draft.chance();
        let border = draft.sides(2);
        let edge = if expand { border } else { draft.sides(1) };
        let to = draft.lanes();
        let lanes = if expand { channels } else { to.len() };
        let output = draft.view(lanes, size, edge);
        let reach = |axis: usize| start[axis] + (size[axis] - 1) * step[axis] + kernel[axis];
        let plane = if expand {
            [output.rows(), output.row_pixels()]
        } else {
            [reach(0), reach(1)]
        };
        let gather = Gather {
            rows: draft.axis(height, plane[0]),
            columns: draft.axis(width, plane[1]),
        };
        let input = draft.program.inputs.len();
        draft.program.inputs.push(Input {
            name: "labels".into(),
            shape: Shape::new(channels, height, width),
            view: None,
            codes: Some(codes),
        });
        draft.inputs.push(Tensor {
            shape: vec![channels, height, width],
            values,
        });
        draft.program.labels.push(Labels {
            input,
            gather,
            codes,
        });
        let labels = LabelsId(0);
        let operation = if expand {
            Operation::ExpandLabels { labels, output }
        } else {
            let parts = parts_of(&mut draft, &to, channels, kernel, false);
            Operation::LabelConvolution(LabelConvolution {
                labels,
                output,
                kernel: draft.pack(Packing::LabelKernel { parts, codes }),
                kernel_size: kernel,
                start,
                step,
                activation: draft.activation(),
            })
        };
        draft.finish(&format!("labels {seed}"), operation);
    }
}
