//! One training step per model family, and what the loop needs of each.

pub mod batch;
mod image_pool;
pub mod pgan;
pub mod pix2pix;
pub mod pix2pixhd;
pub mod spade;
mod trained;

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use underpaint_core::state_dict::StateDict;

use crate::data::Sample;

pub use image_pool::{ImagePool, PoolDraws};
pub use trained::Trained;

/// Losses of one step by name, in the family's order.
pub type Losses = Vec<(&'static str, f64)>;

/// Where in a run a step stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Number of the iteration, from 1. Seeds the step's random streams, so that a resumed run draws
    /// what the run would have drawn.
    pub step: u64,
    /// Number of the epoch, from 1.
    pub epoch: u64,
    /// Learning rate of the schedule; a family may derive several from it.
    pub learning_rate: f64,
}

/// A state dict by the name of the checkpoint file that holds it, and counters by name.
#[derive(Debug, Default)]
pub struct TrainerState {
    /// Weights, moments and stored pictures: one file each.
    pub tensors: BTreeMap<String, StateDict>,
    /// Counters, such as an optimiser's steps.
    pub counters: BTreeMap<String, u64>,
}

impl TrainerState {
    /// Takes a state dict out.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub fn take(&mut self, name: &str) -> Result<StateDict> {
        self.tensors
            .remove(name)
            .ok_or_else(|| anyhow!("the checkpoint holds no {name}"))
    }
}

/// What the training loop knows of a family: it steps, shows, saves and continues.
pub trait Family {
    /// Names of the losses, in the order in which [`step`](Self::step) gives them.
    fn loss_names(&self) -> Vec<String>;

    /// One iteration: every network's update, once.
    ///
    /// # Errors
    ///
    /// If the samples do not fit the networks.
    fn step(&mut self, samples: &[Sample], moment: Moment) -> Result<Losses>;

    /// Side of the square pictures that the family trains on at a step, where it is the family that
    /// decides it (progressive growing); `None` leaves it to the data set.
    fn resolution(&self, _step: u64) -> Option<usize> {
        None
    }

    /// Generates for samples as in use, not as in training: `[channels, height, width]` in `[-1, 1]`
    /// each. Nothing is updated and no dropout is drawn; targets are for encoders only.
    ///
    /// # Errors
    ///
    /// If an input does not fit the generator.
    fn generate(&self, samples: &[&Sample]) -> Result<Vec<crate::data::PixelsF32>>;

    /// Everything that must survive.
    fn state(&self) -> TrainerState;

    /// Continues from a state.
    ///
    /// # Errors
    ///
    /// Naming what is missing or does not fit.
    fn load(&mut self, state: TrainerState) -> Result<()>;
}

/// A seed for one purpose within a run (SplitMix64 over both).
pub fn derive_seed(seed: u64, purpose: u64) -> u64 {
    let mut z = seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
