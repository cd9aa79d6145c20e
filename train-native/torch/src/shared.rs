//! Memory that the processes of one machine share, to average what each has computed without sending it
//! anywhere: every process adds up a part of the numbers of all, in place.
//!
//! Each makes a piece ([`Own`]), tells the others its [`Address`], and all join them ([`Shared`]). Linux
//! only; elsewhere [`Own::new`] fails.

use std::collections::hash_map::RandomState;
use std::ffi::{c_char, c_int};
use std::hash::BuildHasher;
use std::ptr::{NonNull, null_mut};
use std::time::Duration;

use tch::Tensor;
use torch_sys::C_tensor;

use crate::error::{answered, made, milliseconds, number};
use crate::{Error, Result};

#[repr(C)]
struct RawOwn {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawShared {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn underpaint_shared_create(
        count: u64,
        secret: u64,
        out: *mut *mut RawOwn,
        file: *mut c_int,
    ) -> *mut c_char;
    fn underpaint_shared_own_free(own: *mut RawOwn);
    fn underpaint_shared_join(
        own: *const RawOwn,
        rank: c_int,
        size: c_int,
        processes: *const i64,
        files: *const i64,
        secrets: *const u64,
        timeout_ms: i64,
        out: *mut *mut RawShared,
    ) -> *mut c_char;
    fn underpaint_shared_tensor(
        shared: *const RawShared,
        count: i64,
        out: *mut *mut C_tensor,
    ) -> *mut c_char;
    fn underpaint_shared_arrive(shared: *mut RawShared);
    fn underpaint_shared_average(shared: *mut RawShared, count: i64) -> *mut c_char;
    fn underpaint_shared_free(shared: *mut RawShared);
}

/// Where a process's memory is, for processes of the same machine and user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The process.
    pub process: i64,
    /// The file's number there.
    pub file: i64,
    /// What the memory begins with, so that no other is taken for it.
    pub secret: u64,
}

/// Memory of this process. Keep it until all others have joined.
#[derive(Debug)]
pub struct Own {
    raw: NonNull<RawOwn>,
    address: Address,
}

impl Own {
    /// Makes room for `count` numbers of 32 bits.
    ///
    /// # Errors
    ///
    /// If the system has no such memory, or not as much.
    pub fn new(count: usize) -> Result<Self> {
        // Random keys, which every new one of these has, give an unforeseeable number.
        let secret = RandomState::new().hash_one(std::process::id());
        let (mut own, mut file) = (null_mut(), 0);
        // SAFETY: both outputs are written if nothing fails.
        unsafe {
            answered(underpaint_shared_create(
                count as u64,
                secret,
                &mut own,
                &mut file,
            ))?;
        }
        let address = Address {
            process: i64::from(std::process::id()),
            file: i64::from(file),
            secret,
        };
        made(own).map(|raw| Self { raw, address })
    }

    /// Where the others find it.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // SAFETY: made by `underpaint_shared_create`, freed once.
        unsafe { underpaint_shared_own_free(self.raw.as_ptr()) }
    }
}

/// The memory of all processes.
#[derive(Debug)]
pub struct Shared(NonNull<RawShared>);

impl Shared {
    /// Finds the memory of all, whose addresses are listed by rank.
    ///
    /// # Errors
    ///
    /// If one is not there: on another machine, in another namespace, or of another size.
    pub fn join(own: &Own, rank: usize, all: &[Address], timeout: Duration) -> Result<Self> {
        if all.get(rank) != Some(&own.address) {
            return Err(Error::new("expected the own address among all"));
        }
        let processes: Vec<i64> = all.iter().map(|address| address.process).collect();
        let files: Vec<i64> = all.iter().map(|address| address.file).collect();
        let secrets: Vec<u64> = all.iter().map(|address| address.secret).collect();
        let mut shared = null_mut();
        // SAFETY: as many numbers as are said; `shared` is written if nothing fails.
        unsafe {
            answered(underpaint_shared_join(
                own.raw.as_ptr(),
                number(rank)?,
                number(all.len())?,
                processes.as_ptr(),
                files.as_ptr(),
                secrets.as_ptr(),
                milliseconds(timeout),
                &mut shared,
            ))?;
        }
        made(shared).map(Self)
    }

    /// The first `count` numbers of this process's memory, which the tensor keeps alive. The others
    /// change them in [`average`](Self::average), and only then.
    ///
    /// # Errors
    ///
    /// If there is no room for so many.
    pub fn tensor(&self, count: usize) -> Result<Tensor> {
        let mut tensor = null_mut();
        // SAFETY: a live object; `tensor` is written if nothing fails, and belongs to the caller.
        unsafe {
            answered(underpaint_shared_tensor(
                self.0.as_ptr(),
                count as i64,
                &mut tensor,
            ))?;
            Ok(Tensor::from_ptr(made(tensor)?.as_ptr()))
        }
    }

    /// Says that this process's numbers are there. All processes call this and then
    /// [`average`](Self::average), in turns.
    pub fn arrive(&self) {
        // SAFETY: a live object.
        unsafe { underpaint_shared_arrive(self.0.as_ptr()) }
    }

    /// Waits until all have [arrived](Self::arrive), and replaces the first `count` numbers of each by
    /// their means over all: the same bits on every process.
    ///
    /// # Errors
    ///
    /// If one does not come within the time that was given to [`join`](Self::join).
    pub fn average(&self, count: usize) -> Result<()> {
        // SAFETY: a live object; a tensor of as many numbers was had from it.
        unsafe { answered(underpaint_shared_average(self.0.as_ptr(), count as i64)) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: made by `underpaint_shared_join`, freed once; tensors hold the memory by themselves.
        unsafe { underpaint_shared_free(self.0.as_ptr()) }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::{Barrier, Mutex};
    use std::thread;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    /// Threads are good enough for processes: `/proc` has their files, too.
    fn ranks<T: Send>(
        size: usize,
        count: usize,
        work: impl Fn(usize, &Shared) -> T + Sync,
    ) -> Vec<T> {
        let (addresses, here) = (Mutex::new(vec![None; size]), Barrier::new(size));
        let as_rank = |rank: usize| {
            let own = Own::new(count).expect("memory");
            addresses.lock().expect("no panic")[rank] = Some(own.address());
            here.wait();
            let all = addresses.lock().expect("no panic").clone();
            let all: Vec<Address> = all.into_iter().flatten().collect();
            let shared = Shared::join(&own, rank, &all, TIMEOUT).expect("joined");
            here.wait();
            drop(own);
            work(rank, &shared)
        };
        thread::scope(|scope| {
            let started: Vec<_> = (0..size)
                .map(|rank| scope.spawn(move || as_rank(rank)))
                .collect();
            let ended = started.into_iter().map(|thread| thread.join());
            ended.map(|ended| ended.expect("no panic")).collect()
        })
    }

    #[test]
    fn means_are_of_all_ranks_time_after_time_and_the_rest_stays() {
        let (size, count) = (3, 100_003);
        let ends = ranks(size, count + 1, |rank, shared| {
            let mut own = shared.tensor(count + 1).expect("room");
            for turn in 0..20 {
                let values: Vec<f32> = (0..=count)
                    .map(|index| (index % 97 + turn) as f32 * (rank + 1) as f32)
                    .collect();
                own.copy_(&Tensor::from_slice(&values));
                shared.arrive();
                shared.average(count).expect("averaged");
            }
            Vec::<f32>::try_from(&own).expect("f32")
        });
        for (rank, end) in ends.iter().enumerate() {
            // 1, 2 and 3 times the value, in the last turn.
            for (index, &value) in end[..count].iter().enumerate() {
                assert_eq!(value, (index % 97 + 19) as f32 * 2.0, "{index}");
            }
            assert_eq!(end[count], (count % 97 + 19) as f32 * (rank + 1) as f32);
        }
    }

    #[test]
    fn other_memory_is_not_taken_for_a_ranks() {
        let own = Own::new(8).expect("memory");
        let join = |other: Address| {
            let joined = Shared::join(&own, 0, &[own.address(), other], TIMEOUT);
            joined.expect_err("another").to_string()
        };
        let larger = Own::new(16).expect("memory");
        assert!(join(larger.address()).contains("another size"));
        let same = Own::new(8).expect("memory");
        let stranger = Address {
            secret: same.address().secret ^ 1,
            ..same.address()
        };
        assert!(join(stranger).contains("another run"));
        let gone = Address {
            file: 1 << 20,
            ..same.address()
        };
        assert!(join(gone).contains("No such file"), "{}", join(gone));
        let manifest = std::fs::File::open("Cargo.toml").expect("this crate's");
        let file = std::os::fd::AsRawFd::as_raw_fd(&manifest);
        let other = Address {
            file: i64::from(file),
            ..same.address()
        };
        assert!(join(other).contains("Cargo.toml"));
        assert!(Shared::join(&own, 1, &[own.address()], TIMEOUT).is_err());
    }

    #[test]
    fn a_rank_that_does_not_come_is_named() {
        let own = Own::new(4).expect("memory");
        let other = Own::new(4).expect("memory");
        let all = [own.address(), other.address()];
        let patience = Duration::from_millis(150);
        let shared = Shared::join(&own, 0, &all, patience).expect("joined");
        shared.arrive();
        let error = shared.average(4).expect_err("nobody else is there");
        assert!(error.to_string().contains("rank 1"), "{error}");
    }
}
