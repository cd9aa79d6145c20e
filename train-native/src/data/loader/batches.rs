//! The batches of one epoch, and the threads that make their samples.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{LoaderOptions, stream};
use crate::data::{DataError, Dataset, Sample, SampleInput};

/// All that a thread needs to make this rank's samples of the epoch.
pub(super) struct Source {
    pub dataset: Arc<dyn Dataset>,
    pub order: Vec<usize>,
    pub options: LoaderOptions,
    pub epoch: u64,
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
    pub(super) fn start(
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
