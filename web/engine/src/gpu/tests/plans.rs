//! Whole generators: from plan through schedule to planes.

use underpaint_plan::weight::Node;
use underpaint_plan::{Expression, reference};

use super::*;
use crate::gpu::Progress;
use crate::plans;

pub(super) fn generator_of(device: &Device, builder: &Builder) -> Generator {
    load_plan(device, builder).expect("weights")
}

pub(super) fn assert_right(name: &str, builder: &Builder, generator: &mut Generator) {
    assert_gives(name, builder, &expected_of(builder), generator);
}

/// What a plan gives.
fn expected_of(builder: &Builder) -> Vec<Tensor> {
    let expected = reference::run(&builder.plan, &builder.weights, &builder.inputs);
    expected.expect("a plan")
}

fn assert_gives(name: &str, builder: &Builder, expected: &[Tensor], generator: &mut Generator) {
    block_on(generator.run(&given(&builder.inputs))).expect("inputs");
    for (place, expected) in expected.iter().enumerate() {
        let found = generator.planes(place);
        // Both round every sum, in different orders; the device's tanh and square root are its own.
        assert_close(name, &expected.values, &found, 5e-5);
    }
}

#[test]
fn every_family_gives_what_its_plan_gives() {
    let Some(device) = device() else { return };
    for (name, builder) in plans::all() {
        let mut generator = generator_of(&device, &builder);
        assert_right(&name, &builder, &mut generator);
        // A second time memory is not zeros.
        assert_right(&name, &builder, &mut generator);
    }
}

#[test]
fn every_kernel_for_convolutions_gives_the_same() {
    let Some(device) = device() else { return };
    for (choice_name, choice) in choices() {
        let device = forced(&device, choice);
        for (name, builder) in plans::all().into_iter().take(9) {
            let mut generator = generator_of(&device, &builder);
            assert_right(&format!("{name}, {choice_name}"), &builder, &mut generator);
        }
    }
}

#[test]
fn planes_larger_than_a_binding_are_done_in_bands() {
    let Some(device) = device() else { return };
    for (name, builder) in plans::all() {
        // As narrow as it goes: what a few rows need.
        let fitting = (8..24).find_map(|power| {
            let device = narrow(&device, 1 << power);
            match load_plan(&device, &builder) {
                Ok(generator) => Some(generator),
                Err(Error::TooLarge { .. }) => None,
                Err(error) => panic!("{name}: {error}"),
            }
        });
        let mut narrow = fitting.expect("a limit that is enough");
        let wide = generator_of(&device, &builder);
        assert!(narrow.dispatches() >= wide.dispatches(), "{name}");
        assert_right(&name, &builder, &mut narrow);
    }
}

/// More pixels and channels than a tile has, by convolutions of one phase and of four.
fn large() -> Builder {
    let mut b = Builder::new(3);
    let x = b.input(70, 21, 23);
    let x = b.conv(x, 150, 3, 1, 1);
    let x = b.leaky(x);
    let x = b.conv_transpose(x, 74, [4, 2, 1, 0]);
    b.finish(&[x])
}

#[test]
fn every_kernel_does_many_pixels_of_many_channels() {
    let Some(device) = device() else { return };
    let builder = large();
    let expected = expected_of(&builder);
    for (name, choice) in choices() {
        let device = forced(&device, choice);
        let mut generator = load_plan(&device, &builder).expect("weights");
        assert_gives(&name, &builder, &expected, &mut generator);
        // Few workgroups along each axis: they are folded.
        let bounds = Bounds {
            groups: 24,
            ..device.info().bounds
        };
        let device = device.with(bounds, device.tuning());
        let mut generator = load_plan(&device, &builder).expect("weights");
        let name = format!("{name}, folded");
        assert_gives(&name, &builder, &expected, &mut generator);
    }
}

#[test]
#[ignore = "takes a gigabyte and a minute: planes of a picture of 2048 by 1024 pixels"]
fn planes_of_268_megabytes_are_done_with_bindings_of_128() {
    let Some(device) = device() else { return };
    let mut b = Builder::new(4);
    let x = b.input(3, 1024, 2048);
    let x = b.conv(x, 32, 1, 1, 0);
    let x = b.norm(x, false, true);
    let x = b.relu(x);
    let x = b.conv(x, 3, 1, 1, 0);
    let builder = b.finish(&[x]);
    let device = narrow(&device, 128 << 20);
    let mut generator = load_plan(&device, &builder).expect("weights");
    assert_right("large", &builder, &mut generator);
}

#[test]
fn a_software_adapter_and_a_gpu_are_tuned_differently_and_give_the_same() {
    let Some(device) = device() else { return };
    for software in [false, true] {
        let tuning = Tuning {
            software,
            force: None,
        };
        let device = device.with(device.info().bounds, tuning);
        for (name, builder) in plans::all().into_iter().take(9) {
            assert_right(&name, &builder, &mut generator_of(&device, &builder));
        }
    }
}

#[test]
fn weights_that_are_f16_are_kept_as_such() {
    let Some(device) = device() else { return };
    for (name, mut builder) in plans::all() {
        for tensor in builder.weights.values_mut() {
            for number in &mut tensor.values {
                *number = half::f16::from_f32(*number).to_f32();
            }
        }
        for choice in [None, Some(choices()[8].1), Some(choices()[16].1)] {
            let device = choice.map_or_else(|| device.clone(), |choice| forced(&device, choice));
            let mut generator = generator_of(&device, &builder);
            // Numbers of a class and of the switch are added when a kernel for labels is packed.
            let labels = builder.plan.inputs.iter().any(|input| input.one_hot > 0);
            assert!(labels || generator.keeps_half(), "{name}");
            assert_right(&name, &builder, &mut generator);
        }
    }
}

/// A generator whose weights do not depend on the size.
fn sized(height: usize, width: usize) -> Builder {
    let mut b = Builder::new(5);
    let x = b.input(3, height, width);
    // As many numbers are drawn before the first weight, whatever the size.
    for _ in 3 * height * width..3000 {
        b.number();
    }
    let x = b.conv(x, 8, 4, 2, 1);
    let x = b.norm(x, false, true);
    let x = b.leaky(x);
    let x = b.conv_transpose(x, 3, [4, 2, 1, 0]);
    let x = b.times_constant(x, [true, false, false]);
    let x = b.tanh(x);
    b.finish(&[x])
}

#[test]
fn a_generator_takes_another_size_without_reading_weights_or_compiling_again() {
    let Some(device) = device() else { return };
    let (small, large) = (sized(16, 12), sized(30, 32));
    assert_eq!(small.weights, large.weights);
    let mut first = Vec::new();
    let program = schedule(&small.plan).expect("a plan that can be run");
    let mut keep = |progress| first.push(progress);
    let generator = Generator::new(&device, program, &small.plan, &small.weights, &mut keep);
    let mut generator = block_on(generator).expect("weights");
    let last = |progress: &[Progress]| progress.last().copied();
    let Some(Progress::Kernels { done, of }) = last(&first) else {
        panic!("{first:?}");
    };
    assert!(done == of && of > 0, "{first:?}");
    let weights = |one: &&Progress| matches!(one, Progress::Weights { .. });
    let Some(Progress::Weights { done, of }) = first.iter().rfind(weights) else {
        panic!("{first:?}");
    };
    assert!(done == of && *of > 0, "{first:?}");
    let nothing = BTreeMap::new();
    let program = schedule(&large.plan).expect("a plan that can be run");
    let mut second = Vec::new();
    let mut keep = |progress| second.push(progress);
    let replaced = generator.replace(program, &large.plan, &nothing, &mut keep);
    block_on(replaced).expect("weights that are there");
    assert_eq!(second, [Progress::Kernels { done: 0, of: 0 }]);
    assert_right("large", &large, &mut generator);
    let wrong = block_on(generator.run(&given(&small.inputs)));
    assert!(matches!(wrong, Err(Error::Input(_))), "{wrong:?}");
}

#[test]
fn constants_change_without_reading_weights_again() {
    let Some(device) = device() else { return };
    let mut first = sized(16, 12);
    // A mask that the network made itself.
    let mask = first.plan.expressions.last().expect("a mask").shape.clone();
    let of = |numbers: &[f32]| Expression {
        shape: mask.clone(),
        node: Node::Constant(numbers.to_vec()),
    };
    let last = first.plan.expressions.len() - 1;
    first.plan.expressions[last] = of(&[2.0, 0.0, 2.0]);
    let mut generator = generator_of(&device, &first);
    let mut second = sized(16, 12);
    second.plan.expressions[last] = of(&[0.0, 2.0, 2.0]);
    block_on(generator.update_constants(&second.plan)).expect("constants");
    assert_right("other mask", &second, &mut generator);
    second.plan.expressions[last] = Expression {
        shape: mask.clone(),
        node: Node::Source("weight0".into()),
    };
    let wrong = block_on(generator.update_constants(&second.plan));
    assert!(matches!(wrong, Err(Error::Plan(_))), "{wrong:?}");
}
