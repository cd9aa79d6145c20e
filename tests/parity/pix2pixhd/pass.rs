//! What a pass gives, under the names of a fixture's tensors.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Gradients, Tensor};
use underpaint_core::layers::{Dropout, Mode, NormStatistics};
use underpaint_core::state_dict::{AuthorsKeys, StateDict, state_dict};
use underpaint_tests::{Fixture, Flags, Golden, compare, strided};

use crate::network::parameter_gradients;

/// The original never leaves the mode of training.
pub const TRAINING: &str = "train";

/// The modes that a fixture's flags name, or that of training.
pub fn modes(flags: &Flags<'_>) -> Result<Vec<String>> {
    let Some(modes) = flags.value("modes").as_array() else {
        return Ok(vec![TRAINING.to_owned()]);
    };
    let name = |mode: &serde_json::Value| mode.as_str().map(str::to_owned).context("a mode");
    modes.iter().map(name).collect()
}

/// A mode of the original's networks.
pub fn mode(name: &str) -> Result<Mode> {
    let statistics = match name {
        TRAINING => NormStatistics::Train,
        "eval" => NormStatistics::Running,
        other => bail!("mode {other}: not known to this harness"),
    };
    Ok(Mode {
        statistics,
        dropout: Dropout::Off,
    })
}

/// Everything that passes can be compared by, named with and without the mode.
#[derive(Default)]
pub struct Pass {
    tensors: BTreeMap<String, Golden>,
}

impl Pass {
    /// Adds `{name}_{mode}`, and `{name}` for the first mode.
    pub fn add<const D: usize>(&mut self, name: &str, mode: &str, tensor: &Tensor<D>) {
        let shape = tensor.dims().to_vec();
        let values = tensor.to_data().iter::<f64>().collect();
        self.insert(name, mode, "", Golden { shape, values });
    }

    /// Adds `{name}_{mode}.{key}` and `{name}.{key}` for every parameter with a gradient.
    pub fn add_gradients<M: AuthorsKeys>(
        &mut self,
        name: &str,
        mode: &str,
        network: &M,
        gradients: &mut Gradients,
    ) {
        for (key, values) in parameter_gradients(network, gradients) {
            let shape = vec![values.len()];
            self.insert(name, mode, &format!(".{key}"), Golden { shape, values });
        }
    }

    /// Adds `after_{mode}.{key}` and `after.{key}` for every weight and buffer.
    pub fn add_state<M: AuthorsKeys>(&mut self, mode: &str, network: &M) {
        for (key, tensor) in state_dict(network) {
            let golden = Golden {
                shape: tensor.shape,
                values: tensor.values.into_iter().map(f64::from).collect(),
            };
            self.insert("after", mode, &format!(".{key}"), golden);
        }
    }

    fn insert(&mut self, name: &str, mode: &str, key: &str, golden: Golden) {
        let plain = self.tensors.entry(format!("{name}{key}"));
        plain.or_insert_with(|| golden.clone());
        self.tensors.insert(format!("{name}_{mode}{key}"), golden);
    }

    /// Compares every output of a fixture with what the passes gave.
    pub fn compare_all(&self, fixture: &Fixture) -> Result<()> {
        self.compare(fixture, |_| true)
    }

    /// Compares the outputs of a fixture whose names are `wanted`, one at least.
    pub fn compare(&self, fixture: &Fixture, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let mut names = fixture.tensor_names("output");
        names.retain(|name| wanted(name));
        ensure!(!names.is_empty(), "no outputs in it");
        for name in &names {
            let found = self.find(name);
            let found =
                found.with_context(|| format!("tensor {name} is not known to this harness"))?;
            let expected = fixture.tensor(name)?;
            // What has no tolerance is exact: ones and zeros.
            let atol = fixture.tolerance(name).or_else(|error| {
                let exact = expected
                    .values
                    .iter()
                    .all(|value| [0.0, 1.0].contains(value));
                if exact { Ok(0.0) } else { Err(error) }
            })?;
            compare(name, &found, &expected.values, atol)?;
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<Vec<f64>> {
        if let Some(golden) = self.tensors.get(name) {
            return Some(golden.values.clone());
        }
        let (name, stride) = name.rsplit_once("_stride")?;
        let golden = self.tensors.get(name)?;
        Some(strided(&golden.values, &golden.shape, stride.parse().ok()?))
    }
}

/// Numbers of parameters and of state entries, `num_batches_tracked` among them.
pub fn check_counts(fixture: &Fixture, network: &str, dict: &StateDict) -> Result<()> {
    let buffer = |key: &str| key.ends_with("running_mean") || key.ends_with("running_var");
    let parameters = dict.iter().filter(|(key, _)| !buffer(key));
    let found: usize = parameters.map(|(_, tensor)| tensor.values.len()).sum();
    if let Some(expected) = fixture.expected_params(network) {
        ensure!(
            found == expected,
            "expected {expected} parameters, found {found}"
        );
    }
    let norms = dict.keys().filter(|key| key.ends_with("running_mean"));
    let found = dict.len() + norms.count();
    match fixture.entry("state_entries").as_u64() {
        Some(expected) if expected != found as u64 => {
            bail!("expected {expected} state entries, found {found}")
        }
        _ => Ok(()),
    }
}
