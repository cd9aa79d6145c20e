//! The engine gives what plans and programs say, with every kernel that there is. Where there is no
//! Vulkan driver at all, the tests say so and pass: `cargo xtask ci` installs one.

mod device;
mod operations;
mod plans;
mod winograd;

use super::tune::{Choice, Method, Tuning};
use super::{Bounds, Device, Generator, block_on};
use crate::plans::Builder;
use crate::{Error, Given, Program, Result, schedule};
use std::collections::BTreeMap;
use underpaint_plan::{Plan, Tensor};

/// A device, if there is one.
#[expect(clippy::disallowed_macros, reason = "tests run outside of browsers")]
fn device() -> Option<Device> {
    match block_on(Device::acquire()) {
        Ok(device) => Some(device),
        Err(Error::Unavailable(reason)) => {
            println!("skipped, no GPU and no software adapter: {reason}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Every kernel for convolutions, whole and split; each on a device of the default kind and of limits.
fn choices() -> Vec<(String, Choice)> {
    let registers = |pixels, vectors| Method::Registers { pixels, vectors };
    let tile = |pixels, lanes| Method::Tile { pixels, lanes };
    let methods = [
        registers(8, 1),
        registers(8, 2),
        registers(8, 4),
        registers(4, 2),
        tile(64, 16),
        tile(128, 16),
        tile(128, 8),
        Method::Winograd { deep: 1 },
        Method::Winograd { deep: 2 },
    ];
    let splits = [1, 3];
    let pairs = methods
        .into_iter()
        .flat_map(|method| splits.map(|splits| (method, splits)));
    pairs
        .map(|(method, splits)| (format!("{method:?} {splits}"), Choice { method, splits }))
        .collect()
}

/// The same device with one of those forced.
fn forced(device: &Device, choice: Choice) -> Device {
    let tuning = Tuning {
        force: Some(choice),
        ..device.tuning()
    };
    device.with(device.info().bounds, tuning)
}

/// The same device, on which kernels see only so many bytes at once.
fn narrow(device: &Device, binding: u64) -> Device {
    let bounds = Bounds {
        binding,
        ..device.info().bounds
    };
    device.with(bounds, device.tuning())
}

/// A program on a device.
fn load(
    device: &Device,
    program: Program,
    plan: &Plan,
    weights: &BTreeMap<String, Tensor>,
) -> Result<Generator> {
    let mut quiet = |_| {};
    block_on(Generator::new(device, program, plan, weights, &mut quiet))
}

/// What a plan becomes on a device.
fn load_plan(device: &Device, builder: &Builder) -> Result<Generator> {
    let program = schedule(&builder.plan).expect("a plan that can be run");
    load(device, program, &builder.plan, &builder.weights)
}

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
