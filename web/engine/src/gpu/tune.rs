//! Which kernel does which convolution. Constants, never trials at the user's cost.

use super::bounds::Bounds;

/// How a convolution is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// By which kernel.
    pub method: Method,
    /// Slices of the weights that are summed side by side: 1 for none.
    pub splits: usize,
}

/// A kernel for convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// In registers.
    Registers {
        /// Pixels of an invocation.
        pixels: usize,
        /// Groups of four channels of an invocation; made smaller until it divides those there are.
        vectors: usize,
    },
    /// In workgroup memory.
    Tile {
        /// Pixels of a workgroup: 64 or 128.
        pixels: usize,
        /// Groups of four channels of a workgroup: 8 (with 128 pixels) or 16.
        lanes: usize,
    },
}

/// How large a convolution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Output pixels of its largest phase.
    pub pixels: usize,
    /// Phases.
    pub phases: usize,
    /// Groups of four output channels.
    pub lanes: usize,
    /// Groups of four numbers that an output is summed from, in its largest phase.
    pub depth: usize,
}

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tuning {
    /// Whether the adapter computes on the CPU (SwiftShader, lavapipe): workgroup memory gains nothing
    /// there, barriers cost, and few workgroups are enough.
    pub software: bool,
    /// What every convolution is computed by, whatever else is said here: for tests and measurements.
    pub force: Option<Choice>,
}

/// Workgroups that keep a GPU busy.
const BUSY: usize = 256;
/// Groups of four numbers that a slice is worth its merge for.
const SLICE: usize = 32;
/// The most slices.
const SPLITS: usize = 32;
/// Invocations that keep a CPU's cores busy.
const CORES: usize = 512;
/// Groups of four output channels from which on a tile is not mostly wasted.
const TILE_LANES: usize = 6;

impl Tuning {
    /// Chooses.
    #[must_use]
    pub fn convolution(&self, work: Work, bounds: &Bounds) -> Choice {
        let choice = match self.force {
            Some(choice) => choice,
            None if self.software => Choice {
                method: software(work),
                splits: 1,
            },
            None => hardware(work, bounds),
        };
        let method = match choice.method {
            Method::Registers { pixels, vectors } => Method::Registers {
                pixels,
                vectors: divisor(vectors, work.lanes),
            },
            tile => tile,
        };
        Choice { method, ..choice }
    }
}

fn divisor(vectors: usize, lanes: usize) -> usize {
    let mut vectors = vectors.max(1);
    while !lanes.is_multiple_of(vectors) {
        vectors /= 2;
    }
    vectors
}

fn software(work: Work) -> Method {
    let busy = |vectors: usize| {
        work.pixels.div_ceil(8) * work.phases * work.lanes >= CORES * divisor(vectors, work.lanes)
    };
    let vectors = [4, 2].into_iter().find(|&vectors| busy(vectors));
    Method::Registers {
        pixels: 8,
        vectors: vectors.unwrap_or(2),
    }
}

fn hardware(work: Work, bounds: &Bounds) -> Choice {
    let slices = |groups: usize| {
        let wanted = BUSY.div_ceil(groups.max(1));
        wanted.min(work.depth / SLICE).clamp(1, SPLITS)
    };
    let fits = bounds.group_memory >= 16 << 10 && bounds.invocations >= 128;
    if work.pixels >= 64 && work.lanes >= TILE_LANES && fits {
        let lanes = if work.lanes <= 8 { 8 } else { 16 };
        let groups =
            |pixels| work.pixels.div_ceil(pixels) * work.lanes.div_ceil(lanes) * work.phases;
        let pixels = if lanes == 8 || groups(128) >= 2 * BUSY {
            128
        } else {
            64
        };
        return Choice {
            method: Method::Tile { pixels, lanes },
            splits: slices(groups(pixels)),
        };
    }
    let vectors = if work.pixels >= 4096 { 2 } else { 1 };
    let vectors = divisor(vectors, work.lanes);
    let invocations = work.pixels.div_ceil(8) * work.lanes / vectors * work.phases;
    Choice {
        method: Method::Registers { pixels: 8, vectors },
        splits: slices(invocations.div_ceil(64)),
    }
}
