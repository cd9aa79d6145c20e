//! How fast each kernel for convolutions is on the system's GPU:
//! `cargo run --release -p underpaint-engine --features gpu --example convolutions`

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "runs outside of browsers"
)]

use std::time::Instant;

use underpaint_engine::gpu::bench::{self, Layer};
use underpaint_engine::gpu::tune::{Choice, Method};
use underpaint_engine::gpu::{Device, block_on};

/// Inputs, outputs, side of the output, kernel, stride.
const LAYERS: [[usize; 5]; 8] = [
    [16, 16, 128, 4, 2],
    [64, 128, 64, 4, 2],
    [256, 512, 16, 4, 2],
    [512, 512, 4, 4, 2],
    [512, 512, 1, 4, 2],
    [128, 4, 128, 3, 1],
    [256, 256, 64, 3, 1],
    [64, 64, 128, 3, 1],
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = block_on(Device::acquire())?;
    println!("{:?}", device.info());
    let start = Instant::now();
    let mut clock = || start.elapsed().as_secs_f64();
    let peak = block_on(bench::peak(&device, &mut clock))?;
    println!("{:.1} GFLOP/s, {:.1} GB/s", peak.arithmetic, peak.bandwidth);
    let registers = |vectors, splits| Choice {
        method: Method::Registers { pixels: 8, vectors },
        splits,
    };
    let tile = |pixels, lanes, splits| Choice {
        method: Method::Tile { pixels, lanes },
        splits,
    };
    let choices = [
        ("chosen", None),
        ("8x4", Some(registers(1, 1))),
        ("8x8", Some(registers(2, 1))),
        ("8x16", Some(registers(4, 1))),
        ("8x4 split", Some(registers(1, 16))),
        ("64x64", Some(tile(64, 16, 1))),
        ("128x64", Some(tile(128, 16, 1))),
        ("128x32", Some(tile(128, 8, 1))),
        ("64x64 split", Some(tile(64, 16, 8))),
    ];
    let winograd = |deep| Choice {
        method: Method::Winograd { deep },
        splits: 1,
    };
    let only_three_by_three = [
        ("Winograd", Some(winograd(1))),
        ("Winograd, deep", Some(winograd(2))),
    ];
    for [inputs, outputs, side, kernel, stride] in LAYERS {
        let layer = Layer {
            inputs,
            outputs,
            size: [side, side],
            kernel,
            stride,
        };
        print!("{inputs:4} to {outputs:3}, {side:3}², {kernel}×{kernel}/{stride}:");
        let fits = kernel == 3 && stride == 1;
        let more = only_three_by_three.into_iter().filter(|_| fits);
        for (name, choice) in choices.into_iter().chain(more) {
            let speed = bench::convolution(&device, &layer, choice, false, &mut clock);
            print!("  {name} {:.1}", block_on(speed)?);
        }
        let speed = bench::convolution(&device, &layer, None, true, &mut clock);
        println!("  chosen, f16 {:.1}", block_on(speed)?);
    }
    Ok(())
}
