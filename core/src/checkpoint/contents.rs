//! The tensors of a weight file by name, whatever its container.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::checkpoint::failure::{Context, Failure, Result, ensure};
use safetensors::SafeTensorError;
use safetensors::tensor::Metadata;

use super::container::{Container, MAX_HEADER, Pytorch};
use super::element::Element;
use super::pickle::{Pickle, Place};
use super::tensors::View;
use super::tree::{Tree, description};
use super::unread::{Origin, Unread};
use crate::bundle::FileBytes;
use crate::state_dict::{Named, StateDict, StateTensor, distinct, named, second_vector};

/// How many times larger than its file a state dict may become. A view can repeat one number any
/// number of times, so that nothing else keeps a small file from filling the memory.
const MAX_GROWTH: u64 = 64;

/// Keys that a message names before it counts the rest.
const KEYS_SHOWN: usize = 12;

/// A weight file whose numbers are not read yet.
pub struct Contents<B> {
    stored: BTreeMap<String, Stored>,
    state_dicts: BTreeSet<String>,
    source: Source<B>,
    size: u64,
}

enum Source<B> {
    Pytorch(Box<Pytorch<B>>),
    Safetensors(B),
}

enum Stored {
    /// A tensor in a pickle, and how much of its name is its dictionary's.
    Pickled(Place, usize),
    /// Bytes in the file.
    Raw(Element, Vec<usize>, Range<u64>),
}

/// Bytes that may still be made of a file.
#[derive(Debug, Clone, Copy)]
pub struct Budget(u64);

impl<B: FileBytes> Contents<B> {
    /// Reads everything but the numbers of a file that begins with `start`.
    ///
    /// # Errors
    ///
    /// If it is no container of weights, or damaged.
    pub fn open(source: B, start: &[u8]) -> Result<Self> {
        let size = source.len();
        let container = Container::of(start);
        if container == Container::Safetensors {
            return Ok(Self {
                stored: raw(&source)?,
                state_dicts: [String::new()].into(),
                source: Source::Safetensors(source),
                size,
            });
        }
        let file = Pytorch::open(source, container)?;
        let tree = Tree::of(&file.pickle)?;
        let stored = tree.tensors.into_iter();
        let stored =
            stored.map(|(name, leaf)| (name, Stored::Pickled(leaf.place, leaf.dictionary)));
        Ok(Self {
            stored: named(stored),
            state_dicts: tree.state_dicts,
            source: Source::Pytorch(Box::new(file)),
            size,
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

    /// A tensor, as what can be read.
    ///
    /// # Errors
    ///
    /// Naming it: if there is none, or it is of a kind that weights are not.
    pub fn unread(&self, key: &str) -> Result<Unread> {
        let shape = match (self.stored.get(key), &self.source) {
            (Some(Stored::Raw(_, shape, _)), _) => Ok(shape.clone()),
            (Some(Stored::Pickled(place, _)), Source::Pytorch(file)) => {
                View::of(&file.pickle, *place).map(|view| view.shape)
            }
            _ => Err(Failure::new("no such tensor")),
        };
        let origin = Origin::Stored(key.to_owned());
        let shape = shape.with_context(|| key)?;
        Ok(Unread { shape, origin })
    }

    /// Number types of these weights, for people: `F32`, or `F16, F32`.
    pub fn number_types(&self, weights: &Named<Unread>) -> String {
        let name = |unread: &Unread| {
            let element = match (self.stored.get(unread.origin.key())?, &self.source) {
                (Stored::Raw(element, ..), _) => element.clone(),
                (Stored::Pickled(place, _), Source::Pytorch(file)) => {
                    View::of(&file.pickle, *place).ok()?.element
                }
                _ => return None,
            };
            Some(element.name().to_owned())
        };
        let names = distinct(weights.values().filter_map(name));
        names.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// What may be made of this file at once.
    pub const fn budget(&self) -> Budget {
        Budget(self.size.saturating_mul(MAX_GROWTH))
    }

    /// Checks that so many weights can lie in the file.
    ///
    /// # Errors
    ///
    /// If they would be much larger than it.
    pub fn check_growth(&self, weights: &Named<Unread>) -> Result<()> {
        let Budget(budget) = self.budget();
        let mut needed = 0u64;
        for (key, weight) in weights {
            let mut axes = weight.shape.iter();
            let numbers = axes.try_fold(4u64, |all, &axis| all.checked_mul(axis as u64));
            needed = numbers.map_or(u64::MAX, |bytes| needed.saturating_add(bytes));
            ensure!(
                needed <= budget,
                "{key}: {:?} is too much for this file",
                weight.shape
            );
        }
        Ok(())
    }

    /// Reads all of these.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_all(&self, weights: Named<Unread>, left: &mut Budget) -> Result<StateDict> {
        let mut dict = StateDict::new();
        for (key, unread) in weights {
            dict.insert(key, self.read(&unread, left)?);
        }
        Ok(dict)
    }

    /// Reads a tensor.
    ///
    /// # Errors
    ///
    /// Naming it: if the file is damaged, the tensor is too large for it or not of floating-point
    /// numbers, or one of its numbers is none.
    pub fn read(&self, unread: &Unread, left: &mut Budget) -> Result<StateTensor> {
        match &unread.origin {
            Origin::Stored(key) => self.stored(key, left),
            Origin::SecondVector {
                original,
                normalized,
                u,
            } => {
                let mut read = |key: &Option<String>| {
                    let key = key.as_deref();
                    key.map(|key| self.stored(key, left)).transpose()
                };
                let (original, normalized) = (read(original)?, read(normalized)?);
                let vector = self.stored(u, left)?;
                let v = second_vector(original.as_ref(), normalized.as_ref(), &vector);
                v.with_context(|| format!("{u}: not that of spectral norm"))
            }
        }
    }

    fn stored(&self, key: &str, left: &mut Budget) -> Result<StateTensor> {
        let read = match (self.stored.get(key), &self.source) {
            (Some(Stored::Raw(element, shape, range)), Source::Safetensors(bytes)) => bytes
                .read(range.clone())
                .map_err(Failure::from)
                .and_then(|bytes| element.widen(&bytes))
                .map(|values| StateTensor {
                    shape: shape.clone(),
                    values,
                }),
            (Some(Stored::Pickled(place, _)), Source::Pytorch(file)) => {
                View::of(&file.pickle, *place).and_then(|view| view.read(file, &mut left.0))
            }
            _ => Err(Failure::new("no such tensor")),
        };
        read.with_context(|| key)
    }
}

/// Where the tensors of safetensors lie.
fn raw<B: FileBytes>(bytes: &B) -> Result<BTreeMap<String, Stored>> {
    let told = |error: SafeTensorError| Failure::new(format!("safetensors: {error}"));
    let length = bytes.read(0..bytes.len().min(8))?;
    let Some(length) = length.first_chunk().map(|it| u64::from_le_bytes(*it)) else {
        return Err(told(SafeTensorError::HeaderTooSmall));
    };
    if length > MAX_HEADER {
        return Err(told(SafeTensorError::HeaderTooLarge));
    }
    let start = 8 + length;
    if start > bytes.len() {
        return Err(told(SafeTensorError::InvalidHeaderLength));
    }
    let metadata: Metadata = serde_json::from_slice(&bytes.read(8..start)?)
        .map_err(|error| told(SafeTensorError::InvalidHeaderDeserialization(error)))?;
    if start.checked_add(metadata.data_len() as u64) != Some(bytes.len()) {
        return Err(told(SafeTensorError::MetadataIncompleteBuffer));
    }
    let stored = metadata.tensors().into_iter().map(|(key, info)| {
        let (begin, end) = info.data_offsets;
        let range = start + begin as u64..start + end as u64;
        let element = Element::of_name(&format!("{:?}", info.dtype));
        (key, Stored::Raw(element, info.shape.clone(), range))
    });
    Ok(named(stored))
}
