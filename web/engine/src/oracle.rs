//! A plain interpreter of programs, for tests: what the engines and the scheduler are compared with.

use underpaint_plan::{Activation, PadMode, Plan, Tensor, WeightSource};

use crate::pack::{Packed, pack};
use crate::program::{
    Apply, Convolution, Gather, Operand, Operation, Place, Pointwise, Program, Vector, View,
};

/// Runs a program over inputs `[channels, height, width]`.
pub(crate) fn run(
    program: &Program,
    plan: &Plan,
    source: &dyn WeightSource,
    inputs: &[Tensor],
) -> Vec<Tensor> {
    let packs = program
        .packs
        .iter()
        .map(|packing| pack(packing, plan, source).expect("weights"))
        .collect();
    let mut memory = Memory {
        program,
        // Numbers that nothing has written show up in every sum.
        slots: program
            .slot_sizes
            .iter()
            .map(|&size| vec![f32::NAN; size])
            .collect(),
        packs,
    };
    for (input, tensor) in program.inputs.iter().zip(inputs) {
        if let Some(view) = input.view {
            memory.give(view, &tensor.values);
        }
    }
    let codes = program
        .labels
        .iter()
        .map(|labels| codes(program, labels, inputs))
        .collect::<Vec<_>>();
    for operation in &program.operations {
        memory.step(operation, &codes);
    }
    let read = |output: &crate::program::Output| {
        let mut values = vec![0.0; output.shape.len()];
        let pixels = output.shape.pixels();
        for (lane, channel) in output.lanes.channels().into_iter().enumerate() {
            let Some(channel) = channel else { continue };
            for y in 0..output.shape.height {
                for x in 0..output.shape.width {
                    values[channel * pixels + y * output.shape.width + x] =
                        memory.get(&output.view, y as isize, x as isize, lane);
                }
            }
        }
        let shape = output.shape;
        Tensor {
            shape: vec![shape.channels, shape.height, shape.width],
            values,
        }
    };
    program.outputs.iter().map(read).collect()
}

fn codes(program: &Program, labels: &crate::program::Labels, inputs: &[Tensor]) -> Vec<usize> {
    let shape = program.inputs[labels.input].shape;
    let values = &inputs[labels.input].values;
    let at = |row: u32, column: u32| {
        if row == Gather::NONE || column == Gather::NONE {
            return labels.codes.none();
        }
        let pixel = row as usize * shape.width + column as usize;
        let is_on = |channel: &usize| values[channel * shape.pixels() + pixel] == 1.0;
        let class = (0..labels.codes.classes).find(is_on);
        let switch = labels.codes.switch && is_on(&labels.codes.classes);
        class.unwrap_or(labels.codes.classes) + usize::from(switch) * (labels.codes.classes + 1)
    };
    let columns = &labels.gather.columns;
    let row = |&row: &u32| columns.iter().map(move |&column| at(row, column));
    labels.gather.rows.iter().flat_map(row).collect()
}

struct Memory<'a> {
    program: &'a Program,
    slots: Vec<Vec<f32>>,
    packs: Vec<Packed>,
}

impl Memory<'_> {
    fn get(&self, view: &View, y: isize, x: isize, lane: usize) -> f32 {
        let at = view.at(y, x) + lane;
        match view.place {
            Place::Buffer(buffer) => self.slots[self.program.slots[buffer.0]][at],
            Place::Pack(pack) => self.packs[pack.0].matrices[0][at],
        }
    }

    fn set(&mut self, view: &View, y: isize, x: isize, lane: usize, value: f32) {
        let Place::Buffer(buffer) = view.place else {
            panic!("constants are not written")
        };
        self.slots[self.program.slots[buffer.0]][view.at(y, x) + lane] = value;
    }

    fn give(&mut self, view: View, values: &[f32]) {
        let pixels = view.height * view.width;
        for lane in 0..view.channels {
            for y in 0..view.height {
                for x in 0..view.width {
                    let at = lane * pixels + y * view.width + x;
                    let value = values.get(at).copied().unwrap_or(0.0);
                    self.set(&view, y as isize, x as isize, lane, value);
                }
            }
        }
    }

    fn vector(&self, vector: &Vector) -> &[f32] {
        match vector {
            Vector::Buffer(buffer) => &self.slots[self.program.slots[buffer.0]],
            Vector::Pack(pack) => &self.packs[pack.0].matrices[0],
        }
    }

    fn step(&mut self, operation: &Operation, codes: &[Vec<usize>]) {
        match operation {
            Operation::Convolution(convolution) => self.convolution(convolution),
            Operation::LabelConvolution(one) => {
                let labels = &self.program.labels[one.labels.0];
                let width = labels.gather.columns.len();
                let table = self.packs[one.kernel.0].clone();
                let count = labels.codes.count();
                for y in 0..one.output.height {
                    for x in 0..one.output.width {
                        for lane in 0..one.output.channels {
                            let mut sum = table.bias[lane];
                            for r in 0..one.kernel_size[0] {
                                for c in 0..one.kernel_size[1] {
                                    let row = one.start[0] + y * one.step[0] + r;
                                    let column = one.start[1] + x * one.step[1] + c;
                                    let code = codes[one.labels.0][row * width + column];
                                    let tap = r * one.kernel_size[1] + c;
                                    let at = (tap * count + code) * table.columns + lane;
                                    sum += table.matrices[0][at];
                                }
                            }
                            let value = activated(sum, one.activation);
                            self.set(&one.output, y as isize, x as isize, lane, value);
                        }
                    }
                }
            }
            Operation::ExpandLabels { labels, output } => {
                let plane = &self.program.labels[labels.0];
                let (classes, width) = (plane.codes.classes, plane.gather.columns.len());
                let top = output.border.top as isize;
                let left = output.border.left as isize;
                for row in 0..output.rows() {
                    for column in 0..output.row_pixels() {
                        let code = codes[labels.0][row * width + column];
                        for lane in 0..output.channels {
                            let is_on = match lane {
                                _ if lane < classes => code % (classes + 1) == lane,
                                _ => lane == classes && code > classes,
                            };
                            let (y, x) = (row as isize - top, column as isize - left);
                            self.set(output, y, x, lane, f32::from(u8::from(is_on)));
                        }
                    }
                }
            }
            Operation::Linear {
                input,
                output,
                matrix,
                activation,
            } => {
                assert_eq!(input.pixel_stride, input.channels);
                assert_eq!(output.pixel_stride, output.channels);
                let table = self.packs[matrix.0].clone();
                let lanes = |view: &View, index: usize| {
                    let pixel = index / view.channels;
                    (
                        (pixel / view.width) as isize,
                        (pixel % view.width) as isize,
                        index % view.channels,
                    )
                };
                for to in 0..output.len() {
                    let mut sum = table.bias[to];
                    for from in 0..input.len() {
                        let (y, x, lane) = lanes(input, from);
                        sum += self.get(input, y, x, lane)
                            * table.matrices[0][from * table.columns + to];
                    }
                    let (y, x, lane) = lanes(output, to);
                    self.set(output, y, x, lane, activated(sum, *activation));
                }
            }
            Operation::AveragePool {
                input,
                output,
                kernel,
                stride,
                padding,
                count_include_pad,
            } => {
                for y in 0..output.height {
                    for x in 0..output.width {
                        for lane in 0..output.channels {
                            let (mut sum, mut count) = (0.0, 0);
                            for r in 0..kernel[0] {
                                for c in 0..kernel[1] {
                                    let row = (y * stride[0] + r) as isize - padding[0] as isize;
                                    let column = (x * stride[1] + c) as isize - padding[1] as isize;
                                    let is_in = (0..input.height as isize).contains(&row)
                                        && (0..input.width as isize).contains(&column);
                                    if is_in {
                                        sum += self.get(input, row, column, lane);
                                    }
                                    count += usize::from(is_in || *count_include_pad);
                                }
                            }
                            self.set(output, y as isize, x as isize, lane, sum / count as f32);
                        }
                    }
                }
            }
            Operation::Statistics {
                input,
                output,
                affine,
                epsilon,
            } => {
                let affine = self.packs[affine.0].matrices[0].clone();
                for lane in 0..input.channels {
                    let values: Vec<f64> = (0..input.height * input.width)
                        .map(|p| ((p / input.width) as isize, (p % input.width) as isize))
                        .map(|(y, x)| f64::from(self.get(input, y, x, lane)))
                        .collect();
                    let mean = values.iter().sum::<f64>() / values.len() as f64;
                    let square = |value: &f64| (value - mean) * (value - mean);
                    let variance = values.iter().map(square).sum::<f64>() / values.len() as f64;
                    let factor = f64::from(affine[lane]) / (variance + f64::from(*epsilon)).sqrt();
                    let summand = f64::from(affine[input.channels + lane]) - mean * factor;
                    let slot = self.program.slots[output.0];
                    self.slots[slot][lane] = factor as f32;
                    self.slots[slot][input.channels + lane] = summand as f32;
                }
            }
            Operation::PixelNorm {
                input,
                output,
                divisor,
                epsilon,
            } => {
                for y in 0..input.height as isize {
                    for x in 0..input.width as isize {
                        let lanes = 0..input.channels;
                        let values: Vec<f32> =
                            lanes.map(|lane| self.get(input, y, x, lane)).collect();
                        let sum: f32 = values.iter().map(|value| value * value).sum();
                        let by = (sum / *divisor as f32 + epsilon).sqrt();
                        for (lane, value) in values.iter().enumerate() {
                            self.set(output, y, x, lane, value / by);
                        }
                    }
                }
            }
            Operation::Apply(apply) => self.apply(apply),
            Operation::Border { view, mode } => self.border(view, *mode),
        }
    }

    fn convolution(&mut self, one: &Convolution) {
        let table = self.packs[one.kernel.0].clone();
        for (phase, matrix) in one.phases.iter().zip(&table.matrices) {
            for i in 0..phase.output_size[0] {
                for j in 0..phase.output_size[1] {
                    for lane in 0..one.output.channels {
                        let mut sum = f64::from(table.bias[lane]);
                        let mut row = 0;
                        for r in 0..phase.kernel_rows.len() {
                            for c in 0..phase.kernel_columns.len() {
                                let y = phase.input_start[0] + (i * one.input_step[0] + r) as isize;
                                let x = phase.input_start[1] + (j * one.input_step[1] + c) as isize;
                                for k in 0..one.input.channels {
                                    let value = self.get(&one.input, y, x, k);
                                    let weight = matrix[row * table.columns + lane];
                                    sum += f64::from(value) * f64::from(weight);
                                    row += 1;
                                }
                            }
                        }
                        let y = phase.output_start[0] + i * one.output_step[0];
                        let x = phase.output_start[1] + j * one.output_step[1];
                        let value = activated(sum as f32, one.activation);
                        self.set(&one.output, y as isize, x as isize, lane, value);
                    }
                }
            }
        }
    }

    fn read(&self, operand: &Operand, row: usize, column: usize, lane: usize) -> Option<f32> {
        let (y, x) = (operand.gather.rows[row], operand.gather.columns[column]);
        let is_none = y == Gather::NONE || x == Gather::NONE;
        (!is_none).then(|| self.get(&operand.view, y as isize, x as isize, lane))
    }

    fn apply(&mut self, apply: &Apply) {
        let output = apply.output;
        for row in 0..output.rows() {
            for column in 0..output.row_pixels() {
                for lane in 0..output.channels {
                    let mut value = self.read(&apply.source, row, column, lane);
                    for pointwise in &apply.chain {
                        value = value.map(|v| match pointwise {
                            Pointwise::Affine(vector) => {
                                let vector = self.vector(vector);
                                v * vector[lane] + vector[apply.source.view.channels + lane]
                            }
                            Pointwise::Modulate(o) => {
                                let half = o.view.channels / 2;
                                let g = self.read(o, row, column, lane).unwrap_or(0.0);
                                let b = self.read(o, row, column, half + lane).unwrap_or(0.0);
                                v * (1.0 + g) + b
                            }
                            Pointwise::Add(o) => v + self.read(o, row, column, lane).unwrap_or(0.0),
                            Pointwise::Mul(o) => v * self.read(o, row, column, lane).unwrap_or(0.0),
                            Pointwise::Scalar { scale, shift } => v * scale + shift,
                            Pointwise::Activation(function) => activated(v, Some(*function)),
                        });
                    }
                    let y = row as isize - output.border.top as isize;
                    let x = column as isize - output.border.left as isize;
                    self.set(&output, y, x, lane, value.unwrap_or(0.0));
                }
            }
        }
    }

    fn border(&mut self, view: &View, mode: PadMode) {
        let (height, width) = (view.height as isize, view.width as isize);
        let from = |index: isize, length: isize| match mode {
            _ if (0..length).contains(&index) => Some(index),
            PadMode::Zero => None,
            PadMode::Reflect if index < 0 => Some(-index),
            PadMode::Reflect => Some(2 * (length - 1) - index),
            PadMode::Edge => Some(index.clamp(0, length - 1)),
        };
        let border = view.border;
        for y in -(border.top as isize)..height + border.bottom as isize {
            for x in -(border.left as isize)..width + border.right as isize {
                if (0..height).contains(&y) && (0..width).contains(&x) {
                    continue;
                }
                for lane in 0..view.channels {
                    let source = from(y, height).zip(from(x, width));
                    let value = source.map_or(0.0, |(y, x)| self.get(view, y, x, lane));
                    self.set(view, y, x, lane, value);
                }
            }
        }
    }
}

fn activated(value: f32, function: Option<Activation>) -> f32 {
    match function {
        None => value,
        Some(Activation::Relu) => value.max(0.0),
        Some(Activation::LeakyRelu { slope }) if value < 0.0 => value * slope,
        Some(Activation::LeakyRelu { .. }) => value,
        Some(Activation::Tanh) => value.tanh(),
    }
}
