//! A run: inputs into memory, then one operation after the other.

use super::memory::Memory;
use super::room::{Pack, Room};
use super::{Generator, apply, border, convolution, labels, linear, reduce, winograd};
use crate::Result;
use crate::host::{self, Given};
use crate::program::{BufferId, Operation, Place};

impl Generator {
    /// Writes what is given where operations read it.
    pub(super) fn take_inputs(&mut self, given: &[Given<'_>]) -> Result<()> {
        self.labels.clear();
        for labels in &self.program.labels {
            let input = &self.program.inputs[labels.input];
            let codes = host::codes_of(input, &given[labels.input], labels.codes)?;
            self.labels.push(host::gathered(labels, input, &codes));
        }
        for (place, given) in given.iter().enumerate() {
            if let Some(view) = self.program.inputs[place].view {
                let slot = self.slot(view.place);
                let target = self.memory[slot].numbers_mut();
                host::write_view(&self.program.inputs[place], &view, given, target);
            }
        }
        Ok(())
    }

    /// The piece of memory that a place is in.
    pub(super) fn slot(&self, place: Place) -> usize {
        match place {
            Place::Buffer(BufferId(buffer)) => self.program.slots[buffer],
            Place::Pack(_) => panic!("a program writes no constants"),
        }
    }

    /// Runs one operation.
    pub(super) fn step(&mut self, place: usize) -> Result<()> {
        let slot = self.slot(target_of(&self.program.operations[place]));
        // Out of the room, so that it can be written while others are read: no operation reads what
        // it writes, but for borders.
        let mut target = std::mem::take(&mut self.memory[slot]);
        let written = self.write(place, &mut target);
        self.memory[slot] = target;
        written
    }

    fn write(&self, place: usize, target: &mut Memory) -> Result<()> {
        let room = Room {
            slots: &self.program.slots,
            memory: &self.memory,
            packs: &self.packs,
        };
        let output = target.quads_mut();
        match &self.program.operations[place] {
            Operation::Convolution(operation) => {
                let input = room.place(operation.input.place);
                match room.pack(operation.kernel) {
                    Pack::Kernel(kernel) => convolution::convolve(operation, kernel, input, output),
                    Pack::Winograd(kernel) => {
                        winograd::convolve(operation, kernel, input, output)?;
                    }
                    _ => panic!("a convolution has a kernel"),
                }
            }
            Operation::LabelConvolution(operation) => {
                let Pack::LabelKernel(kernel) = room.pack(operation.kernel) else {
                    panic!("a label convolution has a label kernel");
                };
                let columns = self.program.labels[operation.labels.0].gather.columns.len();
                let plane = (self.labels[operation.labels.0].as_slice(), columns);
                labels::convolve(operation, kernel, plane, output);
            }
            Operation::ExpandLabels {
                labels: from,
                output: view,
            } => {
                let codes = self.program.labels[from.0].codes;
                labels::expand(view, codes, &self.labels[from.0], output);
            }
            Operation::Linear {
                input,
                matrix,
                activation,
                ..
            } => {
                let Pack::Matrix(matrix) = room.pack(*matrix) else {
                    panic!("a linear operation has a matrix");
                };
                let numbers = &room.place(input.place)[..input.len() / 4];
                linear::multiply(matrix, numbers, *activation, output);
            }
            Operation::AveragePool {
                input,
                output: view,
                kernel,
                stride,
                padding,
                count_include_pad,
            } => {
                let window = reduce::Window {
                    kernel: *kernel,
                    stride: *stride,
                    padding: *padding,
                    count_include_pad: *count_include_pad,
                };
                let from = (input, room.place(input.place));
                reduce::average_pool(from, window, (view, output));
            }
            Operation::Statistics {
                input,
                affine,
                epsilon,
                ..
            } => {
                let from = (input, room.place(input.place));
                reduce::statistics(from, room.numbers(*affine), *epsilon, output);
            }
            Operation::PixelNorm {
                input,
                output: view,
                divisor,
                epsilon,
            } => {
                let from = (input, room.place(input.place));
                reduce::pixel_norm(from, (*divisor, *epsilon), (view, output));
            }
            Operation::Apply(operation) => apply::apply(operation, &room, output),
            Operation::Border { view, mode } => border::fill(view, *mode, output),
        }
        Ok(())
    }
}

/// What an operation writes.
fn target_of(operation: &Operation) -> Place {
    match operation {
        Operation::Convolution(operation) => operation.output.place,
        Operation::LabelConvolution(operation) => operation.output.place,
        Operation::Apply(operation) => operation.output.place,
        Operation::Statistics { output, .. } => Place::Buffer(*output),
        Operation::ExpandLabels { output, .. }
        | Operation::Linear { output, .. }
        | Operation::AveragePool { output, .. }
        | Operation::PixelNorm { output, .. } => output.place,
        Operation::Border { view, .. } => view.place,
    }
}
