//! What one forward and backward pass gives, under the names of a fixture's tensors.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use underpaint_core::layers::{Dropout, Mode, NormStatistics};
use underpaint_core::state_dict::{AuthorsKeys, StateDict, state_dict, state_keys};
use underpaint_tests::{Fixture, Flags, Golden, compare, strided};

/// A mode of the original's networks.
pub fn mode(name: &str) -> Result<Mode> {
    let statistics = match name {
        "train" => NormStatistics::Train,
        "eval" => NormStatistics::Running,
        other => bail!("mode {other}: not known to this harness"),
    };
    Ok(Mode {
        statistics,
        dropout: Dropout::Off,
    })
}

/// The modes that a fixture's flags name, or both.
pub fn modes(flags: &Flags<'_>) -> Result<Vec<String>> {
    let Some(modes) = flags.value("modes").as_array() else {
        return Ok(vec!["train".to_owned(), "eval".to_owned()]);
    };
    let name = |mode: &serde_json::Value| mode.as_str().map(str::to_owned).context("a mode");
    modes.iter().map(name).collect()
}

/// Everything that a pass can be compared by.
#[derive(Default)]
pub struct Pass {
    /// By the fixture's own name, without a stride.
    pub tensors: BTreeMap<String, Golden>,
}

impl Pass {
    /// Adds a tensor.
    pub fn add<const D: usize>(&mut self, name: impl Into<String>, tensor: &Tensor<D>) {
        let golden = Golden {
            shape: tensor.dims().to_vec(),
            values: tensor.to_data().iter::<f64>().collect(),
        };
        self.tensors.insert(name.into(), golden);
    }

    /// Adds `grad_{mode}.{key}` for every parameter with a gradient.
    pub fn add_gradients<N: AuthorsKeys>(&mut self, mode: &str, network: &N, gradients: Gradients) {
        let mut collect = Collect {
            keys: state_keys(network).into_iter(),
            gradients,
            found: Vec::new(),
        };
        Module::visit(network, &mut collect);
        for (key, golden) in collect.found {
            self.tensors.insert(format!("grad_{mode}.{key}"), golden);
        }
    }

    /// Adds `after_{mode}.{key}` for every weight and buffer, of the first network in that mode.
    pub fn add_state<N: AuthorsKeys>(&mut self, mode: &str, network: &N) {
        for (key, tensor) in state_dict(network) {
            let golden = Golden {
                shape: tensor.shape,
                values: tensor.values.into_iter().map(f64::from).collect(),
            };
            let name = format!("after_{mode}.{key}");
            self.tensors.entry(name).or_insert(golden);
        }
    }
}

struct Collect {
    keys: std::vec::IntoIter<String>,
    gradients: Gradients,
    found: Vec<(String, Golden)>,
}

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let key = self
            .keys
            .next()
            .expect("every visit meets the same parameters");
        if let Some(gradient) = param.val().grad_remove(&mut self.gradients) {
            let golden = Golden {
                shape: gradient.dims().to_vec(),
                values: gradient.into_data().iter::<f64>().collect(),
            };
            self.found.push((key, golden));
        }
    }
}

/// Compares every output of a fixture with what the passes gave.
pub fn compare_all(fixture: &Fixture, passes: &Pass) -> Result<()> {
    compare_some(fixture, passes, |_| true)
}

/// Compares the outputs of a fixture whose names are `wanted`, one at least.
pub fn compare_some(fixture: &Fixture, passes: &Pass, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let mut names = fixture.tensor_names("output");
    names.retain(|name| wanted(name));
    ensure!(!names.is_empty(), "no outputs in it");
    for name in &names {
        let found = find(name, passes)
            .with_context(|| format!("tensor {name} is not known to this harness"))?;
        let expected = fixture.tensor(name)?;
        compare(name, &found, &expected.values, fixture.tolerance(name)?)?;
    }
    Ok(())
}

fn find(name: &str, passes: &Pass) -> Option<Vec<f64>> {
    if let Some(golden) = passes.tensors.get(name) {
        return Some(golden.values.clone());
    }
    let (name, stride) = name.rsplit_once("_stride")?;
    let golden = passes.tensors.get(name)?;
    Some(strided(&golden.values, &golden.shape, stride.parse().ok()?))
}

/// Numbers of parameters and of state entries, `num_batches_tracked` among them.
pub fn check_counts(fixture: &Fixture, network: &str, dict: &StateDict) -> Result<()> {
    let buffer = |key: &str| {
        ["running_mean", "running_var", "weight_u", "weight_v"]
            .iter()
            .any(|name| key.ends_with(name))
    };
    let parameters = dict.iter().filter(|(key, _)| !buffer(key));
    let found: usize = parameters.map(|(_, tensor)| tensor.values.len()).sum();
    if let Some(expected) = fixture.expected_params(network) {
        ensure!(
            found == expected,
            "expected {expected} parameters, found {found}"
        );
    }
    let norms = dict
        .keys()
        .filter(|key| key.ends_with("running_mean"))
        .count();
    if let Some(expected) = fixture.entry("state_entries").as_u64() {
        let found = (dict.len() + norms) as u64;
        ensure!(
            found == expected,
            "expected {expected} state entries, found {found}"
        );
    }
    Ok(())
}
