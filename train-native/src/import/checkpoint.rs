//! What a weight file holds: one state dict of those in it, or the dictionary that PGAN saves.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use underpaint_core::pgan::with_module_keys;
use underpaint_core::state_dict::{StateDict, is_ignorable};

use super::contents::Contents;
use super::family::{encoder_family, generator_family};
use super::folder::folder_kind;
use super::foreign::{START, kind_of};
use super::networks::{self, Fits, Network, listed, preferred};
use super::pickle::Attributes;
use super::tensors::as_networks_take_it;

/// What weights are read from.
const EXPECTED: &str = "expected a PyTorch state dict (.pth, .pt) or safetensors";

/// What a weight file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Checkpoint {
    /// The weights of one network by the authors' keys.
    StateDict(StateDict),
    /// The networks of a PGAN run and its settings.
    Pgan(Box<PganCheckpoint>),
}

/// The dictionary that the original PGAN saves. Keys of older files, which lack `.module`, are as in
/// newer ones.
///
/// Source: spec section 5.9.
#[derive(Debug, Clone, PartialEq)]
pub struct PganCheckpoint {
    /// Attributes of its `BaseConfig`, by the authors' names.
    pub config: Attributes,
    /// `netG`.
    pub generator: StateDict,
    /// `netD`; a file for inference may leave it out.
    pub discriminator: Option<StateDict>,
    /// `avgG`, the running average that is used for generating; the generator where the file has
    /// none, as the authors do.
    pub average: StateDict,
}

/// Which network of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A generator, or the one state dict of a file that has none.
    Generator,
    /// An encoder, or the one state dict of a file that has none.
    Encoder,
    /// The one state dict, whatever it is of.
    Any,
}

impl Wanted {
    fn fits(self) -> Option<Fits> {
        match self {
            Self::Generator => Some(generator_family),
            Self::Encoder => Some(encoder_family),
            Self::Any => None,
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Generator => "generators",
            Self::Encoder => "encoders",
            Self::Any => "state dicts",
        }
    }
}

/// What was taken of a file that has more than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Name of what was taken; nothing, if that lies at the top of the file.
    pub taken: String,
    /// Names of the others.
    pub others: Vec<String>,
}

impl Choice {
    /// What was taken, for people.
    pub fn name(&self) -> &str {
        match self.taken.as_str() {
            "" => "the weights at its top",
            name => name,
        }
    }
}

/// Reads a `.pth` file (zip or legacy container) or a safetensors file, whichever it is.
///
/// As [`read_chosen`], which takes a generator where the file has one.
///
/// # Errors
///
/// As [`read_chosen`].
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    Ok(read_chosen(path, Wanted::Generator, None)?.0)
}

/// Reads the one state dict in a file, of whatever network.
///
/// # Errors
///
/// As [`read_chosen`]; and if the file holds several networks.
pub fn read_state_dict(path: &Path) -> Result<StateDict> {
    only_state_dict(path, Wanted::Any)
}

/// Reads an encoder, as [`read_chosen`] does.
///
/// # Errors
///
/// As [`read_chosen`]; and if it is a checkpoint of PGAN.
pub fn read_encoder(path: &Path) -> Result<StateDict> {
    only_state_dict(path, Wanted::Encoder)
}

fn only_state_dict(path: &Path, wanted: Wanted) -> Result<StateDict> {
    match read_chosen(path, wanted, None)?.0 {
        Checkpoint::StateDict(dict) => Ok(dict),
        Checkpoint::Pgan(_) => bail!(
            "{}: expected the state dict of one network, found a checkpoint of PGAN",
            path.display()
        ),
    }
}

/// Reads the network that is wanted, or called `key`: by the keys that lead to it with dots between
/// them, or by the last of them.
///
/// A state dict may lie in dictionaries, or be a part of another, and a whole pickled module is read
/// as its state dict; whatever lies beside is not looked at. Nothing that a pickle says is executed.
/// Half and double precision become f32; wrapper prefixes and entries without information are gone;
/// spectral norm has its newest layout.
///
/// Tells what was taken, where that was not asked for and the file has more.
///
/// # Errors
///
/// If the file is no weight file (saying what it is), is damaged, holds nothing that is asked for
/// (naming what it has), or several without one that comes first; and if a weight is no number.
pub fn read_chosen(
    path: &Path,
    wanted: Wanted,
    key: Option<&str>,
) -> Result<(Checkpoint, Option<Choice>)> {
    let at = || format!("{}", path.display());
    if path.is_dir() {
        bail!(
            "{}: {EXPECTED}, found {}",
            path.display(),
            folder_kind(path)
        );
    }
    let cannot = || format!("cannot read {}", path.display());
    let mut start = Vec::new();
    let file = File::open(path).with_context(cannot)?;
    file.take(START)
        .read_to_end(&mut start)
        .with_context(cannot)?;
    let file = File::open(path).with_context(cannot)?;
    let size = file.metadata().with_context(cannot)?.len();
    let read = read(BufReader::new(file), &start, size, wanted, key);
    let told = read.map_err(|error| match kind_of(&start) {
        Some(kind) => anyhow!("{EXPECTED}, found {kind}"),
        None => error,
    });
    told.with_context(at)
}

/// As [`read_chosen`], from the bytes of a file of `size` that begins with `start`.
fn read<R: Read + Seek>(
    source: R,
    start: &[u8],
    size: u64,
    wanted: Wanted,
    key: Option<&str>,
) -> Result<(Checkpoint, Option<Choice>)> {
    let contents = Contents::open(source, start, size);
    let mut contents =
        contents.with_context(|| format!("{EXPECTED}, and cannot read it as one"))?;
    if key.is_none()
        && let Some(config) = pgan_config(&contents)
    {
        return Ok((pgan(&mut contents, config?)?, None));
    }
    let (picked, choice) = choose(&contents, wanted, key)?;
    let dict = match picked {
        Picked::Network(network) => fitting(&mut contents, &network)?,
        Picked::Everything(keys) => everything(&mut contents, keys)?,
    };
    Ok((Checkpoint::StateDict(as_networks_take_it(dict)), choice))
}

/// What was chosen.
enum Picked {
    /// A network that fits what is wanted.
    Network(Network),
    /// A state dict, whatever it is of: the key in the file of every key.
    Everything(BTreeMap<String, String>),
}

fn choose<R: Read + Seek>(
    contents: &Contents<R>,
    wanted: Wanted,
    key: Option<&str>,
) -> Result<(Picked, Option<Choice>)> {
    let nothing = || {
        format!(
            "expected a state dict of tensors, found {}",
            contents.description()
        )
    };
    ensure!(contents.keys().next().is_some(), nothing());
    let all = match wanted.fits() {
        Some(fits) => networks::networks(contents.keys(), fits),
        None => Vec::new(),
    };
    let known = networks::names(contents.keys(), contents.state_dicts(), &all);
    let prefix = match key {
        Some(name) => networks::named(contents.keys(), name, &known)?,
        None => String::new(),
    };
    let found = match (key, wanted.fits()) {
        (Some(_), Some(fits)) => inside(contents, &prefix, fits),
        _ => all,
    };
    if found.is_empty() {
        return anything(contents, &prefix);
    }
    let names: Vec<String> = found.iter().map(|network| network.name.clone()).collect();
    let Some(index) = preferred(&names) else {
        bail!(
            "holds {} {}, {}: say which to read (`import --key NAME`)",
            names.len(),
            wanted.plural(),
            listed(&names)
        );
    };
    let network = found.into_iter().nth(index).context("one of them")?;
    // Of what was asked for by name, only what it left open is told.
    let others = if key.is_some() { names } else { known };
    let choice = choice(&network.name, others);
    Ok((Picked::Network(network), choice))
}

/// The networks below a prefix.
fn inside<R: Read + Seek>(contents: &Contents<R>, prefix: &str, fits: Fits) -> Vec<Network> {
    let below = contents.keys().filter_map(|key| key.strip_prefix(prefix));
    let mut found = networks::networks(below, fits);
    for network in &mut found {
        network.name = format!("{prefix}{}", network.name)
            .trim_end_matches('.')
            .to_owned();
        for key in network.keys.values_mut() {
            *key = format!("{prefix}{key}");
        }
    }
    found
}

fn choice(taken: &str, names: Vec<String>) -> Option<Choice> {
    let others: Vec<String> = names.into_iter().filter(|name| name != taken).collect();
    (!others.is_empty()).then(|| Choice {
        taken: taken.to_owned(),
        others,
    })
}

/// The one state dict below a prefix, or everything, if it is in none.
fn anything<R: Read + Seek>(
    contents: &Contents<R>,
    prefix: &str,
) -> Result<(Picked, Option<Choice>)> {
    let dicts = contents.state_dicts().iter();
    let dicts: Vec<&String> = dicts.filter(|dict| dict.starts_with(prefix)).collect();
    let names: Vec<String> = dicts
        .iter()
        .map(|dict| dict.trim_end_matches('.').to_owned())
        .collect();
    let (chosen, choice) = match dicts.iter().position(|dict| *dict == prefix) {
        Some(_) => (prefix, None),
        None if dicts.is_empty() => (prefix, None),
        None => match preferred(&names) {
            Some(index) => (dicts[index].as_str(), choice(&names[index], names.clone())),
            None => bail!(
                "expected one state dict, found {}: say which to read (`import --key NAME`), or save \
                 it by itself",
                listed(&names)
            ),
        },
    };
    // In a dictionary only what lies in itself.
    let own = dicts.iter().any(|dict| *dict == chosen);
    let keys = contents.keys().filter_map(|key| {
        let bare = key.strip_prefix(chosen)?;
        let deeper = own && contents.dictionary(key) > chosen.len();
        (!deeper).then(|| (bare.to_owned(), key.to_owned()))
    });
    Ok((Picked::Everything(keys.collect()), choice))
}

/// Entries that networks are made of; what else lies in a network of ours is somebody's own.
const WEIGHTS: [&str; 7] = [
    "weight",
    "bias",
    "running_mean",
    "running_var",
    "weight_orig",
    "weight_u",
    "weight_v",
];

/// The weights of a network. Counters and masks among them are left out.
fn fitting<R: Read + Seek>(contents: &mut Contents<R>, network: &Network) -> Result<StateDict> {
    let mut dict = StateDict::new();
    for (bare, key) in &network.keys {
        let last = bare.rsplit('.').next().unwrap_or(bare);
        if is_ignorable(bare) || !WEIGHTS.contains(&last) && !contents.is_float(key) {
            continue;
        }
        dict.insert(bare.clone(), contents.read(key)?);
    }
    Ok(dict)
}

fn everything<R: Read + Seek>(
    contents: &mut Contents<R>,
    keys: BTreeMap<String, String>,
) -> Result<StateDict> {
    let mut dict = StateDict::new();
    for (bare, key) in keys {
        if !is_ignorable(&bare) {
            dict.insert(bare, contents.read(&key)?);
        }
    }
    Ok(dict)
}

/// The settings of PGAN, if they lie beside its generator.
fn pgan_config<R: Read + Seek>(contents: &Contents<R>) -> Option<Result<Attributes>> {
    let pickle = contents.pickle()?;
    let config = pickle.entry(pickle.root(), "config")?;
    let is_its = |key: &str| key.starts_with("netG.") && key.contains("formatLayer.");
    let settings = pickle.instance(config).is_some() || pickle.entries(config).is_some();
    let attributes = || pickle.attributes(config).context("the settings of PGAN");
    (settings && contents.keys().any(is_its)).then(attributes)
}

fn pgan<R: Read + Seek>(contents: &mut Contents<R>, config: Attributes) -> Result<Checkpoint> {
    let mut network = |name: &str| {
        let prefix = format!("{name}.");
        let own = |key: &str| Some((key.strip_prefix(&prefix)?.to_owned(), key.to_owned()));
        let keys: BTreeMap<String, String> = contents.keys().filter_map(own).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        let dict = as_networks_take_it(everything(contents, keys)?);
        Ok::<_, anyhow::Error>(Some(with_module_keys(dict)))
    };
    let generator = network("netG")?.context("a checkpoint of PGAN without netG")?;
    Ok(Checkpoint::Pgan(Box::new(PganCheckpoint {
        config,
        discriminator: network("netD")?,
        average: network("avgG")?.unwrap_or_else(|| generator.clone()),
        generator,
    })))
}

#[cfg(test)]
mod tests;
