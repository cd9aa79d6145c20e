//! The shape that each operation gives.

use super::{Checked, count};
use crate::{
    Activation, Operand, Operation, PadMode, Plan, Shape, Sides, Statistics, Step, WeightId,
};

/// A step's output has the shape that its operation gives, and its constants have theirs.
pub fn step(plan: &Plan, step: &Step) -> Checked {
    let found = plan.shape(step.output);
    let expected = shape_of(plan, &step.operation, found)?;
    match expected == found {
        true => Ok(()),
        false => Err(format!(
            "expected an output {}, found {}",
            text(expected),
            text(found)
        )),
    }
}

/// The output's shape; where the operation leaves it open, `found`, if that is possible.
fn shape_of(plan: &Plan, operation: &Operation, found: Shape) -> Checked<Shape> {
    let shape = |value: &crate::ValueId| plan.shape(*value);
    match operation {
        Operation::Conv2d {
            input,
            weight,
            bias,
            stride,
            padding,
        } => {
            let input = shape(input);
            let [out, height, width] = kernel(plan, *weight, input.channels, 1)?;
            optional(plan, *bias, out)?;
            let rows = sum(&[input.height, padding.top, padding.bottom])?;
            let columns = sum(&[input.width, padding.left, padding.right])?;
            Ok(Shape::new(
                out,
                windows(rows, height, stride[0])?,
                windows(columns, width, stride[1])?,
            ))
        }
        Operation::ConvTranspose2d {
            input,
            weight,
            bias,
            stride,
            padding,
            output_padding,
        } => {
            let input = shape(input);
            let [out, height, width] = kernel(plan, *weight, input.channels, 0)?;
            optional(plan, *bias, out)?;
            let side = |length, kernel, axis: usize| {
                spread(
                    length,
                    kernel,
                    stride[axis],
                    padding[axis],
                    output_padding[axis],
                )
            };
            Ok(Shape::new(
                out,
                side(input.height, height, 0)?,
                side(input.width, width, 1)?,
            ))
        }
        Operation::Linear {
            input,
            weight,
            bias,
        } => {
            let (numbers_in, numbers_out) = (count(shape(input))?, count(found)?);
            constant(plan, *weight, &[numbers_out, numbers_in])?;
            optional(plan, *bias, numbers_out)?;
            Ok(found)
        }
        Operation::AvgPool2d {
            input,
            kernel,
            stride,
            padding,
            ..
        } => {
            let input = shape(input);
            if (0..2).any(|axis| padding[axis] > kernel[axis] / 2) {
                return Err(format!(
                    "padding {padding:?} is more than half of kernel {kernel:?}"
                ));
            }
            let side = |length, axis: usize| {
                let padded = sum(&[length, padding[axis], padding[axis]])?;
                windows(padded, kernel[axis], stride[axis])
            };
            Ok(Shape::new(
                input.channels,
                side(input.height, 0)?,
                side(input.width, 1)?,
            ))
        }
        Operation::Norm {
            input,
            statistics,
            scale,
            shift,
            ..
        } => {
            let channels = shape(input).channels;
            if let Statistics::Running { mean, variance } = statistics {
                constant(plan, *mean, &[channels])?;
                constant(plan, *variance, &[channels])?;
            }
            optional(plan, *scale, channels)?;
            optional(plan, *shift, channels)?;
            Ok(shape(input))
        }
        Operation::Pad { input, mode, sides } => padded(shape(input), *mode, *sides),
        Operation::Slice { input, start } => {
            let input = shape(input);
            let fits = |start: usize, part: usize, whole| {
                sum(&[start, part]).is_ok_and(|end| end <= whole)
            };
            let inside = fits(start[0], found.channels, input.channels)
                && fits(start[1], found.height, input.height)
                && fits(start[2], found.width, input.width);
            match inside {
                true => Ok(found),
                false => Err(format!(
                    "{} from {start:?} on is not inside {}",
                    text(found),
                    text(input)
                )),
            }
        }
        Operation::Concat { inputs } => {
            let first = shape(inputs.first().ok_or("expected at least one input")?);
            let mut channels = 0;
            for other in inputs.iter().map(shape) {
                if (other.height, other.width) != (first.height, first.width) {
                    return Err(format!(
                        "{} and {} have other sides",
                        text(first),
                        text(other)
                    ));
                }
                channels = sum(&[channels, other.channels])?;
            }
            Ok(Shape { channels, ..first })
        }
        Operation::Resize {
            input,
            rows,
            columns,
        } => {
            let input = shape(input);
            let outside = |index: &&usize, length: usize| **index >= length;
            let row = rows.iter().find(|row| outside(row, input.height));
            let column = columns.iter().find(|column| outside(column, input.width));
            match row.or(column) {
                Some(index) => Err(format!(
                    "row or column {index} is not inside {}",
                    text(input)
                )),
                None => Ok(Shape::new(input.channels, rows.len(), columns.len())),
            }
        }
        Operation::Reshape { input } => match count(shape(input))? == count(found)? {
            true => Ok(found),
            false => Err(format!(
                "{} cannot become {}",
                text(shape(input)),
                text(found)
            )),
        },
        Operation::Add { left, right } | Operation::Mul { left, right } => {
            operand(plan, shape(left), right)?;
            Ok(shape(left))
        }
        Operation::Activation { input, function } => match function {
            Activation::LeakyRelu { slope } if !(0.0..=1.0).contains(slope) => {
                Err(format!("expected a slope in [0, 1], found {slope}"))
            }
            _ => Ok(shape(input)),
        },
        Operation::PixelNorm { input, .. } | Operation::Affine { input, .. } => Ok(shape(input)),
    }
}

/// As in a table.
fn text(shape: Shape) -> String {
    format!("{}x{}x{}", shape.channels, shape.height, shape.width)
}

fn sum(numbers: &[usize]) -> Checked<usize> {
    let sum = numbers
        .iter()
        .try_fold(0_usize, |sum, number| sum.checked_add(*number));
    sum.ok_or_else(|| format!("the sum of {numbers:?} is too large"))
}

/// How many windows fit.
fn windows(length: usize, kernel: usize, stride: usize) -> Checked<usize> {
    if stride == 0 || kernel == 0 {
        return Err(format!(
            "expected a kernel and a stride, found {kernel} and {stride}"
        ));
    }
    let room = length.checked_sub(kernel);
    let room = room.ok_or_else(|| format!("a kernel of {kernel} is larger than {length}"))?;
    Ok(room / stride + 1)
}

/// `(length - 1) * stride - 2 * padding + kernel + output_padding`.
fn spread(
    length: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    more: usize,
) -> Checked<usize> {
    if stride == 0 || more >= stride {
        return Err(format!(
            "expected an output padding below the stride, found {more} and {stride}"
        ));
    }
    let places = length
        .checked_sub(1)
        .and_then(|gaps| gaps.checked_mul(stride));
    let whole = places.and_then(|places| places.checked_add(kernel)?.checked_add(more));
    let cut = padding.checked_mul(2);
    let side = whole
        .zip(cut)
        .and_then(|(whole, cut)| whole.checked_sub(cut));
    side.ok_or_else(|| format!("a kernel of {kernel} with padding {padding} does not fit {length}"))
}

/// Output channels, height and width of a kernel whose input channels are on axis `input_axis`.
fn kernel(
    plan: &Plan,
    weight: WeightId,
    channels: usize,
    input_axis: usize,
) -> Checked<[usize; 3]> {
    let shape = constant_shape(plan, weight)?;
    match *shape {
        [.., height, width] if shape.len() == 4 && shape[input_axis] == channels => {
            Ok([shape[1 - input_axis], height, width])
        }
        _ => Err(format!(
            "expected a kernel of four axes with {channels} on axis {input_axis}, found {shape:?}"
        )),
    }
}

fn constant_shape(plan: &Plan, weight: WeightId) -> Checked<&[usize]> {
    let constant = plan.weights.get(weight.0);
    let constant = constant.ok_or_else(|| format!("there is no constant {}", weight.0))?;
    Ok(&constant.shape)
}

fn constant(plan: &Plan, weight: WeightId, expected: &[usize]) -> Checked {
    let found = constant_shape(plan, weight)?;
    match found == expected {
        true => Ok(()),
        false => Err(format!(
            "expected constant {} of {expected:?}, found {found:?}",
            weight.0
        )),
    }
}

fn optional(plan: &Plan, weight: Option<WeightId>, channels: usize) -> Checked {
    weight.map_or(Ok(()), |weight| constant(plan, weight, &[channels]))
}

fn padded(input: Shape, mode: PadMode, sides: Sides) -> Checked<Shape> {
    let largest = (sides.top.max(sides.bottom), sides.left.max(sides.right));
    if mode == PadMode::Reflect && (largest.0 >= input.height || largest.1 >= input.width) {
        return Err(format!("{} cannot be mirrored by {sides:?}", text(input)));
    }
    Ok(Shape::new(
        input.channels,
        sum(&[input.height, sides.top, sides.bottom])?,
        sum(&[input.width, sides.left, sides.right])?,
    ))
}

fn operand(plan: &Plan, left: Shape, right: &Operand) -> Checked {
    match right {
        Operand::Value(right) if plan.shape(*right) != left => Err(format!(
            "{} and {} are not of one shape",
            text(left),
            text(plan.shape(*right))
        )),
        Operand::Value(_) => Ok(()),
        Operand::Weight(weight) => {
            let found = constant_shape(plan, *weight)?;
            let left = [left.channels, left.height, left.width];
            let fits = |(found, left): (&usize, &usize)| *found == 1 || found == left;
            match found.len() == 3 && found.iter().zip(&left).all(fits) {
                true => Ok(()),
                false => Err(format!(
                    "expected a constant that repeats to {left:?}, found {found:?}"
                )),
            }
        }
    }
}
