//! What is dispatched: kernels with the memory that they bind and their parameters.

use std::collections::BTreeMap;
use std::ops::Range;

use super::bounds::Bounds;
use super::kernel::Kernel;
use crate::program::{Place, Program, View};
use crate::{Error, Result};

/// A buffer of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Memory {
    /// A piece of memory of the program.
    Slot(usize),
    /// The matrices of a pack.
    Weights(usize),
    /// The bias of a pack.
    Bias(usize),
    /// A plane of label codes.
    Labels(usize),
    /// All gather tables.
    Tables,
    /// What one launch leaves for the next.
    Scratch,
}

/// The bytes of a buffer that a launch binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Which buffer.
    pub memory: Memory,
    /// First byte, aligned as the device wants it.
    pub start: u64,
    /// Behind the last byte; 0 for all of the buffer.
    pub end: u64,
}

/// One dispatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// What runs.
    pub kernel: Kernel,
    /// What it binds, in the order of [`Kernel::access`].
    pub windows: Vec<Window>,
    /// Its parameters.
    pub parameters: Vec<u32>,
    /// Workgroups.
    pub groups: [u32; 3],
    /// Multiplications with sums, for what is mostly that.
    pub work: u64,
}

/// A view as a launch binds it; all in groups of four numbers.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// What is bound.
    pub window: Window,
    /// Place of the first channel of the first pixel, border and all. It may lie before the window:
    /// kernels add with wrap-around.
    pub base: u32,
    /// From one row to the next.
    pub row: u32,
    /// From one pixel to the next.
    pub pixel: u32,
}

impl Bound {
    /// Place of a pixel, counted from the first of the border.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> u32 {
        let down = (row as u32).wrapping_mul(self.row);
        let right = (column as u32).wrapping_mul(self.pixel);
        self.base.wrapping_add(down).wrapping_add(right)
    }
}

/// Where the gather tables lie in one buffer.
#[derive(Debug, Default)]
pub struct Tables {
    /// Their numbers.
    pub words: Vec<u32>,
    known: BTreeMap<Vec<u32>, u32>,
}

impl Tables {
    /// Place of a table.
    pub fn place(&mut self, table: &[u32]) -> u32 {
        if let Some(&place) = self.known.get(table) {
            return place;
        }
        let place = self.words.len() as u32;
        self.words.extend(table);
        self.known.insert(table.to_vec(), place);
        place
    }
}

/// Memory of a view's place.
#[must_use]
pub fn memory(program: &Program, place: Place) -> Memory {
    match place {
        Place::Buffer(buffer) => Memory::Slot(program.slots[buffer.0]),
        Place::Pack(pack) => Memory::Weights(pack.0),
    }
}

/// Binds these rows of a view, border and all.
#[must_use]
pub fn bind(program: &Program, bounds: &Bounds, view: &View, rows: &Range<usize>) -> Bound {
    let row = view.row_pixels() * view.pixel_stride;
    let start = (rows.start * row * 4) as u64 / bounds.alignment * bounds.alignment;
    let base = (view.channel_offset / 4) as u32;
    Bound {
        window: Window {
            memory: memory(program, view.place),
            start,
            end: (rows.end * row * 4) as u64,
        },
        base: base.wrapping_sub((start / 16) as u32),
        row: (row / 4) as u32,
        pixel: (view.pixel_stride / 4) as u32,
    }
}

/// Which rows of which views a band of rows of output touches.
pub type Reach<'a> = &'a dyn Fn(&Range<usize>) -> Vec<(View, Range<usize>)>;

/// Cuts `rows` rows of output into bands whose operands a device can bind: all at once where it can.
///
/// `reach` says for a band which rows of which views it touches.
///
/// # Errors
///
/// [`Error::TooLarge`] if a device cannot even bind one row.
pub fn bands(
    rows: usize,
    most: usize,
    bounds: &Bounds,
    reach: Reach<'_>,
) -> Result<Vec<Range<usize>>> {
    let mut done = Vec::new();
    let mut todo: Vec<_> = std::iter::once(0..rows).collect();
    while let Some(band) = todo.pop() {
        if band.is_empty() {
            continue;
        }
        let bytes = |(view, rows): &(View, Range<usize>)| {
            let row = (view.row_pixels() * view.pixel_stride * 4) as u64;
            let start = rows.start as u64 * row / bounds.alignment * bounds.alignment;
            rows.end as u64 * row - start
        };
        let largest = reach(&band).iter().map(bytes).max().unwrap_or(0);
        if band.len() <= most && largest <= bounds.binding {
            done.push(band);
        } else if band.len() == 1 {
            return Err(Error::TooLarge {
                what: "rows of a picture".into(),
                needed: largest,
                available: bounds.binding,
            });
        } else {
            let middle = band.start + band.len() / 2;
            todo.push(middle..band.end);
            todo.push(band.start..middle);
        }
    }
    Ok(done)
}
