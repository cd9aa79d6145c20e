//! Convolutions, pools and linear layers.

use burn::backend::ir::{
    AvgPool2dOpIr, Conv2dOpIr, ConvTranspose2dOpIr, ModuleOperationIr, TensorIr,
};
use underpaint_plan::{Operation, Shape, Sides, WeightId};

use super::{Lowered, Lowering, Outcome, axes, planes};

impl Lowering<'_> {
    /// An operation with weights, or one on windows of pixels.
    pub fn layer(&mut self, operation: &ModuleOperationIr) -> Outcome {
        match operation {
            ModuleOperationIr::Conv2d(op) => self.convolution(op),
            ModuleOperationIr::ConvTranspose2d(op) => self.transposed_convolution(op),
            ModuleOperationIr::AvgPool2d(op) => self.average(op),
            ModuleOperationIr::Interpolate(op) => self.interpolate(op),
            ModuleOperationIr::Linear(op) => {
                self.linear(&op.x, &op.weight, op.bias.as_ref(), &op.out)
            }
            _ => Err(String::new()),
        }
    }

    fn parameter(&mut self, tensor: &TensorIr) -> Result<WeightId, String> {
        let constant = self.expect_constant(tensor)?;
        Ok(self.draft.weight(constant, &axes(tensor)))
    }

    /// A bias, but for one of zeros.
    fn bias(&mut self, tensor: Option<&TensorIr>) -> Result<Option<WeightId>, String> {
        let Some(tensor) = tensor else {
            return Ok(None);
        };
        let constant = self.expect_constant(tensor)?;
        Ok(match self.draft.expressions.uniform(constant) {
            Some(0.0) => None,
            _ => Some(self.draft.weight(constant, &axes(tensor))),
        })
    }

    fn convolution(&mut self, op: &Conv2dOpIr) -> Outcome {
        let options = &op.options;
        if options.dilation != [1, 1] || options.groups != 1 {
            return Err("dilated or in groups".into());
        }
        let [(top, bottom), (left, right)] = options.padding;
        let step = Operation::Conv2d {
            input: self.expect_value(&op.x)?,
            weight: self.parameter(&op.weight)?,
            bias: self.bias(op.bias.as_ref())?,
            stride: options.stride,
            padding: Sides {
                top,
                bottom,
                left,
                right,
            },
        };
        self.push(step, &op.out)
    }

    fn transposed_convolution(&mut self, op: &ConvTranspose2dOpIr) -> Outcome {
        let options = &op.options;
        if options.dilation != [1, 1] || options.groups != 1 {
            return Err("dilated or in groups".into());
        }
        let step = Operation::ConvTranspose2d {
            input: self.expect_value(&op.x)?,
            weight: self.parameter(&op.weight)?,
            bias: self.bias(op.bias.as_ref())?,
            stride: options.stride,
            padding: options.padding,
            output_padding: options.padding_out,
        };
        self.push(step, &op.out)
    }

    fn average(&mut self, op: &AvgPool2dOpIr) -> Outcome {
        if op.ceil_mode {
            return Err("counts windows that are not whole".into());
        }
        let step = Operation::AvgPool2d {
            input: self.expect_value(&op.x)?,
            kernel: op.kernel_size,
            stride: op.stride,
            padding: op.padding,
            count_include_pad: op.count_include_pad,
        };
        self.push(step, &op.out)
    }

    /// One row of numbers times a constant matrix `[numbers in, numbers out]`.
    pub fn linear(
        &mut self,
        row: &TensorIr,
        matrix: &TensorIr,
        bias: Option<&TensorIr>,
        out: &TensorIr,
    ) -> Outcome {
        let input = self.expect_value(row)?;
        let constant = self.expect_constant(matrix)?;
        let [outer @ .., rows, columns] = matrix.shape.as_slice() else {
            return Err(String::new());
        };
        if outer.iter().any(|&n| n != 1) || axes(row).iter().product::<usize>() != *rows {
            return Err("more than one row, or more than one matrix".into());
        }
        let expressions = &mut self.draft.expressions;
        let constant = expressions.reshape(constant, &[*rows, *columns]);
        let transposed = expressions.permute(constant, &[1, 0]);
        let step = Operation::Linear {
            input,
            weight: self.draft.weight(transposed, &[*columns, *rows]),
            bias: self.bias(bias)?,
        };
        let shape = planes(&out.shape).unwrap_or(Shape::new(*columns, 1, 1));
        Ok(Lowered::Value(self.draft.step(step, shape)))
    }
}
