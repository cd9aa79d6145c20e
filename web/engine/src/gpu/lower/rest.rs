//! The other operations.

use std::ops::Range;

use super::{Lowering, activation, beside, inside, whole};
use crate::gpu::kernel::Kernel;
use crate::gpu::launch::Memory;
use crate::program::{PackId, View};
use crate::{Error, Result};
use underpaint_plan::{Activation, PadMode};

impl Lowering<'_> {
    pub(super) fn linear(
        &mut self,
        input: &View,
        output: &View,
        matrix: PackId,
        function: Option<Activation>,
    ) -> Result<()> {
        let lanes = output.len() / 4;
        let [tanh, slope] = activation(function);
        let parameters = vec![lanes as u32, (input.len() / 4) as u32, tanh, slope];
        let from = self.bind(input, &(0..input.rows()));
        let to = self.bind(output, &(0..output.rows()));
        let windows = vec![
            from.window,
            whole(Memory::Weights(matrix.0)),
            whole(Memory::Bias(matrix.0)),
            to.window,
        ];
        let half = self.is_half(matrix);
        let [x, y] = self.folded(lanes.div_ceil(8));
        self.launch(Kernel::Linear { half }, windows, parameters, [x, y, 1])
    }

    pub(super) fn average_pool(
        &mut self,
        [input, output]: [&View; 2],
        [kernel, stride, padding]: [[usize; 2]; 3],
        count_include_pad: bool,
    ) -> Result<()> {
        let read = |band: &Range<usize>| {
            let start = (band.start * stride[0]).saturating_sub(padding[0]);
            let end = ((band.end - 1) * stride[0] + kernel[0]).saturating_sub(padding[0]);
            let start = start.min(input.height - 1);
            inside(input, &(start..end.clamp(start + 1, input.height)))
        };
        if input.height == 0 {
            return Ok(());
        }
        let reach =
            |band: &Range<usize>| vec![(*input, read(band)), (*output, inside(output, band))];
        for band in self.bands(output.height, &reach)? {
            let from = self.bind(input, &read(&band));
            let to = self.bind(output, &inside(output, &band));
            let lanes = output.channels / 4;
            let across = output.width * lanes;
            let mut parameters = vec![
                lanes as u32,
                from.at(input.border.top, input.border.left),
                from.row,
                from.pixel,
                to.at(output.border.top + band.start, output.border.left),
                to.row,
                to.pixel,
                across as u32,
                input.height as u32,
                input.width as u32,
                band.start as u32,
                u32::from(count_include_pad),
            ];
            let sizes = [kernel, stride, padding, [0, 0]];
            parameters.extend(sizes.as_flattened().iter().map(|&size| size as u32));
            let windows = vec![from.window, to.window];
            let groups = self.rows(across, band.len());
            self.launch(Kernel::AveragePool, windows, parameters, groups)?;
        }
        Ok(())
    }

    pub(super) fn pixel_norm(
        &mut self,
        input: &View,
        output: &View,
        divisor: usize,
        epsilon: f32,
    ) -> Result<()> {
        let reach = |band: &Range<usize>| {
            vec![
                (*input, inside(input, band)),
                (*output, inside(output, band)),
            ]
        };
        let lanes = input.channels / 4;
        let beside = beside(lanes, 64);
        for band in self.bands(input.height, &reach)? {
            let from = self.bind(input, &inside(input, &band));
            let to = self.bind(output, &inside(output, &band));
            let pixels = band.len() * input.width;
            let parameters = vec![
                lanes as u32,
                beside as u32,
                input.width as u32,
                pixels as u32,
                from.at(input.border.top + band.start, input.border.left),
                from.row,
                from.pixel,
                (divisor as f32).to_bits(),
                to.at(output.border.top + band.start, output.border.left),
                to.row,
                to.pixel,
                epsilon.to_bits(),
            ];
            let [x, y] = self.folded(pixels.div_ceil(64 / beside));
            let windows = vec![from.window, to.window];
            self.launch(Kernel::PixelNorm, windows, parameters, [x, y, 1])?;
        }
        Ok(())
    }

    /// The rows above and below the inside, then what is left and right of it.
    pub(super) fn border(&mut self, view: &View, mode: PadMode) -> Result<()> {
        let sides = view.border;
        let reflected = mode == PadMode::Reflect;
        let most_rows = sides.top.max(sides.bottom);
        let most_columns = sides.left.max(sides.right);
        if reflected && (most_rows >= view.height || most_columns >= view.width) {
            let message = "a mirrored border that is not smaller than its picture";
            return Err(Error::Input(message.into()));
        }
        let end = sides.top + view.height;
        self.fill(view, mode, 0..sides.top, None)?;
        self.fill(view, mode, end..end + sides.bottom, None)?;
        if sides.left + sides.right > 0 {
            self.fill(view, mode, sides.top..end, Some(sides.left))?;
        }
        Ok(())
    }

    /// Fills rows: all of them, or but for the inside's columns, which begin at `gap`.
    fn fill(
        &mut self,
        view: &View,
        mode: PadMode,
        rows: Range<usize>,
        gap: Option<usize>,
    ) -> Result<()> {
        let first = rows.start;
        let touched = |band: &Range<usize>| {
            let rows = first + band.start..first + band.end;
            if mode == PadMode::Zero {
                return rows;
            }
            let sources = rows.clone().map(|row| source(view, mode, row));
            let start = sources.clone().min().unwrap_or(rows.start).min(rows.start);
            let end = sources
                .max()
                .map_or(rows.end, |last| (last + 1).max(rows.end));
            start..end
        };
        let reach = |band: &Range<usize>| vec![(*view, touched(band))];
        let columns = match gap {
            None => view.row_pixels(),
            Some(_) => view.border.left + view.border.right,
        };
        for band in self.bands(rows.len(), &reach)? {
            let bound = self.bind(view, &touched(&band));
            let lanes = view.channels / 4;
            let across = columns * lanes;
            let parameters = vec![
                lanes as u32,
                bound.base,
                bound.row,
                bound.pixel,
                across as u32,
                (first + band.start) as u32,
                gap.unwrap_or(columns) as u32,
                view.width as u32,
                view.border.top as u32,
                view.border.left as u32,
                view.height as u32,
                view.width as u32,
                match mode {
                    PadMode::Zero => 0,
                    PadMode::Reflect => 1,
                    PadMode::Edge => 2,
                },
                0,
                0,
                0,
            ];
            let groups = self.rows(across, band.len());
            self.launch(Kernel::Border, vec![bound.window], parameters, groups)?;
        }
        Ok(())
    }
}

/// The row of the inside that fills a row of the border, both counted from the border's first.
fn source(view: &View, mode: PadMode, row: usize) -> usize {
    let last = view.height as isize - 1;
    let at = row as isize - view.border.top as isize;
    let at = match mode {
        PadMode::Reflect => last - (last - at.abs()).abs(),
        _ => at,
    };
    view.border.top + at.clamp(0, last.max(0)) as usize
}
