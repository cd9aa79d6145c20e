//! Processes that train one model together: c10d's store, in which they find each other, and its
//! process groups, over which they add up what each has computed.
//!
//! All ranks of a group call the same operations in the same order.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::slice;
use std::time::Duration;

use tch::Tensor;
use torch_sys::C_tensor;

use crate::error::{answered, made, milliseconds, number};
use crate::{Error, Result};

#[repr(C)]
struct RawStore {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawGroup {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawWork {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn underpaint_store_new(
        host: *const c_char,
        port: u16,
        size: c_int,
        server: bool,
        prefix: *const c_char,
        timeout_ms: i64,
        out: *mut *mut RawStore,
    ) -> *mut c_char;
    fn underpaint_store_set(
        store: *mut RawStore,
        key: *const c_char,
        bytes: *const u8,
        count: usize,
    ) -> *mut c_char;
    fn underpaint_store_get(
        store: *mut RawStore,
        key: *const c_char,
        out: *mut *mut u8,
        count: *mut usize,
    ) -> *mut c_char;
    fn underpaint_store_free(store: *mut RawStore);
    fn underpaint_group_gloo(
        store: *mut RawStore,
        rank: c_int,
        size: c_int,
        address: *const c_char,
        interface: bool,
        timeout_ms: i64,
        out: *mut *mut RawGroup,
    ) -> *mut c_char;
    fn underpaint_group_nccl(
        store: *mut RawStore,
        rank: c_int,
        size: c_int,
        timeout_ms: i64,
        out: *mut *mut RawGroup,
    ) -> *mut c_char;
    fn underpaint_group_hccl(
        store: *mut RawStore,
        rank: c_int,
        size: c_int,
        timeout_ms: i64,
        out: *mut *mut RawGroup,
    ) -> *mut c_char;
    fn underpaint_has_nccl() -> bool;
    fn underpaint_has_hccl() -> bool;
    fn underpaint_all_reduce(
        group: *mut RawGroup,
        tensor: *const C_tensor,
        out: *mut *mut RawWork,
    ) -> *mut c_char;
    fn underpaint_broadcast(
        group: *mut RawGroup,
        tensor: *const C_tensor,
        root: c_int,
        out: *mut *mut RawWork,
    ) -> *mut c_char;
    fn underpaint_all_gather(
        group: *mut RawGroup,
        own: *const C_tensor,
        all: *const *mut C_tensor,
        count: c_int,
        out: *mut *mut RawWork,
    ) -> *mut c_char;
    fn underpaint_send(
        group: *mut RawGroup,
        tensor: *const C_tensor,
        to: c_int,
        out: *mut *mut RawWork,
    ) -> *mut c_char;
    fn underpaint_receive(
        group: *mut RawGroup,
        tensor: *const C_tensor,
        from: c_int,
        out: *mut *mut RawWork,
    ) -> *mut c_char;
    fn underpaint_barrier(group: *mut RawGroup, out: *mut *mut RawWork) -> *mut c_char;
    fn underpaint_wait(work: *mut RawWork) -> *mut c_char;
    fn underpaint_work_free(work: *mut RawWork);
    fn underpaint_group_free(group: *mut RawGroup);
    fn underpaint_exit_now(code: c_int) -> !;
    fn free(pointer: *mut c_void);
}

/// Whether NVIDIA GPUs can talk to each other without the host.
#[must_use]
pub fn has_nccl() -> bool {
    // SAFETY: says what was compiled.
    unsafe { underpaint_has_nccl() }
}

/// Whether Ascend NPUs can talk to each other without the host.
#[must_use]
pub fn has_hccl() -> bool {
    // SAFETY: says what was compiled.
    unsafe { underpaint_has_hccl() }
}

/// Ends the process at once: nothing is flushed or destroyed, and no thread is waited for.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_Exit`, which may be called at any time.
    unsafe { underpaint_exit_now(code) }
}

/// Where the processes of a group meet.
#[derive(Debug, Clone)]
pub struct Meeting<'a> {
    /// Host of the process that keeps the store.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// Whether this process keeps the store.
    pub server: bool,
    /// Number of processes.
    pub size: usize,
    /// Put in front of every key, so that what an earlier meeting at the same store left does not
    /// count.
    pub prefix: &'a str,
    /// How long to wait for the others.
    pub timeout: Duration,
}

/// Values by key that all processes see.
#[derive(Debug)]
pub struct Store(NonNull<RawStore>);

// SAFETY: c10d's stores lock themselves.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

impl Store {
    /// Waits until all processes are there.
    ///
    /// # Errors
    ///
    /// If they are not in time, or the port is taken.
    pub fn meet(meeting: &Meeting<'_>) -> Result<Self> {
        let (host, prefix) = (text(meeting.host)?, text(meeting.prefix)?);
        let mut store = null_mut();
        // SAFETY: two texts that live on; `store` is written if nothing fails.
        unsafe {
            answered(underpaint_store_new(
                host.as_ptr(),
                meeting.port,
                number(meeting.size)?,
                meeting.server,
                prefix.as_ptr(),
                milliseconds(meeting.timeout),
                &mut store,
            ))?;
        }
        made(store).map(Self)
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// If the store is gone.
    pub fn set(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let key = text(key)?;
        // SAFETY: a live store, a text and as many bytes as are said, all copied.
        unsafe {
            answered(underpaint_store_set(
                self.0.as_ptr(),
                key.as_ptr(),
                bytes.as_ptr(),
                bytes.len(),
            ))
        }
    }

    /// Waits for a value.
    ///
    /// # Errors
    ///
    /// If nobody sets it in time, or the store is gone.
    pub fn get(&self, key: &str) -> Result<Vec<u8>> {
        let key = text(key)?;
        let (mut bytes, mut count) = (null_mut(), 0);
        // SAFETY: a live store and a text; both outputs are written if nothing fails.
        unsafe {
            answered(underpaint_store_get(
                self.0.as_ptr(),
                key.as_ptr(),
                &mut bytes,
                &mut count,
            ))?;
            let value = slice::from_raw_parts(bytes, count).to_vec();
            free(bytes.cast());
            Ok(value)
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: made by `underpaint_store_new`, freed once. Groups hold the store by themselves.
        unsafe { underpaint_store_free(self.0.as_ptr()) }
    }
}

/// Where a process takes its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interface {
    /// At an address or host name of this machine.
    Address(String),
    /// At a network interface, by name.
    Name(String),
}

/// Processes that compute together.
#[derive(Debug)]
pub struct Group {
    raw: NonNull<RawGroup>,
    size: usize,
}

// SAFETY: c10d's backends may be used from any thread, by one at a time; `Sync` is not claimed.
unsafe impl Send for Group {}

impl Group {
    /// Over TCP, between tensors in host memory.
    ///
    /// # Errors
    ///
    /// If the address is none of this machine, or the others do not come in time.
    pub fn gloo(
        store: &Store,
        rank: usize,
        size: usize,
        interface: &Interface,
        timeout: Duration,
    ) -> Result<Self> {
        let (name, is_name) = match interface {
            Interface::Address(address) => (text(address)?, false),
            Interface::Name(name) => (text(name)?, true),
        };
        let mut group = null_mut();
        // SAFETY: a live store and a text; `group` is written if nothing fails.
        unsafe {
            answered(underpaint_group_gloo(
                store.0.as_ptr(),
                number(rank)?,
                number(size)?,
                name.as_ptr(),
                is_name,
                milliseconds(timeout),
                &mut group,
            ))?;
        }
        Ok(Self {
            raw: made(group)?,
            size,
        })
    }

    /// Between tensors on NVIDIA GPUs, one for each rank. Compiled where [`has_nccl`] says so.
    ///
    /// # Errors
    ///
    /// If it is not compiled.
    pub fn nccl(store: &Store, rank: usize, size: usize, timeout: Duration) -> Result<Self> {
        Self::on_devices(underpaint_group_nccl, store, rank, size, timeout)
    }

    /// Between tensors on Ascend NPUs, one for each rank. Compiled where [`has_hccl`] says so.
    ///
    /// # Errors
    ///
    /// If it is not compiled.
    pub fn hccl(store: &Store, rank: usize, size: usize, timeout: Duration) -> Result<Self> {
        Self::on_devices(underpaint_group_hccl, store, rank, size, timeout)
    }

    fn on_devices(
        make: unsafe extern "C" fn(
            *mut RawStore,
            c_int,
            c_int,
            i64,
            *mut *mut RawGroup,
        ) -> *mut c_char,
        store: &Store,
        rank: usize,
        size: usize,
        timeout: Duration,
    ) -> Result<Self> {
        let mut group = null_mut();
        // SAFETY: a live store; `group` is written if nothing fails.
        unsafe {
            answered(make(
                store.0.as_ptr(),
                number(rank)?,
                number(size)?,
                milliseconds(timeout),
                &mut group,
            ))?;
        }
        Ok(Self {
            raw: made(group)?,
            size,
        })
    }

    /// Number of ranks.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Starts to sum up `tensor` over all ranks, in place; its elements are undefined until the work is
    /// done. All ranks end up with the same bits.
    ///
    /// # Errors
    ///
    /// If the group cannot work on such a tensor.
    pub fn all_reduce(&self, tensor: &Tensor) -> Result<Work> {
        let mut work = null_mut();
        // SAFETY: a live group and tensor, which the work holds on to; `work` is written if nothing
        // fails.
        unsafe {
            answered(underpaint_all_reduce(
                self.raw.as_ptr(),
                tensor.as_ptr(),
                &mut work,
            ))?;
        }
        made(work).map(Work)
    }

    /// Replaces `tensor` by that of the rank `root`.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub fn broadcast(&self, tensor: &mut Tensor, root: usize) -> Result<()> {
        let (root, mut work) = (number(root)?, null_mut());
        // SAFETY: as in `all_reduce`.
        unsafe {
            answered(underpaint_broadcast(
                self.raw.as_ptr(),
                tensor.as_mut_ptr(),
                root,
                &mut work,
            ))?;
        }
        made(work).map(Work)?.wait()
    }

    /// The tensors of all ranks, by rank; all have one shape.
    ///
    /// # Errors
    ///
    /// If another rank is lost.
    pub fn all_gather(&self, tensor: &Tensor) -> Result<Vec<Tensor>> {
        let mut all: Vec<Tensor> = (0..self.size).map(|_| tensor.zeros_like()).collect();
        let pointers: Vec<*mut C_tensor> = all.iter_mut().map(Tensor::as_mut_ptr).collect();
        let mut work = null_mut();
        // SAFETY: as many live tensors as are said, which the work holds on to; `work` is written if
        // nothing fails.
        unsafe {
            answered(underpaint_all_gather(
                self.raw.as_ptr(),
                tensor.as_ptr(),
                pointers.as_ptr(),
                number(pointers.len())?,
                &mut work,
            ))?;
        }
        made(work).map(Work)?.wait()?;
        Ok(all)
    }

    /// Gives `tensor` to one rank, which [`receive`](Self::receive)s it.
    ///
    /// # Errors
    ///
    /// If that rank is lost.
    pub fn send(&self, tensor: &Tensor, to: usize) -> Result<()> {
        let (to, mut work) = (number(to)?, null_mut());
        // SAFETY: as in `all_reduce`.
        unsafe {
            answered(underpaint_send(
                self.raw.as_ptr(),
                tensor.as_ptr(),
                to,
                &mut work,
            ))?;
        }
        made(work).map(Work)?.wait()
    }

    /// Replaces `tensor` by the one that a rank sends.
    ///
    /// # Errors
    ///
    /// If that rank is lost.
    pub fn receive(&self, tensor: &mut Tensor, from: usize) -> Result<()> {
        let (from, mut work) = (number(from)?, null_mut());
        // SAFETY: as in `all_reduce`.
        unsafe {
            answered(underpaint_receive(
                self.raw.as_ptr(),
                tensor.as_mut_ptr(),
                from,
                &mut work,
            ))?;
        }
        made(work).map(Work)?.wait()
    }

    /// Waits for all ranks.
    ///
    /// # Errors
    ///
    /// If one is lost.
    pub fn barrier(&self) -> Result<()> {
        let mut work = null_mut();
        // SAFETY: a live group; `work` is written if nothing fails.
        unsafe { answered(underpaint_barrier(self.raw.as_ptr(), &mut work))? };
        made(work).map(Work)?.wait()
    }
}

impl Drop for Group {
    /// Waits for work under way, which may take as long as the group's timeout if a rank is lost.
    fn drop(&mut self) {
        // SAFETY: made by this crate, freed once.
        unsafe { underpaint_group_free(self.raw.as_ptr()) }
    }
}

/// Work under way. Dropping it does not end it.
#[derive(Debug)]
#[must_use = "its result is there once it was waited for"]
pub struct Work(NonNull<RawWork>);

// SAFETY: c10d's work may be waited for by any thread.
unsafe impl Send for Work {}

impl Work {
    /// Waits until it is done.
    ///
    /// # Errors
    ///
    /// If a rank is lost, or the group's timeout passes.
    pub fn wait(self) -> Result<()> {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        // SAFETY: a live work, which ends with this call.
        unsafe { answered(underpaint_wait(raw)) }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // SAFETY: made by this crate, freed once: `wait` forgets it.
        unsafe { underpaint_work_free(self.0.as_ptr()) }
    }
}

fn text(text: &str) -> Result<CString> {
    CString::new(text)
        .map_err(|_| Error::new(format!("{text:?}: expected a text without zero bytes")))
}

#[cfg(test)]
mod tests;
