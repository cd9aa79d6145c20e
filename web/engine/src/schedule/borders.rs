//! How far convolutions reach across the edge of what they read.

use underpaint_plan::{Operation as Step, PadMode, Sides, ValueId};

use super::Scheduler;
use crate::program::Phase;

/// The border that the planes of a value should have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub mode: PadMode,
    pub sides: Sides,
}

/// What a convolution reads: the inside, and the border around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub value: ValueId,
    pub mode: PadMode,
    pub sides: Sides,
}

/// What each value should have, so that it is written once as most convolutions read it.
pub(super) fn wanted(scheduler: &Scheduler<'_>) -> Vec<Option<Wanted>> {
    let mut wanted: Vec<Option<Wanted>> = vec![None; scheduler.plan.values.len()];
    for step in &scheduler.plan.steps {
        let Some(reach) = scheduler.reach(&step.operation) else {
            continue;
        };
        if reach.sides == Sides::default() {
            continue;
        }
        let entry = wanted[reach.value.0].get_or_insert(Wanted {
            mode: reach.mode,
            sides: reach.sides,
        });
        if entry.mode == reach.mode {
            entry.sides = larger(entry.sides, reach.sides);
        }
    }
    wanted
}

pub(super) fn larger(a: Sides, b: Sides) -> Sides {
    Sides {
        top: a.top.max(b.top),
        bottom: a.bottom.max(b.bottom),
        left: a.left.max(b.left),
        right: a.right.max(b.right),
    }
}

pub(super) fn holds(border: Sides, needed: Sides) -> bool {
    larger(border, needed) == border
}

impl Scheduler<'_> {
    /// What a convolution reads; none for other steps.
    pub(super) fn reach(&self, step: &Step) -> Option<Reach> {
        match step {
            Step::Conv2d { input, padding, .. } => Some(self.reach_through_pads(*input, *padding)),
            Step::ConvTranspose2d { input, .. } => {
                let shape = self.plan.shape(*input);
                let sides = [shape.height, shape.width];
                let phases = self.transposed_axes(step)?;
                let axes = [0, 1].map(|axis| {
                    let phases = &phases[axis];
                    let start = phases.iter().map(|phase| phase.start).min().unwrap_or(0);
                    let ends = phases
                        .iter()
                        .map(|phase| phase.start + (phase.size + phase.taps.len()) as isize - 1);
                    let beyond = ends.max().unwrap_or(0) - sides[axis] as isize;
                    (start.min(0).unsigned_abs(), beyond.max(0).unsigned_abs())
                });
                Some(Reach {
                    value: *input,
                    mode: PadMode::Zero,
                    sides: Sides {
                        top: axes[0].0,
                        bottom: axes[0].1,
                        left: axes[1].0,
                        right: axes[1].1,
                    },
                })
            }
            _ => None,
        }
    }

    /// The phases of a transposed convolution along rows and columns; none for other steps.
    pub(super) fn transposed_axes(&self, step: &Step) -> Option<[Vec<AxisPhase>; 2]> {
        let Step::ConvTranspose2d {
            input,
            weight,
            stride,
            padding,
            output_padding,
            ..
        } = step
        else {
            return None;
        };
        let kernel = &self.plan.weight(*weight).shape[2..];
        let from = self.plan.shape(*input);
        let sides = [from.height, from.width];
        Some([0, 1].map(|axis| {
            let size = transposed_size(
                sides[axis],
                kernel[axis],
                stride[axis],
                padding[axis],
                output_padding[axis],
            );
            axis_phases(size, kernel[axis], stride[axis], padding[axis])
        }))
    }

    /// A border that was added in front of a convolution is the border of what it was added to.
    fn reach_through_pads(&self, value: ValueId, padding: Sides) -> Reach {
        let own = Reach {
            value,
            mode: PadMode::Zero,
            sides: padding,
        };
        let Some(Step::Pad { input, mode, sides }) = self.step(value) else {
            return own;
        };
        if padding == Sides::default() {
            return Reach {
                value: *input,
                mode: *mode,
                sides: *sides,
            };
        }
        if *mode != PadMode::Zero {
            return own;
        }
        Reach {
            value: *input,
            mode: PadMode::Zero,
            sides: Sides {
                top: sides.top + padding.top,
                bottom: sides.bottom + padding.bottom,
                left: sides.left + padding.left,
                right: sides.right + padding.right,
            },
        }
    }
}

/// Sides of what a transposed convolution gives; 0 where it gives nothing.
fn transposed_size(
    side: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    output_padding: usize,
) -> usize {
    (side.saturating_sub(1) * stride + kernel + output_padding).saturating_sub(2 * padding)
}

/// A phase along one axis.
pub(super) struct AxisPhase {
    /// Places in the kernel, in the order of the inputs that they meet.
    pub taps: Vec<usize>,
    /// The input that the first meets at the phase's first output.
    pub start: isize,
    /// First output.
    pub output: usize,
    /// How many outputs.
    pub size: usize,
}

/// Output `y` is made of inputs `i` with `y = stride * i - padding + place`: those `y` with the same
/// remainder by the stride use the same places.
fn axis_phases(outputs: usize, kernel: usize, stride: usize, padding: usize) -> Vec<AxisPhase> {
    let phase = |remainder: usize| {
        let shifted = remainder + padding;
        let taps: Vec<usize> = (shifted % stride..kernel).step_by(stride).rev().collect();
        AxisPhase {
            start: (shifted / stride) as isize - (taps.len() as isize - 1),
            taps,
            output: remainder,
            size: outputs.saturating_sub(remainder).div_ceil(stride),
        }
    };
    (0..stride.min(outputs)).map(phase).collect()
}

/// The phases of a transposed convolution.
pub(super) fn transposed_phases(rows: &[AxisPhase], columns: &[AxisPhase]) -> Vec<Phase> {
    let with_columns = |row| columns.iter().map(move |column| (row, column));
    let phase = |(row, column): (&AxisPhase, &AxisPhase)| {
        // A kernel smaller than its stride leaves outputs that no input reaches: their bias alone.
        let reached = !row.taps.is_empty() && !column.taps.is_empty();
        let start = [row.start, column.start];
        Phase {
            kernel_rows: row.taps.clone(),
            kernel_columns: column.taps.clone(),
            input_start: if reached { start } else { [0, 0] },
            output_start: [row.output, column.output],
            output_size: [row.size, column.size],
        }
    };
    rows.iter().flat_map(with_columns).map(phase).collect()
}
