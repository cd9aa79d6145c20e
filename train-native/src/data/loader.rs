//! Batches from a data set, prepared by background threads, the same whatever the number of threads.
//!
//! The order of an epoch and the augmentation of each sample depend only on (seed, epoch, position), so a run that
//! starts in the middle of an epoch sees exactly what an uninterrupted one would have seen.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rand::{RngExt, SeedableRng};

use crate::data::{DataError, Dataset, Sample, SampleInput, SampleRng};
use crate::distributed::Share;

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

/// All that a thread needs to make this rank's samples of the epoch.
struct Source {
    dataset: Arc<dyn Dataset>,
    order: Vec<usize>,
    options: LoaderOptions,
    epoch: u64,
}

impl Source {
    /// Where in the epoch this rank's sample of a number is.
    fn position(&self, number: usize) -> usize {
        let LoaderOptions {
            batch_size, share, ..
        } = self.options;
        let (batch, within) = (number / batch_size, number % batch_size);
        (batch * share.size + share.rank) * batch_size + within
    }

    fn load(&self, number: usize) -> Result<Sample, DataError> {
        let position = self.position(number);
        let index = self.order[position];
        let mut rng = stream(*b"augment.", self.options.seed, self.epoch, position as u64);
        let loaded = catch_unwind(AssertUnwindSafe(|| self.dataset.load(index, &mut rng)));
        loaded.unwrap_or_else(|panic| {
            let name = catch_unwind(AssertUnwindSafe(|| self.dataset.name(index)));
            Err(DataError::WorkerPanic {
                name: name.unwrap_or_else(|_| format!("number {index}")),
                message: panic_message(panic.as_ref()),
            })
        })
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}

type Loaded = (usize, Result<Sample, DataError>);

/// The batches of one epoch, in order.
///
/// Threads take positions from a queue that this iterator refills by one for every sample it hands on, so no more than
/// the prefetched samples are ever in memory and nobody polls.
pub struct Batches {
    /// Positions to load; none once everything is queued or the epoch is over.
    jobs: Option<Sender<usize>>,
    loaded: Receiver<Loaded>,
    threads: Vec<JoinHandle<()>>,
    /// Samples that came before their turn.
    early: HashMap<usize, Result<Sample, DataError>>,
    next: usize,
    next_job: usize,
    end: usize,
    batch_size: usize,
    failed: Option<DataError>,
}

impl Batches {
    fn start(
        source: Arc<Source>,
        positions: std::ops::Range<usize>,
        options: &LoaderOptions,
    ) -> Self {
        let (jobs, queue) = unbounded();
        let (done, loaded) = unbounded();
        let mut batches = Self {
            jobs: Some(jobs),
            loaded,
            threads: Vec::new(),
            early: HashMap::new(),
            next: positions.start,
            next_job: positions.start,
            end: positions.end,
            batch_size: options.batch_size,
            failed: None,
        };
        for _ in 0..options.workers.max(1).min(positions.len()) {
            let (source, queue, done) = (Arc::clone(&source), queue.clone(), done.clone());
            let thread = Builder::new().name("data-loader".into());
            match thread.spawn(move || work(&source, &queue, &done)) {
                Ok(thread) => batches.threads.push(thread),
                Err(error) => {
                    batches.failed = Some(DataError::Workers {
                        reason: format!("cannot start one: {error}"),
                    })
                }
            }
        }
        // One batch in the making and `prefetch` behind it.
        for _ in 0..options
            .prefetch
            .max(1)
            .saturating_add(1)
            .saturating_mul(options.batch_size)
        {
            if !batches.queue_one() {
                break;
            }
        }
        batches
    }

    /// Queues the next position; false when all are queued.
    fn queue_one(&mut self) -> bool {
        if self.next_job >= self.end {
            self.jobs = None;
        }
        let Some(jobs) = &self.jobs else { return false };
        let queued = jobs.send(self.next_job).is_ok();
        self.next_job += 1;
        queued
    }

    /// Waits for the sample at position `next`.
    fn next_sample(&mut self) -> Result<Sample, DataError> {
        let sample = loop {
            if let Some(sample) = self.early.remove(&self.next) {
                break sample;
            }
            let ended = |_| DataError::Workers {
                reason: "they ended before the epoch did".into(),
            };
            let (position, sample) = self.loaded.recv().map_err(ended)?;
            self.early.insert(position, sample);
        };
        self.next += 1;
        self.queue_one();
        sample
    }

    fn next_batch(&mut self) -> Result<Vec<Sample>, DataError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let length = self.batch_size.min(self.end - self.next);
        let mut batch = Vec::with_capacity(length);
        for _ in 0..length {
            batch.push(self.next_sample()?);
        }
        check_even(&batch)?;
        Ok(batch)
    }

    /// Lets the threads run out of work.
    fn stop(&mut self) {
        self.next = self.end;
        self.jobs = None;
        self.early.clear();
    }
}

impl Iterator for Batches {
    type Item = Result<Vec<Sample>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let batch = self.next_batch();
        if batch.is_err() {
            self.stop();
        }
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some((self.end - self.next).div_ceil(self.batch_size)))
    }
}

impl std::iter::FusedIterator for Batches {}

impl Drop for Batches {
    fn drop(&mut self) {
        self.stop();
        // With the receiver gone, a thread stops after the sample in its hands instead of emptying the queue.
        drop(std::mem::replace(
            &mut self.loaded,
            crossbeam_channel::never(),
        ));
        for thread in self.threads.drain(..) {
            // A panic of the thread was reported as an error when it happened.
            let _ = thread.join();
        }
    }
}

fn work(source: &Source, queue: &Receiver<usize>, done: &Sender<Loaded>) {
    for position in queue {
        if done.send((position, source.load(position))).is_err() {
            return;
        }
    }
}

/// Samples of one batch become one tensor, so their shapes must agree.
fn check_even(batch: &[Sample]) -> Result<(), DataError> {
    let Some(first) = batch.first() else {
        return Ok(());
    };
    match batch
        .iter()
        .find(|sample| shape_text(sample) != shape_text(first))
    {
        None => Ok(()),
        Some(other) => Err(DataError::UnevenBatch {
            first: first.name.clone(),
            expected: shape_text(first),
            other: other.name.clone(),
            found: shape_text(other),
        }),
    }
}

fn shape_text(sample: &Sample) -> String {
    let kind = match &sample.input {
        SampleInput::Image(pixels) => format!("{} channels", pixels.channels),
        SampleInput::Labels { .. } => "labels".into(),
        SampleInput::Unconditional => "nothing".into(),
    };
    let target = &sample.target;
    format!(
        "{} ({kind}) to {}x{} ({} channels)",
        sample.input.size(),
        target.width,
        target.height,
        target.channels
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::data::PixelsF32;

    /// Sample i holds i and one draw; some are slow, some fail as told.
    #[derive(Default)]
    struct Numbers {
        count: usize,
        panics_at: Option<usize>,
        fails_at: Option<usize>,
        wide_at: Option<usize>,
        loads: AtomicUsize,
    }

    impl Numbers {
        fn new(count: usize) -> Self {
            Self {
                count,
                ..Self::default()
            }
        }
    }

    impl Dataset for Numbers {
        fn len(&self) -> usize {
            self.count
        }

        fn name(&self, index: usize) -> String {
            format!("n{index}")
        }

        fn load(&self, index: usize, rng: &mut SampleRng) -> Result<Sample, DataError> {
            self.loads.fetch_add(1, Ordering::SeqCst);
            if index.is_multiple_of(5) {
                std::thread::sleep(Duration::from_millis(3));
            }
            assert!(self.panics_at != Some(index), "told to panic");
            if self.fails_at == Some(index) {
                return Err(DataError::undecodable("n.png".as_ref(), "told to fail"));
            }
            let width = if self.wide_at == Some(index) { 2 } else { 1 };
            let pixels = |value: f32| PixelsF32 {
                channels: 1,
                height: 1,
                width,
                data: vec![value; width],
            };
            let input = SampleInput::Image(pixels(index as f32));
            Ok(Sample {
                name: self.name(index),
                input,
                instances: None,
                features: None,
                target: pixels(rng.random::<f32>()),
            })
        }
    }

    fn loader(dataset: Numbers, batch_size: usize, workers: usize) -> Loader {
        let options = LoaderOptions {
            batch_size,
            workers,
            seed: 11,
            prefetch: 2,
            ..LoaderOptions::default()
        };
        Loader::new(Arc::new(dataset), options).unwrap()
    }

    fn all(batches: Batches) -> Vec<Vec<Sample>> {
        batches.map(Result::unwrap).collect()
    }

    #[test]
    fn any_number_of_workers_gives_the_same_batches() {
        let single = all(loader(Numbers::new(53), 4, 1).epoch(3, 0));
        for workers in [0, 2, 7, 64] {
            assert_eq!(
                all(loader(Numbers::new(53), 4, workers).epoch(3, 0)),
                single
            );
        }
    }

    #[test]
    fn shares_put_together_are_the_batches_of_one_and_the_short_last_one_is_left_out() {
        let of = |batch_size, share| {
            let options = LoaderOptions {
                batch_size,
                share,
                seed: 11,
                ..LoaderOptions::default()
            };
            Loader::new(Arc::new(Numbers::new(20)), options).unwrap()
        };
        let whole = all(of(6, Share::ALL).epoch(2, 1));
        let share = |rank| all(of(2, Share { rank, size: 3 }).epoch(2, 1));
        let shares = [0, 1, 2].map(share);
        assert_eq!(of(2, Share { rank: 2, size: 3 }).batches_per_epoch(), 3);
        for batch in 0..2 {
            let together: Vec<Sample> = shares.iter().flat_map(|s| s[batch].clone()).collect();
            assert_eq!(together, whole[batch]);
        }
        assert_eq!((whole.len(), shares[0].len()), (3, 2));
    }

    #[test]
    fn starting_late_gives_exactly_the_tail() {
        let loader = loader(Numbers::new(23), 3, 3);
        let whole = all(loader.epoch(1, 0));
        assert_eq!(whole.len(), loader.batches_per_epoch());
        for first in 0..=whole.len() + 1 {
            assert_eq!(all(loader.epoch(1, first)), whole[first.min(whole.len())..]);
        }
    }

    #[test]
    fn epochs_visit_every_sample_once_in_different_orders_with_different_draws() {
        let loader = loader(Numbers::new(40), 4, 2);
        let mut seen = loader.order(0);
        assert_ne!(seen, loader.order(1));
        seen.sort_unstable();
        assert_eq!(seen, (0..40).collect::<Vec<_>>());
        let draws = |epoch| -> Vec<f32> {
            all(loader.epoch(epoch, 0))
                .concat()
                .iter()
                .map(|s| s.target.data[0])
                .collect()
        };
        let (first, second) = (draws(0), draws(1));
        assert!(first.iter().all(|draw| !second.contains(draw)));
    }

    #[test]
    fn unshuffled_order_is_the_data_sets_and_the_short_last_batch_can_be_dropped() {
        let options = LoaderOptions {
            batch_size: 4,
            shuffle: false,
            ..LoaderOptions::default()
        };
        let lengths = |drop_last| -> Vec<usize> {
            let loader = Loader::new(
                Arc::new(Numbers::new(10)),
                LoaderOptions {
                    drop_last,
                    ..options
                },
            )
            .unwrap();
            assert_eq!(loader.order(5), (0..10).collect::<Vec<_>>());
            all(loader.epoch(0, 0)).iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(false), [4, 4, 2]);
        assert_eq!(lengths(true), [4, 4]);
    }

    #[test]
    fn a_panic_becomes_an_error_that_names_the_sample_and_ends_the_epoch() {
        let dataset = Numbers {
            panics_at: Some(7),
            ..Numbers::new(20)
        };
        let mut batches = loader(dataset, 2, 3).epoch(0, 0);
        let error = batches.find_map(Result::err).unwrap();
        assert!(
            error.to_string().contains("n7") && error.to_string().contains("told to panic"),
            "{error}"
        );
        assert!(batches.next().is_none());
    }

    #[test]
    fn an_error_comes_at_its_turn() {
        let dataset = Numbers {
            fails_at: Some(8),
            ..Numbers::new(20)
        };
        let options = LoaderOptions {
            batch_size: 3,
            shuffle: false,
            ..LoaderOptions::default()
        };
        let results: Vec<_> = Loader::new(Arc::new(dataset), options)
            .unwrap()
            .epoch(0, 0)
            .collect();
        assert_eq!(
            results.iter().map(Result::is_ok).collect::<Vec<_>>(),
            [true, true, false]
        );
    }

    #[test]
    fn uneven_sizes_in_a_batch_name_both_samples() {
        let options = LoaderOptions {
            batch_size: 4,
            shuffle: false,
            ..LoaderOptions::default()
        };
        let dataset = Numbers {
            wide_at: Some(2),
            ..Numbers::new(4)
        };
        let text = Loader::new(Arc::new(dataset), options)
            .unwrap()
            .epoch(0, 0)
            .next()
            .unwrap()
            .unwrap_err()
            .to_string();
        for part in ["n0", "n2", "1x1", "2x1"] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
    }

    #[test]
    fn no_more_than_the_prefetch_is_loaded_ahead_and_dropping_ends_the_threads() {
        let dataset = Arc::new(Numbers::new(1000));
        let options = LoaderOptions {
            batch_size: 2,
            workers: 4,
            prefetch: 3,
            ..LoaderOptions::default()
        };
        let loader = Loader::new(dataset.clone(), options).unwrap();
        let mut batches = loader.epoch(0, 0);
        batches.next().unwrap().unwrap();
        std::thread::sleep(Duration::from_millis(60));
        // 8 queued at the start, 2 more for the batch taken.
        assert_eq!(dataset.loads.load(Ordering::SeqCst), 10);
        drop(batches);
        drop(loader);
        assert_eq!(
            Arc::strong_count(&dataset),
            1,
            "a thread still holds the data set"
        );
    }

    #[test]
    fn impossible_batch_sizes_are_refused() {
        for (count, batch_size, drop_last) in [(3, 0, false), (0, 1, false), (3, 4, true)] {
            let options = LoaderOptions {
                batch_size,
                drop_last,
                ..LoaderOptions::default()
            };
            assert!(Loader::new(Arc::new(Numbers::new(count)), options).is_err());
        }
    }
}
