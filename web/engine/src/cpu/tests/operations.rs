//! Each operation against the plain interpreter of programs.

use super::{assert_close, given};
use crate::cpu::{Generator, winograd};
use crate::drafts::{Case, convolution, plane, vector};
use crate::program::PackId;

fn assert_right(case: Case) {
    let generator = Generator::new(case.program, &case.plan, &case.weights);
    let mut generator = generator.expect("weights");
    generator.run(&given(&case.inputs)).expect("inputs");
    for (place, expected) in case.expected.iter().enumerate() {
        let name = format!("{}, buffer {place}", case.name);
        assert_close(&name, &expected.values, &generator.planes(place), 1e-5);
    }
}

#[test]
fn convolutions() {
    (0..300)
        .map(convolution::convolution)
        .for_each(assert_right);
}

#[test]
fn convolutions_of_many_channels() {
    for case in (0..40).map(convolution::of_many_channels) {
        assert!(winograd::suits(&case.program, PackId(0)));
        assert_right(case);
    }
}

#[test]
fn transposed_convolutions() {
    let cases = (0..200).map(convolution::transposed_convolution);
    cases.for_each(assert_right);
}

#[test]
fn applies() {
    (0..400).map(plane::apply).for_each(assert_right);
}

#[test]
fn borders() {
    (0..60).map(plane::border).for_each(assert_right);
}

#[test]
fn reductions() {
    (0..100).map(plane::reduction).for_each(assert_right);
}

#[test]
fn statistics_of_a_large_plane_far_from_zero_are_exact() {
    assert_right(plane::large_statistics());
}

#[test]
fn linears() {
    (0..60).map(vector::linear).for_each(assert_right);
}

#[test]
fn labels() {
    (0..100).map(vector::labels).for_each(assert_right);
}
