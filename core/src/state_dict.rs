//! Weights by the original authors' state-dict keys, between a network and a file.

mod lazy;
mod pretrained;
mod spectral_norm;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

pub use lazy::{LazyDict, LazyTensor, lazy_state_dict};
pub use pretrained::{merge_pretrained, merged_state_dict};
pub use spectral_norm::modernize_spectral_norm;
pub(crate) use spectral_norm::{Completed, completes, modernize_with, second_vector};

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

/// Anything by the keys of a state dict.
pub type Named<T> = BTreeMap<String, T>;

/// Weights and buffers by key.
pub type StateDict = Named<StateTensor>;

/// Gathers what has keys. One after the other: collecting would sort first, with code of its own for
/// every type.
pub(crate) fn named<K: Ord, T>(entries: impl IntoIterator<Item = (K, T)>) -> BTreeMap<K, T> {
    let mut dict = BTreeMap::new();
    for (key, entry) in entries {
        dict.insert(key, entry);
    }
    dict
}

/// Gathers what there is once each, in the same way.
pub(crate) fn distinct<T: Ord>(entries: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    for entry in entries {
        set.insert(entry);
    }
    set
}

/// What has the shape of a weight, with its values or without: all that an architecture is read from.
pub trait HasShape {
    /// Size of each axis.
    fn shape(&self) -> &[usize];
}

impl HasShape for StateTensor {
    fn shape(&self) -> &[usize] {
        &self.shape
    }
}

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

/// Lines of each list that a message shows: a wrong file differs in hundreds of keys, and the first
/// few tell what it is.
const LINES_SHOWN: usize = 20;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the weights do not fit the network: {} missing, {} unexpected, {} of another shape",
            self.missing.len(),
            self.unexpected.len(),
            self.shapes.len()
        )?;
        let missing = self.missing.iter();
        write_lines(
            f,
            "missing",
            missing.map(|(key, shape)| format!("{key} {shape:?}")),
        )?;
        let unexpected = self.unexpected.iter();
        write_lines(
            f,
            "unexpected",
            unexpected.map(|(key, shape)| format!("{key} {shape:?}")),
        )?;
        let shapes = self
            .shapes
            .iter()
            .map(|(key, needed, found)| format!("{key}: expected {needed:?}, found {found:?}"));
        write_lines(f, "shape", shapes)
    }
}

/// The first lines of a list, and how many more there are.
fn write_lines(
    f: &mut fmt::Formatter<'_>,
    list: &str,
    mut lines: impl ExactSizeIterator<Item = String>,
) -> fmt::Result {
    for line in lines.by_ref().take(LINES_SHOWN) {
        write!(f, "\n  {list:<11} {line}")?;
    }
    match lines.len() {
        0 => Ok(()),
        more => write!(f, "\n  {list:<11} … and {more} more"),
    }
}

/// The weights and buffers of a network.
///
/// Reads the device synchronously: not for the browser.
pub fn state_dict<M: AuthorsKeys>(network: &M) -> StateDict {
    let read = |(key, tensor): (String, LazyTensor)| {
        let read = tensor.read().expect("a weight that lies on its device");
        (key, read)
    };
    lazy_state_dict(network).into_iter().map(read).collect()
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
/// Running statistics that the network does not have are no mismatch where the file has no `weight`
/// beside them: PyTorch before 0.4 wrote them for instance norm, which uses none.
///
/// # Errors
///
/// [`Mismatch`] listing every missing, unexpected and differently shaped key.
pub fn load_state_dict<M: AuthorsKeys>(network: M, dict: &StateDict) -> Result<M, Mismatch> {
    let keys = check_state_dict(&network, dict)?;
    Ok(network.map(&mut Fill {
        keys: keys.into_iter(),
        dict,
    }))
}

/// What [`load_state_dict`] would say, for those who have to know before they give the network away.
/// Gives the keys in visiting order.
///
/// # Errors
///
/// As [`load_state_dict`].
pub fn check_state_dict<M: AuthorsKeys, T: HasShape>(
    network: &M,
    dict: &Named<T>,
) -> Result<Vec<String>, Mismatch> {
    let mut shapes = Shapes {
        network,
        path: Vec::new(),
        entries: Vec::new(),
    };
    network.visit(&mut shapes);
    check_shapes(&shapes.entries, dict)?;
    Ok(shapes.entries.into_iter().map(|(key, _)| key).collect())
}

/// The same for a network of which keys and shapes are `needed`.
pub(crate) fn check_shapes<T: HasShape>(
    needed: &[(String, Vec<usize>)],
    dict: &Named<T>,
) -> Result<(), Mismatch> {
    let mut shapes = BTreeMap::new();
    for (key, shape) in needed {
        shapes.insert(key.as_str(), shape);
    }
    let mut mismatch = Mismatch::default();
    for (&key, &shape) in &shapes {
        let key = key.to_owned();
        match dict.get(&key) {
            None => mismatch.missing.push((key, shape.clone())),
            Some(found) if found.shape() != shape => {
                let found = found.shape().to_vec();
                mismatch.shapes.push((key, shape.clone(), found));
            }
            Some(_) => {}
        }
    }
    for (key, tensor) in dict {
        if !shapes.contains_key(key.as_str()) && !is_stray_statistic(key, dict) {
            let unexpected = (key.clone(), tensor.shape().to_vec());
            mismatch.unexpected.push(unexpected);
        }
    }
    match mismatch.is_empty() {
        true => Ok(()),
        false => Err(mismatch),
    }
}

/// Checks that every weight is a number: one that is none makes black pictures, whatever the input.
///
/// # Errors
///
/// [`Error::Weights`](crate::Error::Weights) naming the weight.
pub fn check_finite(dict: &StateDict) -> crate::Result<()> {
    let check = |(key, tensor): (&String, &StateTensor)| check_finite_values(key, &tensor.values);
    dict.iter()
        .try_for_each(check)
        .map_err(crate::Error::Weights)
}

/// What is wrong with the first of these numbers that is none.
pub(crate) fn check_finite_values(key: &str, values: &[f32]) -> Result<(), String> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(value) => Err(format!(
            "{key} holds {value}: the training that wrote it had gone wrong, and an earlier \
             checkpoint of it is needed"
        )),
    }
}

/// Whether a buffer carries no information for any network: the counter of batch norm, that of
/// PyTorch's `AveragedModel`, and the accumulators that forks of SPADE's synchronised batch norm keep.
pub fn is_ignorable(key: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or(key);
    matches!(
        name,
        "num_batches_tracked"
            | "n_averaged"
            | "_tmp_running_mean"
            | "_tmp_running_var"
            | "_running_iter"
    )
}

/// Drops every [ignorable](is_ignorable) entry. Running statistics stay: SPADE's norm has them and no
/// weight.
pub fn drop_ignorable<T>(dict: &mut Named<T>) {
    dict.retain(|key, _| !is_ignorable(key));
}

/// Running statistics at a norm without weight.
fn is_stray_statistic<T>(key: &str, dict: &Named<T>) -> bool {
    ["running_mean", "running_var"].iter().any(|buffer| {
        key.strip_suffix(buffer)
            .is_some_and(|prefix| !dict.contains_key(&format!("{prefix}weight")))
    })
}

/// Removes `module.` (DataParallel) and `_orig_mod.` (torch.compile) where every key has it.
pub fn strip_wrappers<T>(mut dict: Named<T>) -> Named<T> {
    for prefix in ["module.", "_orig_mod.", "module."] {
        if !dict.is_empty() && dict.keys().all(|key| key.starts_with(prefix)) {
            let stripped = |(key, tensor): (String, T)| (key[prefix.len()..].to_owned(), tensor);
            dict = named(dict.into_iter().map(stripped));
        }
    }
    dict
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
    use crate::layers::{NormKind, PatchDiscriminator};
    use crate::pix2pix::DiscriminatorKind;
    use burn::tensor::Device;

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
    fn counters_and_accumulators_go_and_running_statistics_stay() {
        let kept = [
            "model.2.weight",
            "model.2.running_mean",
            "head_0.norm_0.param_free_norm.running_var",
        ];
        let mut found = dict(&kept);
        found.extend(dict(&[
            "model.2.num_batches_tracked",
            "head_0.norm_0.param_free_norm._tmp_running_mean",
            "head_0.norm_0.param_free_norm._tmp_running_var",
            "head_0.norm_0.param_free_norm._running_iter",
            "n_averaged",
        ]));
        drop_ignorable(&mut found);
        assert_eq!(found, dict(&kept));
    }

    /// A norm without weight, whose keys are `norm.…`.
    fn network(norm: NormKind) -> PatchDiscriminator {
        let config = DiscriminatorKind::Basic.config(3, 4, 3, norm);
        config.init(&Device::flex()).expect("a valid config")
    }

    #[test]
    fn running_statistics_that_instance_norm_does_not_use_are_no_mismatch() {
        let mut found = state_dict(&network(NormKind::Instance));
        found.extend(dict(&["model.3.running_mean", "model.3.running_var"]));
        assert!(load_state_dict(network(NormKind::Instance), &found).is_ok());
        // With a weight beside them they are batch norm's, and the file is another network's.
        found.extend(dict(&["model.3.weight"]));
        let error = load_state_dict(network(NormKind::Instance), &found).unwrap_err();
        assert_eq!(error.unexpected.len(), 3, "{error}");
    }

    #[test]
    fn a_long_list_of_mismatches_is_cut() {
        let keys: Vec<String> = (0..300).map(|n| format!("blocks.{n}.weight")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let error = load_state_dict(network(NormKind::Instance), &dict(&keys)).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("10 missing, 300 unexpected, 0 of"), "{told}");
        assert!(told.contains("unexpected  … and 280 more"), "{told}");
        assert!(!told.contains("missing     …"), "{told}");
        assert_eq!(told.lines().count(), 1 + 10 + 21, "{told}");
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
