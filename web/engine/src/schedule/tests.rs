//! Programs give what their plans give.

use underpaint_plan::{Tensor, reference};

use super::schedule;
use crate::plans::{self, Builder};
use crate::program::Operation;
use crate::{Program, oracle};

/// Largest difference.
fn difference(expected: &[Tensor], found: &[Tensor]) -> f32 {
    assert_eq!(expected.len(), found.len());
    let pairs = expected.iter().zip(found);
    pairs
        .flat_map(|(expected, found)| {
            assert_eq!(expected.shape, found.shape);
            expected.values.iter().zip(&found.values)
        })
        .map(|(a, b)| {
            assert!(b.is_finite(), "a number that nothing has written");
            (a - b).abs()
        })
        .fold(0.0, f32::max)
}

fn scheduled(builder: &Builder) -> Program {
    schedule(&builder.plan).expect("a plan that can be run")
}

#[test]
fn every_family_gives_what_its_plan_gives() {
    for (name, builder) in plans::all() {
        let program = scheduled(&builder);
        let expected = reference::run(&builder.plan, &builder.weights, &builder.inputs);
        let found = oracle::run(&program, &builder.plan, &builder.weights, &builder.inputs);
        let difference = difference(&expected.expect("a plan"), &found);
        assert!(difference < 2e-5, "{name}: {difference}");
    }
}

#[test]
fn buffers_of_one_operation_never_share_memory() {
    for (name, builder) in plans::all() {
        let program = scheduled(&builder);
        for operation in &program.operations {
            let mut buffers = operation.buffers();
            buffers.sort();
            buffers.dedup();
            let mut slots: Vec<usize> = buffers
                .iter()
                .map(|buffer| program.slots[buffer.0])
                .collect();
            slots.sort_unstable();
            slots.dedup();
            assert_eq!(slots.len(), buffers.len(), "{name}: {operation:?}");
        }
    }
}

#[test]
fn what_is_written_is_never_read_by_the_same_operation() {
    for (name, builder) in plans::all() {
        for operation in &scheduled(&builder).operations {
            let written = operation.writes().map(|view| view.place);
            let is_border = matches!(operation, Operation::Border { .. });
            let reads = operation.reads();
            let both = reads.iter().any(|view| Some(view.place) == written);
            assert!(is_border || !both, "{name}: {operation:?}");
        }
    }
}

fn count(program: &Program, is_it: impl Fn(&Operation) -> bool) -> usize {
    program
        .operations
        .iter()
        .filter(|operation| is_it(operation))
        .count()
}

#[test]
fn a_unet_level_is_a_convolution_statistics_and_one_pass_for_each_reader() {
    let program = scheduled(&plans::unet(0, true));
    let operations = &program.operations;
    assert_eq!(
        count(&program, |one| matches!(
            one,
            Operation::LabelConvolution(_)
        )),
        1
    );
    assert_eq!(
        count(&program, |one| matches!(one, Operation::Convolution(_))),
        5
    );
    assert_eq!(
        count(&program, |one| matches!(one, Operation::Statistics { .. })),
        3
    );
    // Leaky and plain copies of two levels, two levels on the way up, the crop at the end.
    assert_eq!(
        count(&program, |one| matches!(one, Operation::Apply(_))),
        7,
        "{operations:#?}"
    );
}

#[test]
fn scale_and_shift_of_a_spade_norm_are_one_convolution_and_labels_stay_labels() {
    let program = scheduled(&plans::spade(0, true));
    assert_eq!(
        count(&program, |one| matches!(
            one,
            Operation::ExpandLabels { .. }
        )),
        0
    );
    // fc and one hidden layer of each of seven norms.
    assert_eq!(
        count(&program, |one| matches!(
            one,
            Operation::LabelConvolution(_)
        )),
        8
    );
    // Scale and shift of seven norms, two of each block, one shortcut, the picture.
    assert_eq!(
        count(&program, |one| matches!(one, Operation::Convolution(_))),
        7 + 6 + 1 + 1
    );
}

#[test]
fn memory_is_used_again() {
    let program = scheduled(&plans::resnet(0, [32, 32]));
    let held: usize = program.slot_sizes.iter().sum();
    let all: usize = program.buffers.iter().sum();
    assert!(2 * held < all, "{held} of {all}");
}
