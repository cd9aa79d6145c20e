//! Weights to begin with.

use anyhow::Result;
use underpaint_core::state_dict::merged_state_dict;
use underpaint_core::state_dict::{AuthorsKeys, StateDict};

use super::Trained;

/// Weights of other networks, by the authors' keys.
#[derive(Debug, Clone, Default)]
pub struct Pretrained {
    /// Of a generator.
    pub generator: Option<StateDict>,
    /// Of a discriminator.
    pub discriminator: Option<StateDict>,
    /// Of an encoder.
    pub encoder: Option<StateDict>,
    /// Of a generator's average.
    pub average: Option<StateDict>,
}

/// A network that was not filled as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfilled {
    /// `generator`, `discriminator` or `encoder`.
    pub network: &'static str,
    /// Top-level modules that keep their own weights; all of them where there was nothing to begin with.
    pub modules: Option<Vec<String>>,
}

/// Begins a network with what fits of `dict`.
///
/// # Errors
///
/// None that weights can give: what does not fit is left out.
pub(super) fn fill<M: AuthorsKeys>(
    network: &mut Trained<M>,
    name: &'static str,
    dict: Option<&StateDict>,
) -> Result<Unfilled> {
    let Some(dict) = dict else {
        return Ok(Unfilled {
            network: name,
            modules: None,
        });
    };
    let (merged, modules) = merged_state_dict(network.network(), dict);
    network.load_weights(&merged)?;
    Ok(Unfilled {
        network: name,
        modules: Some(modules),
    })
}
