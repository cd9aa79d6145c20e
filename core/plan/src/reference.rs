//! The plain interpreter: what a plan means, step by step, for other engines to be compared with.
//!
//! Sums are in double precision; values are rounded to `f32` between steps. It is exact before it is
//! fast.

mod convolution;
mod pointwise;
mod rearrange;
#[cfg(test)]
mod tests;

use crate::{
    Error, Operand, Operation, Plan, Result, Shape, Step, Tensor, ValueId, WeightId, WeightSource,
};

/// Runs a plan.
///
/// `inputs` are in the order of [`Plan::inputs`], each `[channels, height, width]`; so are the results,
/// in the order of [`Plan::outputs`].
///
/// # Errors
///
/// Those of [`Plan::check`] and [`Plan::evaluate`]; [`Error::Invalid`] if an input is missing or has
/// another shape than the plan wants.
pub fn run(plan: &Plan, weights: &dyn WeightSource, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    plan.check()?;
    let mut values = vec![None; plan.values.len()];
    for (value, numbers) in given(plan, inputs)? {
        values[value.0] = Some(numbers);
    }
    let last_uses = plan.last_uses();
    for (index, step) in plan.steps.iter().enumerate() {
        values[step.output.0] = Some(compute(plan, weights, &values, step)?);
        for value in step.operation.inputs().into_iter().chain([step.output]) {
            if last_uses[value.0].is_some_and(|last| last <= index) {
                values[value.0] = None;
            }
        }
    }
    let outputs = plan.outputs.iter().map(|value| {
        let shape = plan.shape(*value);
        let values = values[value.0].clone().ok_or_else(|| missing(*value))?;
        let shape = vec![shape.channels, shape.height, shape.width];
        Ok(Tensor { shape, values })
    });
    outputs.collect()
}

/// Numbers of the values that are given.
fn given(plan: &Plan, inputs: &[Tensor]) -> Result<Vec<(ValueId, Vec<f32>)>> {
    if inputs.len() != plan.inputs.len() {
        let (expected, found) = (plan.inputs.len(), inputs.len());
        return Err(Error::Invalid(format!(
            "expected {expected} inputs, found {found}"
        )));
    }
    let one = |(wanted, found): (&crate::Input, &Tensor)| {
        let shape = plan.shape(wanted.value);
        let expected = [shape.channels, shape.height, shape.width];
        if found.shape != expected || found.values.len() != shape.len() {
            return Err(Error::Invalid(format!(
                "input {}: expected {expected:?}, found {:?} with {} numbers",
                wanted.name,
                found.shape,
                found.values.len()
            )));
        }
        Ok((wanted.value, found.values.clone()))
    };
    plan.inputs.iter().zip(inputs).map(one).collect()
}

fn missing(value: ValueId) -> Error {
    Error::Invalid(format!("value {} is not there", value.0))
}

/// Numbers that a step reads, with their shape.
#[derive(Clone, Copy)]
struct View<'a> {
    shape: Shape,
    numbers: &'a [f32],
}

impl<'a> View<'a> {
    fn plane(self, channel: usize) -> &'a [f32] {
        &self.numbers[channel * self.shape.pixels()..][..self.shape.pixels()]
    }

    fn planes(self) -> std::slice::ChunksExact<'a, f32> {
        self.numbers.chunks_exact(self.shape.pixels())
    }
}

fn compute(
    plan: &Plan,
    source: &dyn WeightSource,
    values: &[Option<Vec<f32>>],
    step: &Step,
) -> Result<Vec<f32>> {
    let output = plan.shape(step.output);
    let view = |value: &ValueId| {
        let numbers = values[value.0].as_deref().ok_or_else(|| missing(*value))?;
        let shape = plan.shape(*value);
        Ok::<_, Error>(View { shape, numbers })
    };
    let constant = |weight: &WeightId| plan.evaluate(*weight, source);
    let optional = |weight: &Option<WeightId>| weight.as_ref().map(constant).transpose();
    let operand = |operand: &Operand| match operand {
        Operand::Value(value) => Ok(view(value)?.numbers.to_vec()),
        Operand::Weight(weight) => Ok::<_, Error>(pointwise::spread(&constant(weight)?, output)),
    };
    Ok(match &step.operation {
        Operation::Conv2d {
            input,
            weight,
            bias,
            stride,
            padding,
        } => {
            let bias = optional(bias)?;
            convolution::conv(
                view(input)?,
                &constant(weight)?,
                bias,
                *stride,
                *padding,
                output,
            )
        }
        Operation::ConvTranspose2d {
            input,
            weight,
            bias,
            stride,
            padding,
            ..
        } => {
            let bias = optional(bias)?;
            convolution::transposed(
                view(input)?,
                &constant(weight)?,
                bias,
                *stride,
                *padding,
                output,
            )
        }
        Operation::Linear {
            input,
            weight,
            bias,
        } => pointwise::linear(view(input)?.numbers, &constant(weight)?, optional(bias)?),
        Operation::AvgPool2d {
            input,
            kernel,
            stride,
            padding,
            count_include_pad,
        } => {
            let window = convolution::Window {
                kernel: *kernel,
                stride: *stride,
                padding: *padding,
            };
            convolution::average(view(input)?, &window, *count_include_pad, output)
        }
        Operation::Norm {
            input,
            statistics,
            scale,
            shift,
            epsilon,
        } => {
            let statistics = pointwise::statistics(view(input)?, statistics, constant)?;
            let (scale, shift) = (optional(scale)?, optional(shift)?);
            pointwise::norm(view(input)?, &statistics, scale, shift, *epsilon)
        }
        Operation::PixelNorm { input, epsilon } => pointwise::pixel_norm(view(input)?, *epsilon),
        Operation::Pad { input, mode, sides } => rearrange::pad(view(input)?, *mode, *sides),
        Operation::Slice { input, start } => rearrange::slice(view(input)?, *start, output),
        Operation::Concat { inputs } => {
            let parts: Result<Vec<_>> = inputs
                .iter()
                .map(|value| Ok(view(value)?.numbers))
                .collect();
            parts?.concat()
        }
        Operation::Resize {
            input,
            rows,
            columns,
        } => rearrange::resize(view(input)?, rows, columns),
        Operation::Reshape { input } => view(input)?.numbers.to_vec(),
        Operation::Add { left, right } => {
            pointwise::zip(view(left)?.numbers, &operand(right)?, |left, right| {
                left + right
            })
        }
        Operation::Mul { left, right } => {
            pointwise::zip(view(left)?.numbers, &operand(right)?, |left, right| {
                left * right
            })
        }
        Operation::Affine {
            input,
            scale,
            shift,
        } => {
            let numbers = view(input)?.numbers.iter();
            numbers.map(|number| number * scale + shift).collect()
        }
        Operation::Activation { input, function } => {
            let numbers = view(input)?.numbers.iter();
            numbers
                .map(|number| pointwise::activation(*function, *number))
                .collect()
        }
    })
}
