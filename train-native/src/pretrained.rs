//! Weights to begin a run with: those of a run, of a bundle, or of the authors' files.

use std::path::Path;

use anyhow::{Result, bail};
use underpaint_core::bundle::MANIFEST_FILE;
use underpaint_core::state_dict::StateDict;

use crate::config::{CONFIG_FILE, is_run};
use crate::family::Pretrained;
use crate::import::{Checkpoint, Wanted, listed, read_chosen, read_encoder, read_state_dict};
use crate::model::Model;
use crate::trainer::checkpoint;

/// The authors' file of a network, in a folder of checkpoints.
const LATEST: [&str; 3] = ["latest_net_G.pth", "latest_net_D.pth", "latest_net_E.pth"];

/// Reads every network that `path` has.
///
/// # Errors
///
/// If it is none of what is taken, or damaged.
pub fn read(path: &Path) -> Result<Pretrained> {
    if is_run(path) {
        of_run(path)
    } else if path.join(MANIFEST_FILE).is_file() {
        of_bundle(path)
    } else if path.is_dir() {
        of_folder(path)
    } else {
        of_file(path)
    }
}

fn of_run(run: &Path) -> Result<Pretrained> {
    let newest = checkpoint::latest(run)?;
    let names = checkpoint::names(&newest)?;
    let network = |name: &str| -> Result<Option<StateDict>> {
        match names.iter().any(|found| found == name) {
            true => Ok(Some(checkpoint::load_network(&newest, name)?.1)),
            false => Ok(None),
        }
    };
    Ok(Pretrained {
        generator: network("generator")?,
        discriminator: network("discriminator")?,
        encoder: network("encoder")?,
        average: network("average_generator")?,
    })
}

fn of_bundle(folder: &Path) -> Result<Pretrained> {
    let model = Model::open(folder)?;
    Ok(Pretrained {
        generator: Some(model.weights),
        encoder: model.encoder,
        ..Pretrained::default()
    })
}

fn of_folder(folder: &Path) -> Result<Pretrained> {
    let read = |name: &str, read: fn(&Path) -> Result<StateDict>| {
        let path = folder.join(name);
        path.is_file().then(|| read(&path)).transpose()
    };
    let generator = read(LATEST[0], read_state_dict)?;
    if generator.is_none() {
        bail!(
            "{}: expected a run ({CONFIG_FILE}), a bundle ({MANIFEST_FILE}) or the authors' checkpoints \
             ({}), found none of them",
            folder.display(),
            LATEST[0]
        );
    }
    Ok(Pretrained {
        generator,
        discriminator: read(LATEST[1], read_state_dict)?,
        encoder: read(LATEST[2], read_encoder)?,
        average: None,
    })
}

fn of_file(path: &Path) -> Result<Pretrained> {
    if !path.is_file() {
        bail!(
            "{}: expected a run, a bundle, a folder of the authors' checkpoints or a weight file, found \
             nothing",
            path.display()
        );
    }
    let (checkpoint, choice) = read_chosen(path, Wanted::Generator, None)?;
    if let Some(choice) = choice {
        eprintln!(
            "{}: takes {} and nothing of {}",
            path.display(),
            choice.name(),
            listed(&choice.others)
        );
    }
    Ok(match checkpoint {
        Checkpoint::StateDict(dict) => Pretrained {
            generator: Some(dict),
            ..Pretrained::default()
        },
        Checkpoint::Pgan(networks) => Pretrained {
            generator: Some(networks.generator),
            discriminator: networks.discriminator,
            average: Some(networks.average),
            encoder: None,
        },
    })
}
