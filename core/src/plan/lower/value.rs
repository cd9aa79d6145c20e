//! Operations on what is only known when inputs are: steps.

use burn::backend::ir::{
    ActivationOperationIr, BaseOperationIr, BinaryOpIr, FloatOperationIr, NumericOperationIr,
    OperationIr, PadModeIr, PadOpIr, SliceOpIr, TensorIr,
};
use underpaint_plan::weight::{BinaryNode, UnaryNode};
use underpaint_plan::{
    Activation, ExpressionId, Operand, Operation, PadMode, Shape, Sides, ValueId,
};

use super::{Lowered, Lowering, Outcome, axes, number, planes, planes_of};

/// First channel, row, … of a slice without steps, one for every axis.
pub fn start_of(op: &SliceOpIr) -> Result<Vec<usize>, String> {
    if op.ranges.iter().any(|range| range.step() != 1) {
        return Err("takes every so many".into());
    }
    let mut start = vec![0; op.tensor.shape.len()];
    for (axis, range) in op.ranges.iter().enumerate() {
        start[axis] = range.range(op.tensor.shape[axis]).start;
    }
    Ok(start)
}

impl Lowering<'_> {
    /// An operation that reads a value.
    pub fn value(&mut self, operation: &OperationIr) -> Outcome {
        match operation {
            OperationIr::BaseFloat(base) => self.value_base(base),
            OperationIr::NumericFloat(_, numeric) => self.value_numeric(numeric),
            OperationIr::Float(_, float) => match float {
                FloatOperationIr::Tanh(op) => self.activation(&op.input, Activation::Tanh),
                FloatOperationIr::Matmul(op) => self.linear(&op.lhs, &op.rhs, None, &op.out),
                _ => Err(String::new()),
            },
            OperationIr::Module(module) => self.layer(module),
            OperationIr::Activation(activation) => match activation {
                ActivationOperationIr::Relu(op) => self.activation(&op.input, Activation::Relu),
                ActivationOperationIr::LeakyRelu(op) => self.leaky_relu(&op.lhs, number(op.rhs)),
                _ => Err(String::new()),
            },
            _ => Err(String::new()),
        }
    }

    pub fn push(&mut self, operation: Operation, out: &TensorIr) -> Outcome {
        let shape = planes_of(out)?;
        Ok(Lowered::Value(self.draft.step(operation, shape)))
    }

    fn activation(&mut self, input: &TensorIr, function: Activation) -> Outcome {
        let input = self.expect_value(input)?;
        let shape = self.draft.shape(input);
        let step = Operation::Activation { input, function };
        Ok(Lowered::Value(self.draft.step(step, shape)))
    }

    /// With any slope: outside `[0, 1]`, `slope * x + (1 - slope) * relu(x)`.
    fn leaky_relu(&mut self, input: &TensorIr, slope: f32) -> Outcome {
        if (0.0..=1.0).contains(&slope) {
            return self.activation(input, Activation::LeakyRelu { slope });
        }
        let left = self.expect_value(input)?;
        let shape = self.draft.shape(left);
        let function = Activation::Relu;
        let relu = Operation::Activation {
            input: left,
            function,
        };
        let relu = self.draft.step(relu, shape);
        let (left, right) = (
            self.affine(left, slope, 0.0),
            self.affine(relu, 1.0 - slope, 0.0),
        );
        let right = Operand::Value(right);
        let sum = Operation::Add { left, right };
        Ok(Lowered::Value(self.draft.step(sum, shape)))
    }

    fn affine(&mut self, input: ValueId, scale: f32, shift: f32) -> ValueId {
        let shape = self.draft.shape(input);
        let step = Operation::Affine {
            input,
            scale,
            shift,
        };
        self.draft.step(step, shape)
    }

    fn value_base(&mut self, operation: &BaseOperationIr) -> Outcome {
        match operation {
            BaseOperationIr::Reshape(op) => {
                let input = self.expect_value(&op.input)?;
                self.push(Operation::Reshape { input }, &op.out)
            }
            BaseOperationIr::SwapDims(op) => {
                let mut order: Vec<usize> = (0..op.input.shape.len()).collect();
                order.swap(op.dim1, op.dim2);
                self.reordered(&op.input, &order, &op.out)
            }
            BaseOperationIr::Permute(op) => self.reordered(&op.input, &op.axes, &op.out),
            BaseOperationIr::RepeatDim(op) if op.times == 1 => {
                Ok(Lowered::Value(self.expect_value(&op.tensor)?))
            }
            BaseOperationIr::Expand(op) if op.input.shape == op.out.shape => {
                Ok(Lowered::Value(self.expect_value(&op.input)?))
            }
            BaseOperationIr::Slice(op) => {
                let input = self.expect_value(&op.tensor)?;
                let start = start_of(op)?;
                let mut places = start[1..].iter().copied();
                let start = std::array::from_fn(|_| places.next().unwrap_or(0));
                self.push(Operation::Slice { input, start }, &op.out)
            }
            BaseOperationIr::Cat(op) if op.dim == 1 => {
                let inputs = op.tensors.iter().map(|part| self.expect_value(part));
                let inputs = inputs.collect::<Result<_, _>>()?;
                self.push(Operation::Concat { inputs }, &op.out)
            }
            BaseOperationIr::Select(op) => self.select(op),
            BaseOperationIr::Cast(op) if op.input.dtype == op.out.dtype => {
                Ok(Lowered::Value(self.expect_value(&op.input)?))
            }
            _ => Err(String::new()),
        }
    }

    /// A reshape, if only axes of length 1 change places.
    fn reordered(&mut self, from: &TensorIr, order: &[usize], out: &TensorIr) -> Outcome {
        let long = order.iter().filter(|&&axis| from.shape[axis] > 1);
        if !long.is_sorted() {
            return Err(String::new());
        }
        let input = self.expect_value(from)?;
        self.push(Operation::Reshape { input }, out)
    }

    fn value_numeric(&mut self, operation: &NumericOperationIr) -> Outcome {
        use NumericOperationIr as Op;
        let (input, scale, shift) = match operation {
            Op::Add(op) => return self.sum(op, 1.0),
            Op::Sub(op) => return self.sum(op, -1.0),
            Op::Mul(op) => return self.product(op),
            Op::Div(op) => return self.quotient(op),
            Op::Pad(op) => return self.pad(op),
            Op::AddScalar(op) => (&op.lhs, 1.0, number(op.rhs)),
            Op::SubScalar(op) => (&op.lhs, 1.0, -number(op.rhs)),
            Op::MulScalar(op) => (&op.lhs, number(op.rhs), 0.0),
            Op::DivScalar(op) => (&op.lhs, number(op.rhs).recip(), 0.0),
            Op::Neg(op) => (&op.input, -1.0, 0.0),
            _ => return Err(String::new()),
        };
        let input = self.expect_value(input)?;
        Ok(Lowered::Value(self.affine(input, scale, shift)))
    }

    /// `left + sign * right`.
    fn sum(&mut self, op: &BinaryOpIr, sign: f32) -> Outcome {
        match (self.value_of(&op.lhs), self.value_of(&op.rhs)) {
            (Some(left), Some(right)) => {
                let shape = same_shape(op)?;
                let right = Operand::Value(self.affine(right, sign, 0.0));
                let step = Operation::Add { left, right };
                Ok(Lowered::Value(self.draft.step(step, shape)))
            }
            (Some(left), None) => {
                let right = self.expect_constant(&op.rhs)?;
                let right = self.draft.expressions.scalar(BinaryNode::Mul, right, sign);
                self.constant_operand(left, &op.lhs, right, op, false)
            }
            (None, Some(right)) => {
                let right = self.affine(right, sign, 0.0);
                let left = self.expect_constant(&op.lhs)?;
                self.constant_operand(right, &op.rhs, left, op, false)
            }
            (None, None) => Err(String::new()),
        }
    }

    fn product(&mut self, op: &BinaryOpIr) -> Outcome {
        match (self.value_of(&op.lhs), self.value_of(&op.rhs)) {
            (Some(left), Some(right)) => {
                let shape = same_shape(op)?;
                let right = Operand::Value(right);
                let step = Operation::Mul { left, right };
                Ok(Lowered::Value(self.draft.step(step, shape)))
            }
            (Some(left), None) => {
                let right = self.expect_constant(&op.rhs)?;
                self.constant_operand(left, &op.lhs, right, op, true)
            }
            (None, Some(right)) => {
                let left = self.expect_constant(&op.lhs)?;
                self.constant_operand(right, &op.rhs, left, op, true)
            }
            (None, None) => Err(String::new()),
        }
    }

    fn quotient(&mut self, op: &BinaryOpIr) -> Outcome {
        let left = self.expect_value(&op.lhs)?;
        let right = self.expect_constant(&op.rhs)?;
        let right = self.draft.expressions.unary(UnaryNode::Recip, right);
        self.constant_operand(left, &op.lhs, right, op, true)
    }

    /// A sum with or a product by a constant that broadcasts to the value.
    fn constant_operand(
        &mut self,
        value: ValueId,
        tensor: &TensorIr,
        constant: ExpressionId,
        op: &BinaryOpIr,
        product: bool,
    ) -> Outcome {
        let shape = planes(self.draft.expressions.shape(constant));
        let (Some(shape), true) = (shape, axes(tensor) == axes(&op.out)) else {
            return Err("the value would be repeated".into());
        };
        let shape = [shape.channels, shape.height, shape.width];
        let sum = self.draft.with_constant(value, constant, shape, product);
        Ok(Lowered::Value(sum))
    }

    fn pad(&mut self, op: &PadOpIr) -> Outcome {
        let input = self.expect_value(&op.input)?;
        let mode = match op.mode {
            PadModeIr::Constant(value) if number(value) == 0.0 => PadMode::Zero,
            PadModeIr::Constant(value) => return Err(format!("pads with {}", number(value))),
            PadModeIr::Reflect => PadMode::Reflect,
            PadModeIr::Edge => PadMode::Edge,
        };
        // One pair an axis, the last axis last.
        let [outer @ .., (top, bottom), (left, right)] = op.padding.as_slice() else {
            return Err(String::new());
        };
        if axes(&op.input).len() != 4 || outer.iter().any(|&pair| pair != (0, 0)) {
            return Err("pads more than rows and columns".into());
        }
        let sides = Sides {
            top: *top,
            bottom: *bottom,
            left: *left,
            right: *right,
        };
        self.push(Operation::Pad { input, mode, sides }, &op.out)
    }
}

/// The shape of two values and of what they become, where it is one.
fn same_shape(op: &BinaryOpIr) -> Result<Shape, String> {
    if op.lhs.shape != op.out.shape || op.rhs.shape != op.out.shape {
        return Err("one of the two would be repeated".into());
    }
    planes_of(&op.out)
}
