//! Which tensors a pickled object holds, by the keys that lead to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::checkpoint::failure::{Result, bail, ensure};

use super::pickle::{Attribute, Object, Pickle, Place};
use super::tensors::is_tensor;
use crate::state_dict::{distinct, named as by_key};

/// Dictionaries in dictionaries that are followed; a module nests as deep as its layers do.
const MAX_DEPTH: usize = 48;

/// Tensors and dictionaries that are met, one that several refer to as often as they do.
const MAX_VISITS: usize = 1 << 18;

/// Bytes of all names together.
const MAX_NAMES: usize = 1 << 26;

/// What every `torch.nn.Module` keeps its tensors and its parts in.
const MODULE_TABLES: [&str; 3] = ["_parameters", "_buffers", "_modules"];

/// Where a tensor lies in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// The tensor.
    pub place: Place,
    /// How much of its key names the dictionary that it lies in.
    pub dictionary: usize,
}

/// The tensors in an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// By the keys that lead to them, with dots between.
    pub tensors: BTreeMap<String, Leaf>,
    /// What stands before the keys of every state dict: a dictionary that has tensors under keys with
    /// dots in them, or a module. Nothing, or keys that end with a dot.
    pub state_dicts: BTreeSet<String>,
}

impl Tree {
    /// Of the object that a pickle is of.
    ///
    /// # Errors
    ///
    /// If it is a tensor itself, or its parts refer to one another without end.
    pub fn of(pickle: &Pickle) -> Result<Self> {
        let mut walk = Walk {
            pickle,
            holds: holding(pickle),
            above: Vec::new(),
            visits: 0,
            names: 0,
            tree: Self::default(),
        };
        ensure!(
            !is_tensor(pickle, pickle.root()),
            "expected a dictionary, found torch.Tensor"
        );
        walk.object(pickle.root(), String::new())?;
        Ok(walk.tree)
    }
}

/// For every object, whether there is a tensor in it.
fn holding(pickle: &Pickle) -> Vec<bool> {
    let count = pickle.objects().len();
    let mut holders: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut found = vec![false; count];
    let mut todo = Vec::new();
    for (index, object) in pickle.objects().iter().enumerate() {
        if is_tensor(pickle, Place(index)) {
            found[index] = true;
            todo.push(index);
            continue;
        }
        for part in parts(object) {
            holders[part.0].push(index);
        }
    }
    while let Some(index) = todo.pop() {
        for &holder in &holders[index] {
            if !std::mem::replace(&mut found[holder], true) {
                todo.push(holder);
            }
        }
    }
    found
}

fn parts(object: &Object) -> Vec<Place> {
    let values = |entries: &[(Place, Place)]| entries.iter().map(|(_, value)| *value).collect();
    match object {
        Object::List(items) => items.clone(),
        Object::Dict(entries) => values(entries),
        Object::Instance(instance) => {
            let mut parts: Vec<Place> = values(&instance.entries);
            parts.extend(instance.state);
            parts
        }
        Object::Plain(_) | Object::Bytes(_) | Object::Global(_) | Object::Outside(_) => Vec::new(),
    }
}

struct Walk<'a> {
    pickle: &'a Pickle,
    holds: Vec<bool>,
    /// What the object that is looked at lies in.
    above: Vec<Place>,
    visits: usize,
    names: usize,
    tree: Tree,
}

impl Walk<'_> {
    /// Looks at everything in an object; `path` are the keys that lead to it, each with a dot.
    fn object(&mut self, place: Place, path: String) -> Result<()> {
        // What refers to itself, or to what it lies in, has been looked at.
        if self.above.contains(&place) || self.above.len() >= MAX_DEPTH {
            return Ok(());
        }
        self.visits += 1;
        if self.visits > MAX_VISITS {
            bail!("more than {MAX_VISITS} dictionaries and tensors that refer to one another");
        }
        self.above.push(place);
        if self.module_state(place).is_some() {
            self.tree.state_dicts.insert(path.clone());
            self.module(place, &path, path.len())?;
        } else {
            for (key, value) in self.named_parts(place) {
                self.part(key, value, &path)?;
            }
        }
        self.above.pop();
        Ok(())
    }

    fn part(&mut self, key: String, value: Place, path: &str) -> Result<()> {
        if !self.holds[value.0] {
            return Ok(());
        }
        if is_tensor(self.pickle, value) {
            if key.contains('.') {
                self.tree.state_dicts.insert(path.to_owned());
            }
            return self.leaf(format!("{path}{key}"), value, path.len());
        }
        self.object(value, format!("{path}{key}."))
    }

    /// The tensors of a module, as its `state_dict()` would name them.
    fn module(&mut self, module: Place, path: &str, dictionary: usize) -> Result<()> {
        let Some(state) = self.module_state(module) else {
            return Ok(());
        };
        let unsaved = self.unsaved_buffers(state);
        for table in MODULE_TABLES {
            let table = self.pickle.entry(state, table);
            let entries = table.and_then(|table| self.pickle.entries(table));
            for (key, value) in entries.unwrap_or_default() {
                let Some(key) = self.pickle.key(*key) else {
                    continue;
                };
                if !self.holds[value.0] || unsaved.contains(&key) {
                    continue;
                }
                if is_tensor(self.pickle, *value) {
                    self.leaf(format!("{path}{key}"), *value, dictionary)?;
                } else if !self.above.contains(value) && self.above.len() < MAX_DEPTH {
                    self.above.push(*value);
                    self.module(*value, &format!("{path}{key}."), dictionary)?;
                    self.above.pop();
                }
            }
        }
        Ok(())
    }

    /// Names of buffers that are not saved with a module.
    fn unsaved_buffers(&self, state: Place) -> BTreeSet<String> {
        let unsaved = self.pickle.entry(state, "_non_persistent_buffers_set");
        let items = unsaved.and_then(|set| match self.pickle.instance(set) {
            Some(call) => self.pickle.items(*self.pickle.items(call.args?)?.first()?),
            None => self.pickle.items(set),
        });
        let items = items.unwrap_or_default().iter();
        distinct(items.filter_map(|name| self.pickle.key(*name)))
    }

    fn leaf(&mut self, name: String, place: Place, dictionary: usize) -> Result<()> {
        self.visits += 1;
        self.names += name.len();
        ensure!(
            self.visits <= MAX_VISITS && self.names <= MAX_NAMES,
            "more tensors, or longer names of them, than any network has"
        );
        self.tree.tensors.insert(name, Leaf { place, dictionary });
        Ok(())
    }

    /// The attributes of a module.
    fn module_state(&self, place: Place) -> Option<Place> {
        let state = self.pickle.instance(place)?.state?;
        let has = |name: &&str| self.pickle.entry(state, name).is_some();
        MODULE_TABLES.iter().all(has).then_some(state)
    }

    /// Entries, items and attributes of an object.
    fn named_parts(&self, place: Place) -> Vec<(String, Place)> {
        let named = |entries: &[(Place, Place)]| {
            let named = |(key, value): &(Place, Place)| Some((self.pickle.key(*key)?, *value));
            entries.iter().filter_map(named).collect::<Vec<_>>()
        };
        match self.pickle.object(place) {
            Object::List(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| (index.to_string(), *item))
                    .collect()
            }
            Object::Dict(entries) => named(entries),
            Object::Instance(instance) => {
                let mut parts = named(&instance.entries);
                let attributes = instance.state.and_then(|state| self.pickle.entries(state));
                parts.extend(named(attributes.unwrap_or_default()));
                parts
            }
            Object::Plain(_) | Object::Bytes(_) | Object::Global(_) | Object::Outside(_) => {
                Vec::new()
            }
        }
    }
}

/// What an object is, for people.
pub fn kind(pickle: &Pickle, place: Place) -> &str {
    if is_tensor(pickle, place) {
        return "torch.Tensor";
    }
    match pickle.object(place) {
        Object::Plain(Attribute::None) => "None",
        Object::Plain(Attribute::Bool(_)) => "bool",
        Object::Plain(Attribute::Int(_)) => "int",
        Object::Plain(Attribute::Float(_)) => "float",
        Object::Plain(Attribute::Text(_)) => "text",
        Object::Plain(Attribute::Other(kind)) => kind,
        Object::Plain(Attribute::List(_)) | Object::List(_) => "list",
        Object::Plain(Attribute::Dict(_)) | Object::Dict(_) => "dictionary",
        Object::Instance(instance) if instance.class == "collections.OrderedDict" => "dictionary",
        Object::Instance(instance) => &instance.class,
        Object::Bytes(_) => "bytes",
        Object::Global(name) => name,
        Object::Outside(_) => "a storage",
    }
}

/// What an object is that holds no weights: its kind, or what its keys are.
pub fn description(pickle: &Pickle, keys_shown: usize) -> String {
    let root = pickle.root();
    let what = kind(pickle, root);
    let Some(entries) = pickle.entries(root).filter(|_| what == "dictionary") else {
        return what.to_owned();
    };
    let named = entries
        .iter()
        .filter_map(|(key, value)| Some((pickle.key(*key)?, kind(pickle, *value))));
    let keys = by_key(named.filter(|(key, _)| key != "_metadata"));
    if keys.is_empty() {
        return "none".to_owned();
    }
    let shown = keys.iter().take(keys_shown);
    let shown: Vec<String> = shown
        .map(|(key, kind)| format!("{key:?} ({kind})"))
        .collect();
    let more = match keys.len().saturating_sub(keys_shown) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("the keys {}{more}", shown.join(", "))
}
