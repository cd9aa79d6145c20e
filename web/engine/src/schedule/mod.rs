//! From plan to program: what is fused, what lies where.
//!
//! Steps are taken up when something needs what they give, from the outputs backwards. Convolutions,
//! poolings and the like become operations; everything between them (norms, activations, sums,
//! borders, doublings, concatenations) is put off until a convolution wants to read it, and is then
//! done in one pass that writes the planes as that convolution reads them.

mod borders;
mod emit;
mod expression;
mod gather;
mod labels;
mod slots;

use std::collections::HashMap;

use underpaint_plan::{Operation as Step, PadMode, Plan, Sides, ValueId};

use crate::program::{
    BufferId, Input, LabelsId, Lanes, Operation, Output, PackId, Packing, Place, Program, View,
};
use crate::{Error, Result};
use borders::Wanted;

/// Turns a plan into a program.
///
/// # Errors
///
/// [`Error::Plan`] if the plan contradicts itself, or moves channels in a way that planes in groups of
/// four do not allow.
pub fn schedule(plan: &Plan) -> Result<Program> {
    plan.check()?;
    let mut scheduler = Scheduler::new(plan);
    for &value in &plan.outputs {
        let output = scheduler.output(value)?;
        scheduler.program.outputs.push(output);
    }
    let mut program = scheduler.program;
    slots::assign(&mut program);
    Ok(program)
}

/// Planes that hold a value.
#[derive(Debug, Clone)]
struct Placed {
    view: View,
    lanes: Lanes,
    /// What its border holds.
    mode: PadMode,
}

struct Scheduler<'a> {
    plan: &'a Plan,
    /// The step that makes each value; none for inputs.
    producers: Vec<Option<usize>>,
    /// How often each value is read.
    uses: Vec<usize>,
    wanted: Vec<Option<Wanted>>,
    placed: HashMap<ValueId, Placed>,
    /// Copies with a border of another kind.
    copies: HashMap<(ValueId, PadMode), Placed>,
    /// What matrices read, where functions come after a change of shape.
    flattened: HashMap<ValueId, Placed>,
    statistics: Vec<(Operation, BufferId)>,
    program: Program,
}

impl<'a> Scheduler<'a> {
    fn new(plan: &'a Plan) -> Self {
        let mut producers = vec![None; plan.values.len()];
        let mut uses = vec![0; plan.values.len()];
        for (index, step) in plan.steps.iter().enumerate() {
            producers[step.output.0] = Some(index);
            for input in step.operation.inputs() {
                uses[input.0] += 1;
            }
        }
        for output in &plan.outputs {
            uses[output.0] += 1;
        }
        let input = |input: &underpaint_plan::Input| Input {
            name: input.name.clone(),
            shape: plan.shape(input.value),
            view: None,
            codes: labels::codes(plan, input),
        };
        let program = Program {
            buffers: Vec::new(),
            slots: Vec::new(),
            slot_sizes: Vec::new(),
            packs: Vec::new(),
            labels: Vec::new(),
            inputs: plan.inputs.iter().map(input).collect(),
            operations: Vec::new(),
            outputs: Vec::new(),
        };
        let mut scheduler = Self {
            plan,
            producers,
            uses,
            wanted: Vec::new(),
            placed: HashMap::new(),
            copies: HashMap::new(),
            flattened: HashMap::new(),
            statistics: Vec::new(),
            program,
        };
        scheduler.wanted = borders::wanted(&scheduler);
        scheduler
    }

    /// What makes a value; none for an input.
    fn step(&self, value: ValueId) -> Option<&'a Step> {
        self.producers[value.0].map(|index| &self.plan.steps[index].operation)
    }

    /// Whether something of its own makes the value, rather than a pass over other planes.
    fn is_heavy(&self, value: ValueId) -> bool {
        matches!(
            self.step(value),
            Some(
                Step::Conv2d { .. }
                    | Step::ConvTranspose2d { .. }
                    | Step::Linear { .. }
                    | Step::AvgPool2d { .. }
                    | Step::PixelNorm { .. }
            )
        )
    }

    /// Which channels of a value lie where, once it is in memory.
    fn lanes(&self, value: ValueId) -> Lanes {
        if let Some(placed) = self.placed.get(&value) {
            return placed.lanes.clone();
        }
        let of_channels = || Lanes::of(self.plan.shape(value).channels);
        match self.step(value) {
            Some(Step::Concat { inputs }) => Lanes {
                parts: inputs
                    .iter()
                    .flat_map(|&part| self.lanes(part).parts)
                    .collect(),
            },
            Some(
                Step::Norm { input, .. }
                | Step::Pad { input, .. }
                | Step::Resize { input, .. }
                | Step::Affine { input, .. }
                | Step::Activation { input, .. }
                | Step::PixelNorm { input, .. }
                | Step::AvgPool2d { input, .. }
                | Step::Add { left: input, .. }
                | Step::Mul { left: input, .. },
            ) => self.lanes(*input),
            Some(Step::Slice { input, start }) if start[0] == 0 => {
                let lanes = self.lanes(*input);
                let whole = self.plan.shape(*input).channels == self.plan.shape(value).channels;
                if whole { lanes } else { of_channels() }
            }
            _ => of_channels(),
        }
    }

    /// A new view of its own.
    fn new_view(&mut self, lanes: &Lanes, height: usize, width: usize, border: Sides) -> View {
        let channels = lanes.len();
        let view = View {
            place: Place::Buffer(BufferId(self.program.buffers.len())),
            channels,
            height,
            width,
            border,
            pixel_stride: channels,
            channel_offset: 0,
        };
        self.program.buffers.push(view.len());
        view
    }

    fn new_buffer(&mut self, numbers: usize) -> BufferId {
        self.program.buffers.push(numbers);
        BufferId(self.program.buffers.len() - 1)
    }

    fn pack(&mut self, packing: Packing) -> PackId {
        let known = self
            .program
            .packs
            .iter()
            .position(|known| *known == packing);
        PackId(known.unwrap_or_else(|| {
            self.program.packs.push(packing);
            self.program.packs.len() - 1
        }))
    }

    fn labels(&mut self, labels: crate::program::Labels) -> LabelsId {
        let known = self
            .program
            .labels
            .iter()
            .position(|known| *known == labels);
        LabelsId(known.unwrap_or_else(|| {
            self.program.labels.push(labels);
            self.program.labels.len() - 1
        }))
    }

    fn push(&mut self, operation: Operation) {
        self.program.operations.push(operation);
    }

    /// The planes of a value without a border, alone in their buffer.
    fn plain(&mut self, value: ValueId) -> Result<Placed> {
        let placed = self.place(value)?;
        let view = placed.view;
        let is_buffer = matches!(view.place, Place::Buffer(_));
        if is_buffer && view.border == Sides::default() && view.pixel_stride == view.channels {
            return Ok(placed);
        }
        let output = self.new_view(&placed.lanes, view.height, view.width, Sides::default());
        self.push_copy(&placed, output, PadMode::Zero);
        Ok(Placed {
            view: output,
            ..placed
        })
    }

    fn output(&mut self, value: ValueId) -> Result<Output> {
        let placed = self.plain(value)?;
        // An input, or an output named twice: what is read back has its own buffer.
        let taken = self.program.outputs.iter().map(|output| output.view.place);
        let given = self.program.inputs.iter().filter_map(|input| input.view);
        let is_taken = taken
            .chain(given.map(|view| view.place))
            .any(|place| place == placed.view.place);
        let mut view = placed.view;
        if is_taken {
            view = self.new_view(&placed.lanes, view.height, view.width, Sides::default());
            self.push_copy(&placed, view, PadMode::Zero);
        }
        Ok(Output {
            view,
            shape: self.plan.shape(value),
            lanes: placed.lanes,
        })
    }
}

fn unsupported(what: &str) -> Error {
    underpaint_plan::Error::Unsupported(what.to_owned()).into()
}

#[cfg(test)]
mod tests;
