//! Norms that measure the picture, recognised in what burn records of them.

use burn::backend::ir::{
    BaseOperationIr, BatchNormOpIr, BinaryOpIr, FloatOperationIr, ModuleOperationIr,
    NumericOperationIr, OperationIr, ReduceDimOpIr, TensorIr,
};
use underpaint_plan::{ExpressionId, Operation, Shape, Statistics, WeightId};

use super::{Lowered, Lowering, Outcome, axes, number, planes_of};

/// The norm that this operation is the last of, if it is one.
pub fn recognised(lowering: &mut Lowering<'_>, operation: &OperationIr) -> Option<Outcome> {
    match operation {
        OperationIr::Module(ModuleOperationIr::BatchNorm(norm)) => {
            lowering.value_of(&norm.x)?;
            Some(lowering.norm(norm))
        }
        OperationIr::NumericFloat(_, NumericOperationIr::Div(division)) => {
            lowering.pixel_norm(division)
        }
        _ => None,
    }
}

impl Lowering<'_> {
    fn norm(&mut self, norm: &BatchNormOpIr) -> Outcome {
        let input = self.expect_value(&norm.x)?;
        let shape = planes_of(&norm.out)?;
        let channels = [shape.channels];
        let mean = self.constant_of(&norm.mean);
        let statistics = match (mean, self.constant_of(&norm.variance)) {
            (Some(mean), Some(variance)) => Statistics::Running {
                mean: self.draft.weight(mean, &channels),
                variance: self.draft.weight(variance, &channels),
            },
            _ if self.measures(norm, shape) => Statistics::PerImage,
            _ => {
                return Err("its statistics are neither constants nor those of the picture".into());
            }
        };
        let gamma = self.expect_constant(&norm.gamma)?;
        let beta = self.expect_constant(&norm.beta)?;
        let step = Operation::Norm {
            input,
            statistics,
            scale: self.unless_uniform(gamma, 1.0, &channels),
            shift: self.unless_uniform(beta, 0.0, &channels),
            epsilon: number(norm.epsilon),
        };
        Ok(Lowered::Value(self.draft.step(step, shape)))
    }

    /// A weight, but for one that is known to do nothing.
    fn unless_uniform(
        &mut self,
        constant: ExpressionId,
        neutral: f32,
        shape: &[usize],
    ) -> Option<WeightId> {
        match self.draft.expressions.uniform(constant) {
            Some(value) if value == neutral => None,
            _ => Some(self.draft.weight(constant, shape)),
        }
    }

    /// Whether mean and variance are those of each channel of what is normalised.
    fn measures(&self, norm: &BatchNormOpIr, shape: Shape) -> bool {
        let x = self.through_shapes(&norm.x);
        let Some(mean) = self.mean_of_channels(&norm.mean, shape) else {
            return false;
        };
        let Some(variance) = self.mean_of_channels(&norm.variance, shape) else {
            return false;
        };
        // The square of what is left of x without its mean.
        let Some(NumericOperationIr::Mul(square)) = self.numeric_maker(variance) else {
            return false;
        };
        let Some(NumericOperationIr::Sub(centred)) = self.numeric_maker(&square.lhs) else {
            return false;
        };
        let mean_again = self.mean_of_channels(&centred.rhs, shape);
        square.lhs.id == square.rhs.id
            && mean.id == x.id
            && self.through_shapes(&centred.lhs).id == x.id
            && mean_again.is_some_and(|again| again.id == x.id)
    }

    /// What the mean over all pixels of each channel is taken of.
    fn mean_of_channels<'b>(&'b self, tensor: &'b TensorIr, shape: Shape) -> Option<&'b TensorIr> {
        let tensor = self.through_shapes(tensor);
        let NumericOperationIr::MeanDim(mean) = self.numeric_maker(tensor)? else {
            return None;
        };
        let of = self.through_shapes(&mean.input);
        // [channels, pixels] to [channels, 1]
        let flat = axes(&mean.input) == [shape.channels, shape.pixels()];
        (flat && mean.axis == 1).then_some(of)
    }

    /// What a tensor was before its axes were changed: the order of its numbers is the same, because a
    /// batch has one picture.
    fn through_shapes<'b>(&'b self, mut tensor: &'b TensorIr) -> &'b TensorIr {
        loop {
            let maker = self.makers.get(&tensor.id).copied();
            tensor = match maker.and_then(Self::base) {
                Some(BaseOperationIr::Reshape(reshape)) => &reshape.input,
                Some(BaseOperationIr::SwapDims(swap))
                    if swap.dim1.abs_diff(swap.dim2) == 1
                        && (swap.input.shape[swap.dim1] == 1
                            || swap.input.shape[swap.dim2] == 1) =>
                {
                    &swap.input
                }
                _ => return tensor,
            };
        }
    }

    fn numeric_maker(&self, tensor: &TensorIr) -> Option<&NumericOperationIr> {
        self.makers.get(&tensor.id).copied().and_then(Self::numeric)
    }

    /// `x / sqrt(mean(x²) + epsilon)`, the mean over channels.
    fn pixel_norm(&mut self, division: &BinaryOpIr) -> Option<Outcome> {
        let input = self.value_of(&division.lhs)?;
        let root = self.makers.get(&division.rhs.id).copied()?;
        let OperationIr::Float(_, FloatOperationIr::Sqrt(root)) = root else {
            return None;
        };
        let NumericOperationIr::AddScalar(sum) = self.numeric_maker(&root.input)? else {
            return None;
        };
        let NumericOperationIr::MeanDim(ReduceDimOpIr {
            input: square,
            axis: 1,
            ..
        }) = self.numeric_maker(&sum.lhs)?
        else {
            return None;
        };
        let squared = match self.makers.get(&square.id).copied()? {
            OperationIr::NumericFloat(_, NumericOperationIr::Mul(product))
                if product.lhs.id == product.rhs.id =>
            {
                &product.lhs
            }
            OperationIr::NumericFloat(_, NumericOperationIr::PowiScalar(power))
            | OperationIr::Float(_, FloatOperationIr::PowfScalar(power))
                if number(power.rhs) == 2.0 =>
            {
                &power.lhs
            }
            _ => return None,
        };
        if squared.id != division.lhs.id {
            return None;
        }
        let step = Operation::PixelNorm {
            input,
            epsilon: number(sum.rhs),
        };
        let shape = self.draft.shape(input);
        Some(Ok(Lowered::Value(self.draft.step(step, shape))))
    }
}
