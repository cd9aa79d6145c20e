//! Learning-rate tables.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use underpaint::trainer::schedule::{LrPolicy, PlateauState, Schedule};
use underpaint_tests::{Fixture, compare};

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
    let policy = match table["policy"].as_str().context("policy")? {
        "linear" => LrPolicy::Linear,
        "step" => LrPolicy::Step,
        "cosine" => LrPolicy::Cosine,
        "plateau" => LrPolicy::Plateau,
        other => bail!("policy {other}: not known to this harness"),
    };
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

/// The original steps its scheduler before every epoch, and shows `plateau` the metric 0.
fn rates(schedule: &Schedule, first_epoch: u64, rows: usize) -> Vec<f64> {
    let mut plateau = PlateauState::START;
    let row = |epoch| {
        plateau.observe(0.0);
        schedule.rate(epoch, &plateau)
    };
    (first_epoch..).take(rows).map(row).collect()
}
