//! Every family on the stand-in of an NPU, against libtorch on the CPU: the same losses, weights and
//! pictures, and at most one wait for the device in a step.
//!
//! The stand-in computes with libtorch's CPU kernels, so what differs is the way to them: copies, layouts,
//! running statistics, what falls back, and the optimiser, which has no fused kernel there.

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Trial;
use underpaint::data::{PixelsF32, Sample};
use underpaint::device::{self, DeviceName};
use underpaint::family::{Losses, Moment};
use underpaint_core::state_dict::StateDict;
use underpaint_torch::stand_in::{self, Counts};

use crate::families::{CASES, Case};

/// Largest difference between the two devices, relative to the largest number of a tensor or to 1.
const TOLERANCE: f64 = 1e-5;
/// What is allowed besides: so many times the difference that burn's own CPU kernels make in that tensor.
/// Adam turns gradients that are rounding noise into whole steps (a bias in front of a norm has no other
/// ones), and how far such numbers part is nothing that a tolerance could say beforehand.
const MARGIN: f64 = 3.0;
/// Readbacks of one step, and of one picture.
const READBACKS: i64 = 1;

/// What a short training run leaves.
struct Run {
    losses: Vec<Losses>,
    /// Weights, moments and buffers by file and key.
    state: Vec<(String, StateDict)>,
    pictures: Vec<PixelsF32>,
}

/// One trial for every case.
pub fn trials() -> impl Iterator<Item = Trial> {
    let trial = |case: &'static Case| {
        Trial::test(format!("npu::{}", case.name), move || {
            check(case).map_err(crate::told)
        })
    };
    CASES.iter().map(trial)
}

fn check(case: &Case) -> Result<()> {
    let expected = run(case, DeviceName::LibtorchCpu)?;
    let other = run(case, DeviceName::Cpu)?;
    let found = run(case, DeviceName::Npu(0))?;
    for (number, (found, expected)) in found.losses.iter().zip(&expected.losses).enumerate() {
        for ((name, found), (_, expected)) in found.iter().zip(expected) {
            let what = format!("{name} in step {}", number + 1);
            let [found, expected] = [found, expected].map(|value| [*value as f32]);
            near(&what, &found, &expected, &expected)?;
        }
    }
    for ((file, found), (_, expected)) in found.state.iter().zip(&expected.state) {
        ensure!(
            found.keys().eq(expected.keys()),
            "{file}: the devices have different tensors"
        );
        let others = other.state.iter().find(|(name, _)| name == file);
        let others = others.with_context(|| format!("{file}: none on the other device"))?;
        for (key, tensor) in expected {
            let other = &others.1[key].values;
            let what = format!("{file}: {key}");
            near(&what, &found[key].values, &tensor.values, other)?;
        }
    }
    ensure!(!found.pictures.is_empty(), "nothing was generated");
    let pictures = found.pictures.iter().zip(&expected.pictures);
    for ((found, expected), other) in pictures.zip(&other.pictures) {
        near(
            "a generated picture",
            &found.data,
            &expected.data,
            &other.data,
        )?;
    }
    Ok(())
}

fn run(case: &Case, name: DeviceName) -> Result<Run> {
    let on_npu = matches!(name, DeviceName::Npu(_));
    let device = device::open(name)?;
    let mut family = (case.build)(&device)?;
    let mut losses = Vec::new();
    for step in 1..=case.steps {
        let samples = (case.samples)(step);
        let moment = Moment {
            step,
            epoch: step,
            learning_rate: case.learning_rate,
        };
        let before = stand_in::counts()?;
        losses.push(family.step(&samples, moment)?);
        let counts = stand_in::counts()?.since(before);
        match on_npu {
            true => check_counts(&format!("step {step}"), counts)?,
            false => ensure!(counts == Counts::default(), "the CPU's step ran elsewhere"),
        }
    }
    let samples = (case.samples)(1);
    let seen: Vec<&Sample> = samples.iter().collect();
    let before = stand_in::counts()?;
    let pictures = family.generate(&seen)?;
    if on_npu {
        check_counts("generation", stand_in::counts()?.since(before))?;
    }
    let state = family.state().read()?.into_iter().collect();
    Ok(Run {
        losses,
        state,
        pictures,
    })
}

/// What a step or a picture may cost.
fn check_counts(what: &str, counts: Counts) -> Result<()> {
    ensure!(counts.allocations > 0, "{what} did nothing on the device");
    ensure!(
        counts.readbacks <= READBACKS,
        "{what} waits for the device {} times, allowed {READBACKS}: {counts:?}",
        counts.readbacks
    );
    ensure!(
        counts.doubles == 0,
        "{what} makes tensors of f64: {counts:?}"
    );
    Ok(())
}

/// Whether `found` is as near to `expected` as it must be; `other` is what a third device has.
fn near(what: &str, found: &[f32], expected: &[f32], other: &[f32]) -> Result<()> {
    ensure!(found.len() == expected.len(), "{what}: other sizes");
    let largest = expected
        .iter()
        .map(|value| f64::from(value.abs()))
        .fold(1.0, f64::max);
    let difference = |values: &[f32]| {
        let pairs = values.iter().zip(expected);
        let differences = pairs.map(|(a, b)| f64::from(a - b).abs() / largest);
        // NaN is far from everything.
        differences
            .map(|value| if value.is_nan() { f64::INFINITY } else { value })
            .fold(0.0, f64::max)
    };
    let (worst, noise) = (difference(found), difference(other));
    ensure!(
        noise.is_finite(),
        "{what}: burn's own CPU kernels give no number"
    );
    let allowed = TOLERANCE + MARGIN * noise;
    if worst > allowed {
        bail!("{what}: differs by {worst:.2e} from libtorch-cpu, relative; allowed {allowed:.2e}");
    }
    Ok(())
}
