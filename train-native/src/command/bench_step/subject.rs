//! What is timed: one training step of each family on one batch, at its paper's settings without the
//! perceptual loss.

mod labelled;
mod pgan;
mod pix2pix;

use anyhow::Result;
use burn::tensor::{Device, Distribution, Tensor};
use clap::ValueEnum;
use serde_json::Value;
use underpaint_core::state_dict::{StateDict, StateTensor};

use underpaint_core::ops::Precision;

use crate::family::Losses;

/// The families by their names on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FamilyName {
    /// U-Net-256 and a PatchGAN with batch norm, without dropout: the peer's would draw other masks
    Pix2pix,
    /// Global generator, four halvings and nine blocks, for 35 classes with edges
    Pix2pixhd,
    /// The normal generator without a latent, for 35 classes with edges
    Spade,
    /// Both networks fully grown, nothing fading
    Pgan,
}

/// How large it all is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Channels of the first layers, or of a Progressive GAN's first scales.
    pub width: usize,
    /// Height of the pictures.
    pub height: usize,
    /// Pictures of a step.
    pub batch: usize,
}

/// A family in training and its batch.
pub trait Subject {
    /// One step; `number` counts from 1.
    fn step(&mut self, number: u64) -> Result<Losses>;

    /// Sets in which precision steps are going to run.
    fn set_precision(&mut self, precision: Precision);

    /// One pass of the generator without gradients.
    fn generate(&self) -> Tensor<4>;

    /// Generator and discriminator, by the authors' keys.
    fn networks(&self) -> [StateDict; 2];

    /// What both sides learn from, by name.
    fn batch(&self) -> StateDict;

    /// What the peer needs to build the same networks.
    fn describe(&self) -> Value;
}

impl FamilyName {
    /// Draws the networks and a batch.
    ///
    /// # Errors
    ///
    /// If the size does not fit the networks.
    pub fn subject(self, size: Size, device: &Device) -> Result<Box<dyn Subject>> {
        Ok(match self {
            Self::Pix2pix => Box::new(pix2pix::Pix2pixSubject::new(size, device)?),
            Self::Pix2pixhd => Box::new(labelled::Pix2pixHdSubject::new(size, device)?),
            Self::Spade => Box::new(labelled::SpadeSubject::new(size, device)?),
            Self::Pgan => Box::new(pgan::PganSubject::new(size, device)?),
        })
    }
}

/// Random pictures in `[-1, 1]`.
fn pictures(seed: u64, shape: [usize; 4], device: &Device) -> Tensor<4> {
    device.seed(seed);
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device)
}

fn entry<const D: usize>(name: &str, tensor: &Tensor<D>) -> (String, StateTensor) {
    let tensor = StateTensor {
        shape: tensor.dims().to_vec(),
        values: tensor.to_data().iter::<f32>().collect(),
    };
    (name.to_owned(), tensor)
}
