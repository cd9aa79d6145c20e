//! Which kernel does which convolution. Constants, never trials at the user's cost.

use super::bounds::Bounds;
use super::cost::cost;
use super::winograd;

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
    /// By Winograd's transform. What it cannot do is done as if nothing were forced.
    Winograd {
        /// Groups of four input channels that are taken at once: 1, or 2 with 32 KiB of workgroup memory.
        deep: usize,
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
    /// Tiles of two by two output pixels, if it is a kernel 3x3 with steps of 1; otherwise 0.
    pub tiles: usize,
}

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tuning {
    /// Whether the adapter computes on the CPU (SwiftShader, lavapipe): workgroup memory gains nothing
    /// there, barriers cost, and few workgroups are enough.
    pub software: bool,
    /// What every convolution that it can do is computed by, whatever else is said here: for tests and
    /// measurements.
    pub force: Option<Choice>,
}

/// Workgroups that keep a GPU busy.
pub const BUSY: usize = 256;
/// Groups of four numbers that a slice is worth its merge for.
const SLICE: usize = 32;
/// The most slices.
const SPLITS: usize = 32;
/// Invocations that keep a CPU's cores busy.
const CORES: usize = 512;
/// Groups of four output channels from which on a tile is not mostly wasted.
const TILE_LANES: usize = 6;
/// How much faster Winograd's kernel must be by [`cost`] to be taken: no GPU has been asked.
const GAIN: f64 = 1.25;
/// Groups of four input channels that a slice of it is worth its merge for.
const WINOGRAD_SLICE: usize = 16;

impl Tuning {
    /// Chooses.
    #[must_use]
    pub fn convolution(&self, work: Work, bounds: &Bounds) -> Choice {
        let choice = match self.force {
            Some(choice) if choice.can(work, bounds) => choice,
            _ if self.software => Choice {
                method: software(work),
                splits: 1,
            },
            _ => hardware(work, bounds),
        };
        let method = match choice.method {
            Method::Registers { pixels, vectors } => Method::Registers {
                pixels,
                vectors: divisor(vectors, work.lanes),
            },
            other => other,
        };
        Choice { method, ..choice }
    }
}

impl Choice {
    /// Whether there is such a kernel for this.
    fn can(&self, work: Work, bounds: &Bounds) -> bool {
        match self.method {
            Method::Winograd { deep } => {
                work.tiles > 0
                    && bounds.group_memory >= deep as u32 * winograd::GROUP_MEMORY
                    && bounds.invocations >= winograd::INVOCATIONS
            }
            _ => true,
        }
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
    let fits = bounds.group_memory >= 16 << 10 && bounds.invocations >= 128;
    if work.pixels >= 64 && work.lanes >= TILE_LANES && fits {
        let tile = tile(work);
        let winograd = winograd(work, bounds);
        let gains = |choice: Choice| {
            choice.can(work, bounds) && cost(work, tile) >= GAIN * cost(work, choice)
        };
        return if gains(winograd) { winograd } else { tile };
    }
    let vectors = if work.pixels >= 4096 { 2 } else { 1 };
    let vectors = divisor(vectors, work.lanes);
    let invocations = work.pixels.div_ceil(8) * work.lanes / vectors * work.phases;
    Choice {
        method: Method::Registers { pixels: 8, vectors },
        splits: slices(invocations.div_ceil(64), work.depth / SLICE),
    }
}

/// As many slices as keep a GPU busy, if there is enough to slice.
fn slices(groups: usize, most: usize) -> usize {
    let wanted = BUSY.div_ceil(groups.max(1));
    wanted.min(most).clamp(1, SPLITS)
}

fn tile(work: Work) -> Choice {
    let lanes = if work.lanes <= 8 { 8 } else { 16 };
    let groups = |pixels| work.pixels.div_ceil(pixels) * work.lanes.div_ceil(lanes) * work.phases;
    let pixels = if lanes == 8 || groups(128) >= 2 * BUSY {
        128
    } else {
        64
    };
    Choice {
        method: Method::Tile { pixels, lanes },
        splits: slices(groups(pixels), work.depth / SLICE),
    }
}

fn winograd(work: Work, bounds: &Bounds) -> Choice {
    let groups = work.tiles.div_ceil(winograd::TILES) * work.lanes.div_ceil(winograd::LANES);
    Choice {
        method: Method::Winograd {
            deep: if bounds.group_memory >= 2 * winograd::GROUP_MEMORY {
                2
            } else {
                1
            },
        },
        splits: slices(groups, work.depth / 9 / WINOGRAD_SLICE),
    }
}
