//! A device of the system or the browser.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use super::bounds::Bounds;
use super::kernel::Kernel;
use super::pipeline::Pipeline;
use super::tune::Tuning;
use super::wait;
use crate::{Error, Result};

/// Words in the names of adapters that compute on the CPU.
const SOFTWARE: [&str; 4] = ["swiftshader", "llvmpipe", "lavapipe", "basic render"];

/// What the adapter says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Its name; may be empty in browsers.
    pub name: String,
    /// Whether it computes on the CPU.
    pub software: bool,
    /// What it allows.
    pub bounds: Bounds,
}

/// What an adapter offers, before a device of it is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// What it allows.
    pub bounds: Bounds,
    /// What decides which kernels are used.
    pub tuning: Tuning,
}

/// A device, ready for [`Generator`](super::Generator)s, which share its pipelines. Cheap to clone.
///
/// After a loss every call fails with [`Error::Lost`]; another device can be acquired then.
#[derive(Debug, Clone)]
pub struct Device {
    pub(super) handle: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) pipelines: Rc<RefCell<BTreeMap<Kernel, Pipeline>>>,
    /// What programs are fitted to; may be made narrower than the device is.
    pub(super) bounds: Bounds,
    pub(super) tuning: Tuning,
    info: Info,
    troubles: Arc<Mutex<Troubles>>,
}

#[derive(Debug, Default)]
struct Troubles {
    lost: Option<String>,
    error: Option<Error>,
}

impl Device {
    /// Acquires one.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if there is none.
    pub async fn acquire() -> Result<Self> {
        let adapter = adapter().await?;
        let limits = adapter.limits();
        let bounds = Bounds::from(&limits);
        let descriptor = wgpu::DeviceDescriptor {
            required_limits: limits,
            ..Default::default()
        };
        let device = adapter.request_device(&descriptor).await;
        let (handle, queue) = device.map_err(|error| Error::Unavailable(error.to_string()))?;
        let info = described(&adapter.get_info(), bounds);
        let troubles = Arc::default();
        keep_troubles(&handle, &troubles);
        Ok(Self {
            handle,
            queue,
            pipelines: Rc::default(),
            bounds,
            tuning: Tuning {
                software: info.software,
                force: None,
            },
            info,
            troubles,
        })
    }

    /// What there is, without taking it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if there is nothing.
    pub async fn offered() -> Result<Offer> {
        let adapter = adapter().await?;
        let bounds = Bounds::from(&adapter.limits());
        let info = described(&adapter.get_info(), bounds);
        let tuning = Tuning {
            software: info.software,
            force: None,
        };
        Ok(Offer { bounds, tuning })
    }

    /// What the adapter says of itself.
    #[must_use]
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// The same device, with programs fitted to less than it allows or to other kernels: for tests and
    /// measurements.
    #[must_use]
    pub fn with(&self, bounds: Bounds, tuning: Tuning) -> Self {
        Self {
            bounds,
            tuning,
            ..self.clone()
        }
    }

    /// What decides which kernels are used.
    #[must_use]
    pub const fn tuning(&self) -> Tuning {
        self.tuning
    }

    /// wgpu's own handle: in browsers its `as_webgpu` is the `GPUDevice`, whose `lost` promise tells of
    /// a loss as it happens.
    #[must_use]
    pub const fn handle(&self) -> &wgpu::Device {
        &self.handle
    }

    /// Pipelines that were compiled.
    #[must_use]
    pub fn pipelines(&self) -> usize {
        self.pipelines.borrow().len()
    }

    /// What has gone wrong since the last call, if anything: what was computed since is worth nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`], from then on at every call; [`Error::OutOfMemory`] or [`Error::Device`] once.
    pub fn check(&self) -> Result<()> {
        let mut troubles = self.troubles();
        if let Some(lost) = &troubles.lost {
            return Err(Error::Lost(lost.clone()));
        }
        troubles.error.take().map_or(Ok(()), Err)
    }

    /// Gives the device up: everything on it fails from then on with [`Error::Lost`].
    pub fn destroy(&self) {
        self.handle.destroy();
        // Browsers and drivers say so later.
        let mut troubles = self.troubles();
        troubles
            .lost
            .get_or_insert_with(|| "it was given up".into());
    }

    fn troubles(&self) -> std::sync::MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates something, and waits for what the device says of it.
    pub(super) async fn guarded<T>(&self, make: impl FnOnce() -> T) -> Result<T> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes = [Internal, Validation, OutOfMemory];
        let scopes = scopes.map(|filter| self.handle.push_error_scope(filter));
        let made = make();
        let [internal, validation, memory] = scopes;
        let memory = memory.pop();
        let validation = validation.pop();
        let internal = internal.pop();
        let found = [memory.await, validation.await, internal.await];
        self.check()?;
        match found.into_iter().flatten().next() {
            Some(error) => Err(typed(error)),
            None => Ok(made),
        }
    }

    /// Waits until the device has done what it was given.
    pub(super) async fn done(&self) -> Result<()> {
        let (sender, signal) = wait::signal();
        self.queue.on_submitted_work_done(move || sender.send(()));
        self.poll()?;
        signal.await;
        self.check()
    }

    /// Calls back what is due. Browsers do that themselves.
    pub(super) fn poll(&self) -> Result<()> {
        #[cfg(not(target_arch = "wasm32"))]
        if let Err(error) = self.handle.poll(wgpu::PollType::wait_indefinitely()) {
            self.check()?;
            return Err(Error::Device(error.to_string()));
        }
        Ok(())
    }
}

pub(super) fn typed(error: wgpu::Error) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            Error::OutOfMemory("the GPU has no memory left for this picture size".into())
        }
        error => Error::Device(error.to_string()),
    }
}

/// wgpu's handler panics, which would end a browser's module; ours keeps the error.
fn keep_troubles(handle: &wgpu::Device, troubles: &Arc<Mutex<Troubles>>) {
    let kept = Arc::clone(troubles);
    handle.on_uncaptured_error(Arc::new(move |error| {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.error.get_or_insert(typed(error));
    }));
    let kept = Arc::clone(troubles);
    handle.set_device_lost_callback(move |_, message| {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lost.get_or_insert(message);
    });
}

async fn adapter() -> Result<wgpu::Adapter> {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    let adapter = wgpu::Instance::new(descriptor)
        .request_adapter(&options)
        .await;
    adapter.map_err(|error| Error::Unavailable(error.to_string()))
}

fn described(info: &wgpu::AdapterInfo, bounds: Bounds) -> Info {
    let texts = [&info.name, &info.driver, &info.driver_info];
    let named = |word: &str| {
        let mut texts = texts.iter();
        texts.any(|text| text.to_lowercase().contains(word))
    };
    let software = info.device_type == wgpu::DeviceType::Cpu || SOFTWARE.into_iter().any(named);
    let mut names = texts.into_iter().map(|text| text.trim());
    Info {
        name: names
            .find(|text| !text.is_empty())
            .unwrap_or_default()
            .to_owned(),
        software,
        bounds,
    }
}
