//! Every family in mixed precision: loss curves beside those of f32, and runs that go on exactly.

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Trial;
use underpaint::device::{self, DeviceName};
use underpaint::family::{Family, Losses, Moment, TrainerState};
use underpaint_core::ops::Precision;

use crate::families::{CASES, Case, SCENES};

/// Steps of a curve.
const STEPS: u64 = 50;
/// Neighbours that are averaged: a loss of two pictures jumps from step to step.
const WINDOW: usize = 10;
/// What a curve may differ by: the area between it and f32's, as a share of the area below f32's.
const TOLERANCE: f64 = 0.05;

/// Two trials for every case and precision.
pub fn trials() -> impl Iterator<Item = Trial> {
    let low = [Precision::Bf16, Precision::F16];
    let pairs = low
        .into_iter()
        .flat_map(|precision| cases().map(move |case| (precision, case)));
    pairs.flat_map(|(precision, case)| {
        let name = |what: &str| format!("precision::{}::{precision}::{what}", case.name);
        // A CPU without f16 takes minutes for these; `-- --ignored precision` runs them.
        let slow = precision == Precision::F16 && case.name.starts_with("spade");
        [
            Trial::test(name("curve"), move || {
                check_curve(case, precision).map_err(crate::told)
            })
            .with_ignored_flag(slow),
            Trial::test(name("resume"), move || {
                check_resume(case, precision).map_err(crate::told)
            })
            .with_ignored_flag(slow),
        ]
    })
}

fn cases() -> impl Iterator<Item = &'static Case> {
    let others = CASES.iter().filter(|case| !case.name.starts_with("spade"));
    others.chain(&SCENES)
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
    let expected = steps(
        family(case, Precision::F32)?.as_mut(),
        case,
        Precision::F32,
        1..=STEPS,
    )?;
    let mut family = settled(case, precision)?;
    let before = family.skipped_steps();
    let found = steps(family.as_mut(), case, precision, 1..=STEPS)?;
    let skipped = family.skipped_steps() - before;
    let mut worst = 0.0f64;
    for network in [Network::Generator, Network::Discriminator] {
        let (expected, found) = (network.curve(&expected), network.curve(&found));
        ensure!(expected != found, "{precision} computed in f32");
        let differences = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
        let differences: Vec<f64> = differences.collect();
        let sizes: Vec<f64> = expected.iter().map(|value| value.abs()).collect();
        let share = differences.iter().sum::<f64>() / sizes.iter().sum::<f64>();
        println!(
            "{} {precision}: {network:?} differs by {:.2} %, at most {:.2} % of the largest, {skipped} steps skipped",
            case.name,
            100.0 * share,
            100.0 * largest(&differences) / largest(&sizes)
        );
        ensure!(share.is_finite(), "the curve is not finite");
        worst = worst.max(share);
    }
    if worst > TOLERANCE {
        bail!(
            "a curve differs from f32's by {:.1} %, allowed {:.0} %",
            100.0 * worst,
            100.0 * TOLERANCE
        );
    }
    Ok(())
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The family at its start, with the loss scales that some steps have found: each halving on the way
/// there is a step that moves nothing, and a curve that lags.
fn settled(case: &Case, precision: Precision) -> Result<Box<dyn Family>> {
    let fresh = family(case, precision)?;
    if precision != Precision::F16 {
        return Ok(fresh);
    }
    let mut tried = family(case, precision)?;
    steps(tried.as_mut(), case, precision, 1..=STEPS)?;
    let mut start = fresh.state();
    for (name, value) in tried.state().counters {
        if name.ends_with("loss_scale_bits") {
            start.counters.insert(name, value);
        }
    }
    let mut counters = TrainerState::new(start.counters.clone());
    for (name, dict) in start.read()? {
        counters.insert(name, move || Ok(dict));
    }
    drop(start);
    let mut settled = family(case, precision)?;
    settled.load(counters)?;
    Ok(settled)
}

/// Whose objective a loss is part of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Network {
    Generator,
    Discriminator,
}

impl Network {
    /// Means over the next [`WINDOW`] steps of what the network's optimiser minimises: the sum of its
    /// weighted losses.
    fn curve(self, losses: &[Losses]) -> Vec<f64> {
        let own = |name: &str| name.starts_with("D_") == (self == Self::Discriminator);
        let sum = |step: &Losses| -> f64 {
            let of_network = step.iter().filter(|(name, _)| own(name));
            of_network.map(|(_, value)| value).sum()
        };
        let values: Vec<f64> = losses.iter().map(sum).collect();
        let mean = |window: &[f64]| window.iter().sum::<f64>() / WINDOW as f64;
        values.windows(WINDOW).map(mean).collect()
    }
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
