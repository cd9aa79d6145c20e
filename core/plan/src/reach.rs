//! How far the input reaches: which pixels of it one pixel of the output depends on.
//!
//! What a tile needs around it to become what it becomes in the whole picture: a generator may be run on
//! parts of a picture if it only looks so far, and if no step looks at the picture as a whole.

use std::fmt;

use crate::{Operand, Operation, PadMode, Plan, Shape, Statistics, ValueId};

/// What a tile needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Pixels of the input around those of the output, on every side.
    pub pixels: usize,
    /// Tiles must begin at multiples of that, so that strides fall as in the whole picture.
    pub alignment: usize,
}

/// Why a picture cannot be made in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// A norm measures mean and variance of the whole picture.
    Statistics,
    /// A constant of the picture's size, such as a dropout mask.
    Constant,
    /// Every number depends on every number.
    Linear,
    /// Sides change by what is no whole factor.
    Sides,
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Statistics => "its norms measure mean and variance of the whole picture",
            Self::Constant => "it has a constant of the picture's size, as dropout masks are",
            Self::Linear => "a layer of it connects every pixel with every other",
            Self::Sides => "its layers change the size of a picture by what is no whole factor",
        })
    }
}

/// A value along one axis: `border` pixels, `core` pixels that lie over the input's, `border` pixels.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    before: usize,
    core: usize,
}

/// Pixels that are needed on both sides of an aligned part of a value.
#[derive(Debug, Clone, Copy, Default)]
struct Need {
    before: usize,
    after: usize,
}

impl Need {
    fn and(self, other: Self) -> Self {
        Self {
            before: self.before.max(other.before),
            after: self.after.max(other.after),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Axis {
    Rows,
    Columns,
}

impl Axis {
    fn of(self, pair: [usize; 2]) -> usize {
        match self {
            Self::Rows => pair[0],
            Self::Columns => pair[1],
        }
    }

    fn side(self, shape: Shape) -> usize {
        self.of([shape.height, shape.width])
    }
}

/// What tiles of a plan need; an upper bound.
///
/// # Errors
///
/// Why there can be no tiles.
pub fn reach(plan: &Plan) -> Result<Reach, Whole> {
    let rows = along(plan, Axis::Rows)?;
    let columns = along(plan, Axis::Columns)?;
    Ok(Reach {
        pixels: rows.pixels.max(columns.pixels),
        alignment: common_multiple(rows.alignment, columns.alignment),
    })
}

fn common_multiple(a: usize, b: usize) -> usize {
    let divisor = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a.max(1)
    };
    a / divisor(a, b) * b
}

fn along(plan: &Plan, axis: Axis) -> Result<Reach, Whole> {
    let lines = lines(plan, axis)?;
    let needs = needs(plan, axis, &lines)?;
    let whole = plan.outputs.iter().map(|value| lines[value.0].core);
    let whole = whole.max().unwrap_or(1);
    // Every value is the whole picture made smaller or larger by a whole factor.
    let mut alignment = 1;
    for line in lines.iter().filter(|line| line.core > 0) {
        if whole % line.core == 0 {
            alignment = common_multiple(alignment, whole / line.core);
        } else if line.core % whole != 0 {
            return Err(Whole::Sides);
        }
    }
    let inputs = plan.inputs.iter().map(|input| needs[input.value.0]);
    let pixels = inputs.map(|need| need.before.max(need.after)).max();
    Ok(Reach {
        pixels: pixels.unwrap_or(0),
        alignment,
    })
}

/// How values lie over the input.
fn lines(plan: &Plan, axis: Axis) -> Result<Vec<Line>, Whole> {
    let mut lines = vec![Line::default(); plan.values.len()];
    for input in &plan.inputs {
        lines[input.value.0].core = axis.side(plan.shape(input.value));
    }
    for step in &plan.steps {
        let size = axis.side(plan.shape(step.output));
        let first = step.operation.inputs().first().copied();
        let from = first.map_or(Line::default(), |ValueId(value)| lines[value]);
        let line = match &step.operation {
            Operation::Pad { sides, .. } => Line {
                before: from.before + axis.of([sides.top, sides.left]),
                core: from.core,
            },
            Operation::Slice { start, .. } => {
                let start = axis.of([start[1], start[2]]);
                let before = from.before.checked_sub(start).ok_or(Whole::Sides)?;
                Line {
                    before,
                    core: from.core,
                }
            }
            Operation::Conv2d { stride, .. } | Operation::AvgPool2d { stride, .. } => {
                let stride = axis.of(*stride);
                exactly(from.core, stride, size)?
            }
            Operation::ConvTranspose2d { .. } | Operation::Resize { .. } => {
                if from.before > 0 {
                    return Err(Whole::Sides);
                }
                Line {
                    before: 0,
                    core: size,
                }
            }
            Operation::Linear { .. } | Operation::Reshape { .. } => return Err(Whole::Linear),
            _ => from,
        };
        if line.core == 0 || size < line.before + line.core {
            return Err(Whole::Sides);
        }
        lines[step.output.0] = line;
    }
    Ok(lines)
}

/// What a window of that stride leaves of a side, all borders used up.
fn exactly(core: usize, stride: usize, size: usize) -> Result<Line, Whole> {
    match core.is_multiple_of(stride) && core / stride == size {
        true => Ok(Line {
            before: 0,
            core: size,
        }),
        false => Err(Whole::Sides),
    }
}

/// What is needed of every value, from the output back.
fn needs(plan: &Plan, axis: Axis, lines: &[Line]) -> Result<Vec<Need>, Whole> {
    let mut needs: Vec<Need> = vec![Need::default(); plan.values.len()];
    for step in plan.steps.iter().rev() {
        let out = needs[step.output.0];
        let size = axis.side(plan.shape(step.output));
        let need = match &step.operation {
            Operation::Conv2d {
                input,
                weight,
                stride,
                padding,
                ..
            } => {
                let kernel = kernel(plan, *weight, axis);
                let padding = axis.of([padding.top, padding.left]) + lines[input.0].before;
                window(out, kernel, axis.of(*stride), padding)
            }
            Operation::AvgPool2d {
                input,
                kernel,
                stride,
                padding,
                ..
            } => {
                let padding = axis.of(*padding) + lines[input.0].before;
                window(out, axis.of(*kernel), axis.of(*stride), padding)
            }
            Operation::ConvTranspose2d {
                weight,
                stride,
                padding,
                ..
            } => {
                let kernel = kernel(plan, *weight, axis);
                spread(out, kernel, axis.of(*stride), axis.of(*padding))
            }
            Operation::Resize {
                input,
                rows,
                columns,
            } => {
                let places = match axis {
                    Axis::Rows => rows,
                    Axis::Columns => columns,
                };
                resized(out, lines[input.0].core, size, places)?
            }
            Operation::Norm {
                statistics: Statistics::PerImage,
                ..
            } => return Err(Whole::Statistics),
            Operation::Add {
                right: Operand::Weight(weight),
                ..
            }
            | Operation::Mul {
                right: Operand::Weight(weight),
                ..
            } => {
                let shape = &plan.weight(*weight).shape;
                let planes = shape.get(shape.len().saturating_sub(2)..).unwrap_or(&[]);
                if planes.iter().any(|&side| side != 1) {
                    return Err(Whole::Constant);
                }
                out
            }
            // A mirrored border reads what lies as far inside; that of a tile's cut is not used.
            Operation::Pad {
                mode: PadMode::Zero | PadMode::Reflect | PadMode::Edge,
                ..
            } => out,
            _ => out,
        };
        for ValueId(input) in step.operation.inputs() {
            needs[input] = needs[input].and(need);
        }
    }
    Ok(needs)
}

fn kernel(plan: &Plan, weight: crate::WeightId, axis: Axis) -> usize {
    let shape = &plan.weight(weight).shape;
    match shape[..] {
        [.., height, width] => axis.of([height, width]),
        _ => 1,
    }
}

/// Output pixel `i` reads from `i * stride - padding` on.
fn window(out: Need, kernel: usize, stride: usize, padding: usize) -> Need {
    Need {
        before: out.before * stride + padding,
        after: (out.after * stride + kernel).saturating_sub(padding + stride),
    }
}

/// Input pixel `i` is added from output pixel `i * stride - padding` on.
fn spread(out: Need, kernel: usize, stride: usize, padding: usize) -> Need {
    Need {
        before: (out.before + kernel).saturating_sub(1 + padding) / stride,
        after: (out.after + padding).div_ceil(stride),
    }
}

/// Rows that are repeated or left out, a whole number of them.
fn resized(out: Need, from: usize, to: usize, places: &[usize]) -> Result<Need, Whole> {
    let follows = |place: &dyn Fn(usize) -> (usize, usize)| {
        let mut places = places.iter().enumerate();
        places.all(|(index, &found)| {
            let (low, high) = place(index);
            (low..high).contains(&found)
        })
    };
    if to.is_multiple_of(from) && follows(&|index| (index / (to / from), index / (to / from) + 1)) {
        let factor = to / from;
        Ok(Need {
            before: out.before.div_ceil(factor),
            after: out.after.div_ceil(factor),
        })
    } else if from.is_multiple_of(to)
        && follows(&|index| (index * (from / to), (index + 1) * (from / to)))
    {
        let factor = from / to;
        Ok(Need {
            before: out.before * factor,
            after: out.after * factor,
        })
    } else {
        Err(Whole::Sides)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_their_transposes_need_what_they_read() {
        let none = Need::default();
        let told = |need: Need| [need.before, need.after];
        // Three by three: one pixel around.
        assert_eq!(told(window(none, 3, 1, 1)), [1, 1]);
        // Four by four, every second: pixels -1 to 2 for pixel 0, of which 0 and 1 are its own.
        assert_eq!(told(window(none, 4, 2, 1)), [1, 1]);
        let two = Need {
            before: 2,
            after: 1,
        };
        assert_eq!(told(window(two, 4, 2, 1)), [5, 3]);
        // Output pixel 0 of a doubling by four taps is made of input pixels -1 and 0.
        assert_eq!(told(spread(none, 4, 2, 1)), [1, 1]);
        assert_eq!(told(spread(none, 3, 2, 1)), [0, 1]);
        assert_eq!(told(spread(two, 4, 2, 1)), [2, 1]);
    }

    #[test]
    fn only_whole_factors_are_followed() {
        let out = Need {
            before: 3,
            after: 2,
        };
        let told = |from, to, places: &[usize]| {
            resized(out, from, to, places).map(|need| [need.before, need.after])
        };
        assert_eq!(told(2, 4, &[0, 0, 1, 1]), Ok([2, 1]));
        assert_eq!(told(4, 2, &[0, 2]), Ok([6, 4]));
        assert_eq!(told(4, 2, &[1, 3]), Ok([6, 4]));
        assert_eq!(told(3, 2, &[0, 1]), Err(Whole::Sides));
        assert_eq!(told(2, 4, &[0, 1, 0, 1]), Err(Whole::Sides));
    }
}
