//! Batches from a data set, prepared by background threads, the same whatever the number of threads.
//!
//! The order of an epoch and the augmentation of each sample depend only on (seed, epoch, position), so a run that
//! starts in the middle of an epoch sees exactly what an uninterrupted one would have seen.

mod batches;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rand::{RngExt, SeedableRng};

use self::batches::Source;
use crate::data::{DataError, Dataset, SampleRng};
use crate::distributed::Share;

pub use self::batches::Batches;

/// How batches are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderOptions {
    /// Samples per batch. Default 1.
    pub batch_size: usize,
    /// A new random order every epoch; otherwise the data set's own. Default true.
    pub shuffle: bool,
    /// Seed of order and augmentation. Default 0.
    pub seed: u64,
    /// Background threads. Default 2; at least one is used.
    pub workers: usize,
    /// Batches prepared ahead of the one in use. Default 4; at least one is used.
    pub prefetch: usize,
    /// Whether a last batch with fewer samples is left out. Default false; with several ranks it always
    /// is, as they need equal shares.
    pub drop_last: bool,
    /// Which part of every batch is wanted: a batch of N ranks is N times `batch_size` samples, of
    /// which each takes a block. Default all.
    pub share: Share,
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self {
            batch_size: 1,
            shuffle: true,
            seed: 0,
            workers: 2,
            prefetch: 4,
            drop_last: false,
            share: Share::ALL,
        }
    }
}

impl LoaderOptions {
    /// Samples of a batch of all ranks.
    fn global_batch(&self) -> usize {
        self.share.global(self.batch_size)
    }
}

/// Makes epochs of batches from a data set.
pub struct Loader {
    dataset: Arc<dyn Dataset>,
    options: LoaderOptions,
}

impl Loader {
    /// A loader over `dataset`.
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`] for batch size 0, an empty data set, or one too small for a single full batch
    /// with `drop_last`.
    pub fn new(dataset: Arc<dyn Dataset>, options: LoaderOptions) -> Result<Self, DataError> {
        let loader = Self { dataset, options };
        let samples = loader.dataset.len();
        if options.batch_size == 0 || loader.batches_per_epoch() == 0 {
            return Err(DataError::InvalidSetting {
                setting: match options.share.size {
                    1 => "batch size",
                    _ => "batch size of all ranks",
                },
                expected: format!("1 to {samples}, the number of samples"),
                found: options.global_batch().to_string(),
            });
        }
        Ok(loader)
    }

    /// A loader of the same pictures at another size, in the same order; `None` if the data set has one
    /// size only.
    #[must_use]
    pub fn at_resolution(&self, side: usize) -> Option<Self> {
        Some(Self {
            dataset: self.dataset.at_resolution(side)?,
            options: self.options,
        })
    }

    /// A loader of the same pictures in other batches.
    ///
    /// # Errors
    /// As [`Loader::new`].
    pub fn with_batch_size(&self, batch_size: usize) -> Result<Self, DataError> {
        let options = LoaderOptions {
            batch_size,
            ..self.options
        };
        Self::new(Arc::clone(&self.dataset), options)
    }

    /// The data set.
    #[must_use]
    pub fn dataset(&self) -> &Arc<dyn Dataset> {
        &self.dataset
    }

    /// Batches in every epoch.
    #[must_use]
    pub fn batches_per_epoch(&self) -> usize {
        let (samples, batch_size) = (self.dataset.len(), self.options.global_batch().max(1));
        if self.options.drop_last || self.options.share.size > 1 {
            samples / batch_size
        } else {
            samples.div_ceil(batch_size)
        }
    }

    /// The data set's indices in the order of `epoch`: Fisher–Yates over ChaCha8 seeded by (seed, epoch).
    #[must_use]
    pub fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.dataset.len()).collect();
        if self.options.shuffle {
            let mut rng = stream(*b"shuffle.", self.options.seed, epoch, 0);
            for last in (1..order.len()).rev() {
                order.swap(last, rng.random_range(0..=last as u64) as usize);
            }
        }
        order
    }

    /// Starts the threads for `epoch` and returns its batches from number `first_batch` (0-based) to the end.
    ///
    /// After an error the iterator ends. Dropping it ends the threads.
    #[must_use]
    pub fn epoch(&self, epoch: u64, first_batch: usize) -> Batches {
        let batch_size = self.options.batch_size;
        let first = first_batch.saturating_mul(batch_size);
        // Of this rank's samples; the last batch is short only where one rank takes all.
        let end = self
            .batches_per_epoch()
            .saturating_mul(batch_size)
            .min(self.dataset.len());
        let source = Source {
            dataset: Arc::clone(&self.dataset),
            order: self.order(epoch),
            options: self.options,
            epoch,
        };
        Batches::start(Arc::new(source), first.min(end)..end, &self.options)
    }
}

/// Independent random streams by purpose, seed, epoch and position.
fn stream(purpose: [u8; 8], seed: u64, epoch: u64, position: u64) -> SampleRng {
    let mut key = [0; 32];
    let words = [
        purpose,
        seed.to_le_bytes(),
        epoch.to_le_bytes(),
        position.to_le_bytes(),
    ];
    for (target, word) in key.chunks_exact_mut(8).zip(words) {
        target.copy_from_slice(&word);
    }
    SampleRng::from_seed(key)
}
