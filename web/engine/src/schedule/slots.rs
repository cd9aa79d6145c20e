//! Which buffers share memory.

use crate::program::{BufferId, LabelsId, Operation, Place, Pointwise, Program, Vector, View};

/// First and last operation that touches a buffer.
#[derive(Debug, Clone, Copy)]
struct Life {
    first: usize,
    last: usize,
}

/// Gives every buffer a piece of memory. A piece is free again after the last operation that touches
/// its buffer; the smallest free one that is large enough is taken, else the largest grows.
pub(super) fn assign(program: &mut Program) {
    let lives = lives(program);
    let mut order: Vec<usize> = (0..lives.len()).collect();
    order.sort_by_key(|&buffer| lives[buffer].map_or(usize::MAX, |life| life.first));
    program.slots = vec![0; lives.len()];
    program.slot_sizes = Vec::new();
    // The last operation that touches what is in each piece.
    let mut busy: Vec<usize> = Vec::new();
    for buffer in order {
        let Some(life) = lives[buffer] else {
            continue;
        };
        let size = program.buffers[buffer];
        let sizes = &program.slot_sizes;
        let free = || (0..busy.len()).filter(|&slot| busy[slot] < life.first);
        let fitting = free()
            .filter(|&slot| sizes[slot] >= size)
            .min_by_key(|&slot| sizes[slot]);
        let slot = fitting.or_else(|| free().max_by_key(|&slot| sizes[slot]));
        let slot = slot.unwrap_or_else(|| {
            busy.push(0);
            program.slot_sizes.push(0);
            busy.len() - 1
        });
        busy[slot] = life.last;
        program.slot_sizes[slot] = program.slot_sizes[slot].max(size);
        program.slots[buffer] = slot;
    }
}

fn lives(program: &Program) -> Vec<Option<Life>> {
    let mut lives: Vec<Option<Life>> = vec![None; program.buffers.len()];
    let mut touch = |buffer: BufferId, time: usize| {
        let life = lives[buffer.0].get_or_insert(Life {
            first: time,
            last: time,
        });
        life.first = life.first.min(time);
        life.last = life.last.max(time);
    };
    for view in program.inputs.iter().filter_map(|input| input.view) {
        if let Place::Buffer(buffer) = view.place {
            touch(buffer, 0);
        }
    }
    for (index, operation) in program.operations.iter().enumerate() {
        for buffer in operation.buffers() {
            touch(buffer, index + 1);
        }
    }
    for output in &program.outputs {
        if let Place::Buffer(buffer) = output.view.place {
            touch(buffer, program.operations.len() + 1);
        }
    }
    lives
}

impl Operation {
    /// The views that it reads.
    #[must_use]
    pub fn reads(&self) -> Vec<View> {
        match self {
            Self::Convolution(convolution) => vec![convolution.input],
            Self::LabelConvolution(_) | Self::ExpandLabels { .. } => Vec::new(),
            Self::Linear { input, .. }
            | Self::AveragePool { input, .. }
            | Self::Statistics { input, .. }
            | Self::PixelNorm { input, .. } => vec![*input],
            Self::Apply(apply) => {
                let operand = |pointwise: &Pointwise| match pointwise {
                    Pointwise::Modulate(operand)
                    | Pointwise::Add(operand)
                    | Pointwise::Mul(operand) => Some(operand.view),
                    _ => None,
                };
                let others = apply.chain.iter().filter_map(operand);
                std::iter::once(apply.source.view).chain(others).collect()
            }
            Self::Border { view, .. } => vec![*view],
        }
    }

    /// The view that it writes; none for statistics, which have none.
    #[must_use]
    pub fn writes(&self) -> Option<View> {
        match self {
            Self::Convolution(convolution) => Some(convolution.output),
            Self::LabelConvolution(convolution) => Some(convolution.output),
            Self::ExpandLabels { output, .. }
            | Self::Linear { output, .. }
            | Self::AveragePool { output, .. }
            | Self::PixelNorm { output, .. } => Some(*output),
            Self::Apply(apply) => Some(apply.output),
            Self::Border { view, .. } => Some(*view),
            Self::Statistics { .. } => None,
        }
    }

    /// The plane of label codes that it reads.
    #[must_use]
    pub fn labels(&self) -> Option<LabelsId> {
        match self {
            Self::LabelConvolution(convolution) => Some(convolution.labels),
            Self::ExpandLabels { labels, .. } => Some(*labels),
            _ => None,
        }
    }

    /// All buffers that it touches.
    #[must_use]
    pub fn buffers(&self) -> Vec<BufferId> {
        let views = self.reads().into_iter().chain(self.writes());
        let mut buffers: Vec<BufferId> = views
            .filter_map(|view| match view.place {
                Place::Buffer(buffer) => Some(buffer),
                Place::Pack(_) => None,
            })
            .collect();
        match self {
            Self::Statistics { output, .. } => buffers.push(*output),
            Self::Apply(apply) => {
                buffers.extend(apply.chain.iter().filter_map(|pointwise| match pointwise {
                    Pointwise::Affine(Vector::Buffer(buffer)) => Some(*buffer),
                    _ => None,
                }));
            }
            _ => {}
        }
        buffers
    }
}
