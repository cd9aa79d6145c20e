//! Each operation alone in a program, over shapes drawn at random, and what the plain interpreter of
//! programs makes of it: what both engines are compared with.
//!
//! Every buffer is given to the program as a whole and read as a whole, borders, neighbours and all: what
//! an operation must not touch counts as well.

pub(crate) mod convolution;
pub(crate) mod plane;
pub(crate) mod vector;

use std::collections::BTreeMap;

use underpaint_plan::{Activation, Plan, Shape, Sides, Tensor};

use crate::oracle;
use crate::plans::Builder;
use crate::program::*;

/// A program with one operation.
pub(crate) struct Case {
    pub name: String,
    pub program: Program,
    pub plan: Plan,
    pub weights: BTreeMap<String, Tensor>,
    pub inputs: Vec<Tensor>,
    /// What is in every buffer afterwards.
    pub expected: Vec<Tensor>,
}

/// A program being drawn.
struct Draft {
    builder: Builder,
    program: Program,
    inputs: Vec<Tensor>,
}

impl Draft {
    fn new(seed: u64) -> Self {
        Self {
            builder: Builder::new(seed),
            program: Program {
                buffers: Vec::new(),
                slots: Vec::new(),
                slot_sizes: Vec::new(),
                packs: Vec::new(),
                labels: Vec::new(),
                inputs: Vec::new(),
                operations: Vec::new(),
                outputs: Vec::new(),
            },
            inputs: Vec::new(),
        }
    }

    fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.builder.below(high - low + 1)
    }

    fn chance(&mut self) -> bool {
        self.builder.below(2) == 0
    }

    fn sides(&mut self, most: usize) -> Sides {
        Sides {
            top: self.between(0, most),
            bottom: self.between(0, most),
            left: self.between(0, most),
            right: self.between(0, most),
        }
    }

    /// A view in a buffer of its own, beside other channels or not.
    fn view(&mut self, channels: usize, [height, width]: [usize; 2], border: Sides) -> View {
        let channels = channels.next_multiple_of(4);
        let (before, after) = if self.chance() {
            (0, 0)
        } else {
            (4 * self.between(0, 2), 4 * self.between(0, 2))
        };
        let view = View {
            place: Place::Buffer(BufferId(self.program.buffers.len())),
            channels,
            height,
            width,
            border,
            pixel_stride: before + channels + after,
            channel_offset: before,
        };
        self.declare(view);
        view
    }

    /// A view that is all of its buffer.
    fn whole(&mut self, channels: usize, [height, width]: [usize; 2]) -> View {
        let channels = channels.next_multiple_of(4);
        let view = View {
            place: Place::Buffer(BufferId(self.program.buffers.len())),
            channels,
            height,
            width,
            border: Sides::default(),
            pixel_stride: channels,
            channel_offset: 0,
        };
        self.declare(view);
        view
    }

    /// The buffer of a view, given and read.
    fn declare(&mut self, view: View) {
        let all = View {
            channels: view.pixel_stride,
            height: view.rows(),
            width: view.row_pixels(),
            border: Sides::default(),
            channel_offset: 0,
            ..view
        };
        let shape = Shape::new(all.channels, all.height, all.width);
        let values = (0..shape.len()).map(|_| self.builder.number()).collect();
        self.inputs.push(Tensor {
            shape: vec![shape.channels, shape.height, shape.width],
            values,
        });
        self.program.inputs.push(Input {
            name: format!("buffer {}", self.program.buffers.len()),
            shape,
            view: Some(all),
            codes: None,
        });
        self.program.outputs.push(Output {
            view: all,
            shape,
            lanes: Lanes::of(shape.channels),
        });
        self.program.slots.push(self.program.buffers.len());
        self.program.buffers.push(all.len());
        self.program.slot_sizes.push(all.len());
    }

    fn pack(&mut self, packing: Packing) -> PackId {
        self.program.packs.push(packing);
        PackId(self.program.packs.len() - 1)
    }

    fn activation(&mut self) -> Option<Activation> {
        [
            None,
            Some(Activation::Relu),
            Some(Activation::LeakyRelu { slope: 0.2 }),
            Some(Activation::Tanh),
        ][self.builder.below(4)]
    }

    fn lanes(&mut self) -> Lanes {
        let parts = (0..self.between(1, 2)).map(|_| self.builder.below(19) + 1);
        Lanes {
            parts: parts.collect(),
        }
    }

    /// Rows or columns of an operand of so many: ascending, repeated, mirrored or none.
    fn axis(&mut self, from: usize, to: usize) -> Vec<u32> {
        let kind = self.builder.below(4);
        let shift = self.builder.below(3);
        let place = |index: usize| match kind {
            0 => (index * from / to) as u32,
            1 => (from - 1 - index.min(from - 1)) as u32,
            2 if index < shift || index - shift >= from => Gather::NONE,
            2 => (index - shift) as u32,
            _ => (index / 2).min(from - 1) as u32,
        };
        (0..to).map(place).collect()
    }

    fn operand(&mut self, channels: usize, to: &View) -> Operand {
        let (height, width) = (self.between(1, 7), self.between(1, 9));
        let border = self.sides(2);
        let view = self.view(channels, [height, width], border);
        let gather = Gather {
            rows: self.axis(height, to.rows()),
            columns: self.axis(width, to.row_pixels()),
        };
        Operand { view, gather }
    }

    fn finish(mut self, name: &str, operation: Operation) -> Case {
        self.program.operations.push(operation);
        let Self {
            builder,
            program,
            inputs,
        } = self;
        let expected = oracle::run(&program, &builder.plan, &builder.weights, &inputs);
        Case {
            name: name.to_owned(),
            program,
            plan: builder.plan,
            weights: builder.weights,
            inputs,
            expected,
        }
    }
}
