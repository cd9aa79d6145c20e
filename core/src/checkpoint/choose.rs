//! Which network of a weight file is taken: one state dict of those in it, or the dictionary that PGAN
//! saves.

use std::collections::BTreeMap;

use super::contents::Contents;
use super::failure::{Context, Failure, Result, bail, ensure};
use super::family::{encoder_family, generator_family};
use super::foreign::{START, kind_of};
use super::hints::{Naming, Setting};
use super::networks::{self, Fits, Network, listed, preferred};
use super::pickle::Attributes;
use super::unread::{Unread, as_networks_take_it};
use crate::bundle::FileBytes;
use crate::pgan::with_module_keys;
use crate::state_dict::{Named, StateTensor, is_ignorable, named};

/// What weights are read from.
pub const EXPECTED: &str = "expected a PyTorch state dict (.pth, .pt) or safetensors";

/// What a weight file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Checkpoint<T = StateTensor> {
    /// The weights of one network by the authors' keys.
    StateDict(Named<T>),
    /// The networks of a PGAN run and its settings.
    Pgan(Box<PganCheckpoint<T>>),
}

/// The dictionary that the original PGAN saves. Keys of older files, which lack `.module`, are as in
/// newer ones.
///
/// Source: spec section 5.9.
#[derive(Debug, Clone, PartialEq)]
pub struct PganCheckpoint<T = StateTensor> {
    /// Attributes of its `BaseConfig`, by the authors' names.
    pub config: Attributes,
    /// `netG`.
    pub generator: Named<T>,
    /// `netD`; a file for inference may leave it out.
    pub discriminator: Option<Named<T>>,
    /// `avgG`, the running average that is used for generating; the generator where the file has
    /// none, as the authors do.
    pub average: Named<T>,
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

/// A weight file in which a network has been chosen, none of its values read.
pub struct Opened<B> {
    /// The file.
    pub contents: Contents<B>,
    /// What was chosen.
    pub checkpoint: Checkpoint<Unread>,
    /// What was taken, where that was not asked for and the file has more.
    pub choice: Option<Choice>,
}

/// Opens a `.pth` file (zip or legacy container) or a safetensors file, whichever it is, and chooses the
/// network that is wanted, or called `key`: by the keys that lead to it with dots between them, or by
/// the last of them.
///
/// A state dict may lie in dictionaries, or be a part of another, and a whole pickled module is read
/// as its state dict; whatever lies beside is not looked at. Nothing that a pickle says is executed.
/// Half and double precision become f32; wrapper prefixes and entries without information are gone;
/// spectral norm has its newest layout.
///
/// # Errors
///
/// If the file is no weight file (saying what it is), is damaged, holds nothing that is asked for
/// (naming what it has), or several without one that comes first.
pub fn open<B: FileBytes>(
    bytes: B,
    wanted: Wanted,
    key: Option<&str>,
    naming: Naming,
) -> Result<Opened<B>> {
    let start = bytes.read(0..bytes.len().min(START))?.into_owned();
    open_as(bytes, &start, wanted, key, naming).map_err(|error| told(&start, error))
}

/// What a file is that is known not to hold weights, or else the error.
fn told(start: &[u8], error: Failure) -> Failure {
    match kind_of(start) {
        Some(kind) => Failure::new(format!("{EXPECTED}, found {kind}")),
        None => error,
    }
}

fn open_as<B: FileBytes>(
    bytes: B,
    start: &[u8],
    wanted: Wanted,
    key: Option<&str>,
    naming: Naming,
) -> Result<Opened<B>> {
    let contents = Contents::open(bytes, start);
    let contents = contents.with_context(|| format!("{EXPECTED}, and cannot read it as one"))?;
    if key.is_none()
        && let Some(config) = pgan_config(&contents)
    {
        return Ok(Opened {
            checkpoint: pgan(&contents, config?)?,
            contents,
            choice: None,
        });
    }
    let (picked, choice) = choose(&contents, wanted, key, naming)?;
    let dict = match picked {
        Picked::Network(network) => fitting(&contents, &network)?,
        Picked::Everything(keys) => everything(&contents, keys)?,
    };
    Ok(Opened {
        checkpoint: Checkpoint::StateDict(as_networks_take_it(dict)),
        contents,
        choice,
    })
}

impl<B: FileBytes> Opened<B> {
    /// Reads what was chosen.
    ///
    /// # Errors
    ///
    /// If the file is damaged, a tensor is too large for it, or a weight is no number: naming it.
    pub fn read(self) -> Result<(Checkpoint, Option<Choice>)> {
        let contents = &self.contents;
        let left = &mut contents.budget();
        let checkpoint = match self.checkpoint {
            Checkpoint::StateDict(dict) => Checkpoint::StateDict(contents.read_all(dict, left)?),
            Checkpoint::Pgan(networks) => {
                let generator = contents.read_all(networks.generator.clone(), left)?;
                let discriminator = networks.discriminator;
                let discriminator = discriminator.map(|dict| contents.read_all(dict, left));
                let average = match networks.average == networks.generator {
                    true => generator.clone(),
                    false => contents.read_all(networks.average, left)?,
                };
                Checkpoint::Pgan(Box::new(PganCheckpoint {
                    config: networks.config,
                    generator,
                    discriminator: discriminator.transpose()?,
                    average,
                }))
            }
        };
        Ok((checkpoint, self.choice))
    }
}

/// What was chosen.
enum Picked {
    /// A network that fits what is wanted.
    Network(Network),
    /// A state dict, whatever it is of: the key in the file of every key.
    Everything(BTreeMap<String, String>),
}

fn choose<B: FileBytes>(
    contents: &Contents<B>,
    wanted: Wanted,
    key: Option<&str>,
    naming: Naming,
) -> Result<(Picked, Option<Choice>)> {
    let nothing = || {
        format!(
            "expected a state dict of tensors, found {}",
            contents.description()
        )
    };
    ensure!(contents.keys().next().is_some(), "{}", nothing());
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
        return anything(contents, &prefix, naming);
    }
    let names: Vec<String> = found.iter().map(|network| network.name.clone()).collect();
    let Some(index) = preferred(&names) else {
        bail!(
            "holds {} {}, {}: say which to read ({})",
            names.len(),
            wanted.plural(),
            listed(&names),
            by_key(naming)
        );
    };
    let network = found.into_iter().nth(index).context("one of them")?;
    // Of what was asked for by name, only what it left open is told.
    let others = if key.is_some() { names } else { known };
    let choice = choice(&network.name, others);
    Ok((Picked::Network(network), choice))
}

/// How a network is chosen by name.
const fn by_key(naming: Naming) -> &'static str {
    match naming {
        Naming::Flags => "`import --key NAME`",
        Naming::Fields => naming.of(Setting::Key),
    }
}

/// The networks below a prefix.
fn inside<B: FileBytes>(contents: &Contents<B>, prefix: &str, fits: Fits) -> Vec<Network> {
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
fn anything<B: FileBytes>(
    contents: &Contents<B>,
    prefix: &str,
    naming: Naming,
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
                "expected one state dict, found {}: say which to read ({}), or save it by itself",
                listed(&names),
                by_key(naming)
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
    Ok((Picked::Everything(named(keys)), choice))
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
fn fitting<B: FileBytes>(contents: &Contents<B>, network: &Network) -> Result<Named<Unread>> {
    let mut dict = Named::new();
    for (bare, key) in &network.keys {
        let last = bare.rsplit('.').next().unwrap_or(bare);
        if is_ignorable(bare) || !WEIGHTS.contains(&last) && !contents.is_float(key) {
            continue;
        }
        dict.insert(bare.clone(), contents.unread(key)?);
    }
    Ok(dict)
}

fn everything<B: FileBytes>(
    contents: &Contents<B>,
    keys: BTreeMap<String, String>,
) -> Result<Named<Unread>> {
    let mut dict = Named::new();
    for (bare, key) in keys {
        if !is_ignorable(&bare) {
            dict.insert(bare, contents.unread(&key)?);
        }
    }
    Ok(dict)
}

/// The settings of PGAN, if they lie beside its generator.
fn pgan_config<B: FileBytes>(contents: &Contents<B>) -> Option<Result<Attributes>> {
    let pickle = contents.pickle()?;
    let config = pickle.entry(pickle.root(), "config")?;
    let is_its = |key: &str| key.starts_with("netG.") && key.contains("formatLayer.");
    let settings = pickle.instance(config).is_some() || pickle.entries(config).is_some();
    let attributes = || pickle.attributes(config).context("the settings of PGAN");
    (settings && contents.keys().any(is_its)).then(attributes)
}

fn pgan<B: FileBytes>(contents: &Contents<B>, config: Attributes) -> Result<Checkpoint<Unread>> {
    let network = |name: &str| {
        let prefix = format!("{name}.");
        let own = |key: &str| Some((key.strip_prefix(&prefix)?.to_owned(), key.to_owned()));
        let keys = named(contents.keys().filter_map(own));
        if keys.is_empty() {
            return Ok(None);
        }
        let dict = as_networks_take_it(everything(contents, keys)?);
        Ok::<_, Failure>(Some(with_module_keys(dict)))
    };
    let generator = network("netG")?.context("a checkpoint of PGAN without netG")?;
    Ok(Checkpoint::Pgan(Box::new(PganCheckpoint {
        config,
        discriminator: network("netD")?,
        average: network("avgG")?.unwrap_or_else(|| generator.clone()),
        generator,
    })))
}
