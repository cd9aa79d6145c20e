//! Each operation against the plain interpreter of programs.

use super::*;
use crate::drafts::{Case, convolution, plane, vector};

/// Runs a case; false where the device is too narrow for it.
pub(super) fn is_right(device: &Device, case: Case) -> bool {
    let Case {
        name,
        program,
        plan,
        weights,
        inputs,
        expected,
    } = case;
    let mut generator = match load(device, program, &plan, &weights) {
        Ok(generator) => generator,
        Err(Error::TooLarge { .. }) => return false,
        Err(error) => panic!("{name}: {error}"),
    };
    block_on(generator.run(&given(&inputs))).expect("inputs");
    for (place, expected) in expected.iter().enumerate() {
        let name = format!("{name}, buffer {place}");
        assert_close(&name, &expected.values, &generator.planes(place), 2e-5);
    }
    true
}

/// Runs cases, as they are and on a device that sees little at once.
fn assert_right(cases: u64, of: fn(u64) -> Case) {
    let Some(device) = device() else { return };
    for seed in 0..cases {
        assert!(is_right(&device, of(seed)));
        // The narrowest that is enough.
        let mut powers = 8..20;
        assert!(powers.any(|power| is_right(&narrow(&device, 1 << power), of(seed))));
    }
}

#[test]
fn convolutions() {
    assert_right(80, convolution::convolution);
}

#[test]
fn transposed_convolutions() {
    assert_right(60, convolution::transposed_convolution);
}

#[test]
fn every_kernel_for_convolutions() {
    let Some(device) = device() else { return };
    for (_, choice) in choices() {
        let device = forced(&device, choice);
        for seed in 0..40 {
            if matches!(choice.method, Method::Winograd { .. }) {
                // What the others draw, it could hardly ever do.
                assert!(is_right(&device, convolution::of_three_by_three(seed)));
            } else {
                assert!(is_right(&device, convolution::convolution(seed)));
                assert!(is_right(&device, convolution::transposed_convolution(seed)));
            }
        }
    }
}

#[test]
fn applies() {
    assert_right(150, plane::apply);
}

#[test]
fn borders() {
    assert_right(60, plane::border);
}

#[test]
fn reductions() {
    assert_right(100, plane::reduction);
}

#[test]
fn statistics_of_a_large_plane_far_from_zero_are_exact() {
    let Some(device) = device() else { return };
    assert!(is_right(&device, plane::large_statistics()));
    assert!(is_right(
        &narrow(&device, 1 << 18),
        plane::large_statistics()
    ));
}

#[test]
fn linears() {
    assert_right(60, vector::linear);
}

#[test]
fn labels() {
    assert_right(100, vector::labels);
}
