//! The state of a run over its ranks: the same weights on all, compared at every checkpoint, and what
//! each rank has for itself kept for it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use underpaint_core::bundle::{WeightDtype, decode_weights, encode_weights};
use underpaint_core::state_dict::{LazyDict, LazyTensor, StateDict};

use super::checkpoint::Position;
use crate::distributed::{self, Ranks};
use crate::family::{Family, Snapshot, TrainerState};

/// Files of a state that every rank has for itself: earlier pictures, and losses that a rank measured.
const OWN: [&str; 2] = ["image_pool", "generator_losses"];
/// Buffers that depend on a rank's share of the batch; rank 0's are kept, as PyTorch does.
const OF_A_SHARE: [&str; 2] = ["running_mean", "running_var"];

/// The name of a rank's own file in a checkpoint.
fn own_file(name: &str, rank: usize) -> String {
    match rank {
        0 => name.to_owned(),
        rank => format!("{name}_rank{rank}"),
    }
}

/// A state to save: on rank 0 with what the others have for themselves, nothing on the others.
///
/// # Errors
///
/// If the ranks' weights are not the same, naming network and rank, or a rank was lost.
pub fn gathered(mut state: Snapshot) -> Result<Option<Snapshot>> {
    let Some(ranks) = distributed::current() else {
        return Ok(Some(state));
    };
    compare(&ranks, &state)?;
    let share = ranks.share();
    for name in OWN {
        let Some(dict) = state.files.get(name) else {
            continue;
        };
        if share.rank > 0 {
            ranks.send(&encoded(&read(dict)?)?, 0)?;
            continue;
        }
        for rank in 1..share.size {
            let dict = decode_weights(&ranks.receive(rank)?)?;
            if !dict.is_empty() {
                state.files.insert(own_file(name, rank), lazy(dict));
            }
        }
    }
    Ok((share.rank == 0).then_some(state))
}

/// Compares what all ranks have to have alike.
fn compare(ranks: &Ranks, state: &Snapshot) -> Result<()> {
    let mut hashes = BTreeMap::new();
    for (name, dict) in &state.files {
        if !OWN.contains(&name.as_str()) {
            hashes.insert(name.clone(), hash(dict)?);
        }
    }
    let all = ranks.gather(&serde_json::to_vec(&hashes)?)?;
    for (rank, bytes) in all.iter().enumerate().skip(1) {
        if *bytes == all[0] {
            continue;
        }
        let of = |bytes: &[u8]| serde_json::from_slice::<BTreeMap<String, String>>(bytes);
        let (theirs, first) = (of(bytes)?, of(&all[0])?);
        let differ = first
            .iter()
            .filter(|(name, hash)| theirs.get(*name) != Some(*hash));
        let names: Vec<&str> = differ.map(|(name, _)| name.as_str()).collect();
        bail!(
            "rank {rank} has other weights than rank 0 in {}: the devices or libraries of their \
             machines do not compute alike; nothing was saved, the last good checkpoint stays",
            names.join(", ")
        );
    }
    Ok(())
}

/// SHA-256 of keys and values.
fn hash(dict: &LazyDict) -> Result<String> {
    let mut hash = Sha256::new();
    for (key, tensor) in dict {
        if OF_A_SHARE.iter().any(|buffer| key.ends_with(buffer)) {
            continue;
        }
        hash.update(key.as_bytes());
        let tensor = tensor.read().map_err(|error| anyhow!("{key}: {error}"))?;
        let mut bytes = Vec::with_capacity(4 * tensor.values.len());
        bytes.extend(tensor.values.iter().flat_map(|value| value.to_le_bytes()));
        hash.update(&bytes);
    }
    let digest = hash.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What the ranks start from besides weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Head {
    position: Position,
    counters: BTreeMap<String, u64>,
    files: Vec<String>,
}

/// Rank 0's part of a start: gives the others its state. `own` reads what a rank has for itself.
///
/// # Errors
///
/// If the state cannot be read, or a rank was lost.
pub fn give(
    ranks: &Ranks,
    position: Position,
    state: Snapshot,
    own: impl Fn(&str) -> Result<Option<StateDict>>,
) -> Result<()> {
    let head = Head {
        position,
        counters: state.counters,
        files: state.files.keys().cloned().collect(),
    };
    ranks.broadcast(serde_json::to_vec(&head)?)?;
    for (name, dict) in state.files {
        if !OWN.contains(&name.as_str()) {
            ranks.broadcast(encoded(&read(&dict)?)?)?;
            continue;
        }
        for rank in 1..ranks.share().size {
            let dict = own(&own_file(&name, rank))?.unwrap_or_default();
            ranks.send(&encoded(&dict)?, rank)?;
        }
    }
    Ok(())
}

/// Another rank's part of a start: takes rank 0's state.
///
/// # Errors
///
/// If it does not fit, or a rank was lost.
pub fn take(ranks: &Ranks, family: &mut dyn Family) -> Result<Position> {
    let head: Head = serde_json::from_slice(&ranks.broadcast(Vec::new())?)?;
    let mut state = TrainerState::new(head.counters);
    for name in head.files {
        let bytes = match OWN.contains(&name.as_str()) {
            true => ranks.receive(0)?,
            false => ranks.broadcast(Vec::new())?,
        };
        state.insert(name, move || Ok(decode_weights(&bytes)?));
    }
    family.load(state).context("the state of rank 0")?;
    Ok(head.position)
}

fn read(dict: &LazyDict) -> Result<StateDict> {
    let tensor = |(key, tensor): (&String, &LazyTensor)| {
        let read = tensor.read().map_err(|error| anyhow!("{key}: {error}"))?;
        Ok((key.clone(), read))
    };
    dict.iter().map(tensor).collect()
}

fn encoded(dict: &StateDict) -> Result<Vec<u8>> {
    Ok(encode_weights(dict, WeightDtype::F32)?)
}

fn lazy(dict: StateDict) -> LazyDict {
    let entry = |(key, tensor)| (key, LazyTensor::from(tensor));
    dict.into_iter().map(entry).collect()
}
