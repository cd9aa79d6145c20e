//! Operations on constants alone: expressions.

use burn::backend::ir::{
    BaseOperationIr, BinaryOpIr, FloatOperationIr, NumericOperationIr, OperationIr, ScalarOpIr,
    TensorIr, UnaryOpIr,
};
use underpaint_plan::ExpressionId;
use underpaint_plan::weight::{BinaryNode, ReduceNode, UnaryNode};

use super::{Lowered, Lowering, Outcome, axes, number};

type Made = std::result::Result<ExpressionId, String>;

impl Lowering<'_> {
    /// An operation that reads constants, or nothing.
    pub fn constant(&mut self, operation: &OperationIr) -> Outcome {
        let made = match operation {
            OperationIr::BaseFloat(base) | OperationIr::BaseInt(base) => self.constant_base(base),
            OperationIr::NumericFloat(_, numeric) => self.constant_numeric(numeric),
            OperationIr::Float(_, float) => self.constant_float(float),
            _ => Err(String::new()),
        };
        made.map(Lowered::Constant)
    }

    fn constant_base(&mut self, operation: &BaseOperationIr) -> Made {
        match operation {
            BaseOperationIr::Zeros(op) => Ok(self.draft.expressions.fill(0.0, &op.out.shape)),
            BaseOperationIr::Ones(op) => Ok(self.draft.expressions.fill(1.0, &op.out.shape)),
            BaseOperationIr::Reshape(op) => {
                let input = self.expect_constant(&op.input)?;
                Ok(self.draft.expressions.reshape(input, &op.out.shape))
            }
            BaseOperationIr::SwapDims(op) => {
                let mut order: Vec<usize> = (0..op.input.shape.len()).collect();
                order.swap(op.dim1, op.dim2);
                let input = self.expect_constant(&op.input)?;
                Ok(self.draft.expressions.permute(input, &order))
            }
            BaseOperationIr::Permute(op) => {
                let input = self.expect_constant(&op.input)?;
                Ok(self.draft.expressions.permute(input, &op.axes))
            }
            BaseOperationIr::Expand(op) => self.expanded(&op.input, &op.out),
            BaseOperationIr::RepeatDim(op) => {
                let mut times = vec![1; op.tensor.shape.len()];
                times[op.dim] = op.times;
                let input = self.expect_constant(&op.tensor)?;
                Ok(self.draft.expressions.repeat(input, &times))
            }
            BaseOperationIr::Slice(op) => {
                let start = super::value::start_of(op)?;
                let input = self.expect_constant(&op.tensor)?;
                let expressions = &mut self.draft.expressions;
                Ok(expressions.slice(input, &start, &op.out.shape))
            }
            BaseOperationIr::Cat(op) => {
                let parts = op.tensors.iter().map(|part| self.expect_constant(part));
                let parts = parts.collect::<Result<Vec<_>, _>>()?;
                match parts.is_empty() {
                    true => Err(String::new()),
                    false => Ok(self.draft.expressions.concat(parts, op.dim)),
                }
            }
            BaseOperationIr::Cast(op) if op.input.dtype == op.out.dtype => {
                self.expect_constant(&op.input)
            }
            _ => Err(String::new()),
        }
    }

    /// Axes of length 1 repeated, and new ones in front.
    fn expanded(&mut self, from: &TensorIr, to: &TensorIr) -> Made {
        let (from_axes, to_axes) = (axes(from), axes(to));
        let new = to_axes.len().checked_sub(from_axes.len()).ok_or("")?;
        let aligned: Vec<usize> = std::iter::repeat_n(1, new).chain(from_axes).collect();
        let times = to_axes
            .iter()
            .zip(&aligned)
            .map(|(&to, &from)| to / from.max(1));
        let times: Vec<usize> = times.collect();
        let input = self.expect_constant(from)?;
        let expressions = &mut self.draft.expressions;
        let input = expressions.reshape(input, &aligned);
        Ok(expressions.repeat(input, &times))
    }

    fn constant_numeric(&mut self, operation: &NumericOperationIr) -> Made {
        use {BinaryNode as Two, NumericOperationIr as Op, ReduceNode as Many};
        match operation {
            Op::Full(op) => {
                let value = number(op.value);
                Ok(self.draft.expressions.fill(value, &op.out.shape))
            }
            Op::Add(op) => self.constant_binary(Two::Add, op),
            Op::Sub(op) => self.constant_binary(Two::Sub, op),
            Op::Mul(op) => self.constant_binary(Two::Mul, op),
            Op::Div(op) => self.constant_binary(Two::Div, op),
            Op::AddScalar(op) => self.constant_scalar(Two::Add, op),
            Op::SubScalar(op) => self.constant_scalar(Two::Sub, op),
            Op::MulScalar(op) => self.constant_scalar(Two::Mul, op),
            Op::DivScalar(op) => self.constant_scalar(Two::Div, op),
            Op::PowiScalar(op) if number(op.rhs) == 2.0 => {
                let input = self.expect_constant(&op.lhs)?;
                let expressions = &mut self.draft.expressions;
                Ok(expressions.binary(Two::Mul, input, input, &op.out.shape))
            }
            Op::Neg(op) => {
                let input = self.expect_constant(&op.input)?;
                Ok(self.draft.expressions.scalar(Two::Mul, input, -1.0))
            }
            Op::Abs(op) => self.constant_unary(UnaryNode::Abs, op),
            Op::Sum(op) => self.reduced_whole(Many::Sum, &op.input, &op.out),
            Op::Mean(op) => self.reduced_whole(Many::Mean, &op.input, &op.out),
            Op::SumDim(op) => self.reduced(Many::Sum, &op.input, &[op.axis], &op.out),
            Op::MeanDim(op) => self.reduced(Many::Mean, &op.input, &[op.axis], &op.out),
            Op::SumDims(op) => self.reduced(Many::Sum, &op.input, &op.axes, &op.out),
            _ => Err(String::new()),
        }
    }

    fn constant_float(&mut self, operation: &FloatOperationIr) -> Made {
        match operation {
            FloatOperationIr::Sqrt(op) => self.constant_unary(UnaryNode::Sqrt, op),
            FloatOperationIr::Recip(op) => self.constant_unary(UnaryNode::Recip, op),
            FloatOperationIr::Exp(op) => self.constant_unary(UnaryNode::Exp, op),
            FloatOperationIr::Matmul(op) => {
                let left = self.expect_constant(&op.lhs)?;
                let right = self.expect_constant(&op.rhs)?;
                let expressions = &mut self.draft.expressions;
                Ok(expressions.matmul(left, right, &op.out.shape))
            }
            FloatOperationIr::PowfScalar(op) if number(op.rhs) == 2.0 => {
                let input = self.expect_constant(&op.lhs)?;
                let expressions = &mut self.draft.expressions;
                Ok(expressions.binary(BinaryNode::Mul, input, input, &op.out.shape))
            }
            _ => Err(String::new()),
        }
    }

    fn constant_binary(&mut self, node: BinaryNode, op: &BinaryOpIr) -> Made {
        let left = self.expect_constant(&op.lhs)?;
        let right = self.expect_constant(&op.rhs)?;
        let expressions = &mut self.draft.expressions;
        Ok(expressions.binary(node, left, right, &op.out.shape))
    }

    fn constant_scalar(&mut self, node: BinaryNode, op: &ScalarOpIr) -> Made {
        let input = self.expect_constant(&op.lhs)?;
        Ok(self.draft.expressions.scalar(node, input, number(op.rhs)))
    }

    fn constant_unary(&mut self, node: UnaryNode, op: &UnaryOpIr) -> Made {
        let input = self.expect_constant(&op.input)?;
        Ok(self.draft.expressions.unary(node, input))
    }

    /// Over all axes, as one.
    fn reduced_whole(&mut self, node: ReduceNode, input: &TensorIr, out: &TensorIr) -> Made {
        let constant = self.expect_constant(input)?;
        let count = axes(input).iter().product();
        let expressions = &mut self.draft.expressions;
        let flat = expressions.reshape(constant, &[count]);
        let reduced = expressions.reduce(node, flat, 0);
        Ok(expressions.reshape(reduced, &out.shape))
    }

    fn reduced(
        &mut self,
        node: ReduceNode,
        input: &TensorIr,
        over: &[usize],
        out: &TensorIr,
    ) -> Made {
        let mut constant = self.expect_constant(input)?;
        let expressions = &mut self.draft.expressions;
        for &axis in over {
            constant = expressions.reduce(node, constant, axis);
        }
        Ok(expressions.reshape(constant, &out.shape))
    }
}
