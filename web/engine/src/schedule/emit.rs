//! Values are put into memory.

use underpaint_plan::{
    Activation, Operand as StepOperand, Operation as Step, PadMode, Sides, ValueId,
};

use super::borders::{Wanted, holds, larger, transposed_phases};
use super::{Placed, Scheduler, unsupported};
use crate::Result;
use crate::program::{
    Apply, Convolution, Gather, LabelConvolution, Labels, Lanes, Operand, Operation, PackId,
    Packing, Phase, Pointwise, View,
};

/// Scale and shift of a SPADE norm: two convolutions of the same planes, done as one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Modulation {
    /// What is scaled and shifted.
    pub input: ValueId,
    scale: ValueId,
    shift: ValueId,
}

impl Scheduler<'_> {
    /// The planes of a value, with the border that it should have. Made at the first call.
    pub(super) fn place(&mut self, value: ValueId) -> Result<Placed> {
        if let Some(placed) = self.placed.get(&value) {
            return Ok(placed.clone());
        }
        let wanted = self.wanted[value.0].unwrap_or(Wanted {
            mode: PadMode::Zero,
            sides: Sides::default(),
        });
        let shape = self.plan.shape(value);
        let lanes = self.lanes(value);
        let label = self.label_source(value);
        if self.step(value).is_none() && label.is_none() {
            return self.place_input(value, wanted);
        }
        let view = self.new_view(&lanes, shape.height, shape.width, wanted.sides);
        match label {
            Some(source) => {
                let gather = source.gather.bordered(&view, wanted.mode);
                let labels = self.labels(Labels {
                    input: source.input,
                    gather,
                    codes: source.codes,
                });
                self.push(Operation::ExpandLabels {
                    labels,
                    output: view,
                });
            }
            None => self.emit(value, &[], view, wanted.mode)?,
        }
        let placed = Placed {
            view,
            lanes,
            mode: wanted.mode,
        };
        self.placed.insert(value, placed.clone());
        Ok(placed)
    }

    /// What is given lies without a border; a copy has one.
    fn place_input(&mut self, value: ValueId, wanted: Wanted) -> Result<Placed> {
        let is_it = |input: &underpaint_plan::Input| input.value == value;
        let index = self.plan.inputs.iter().position(is_it);
        let index = index.ok_or_else(|| unsupported("a value that nothing makes"))?;
        let shape = self.plan.shape(value);
        let lanes = Lanes::of(shape.channels);
        let view = self.new_view(&lanes, shape.height, shape.width, Sides::default());
        self.program.inputs[index].view = Some(view);
        let mut placed = Placed {
            view,
            lanes,
            mode: wanted.mode,
        };
        if wanted.sides != Sides::default() {
            let output = self.new_view(&placed.lanes, shape.height, shape.width, wanted.sides);
            self.push_copy(&placed, output, wanted.mode);
            placed.view = output;
        }
        self.placed.insert(value, placed.clone());
        Ok(placed)
    }

    /// The planes of a value with this border at least.
    fn place_with(&mut self, value: ValueId, mode: PadMode, sides: Sides) -> Result<View> {
        let placed = self.place(value)?;
        let is_right = sides == Sides::default() || placed.mode == mode;
        if is_right && holds(placed.view.border, sides) {
            return Ok(placed.view);
        }
        if let Some(copy) = self.copies.get(&(value, mode))
            && holds(copy.view.border, sides)
        {
            return Ok(copy.view);
        }
        let mut border = sides;
        if let Some(wanted) = self.wanted[value.0].filter(|wanted| wanted.mode == mode) {
            border = larger(border, wanted.sides);
        }
        let view = placed.view;
        let output = self.new_view(&placed.lanes, view.height, view.width, border);
        self.push_copy(&placed, output, mode);
        let copy = Placed {
            view: output,
            mode,
            ..placed
        };
        self.copies.insert((value, mode), copy);
        Ok(output)
    }

    pub(super) fn push_copy(&mut self, from: &Placed, output: View, mode: PadMode) {
        let inside = Gather::identity(from.view.height, from.view.width);
        self.push(Operation::Apply(Apply {
            source: Operand {
                view: from.view,
                gather: inside.bordered(&output, mode),
            },
            chain: Vec::new(),
            output,
        }));
    }

    /// Writes `after(value)` into `output` and its border.
    fn emit(
        &mut self,
        value: ValueId,
        after: &[Pointwise],
        output: View,
        mode: PadMode,
    ) -> Result<()> {
        if !self.placed.contains_key(&value) {
            match self.step(value) {
                Some(Step::Concat { inputs }) => {
                    return self.emit_parts(inputs, after, output, mode);
                }
                // Convolutions end with a function, and a concatenation is one of each part.
                Some(Step::Activation { input, function }) if !self.must_stay(*input) => {
                    let mut first = vec![Pointwise::Activation(*function)];
                    first.extend_from_slice(after);
                    return self.emit(*input, &first, output, mode);
                }
                Some(step) if self.uses[value.0] <= 1 || after.is_empty() => {
                    let function = match after {
                        [] => Some(None),
                        [Pointwise::Activation(function)] => Some(Some(*function)),
                        _ => None,
                    };
                    if let Some(function) = function
                        && self.push_heavy(step, value, function, output, mode)?
                    {
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        let is_own = self.is_heavy(value) && !self.placed.contains_key(&value) && after.is_empty();
        let mut expression = if is_own {
            // A matrix times planes cannot write into a border or beside others.
            self.push_matrix(value)?
        } else {
            self.work(value)?
        };
        expression.chain.extend_from_slice(after);
        let expression = expression.bordered(&output, mode);
        self.push(Operation::Apply(Apply {
            source: expression.source,
            chain: expression.chain,
            output,
        }));
        Ok(())
    }

    /// Whether a function of this value is worked out from its planes, not on the way to them.
    fn must_stay(&self, value: ValueId) -> bool {
        match self.step(value) {
            Some(Step::Concat { .. }) => self.placed.contains_key(&value),
            Some(Step::Activation { input, .. }) => self.must_stay(*input),
            Some(_) if self.is_heavy(value) => {
                self.placed.contains_key(&value) || self.uses[value.0] > 1
            }
            _ => true,
        }
    }

    fn emit_parts(
        &mut self,
        parts: &[ValueId],
        after: &[Pointwise],
        output: View,
        mode: PadMode,
    ) -> Result<()> {
        let mut channel_offset = output.channel_offset;
        for &part in parts {
            let channels = self.lanes(part).len();
            let view = View {
                channels,
                channel_offset,
                ..output
            };
            channel_offset += channels;
            // What is read elsewhere too is made once; a convolution that is not writes here.
            let is_read_once = self.is_heavy(part) && self.uses[part.0] == 1;
            let is_parts = matches!(self.step(part), Some(Step::Concat { .. }));
            if self.must_be_placed(part) && !is_read_once && !is_parts {
                self.place(part)?;
            }
            self.emit(part, after, view, mode)?;
        }
        Ok(())
    }

    /// Pushes the operation of a convolution and the like, if it can write there.
    fn push_heavy(
        &mut self,
        step: &Step,
        value: ValueId,
        activation: Option<Activation>,
        output: View,
        mode: PadMode,
    ) -> Result<bool> {
        match step {
            Step::Conv2d { .. } | Step::ConvTranspose2d { .. } => {
                self.push_convolution(&[value], activation, output)?;
            }
            Step::AvgPool2d {
                input,
                kernel,
                stride,
                padding,
                count_include_pad,
            } if activation.is_none() => {
                let input = self.place(*input)?.view;
                self.push(Operation::AveragePool {
                    input,
                    output,
                    kernel: *kernel,
                    stride: *stride,
                    padding: *padding,
                    count_include_pad: *count_include_pad,
                });
            }
            Step::PixelNorm { input, epsilon } if activation.is_none() => {
                let input = self.place(*input)?;
                if input.lanes.parts.len() > 1 {
                    return Err(unsupported("PixelNorm of a concatenation"));
                }
                self.push(Operation::PixelNorm {
                    input: input.view,
                    output,
                    divisor: self.plan.shape(value).channels,
                    epsilon: *epsilon,
                });
            }
            Step::Linear { .. }
                if output.border == Sides::default() && output.pixel_stride == output.channels =>
            {
                self.push_linear(step, value, activation, output)?;
            }
            _ => return Ok(false),
        }
        if output.border != Sides::default() {
            self.push(Operation::Border { view: output, mode });
        }
        Ok(true)
    }

    fn push_matrix(&mut self, value: ValueId) -> Result<super::expression::Expression> {
        let shape = self.plan.shape(value);
        let lanes = self.lanes(value);
        let view = self.new_view(&lanes, shape.height, shape.width, Sides::default());
        let step = self.step(value).expect("a step");
        if !self.push_heavy(step, value, None, view, PadMode::Zero)? {
            return Err(unsupported(step.name()));
        }
        let placed = Placed {
            view,
            lanes,
            mode: PadMode::Zero,
        };
        Ok(super::expression::Expression::of(placed))
    }

    fn push_linear(
        &mut self,
        step: &Step,
        value: ValueId,
        activation: Option<Activation>,
        output: View,
    ) -> Result<()> {
        let Step::Linear {
            input,
            weight,
            bias,
        } = step
        else {
            unreachable!("only matrices are asked for")
        };
        let (source, placed) = self.flat(*input)?;
        let matrix = self.pack(Packing::Matrix {
            weight: *weight,
            bias: *bias,
            input: (self.plan.shape(source), placed.lanes),
            output: self.plan.shape(value),
        });
        self.push(Operation::Linear {
            input: placed.view,
            output,
            matrix,
            activation,
        });
        Ok(())
    }

    /// The planes of what a matrix reads, whose numbers it takes in the order of another shape: functions
    /// of single numbers are done before the shape changes.
    fn flat(&mut self, value: ValueId) -> Result<(ValueId, Placed)> {
        let mut after = Vec::new();
        let mut source = value;
        let reshaped = loop {
            match self.step(source) {
                Some(Step::Reshape { input }) => break Some(*input),
                Some(Step::Activation { input, function }) => {
                    after.insert(0, Pointwise::Activation(*function));
                    source = *input;
                }
                Some(Step::Affine {
                    input,
                    scale,
                    shift,
                }) => {
                    let (scale, shift) = (*scale, *shift);
                    after.insert(0, Pointwise::Scalar { scale, shift });
                    source = *input;
                }
                _ => break None,
            }
        };
        let Some(mut source) = reshaped else {
            return Ok((value, self.plain(value)?));
        };
        while let Some(Step::Reshape { input }) = self.step(source) {
            source = *input;
        }
        if after.is_empty() {
            return Ok((source, self.plain(source)?));
        }
        if let Some(placed) = self.flattened.get(&value) {
            return Ok((source, placed.clone()));
        }
        if self.must_be_placed(source) {
            self.place(source)?;
        }
        let shape = self.plan.shape(source);
        let lanes = self.lanes(source);
        let view = self.new_view(&lanes, shape.height, shape.width, Sides::default());
        self.emit(source, &after, view, PadMode::Zero)?;
        let placed = Placed {
            view,
            lanes,
            mode: PadMode::Zero,
        };
        self.flattened.insert(value, placed.clone());
        Ok((source, placed))
    }

    /// One convolution for several of the same planes, their outputs side by side.
    fn push_convolution(
        &mut self,
        values: &[ValueId],
        activation: Option<Activation>,
        output: View,
    ) -> Result<()> {
        let step = self.step(values[0]).expect("a convolution");
        let parts = values
            .iter()
            .filter_map(|&value| match self.step(value) {
                Some(
                    Step::Conv2d { weight, bias, .. } | Step::ConvTranspose2d { weight, bias, .. },
                ) => Some((*weight, *bias)),
                _ => None,
            })
            .collect::<Vec<_>>();
        let reach = self.reach(step).expect("a convolution");
        let transposed = matches!(step, Step::ConvTranspose2d { .. });
        let size = &self.plan.weight(parts[0].0).shape[2..];
        let kernel_size = [size[0], size[1]];
        if let Step::Conv2d { stride, .. } = step
            && let Some(source) = self.label_source(reach.value)
        {
            let shape = self.plan.shape(reach.value);
            let bordered = View {
                height: shape.height,
                width: shape.width,
                border: reach.sides,
                ..output
            };
            let labels = self.labels(Labels {
                input: source.input,
                gather: source.gather.bordered(&bordered, reach.mode),
                codes: source.codes,
            });
            let codes = source.codes;
            let kernel = self.pack(Packing::LabelKernel { parts, codes });
            self.push(Operation::LabelConvolution(LabelConvolution {
                labels,
                output,
                kernel,
                kernel_size,
                start: [0, 0],
                step: *stride,
                activation,
            }));
            return Ok(());
        }
        let input = self.place_with(reach.value, reach.mode, reach.sides)?;
        let (phases, input_step, output_step) = self.phases(step, values[0], &reach.sides);
        let kernel = self.kernel(parts, transposed, reach.value, &phases);
        self.push(Operation::Convolution(Convolution {
            input,
            output,
            kernel,
            phases,
            input_step,
            output_step,
            activation,
        }));
        Ok(())
    }

    fn kernel(
        &mut self,
        parts: Vec<(underpaint_plan::WeightId, Option<underpaint_plan::WeightId>)>,
        transposed: bool,
        input: ValueId,
        phases: &[Phase],
    ) -> PackId {
        let input = self.lanes(input);
        let taps = |phase: &Phase| [phase.kernel_rows.clone(), phase.kernel_columns.clone()];
        self.pack(Packing::Kernel {
            parts,
            transposed,
            input,
            phases: phases.iter().map(taps).collect(),
        })
    }

    fn phases(
        &self,
        step: &Step,
        value: ValueId,
        border: &Sides,
    ) -> (Vec<Phase>, [usize; 2], [usize; 2]) {
        let shape = self.plan.shape(value);
        match step {
            Step::ConvTranspose2d { stride, .. } => {
                let axes = self.transposed_axes(step).expect("it is one");
                (transposed_phases(&axes[0], &axes[1]), [1, 1], *stride)
            }
            Step::Conv2d { weight, stride, .. } => {
                let kernel = &self.plan.weight(*weight).shape[2..];
                let phase = Phase {
                    kernel_rows: (0..kernel[0]).collect(),
                    kernel_columns: (0..kernel[1]).collect(),
                    input_start: [-(border.top as isize), -(border.left as isize)],
                    output_start: [0, 0],
                    output_size: [shape.height, shape.width],
                };
                (vec![phase], *stride, [1, 1])
            }
            _ => unreachable!("only convolutions have phases"),
        }
    }

    /// `n * (s + 1) + b`, where `s` and `b` are convolutions of the same planes that nothing else reads.
    pub(super) fn modulation(&self, left: ValueId, right: ValueId) -> Option<Modulation> {
        self.modulation_of(left, right)
            .or_else(|| self.modulation_of(right, left))
    }

    fn modulation_of(&self, product: ValueId, shift: ValueId) -> Option<Modulation> {
        let Some(Step::Mul {
            left,
            right: StepOperand::Value(right),
        }) = self.step(product)
        else {
            return None;
        };
        let once = |value: ValueId| self.uses[value.0] == 1 && !self.placed.contains_key(&value);
        let of = |input: ValueId, factor: ValueId| {
            let Some(Step::Affine {
                input: scale,
                scale: by,
                shift: plus,
            }) = self.step(factor)
            else {
                return None;
            };
            let is_it = (*by, *plus) == (1.0, 1.0)
                && [product, factor, *scale, shift].into_iter().all(once)
                && self.are_alike(*scale, shift);
            is_it.then_some(Modulation {
                input,
                scale: *scale,
                shift,
            })
        };
        of(*left, *right).or_else(|| of(*right, *left))
    }

    /// Whether two convolutions differ in their weights alone.
    fn are_alike(&self, a: ValueId, b: ValueId) -> bool {
        let (
            Some(Step::Conv2d {
                input: a_input,
                weight: a_weight,
                stride: a_stride,
                padding: a_padding,
                ..
            }),
            Some(Step::Conv2d {
                input: b_input,
                weight: b_weight,
                stride: b_stride,
                padding: b_padding,
                ..
            }),
        ) = (self.step(a), self.step(b))
        else {
            return false;
        };
        let shape = |weight| &self.plan.weight(weight).shape;
        (a_input, a_stride, a_padding) == (b_input, b_stride, b_padding)
            && shape(*a_weight) == shape(*b_weight)
    }

    pub(super) fn push_modulation(&mut self, modulation: &Modulation) -> Result<Placed> {
        let shape = self.plan.shape(modulation.scale);
        let lanes = Lanes {
            parts: vec![shape.channels, shape.channels],
        };
        let view = self.new_view(&lanes, shape.height, shape.width, Sides::default());
        self.push_convolution(&[modulation.scale, modulation.shift], None, view)?;
        Ok(Placed {
            view,
            lanes,
            mode: PadMode::Zero,
        })
    }
}
