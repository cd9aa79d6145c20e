//! Every family in mixed precision: loss curves beside those of f32, and runs that go on exactly.

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Trial;
use underpaint::device::{self, DeviceName};
use underpaint::family::{Family, Losses, Moment, TrainerState};
use underpaint_core::ops::Precision;

use crate::families::{CASES, Case};

/// Steps of a curve.
const STEPS: u64 = 50;
/// Neighbours that are averaged: a loss of two pictures jumps from step to step.
const WINDOW: usize = 10;
/// What a curve may differ by, as a share of the largest value of f32's.
const TOLERANCE: f64 = 0.05;

/// Two trials for every case and precision.
pub fn trials() -> impl Iterator<Item = Trial> {
    let low = [Precision::Bf16, Precision::F16];
    let pairs = low
        .into_iter()
        .flat_map(|precision| CASES.iter().map(move |case| (precision, case)));
    pairs.flat_map(|(precision, case)| {
        let name = |what: &str| format!("precision::{}::{precision}::{what}", case.name);
        [
            Trial::test(name("curve"), move || {
                check_curve(case, precision).map_err(crate::told)
            }),
            Trial::test(name("resume"), move || {
                check_resume(case, precision).map_err(crate::told)
            }),
        ]
    })
}

fn family(case: &Case, precision: Precision) -> Result<Box<dyn Family>> {
    let device = device::open(DeviceName::LibtorchCpu)?;
    let mut family = (case.build)(&device)?;
    family.set_precision(precision);
    Ok(family)
}

fn steps(
    family: &mut dyn Family,
    case: &Case,
    precision: Precision,
    numbers: std::ops::RangeInclusive<u64>,
) -> Result<Vec<Losses>> {
    let step = |step| {
        let moment = Moment {
            step,
            epoch: step,
            learning_rate: case.learning_rate,
        };
        precision.scope(|| family.step(&(case.samples)(step), moment))
    };
    numbers.map(step).collect()
}

fn check_curve(case: &Case, precision: Precision) -> Result<()> {
    let run = |precision| -> Result<(Vec<Losses>, u64)> {
        let mut family = family(case, precision)?;
        let losses = steps(family.as_mut(), case, precision, 1..=STEPS)?;
        Ok((losses, family.skipped_steps()))
    };
    let (expected, _) = run(Precision::F32)?;
    let (found, skipped) = run(precision)?;
    let names: Vec<&str> = expected[0].iter().map(|(name, _)| *name).collect();
    let (mut worst, mut differ) = ((0.0f64, String::new()), false);
    for (column, name) in names.iter().enumerate() {
        let (expected, found) = (curve(&expected, column), curve(&found, column));
        let largest = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let difference = (found - expected).abs() / largest.max(f64::MIN_POSITIVE);
            differ |= found != expected;
            if !(difference <= worst.0) {
                let at = format!("{name} from step {}: {found}, f32 {expected}", number + 1);
                worst = (difference, at);
            }
        }
    }
    println!(
        "{} {precision}: at most {:.2} % ({}), {skipped} steps skipped",
        case.name,
        100.0 * worst.0,
        worst.1
    );
    ensure!(differ, "{precision} computed in f32");
    if !(worst.0 <= TOLERANCE) {
        bail!(
            "{}: differs by {:.1} % of the largest, allowed {:.0} %",
            worst.1,
            100.0 * worst.0,
            100.0 * TOLERANCE
        );
    }
    Ok(())
}

/// Means over the next [`WINDOW`] steps.
fn curve(losses: &[Losses], column: usize) -> Vec<f64> {
    let values: Vec<f64> = losses.iter().map(|step| step[column].1).collect();
    let mean = |window: &[f64]| window.iter().sum::<f64>() / WINDOW as f64;
    values.windows(WINDOW).map(mean).collect()
}

/// A run that is saved and loaded in the middle gives the losses of one that is not, to the bit: the
/// loss scale and its count of good steps among what is saved.
fn check_resume(case: &Case, precision: Precision) -> Result<()> {
    let mut whole = family(case, precision)?;
    let expected = steps(whole.as_mut(), case, precision, 1..=6)?;
    let mut first = family(case, precision)?;
    steps(first.as_mut(), case, precision, 1..=3)?;
    // Through the bytes that a checkpoint holds: what is read is not the networks' own tensors.
    let snapshot = first.state();
    let counters = snapshot.counters.clone();
    let mut state = TrainerState::new(counters.clone());
    for (name, dict) in snapshot.read()? {
        state.insert(name, move || Ok(dict));
    }
    drop(snapshot);
    let mut second = family(case, precision)?;
    second.load(state)?;
    ensure!(
        second.skipped_steps() == first.skipped_steps(),
        "skipped steps were not kept"
    );
    if precision == Precision::F16 {
        let scale = counters.keys().find(|key| key.ends_with("loss_scale_bits"));
        scale.context("the loss scale is not in the checkpoint")?;
    }
    let found = steps(second.as_mut(), case, precision, 4..=6)?;
    ensure!(
        found == expected[3..],
        "expected {:?}, found {found:?}",
        &expected[3..]
    );
    Ok(())
}
