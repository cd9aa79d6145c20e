//! Convolutions: a band of rows of up to four phases in a launch.

use std::ops::Range;

use super::{Lowering, activation, whole};
use crate::gpu::kernel::Kernel;
use crate::gpu::launch::{Bound, Memory};
use crate::gpu::tune::{Choice, Method, Work};
use crate::gpu::winograd;
use crate::program::{Convolution, Phase};
use crate::{Error, Result};

/// Phases that a launch has parameters for.
const PHASES: usize = 4;

impl Lowering<'_> {
    pub(super) fn convolution(&mut self, convolution: &Convolution) -> Result<()> {
        let input = &convolution.input;
        let depth = |phase: &Phase| {
            phase.kernel_rows.len() * phase.kernel_columns.len() * input.channels / 4
        };
        let pixels = |phase: &Phase| phase.output_size[0] * phase.output_size[1];
        let work = Work {
            pixels: convolution.phases.iter().map(pixels).max().unwrap_or(0),
            phases: convolution.phases.len(),
            lanes: convolution.output.channels / 4,
            depth: convolution.phases.iter().map(depth).max().unwrap_or(0),
            tiles: tiles(convolution),
        };
        let choice = self.tuning.convolution(work, self.bounds);
        // Where each phase's matrix begins, in groups of four numbers.
        let mut weights = 0;
        let mut placed = Vec::new();
        for phase in &convolution.phases {
            if !fits(convolution, phase) {
                let message = "a convolution that reads beyond the border of its input";
                return Err(Error::Input(message.into()));
            }
            placed.push((phase, weights));
            weights += 4 * depth(phase) * work.lanes;
        }
        for phases in placed.chunks(PHASES) {
            let rows = phases.iter().map(|(phase, _)| phase.output_size[0]);
            let rows = rows.max().unwrap_or(0);
            let reach = |band: &Range<usize>| {
                let (read, written) = touched(convolution, phases, band);
                vec![(convolution.input, read), (convolution.output, written)]
            };
            for band in self.bands(rows, &reach)? {
                self.convolution_band(convolution, phases, &band, choice)?;
            }
        }
        Ok(())
    }

    fn convolution_band(
        &mut self,
        convolution: &Convolution,
        phases: &[(&Phase, usize)],
        band: &Range<usize>,
        choice: Choice,
    ) -> Result<()> {
        let (read, written) = touched(convolution, phases, band);
        let input = self.bind(&convolution.input, &read);
        let output = self.bind(&convolution.output, &written);
        let lanes = convolution.output.channels / 4;
        let mut blocks = Vec::new();
        let mut partials = 0;
        let mut largest = 0;
        let mut depth = 0;
        let mut work = 0;
        for &(phase, weights) in phases {
            let rows = clipped(phase, band);
            let block = block(convolution, phase, &rows, [&input, &output]);
            let pixels = rows.len() * phase.output_size[1];
            work += (block[0] * block[1] * block[2]) as u64 * (16 * pixels * lanes) as u64;
            depth = depth.max((block[0] * block[1] * block[2]) as usize);
            blocks.extend(block);
            blocks.extend([weights as u32, partials as u32, 0, 0, 0]);
            partials += pixels * lanes;
            largest = largest.max(pixels);
        }
        let at_once = if let Method::Winograd { deep } = choice.method {
            // It goes through channels, all nine places of the kernel at once.
            depth /= 9;
            work = work * 16 / 36;
            deep
        } else {
            4
        };
        // A slice is a multiple of what a kernel takes at once; the last may be shorter, none is empty.
        let slice = depth
            .div_ceil(choice.splits.max(1))
            .next_multiple_of(at_once);
        let splits = depth.div_ceil(slice.max(1)).max(1);
        let [step_y, step_x] = convolution.input_step;
        let [out_y, out_x] = convolution.output_step;
        let [tanh, slope] = activation(convolution.activation);
        let mut parameters = vec![
            lanes as u32,
            input.row,
            input.pixel,
            input.row * step_y as u32,
            input.pixel * step_x as u32,
            output.row * out_y as u32,
            output.pixel * out_x as u32,
            splits as u32,
            slice as u32,
            partials as u32,
            tanh,
            slope,
        ];
        parameters.extend(blocks);
        parameters.resize(12 + 12 * PHASES, 0);

        let half = self.is_half(convolution.kernel);
        let split = splits > 1;
        let (kernel, groups) = match choice.method {
            Method::Registers { pixels, vectors } => {
                let kernel = Kernel::Registers {
                    pixels,
                    vectors,
                    half,
                    split,
                };
                let invocations = largest.div_ceil(pixels) * (lanes / vectors);
                (kernel, invocations.div_ceil(64))
            }
            Method::Tile {
                pixels,
                lanes: tile,
            } => {
                let kernel = Kernel::Tile {
                    pixels,
                    lanes: tile,
                    half,
                    split,
                };
                (kernel, largest.div_ceil(pixels) * lanes.div_ceil(tile))
            }
            Method::Winograd { deep } => {
                let kernel = Kernel::Winograd { deep, half, split };
                let width = phases.first().map_or(0, |(phase, _)| phase.output_size[1]);
                let tiles = tiles_of([band.len(), width]).div_ceil(winograd::TILES);
                (kernel, tiles * lanes.div_ceil(winograd::LANES))
            }
        };
        let pack = convolution.kernel.0;
        let weights = whole(Memory::Weights(pack));
        let bias = whole(Memory::Bias(pack));
        let [x, y] = self.folded(groups);
        let z = (phases.len() * splits) as u32;
        if !split {
            let windows = vec![input.window, weights, bias, output.window];
            self.launch(kernel, windows, parameters, [x, y, z])?;
            self.worked(work);
            return Ok(());
        }
        let scratch = self.scratch((partials * splits * 16) as u64)?;
        let windows = vec![input.window, weights, scratch];
        self.launch(kernel, windows, parameters.clone(), [x, y, z])?;
        self.worked(work);
        let [x, y] = self.folded((largest * lanes).div_ceil(64));
        let windows = vec![scratch, bias, output.window];
        let groups = [x, y, phases.len() as u32];
        self.launch(Kernel::SplitMerge, windows, parameters, groups)
    }
}

impl Lowering<'_> {
    /// Says how much the last launch does.
    fn worked(&mut self, work: u64) {
        if let Some(launch) = self.launches.last_mut() {
            launch.work = work;
        }
    }
}

/// Tiles of two by two pixels.
const fn tiles_of([height, width]: [usize; 2]) -> usize {
    height.div_ceil(2) * width.div_ceil(2)
}

/// The tiles of its output, if Winograd's transform can make them; otherwise 0.
fn tiles(convolution: &Convolution) -> usize {
    let [phase] = convolution.phases.as_slice() else {
        return 0;
    };
    let taps = [phase.kernel_rows.len(), phase.kernel_columns.len()];
    if taps == [3, 3] && convolution.input_step == [1, 1] {
        tiles_of(phase.output_size)
    } else {
        0
    }
}

/// The rows of a band that a phase has.
fn clipped(phase: &Phase, band: &Range<usize>) -> Range<usize> {
    let end = band.end.min(phase.output_size[0]);
    band.start.min(end)..end
}

/// Whether a phase reads and writes only what is there.
fn fits(convolution: &Convolution, phase: &Phase) -> bool {
    let sides = [
        (convolution.input.border.top, convolution.input.rows()),
        (
            convolution.input.border.left,
            convolution.input.row_pixels(),
        ),
    ];
    let taps = [phase.kernel_rows.len(), phase.kernel_columns.len()];
    let inside = [convolution.output.height, convolution.output.width];
    (0..2).all(|axis| {
        let (border, length) = sides[axis];
        let Some(last) = phase.output_size[axis].checked_sub(1) else {
            return true;
        };
        let Some(start) = border.checked_add_signed(phase.input_start[axis]) else {
            return false;
        };
        start + last * convolution.input_step[axis] + taps[axis] <= length
            && phase.output_start[axis] + last * convolution.output_step[axis] < inside[axis]
    })
}

/// The rows of the input and of the output that a band touches, border and all.
fn touched(
    convolution: &Convolution,
    phases: &[(&Phase, usize)],
    band: &Range<usize>,
) -> (Range<usize>, Range<usize>) {
    let join = |a: Option<Range<usize>>, b: Range<usize>| {
        Some(a.map_or(b.clone(), |a| a.start.min(b.start)..a.end.max(b.end)))
    };
    let (mut read, mut written) = (None, None);
    for (phase, _) in phases {
        let rows = clipped(phase, band);
        if rows.is_empty() || phase.output_size[1] == 0 {
            continue;
        }
        let first = convolution.input.border.top as isize + phase.input_start[0];
        let first = first.max(0) as usize;
        let [step, out] = [convolution.input_step[0], convolution.output_step[0]];
        let last = rows.end - 1;
        // A phase that no weight meets still binds something.
        let taps = phase.kernel_rows.len().max(1);
        read = join(read, first + rows.start * step..first + last * step + taps);
        let first = convolution.output.border.top + phase.output_start[0];
        written = join(written, first + rows.start * out..first + last * out + 1);
    }
    (read.unwrap_or(0..1), written.unwrap_or(0..1))
}

/// The first parameters of a phase.
fn block(
    convolution: &Convolution,
    phase: &Phase,
    rows: &Range<usize>,
    [input, output]: [&Bound; 2],
) -> [u32; 7] {
    let view = &convolution.input;
    let start = |border: usize, first: isize| (border as isize + first).max(0) as usize;
    let row = start(view.border.top, phase.input_start[0]) + rows.start * convolution.input_step[0];
    let column = start(view.border.left, phase.input_start[1]);
    let to = &convolution.output;
    let to_row = to.border.top + phase.output_start[0] + rows.start * convolution.output_step[0];
    let to_column = to.border.left + phase.output_start[1];
    // Pixels without others between them are one long run.
    let lanes = view.channels / 4;
    let columns = phase.kernel_columns.len();
    let (columns, run) = if view.pixel_stride == view.channels {
        (1, columns * lanes)
    } else {
        (columns, lanes)
    };
    [
        phase.kernel_rows.len() as u32,
        columns as u32,
        run as u32,
        input.at(row, column),
        output.at(to_row, to_column),
        rows.len() as u32,
        phase.output_size[1] as u32,
    ]
}
