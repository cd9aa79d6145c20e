//! Measures between two sets of pictures: which are asked for, and what they need of the pictures.

use std::path::PathBuf;

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::Args;
use underpaint_core::perceptual::Inception;

use crate::data::decode::Picture;
use crate::evaluate::fid::{FeatureCollector, Fid};
use crate::evaluate::sliced::{LevelDistance, sliced_wasserstein};
use crate::perceptual::{find_inception, needs_inception, open_inception};

/// Pictures of a set that the sliced Wasserstein distance looks at: as many as in the paper.
const SLICED_PICTURES: usize = 16_384;

/// Flags that name measures.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measures between sets of pictures")]
pub(super) struct Measures {
    /// Adds the FID, with the weights of `underpaint weights inception`
    #[arg(long)]
    fid: bool,
    /// Adds the FID, with Inception's weights as pytorch-fid's releases have them
    #[arg(long, alias = "fid_eval_ckpt_dir", value_name = "FILE")]
    inception: Option<PathBuf>,
    /// Adds the sliced Wasserstein distance of patches, for each size of detail
    #[arg(long, alias = "sliced_wasserstein")]
    pub swd: bool,
    /// Adds MS-SSIM, for pictures without pairs: how alike generated pictures are to real ones and to
    /// each other, and real ones to each other
    #[arg(long)]
    pub ms_ssim: bool,
    /// Pairs that MS-SSIM is the mean of
    #[arg(long, value_name = "N", default_value_t = 200 * 64, requires = "ms_ssim")]
    pub pairs: usize,
}

impl Measures {
    /// Inception, where the FID is asked for.
    pub fn open_inception(&self, device: &Device) -> Result<Option<Inception>> {
        if !self.fid && self.inception.is_none() {
            return Ok(None);
        }
        match find_inception(self.inception.as_deref())? {
            None => bail!(needs_inception()),
            Some(path) => Ok(Some(open_inception(&path, device)?)),
        }
    }

    /// Whether any measure is asked for.
    pub const fn is_empty(&self) -> bool {
        !self.fid && self.inception.is_none() && !self.swd && !self.ms_ssim
    }

    /// Two empty sets for what is asked for; `inception` from [`open_inception`](Self::open_inception).
    pub fn sets<'a>(&self, inception: Option<&'a Inception>, device: &'a Device) -> Sets<'a> {
        let collector = || inception.map(|inception| FeatureCollector::new(inception, device));
        Sets {
            features: [collector(), collector()],
            pictures: self.swd.then(Default::default),
        }
    }
}

/// Real and generated pictures, as far as the measures need them.
pub(super) struct Sets<'a> {
    features: [Option<FeatureCollector<'a>>; 2],
    pictures: Option<[Vec<Picture>; 2]>,
}

/// Distances between two sets.
pub(super) struct Distances {
    /// If it was asked for.
    pub fid: Option<Fid>,
    /// Empty if they were not asked for.
    pub swd: Vec<LevelDistance>,
}

impl Sets<'_> {
    /// Whether any measure looks at the pictures.
    pub fn are_wanted(&self) -> bool {
        self.features[0].is_some() || self.pictures.is_some()
    }

    /// Takes a real picture in.
    pub fn push_real(&mut self, picture: Picture) {
        self.push(0, picture);
    }

    /// Takes a generated picture in.
    pub fn push_fake(&mut self, picture: Picture) {
        self.push(1, picture);
    }

    fn push(&mut self, set: usize, picture: Picture) {
        if let Some(features) = &mut self.features[set] {
            features.push(&picture);
        }
        if let Some(sets) = &mut self.pictures
            && sets[set].len() < SLICED_PICTURES
        {
            sets[set].push(picture);
        }
    }

    /// The distances between the two sets. `seed` draws patches and directions.
    pub fn distances(self, seed: u64) -> Result<Distances> {
        let fid = match self.features {
            [Some(real), Some(fake)] => Some(Fid::between(real, fake)?),
            _ => None,
        };
        let swd = match &self.pictures {
            Some([real, fake]) => sliced_wasserstein(real, fake, seed)?,
            None => Vec::new(),
        };
        Ok(Distances { fid, swd })
    }
}
