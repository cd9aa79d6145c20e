//! The engine gives what plans and programs say.

mod operations;
mod plans;

use underpaint_plan::Tensor;

use crate::Given;

/// Inputs as planes.
fn given(inputs: &[Tensor]) -> Vec<Given<'_>> {
    let values = inputs.iter().map(|tensor| tensor.values.as_slice());
    values.map(Given::Planes).collect()
}

/// Fails where numbers differ by more than so much of the largest.
fn assert_close(name: &str, expected: &[f32], found: &[f32], tolerance: f32) {
    assert_eq!(expected.len(), found.len(), "{name}");
    let largest = expected.iter().fold(1.0f32, |max, x| max.max(x.abs()));
    for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
        assert!(
            (expected - found).abs() <= tolerance * largest,
            "{name}: number {place}: expected {expected}, found {found}, the largest is {largest}"
        );
    }
}
