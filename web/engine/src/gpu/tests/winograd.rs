//! Winograd's kernel, wherever it can be used: the other tests force it as well, among all kernels.

use underpaint_plan::{PadMode, Sides};

use super::operations::is_right;
use super::plans::{assert_right, generator_of};
use super::*;
use crate::drafts::convolution;
use crate::gpu::Needs;
use crate::gpu::kernel::Kernel;
use crate::{cpu, plans};

/// With one and with two groups of channels at once, whole and split.
fn ways() -> [Choice; 4] {
    [(1, 1), (2, 1), (1, 3), (2, 3)].map(|(deep, splits)| Choice {
        method: Method::Winograd { deep },
        splits,
    })
}

/// Launches of it in a generator.
fn launches(generator: &Generator) -> usize {
    let kernels = generator.kernels().expect("a program that can be run");
    let is_it = |kernel: &&Kernel| matches!(kernel, Kernel::Winograd { .. });
    kernels.iter().filter(is_it).count()
}

#[test]
fn it_does_convolutions_of_many_channels_and_odd_sizes() {
    let Some(device) = device() else { return };
    for seed in 0..16 {
        let choice = ways()[seed as usize % 4];
        let device = forced(&device, choice);
        assert!(is_right(&device, convolution::of_many_channels(seed)));
    }
}

#[test]
fn planes_larger_than_a_binding_are_done_in_bands_that_cut_tiles() {
    let Some(device) = device() else { return };
    let mut b = Builder::new(6);
    let x = b.input(5, 41, 29);
    let x = b.conv(x, 6, 3, 1, 1);
    let x = b.leaky(x);
    let x = b.conv(x, 7, 3, 1, 0);
    let builder = b.finish(&[x]);
    // Whole: sums of slices of a band are larger than its planes.
    for choice in ways().into_iter().take(2) {
        let wide = forced(&device, choice);
        let narrow = narrow(&wide, 1 << 13);
        let [one, many] = [wide, narrow].map(|device| {
            let mut generator = generator_of(&device, &builder);
            assert_right(&format!("{choice:?}"), &builder, &mut generator);
            launches(&generator)
        });
        // Five bands of nine rows and fewer, at least.
        assert!(one == 2 && many >= 10, "{choice:?}: {one}, {many}");
    }
}

/// Every border, and everything that can follow: nothing, each activation, a norm with a sum behind it.
fn borders() -> Builder {
    let mut b = Builder::new(7);
    let sides = Sides::all(1);
    let mut x = b.input(21, 17, 11);
    for mode in [PadMode::Zero, PadMode::Reflect, PadMode::Edge] {
        let y = b.pad(x, mode, sides);
        let y = b.conv(y, 21, 3, 1, 0);
        let y = b.leaky(y);
        let y = b.pad(y, mode, sides);
        let y = b.conv(y, 37, 3, 1, 0);
        let y = b.norm(y, false, true);
        let y = b.relu(y);
        let y = b.conv(y, 21, 3, 1, 1);
        let y = b.tanh(y);
        let y = b.pad(y, mode, sides);
        let y = b.conv(y, 21, 3, 1, 0);
        x = b.add(x, y);
    }
    // Without a border: planes become smaller.
    let y = b.conv(x, 6, 3, 1, 0);
    let y = b.relu(y);
    b.finish(&[x, y])
}

#[test]
fn it_reads_every_border_and_ends_in_everything() {
    let Some(device) = device() else { return };
    let builder = borders();
    for choice in ways() {
        let mut generator = generator_of(&forced(&device, choice), &builder);
        assert_eq!(launches(&generator), 13, "{choice:?}");
        assert_right(&format!("{choice:?}"), &builder, &mut generator);
    }
}

#[test]
fn families_with_it_are_what_the_cpu_engine_makes() {
    let Some(device) = device() else { return };
    let families = [
        ("resnet", plans::resnet(1, [9, 12])),
        ("spade", plans::spade(0, false)),
        ("spade of labels", plans::spade(1, true)),
        ("pix2pixhd", plans::pix2pixhd(1)),
        ("pgan", plans::pgan(0)),
    ];
    for (name, builder) in &families {
        let program = schedule(&builder.plan).expect("a plan that can be run");
        let other = cpu::Generator::new(program, &builder.plan, &builder.weights);
        let mut other = other.expect("weights");
        other.run(&given(&builder.inputs)).expect("inputs");
        for choice in ways() {
            let mut generator = generator_of(&forced(&device, choice), builder);
            assert!(launches(&generator) > 0, "{name}");
            block_on(generator.run(&given(&builder.inputs))).expect("inputs");
            assert_close(name, &other.planes(0), &generator.planes(0), 1e-5);
        }
    }
}

/// Residual blocks as wide as those of published generators.
fn wide() -> Builder {
    let mut b = Builder::new(8);
    let mut x = b.input(256, 15, 18);
    for _ in 0..2 {
        let y = b.pad(x, PadMode::Reflect, Sides::all(1));
        let y = b.conv(y, 256, 3, 1, 0);
        let y = b.norm(y, false, false);
        let y = b.relu(y);
        let y = b.pad(y, PadMode::Reflect, Sides::all(1));
        let y = b.conv(y, 256, 3, 1, 0);
        let y = b.norm(y, false, false);
        x = b.add(x, y);
    }
    b.finish(&[x])
}

#[test]
fn wide_layers_are_as_exact_as_by_other_kernels() {
    let Some(device) = device() else { return };
    let builder = wide();
    let tile = Choice {
        method: Method::Tile {
            pixels: 64,
            lanes: 16,
        },
        splits: 1,
    };
    let run = |choice| {
        let mut generator = generator_of(&forced(&device, choice), &builder);
        block_on(generator.run(&given(&builder.inputs))).expect("inputs");
        (launches(&generator), generator.planes(0))
    };
    let (none, expected) = run(tile);
    let (all, found) = run(ways()[1]);
    assert_eq!([none, all], [0, 4]);
    assert_close("wide", &expected, &found, 1e-5);
}

#[test]
fn a_gpu_takes_it_by_itself_and_a_software_adapter_does_not() {
    let Some(device) = device() else { return };
    let mut b = Builder::new(10);
    let x = b.input(128, 64, 128);
    let x = b.conv(x, 128, 3, 1, 1);
    let builder = b.finish(&[x]);
    let [gpu, software] = [false, true].map(|software| {
        let tuning = Tuning {
            software,
            force: None,
        };
        let device = device.with(device.info().bounds, tuning);
        let mut generator = generator_of(&device, &builder);
        block_on(generator.run(&given(&builder.inputs))).expect("inputs");
        (launches(&generator), generator.planes(0))
    });
    assert_eq!([gpu.0, software.0], [1, 0]);
    assert_close("128 channels", &software.1, &gpu.1, 1e-5);
}

#[test]
fn what_it_needs_is_counted() {
    let mut b = Builder::new(9);
    let x = b.input(9, 7, 5);
    let x = b.conv(x, 18, 3, 1, 1);
    let builder = b.finish(&[x]);
    let program = schedule(&builder.plan).expect("a plan that can be run");
    let needs = |method, splits| {
        let tuning = Tuning {
            software: false,
            force: Some(Choice { method, splits }),
        };
        let needs = Needs::of(&program, &builder.plan, &Bounds::default(), &tuning);
        needs.expect("a small picture")
    };
    let tile = Method::Tile {
        pixels: 64,
        lanes: 16,
    };
    let [one, three] = [1, 3].map(|splits| needs(Method::Winograd { deep: 1 }, splits));
    // Weights lie there once, as they are; nothing lies between.
    assert_eq!(one, needs(tile, 1));
    // Sums of three slices of four channels, of 35 pixels of twenty.
    assert_eq!(three.planes - one.planes, 3 * 35 * 20 * 4);
    let bounds = Bounds {
        binding: 3 * 35 * 20 * 4 - 4,
        ..Bounds::default()
    };
    let tuning = Tuning {
        software: false,
        force: Some(ways()[2]),
    };
    let refused = Needs::of(&program, &builder.plan, &bounds, &tuning);
    let is_it = matches!(refused, Err(Error::TooLarge { needed, .. }) if needed == 3 * 35 * 20 * 4);
    assert!(is_it, "{refused:?}");
}

#[test]
fn small_generators_compile_nothing_for_it() {
    let Some(device) = device() else { return };
    let tuning = Tuning {
        software: false,
        force: None,
    };
    let device = device.with(device.info().bounds, tuning);
    for (name, builder) in plans::all() {
        assert_eq!(launches(&generator_of(&device, &builder)), 0, "{name}");
    }
}
