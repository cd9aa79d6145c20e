//! Label codes: convolutions over them, and their one-hot encoding.

use std::ops::Range;

use super::{Lowering, activation, inside, whole};
use crate::gpu::kernel::Kernel;
use crate::gpu::launch::{Memory, Window};
use crate::program::{LabelConvolution, LabelsId, View};
use crate::{Error, Result};

impl Lowering<'_> {
    pub(super) fn label_convolution(&mut self, convolution: &LabelConvolution) -> Result<()> {
        let labels = &self.program.labels[convolution.labels.0];
        let columns = labels.gather.columns.len();
        let output = convolution.output;
        let [step, step_x] = convolution.step;
        let [kernel_rows, kernel_columns] = convolution.kernel_size;
        let [start, start_x] = convolution.start;
        let needed = start + output.height.saturating_sub(1) * step + kernel_rows;
        let needed_x = start_x + output.width.saturating_sub(1) * step_x + kernel_columns;
        if needed > labels.gather.rows.len() || needed_x > columns {
            let message = "a convolution that reads beyond its label map";
            return Err(Error::Input(message.into()));
        }
        let codes = labels.codes.count();
        let reach = |band: &Range<usize>| vec![(output, inside(&output, band))];
        for band in self.bands(output.height, &reach)? {
            let bound = self.bind(&output, &inside(&output, &band));
            let first = start + band.start * step;
            let read = first..first + (band.len() - 1) * step + kernel_rows;
            let (window, place) = self.codes(convolution.labels, columns, &read)?;
            let across = output.width * output.channels / 4;
            let [tanh, slope] = activation(convolution.activation);
            let parameters = vec![
                (output.channels / 4) as u32,
                bound.at(output.border.top + band.start, output.border.left),
                bound.row,
                bound.pixel,
                across as u32,
                codes as u32,
                kernel_rows as u32,
                kernel_columns as u32,
                place + start_x as u32,
                columns as u32,
                step as u32,
                step_x as u32,
                tanh,
                slope,
                0,
                0,
            ];
            let pack = convolution.kernel;
            let half = self.is_half(pack);
            let windows = vec![
                window,
                whole(Memory::Weights(pack.0)),
                whole(Memory::Bias(pack.0)),
                bound.window,
            ];
            let groups = self.rows(across, band.len());
            self.launch(
                Kernel::LabelConvolution { half },
                windows,
                parameters,
                groups,
            )?;
        }
        Ok(())
    }

    pub(super) fn expand_labels(&mut self, labels: LabelsId, output: &View) -> Result<()> {
        let plane = &self.program.labels[labels.0];
        let columns = plane.gather.columns.len();
        if plane.gather.rows.len() != output.rows() || columns != output.row_pixels() {
            let message = "a label map that is not as large as its one-hot encoding";
            return Err(Error::Input(message.into()));
        }
        let classes = plane.codes.classes;
        let reach = |band: &Range<usize>| vec![(*output, band.clone())];
        for band in self.bands(output.rows(), &reach)? {
            let bound = self.bind(output, &band);
            let (window, place) = self.codes(labels, columns, &band)?;
            let across = columns * output.channels / 4;
            let parameters = vec![
                (output.channels / 4) as u32,
                bound.at(band.start, 0),
                bound.row,
                bound.pixel,
                across as u32,
                classes as u32,
                place,
                columns as u32,
            ];
            let groups = self.rows(across, band.len());
            let windows = vec![window, bound.window];
            self.launch(Kernel::ExpandLabels, windows, parameters, groups)?;
        }
        Ok(())
    }

    /// Binds rows of a plane of codes: the window, and the place in it of the first row's first code.
    fn codes(
        &self,
        labels: LabelsId,
        columns: usize,
        rows: &Range<usize>,
    ) -> Result<(Window, u32)> {
        let first = (rows.start * columns * 4) as u64;
        let start = first / self.bounds.alignment * self.bounds.alignment;
        let end = (rows.end * columns * 4) as u64;
        if end - start > self.bounds.binding {
            return Err(Error::TooLarge {
                what: "label codes".into(),
                needed: end - start,
                available: self.bounds.binding,
            });
        }
        let window = Window {
            memory: Memory::Labels(labels.0),
            start,
            end,
        };
        Ok((window, ((first - start) / 4) as u32))
    }
}
