//! Weights in the order in which kernels read them: from a plan's constants, one at a time.

use underpaint_plan::{Plan, Tensor, WeightId, WeightSource};

use crate::program::{Codes, Lanes, Packing};
use crate::{Error, Result};

/// What a [`Packing`] becomes: rows of as many numbers as the output has lanes, and what is added.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed {
    /// For each phase `[rows, columns]`, rows first; one for what has no phases.
    pub matrices: Vec<Vec<f32>>,
    /// Numbers in each row.
    pub columns: usize,
    /// `[columns]`; empty for vectors and planes.
    pub bias: Vec<f32>,
}

/// Makes the numbers of a packing.
///
/// # Errors
///
/// [`Error::Plan`] if a tensor is missing or of another shape.
pub fn pack(packing: &Packing, plan: &Plan, source: &dyn WeightSource) -> Result<Packed> {
    let read = |weight: WeightId| plan.evaluate(weight, source).map_err(Error::from);
    match packing {
        Packing::Kernel {
            parts,
            transposed,
            input,
            phases,
        } => kernel(parts, *transposed, input, phases, &read),
        Packing::LabelKernel { parts, codes } => label_kernel(parts, *codes, &read),
        Packing::Matrix {
            weight,
            bias,
            input: (input, lanes),
            output,
        } => {
            let weight = read(*weight)?;
            let rows = places(lanes, input.pixels());
            let columns = places(&Lanes::of(output.channels), output.pixels());
            let mut matrix = Vec::with_capacity(rows.len() * columns.len());
            for row in &rows {
                let at = |column: &Option<usize>| match (row, column) {
                    (Some(row), Some(column)) => weight.values[column * input.len() + row],
                    _ => 0.0,
                };
                matrix.extend(columns.iter().map(at));
            }
            let bias = bias.map(read).transpose()?;
            let add = |column: &Option<usize>| match (&bias, column) {
                (Some(bias), Some(column)) => bias.values[*column],
                _ => 0.0,
            };
            Ok(Packed {
                matrices: vec![matrix],
                columns: columns.len(),
                bias: columns.iter().map(add).collect(),
            })
        }
        Packing::Affine {
            scale,
            shift,
            running,
            lanes,
        } => {
            let channels = lanes.channels();
            let scale = scale.map(read).transpose()?;
            let shift = shift.map(read).transpose()?;
            let running = match running {
                Some((mean, variance, epsilon)) => {
                    Some((read(*mean)?.values, read(*variance)?.values, *epsilon))
                }
                None => None,
            };
            let number = |tensor: &Option<Tensor>, channel: usize, otherwise: f32| {
                // A tensor of one number is the same for all channels.
                let of = |tensor: &Tensor| tensor.values[channel % tensor.values.len().max(1)];
                tensor.as_ref().map_or(otherwise, of)
            };
            let pairs = channels.iter().map(|channel| {
                let Some(channel) = *channel else {
                    return (0.0, 0.0);
                };
                let factor = number(&scale, channel, 1.0);
                let summand = number(&shift, channel, 0.0);
                match &running {
                    None => (factor, summand),
                    Some((mean, variance, epsilon)) => {
                        let factor = factor / (variance[channel] + epsilon).sqrt();
                        (factor, summand - mean[channel] * factor)
                    }
                }
            });
            let (mut factors, summands): (Vec<f32>, Vec<f32>) = pairs.unzip();
            factors.extend(summands);
            Ok(Packed {
                columns: factors.len(),
                matrices: vec![factors],
                bias: Vec::new(),
            })
        }
        Packing::Plane { weight, shape } => {
            let weight = read(*weight)?;
            let axes = axes_of(&weight)?;
            let lanes = Lanes::of(shape.channels).channels();
            let mut plane = Vec::with_capacity(shape.pixels() * lanes.len());
            for y in 0..shape.height {
                for x in 0..shape.width {
                    let value = |channel: &Option<usize>| {
                        channel.map_or(0.0, |channel| {
                            let place = [channel, y, x];
                            let mut at = 0;
                            for axis in 0..3 {
                                at = at * axes[axis] + place[axis].min(axes[axis] - 1);
                            }
                            weight.values[at]
                        })
                    };
                    plane.extend(lanes.iter().map(value));
                }
            }
            Ok(Packed {
                matrices: vec![plane],
                columns: lanes.len(),
                bias: Vec::new(),
            })
        }
    }
}

fn axes_of(weight: &Tensor) -> Result<[usize; 3]> {
    <[usize; 3]>::try_from(weight.shape.as_slice()).map_err(|_| {
        let found = &weight.shape;
        let message = format!("expected a constant [channels, height, width], found {found:?}");
        underpaint_plan::Error::Invalid(message).into()
    })
}

/// For each number of a view without a border the place of it in `[channels, height, width]`.
fn places(lanes: &Lanes, pixels: usize) -> Vec<Option<usize>> {
    let lanes = lanes.channels();
    let pixel = |pixel| {
        lanes
            .iter()
            .map(move |lane| lane.map(|channel| channel * pixels + pixel))
    };
    (0..pixels).flat_map(pixel).collect()
}

type Parts = [(WeightId, Option<WeightId>)];

/// Weights and biases of the parts, and the lanes of all their outputs.
fn read_parts(
    parts: &Parts,
    output_axis: usize,
    read: &dyn Fn(WeightId) -> Result<Tensor>,
) -> Result<(Vec<Tensor>, Vec<f32>, Lanes)> {
    let mut weights = Vec::new();
    let mut lanes = Lanes { parts: Vec::new() };
    let mut biases = Vec::new();
    for &(weight, bias) in parts {
        let weight = read(weight)?;
        let channels = weight.shape[output_axis];
        lanes.parts.push(channels);
        let mut bias = match bias {
            Some(bias) => read(bias)?.values,
            None => vec![0.0; channels],
        };
        bias.resize(channels.next_multiple_of(4), 0.0);
        biases.extend(bias);
        weights.push(weight);
    }
    Ok((weights, biases, lanes))
}

fn kernel(
    parts: &Parts,
    transposed: bool,
    input: &Lanes,
    phases: &[[Vec<usize>; 2]],
    read: &dyn Fn(WeightId) -> Result<Tensor>,
) -> Result<Packed> {
    let (weights, bias, output) = read_parts(parts, usize::from(transposed), read)?;
    let columns = output.len();
    let lanes = input.channels();
    let mut matrices = Vec::with_capacity(phases.len());
    for [rows, kernel_columns] in phases {
        let taps = rows.len() * kernel_columns.len();
        let mut matrix = vec![0.0; taps * lanes.len() * columns];
        let mut first = 0;
        for weight in &weights {
            let [a, b, height, width] = four(weight)?;
            let (outputs, inputs) = if transposed { (b, a) } else { (a, b) };
            let mut row = 0;
            for &y in rows {
                for &x in kernel_columns {
                    for lane in &lanes {
                        if let Some(channel) = *lane {
                            let target = &mut matrix[row * columns + first..][..outputs];
                            for (out, number) in target.iter_mut().enumerate() {
                                let pair = if transposed {
                                    channel * outputs + out
                                } else {
                                    out * inputs + channel
                                };
                                *number = weight.values[(pair * height + y) * width + x];
                            }
                        }
                        row += 1;
                    }
                }
            }
            first += outputs.next_multiple_of(4);
        }
        matrices.push(matrix);
    }
    Ok(Packed {
        matrices,
        columns,
        bias,
    })
}

fn label_kernel(
    parts: &Parts,
    codes: Codes,
    read: &dyn Fn(WeightId) -> Result<Tensor>,
) -> Result<Packed> {
    let (weights, bias, output) = read_parts(parts, 0, read)?;
    let columns = output.len();
    let [_, _, height, width] = weights.first().map_or(Ok([0; 4]), four)?;
    let mut matrix = vec![0.0; height * width * codes.count() * columns];
    let mut first = 0;
    for weight in &weights {
        let [outputs, inputs, height, width] = four(weight)?;
        for tap in 0..height * width {
            for code in 0..codes.count() {
                let row = (tap * codes.count() + code) * columns;
                let target = &mut matrix[row + first..][..outputs];
                let class = code % (codes.classes + 1);
                let switch = code / (codes.classes + 1);
                for (out, number) in target.iter_mut().enumerate() {
                    let of =
                        |channel| weight.values[(out * inputs + channel) * height * width + tap];
                    let class = if class < codes.classes {
                        of(class)
                    } else {
                        0.0
                    };
                    *number = class + if switch == 1 { of(codes.classes) } else { 0.0 };
                }
            }
        }
        first += outputs.next_multiple_of(4);
    }
    Ok(Packed {
        matrices: vec![matrix],
        columns,
        bias,
    })
}

fn four(weight: &Tensor) -> Result<[usize; 4]> {
    <[usize; 4]>::try_from(weight.shape.as_slice()).map_err(|_| {
        let found = &weight.shape;
        let message = format!("expected a kernel of four axes, found {found:?}");
        underpaint_plan::Error::Invalid(message).into()
    })
}
