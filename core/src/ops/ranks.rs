//! Sums over the processes of a run, for what depends on a batch of which each has a share.

use std::cell::RefCell;
use std::rc::Rc;

use burn::tensor::Tensor;

/// Adds up over all processes; the caller of a network knows how.
pub trait RankSums {
    /// The sum of every process's `values`, which are of one length, on all of them.
    fn sum(&self, values: Tensor<1>) -> Tensor<1>;
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn RankSums>>> = const { RefCell::new(None) };
}

/// Lets batch norms of this thread take their statistics over all processes, forward and backward,
/// until the result is dropped.
pub fn synchronize(sums: Rc<dyn RankSums>) -> Synchronized {
    CURRENT.set(Some(sums));
    Synchronized(())
}

/// See [`synchronize`].
#[must_use = "batch norms are synchronised for as long as it lives"]
pub struct Synchronized(());

impl Drop for Synchronized {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

/// Whether there is anybody to add up with.
#[cfg(feature = "tch")]
pub(super) fn synchronized() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// The sum over all processes; of this one where it is alone.
#[cfg(feature = "tch")]
pub(super) fn sum(values: Tensor<1>) -> Tensor<1> {
    match CURRENT.with_borrow(Clone::clone) {
        Some(sums) => sums.sum(values),
        None => values,
    }
}
