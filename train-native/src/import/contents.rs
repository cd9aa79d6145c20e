//! The tensors of a weight file by name, whatever its container.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};
use std::ops::Range;

use anyhow::{Context, Result, anyhow};
use safetensors::SafeTensors;
use underpaint_core::state_dict::StateTensor;

use super::container::{Container, Pytorch};
use super::element::Element;
use super::pickle::{Pickle, Place};
use super::tensors::View;
use super::tree::{Tree, description};

/// How many times larger than its file a state dict may become. A view can repeat one number any
/// number of times, so that nothing else keeps a small file from filling the memory.
const MAX_GROWTH: u64 = 64;

/// Keys that a message names before it counts the rest.
const KEYS_SHOWN: usize = 12;

/// A weight file whose numbers are not read yet.
pub struct Contents<R> {
    stored: BTreeMap<String, Stored>,
    state_dicts: BTreeSet<String>,
    source: Source<R>,
    /// Bytes that may still be made of this file.
    left: u64,
}

enum Source<R> {
    Pytorch(Box<Pytorch<R>>),
    /// All of the file.
    Safetensors(Vec<u8>),
}

enum Stored {
    /// A tensor in a pickle, and how much of its name is its dictionary's.
    Pickled(Place, usize),
    /// Bytes in the file.
    Raw(Element, Vec<usize>, Range<usize>),
}

impl<R: Read + Seek> Contents<R> {
    /// Reads everything but the numbers of a file of `size` bytes that begins with `start`.
    ///
    /// # Errors
    ///
    /// If it is no container of weights, or damaged.
    pub fn open(mut source: R, start: &[u8], size: u64) -> Result<Self> {
        let left = size.saturating_mul(MAX_GROWTH);
        let container = Container::of(start);
        if container == Container::Safetensors {
            let mut bytes = Vec::new();
            source
                .read_to_end(&mut bytes)
                .context("cannot read the file")?;
            return Ok(Self {
                stored: raw(&bytes)?,
                state_dicts: [String::new()].into(),
                source: Source::Safetensors(bytes),
                left,
            });
        }
        let file = Pytorch::open(source, container)?;
        let tree = Tree::of(&file.pickle)?;
        let stored = tree.tensors.into_iter();
        let stored =
            stored.map(|(name, leaf)| (name, Stored::Pickled(leaf.place, leaf.dictionary)));
        Ok(Self {
            stored: stored.collect(),
            state_dicts: tree.state_dicts,
            source: Source::Pytorch(Box::new(file)),
            left,
        })
    }

    /// Names of all tensors, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.stored.keys().map(String::as_str)
    }

    /// What stands before the keys of every state dict: nothing, or the keys of the dictionaries
    /// around it, each with a dot.
    pub fn state_dicts(&self) -> &BTreeSet<String> {
        &self.state_dicts
    }

    /// How much of a tensor's name is that of the dictionary that it lies in.
    pub fn dictionary(&self, key: &str) -> usize {
        match self.stored.get(key) {
            Some(Stored::Pickled(_, dictionary)) => *dictionary,
            _ => 0,
        }
    }

    /// The pickle, if the file has one.
    pub fn pickle(&self) -> Option<&Pickle> {
        match &self.source {
            Source::Pytorch(file) => Some(&file.pickle),
            Source::Safetensors(_) => None,
        }
    }

    /// What it holds, for people.
    pub fn description(&self) -> String {
        match self.pickle() {
            Some(pickle) => description(pickle, KEYS_SHOWN),
            None => "none".to_owned(),
        }
    }

    /// Whether a tensor is of floating-point numbers.
    pub fn is_float(&self, key: &str) -> bool {
        match (self.stored.get(key), &self.source) {
            (Some(Stored::Raw(element, ..)), _) => element.is_float(),
            (Some(Stored::Pickled(place, _)), Source::Pytorch(file)) => {
                View::of(&file.pickle, *place).is_ok_and(|view| view.element.is_float())
            }
            _ => false,
        }
    }

    /// Reads a tensor.
    ///
    /// # Errors
    ///
    /// Naming it: if the file is damaged, the tensor is too large for it or not of floating-point
    /// numbers, or one of its numbers is none.
    pub fn read(&mut self, key: &str) -> Result<StateTensor> {
        let read = match (self.stored.get(key), &mut self.source) {
            (Some(Stored::Raw(element, shape, range)), Source::Safetensors(bytes)) => element
                .widen(&bytes[range.clone()])
                .map(|values| StateTensor {
                    shape: shape.clone(),
                    values,
                }),
            (Some(Stored::Pickled(place, _)), Source::Pytorch(file)) => {
                View::of(&file.pickle, *place).and_then(|view| view.read(file, &mut self.left))
            }
            _ => Err(anyhow!("no such tensor")),
        };
        read.with_context(|| key.to_owned())
    }
}

/// Where the tensors of safetensors lie.
fn raw(bytes: &[u8]) -> Result<BTreeMap<String, Stored>> {
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|error| anyhow!("safetensors: {error}"))?;
    let stored = tensors.iter().map(|(key, view)| {
        let first = view.data().as_ptr() as usize - bytes.as_ptr() as usize;
        let range = first..first + view.data().len();
        let element = Element::of_name(&format!("{:?}", view.dtype()));
        (
            key.to_owned(),
            Stored::Raw(element, view.shape().to_vec(), range),
        )
    });
    Ok(stored.collect())
}
