//! Small plans with weights, for tests: a piece of every family's generator.

use std::collections::BTreeMap;

use underpaint_plan::weight::Node;
use underpaint_plan::{
    Activation, Expression, ExpressionId, Input, Operand, Operation, PadMode, Plan, Shape, Sides,
    Statistics, Step, Tensor, ValueId, Weight, WeightId,
};

/// A plan being written, with weights and inputs that are drawn as it goes.
pub(crate) struct Builder {
    pub plan: Plan,
    pub weights: BTreeMap<String, Tensor>,
    pub inputs: Vec<Tensor>,
    state: u64,
}

impl Builder {
    pub fn new(seed: u64) -> Self {
        Self {
            plan: Plan {
                values: Vec::new(),
                inputs: Vec::new(),
                steps: Vec::new(),
                outputs: Vec::new(),
                weights: Vec::new(),
                expressions: Vec::new(),
            },
            weights: BTreeMap::new(),
            inputs: Vec::new(),
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        }
    }

    /// Below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 33) as usize % end
    }

    /// In `[-1, 1)`.
    pub fn number(&mut self) -> f32 {
        self.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0
    }

    fn numbers(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.number() * scale).collect()
    }

    pub fn shape(&self, value: ValueId) -> Shape {
        self.plan.shape(value)
    }

    fn value(&mut self, shape: Shape) -> ValueId {
        self.plan.values.push(shape);
        ValueId(self.plan.values.len() - 1)
    }

    fn declare(&mut self, shape: Shape, one_hot: usize, values: Vec<f32>) -> ValueId {
        let value = self.value(shape);
        self.plan.inputs.push(Input {
            name: format!("input{}", self.plan.inputs.len()),
            value,
            one_hot,
        });
        self.inputs.push(Tensor {
            shape: vec![shape.channels, shape.height, shape.width],
            values,
        });
        value
    }

    pub fn input(&mut self, channels: usize, height: usize, width: usize) -> ValueId {
        let shape = Shape::new(channels, height, width);
        let values = self.numbers(shape.len(), 1.0);
        self.declare(shape, 0, values)
    }

    /// A label map of so many classes, a channel of switches behind them where `switch`.
    pub fn labels(&mut self, classes: usize, switch: bool, height: usize, width: usize) -> ValueId {
        let shape = Shape::new(classes + usize::from(switch), height, width);
        let mut values = vec![0.0; shape.len()];
        for pixel in 0..shape.pixels() {
            // One more than there are: pixels of no class.
            let class = self.below(classes + 1);
            if class < classes {
                values[class * shape.pixels() + pixel] = 1.0;
            }
            if switch && self.below(3) == 0 {
                values[classes * shape.pixels() + pixel] = 1.0;
            }
        }
        self.declare(shape, classes, values)
    }

    pub fn weight(&mut self, shape: &[usize], scale: f32, offset: f32) -> WeightId {
        let key = format!("weight{}", self.plan.weights.len());
        let mut values = self.numbers(shape.iter().product(), scale);
        values.iter_mut().for_each(|value| *value += offset);
        let tensor = Tensor {
            shape: shape.to_vec(),
            values,
        };
        self.weights.insert(key.clone(), tensor);
        self.plan.expressions.push(Expression {
            shape: shape.to_vec(),
            node: Node::Source(key),
        });
        self.plan.weights.push(Weight {
            shape: shape.to_vec(),
            value: ExpressionId(self.plan.expressions.len() - 1),
        });
        WeightId(self.plan.weights.len() - 1)
    }

    pub fn step(&mut self, operation: Operation, shape: Shape) -> ValueId {
        let output = self.value(shape);
        self.plan.steps.push(Step { operation, output });
        output
    }

    pub fn conv(
        &mut self,
        input: ValueId,
        channels: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> ValueId {
        let from = self.shape(input);
        let scale = 1.5 / ((from.channels * kernel * kernel) as f32).sqrt();
        let weight = self.weight(&[channels, from.channels, kernel, kernel], scale, 0.0);
        let bias = (self.below(2) == 0).then(|| self.weight(&[channels], 0.5, 0.0));
        let side = |side: usize| (side + 2 * padding - kernel) / stride + 1;
        let shape = Shape::new(channels, side(from.height), side(from.width));
        self.step(
            Operation::Conv2d {
                input,
                weight,
                bias,
                stride: [stride; 2],
                padding: Sides::all(padding),
            },
            shape,
        )
    }

    pub fn conv_transpose(
        &mut self,
        input: ValueId,
        channels: usize,
        [kernel, stride, padding, output_padding]: [usize; 4],
    ) -> ValueId {
        let from = self.shape(input);
        let scale =
            1.5 / ((from.channels * kernel * kernel) as f32 / (stride * stride) as f32).sqrt();
        let weight = self.weight(&[from.channels, channels, kernel, kernel], scale, 0.0);
        let bias = (self.below(2) == 0).then(|| self.weight(&[channels], 0.5, 0.0));
        let side = |side: usize| (side - 1) * stride + kernel + output_padding - 2 * padding;
        let shape = Shape::new(channels, side(from.height), side(from.width));
        self.step(
            Operation::ConvTranspose2d {
                input,
                weight,
                bias,
                stride: [stride; 2],
                padding: [padding; 2],
                output_padding: [output_padding; 2],
            },
            shape,
        )
    }

    pub fn norm(&mut self, input: ValueId, running: bool, affine: bool) -> ValueId {
        let shape = self.shape(input);
        let channels = [shape.channels];
        let statistics = if running {
            Statistics::Running {
                mean: self.weight(&channels, 0.5, 0.0),
                variance: self.weight(&channels, 0.5, 1.0),
            }
        } else {
            Statistics::PerImage
        };
        let scale = affine.then(|| self.weight(&channels, 0.5, 1.0));
        let shift = affine.then(|| self.weight(&channels, 0.5, 0.0));
        self.step(
            Operation::Norm {
                input,
                statistics,
                scale,
                shift,
                epsilon: 1e-5,
            },
            shape,
        )
    }

    pub fn act(&mut self, input: ValueId, function: Activation) -> ValueId {
        let shape = self.shape(input);
        self.step(Operation::Activation { input, function }, shape)
    }

    pub fn relu(&mut self, input: ValueId) -> ValueId {
        self.act(input, Activation::Relu)
    }

    pub fn leaky(&mut self, input: ValueId) -> ValueId {
        self.act(input, Activation::LeakyRelu { slope: 0.2 })
    }

    pub fn tanh(&mut self, input: ValueId) -> ValueId {
        self.act(input, Activation::Tanh)
    }

    pub fn add(&mut self, left: ValueId, right: ValueId) -> ValueId {
        let shape = self.shape(left);
        let right = Operand::Value(right);
        self.step(Operation::Add { left, right }, shape)
    }

    pub fn mul(&mut self, left: ValueId, right: ValueId) -> ValueId {
        let shape = self.shape(left);
        let right = Operand::Value(right);
        self.step(Operation::Mul { left, right }, shape)
    }

    pub fn affine(&mut self, input: ValueId, scale: f32, shift: f32) -> ValueId {
        let shape = self.shape(input);
        self.step(
            Operation::Affine {
                input,
                scale,
                shift,
            },
            shape,
        )
    }

    /// Times a constant of as many axes as `axes` says, the others 1 long.
    pub fn times_constant(&mut self, input: ValueId, axes: [bool; 3]) -> ValueId {
        let shape = self.shape(input);
        let full = [shape.channels, shape.height, shape.width];
        let axes: Vec<usize> = (0..3)
            .map(|axis| if axes[axis] { full[axis] } else { 1 })
            .collect();
        let right = Operand::Weight(self.weight(&axes, 1.0, 0.5));
        self.step(Operation::Mul { left: input, right }, shape)
    }

    pub fn pad(&mut self, input: ValueId, mode: PadMode, sides: Sides) -> ValueId {
        let from = self.shape(input);
        let shape = Shape::new(
            from.channels,
            from.height + sides.top + sides.bottom,
            from.width + sides.left + sides.right,
        );
        self.step(Operation::Pad { input, mode, sides }, shape)
    }

    pub fn crop(&mut self, input: ValueId, start: [usize; 2], size: [usize; 2]) -> ValueId {
        let from = self.shape(input);
        self.step(
            Operation::Slice {
                input,
                start: [0, start[0], start[1]],
            },
            Shape::new(from.channels, size[0], size[1]),
        )
    }

    pub fn resize(&mut self, input: ValueId, height: usize, width: usize) -> ValueId {
        let from = self.shape(input);
        let axis = |to: usize, from: usize| (0..to).map(|index| index * from / to).collect();
        self.step(
            Operation::Resize {
                input,
                rows: axis(height, from.height),
                columns: axis(width, from.width),
            },
            Shape::new(from.channels, height, width),
        )
    }

    pub fn double(&mut self, input: ValueId) -> ValueId {
        let from = self.shape(input);
        self.resize(input, 2 * from.height, 2 * from.width)
    }

    pub fn concat(&mut self, inputs: &[ValueId]) -> ValueId {
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.shape(input)).collect();
        let channels = shapes.iter().map(|shape| shape.channels).sum();
        let shape = Shape::new(channels, shapes[0].height, shapes[0].width);
        let inputs = inputs.to_vec();
        self.step(Operation::Concat { inputs }, shape)
    }

    pub fn linear(&mut self, input: ValueId, shape: Shape) -> ValueId {
        let from = self.shape(input).len();
        let weight = self.weight(&[shape.len(), from], 1.5 / (from as f32).sqrt(), 0.0);
        let bias = Some(self.weight(&[shape.len()], 0.5, 0.0));
        self.step(
            Operation::Linear {
                input,
                weight,
                bias,
            },
            shape,
        )
    }

    pub fn pixel_norm(&mut self, input: ValueId) -> ValueId {
        let shape = self.shape(input);
        let epsilon = 1e-8;
        self.step(Operation::PixelNorm { input, epsilon }, shape)
    }

    pub fn average_pool(&mut self, input: ValueId, count_include_pad: bool) -> ValueId {
        let from = self.shape(input);
        let side = |side: usize| (side + 2 - 3) / 2 + 1;
        self.step(
            Operation::AvgPool2d {
                input,
                kernel: [3, 3],
                stride: [2, 2],
                padding: [1, 1],
                count_include_pad,
            },
            Shape::new(from.channels, side(from.height), side(from.width)),
        )
    }

    pub fn finish(mut self, outputs: &[ValueId]) -> Self {
        self.plan.outputs = outputs.to_vec();
        self
    }
}

/// All of [`pix2pix`], [`resnet`] and so on, by name.
pub(crate) fn all() -> Vec<(String, Builder)> {
    let mut plans: Vec<(String, Builder)> = Vec::new();
    for seed in 0..3 {
        let odd = seed as usize;
        for labels in [false, true] {
            plans.push((format!("unet {seed} {labels}"), unet(seed, labels)));
            plans.push((format!("spade {seed} {labels}"), spade(seed, labels)));
        }
        plans.push((format!("resnet {seed}"), resnet(seed, [9 + odd, 12])));
        plans.push((format!("pix2pixhd {seed}"), pix2pixhd(seed)));
        plans.push((format!("pgan {seed}"), pgan(seed)));
        plans.push((format!("encoder {seed}"), encoder(seed)));
        plans.push((format!("odds and ends {seed}"), odds(seed)));
    }
    plans
}

/// Three levels, dropout, padded to size and cropped.
pub(crate) fn unet(seed: u64, labels: bool) -> Builder {
    let mut b = Builder::new(seed);
    let (height, width) = (15, 13);
    let picture = if labels {
        b.labels(5, false, height, width)
    } else {
        b.input(3, height, width)
    };
    let sides = Sides {
        bottom: 1,
        right: 3,
        ..Sides::default()
    };
    let x0 = b.pad(picture, PadMode::Edge, sides);
    let running = seed == 1;
    let d0 = b.conv(x0, 6, 4, 2, 1);
    let l0 = b.leaky(d0);
    let d1 = b.conv(l0, 9, 4, 2, 1);
    let d1 = b.norm(d1, running, true);
    let l1 = b.leaky(d1);
    let d2 = b.conv(l1, 10, 4, 2, 1);
    let r2 = b.relu(d2);
    let u2 = b.conv_transpose(r2, 7, [4, 2, 1, 0]);
    let u2 = b.norm(u2, running, true);
    let u2 = b.times_constant(u2, [true, true, true]);
    let c1 = b.concat(&[d1, u2]);
    let r1 = b.relu(c1);
    let u1 = b.conv_transpose(r1, 5, [4, 2, 1, 0]);
    let u1 = b.norm(u1, running, true);
    let c0 = b.concat(&[d0, u1]);
    let r0 = b.relu(c0);
    let u0 = b.conv_transpose(r0, 3, [4, 2, 1, 0]);
    let y = b.tanh(u0);
    let y = b.crop(y, [0, 0], [height, width]);
    b.finish(&[y])
}

/// Mirrored borders, two residual blocks, halving and doubling.
pub(crate) fn resnet(seed: u64, [height, width]: [usize; 2]) -> Builder {
    let mut b = Builder::new(seed + 10);
    let x = b.input(3, 4 * (height / 4), 4 * (width / 4));
    let x = b.pad(x, PadMode::Reflect, Sides::all(3));
    let x = b.conv(x, 6, 7, 1, 0);
    let x = b.norm(x, seed == 1, seed > 0);
    let x = b.relu(x);
    let x = b.conv(x, 8, 3, 2, 1);
    let x = b.norm(x, seed == 1, seed > 0);
    let mut x = b.relu(x);
    for _ in 0..2 {
        let y = b.pad(x, PadMode::Reflect, Sides::all(1));
        let y = b.conv(y, 8, 3, 1, 0);
        let y = b.norm(y, seed == 1, seed > 0);
        let y = b.relu(y);
        let y = b.pad(y, PadMode::Reflect, Sides::all(1));
        let y = b.conv(y, 8, 3, 1, 0);
        let y = b.norm(y, seed == 1, seed > 0);
        x = b.add(x, y);
    }
    let x = b.conv_transpose(x, 5, [3, 2, 1, 1]);
    let x = b.norm(x, seed == 1, seed > 0);
    let x = b.relu(x);
    let x = b.pad(x, PadMode::Reflect, Sides::all(3));
    let x = b.conv(x, 3, 7, 1, 0);
    let x = b.tanh(x);
    b.finish(&[x])
}

/// A pyramid of a label map with edges, features behind it where the seed is odd.
pub(crate) fn pix2pixhd(seed: u64) -> Builder {
    let mut b = Builder::new(seed + 20);
    let mut x = b.labels(5, true, 8, 12);
    if seed == 1 {
        let features = b.input(3, 8, 12);
        x = b.concat(&[x, features]);
    }
    let small = b.average_pool(x, seed == 2);
    let small = b.pad(small, PadMode::Reflect, Sides::all(3));
    let small = b.conv(small, 6, 7, 1, 0);
    let small = b.norm(small, false, false);
    let small = b.relu(small);
    let large = b.pad(x, PadMode::Reflect, Sides::all(3));
    let large = b.conv(large, 4, 7, 1, 0);
    let large = b.norm(large, false, false);
    let large = b.relu(large);
    let large = b.conv(large, 6, 3, 2, 1);
    let large = b.norm(large, false, false);
    let large = b.relu(large);
    let x = b.add(large, small);
    let y = b.pad(x, PadMode::Reflect, Sides::all(1));
    let y = b.conv(y, 6, 3, 1, 0);
    let y = b.norm(y, false, false);
    let x = b.add(x, y);
    let x = b.conv_transpose(x, 4, [3, 2, 1, 1]);
    let x = b.norm(x, false, false);
    let x = b.relu(x);
    let x = b.pad(x, PadMode::Reflect, Sides::all(3));
    let x = b.conv(x, 3, 7, 1, 0);
    let x = b.tanh(x);
    b.finish(&[x])
}

fn spade_norm(b: &mut Builder, x: ValueId, labels: ValueId, running: bool) -> ValueId {
    let shape = b.shape(x);
    let n = b.norm(x, running, false);
    let map = b.resize(labels, shape.height, shape.width);
    let hidden = b.conv(map, 7, 3, 1, 1);
    let hidden = b.relu(hidden);
    let gamma = b.conv(hidden, shape.channels, 3, 1, 1);
    let gamma = b.affine(gamma, 1.0, 1.0);
    let beta = b.conv(hidden, shape.channels, 3, 1, 1);
    let product = b.mul(n, gamma);
    b.add(product, beta)
}

/// Blocks with and without a learned shortcut, doublings, odd ratios of the label map.
pub(crate) fn spade(seed: u64, labels: bool) -> Builder {
    let mut b = Builder::new(seed + 30);
    let map = if labels {
        b.labels(6, seed == 1, 11, 13)
    } else {
        b.input(6, 11, 13)
    };
    let small = b.resize(map, 3, 5);
    let mut x = b.conv(small, 8, 3, 1, 1);
    for (channels, doubles) in [(8, false), (6, true), (6, true)] {
        if doubles {
            x = b.double(x);
        }
        let before = b.shape(x).channels;
        let shortcut = if before == channels {
            x
        } else {
            let n = spade_norm(&mut b, x, map, seed == 1);
            b.conv(n, channels, 1, 1, 0)
        };
        let y = spade_norm(&mut b, x, map, seed == 1);
        let y = b.leaky(y);
        let y = b.conv(y, channels.min(before), 3, 1, 1);
        let y = spade_norm(&mut b, y, map, seed == 1);
        let y = b.leaky(y);
        let y = b.conv(y, channels, 3, 1, 1);
        x = b.add(shortcut, y);
    }
    let x = b.leaky(x);
    let x = b.conv(x, 3, 3, 1, 1);
    let x = b.tanh(x);
    b.finish(&[x])
}

/// From a latent, two scales, the second faded in.
pub(crate) fn pgan(seed: u64) -> Builder {
    let mut b = Builder::new(seed + 40);
    let z = b.input(9, 1, 1);
    let z = b.pixel_norm(z);
    let x = b.linear(z, Shape::new(6, 4, 4));
    let x = b.leaky(x);
    let x = b.pixel_norm(x);
    let x = b.conv(x, 6, 3, 1, 1);
    let x = b.leaky(x);
    let x = b.pixel_norm(x);
    let old = b.conv(x, 3, 1, 1, 0);
    let old = b.double(old);
    let x = b.double(x);
    let x = b.conv(x, 5, 3, 1, 1);
    let x = b.leaky(x);
    let x = b.pixel_norm(x);
    let x = b.conv(x, 5, 3, 1, 1);
    let x = b.leaky(x);
    let x = b.pixel_norm(x);
    let new = b.conv(x, 3, 1, 1, 0);
    let old = b.affine(old, 0.3, 0.0);
    let new = b.affine(new, 0.7, 0.0);
    let y = b.add(old, new);
    b.finish(&[y])
}

/// Strided convolutions to two rows of numbers.
pub(crate) fn encoder(seed: u64) -> Builder {
    let mut b = Builder::new(seed + 50);
    let x = b.input(3, 16, 16);
    let x = b.conv(x, 6, 3, 2, 1);
    let x = b.norm(x, false, false);
    let x = b.leaky(x);
    let x = b.conv(x, 5, 3, 2, 1);
    let mut x = b.norm(x, false, false);
    // The order in which plans have these two may be either.
    if seed == 0 {
        x = b.leaky(x);
    }
    let shape = b.shape(x);
    let mut row = b.step(
        Operation::Reshape { input: x },
        Shape::new(shape.len(), 1, 1),
    );
    if seed > 0 {
        row = b.leaky(row);
    }
    let mean = b.linear(row, Shape::new(7, 1, 1));
    let variance = b.linear(row, Shape::new(7, 1, 1));
    b.finish(&[mean, variance])
}

/// What no family does in this order.
pub(crate) fn odds(seed: u64) -> Builder {
    let mut b = Builder::new(seed + 60);
    let x = b.input(5, 7, 6);
    // Zeros that a norm makes something else of.
    let sides = Sides {
        top: 1,
        bottom: 2,
        left: 0,
        right: 3,
    };
    let padded = b.pad(x, PadMode::Zero, sides);
    let normed = b.norm(padded, seed == 1, true);
    let shifted = b.affine(normed, -0.5, 0.25);
    // The same planes read with borders of two kinds.
    let mirrored = b.pad(shifted, PadMode::Reflect, Sides::all(2));
    let one = b.conv(mirrored, 6, 5, 1, 0);
    let two = b.conv(shifted, 6, 3, 1, 1);
    let sum = b.add(one, two);
    let product = b.mul(sum, one);
    // Transposed with a stride larger than the kernel, and by three.
    let wide = b.conv_transpose(product, 3, [1, 2, 0, 1]);
    let wider = b.conv_transpose(product, 3, [5, 3, 1, 0]);
    let by_row = b.times_constant(wide, [false, true, false]);
    let by_channel = b.times_constant(by_row, [true, false, false]);
    let both = b.concat(&[wide, by_channel]);
    let activated = b.tanh(both);
    let out = b.conv(activated, 2, 1, 1, 0);
    // A convolution that a concatenation and something else read.
    let again = b.concat(&[out, wide]);
    let last = b.conv(again, 4, 3, 2, 1);
    b.finish(&[last, wider, x, out])
}
