//! What a PyTorch file holds: one state dict, or the dictionary that PGAN saves.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use pytorch_reader::{PickleValue, PytorchError, PytorchReader};
use underpaint_core::pgan::with_module_keys;
use underpaint_core::state_dict::StateDict;

use super::container::{Container, object_pickle};
use super::foreign::foreign_kind;
use super::pickle::{Attributes, Pickle};
use super::tensors::{as_networks_take_it, read_tensors};

/// Keys of dictionaries that wrap a state dict, the one to take first, where a file holds several.
const WRAPPERS: [&str; 4] = ["state_dict", "model_state_dict", "model", "params"];

/// Keys that a message names before it counts the rest.
const KEYS_SHOWN: usize = 12;

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

/// Reads a `.pth` file (zip or legacy container) or a safetensors file, whichever it is.
///
/// A state dict may lie in dictionaries, under `state_dict` or another key, and a whole pickled module
/// is read as its state dict. Nothing that a pickle says is executed. Half and double precision become
/// f32; wrapper prefixes and entries without information are gone; spectral norm has its newest
/// layout.
///
/// # Errors
///
/// If the file is neither, is damaged, or holds no state dict: naming the keys that it has instead.
pub fn read_checkpoint(path: &Path) -> Result<Checkpoint> {
    Ok(read_chosen(path, None)?.0)
}

/// Which of several state dicts in a file was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The one, by the keys that lead to it.
    pub taken: String,
    /// The rest.
    pub others: Vec<String>,
}

impl Choice {
    /// The prefix `taken` from all those `found`.
    fn of(taken: &String, found: &[String]) -> Self {
        let name = |path: &String| path.trim_end_matches('.').to_owned();
        let others = found.iter().filter(|path| *path != taken);
        Self {
            taken: name(taken),
            others: others.map(name).collect(),
        }
    }
}

/// As [`read_checkpoint`], with a say in which state dict to take: `name` are the keys that lead to it
/// with dots between them, or the last of them, or what stands before the keys of one network in a
/// state dict of several (`netG`).
///
/// Tells what was taken, where that was not asked for and the file has several.
///
/// # Errors
///
/// As [`read_checkpoint`], and if nothing has that name.
pub fn read_chosen(path: &Path, name: Option<&str>) -> Result<(Checkpoint, Option<Choice>)> {
    let read = || match Container::of(path)? {
        Container::Safetensors => read_safetensors(path, name),
        Container::Zip | Container::Pickles => read_pytorch(path, name),
    };
    let tell = |error: anyhow::Error| match foreign_kind(path) {
        Some(kind) => {
            anyhow!("expected a PyTorch state dict (.pth, .pt) or safetensors, found {kind}")
        }
        None => error,
    };
    if !path.exists() {
        // Which is all that there is to say.
        Container::of(path)?;
    }
    read()
        .map_err(tell)
        .with_context(|| format!("{}", path.display()))
}

/// Reads the one state dict in a file, as [`read_checkpoint`] does.
///
/// # Errors
///
/// As [`read_checkpoint`]; and if the file holds several networks.
pub fn read_state_dict(path: &Path) -> Result<StateDict> {
    match read_checkpoint(path)? {
        Checkpoint::StateDict(dict) => Ok(dict),
        Checkpoint::Pgan(_) => bail!(
            "{}: expected the state dict of one network, found a checkpoint of PGAN",
            path.display()
        ),
    }
}

fn read_safetensors(path: &Path, name: Option<&str>) -> Result<(Checkpoint, Option<Choice>)> {
    let mut dict = underpaint_core::bundle::decode_weights(&std::fs::read(path)?)?;
    if dict.is_empty() {
        bail!("expected a state dict of tensors, found none");
    }
    if let Some(name) = name {
        let prefix = named_prefix(dict.keys(), &[], name)?;
        let strip = |(key, tensor): (String, _)| Some((key.strip_prefix(&prefix)?.into(), tensor));
        dict = dict.into_iter().filter_map(strip).collect();
    }
    check_finite(&dict)?;
    Ok((Checkpoint::StateDict(as_networks_take_it(dict)), None))
}

/// Numbers that are none make black pictures, whatever the input.
fn check_finite(dict: &StateDict) -> Result<()> {
    for (key, tensor) in dict {
        if let Some(value) = tensor.values.iter().find(|value| !value.is_finite()) {
            bail!(
                "{key} holds {value}: the training that wrote this file had gone wrong, and an earlier \
                 checkpoint of it is needed"
            );
        }
    }
    Ok(())
}

fn read_pytorch(path: &Path, name: Option<&str>) -> Result<(Checkpoint, Option<Choice>)> {
    let content = PytorchReader::read_pickle_data(path, None).map_err(told_once);
    let content = content.with_context(|| why_unreadable(path))?;
    let PickleValue::Dict(content) = content else {
        bail!("expected a dictionary, found {}", kind(&content));
    };
    let size = std::fs::metadata(path)?.len();
    let tensors = PytorchReader::new(path).map_err(told_once)?.into_tensors();
    let read = |prefix: &str| {
        let dict = read_tensors(&tensors, prefix, size)?;
        check_finite(&dict)?;
        Ok::<_, anyhow::Error>(dict)
    };
    if let Some(name) = name {
        let prefix = named_prefix(tensors.keys(), &wrapped_state_dicts(&content), name)?;
        return Ok((Checkpoint::StateDict(read(&prefix)?), None));
    }
    if !is_pgan(&content) {
        let (prefix, choice) = prefix_of_state_dict(&content)?;
        return Ok((Checkpoint::StateDict(read(&prefix)?), choice));
    }
    let network = |key: &str| match content.get(key) {
        Some(PickleValue::Dict(_)) => {
            let dict = read(&format!("{key}."))?;
            Ok::<_, anyhow::Error>(Some(with_module_keys(dict)))
        }
        _ => Ok(None),
    };
    let generator = network("netG")?.context("a checkpoint of PGAN without netG")?;
    let checkpoint = Checkpoint::Pgan(Box::new(PganCheckpoint {
        config: read_config(path).context("the settings of PGAN")?,
        discriminator: network("netD")?,
        average: network("avgG")?.unwrap_or_else(|| generator.clone()),
        generator,
    }));
    Ok((checkpoint, None))
}

/// What stands before the keys of what is called `name`; `wrapped` are the state dicts in the file.
fn named_prefix<'a>(
    keys: impl Iterator<Item = &'a String> + Clone,
    wrapped: &[String],
    name: &str,
) -> Result<String> {
    let name = name.trim_end_matches('.');
    let inner = wrapped.iter().map(|path| format!("{path}{name}."));
    let last = format!(".{name}.");
    let whole = wrapped.iter().filter(|path| path.ends_with(&last)).cloned();
    let mut candidates = std::iter::once(format!("{name}."))
        .chain(whole)
        .chain(inner);
    let found = candidates.find(|prefix| keys.clone().any(|key| key.starts_with(prefix)));
    found.with_context(|| {
        let firsts: BTreeSet<&str> = keys.filter_map(|key| key.split('.').next()).collect();
        let paths = wrapped.iter().map(|path| path.trim_end_matches('.'));
        let known: BTreeSet<&str> = paths.chain(firsts).take(KEYS_SHOWN).collect();
        let known: Vec<&str> = known.into_iter().collect();
        format!(
            "no state dict is called {name:?}; found {}",
            known.join(", ")
        )
    })
}

/// The reader's errors tell their source themselves, which the chain would tell once more.
fn told_once(error: PytorchError) -> anyhow::Error {
    anyhow!("{error}")
}

/// What a file that cannot be read should have been; and what it is, if it is a whole module in the
/// legacy container, or holds objects beside weights: neither is read.
fn why_unreadable(path: &Path) -> String {
    let pickle = object_pickle(path).ok();
    let root = pickle
        .as_ref()
        .and_then(|pickle| pickle.class(pickle.root()));
    if let Some(class) = root.filter(|class| *class != "collections.OrderedDict") {
        return format!(
            "expected a state dict, found an object of class {class}: save its state_dict()"
        );
    }
    let foreign = |class: &&str| {
        let known = ["collections.OrderedDict", "torch."];
        !known.iter().any(|known| class.starts_with(known))
    };
    let called = pickle.iter().flat_map(Pickle::classes);
    let beside: BTreeSet<&str> = called.filter(foreign).collect();
    let expected =
        "expected a PyTorch state dict (.pth, .pt) or safetensors, and cannot read it as one";
    match (beside.is_empty(), pickle.is_some()) {
        (false, _) => {
            let classes: Vec<&str> = beside.into_iter().take(KEYS_SHOWN).collect();
            format!(
                "{expected}: beside weights it holds objects of the class {}. Save the state dict by \
                 itself: torch.save(torch.load(FILE)[\"state_dict\"], NEW_FILE)",
                classes.join(", ")
            )
        }
        (true, true) => format!(
            "{expected}. If it holds anything beside weights, save the state dict by itself: \
             torch.save(torch.load(FILE)[\"state_dict\"], NEW_FILE)"
        ),
        (true, false) => expected.to_owned(),
    }
}

/// The settings are an object of a class of the authors'.
fn is_pgan(content: &HashMap<String, PickleValue>) -> bool {
    let settings = matches!(
        content.get("config"),
        Some(PickleValue::Unsupported(_) | PickleValue::Dict(_))
    );
    settings && content.contains_key("netG")
}

fn read_config(path: &Path) -> Result<Attributes> {
    let pickle = object_pickle(path)?;
    let config = pickle.entry(pickle.root(), "config");
    pickle.attributes(config.context("no config")?)
}

/// What stands before the keys of the state dict in `content`: nothing, or the keys of the
/// dictionaries around it. And which it is, if there are several.
fn prefix_of_state_dict(
    content: &HashMap<String, PickleValue>,
) -> Result<(String, Option<Choice>)> {
    let mut entries = content.iter();
    if entries.any(|(key, value)| key.contains('.') && is_tensor(value)) {
        return Ok((String::new(), None));
    }
    let found = wrapped_state_dicts(content);
    let preferred = WRAPPERS.iter().find_map(|wrapper| {
        let last = |path: &&String| path.rsplit('.').nth(1) == Some(wrapper);
        found.iter().find(last)
    });
    match (found.first(), preferred) {
        (Some(only), _) if found.len() == 1 => Ok((only.clone(), None)),
        (Some(_), Some(preferred)) => Ok((preferred.clone(), Some(Choice::of(preferred, &found)))),
        (Some(_), None) => {
            let names: Vec<&str> = found
                .iter()
                .map(|path| path.trim_end_matches('.'))
                .collect();
            bail!(
                "expected one state dict, found {}: say which to read (`import --state-dict NAME`), or \
                 save it by itself",
                names.join(", ")
            )
        }
        // One that has no dots in its keys, or a whole module: dictionaries in dictionaries down to
        // the tensors.
        (None, _) if content.values().any(holds_tensors) => Ok((String::new(), None)),
        (None, _) => bail!(
            "expected a state dict of tensors, found {}",
            describe_keys(content)
        ),
    }
}

/// Paths, up to two keys long and each ending with a dot, of the state dicts in `content`. A state
/// dict has dots in its keys; a pickled module, whose names cannot have any, is none.
fn wrapped_state_dicts(content: &HashMap<String, PickleValue>) -> Vec<String> {
    let is_state_dict = |dict: &HashMap<String, PickleValue>| {
        let mut entries = dict.iter();
        entries.any(|(key, value)| key.contains('.') && is_tensor(value))
    };
    let mut paths = Vec::new();
    for (key, value) in content {
        let PickleValue::Dict(value) = value else {
            continue;
        };
        if is_state_dict(value) {
            paths.push(format!("{key}."));
            continue;
        }
        let inner = value.iter().filter_map(|(inner, value)| match value {
            PickleValue::Dict(value) if is_state_dict(value) => Some(format!("{key}.{inner}.")),
            _ => None,
        });
        paths.extend(inner);
    }
    paths.sort();
    paths
}

fn is_tensor(value: &PickleValue) -> bool {
    matches!(value, PickleValue::Unsupported(class) if class == "torch.Tensor")
}

fn holds_tensors(value: &PickleValue) -> bool {
    match value {
        PickleValue::Dict(dict) => dict.values().any(holds_tensors),
        value => is_tensor(value),
    }
}

fn describe_keys(content: &HashMap<String, PickleValue>) -> String {
    let keys: BTreeSet<&String> = content.keys().filter(|key| *key != "_metadata").collect();
    if keys.is_empty() {
        return "none".to_owned();
    }
    let shown = keys
        .iter()
        .take(KEYS_SHOWN)
        .map(|key| format!("{key:?} ({})", kind(&content[*key])));
    let mut told = format!("the keys {}", shown.collect::<Vec<_>>().join(", "));
    if keys.len() > KEYS_SHOWN {
        told += &format!(" and {} more", keys.len() - KEYS_SHOWN);
    }
    told
}

fn kind(value: &PickleValue) -> &str {
    match value {
        PickleValue::None => "None",
        PickleValue::Bool(_) => "bool",
        PickleValue::Int(_) => "int",
        PickleValue::Float(_) => "float",
        PickleValue::String(_) => "text",
        PickleValue::List(_) => "list",
        PickleValue::Dict(_) => "dictionary",
        PickleValue::Bytes(_) => "bytes",
        PickleValue::Unsupported(class) => class,
    }
}

#[cfg(test)]
mod tests;
