//! From a program's operations to launches. Needs no device, only what one allows.

mod apply;
mod convolution;
mod labels;
mod rest;
mod statistics;

use super::bounds::Bounds;
use super::kernel::Kernel;
use super::launch::{self, Bound, Launch, Memory, Reach, Tables, Window};
use super::tune::Tuning;
use crate::program::{BufferId, Operation, PackId, Program, View};
use crate::{Error, Result};
use std::ops::Range;
use underpaint_plan::Activation;

/// A program for one device.
#[derive(Debug, Default)]
pub struct Lowered {
    /// In order.
    pub launches: Vec<Launch>,
    /// Gather tables.
    pub tables: Vec<u32>,
    /// Bytes of memory between launches.
    pub scratch: u64,
}

/// Turns every operation into launches. `half` says which packs have f16 weights.
///
/// # Errors
///
/// [`Error::TooLarge`] if something cannot be bound even row by row, [`Error::Input`] if the program
/// contradicts itself.
pub fn lower(
    program: &Program,
    bounds: &Bounds,
    tuning: &Tuning,
    half: &[bool],
) -> Result<Lowered> {
    let mut lowering = Lowering {
        program,
        bounds,
        tuning,
        half,
        tables: Tables::default(),
        launches: Vec::new(),
        scratch: 0,
    };
    for operation in &program.operations {
        lowering.operation(operation)?;
    }
    if lowering.tables.words.is_empty() {
        lowering.tables.words.push(0);
    }
    Ok(Lowered {
        launches: lowering.launches,
        tables: lowering.tables.words,
        scratch: lowering.scratch,
    })
}

struct Lowering<'a> {
    program: &'a Program,
    bounds: &'a Bounds,
    tuning: &'a Tuning,
    half: &'a [bool],
    tables: Tables,
    launches: Vec<Launch>,
    scratch: u64,
}

impl Lowering<'_> {
    fn operation(&mut self, operation: &Operation) -> Result<()> {
        match operation {
            Operation::Convolution(convolution) => self.convolution(convolution),
            Operation::LabelConvolution(convolution) => self.label_convolution(convolution),
            Operation::ExpandLabels { labels, output } => self.expand_labels(*labels, output),
            Operation::Linear {
                input,
                output,
                matrix,
                activation,
            } => self.linear(input, output, *matrix, *activation),
            Operation::AveragePool {
                input,
                output,
                kernel,
                stride,
                padding,
                count_include_pad,
            } => self.average_pool(
                [input, output],
                [*kernel, *stride, *padding],
                *count_include_pad,
            ),
            Operation::Statistics {
                input,
                output,
                affine,
                epsilon,
            } => self.statistics(input, *output, *affine, *epsilon),
            Operation::PixelNorm {
                input,
                output,
                divisor,
                epsilon,
            } => self.pixel_norm(input, output, *divisor, *epsilon),
            Operation::Apply(apply) => self.apply(apply),
            Operation::Border { view, mode } => self.border(view, *mode),
        }
    }

    /// Adds a launch.
    fn launch(
        &mut self,
        kernel: Kernel,
        windows: Vec<Window>,
        parameters: Vec<u32>,
        groups: [u32; 3],
    ) -> Result<()> {
        if groups.contains(&0) {
            return Ok(());
        }
        if windows.len() > self.bounds.storage_buffers as usize {
            return Err(Error::TooLarge {
                what: "operands of one step".into(),
                needed: windows.len() as u64,
                available: u64::from(self.bounds.storage_buffers),
            });
        }
        for window in &windows {
            let slot = match window.memory {
                Memory::Slot(slot) => slot,
                _ => continue,
            };
            let held = self.program.slot_sizes.get(slot).map_or(0, |size| 4 * size);
            if window.end > held as u64 {
                let (end, start) = (window.end, window.start);
                return Err(Error::Input(format!(
                    "a program that reads bytes {start}..{end} of memory of {held} bytes"
                )));
            }
        }
        self.launches.push(Launch {
            kernel,
            windows,
            parameters,
            groups,
            work: 0,
        });
        Ok(())
    }

    fn bind(&self, view: &View, rows: &Range<usize>) -> Bound {
        launch::bind(self.program, self.bounds, view, rows)
    }

    fn bands(&self, rows: usize, reach: Reach<'_>) -> Result<Vec<Range<usize>>> {
        launch::bands(rows, self.bounds.groups as usize, self.bounds, reach)
    }

    /// Workgroups of so many invocations in a row, folded where there are more than a device takes.
    fn folded(&self, groups: usize) -> [u32; 2] {
        let most = self.bounds.groups as usize;
        if groups <= most {
            return [groups as u32, 1];
        }
        let down = groups.div_ceil(most);
        [groups.div_ceil(down) as u32, down as u32]
    }

    /// Workgroups for kernels that go through a row in strides, and so many rows.
    fn rows(&self, across: usize, rows: usize) -> [u32; 3] {
        let groups = across.div_ceil(64).min(self.bounds.groups as usize);
        [groups as u32, rows as u32, 1]
    }

    /// Bytes of scratch memory, which must be bound as a whole.
    fn scratch(&mut self, bytes: u64) -> Result<Window> {
        if bytes > self.bounds.binding {
            return Err(Error::TooLarge {
                what: "sums between two steps".into(),
                needed: bytes,
                available: self.bounds.binding,
            });
        }
        self.scratch = self.scratch.max(bytes);
        Ok(whole(Memory::Scratch))
    }

    fn is_half(&self, pack: PackId) -> bool {
        self.half.get(pack.0).copied().unwrap_or(false)
    }

    /// A buffer of factors and summands.
    fn vector(&self, buffer: BufferId, channels: usize) -> Window {
        Window {
            memory: Memory::Slot(self.program.slots[buffer.0]),
            start: 0,
            end: 8 * channels as u64,
        }
    }
}

/// All of a buffer.
const fn whole(memory: Memory) -> Window {
    Window {
        memory,
        start: 0,
        end: 0,
    }
}

/// Whether it is a hyperbolic tangent, and the slope of the negative side otherwise.
const fn activation(activation: Option<Activation>) -> [u32; 2] {
    match activation {
        None => [0, 1.0_f32.to_bits()],
        Some(Activation::Relu) => [0, 0],
        Some(Activation::LeakyRelu { slope }) => [0, slope.to_bits()],
        Some(Activation::Tanh) => [1, 0],
    }
}

/// The largest power of two that is not larger than `lanes`, and `most`.
fn beside(lanes: usize, most: usize) -> usize {
    let mut beside = 1;
    while 2 * beside <= lanes.min(most) {
        beside *= 2;
    }
    beside
}

/// Rows of the inside of a view, counted from the first of the border.
const fn inside(view: &View, rows: &Range<usize>) -> Range<usize> {
    view.border.top + rows.start..view.border.top + rows.end
}
