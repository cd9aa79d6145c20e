//! One run on several devices and machines: as many processes ("ranks") as devices, each with all
//! weights and a share of every batch.
//!
//! Before every update the ranks average their gradients, so that all make the same one; N ranks of
//! batch b do what one of batch N·b does (`docs/several-devices.md` lists where not, and why). Rank 0 is
//! the one that reports, samples, validates and writes.
//!
//! [`World`] says which rank this process is, [`Ranks`] is what the ranks do together, and
//! [`Ranks::enter`] makes it known to everything below the loop that has to ask: the share of a batch,
//! the average of gradients, the statistics of a batch norm. All of them are as without ranks where
//! nobody has entered. What fails there fails for good, and [`agree`], which every step passes, tells.

mod comm;
#[cfg_attr(
    not(feature = "tch"),
    allow(dead_code, reason = "ranks need libtorch's process groups")
)]
mod watch;
mod world;

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::{Result, anyhow};
use burn::tensor::{Gradients, Tensor};
use underpaint_core::state_dict::AuthorsKeys;

use self::comm::Comm;
use self::watch::Watch;
use crate::device::DeviceName;
use crate::family::{Losses, derive_seed};
use underpaint_core::ops::{RankSums, Synchronized, synchronize};

pub use self::comm::Averaging;
pub use self::world::World;

/// Variable in which `underpaint launch` tells the processes that it starts who started them.
pub const LAUNCHER: &str = "UNDERPAINT_LAUNCHER";

thread_local! {
    static CURRENT: RefCell<Option<Rc<Ranks>>> = const { RefCell::new(None) };
}

/// Which part of every batch is this rank's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Number of this rank, from 0.
    pub rank: usize,
    /// Number of ranks.
    pub size: usize,
}

impl Share {
    /// All of it.
    pub const ALL: Self = Self { rank: 0, size: 1 };

    /// Samples of all ranks, where each has `own`.
    #[must_use]
    pub fn global(self, own: usize) -> usize {
        own * self.size
    }

    /// This rank's rows of what was drawn for all: a block of as many as every other rank has.
    ///
    /// # Shapes
    ///
    /// - `global`: `[rows of all ranks, …]`
    /// - result: `[rows of one rank, …]`
    #[must_use]
    pub fn rows<const D: usize>(self, global: Tensor<D>) -> Tensor<D> {
        if self.size == 1 {
            return global;
        }
        let own = global.dims()[0] / self.size;
        global.narrow(0, self.rank * own, own)
    }

    /// A loss that sums over the batch, so that its mean over ranks is the sum over all of them.
    #[must_use]
    pub fn summed(self, loss: Tensor<1>) -> Tensor<1> {
        match self.size {
            1 => loss,
            size => loss * size as f64,
        }
    }

    /// A seed for what every rank draws by itself.
    #[must_use]
    pub fn own_seed(self, seed: u64) -> u64 {
        match self.rank {
            0 => seed,
            rank => derive_seed(seed, rank as u64),
        }
    }
}

/// The ranks of a run, of which this process is one.
pub struct Ranks {
    share: Share,
    comm: Comm,
    watch: Watch,
    /// What went wrong first; nothing is sent or received from then on.
    broken: RefCell<Option<String>>,
}

impl Ranks {
    /// Waits until all ranks are there.
    ///
    /// # Errors
    ///
    /// If one does not come, or this build has no libtorch.
    pub fn join(world: &World) -> Result<Rc<Self>> {
        let (comm, watch) = comm::join(world)?;
        Ok(Rc::new(Self {
            share: world.share(),
            comm,
            watch,
            broken: RefCell::new(None),
        }))
    }

    /// Which of them this is.
    pub fn share(&self) -> Share {
        self.share
    }

    /// Makes them known to the thread, for as long as the result lives.
    pub fn enter(self: &Rc<Self>) -> Entered {
        CURRENT.set(Some(Rc::clone(self)));
        Entered(())
    }

    /// Lets devices talk to each other without the host, where this build and the device can: gradients
    /// go that way.
    ///
    /// # Errors
    ///
    /// If the devices cannot be connected.
    pub fn connect(&self, device: DeviceName) -> Result<()> {
        self.tried(|comm| comm.connect(device, self.share))
    }

    /// Lets batch norms take their statistics over all ranks, for as long as the result lives.
    pub fn synchronize_norms(self: &Rc<Self>) -> Synchronized {
        synchronize(Rc::new(NormSums(Rc::clone(self))))
    }

    /// Bytes of rank 0, on all ranks. The others' are ignored.
    ///
    /// # Errors
    ///
    /// Naming the rank that was lost.
    pub fn broadcast(&self, bytes: Vec<u8>) -> Result<Vec<u8>> {
        self.tried(|comm| comm.broadcast(bytes))
    }

    /// The bytes of all ranks, by rank, on all of them.
    ///
    /// # Errors
    ///
    /// Naming the rank that was lost.
    pub fn gather(&self, bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.tried(|comm| comm.gather(bytes))
    }

    /// Gives bytes to a rank that [`receive`](Self::receive)s them.
    ///
    /// # Errors
    ///
    /// Naming the rank that was lost.
    pub fn send(&self, bytes: &[u8], to: usize) -> Result<()> {
        self.tried(|comm| comm.send(bytes, to))
    }

    /// Takes what a rank sends.
    ///
    /// # Errors
    ///
    /// Naming the rank that was lost.
    pub fn receive(&self, from: usize) -> Result<Vec<u8>> {
        self.tried(|comm| comm.receive(from))
    }

    /// Sums over all ranks, the same bits on each.
    ///
    /// # Errors
    ///
    /// Naming the rank that was lost.
    pub fn sum(&self, values: Vec<f64>) -> Result<Vec<f64>> {
        self.tried(|comm| comm.sum(values))
    }

    /// Says good-bye: from here on nobody is missed. Call it once all work is done.
    ///
    /// # Errors
    ///
    /// Naming the rank that was lost before.
    pub fn part(&self) -> Result<()> {
        self.tried(Comm::barrier)?;
        self.watch.part();
        Ok(())
    }

    /// Ends this process because of an error, and tells the others about it.
    pub fn end(&self, error: &anyhow::Error) -> ! {
        self.watch.end(&format!("{error:#}"))
    }

    fn tried<T>(&self, work: impl FnOnce(&Comm) -> Result<T>) -> Result<T> {
        if let Some(reason) = self.broken.borrow().as_ref() {
            return Err(anyhow!("{reason}"));
        }
        work(&self.comm).map_err(|error| {
            let reason = self.watch.explain(&format!("{error:#}"));
            *self.broken.borrow_mut() = Some(reason.clone());
            anyhow!(reason)
        })
    }
}

/// What batch norms ask for.
struct NormSums(Rc<Ranks>);

impl RankSums for NormSums {
    fn sum(&self, values: Tensor<1>) -> Tensor<1> {
        let alone = values.clone();
        let sums = self.0.tried(|comm| comm.sum_tensor(values));
        // Kept, and told by the next `agree`.
        sums.unwrap_or(alone)
    }
}

/// Ends with the thread's knowledge of its ranks.
#[must_use = "the ranks are known for as long as it lives"]
pub struct Entered(());

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

/// The ranks that the thread works for; none in a run of one process.
pub fn current() -> Option<Rc<Ranks>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Which part of every batch is the thread's.
#[must_use]
pub fn share() -> Share {
    current().map_or(Share::ALL, |ranks| ranks.share)
}

/// Starts to average the gradients of a network over all ranks. What happens to other networks
/// meanwhile happens beside it.
pub fn start_averaging<M: AuthorsKeys>(network: &M, gradients: &Gradients) -> Averaging {
    let Some(ranks) = current() else {
        return Averaging::none();
    };
    let started = ranks.tried(|comm| comm.start_averaging(network, gradients));
    started.unwrap_or_else(|_| Averaging::none())
}

/// Waits for the averages and puts them in the place of the gradients.
pub fn finish_averaging<M: AuthorsKeys>(
    averaging: Averaging,
    network: &M,
    gradients: &mut Gradients,
) {
    if let Some(ranks) = current() {
        // Kept, and told by the next `agree`.
        let _ = ranks.tried(|comm| comm.finish_averaging(averaging, network, gradients));
    }
}

/// What all ranks say of a step: the mean of each loss, and whether any was asked to stop.
///
/// # Errors
///
/// Naming the rank that was lost in this step, if one was.
pub fn agree(losses: Losses, stop: bool) -> Result<(Losses, bool)> {
    let Some(ranks) = current() else {
        return Ok((losses, stop));
    };
    let size = ranks.share.size as f64;
    let mut values: Vec<f64> = losses.iter().map(|(_, value)| *value).collect();
    values.push(f64::from(u8::from(stop)));
    let mut sums = ranks.sum(values)?;
    let stops = sums.pop().is_some_and(|count| count > 0.0);
    let names = losses.into_iter().map(|(name, _)| name);
    // Losses are f32, and so are the reports.
    let means = sums.into_iter().map(|sum| f64::from((sum / size) as f32));
    Ok((names.zip(means).collect(), stops))
}

/// What rank 0 measures, on all ranks.
///
/// # Errors
///
/// Those of `measure`, or naming the rank that was lost.
pub fn by_rank_0(measure: impl FnOnce() -> Result<f64>) -> Result<f64> {
    let Some(ranks) = current() else {
        return measure();
    };
    let value = match ranks.share.rank {
        0 => measure()?,
        _ => 0.0,
    };
    let bytes = ranks.broadcast(value.to_le_bytes().to_vec())?;
    let bytes = bytes.try_into().map_err(|_| anyhow!("expected 8 bytes"))?;
    Ok(f64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn shares_are_blocks_and_sums_count_for_all() {
        let device = Device::flex();
        let drawn = Tensor::<1>::from_data([0.0f32, 1.0, 2.0, 3.0], &device);
        let values = |tensor: Tensor<1>| tensor.into_data().iter::<f32>().collect::<Vec<_>>();
        let second = Share { rank: 1, size: 2 };
        assert_eq!(values(second.rows(drawn.clone())), [2.0, 3.0]);
        assert_eq!(values(Share::ALL.rows(drawn.clone())), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(values(second.summed(drawn.narrow(0, 1, 1))), [2.0]);
        assert_eq!(second.global(3), 6);
    }

    #[test]
    fn rank_0_draws_what_a_single_process_does_and_every_rank_something_else() {
        let seed = |rank| Share { rank, size: 3 }.own_seed(7);
        assert_eq!(seed(0), 7);
        assert!(seed(1) != 7 && seed(2) != 7 && seed(1) != seed(2));
    }

    #[test]
    fn alone_nothing_is_asked() {
        assert_eq!(share(), Share::ALL);
        let losses: Losses = vec![("G", 0.5)];
        assert_eq!(agree(losses.clone(), true).expect("alone"), (losses, true));
        assert_eq!(by_rank_0(|| Ok(2.5)).expect("alone"), 2.5);
    }
}
