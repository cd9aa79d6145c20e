//! Memory that ranks on one machine share, for gradients on their way to an average.
//!
//! Every network whose gradients are on their way has a memory of its own, which the next takes over if it
//! is large enough. All ranks average the same networks in the same order, so they agree on which without
//! a word.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use anyhow::Result;
use underpaint_torch::shared::{Address, Own, Shared};

use super::libtorch::{Comm, OPERATION};
use crate::distributed::Share;

/// Set to 0, gradients are sent between ranks of one machine, too, as they are between machines.
const VARIABLE: &str = "UNDERPAINT_SHARED_MEMORY";

/// The memories of a run.
pub(in crate::distributed) struct Memory {
    share: Share,
    /// Whether this rank's user does not want any.
    refused: bool,
    state: RefCell<State>,
}

struct State {
    /// `false` once it was found that not all ranks can: another machine, another system.
    possible: bool,
    all: Vec<Held>,
}

#[derive(Clone)]
struct Held {
    shared: Rc<Shared>,
    room: usize,
    taken: Rc<Cell<bool>>,
}

/// Room for the gradients of one network.
pub(super) struct Piece {
    held: Held,
    count: usize,
}

impl Memory {
    pub(super) fn new(share: Share) -> Self {
        Self {
            share,
            refused: std::env::var(VARIABLE).is_ok_and(|value| value == "0"),
            state: RefCell::new(State {
                possible: true,
                all: Vec::new(),
            }),
        }
    }

    /// Room for `count` numbers; `None` where ranks do not share memory. All ranks call it together.
    ///
    /// # Errors
    ///
    /// If a rank is lost.
    pub(super) fn piece(&self, comm: &Comm, count: usize) -> Result<Option<Piece>> {
        let mut state = self.state.borrow_mut();
        if !state.possible {
            return Ok(None);
        }
        let free = state.all.iter().position(|held| !held.taken.get());
        let place = free.unwrap_or(state.all.len());
        if state.all.get(place).is_none_or(|held| held.room < count) {
            // The one that is too small goes first.
            state.all.truncate(place);
            let Some(shared) = self.share_out(comm, count)? else {
                state.possible = false;
                return Ok(None);
            };
            state.all.push(Held {
                shared: Rc::new(shared),
                room: count,
                taken: Rc::default(),
            });
        }
        let held = state.all[place].clone();
        held.taken.set(true);
        Ok(Some(Piece { held, count }))
    }

    /// New memory on all ranks, or on none.
    fn share_out(&self, comm: &Comm, count: usize) -> Result<Option<Shared>> {
        // A rank that has none says so, instead of leaving the others waiting.
        let own = match self.refused {
            true => None,
            false => Own::new(count).ok(),
        };
        let address = own.as_ref().map(Own::address);
        let all = comm.gather(&address.map_or(Vec::new(), written))?;
        let Some(all) = all
            .iter()
            .map(|bytes| read(bytes))
            .collect::<Option<Vec<_>>>()
        else {
            return Ok(None);
        };
        let joined = own
            .as_ref()
            .and_then(|own| Shared::join(own, self.share.rank, &all, OPERATION).ok());
        let everybody = comm.gather(&[u8::from(joined.is_some())])?;
        let everybody = everybody.iter().all(|joined| *joined == [1]);
        Ok(joined.filter(|_| everybody))
    }
}

impl Piece {
    /// This rank's numbers: its gradients, and then the averages. The next network's take their place
    /// once [`average`](Self::average) has been called and its result used.
    pub(super) fn tensor(&self) -> Result<tch::Tensor> {
        Ok(self.held.shared.tensor(self.count)?)
    }

    /// Says that they are there.
    pub(super) fn arrive(&self) {
        self.held.shared.arrive();
    }

    /// Waits for those of the others.
    pub(super) fn average(self) -> Result<()> {
        Ok(self.held.shared.average(self.count)?)
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.held.taken.set(false);
    }
}

fn written(address: Address) -> Vec<u8> {
    let Address {
        process,
        file,
        secret,
    } = address;
    let numbers = [
        process.to_le_bytes(),
        file.to_le_bytes(),
        secret.to_le_bytes(),
    ];
    numbers.concat()
}

fn read(bytes: &[u8]) -> Option<Address> {
    let (numbers, rest) = bytes.as_chunks::<8>();
    match (numbers, rest) {
        ([process, file, secret], []) => Some(Address {
            process: i64::from_le_bytes(*process),
            file: i64::from_le_bytes(*file),
            secret: u64::from_le_bytes(*secret),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_from_its_bytes_and_nothing_else_does() {
        let address = Address {
            process: 123_456,
            file: 7,
            secret: u64::MAX - 5,
        };
        let bytes = written(address);
        assert_eq!(read(&bytes), Some(address));
        assert_eq!(read(&bytes[1..]), None);
        assert_eq!(read(&[]), None);
    }
}
