//! Learning-rate tables.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use underpaint::trainer::schedule::{LrPolicy, PlateauState, Schedule, TimeScale};
use underpaint_tests::{Fixture, Flags, compare};

pub fn check(fixture: &Fixture) -> Result<()> {
    let flags = fixture.flags(&["tables"])?;
    let tables = flags.value("tables").as_object().context("no tables")?;
    let mut names = fixture.tensor_names("output");
    for (name, table) in tables {
        let expected = fixture.tensor(name)?.values;
        let (schedule, first_epoch) = schedule(table).with_context(|| name.clone())?;
        let found = rates(&schedule, first_epoch, expected.len());
        // Rows that describe a bug of the original are not ours to match (B-27).
        let rows = match schedule.policy {
            LrPolicy::Cosine => expected.len().min(schedule.n_epochs as usize),
            _ => expected.len(),
        };
        compare(name, &found[..rows], &expected[..rows], 1e-12)?;
        let older = format!("{name}_end_of_epoch_stepping");
        if schedule.policy == LrPolicy::Linear {
            // Revisions that step after the epoch lag by one; we follow the current one (spec 2.4).
            let lagging = rates(&schedule, first_epoch - 1, expected.len());
            compare(&older, &lagging, &fixture.tensor(&older)?.values, 1e-12)?;
        }
        names.retain(|known| known != name && *known != older);
    }
    ensure!(
        names.is_empty(),
        "tables {names:?} are not known to this harness"
    );
    Ok(())
}

fn schedule(table: &Value) -> Result<(Schedule, u64)> {
    let known = [
        "lr",
        "policy",
        "n_epochs",
        "n_epochs_decay",
        "lr_decay_iters",
        "epoch_count",
    ];
    let keys = table.as_object().context("a table is an object")?.keys();
    for key in keys {
        ensure!(
            known.contains(&key.as_str()),
            "{key}: not known to this harness"
        );
    }
    let count = |key: &str| table[key].as_u64().with_context(|| key.to_owned());
    let policy = policy(table["policy"].as_str().context("policy")?)?;
    let schedule = Schedule {
        learning_rate: table["lr"].as_f64().context("lr")?,
        policy,
        n_epochs: count("n_epochs")?,
        n_epochs_decay: count("n_epochs_decay")?,
        lr_decay_iters: count("lr_decay_iters")?,
    };
    // The original's other policies count from 1 wherever a run begins.
    let first_epoch = if policy == LrPolicy::Linear {
        count("epoch_count")?
    } else {
        1
    };
    Ok((schedule, first_epoch))
}

/// A policy by the original's name.
fn policy(name: &str) -> Result<LrPolicy> {
    match name {
        "linear" => Ok(LrPolicy::Linear),
        "step" => Ok(LrPolicy::Step),
        "cosine" => Ok(LrPolicy::Cosine),
        "plateau" => Ok(LrPolicy::Plateau),
        other => bail!("policy {other}: not known to this harness"),
    }
}

/// The original steps its scheduler before every epoch, and shows `plateau` the metric 0.
fn rates(schedule: &Schedule, first_epoch: u64, rows: usize) -> Vec<f64> {
    let mut plateau = PlateauState::START;
    let row = |epoch| {
        plateau.observe(0.0);
        schedule.rate(epoch, &plateau)
    };
    (first_epoch..).take(rows).map(row).collect()
}

/// Learning rate of every step of a run by the schedule that its flags describe; `None` where they
/// describe none.
pub fn rates_of_steps(
    flags: &Flags<'_>,
    steps: usize,
    schedule: impl Fn(&Flags<'_>) -> Result<Schedule>,
) -> Result<Option<Vec<f64>>> {
    let off = flags.value("use_schedule").as_bool() == Some(false);
    if off || flags.value("steps_per_epoch").is_null() {
        ensure!(
            !flags.switch("use_schedule"),
            "a schedule without steps_per_epoch"
        );
        return Ok(None);
    }
    let steps_per_epoch = flags.count("steps_per_epoch")?;
    ensure!(steps_per_epoch > 0, "epochs without steps");
    let first_epoch = flags.count_or("epoch_count", 1)? as u64;
    let epochs = rates(
        &schedule(flags)?,
        first_epoch,
        steps.div_ceil(steps_per_epoch),
    );
    let of_step = |step: usize| epochs[step / steps_per_epoch];
    Ok(Some((0..steps).map(of_step).collect()))
}

/// pix2pix's schedule by its flags, of which older versions have `niter` and `niter_decay`.
pub fn pix2pix(flags: &Flags<'_>) -> Result<Schedule> {
    Ok(Schedule {
        learning_rate: flags.number_or("lr", 2e-4)?,
        policy: policy(flags.text_or("lr_policy", "linear")?)?,
        n_epochs: flags.count_or("n_epochs", flags.count_or("niter", 100)?)? as u64,
        n_epochs_decay: flags.count_or("n_epochs_decay", flags.count_or("niter_decay", 100)?)?
            as u64,
        lr_decay_iters: flags.count_or("lr_decay_iters", 50)? as u64,
    })
}

/// The schedule that pix2pixHD and SPADE share, by their flags.
pub fn decay(flags: &Flags<'_>) -> Result<Schedule> {
    Ok(Schedule {
        learning_rate: flags.number_or("lr", 2e-4)?,
        policy: LrPolicy::LinearNonzero,
        n_epochs: flags.count_or("niter", 100)? as u64,
        n_epochs_decay: flags.count_or("niter_decay", 100)? as u64,
        lr_decay_iters: 0,
    })
}

/// One column: the rate of both networks.
pub fn check_pix2pixhd(fixture: &Fixture) -> Result<()> {
    check_decay(fixture, &["lr", "niter", "niter_decay"], |_| Ok(vec![1.0]))
}

/// Two columns: generator, discriminator.
pub fn check_spade(fixture: &Fixture) -> Result<()> {
    check_decay(
        fixture,
        &["lr", "niter", "niter_decay", "no_TTUR"],
        |table| {
            let no_ttur = table["no_TTUR"].as_bool().context("no_TTUR")?;
            let scale = TimeScale::from_ttur(!no_ttur);
            Ok(vec![scale.generator_factor(), scale.discriminator_factor()])
        },
    )
}

/// Tables of the schedule that pix2pixHD and SPADE share, with a factor for every column.
fn check_decay(
    fixture: &Fixture,
    known: &[&str],
    factors: impl Fn(&Value) -> Result<Vec<f64>>,
) -> Result<()> {
    let flags = fixture.flags(&["tables"])?;
    let tables = flags.value("tables").as_object().context("no tables")?;
    let mut names = fixture.tensor_names("output");
    for (name, table) in tables {
        for key in table.as_object().context("a table is an object")?.keys() {
            ensure!(
                known.contains(&key.as_str()),
                "{key}: not known to this harness"
            );
        }
        let count = |key: &str| table[key].as_u64().with_context(|| key.to_owned());
        let schedule = Schedule {
            learning_rate: table["lr"].as_f64().context("lr")?,
            policy: LrPolicy::LinearNonzero,
            n_epochs: count("niter")?,
            n_epochs_decay: count("niter_decay")?,
            lr_decay_iters: 0,
        };
        let (factors, expected) = (factors(table)?, fixture.tensor(name)?);
        let columns = expected.shape.get(1).copied().unwrap_or(1);
        ensure!(columns == factors.len(), "{name}: {columns} columns");
        let found = rates(&schedule, 1, expected.shape[0]);
        let found = found
            .iter()
            .flat_map(|rate| factors.iter().map(move |factor| rate * factor));
        compare(name, &found.collect::<Vec<_>>(), &expected.values, 1e-12)?;
        names.retain(|known| known != name);
    }
    ensure!(
        names.is_empty(),
        "tables {names:?} are not known to this harness"
    );
    Ok(())
}
