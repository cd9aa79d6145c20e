//! Weights by the original authors' state-dict keys, between a network and a file.

use std::collections::BTreeMap;
use std::fmt;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

/// A network whose parameters and buffers have the keys of the original PyTorch code.
pub trait AuthorsKeys: Module {
    /// The state-dict key of the parameter or buffer at `path`, the names of the fields that lead
    /// to it.
    fn authors_key(&self, path: &[String]) -> String;
}

/// One weight or buffer, widened to f32.
#[derive(Debug, Clone, PartialEq)]
pub struct StateTensor {
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Values, last axis fastest.
    pub values: Vec<f32>,
}

/// Weights and buffers by key.
pub type StateDict = BTreeMap<String, StateTensor>;

/// Every way in which a state dict does not fit a network.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
pub struct Mismatch {
    /// Keys that the network needs and the file lacks, with the shape needed.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Keys in the file that the network does not know, with their shape.
    pub unexpected: Vec<(String, Vec<usize>)>,
    /// Keys whose shapes differ: key, shape needed, shape found.
    pub shapes: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.shapes.is_empty()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the weights do not fit the network: {} missing, {} unexpected, {} of another shape",
            self.missing.len(),
            self.unexpected.len(),
            self.shapes.len()
        )?;
        for (key, shape) in &self.missing {
            write!(f, "\n  missing     {key} {shape:?}")?;
        }
        for (key, shape) in &self.unexpected {
            write!(f, "\n  unexpected  {key} {shape:?}")?;
        }
        for (key, needed, found) in &self.shapes {
            write!(
                f,
                "\n  shape       {key}: expected {needed:?}, found {found:?}"
            )?;
        }
        Ok(())
    }
}

/// The weights and buffers of a network.
///
/// Reads the device synchronously: not for the browser.
pub fn state_dict<M: AuthorsKeys>(network: &M) -> StateDict {
    let keys = state_keys(network).into_iter();
    let mut collect = Collect {
        keys,
        entries: StateDict::new(),
    };
    network.visit(&mut collect);
    collect.entries
}

/// The keys of all parameters and buffers, in the order in which a visitor meets them.
pub fn state_keys<M: AuthorsKeys>(network: &M) -> Vec<String> {
    let mut shapes = Shapes {
        network,
        path: Vec::new(),
        entries: Vec::new(),
    };
    network.visit(&mut shapes);
    shapes.entries.into_iter().map(|(key, _)| key).collect()
}

/// Fills a network from a state dict, all of it or nothing.
///
/// # Errors
///
/// [`Mismatch`] listing every missing, unexpected and differently shaped key.
pub fn load_state_dict<M: AuthorsKeys>(network: M, dict: &StateDict) -> Result<M, Mismatch> {
    let mut shapes = Shapes {
        network: &network,
        path: Vec::new(),
        entries: Vec::new(),
    };
    network.visit(&mut shapes);
    let needed: BTreeMap<String, Vec<usize>> = shapes.entries.iter().cloned().collect();
    let mut mismatch = Mismatch::default();
    for (key, shape) in &needed {
        match dict.get(key) {
            None => mismatch.missing.push((key.clone(), shape.clone())),
            Some(found) if found.shape != *shape => {
                mismatch
                    .shapes
                    .push((key.clone(), shape.clone(), found.shape.clone()));
            }
            Some(_) => {}
        }
    }
    let unexpected = dict.iter().filter(|(key, _)| !needed.contains_key(*key));
    mismatch.unexpected = unexpected
        .map(|(key, tensor)| (key.clone(), tensor.shape.clone()))
        .collect();
    if !mismatch.is_empty() {
        return Err(mismatch);
    }
    let keys: Vec<String> = shapes.entries.into_iter().map(|(key, _)| key).collect();
    Ok(network.map(&mut Fill {
        keys: keys.into_iter(),
        dict,
    }))
}

/// Drops what carries no information for our networks: `num_batches_tracked` everywhere, and running
/// statistics at norms without scale (files of PyTorch < 0.4, or of tracked instance norm).
pub fn drop_ignorable(dict: &mut StateDict) {
    let stray = |key: &str, dict: &StateDict| {
        ["running_mean", "running_var"].iter().any(|buffer| {
            key.strip_suffix(buffer)
                .is_some_and(|prefix| !dict.contains_key(&format!("{prefix}weight")))
        })
    };
    let ignorable: Vec<String> = dict
        .keys()
        .filter(|key| key.ends_with("num_batches_tracked") || stray(key, dict))
        .cloned()
        .collect();
    for key in ignorable {
        dict.remove(&key);
    }
}

/// Removes `module.` (DataParallel) and `_orig_mod.` (torch.compile) where every key has it.
pub fn strip_wrappers(mut dict: StateDict) -> StateDict {
    for prefix in ["module.", "_orig_mod.", "module."] {
        if !dict.is_empty() && dict.keys().all(|key| key.starts_with(prefix)) {
            dict = dict
                .into_iter()
                .map(|(key, tensor)| (key[prefix.len()..].to_owned(), tensor))
                .collect();
        }
    }
    dict
}

struct Collect {
    keys: std::vec::IntoIter<String>,
    entries: StateDict,
}

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let key = self
            .keys
            .next()
            .expect("every visit meets the same parameters");
        let tensor = param.val();
        let shape = tensor.dims().to_vec();
        let values = tensor.into_data().iter::<f32>().collect();
        self.entries.insert(key, StateTensor { shape, values });
    }
}

/// Keys and shapes in visiting order, without reading a value.
struct Shapes<'a, M> {
    network: &'a M,
    path: Vec<String>,
    entries: Vec<(String, Vec<usize>)>,
}

impl<M: AuthorsKeys> ModuleVisitor for Shapes<'_, M> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape = param.lazy_shape().to_vec();
        self.entries
            .push((self.network.authors_key(&self.path), shape));
    }
}

/// Visits as `Shapes` does, so that the keys fit without a path.
struct Fill<'a> {
    keys: std::vec::IntoIter<String>,
    dict: &'a StateDict,
}

impl ModuleMapper for Fill<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let key = self
            .keys
            .next()
            .expect("map meets what visit meets, in the same order");
        let found = self
            .dict
            .get(&key)
            .expect("load_state_dict has checked every key");
        let device = param.lazy_device();
        let (id, tensor, mapper) = param.consume();
        let data = TensorData::new(found.values.clone(), found.shape.clone());
        let loaded = Tensor::from_data(data, &device).set_require_grad(tensor.is_require_grad());
        Param::from_mapped_value(id, loaded, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(keys: &[&str]) -> StateDict {
        let tensor = StateTensor {
            shape: vec![1],
            values: vec![0.0],
        };
        keys.iter()
            .map(|key| ((*key).to_owned(), tensor.clone()))
            .collect()
    }

    #[test]
    fn stray_running_statistics_go_and_those_of_batch_norm_stay() {
        let mut found = dict(&[
            "model.2.weight",
            "model.2.running_mean",
            "model.2.num_batches_tracked",
            "model.5.running_var",
        ]);
        drop_ignorable(&mut found);
        assert_eq!(found, dict(&["model.2.weight", "model.2.running_mean"]));
    }

    #[test]
    fn wrapper_prefixes_go_only_where_every_key_has_them() {
        assert_eq!(
            strip_wrappers(dict(&["module._orig_mod.a", "module._orig_mod.b"])),
            dict(&["a", "b"])
        );
        assert_eq!(
            strip_wrappers(dict(&["module.a", "b"])),
            dict(&["module.a", "b"])
        );
    }
}
