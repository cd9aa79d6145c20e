//! Pointwise work that is put off: a view, which pixel of it for which, and what is done to it.

use underpaint_plan::{Operand as StepOperand, Operation as Step, PadMode, Shape, Sides, ValueId};

use super::gather::is_even;
use super::labels::moved;
use super::{Placed, Scheduler, unsupported};
use crate::Result;
use crate::program::{Gather, Lanes, Operand, Operation, Packing, Place, Pointwise, Vector, View};

/// A value as something to be done to planes in memory. Gathers are of the value's own size.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    pub source: Operand,
    pub lanes: Lanes,
    pub chain: Vec<Pointwise>,
}

impl Expression {
    pub(super) fn of(placed: Placed) -> Self {
        let Placed { view, lanes, .. } = placed;
        Self {
            source: Operand::whole(view),
            lanes,
            chain: Vec::new(),
        }
    }

    /// Moves the pixels of everything that it reads.
    pub(super) fn moved(mut self, outer: &Gather) -> Self {
        let operands = self.chain.iter_mut().filter_map(operand_of);
        for operand in std::iter::once(&mut self.source).chain(operands) {
            operand.gather = operand.gather.after(outer);
        }
        self
    }

    /// The same with a border around it, as `view` has it.
    pub(super) fn bordered(mut self, view: &View, mode: PadMode) -> Self {
        let operands = self.chain.iter_mut().filter_map(operand_of);
        for operand in std::iter::once(&mut self.source).chain(operands) {
            operand.gather = operand.gather.bordered(view, mode);
        }
        self
    }
}

fn operand_of(pointwise: &mut Pointwise) -> Option<&mut Operand> {
    match pointwise {
        Pointwise::Modulate(operand) | Pointwise::Add(operand) | Pointwise::Mul(operand) => {
            Some(operand)
        }
        Pointwise::Affine(_) | Pointwise::Scalar { .. } | Pointwise::Activation(_) => None,
    }
}

impl Operand {
    /// All of a view's inside.
    fn whole(view: View) -> Self {
        Self {
            view,
            gather: Gather::identity(view.height, view.width),
        }
    }
}

impl Scheduler<'_> {
    /// A value as work to be done. What has to be in memory for it is put there.
    pub(super) fn expression(&mut self, value: ValueId) -> Result<Expression> {
        if self.placed.contains_key(&value) || self.must_be_placed(value) {
            return Ok(Expression::of(self.place(value)?));
        }
        self.work(value)
    }

    /// The same for a value that is to be put into memory now.
    pub(super) fn work(&mut self, value: ValueId) -> Result<Expression> {
        if let Some(placed) = self.placed.get(&value) {
            return Ok(Expression::of(placed.clone()));
        }
        let shape = self.plan.shape(value);
        let step = self.step(value).expect("inputs are placed");
        match step {
            Step::Activation { input, function } => {
                let then = Pointwise::Activation(*function);
                self.continued(*input, then)
            }
            Step::Affine {
                input,
                scale,
                shift,
            } => {
                let (scale, shift) = (*scale, *shift);
                self.continued(*input, Pointwise::Scalar { scale, shift })
            }
            Step::Norm { input, .. } => {
                let vector = self.norm_vector(step)?;
                self.continued(*input, Pointwise::Affine(vector))
            }
            Step::Add {
                left,
                right: StepOperand::Weight(weight),
            } => {
                let then = self.constant(*left, None, Some(*weight));
                self.continued(*left, then)
            }
            Step::Mul {
                left,
                right: StepOperand::Weight(weight),
            } => {
                let then = self.constant(*left, Some(*weight), None);
                self.continued(*left, then)
            }
            Step::Add {
                left,
                right: StepOperand::Value(right),
            } => match self.modulation(*left, *right) {
                Some(modulation) => {
                    let planes = self.push_modulation(&modulation)?;
                    let then = Pointwise::Modulate(Operand::whole(planes.view));
                    self.continued(modulation.input, then)
                }
                None => self.of_two(*left, *right, Pointwise::Add),
            },
            Step::Mul {
                left,
                right: StepOperand::Value(right),
            } => self.of_two(*left, *right, Pointwise::Mul),
            Step::Pad { input, .. } | Step::Slice { input, .. } | Step::Resize { input, .. } => {
                let size = [shape.height, shape.width];
                let (_, outer) = moved(step, size, self.plan).expect("it moves pixels");
                let inner = self.expression(*input)?;
                if let Step::Slice { start, .. } = step
                    && self.plan.shape(*input).channels != shape.channels
                {
                    return self.slice_of_channels(inner, start[0], shape, &outer);
                }
                Ok(inner.moved(&outer))
            }
            Step::Reshape { input } => {
                let from = self.plan.shape(*input);
                if from != shape {
                    return Err(unsupported(&format!(
                        "Reshape from {from:?} to {shape:?} other than in front of a Linear"
                    )));
                }
                self.expression(*input)
            }
            Step::Conv2d { .. }
            | Step::ConvTranspose2d { .. }
            | Step::Linear { .. }
            | Step::AvgPool2d { .. }
            | Step::PixelNorm { .. }
            | Step::Concat { .. } => unreachable!("these are placed"),
        }
    }

    pub(super) fn must_be_placed(&self, value: ValueId) -> bool {
        let is_whole = matches!(self.step(value), None | Some(Step::Concat { .. }));
        is_whole || self.is_heavy(value) || (self.uses[value.0] > 1 && !self.is_cheap(value))
    }

    /// Whether doing it twice costs no more than reading it twice.
    fn is_cheap(&self, value: ValueId) -> bool {
        if self.placed.contains_key(&value) || self.is_heavy(value) {
            return true;
        }
        match self.step(value) {
            None => true,
            Some(
                Step::Activation { input, .. }
                | Step::Affine { input, .. }
                | Step::Norm { input, .. }
                | Step::Pad { input, .. }
                | Step::Slice { input, .. }
                | Step::Resize { input, .. }
                | Step::Reshape { input }
                | Step::Add {
                    left: input,
                    right: StepOperand::Weight(_),
                }
                | Step::Mul {
                    left: input,
                    right: StepOperand::Weight(_),
                },
            ) => self.is_cheap(*input),
            Some(_) => false,
        }
    }

    /// `then` after `value`.
    fn continued(&mut self, value: ValueId, then: Pointwise) -> Result<Expression> {
        let mut inner = self.expression(value)?;
        let keeps_zeros = match then {
            Pointwise::Mul(_) | Pointwise::Activation(_) => true,
            Pointwise::Scalar { shift, .. } => shift == 0.0,
            Pointwise::Affine(_) | Pointwise::Modulate(_) | Pointwise::Add(_) => false,
        };
        if inner.source.gather.has_none() && !keeps_zeros {
            // Zeros that were put in on the way would become something else: they must be there.
            inner = Expression::of(self.place(value)?);
        }
        inner.chain.push(then);
        Ok(inner)
    }

    /// Two values: one is worked on, the other is in memory.
    fn of_two(
        &mut self,
        left: ValueId,
        right: ValueId,
        then: fn(Operand) -> Pointwise,
    ) -> Result<Expression> {
        let ready = |scheduler: &Self, value| {
            scheduler.placed.contains_key(&value) || scheduler.must_be_placed(value)
        };
        let (worked, other) = match ready(self, left) && !ready(self, right) {
            true => (right, left),
            false => (left, right),
        };
        if self.lanes(worked) != self.lanes(other) {
            return Err(unsupported(
                "a sum or product of differently concatenated values",
            ));
        }
        let other = self.place(other)?;
        self.continued(worked, then(Operand::whole(other.view)))
    }

    fn constant(
        &mut self,
        value: ValueId,
        scale: Option<underpaint_plan::WeightId>,
        shift: Option<underpaint_plan::WeightId>,
    ) -> Pointwise {
        let weight = scale.or(shift).expect("one of them");
        let axes = &self.plan.weight(weight).shape;
        let lanes = self.lanes(value);
        if axes.len() == 3 && axes[1..] != [1, 1] && lanes.parts.len() == 1 {
            let shape = self.plan.shape(value);
            let pack = self.pack(Packing::Plane { weight, shape });
            let view = View {
                place: Place::Pack(pack),
                channels: lanes.len(),
                height: shape.height,
                width: shape.width,
                border: Sides::default(),
                pixel_stride: lanes.len(),
                channel_offset: 0,
            };
            let operand = Operand::whole(view);
            return match scale {
                Some(_) => Pointwise::Mul(operand),
                None => Pointwise::Add(operand),
            };
        }
        let running = None;
        Pointwise::Affine(Vector::Pack(self.pack(Packing::Affine {
            scale,
            shift,
            running,
            lanes,
        })))
    }

    fn slice_of_channels(
        &mut self,
        inner: Expression,
        first: usize,
        shape: Shape,
        outer: &Gather,
    ) -> Result<Expression> {
        let aligned = first.is_multiple_of(4) && inner.lanes.parts.len() == 1;
        if !aligned || !inner.chain.is_empty() {
            return Err(unsupported(&format!(
                "a Slice of channels that begins at {first}, or of a value that is not in memory"
            )));
        }
        let mut inner = inner.moved(outer);
        inner.lanes = Lanes::of(shape.channels);
        inner.source.view.channel_offset += first;
        inner.source.view.channels = inner.lanes.len();
        Ok(inner)
    }

    /// Factor and summand of a norm: constants, or measured by an operation that is pushed here.
    fn norm_vector(&mut self, step: &Step) -> Result<Vector> {
        let Step::Norm {
            input,
            statistics,
            scale,
            shift,
            epsilon,
        } = step
        else {
            unreachable!("only norms are asked for")
        };
        let (scale, shift) = (*scale, *shift);
        if let underpaint_plan::Statistics::Running { mean, variance } = statistics {
            let lanes = self.lanes(*input);
            let running = Some((*mean, *variance, *epsilon));
            return Ok(Vector::Pack(self.pack(Packing::Affine {
                scale,
                shift,
                running,
                lanes,
            })));
        }
        // Doubling a picture changes neither mean nor variance.
        let mut measured = *input;
        while let Some(Step::Resize {
            input,
            rows,
            columns,
        }) = self.step(measured)
        {
            let shape = self.plan.shape(*input);
            if !is_even(rows, shape.height) || !is_even(columns, shape.width) {
                break;
            }
            measured = *input;
        }
        let placed = self.place(measured)?;
        let affine = self.pack(Packing::Affine {
            scale,
            shift,
            running: None,
            lanes: placed.lanes,
        });
        let numbers = 2 * placed.view.channels;
        let operation = |output| Operation::Statistics {
            input: placed.view,
            output,
            affine,
            epsilon: *epsilon,
        };
        let without = operation(crate::program::BufferId(0));
        let known = self.statistics.iter().find(|(known, _)| *known == without);
        if let Some((_, buffer)) = known {
            return Ok(Vector::Buffer(*buffer));
        }
        let output = self.new_buffer(numbers);
        self.push(operation(output));
        self.statistics.push((without, output));
        Ok(Vector::Buffer(output))
    }
}
