//! Label maps, which a convolution can read as they are.

use underpaint_plan::{Operation as Step, Plan, ValueId};

use super::Scheduler;
use super::gather::bordered;
use crate::program::{Codes, Gather};

/// How an input is read, if it is a label map and nothing more than a switch lies behind it.
pub(super) fn codes(plan: &Plan, input: &underpaint_plan::Input) -> Option<Codes> {
    let behind = plan
        .shape(input.value)
        .channels
        .checked_sub(input.one_hot)?;
    (input.one_hot > 0 && behind <= 1).then_some(Codes {
        classes: input.one_hot,
        switch: behind == 1,
    })
}

/// A label map that a value is, pixel by pixel.
#[derive(Debug, Clone)]
pub(super) struct LabelSource {
    pub input: usize,
    pub codes: Codes,
    pub gather: Gather,
}

impl Scheduler<'_> {
    /// The label map that a value is, if only whole pixels were moved on the way to it.
    pub(super) fn label_source(&self, value: ValueId) -> Option<LabelSource> {
        let shape = self.plan.shape(value);
        let Some(step) = self.step(value) else {
            let is_it = |input: &underpaint_plan::Input| input.value == value;
            let input = self.plan.inputs.iter().position(is_it)?;
            return Some(LabelSource {
                input,
                codes: self.program.inputs[input].codes?,
                gather: Gather::identity(shape.height, shape.width),
            });
        };
        let (input, moved) = moved(step, [shape.height, shape.width], self.plan)?;
        if self.plan.shape(input).channels != shape.channels {
            return None;
        }
        let inner = self.label_source(input)?;
        Some(LabelSource {
            gather: inner.gather.after(&moved),
            ..inner
        })
    }
}

/// What a step reads and which pixel of it goes where, if moving pixels is all that it does.
pub(super) fn moved(
    step: &Step,
    [height, width]: [usize; 2],
    plan: &Plan,
) -> Option<(ValueId, Gather)> {
    let range = |start: usize, length: usize| (start as u32..(start + length) as u32).collect();
    let indices = |indices: &[usize]| indices.iter().map(|&index| index as u32).collect();
    let (input, rows, columns) = match step {
        Step::Pad { input, mode, sides } => {
            let shape = plan.shape(*input);
            (
                *input,
                bordered(shape.height, sides.top, sides.bottom, *mode),
                bordered(shape.width, sides.left, sides.right, *mode),
            )
        }
        Step::Slice { input, start } => (*input, range(start[1], height), range(start[2], width)),
        Step::Resize {
            input,
            rows,
            columns,
        } => (*input, indices(rows), indices(columns)),
        _ => return None,
    };
    Some((input, Gather { rows, columns }))
}
