//! A network in training, with its optimiser.

use anyhow::{Result, anyhow};
use burn::tensor::Gradients;
use underpaint_core::state_dict::{
    AuthorsKeys, StateDict, check_state_dict, lazy_state_dict, load_state_dict,
};

use super::{Snapshot, TrainerState};
use crate::distributed::{self, Averaging};
use crate::optimiser::{Adam, AdamConfig, NonFinite};

/// A network and the Adam that moves it.
///
/// The network is handed over to the optimiser and back, never copied: libtorch updates weights in
/// place only where nobody else holds them.
pub struct Trained<M> {
    /// `None` only while it is being replaced.
    network: Option<M>,
    adam: Adam,
}

impl<M: AuthorsKeys> Trained<M> {
    /// A network with a fresh optimiser.
    pub fn new(network: M, adam: AdamConfig) -> Self {
        Self {
            network: Some(network),
            adam: Adam::new(adam),
        }
    }

    /// The same with another treatment of gradients that are not finite.
    #[must_use]
    pub fn with_non_finite(self, non_finite: NonFinite) -> Self {
        Self {
            adam: self.adam.with_non_finite(non_finite),
            ..self
        }
    }

    /// The network.
    pub fn network(&self) -> &M {
        self.network
            .as_ref()
            .expect("the network is only away inside update and load_weights")
    }

    /// Moves every parameter that has a gradient, along the mean of all ranks'.
    pub fn update(&mut self, mut gradients: Gradients, learning_rate: f64) {
        self.update_shared(&mut gradients, learning_rate);
    }

    /// As [`update`](Self::update), for gradients that belong to several networks: those of this one
    /// are taken out.
    pub fn update_shared(&mut self, gradients: &mut Gradients, learning_rate: f64) {
        let averaging = self.start_averaging(gradients);
        self.update_averaged(averaging, gradients, learning_rate);
    }

    /// Starts to average this network's gradients over all ranks, so that other work can be done
    /// until [`update_averaged`](Self::update_averaged).
    pub fn start_averaging(&self, gradients: &Gradients) -> Averaging {
        distributed::start_averaging(self.network(), gradients)
    }

    /// As [`update_shared`](Self::update_shared), along the averages.
    pub fn update_averaged(
        &mut self,
        averaging: Averaging,
        gradients: &mut Gradients,
        learning_rate: f64,
    ) {
        distributed::finish_averaging(averaging, self.network(), gradients);
        let network = self
            .network
            .take()
            .expect("the network comes back before update returns");
        self.network = Some(self.adam.step(network, gradients, learning_rate));
    }

    /// Goes on with a fresh optimiser.
    pub fn restart_optimiser(&mut self) {
        self.adam.restart();
    }

    /// Replaces all weights and buffers, by the authors' keys.
    ///
    /// # Errors
    ///
    /// Listing every mismatch; the network keeps its weights then.
    pub fn load_weights(&mut self, dict: &StateDict) -> Result<()> {
        check_state_dict(self.network(), dict)?;
        // Given away, so that each weight goes when its successor comes.
        let network = self.network.take();
        let network = network.expect("the network is only away inside update and load_weights");
        self.network = Some(load_state_dict(network, dict)?);
        Ok(())
    }

    /// Adds weights, moments and step count to `snapshot`, under `name` and `name_adam`.
    pub fn save(&self, name: &str, snapshot: &mut Snapshot) {
        let (moments, steps) = self.adam.state(self.network());
        let weights = lazy_state_dict(self.network());
        snapshot.files.insert(name.to_owned(), weights);
        snapshot.files.insert(format!("{name}_adam"), moments);
        snapshot.counters.insert(format!("{name}_adam"), steps);
    }

    /// Continues from what [`save`](Self::save) added.
    ///
    /// # Errors
    ///
    /// Naming what is missing or does not fit.
    pub fn load(&mut self, name: &str, state: &mut TrainerState) -> Result<()> {
        let adam = format!("{name}_adam");
        let steps = state.counters.get(&adam).copied();
        let steps =
            steps.ok_or_else(|| anyhow!("the checkpoint does not count the steps of {adam}"))?;
        // One file in memory at a time.
        self.load_weights(&state.take(name)?)?;
        let moments = state.take(&adam)?;
        let network = self.network.as_ref().expect("load_weights has put it back");
        self.adam
            .load(network, moments, steps)
            .map_err(|problem| anyhow!("{adam}: {problem}"))
    }
}
