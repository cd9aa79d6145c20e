//! What a convolution 3x3 with steps of 1 costs a GPU: an estimate from its size alone, in multiplications
//! with sums, by which Winograd's kernel is taken or not.
//!
//! Arithmetic and memory are added, as if neither hid the other: that speaks against whoever computes
//! less. Both kernels move the same bytes, if caches keep what several workgroups read.

use super::tune::{BUSY, Choice, Method, Work};
use super::winograd;

/// Multiplications with sums that a device does while it moves a byte of its memory: 40 operations a byte.
/// By data sheets Nvidia's RTX 3060 does 35 (12.7 Tflop/s, 360 GB/s), Apple's M1 38 (2.6, 68); an RTX 4090
/// does 82, but its cache of 72 MB holds most of these planes.
const BALANCE: f64 = 20.0;
/// What a multiplication costs Winograd's kernel, of what it costs a tile: 1.26 by the number of instructions
/// with those of its transforms, on llvmpipe 1.7 (which says little of GPUs: barriers, of which there are
/// twice to four times as many, are dear there).
const TRANSFORMS: f64 = 1.6;
/// Its transforms back, in groups of four input channels: eight barriers and as much as two loads.
const BACK: usize = 2;

/// The cost.
pub fn cost(work: Work, choice: Choice) -> f64 {
    let splits = choice.splits.max(1);
    let inputs = work.depth / 9;
    // Workgroups, multiplications of each, what one of those costs.
    let (groups, size, factor) = match choice.method {
        Method::Registers { pixels, vectors } => {
            let invocations = work.pixels.div_ceil(pixels) * work.lanes.div_ceil(vectors);
            let size = 64 * pixels * vectors * 16 * work.depth;
            (invocations.div_ceil(64), size, 1.0)
        }
        Method::Tile { pixels, lanes } => {
            let groups = work.pixels.div_ceil(pixels) * work.lanes.div_ceil(lanes);
            (groups, pixels * lanes * 16 * work.depth, 1.0)
        }
        Method::Winograd { .. } => {
            let (tiles, lanes) = (winograd::TILES, winograd::LANES);
            let groups = work.tiles.div_ceil(tiles) * work.lanes.div_ceil(lanes);
            let size = 16 * tiles * lanes * 16 * (inputs + splits * BACK);
            (groups, size, TRANSFORMS)
        }
    };
    // Workgroups fewer than keep it busy leave a part of it idle.
    let busy = (groups * splits).clamp(1, BUSY) as f64 / BUSY as f64;
    let arithmetic = (groups * size) as f64 * factor / busy;
    let planes = work.pixels * (inputs + work.lanes);
    let weights = 4 * work.depth * work.lanes;
    // Partial sums are written and read.
    let sums = if splits > 1 {
        2 * splits * work.pixels * work.lanes
    } else {
        0
    };
    arithmetic + BALANCE * (16 * (planes + weights + sums)) as f64
}

#[cfg(test)]
mod tests {
    use super::super::Bounds;
    use super::super::tune::Tuning;
    use super::*;

    /// A convolution 3x3 of so many channels in and out.
    fn work([inputs, outputs]: [usize; 2], [height, width]: [usize; 2]) -> Work {
        Work {
            pixels: height * width,
            phases: 1,
            lanes: outputs.div_ceil(4),
            depth: 9 * inputs.div_ceil(4),
            tiles: height.div_ceil(2) * width.div_ceil(2),
        }
    }

    /// Whether Winograd's kernel does it on a GPU of such bounds.
    fn is_taken(work: Work, bounds: &Bounds) -> bool {
        let choice = Tuning::default().convolution(work, bounds);
        matches!(choice.method, Method::Winograd { .. })
    }

    #[test]
    fn winograd_is_taken_where_it_saves_more_than_it_costs() {
        let bounds = Bounds::default();
        let layers = [
            // Residual blocks of ResNet at 256², of pix2pixHD at 1024 by 512.
            ([256, 256], [64, 64], true),
            ([1024, 1024], [32, 64], true),
            // SPADE's modulations, PGAN's last scales.
            ([128, 1024], [32, 64], true),
            ([128, 128], [256, 256], true),
            ([64, 64], [512, 512], false),
            ([32, 32], [1024, 1024], false),
            ([16, 16], [1024, 1024], false),
            // Planes that tiles of pixels do not fill.
            ([512, 512], [8, 8], false),
            ([512, 512], [4, 4], false),
            // Few channels on one side.
            ([256, 3], [256, 256], false),
            ([3, 64], [256, 256], false),
        ];
        for (channels, size, expected) in layers {
            let found = is_taken(work(channels, size), &bounds);
            assert_eq!(found, expected, "{channels:?} {size:?}");
        }
    }

    #[test]
    fn a_device_whose_workgroups_are_too_small_or_that_is_software_never_takes_it() {
        let layer = work([256, 256], [64, 64]);
        let few = Bounds {
            invocations: 128,
            ..Bounds::default()
        };
        assert!(!is_taken(layer, &few));
        let software = Tuning {
            software: true,
            force: None,
        };
        let choice = software.convolution(layer, &Bounds::default());
        assert!(matches!(choice.method, Method::Registers { .. }));
        // A kernel of another size, or with steps.
        let other = Work { tiles: 0, ..layer };
        assert!(!is_taken(other, &Bounds::default()));
    }

    #[test]
    fn more_workgroup_memory_takes_more_channels_at_once() {
        let layer = work([256, 256], [64, 64]);
        for (group_memory, deep) in [(16 << 10, 1), (32 << 10, 2)] {
            let bounds = Bounds {
                group_memory,
                ..Bounds::default()
            };
            let choice = Tuning::default().convolution(layer, &bounds);
            assert_eq!(choice.method, Method::Winograd { deep });
        }
    }
}
