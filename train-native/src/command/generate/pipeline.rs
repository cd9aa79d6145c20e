//! Many files at once: some threads read, this one runs the network, others write.
//!
//! Between them are short queues, so that memory does not grow with the number of files. A file that
//! cannot be read or run is remembered and the rest goes on; what cannot be written ends it, because the
//! disk is the same for all.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::inputs::Seen;
use super::picture_from_signed;
use super::progress::Progress;
use crate::data::PixelsF32;
use crate::data::decode::write_picture_png;

/// Threads that read, and threads that write, at most: the network wants the processor, too.
const MOST_THREADS: usize = 4;
/// Batches that wait for others of their size, before the fullest is run as it is.
const WAITING_BATCHES: usize = 4;

/// One input, and the pictures that are made of it.
#[derive(Debug)]
pub(super) struct Job {
    /// The file; none where pictures come from latents alone.
    pub source: Option<PathBuf>,
    /// Its name below the folder of all of them.
    pub name: String,
    /// Number of each picture among those of one input, and where it goes.
    pub pictures: Vec<(usize, PathBuf)>,
}

impl Job {
    /// What it is called in messages.
    pub fn title(&self) -> String {
        match &self.source {
            Some(path) => path.display().to_string(),
            None => self.name.clone(),
        }
    }
}

/// What came of all jobs.
#[derive(Debug)]
pub(super) struct Made {
    /// Pictures written.
    pub pictures: usize,
    /// Jobs that failed, by their number, and why.
    pub failed: BTreeMap<usize, Error>,
    /// From the first file read to the last one written.
    pub time: Duration,
}

/// A picture to make: number of the job, what is seen, number of the picture in the job.
struct Wanted {
    job: usize,
    seen: Arc<Seen>,
    place: usize,
}

/// A picture to write.
struct Finished {
    job: usize,
    place: usize,
    picture: PixelsF32,
}

/// What the threads share.
struct Shared<'a> {
    jobs: &'a [Job],
    progress: Progress,
    next: AtomicUsize,
    written: AtomicUsize,
    /// Set when a picture could not be written: nothing more is begun.
    stop: AtomicBool,
    write_error: Mutex<Option<Error>>,
}

/// Makes the pictures of all jobs. `make` gets inputs of one size, each with the number of its picture, `batch`
/// of them at most, and gives as many pictures.
///
/// # Errors
///
/// If a picture cannot be written.
pub(super) fn run(
    jobs: &[Job],
    batch: usize,
    read: impl Fn(&Job) -> Result<Seen> + Sync,
    make: impl Fn(&[(&Seen, usize)]) -> Result<Vec<PixelsF32>>,
) -> Result<Made> {
    let started = Instant::now();
    let total = jobs.iter().map(|job| job.pictures.len()).sum();
    let shared = Shared {
        jobs,
        progress: Progress::start(total),
        next: AtomicUsize::new(0),
        written: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        write_error: Mutex::new(None),
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores / 2).clamp(1, MOST_THREADS);
    let (seen_sender, seen) = bounded(2 * batch.max(threads));
    let (finished, to_write) = bounded(2 * batch.max(threads));
    let (common, read) = (&shared, &read);
    let failed = thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, receiver) = (seen_sender.clone(), to_write.clone());
            scope.spawn(move || common.read(read, &sender));
            scope.spawn(move || common.write(&receiver));
        }
        drop((seen_sender, to_write));
        Running {
            shared: common,
            batch,
            make,
            finished,
            failed: BTreeMap::new(),
        }
        .all(&seen)
    });
    shared.progress.finish();
    let error = shared.write_error.into_inner();
    match error.unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(Made {
            pictures: shared.written.into_inner(),
            failed,
            time: started.elapsed(),
        }),
    }
}

impl Shared<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Reads one file after the other until there are none.
    fn read(
        &self,
        read: &(impl Fn(&Job) -> Result<Seen> + Sync),
        sender: &Sender<(usize, Result<Seen>)>,
    ) {
        while !self.is_stopped() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.jobs.get(number) else {
                return;
            };
            if sender.send((number, read(job))).is_err() {
                return;
            }
        }
    }

    /// Writes what comes until nothing more does.
    fn write(&self, receiver: &Receiver<Finished>) {
        for finished in receiver {
            if self.is_stopped() {
                continue;
            }
            match self.write_one(&finished) {
                Ok(()) => {
                    self.written.fetch_add(1, Ordering::Relaxed);
                    self.progress.advance();
                }
                Err(error) => {
                    self.stop.store(true, Ordering::Relaxed);
                    let slot = self.write_error.lock();
                    let mut slot = slot.unwrap_or_else(std::sync::PoisonError::into_inner);
                    slot.get_or_insert(error);
                }
            }
        }
    }

    fn write_one(&self, finished: &Finished) -> Result<()> {
        let (_, path) = &self.jobs[finished.job].pictures[finished.place];
        crate::files::create_parent(path)?;
        Ok(write_picture_png(
            path,
            &picture_from_signed(&finished.picture)?,
        )?)
    }
}

/// The thread that runs the network.
struct Running<'a, M> {
    shared: &'a Shared<'a>,
    batch: usize,
    make: M,
    finished: Sender<Finished>,
    failed: BTreeMap<usize, Error>,
}

impl<M: Fn(&[(&Seen, usize)]) -> Result<Vec<PixelsF32>>> Running<'_, M> {
    fn all(mut self, seen: &Receiver<(usize, Result<Seen>)>) -> BTreeMap<usize, Error> {
        // Inputs of one size, until there are enough of them.
        let mut waiting: Vec<([usize; 2], Vec<Wanted>)> = Vec::new();
        for (job, seen) in seen {
            if self.shared.is_stopped() {
                break;
            }
            let seen = match seen {
                Ok(seen) => Arc::new(seen),
                Err(error) => {
                    self.fail(job, error);
                    continue;
                }
            };
            let size = seen.size();
            for place in 0..self.shared.jobs[job].pictures.len() {
                let wanted = Wanted {
                    job,
                    seen: Arc::clone(&seen),
                    place,
                };
                let at = match waiting.iter().position(|(found, _)| *found == size) {
                    Some(at) => at,
                    None => {
                        waiting.push((size, Vec::new()));
                        waiting.len() - 1
                    }
                };
                waiting[at].1.push(wanted);
                if waiting[at].1.len() >= self.batch {
                    let (_, full) = waiting.swap_remove(at);
                    self.run(&full);
                }
            }
            let count: usize = waiting.iter().map(|(_, wanted)| wanted.len()).sum();
            if count >= WAITING_BATCHES * self.batch
                && let Some(fullest) =
                    (0..waiting.len()).max_by_key(|&group| waiting[group].1.len())
            {
                let (_, group) = waiting.swap_remove(fullest);
                self.run(&group);
            }
        }
        for (_, group) in waiting {
            self.run(&group);
        }
        self.failed
    }

    /// Runs a batch; one by one if that fails, to find the one that it is the fault of.
    fn run(&mut self, batch: &[Wanted]) {
        if self.shared.is_stopped() {
            return;
        }
        let number = |wanted: &Wanted| self.shared.jobs[wanted.job].pictures[wanted.place].0;
        let inputs: Vec<(&Seen, usize)> = batch
            .iter()
            .map(|wanted| (&*wanted.seen, number(wanted)))
            .collect();
        match (self.make)(&inputs) {
            Ok(pictures) => {
                for (wanted, picture) in batch.iter().zip(pictures) {
                    let finished = Finished {
                        job: wanted.job,
                        place: wanted.place,
                        picture,
                    };
                    // The writers end after this thread only.
                    let _ = self.finished.send(finished);
                }
            }
            Err(error) => match batch {
                [only] => {
                    let title = self.shared.jobs[only.job].title();
                    self.fail(only.job, Err::<(), _>(error).context(title).unwrap_err());
                }
                several => several.chunks(1).for_each(|one| self.run(one)),
            },
        }
    }

    fn fail(&mut self, job: usize, error: Error) {
        self.failed.entry(job).or_insert(error);
        self.shared
            .progress
            .skip(self.shared.jobs[job].pictures.len());
    }
}
