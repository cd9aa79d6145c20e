//! One training step per model family, and what the loop needs of each.

pub mod batch;
mod image_pool;
pub mod pgan;
pub mod pix2pix;
pub mod pix2pixhd;
mod pretrained;
mod show;
pub mod spade;
mod state;
mod trained;

use anyhow::{Context, Result, anyhow};
use underpaint_core::label::Palette;
use underpaint_core::ops::Precision;

use crate::data::Sample;

pub use image_pool::{ImagePool, PoolDraws};
pub use pretrained::{Pretrained, Unfilled};
pub use show::{Shown, Tile, grid, input_picture, rgb_picture};
pub use state::{Snapshot, TrainerState};
pub use trained::{Settle, Trained, read_back};

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

    /// Samples per step, where the family decides that too.
    fn batch_size(&self, _step: u64) -> Option<usize> {
        None
    }

    /// Begins with what fits of other weights; gives for every network the modules that keep their own.
    ///
    /// # Errors
    ///
    /// If the weights are of another kind of network altogether.
    fn pretrain(&mut self, weights: &Pretrained) -> Result<Vec<Unfilled>>;

    /// Pictures that show how a run gets on: of every sample its input, what is generated from it, and
    /// what it should be like, unless the family has more to show.
    ///
    /// # Errors
    ///
    /// If an input does not fit the generator.
    fn show(&self, samples: &[Sample], palette: &Palette) -> Result<Vec<Shown>> {
        show::pairs(self.generate_each(samples)?, samples, palette)
    }

    /// As [`generate`](Self::generate), one by one: samples may differ in size.
    ///
    /// # Errors
    ///
    /// Naming the sample that does not fit.
    fn generate_each(&self, samples: &[Sample]) -> Result<Vec<crate::data::PixelsF32>> {
        let one = |sample: &Sample| {
            let pictures = self
                .generate(&[sample])
                .with_context(|| sample.name.clone())?;
            let picture = pictures.into_iter().next();
            picture.ok_or_else(|| anyhow!("{}: nothing was generated", sample.name))
        };
        samples.iter().map(one).collect()
    }

    /// Generates for samples as in use, not as in training: `[channels, height, width]` in `[-1, 1]`
    /// each. Nothing is updated and no dropout is drawn; targets are for encoders only.
    ///
    /// # Errors
    ///
    /// If an input does not fit the generator.
    fn generate(&self, samples: &[&Sample]) -> Result<Vec<crate::data::PixelsF32>>;

    /// Sets in which precision [`step`](Self::step) is going to be called, before the first or
    /// [`load`](Self::load).
    fn set_precision(&mut self, precision: Precision);

    /// Steps of an optimiser that moved nothing so far, because a gradient in f16 was not finite.
    fn skipped_steps(&self) -> u64;

    /// Everything that must survive. It shares the networks' tensors and has to be gone before the
    /// next step.
    fn state(&self) -> Snapshot;

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

/// 64 bits of a sample's name (FNV-1a).
pub(crate) fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
