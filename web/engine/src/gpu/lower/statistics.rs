//! Statistics of a plane: of pieces of it side by side, then of those.

use std::ops::Range;

use super::{Lowering, beside, inside, whole};
use crate::Result;
use crate::gpu::kernel::Kernel;
use crate::gpu::launch::Memory;
use crate::program::{BufferId, PackId, View};

/// Pixels up to which one workgroup looks at a whole plane.
const WHOLE: usize = 1024;
/// The most pieces of a plane, about.
const PIECES: usize = 512;
/// The fewest pixels of an invocation.
const PIXELS: usize = 16;

impl Lowering<'_> {
    pub(super) fn statistics(
        &mut self,
        input: &View,
        output: BufferId,
        affine: PackId,
        epsilon: f32,
    ) -> Result<()> {
        let lanes = input.channels / 4;
        let pixels = input.height * input.width;
        let beside = beside(lanes, if pixels <= WHOLE { 4 } else { 16 });
        let span = if pixels <= WHOLE {
            pixels
        } else {
            pixels.div_ceil(PIECES).max(PIXELS * 64 / beside)
        };
        let reach = |band: &Range<usize>| vec![(*input, inside(input, band))];
        let bands = self.bands(input.height, &reach)?;
        let chunks_of = |band: &Range<usize>| (band.len() * input.width).div_ceil(span.max(1));
        let chunks: usize = bands.iter().map(chunks_of).sum();
        let parameters = |first: usize, pixels: usize, place: u32, [row, pixel]: [u32; 2]| {
            vec![
                lanes as u32,
                beside as u32,
                input.width as u32,
                place,
                row,
                pixel,
                pixels as u32,
                span as u32,
                first as u32,
                chunks as u32,
                epsilon.to_bits(),
                0,
            ]
        };
        let affine = whole(Memory::Weights(affine.0));
        let output = self.vector(output, input.channels);
        let across = lanes.div_ceil(beside) as u32;
        let scratch = if chunks > 1 {
            Some(self.scratch((chunks * lanes * 48) as u64)?)
        } else {
            None
        };
        let mut first = 0;
        for band in &bands {
            let bound = self.bind(input, &inside(input, band));
            let place = bound.at(input.border.top + band.start, input.border.left);
            let steps = [bound.row, bound.pixel];
            let parameters = parameters(first, band.len() * input.width, place, steps);
            let here = chunks_of(band);
            let (kernel, windows) = match scratch {
                None => (Kernel::StatisticsWhole, vec![bound.window, affine, output]),
                Some(scratch) => (Kernel::StatisticsPart, vec![bound.window, scratch]),
            };
            self.launch(kernel, windows, parameters, [across, here as u32, 1])?;
            first += here;
        }
        let Some(scratch) = scratch else {
            return Ok(());
        };
        let windows = vec![scratch, affine, output];
        let groups = [lanes as u32, 1, 1];
        let parameters = parameters(0, 0, 0, [0, 0]);
        self.launch(Kernel::StatisticsMerge, windows, parameters, groups)
    }
}
