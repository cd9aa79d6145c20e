//! `underpaint train` as one of several ranks.
//!
//! Rank 0 prepares the run as a process that is alone does, and gives the others what it prepared:
//! settings, weights, where it is. They need the data set, and the flags or the name of the run, but no
//! run folder.

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::session::{Duty, Session};
use super::{FamilyCommand, Place, Prepared, TrainArgs};
use crate::config::{RunSettings, of_text};
use crate::device;
use crate::distributed::{Ranks, World};
use crate::trainer::checkpoint;
use crate::trainer::together;

/// What rank 0 tells the others.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    /// Whether the run is continued.
    continues: bool,
    /// All settings.
    settings: String,
    /// Number of samples, and a hash of their names.
    samples: (usize, u64),
}

/// Trains, and ends together with the others.
pub(super) fn run(args: TrainArgs, world: &World) -> Result<ExitCode> {
    let ranks = Ranks::join(world)?;
    let _entered = ranks.enter();
    let place = Place {
        ranks: world.size,
        local_rank: world.local_rank,
    };
    let trained = match world.rank {
        0 => lead(args, &ranks, place),
        _ => follow(args, &ranks, place),
    };
    match trained.and_then(|()| ranks.part()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => ranks.end(&error),
    }
}

fn lead(args: TrainArgs, ranks: &Rc<Ranks>, place: Place) -> Result<()> {
    let continues = args.continues();
    let mut prepared = args.prepare(place)?;
    let session = &prepared.session;
    let plan = Plan {
        continues,
        settings: session.settings.to_toml()?,
        samples: session.fingerprint(),
    };
    ranks.broadcast(serde_json::to_vec(&plan)?)?;
    let checkpoint = prepared.checkpoint.clone();
    let names = match &checkpoint {
        Some(checkpoint) => checkpoint::names(checkpoint)?,
        None => Vec::new(),
    };
    let state = prepared.family.state();
    together::give(ranks, prepared.position, state, |name| {
        let found = checkpoint
            .as_ref()
            .filter(|_| names.iter().any(|n| n == name));
        let read = found.map(|checkpoint| checkpoint::load_network(checkpoint, name));
        Ok(read.transpose()?.map(|(_, dict)| dict))
    })?;
    train(&mut prepared, ranks, place)
}

fn follow(args: TrainArgs, ranks: &Rc<Ranks>, place: Place) -> Result<()> {
    let quiet = args.is_quiet();
    let run = args.run_folder().map_or_else(PathBuf::new, PathBuf::from);
    let (own, data, device) = match args.family {
        Some(FamilyCommand(start)) => {
            let mut settings = start.settings?;
            settings.run_mut().ranks = place.ranks;
            (Some(settings), None, None)
        }
        None => (None, args.data, args.device),
    };
    let plan: Plan = serde_json::from_slice(&ranks.broadcast(Vec::new())?)?;
    if let (false, Some(own)) = (plan.continues, &own) {
        compare(&plan.settings, own.as_ref())?;
    }
    let mut settings = of_text(&plan.settings, data).context("the settings of rank 0")?;
    if let Some(own) = &own {
        // Where a machine has its data is its own affair.
        settings.run_mut().data.clone_from(&own.run().data);
    }
    let name = device.unwrap_or(settings.run().device);
    let device = device::open(name.of_local_rank(place.local_rank))?;
    settings.check_files()?;
    let session = Session::open(run, settings, Duty::Follows)?;
    let found = session.fingerprint();
    if found != plan.samples {
        bail!(
            "the data set here is not that of rank 0: expected its {} samples, under the same names; \
             found {}",
            plan.samples.0,
            found.0
        );
    }
    let mut family = session.settings.family(&device)?;
    let position = together::take(ranks, family.as_mut())?;
    let mut prepared = Prepared {
        session,
        family,
        position,
        checkpoint: None,
        quiet,
    };
    train(&mut prepared, ranks, place)
}

fn train(prepared: &mut Prepared, ranks: &Rc<Ranks>, place: Place) -> Result<()> {
    let config = prepared.session.settings.run();
    let device = config.device.of_local_rank(place.local_rank);
    ranks.connect(device)?;
    if config.sync_batch_norm && !device.is_libtorch() {
        bail!(
            "--sync-batch-norm: expected one of libtorch's devices, found {device}; train there, or \
             say --sync-batch-norm false"
        );
    }
    let synchronized = config.sync_batch_norm.then(|| ranks.synchronize_norms());
    prepared.train()?;
    drop(synchronized);
    Ok(())
}

/// Settings of the same command must be the same.
fn compare(expected: &str, own: &dyn RunSettings) -> Result<()> {
    let found = own.to_toml()?;
    let place = |line: &str| line.starts_with("data = ");
    let [expected, found] = [expected, &found].map(|text| {
        let lines = text.lines().filter(|line| !place(line));
        lines.map(str::to_owned).collect::<Vec<_>>()
    });
    let Some(line) = found.iter().find(|line| !expected.contains(line)) else {
        return Ok(());
    };
    bail!(
        "started with other settings than rank 0: expected the same command on every rank, found {line}"
    )
}
