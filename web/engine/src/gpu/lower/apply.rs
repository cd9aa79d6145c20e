//! Pointwise work with gathered pixels.

use std::ops::Range;

use super::{Lowering, whole};
use crate::gpu::kernel::{Kernel, Link};
use crate::gpu::launch::{Bound, Memory};
use crate::program::{Apply, Gather, Operand, Pointwise, Vector};
use crate::{Error, Result};
use underpaint_plan::Activation;

impl Lowering<'_> {
    pub(super) fn apply(&mut self, apply: &Apply) -> Result<()> {
        let output = apply.output;
        let operands: Vec<&Operand> = std::iter::once(&apply.source)
            .chain(apply.chain.iter().filter_map(operand))
            .collect();
        for operand in &operands {
            let gather = &operand.gather;
            let fits = gather.rows.len() == output.rows()
                && gather.columns.len() == output.row_pixels()
                && below(&gather.rows, operand.view.height)
                && below(&gather.columns, operand.view.width);
            if !fits {
                let message = "a gather table that is not of its operand and output";
                return Err(Error::Input(message.into()));
            }
        }
        let reach = |band: &Range<usize>| {
            let mut views = vec![(output, band.clone())];
            views.extend(operands.iter().map(|of| (of.view, gathered(of, band))));
            views
        };
        for band in self.bands(output.rows(), &reach)? {
            self.apply_band(apply, &band)?;
        }
        Ok(())
    }

    fn apply_band(&mut self, apply: &Apply, band: &Range<usize>) -> Result<()> {
        let output = &apply.output;
        let bound = self.bind(output, band);
        let lanes = output.channels / 4;
        let across = output.row_pixels() * lanes;
        let mut parameters = vec![across as u32, lanes as u32, band.start as u32, 0];
        parameters.extend([bound.base, bound.row, bound.pixel, 0]);
        let source = self.operand(&apply.source, band, &mut parameters);
        let mut windows = vec![whole(Memory::Tables), source.window, bound.window];
        let mut links = Vec::new();
        for step in &apply.chain {
            if let Some(operand) = operand(step) {
                let bound = self.operand(operand, band, &mut parameters);
                windows.push(bound.window);
            }
            let (link, numbers) = match step {
                Pointwise::Affine(vector) => {
                    windows.push(match vector {
                        Vector::Buffer(buffer) => self.vector(*buffer, output.channels),
                        Vector::Pack(pack) => whole(Memory::Weights(pack.0)),
                    });
                    (Link::Affine, Some([0.0, 0.0]))
                }
                Pointwise::Modulate(_) => (Link::Modulate, None),
                Pointwise::Add(_) => (Link::Add, None),
                Pointwise::Mul(_) => (Link::Mul, None),
                Pointwise::Scalar { scale, shift } => (Link::Scalar, Some([*scale, *shift])),
                Pointwise::Activation(Activation::Relu) => (Link::Slope, Some([0.0, 0.0])),
                Pointwise::Activation(Activation::LeakyRelu { slope }) => {
                    (Link::Slope, Some([*slope, 0.0]))
                }
                Pointwise::Activation(Activation::Tanh) => (Link::Tanh, Some([0.0, 0.0])),
            };
            if let Some([a, b]) = numbers {
                parameters.extend([a.to_bits(), b.to_bits(), 0, 0, 0, 0, 0, 0]);
            }
            links.push(link);
        }
        let groups = self.rows(across, band.len());
        self.launch(Kernel::Apply(links), windows, parameters, groups)
    }

    /// Binds an operand and adds its two blocks of parameters.
    fn operand(
        &mut self,
        operand: &Operand,
        band: &Range<usize>,
        parameters: &mut Vec<u32>,
    ) -> Bound {
        let view = &operand.view;
        let bound = self.bind(view, &gathered(operand, band));
        // Tables count from the first pixel of the inside.
        let inside = bound.at(view.border.top, view.border.left);
        let rows = self.tables.place(&operand.gather.rows);
        let columns = self.tables.place(&operand.gather.columns);
        parameters.extend([inside, bound.row, bound.pixel, rows, columns, 0, 0, 0]);
        bound
    }
}

const fn operand(step: &Pointwise) -> Option<&Operand> {
    match step {
        Pointwise::Modulate(operand) | Pointwise::Add(operand) | Pointwise::Mul(operand) => {
            Some(operand)
        }
        _ => None,
    }
}

fn below(table: &[u32], length: usize) -> bool {
    let mut places = table.iter();
    places.all(|&place| place == Gather::NONE || (place as usize) < length)
}

/// The rows of an operand, border and all, that a band of the output takes; one where it takes none.
fn gathered(operand: &Operand, band: &Range<usize>) -> Range<usize> {
    let rows = operand.gather.rows[band.clone()].iter();
    let taken = rows.copied().filter(|&row| row != Gather::NONE);
    let top = operand.view.border.top;
    match (taken.clone().min(), taken.max()) {
        (Some(first), Some(last)) => top + first as usize..top + last as usize + 1,
        _ => top..top + 1,
    }
}
