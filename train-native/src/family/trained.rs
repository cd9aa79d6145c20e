//! A network in training, with its optimiser.

use anyhow::{Result, anyhow, ensure};
use burn::tensor::{Gradients, Tensor};
use underpaint_core::ops::Precision;
use underpaint_core::state_dict::{
    AuthorsKeys, StateDict, check_state_dict, lazy_state_dict, load_state_dict,
};

use super::{Snapshot, TrainerState};
use crate::distributed::{self, Averaging};
use crate::optimiser::{Adam, AdamConfig, LossScale, NonFinite, unscale};

/// A network and the Adam that moves it.
///
/// The network is handed over to the optimiser and back, never copied: libtorch updates weights in
/// place only where nobody else holds them.
pub struct Trained<M> {
    /// `None` only while it is being replaced.
    network: Option<M>,
    adam: Adam,
    /// In f16.
    loss_scale: Option<LossScale>,
    /// Whether the last gradients were not finite, one element: not read yet.
    found_inf: Option<Tensor<1>>,
}

impl<M: AuthorsKeys> Trained<M> {
    /// A network with a fresh optimiser.
    pub fn new(network: M, adam: AdamConfig) -> Self {
        Self {
            network: Some(network),
            adam: Adam::new(adam),
            loss_scale: None,
            found_inf: None,
        }
    }

    /// Sets what the loss is scaled by, if the networks compute in a precision that needs it.
    pub fn set_precision(&mut self, precision: Precision) {
        self.loss_scale = (precision == Precision::F16).then(LossScale::default);
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

    /// Gradients of a loss of one element, for [`update`](Self::update): in f16 those of a multiple of
    /// it.
    pub fn backward(&self, loss: Tensor<1>) -> Gradients {
        match &self.loss_scale {
            None => loss.backward(),
            Some(scale) => (loss * scale.factor()).backward(),
        }
    }

    /// Moves every parameter that has a gradient, along the mean of all ranks'; none where a gradient of
    /// a scaled loss is not finite, which only [`read_back`] tells.
    pub fn update(&mut self, gradients: Gradients, learning_rate: f64) {
        self.update_with(None::<&mut Self>, gradients, learning_rate);
    }

    /// As [`update`](Self::update), of two networks that one loss is of: both move, or neither.
    pub fn update_with<E: AuthorsKeys>(
        &mut self,
        partner: Option<&mut Trained<E>>,
        mut gradients: Gradients,
        learning_rate: f64,
    ) {
        let own = self.start_averaging(&gradients);
        let theirs = partner
            .as_ref()
            .map(|partner| partner.start_averaging(&gradients));
        distributed::finish_averaging(own, self.network(), &mut gradients);
        if let (Some(partner), Some(theirs)) = (&partner, theirs) {
            distributed::finish_averaging(theirs, partner.network(), &mut gradients);
        }
        self.move_with(partner, gradients, learning_rate);
    }

    /// Starts to average this network's gradients over all ranks, so that other work can be done
    /// until [`update_averaged`](Self::update_averaged).
    pub fn start_averaging(&self, gradients: &Gradients) -> Averaging {
        distributed::start_averaging(self.network(), gradients)
    }

    /// As [`update`](Self::update), along the averages.
    pub fn update_averaged(
        &mut self,
        averaging: Averaging,
        mut gradients: Gradients,
        learning_rate: f64,
    ) {
        distributed::finish_averaging(averaging, self.network(), &mut gradients);
        self.move_with(None::<&mut Self>, gradients, learning_rate);
    }

    /// Along averages: whether they are finite is the same on all ranks.
    fn move_with<E: AuthorsKeys>(
        &mut self,
        mut partner: Option<&mut Trained<E>>,
        mut gradients: Gradients,
        learning_rate: f64,
    ) {
        let mut found_inf = None;
        if let Some(scale) = &self.loss_scale {
            unscale(self.network(), &gradients, scale.factor(), &mut found_inf);
            if let Some(partner) = &partner {
                let network = partner.network();
                unscale(network, &gradients, scale.factor(), &mut found_inf);
            }
        }
        self.step(&mut gradients, learning_rate, found_inf.clone());
        if let Some(partner) = &mut partner {
            partner.step(&mut gradients, learning_rate, found_inf);
        }
    }

    fn step(
        &mut self,
        gradients: &mut Gradients,
        learning_rate: f64,
        found_inf: Option<Tensor<1>>,
    ) {
        let network = self
            .network
            .take()
            .expect("the network comes back before update returns");
        let moved = self
            .adam
            .step(network, gradients, learning_rate, found_inf.as_ref());
        self.network = Some(moved);
        self.found_inf = found_inf;
    }

    /// Steps that moved nothing so far, in f16.
    pub fn skipped_steps(&self) -> u64 {
        self.loss_scale.map_or(0, |scale| scale.skipped())
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
        if let Some(scale) = &self.loss_scale {
            scale.save(name, &mut snapshot.counters);
        }
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
        if let Some(scale) = &mut self.loss_scale {
            *scale = LossScale::load(name, &state.counters);
        }
        // One file in memory at a time.
        self.load_weights(&state.take(name)?)?;
        let moments = state.take(&adam)?;
        let network = self.network.as_ref().expect("load_weights has put it back");
        self.adam
            .load(network, moments, steps)
            .map_err(|problem| anyhow!("{adam}: {problem}"))
    }
}

/// An optimiser that waits to be told whether its step moved anything.
pub trait Settle {
    /// What tells it, one element that is not zero if nothing moved; `None` where no loss is scaled.
    fn take_flag(&mut self) -> Option<Tensor<1>>;

    /// Tells it.
    ///
    /// # Errors
    ///
    /// If gradients are not finite however small the scale of the loss is.
    fn settle(&mut self, skipped: bool) -> Result<()>;
}

impl<M> Settle for Trained<M> {
    fn take_flag(&mut self) -> Option<Tensor<1>> {
        self.found_inf.take()
    }

    fn settle(&mut self, skipped: bool) -> Result<()> {
        if skipped {
            self.adam.forget_step();
        }
        let Some(scale) = &mut self.loss_scale else {
            return Ok(());
        };
        scale.observe(skipped);
        ensure!(
            !scale.is_exhausted(),
            "gradients are not finite, however small the loss is scaled: train with --precision bf16 or \
             f32, or with a lower --lr"
        );
        Ok(())
    }
}

impl<T: Settle> Settle for Option<T> {
    fn take_flag(&mut self) -> Option<Tensor<1>> {
        self.as_mut()?.take_flag()
    }

    fn settle(&mut self, skipped: bool) -> Result<()> {
        self.as_mut()
            .map_or(Ok(()), |optimiser| optimiser.settle(skipped))
    }
}

/// Reads losses of one element each, and what the optimisers wait for, in one go: every wait for a
/// device costs.
///
/// # Errors
///
/// As [`Settle::settle`].
pub fn read_back(losses: Vec<Tensor<1>>, optimisers: &mut [&mut dyn Settle]) -> Result<Vec<f64>> {
    let count = losses.len();
    let flags: Vec<Option<Tensor<1>>> = optimisers
        .iter_mut()
        .map(|optimiser| optimiser.take_flag())
        .collect();
    let waiting: Vec<bool> = flags.iter().map(Option::is_some).collect();
    let all = losses.into_iter().chain(flags.into_iter().flatten());
    let mut values: Vec<f64> = Tensor::cat(all.collect(), 0).into_data().iter().collect();
    let mut flags = values.split_off(count).into_iter();
    for (optimiser, waiting) in optimisers.iter_mut().zip(waiting) {
        if waiting {
            let skipped = flags.next().is_some_and(|flag| flag != 0.0);
            optimiser.settle(skipped)?;
        }
    }
    Ok(values)
}
