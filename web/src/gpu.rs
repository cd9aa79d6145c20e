//! The module's one WebGPU device.
//!
//! burn registers a device once for the life of the module; every session shares it. After it is
//! lost, only a new module (a new worker) gets another.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use burn::tensor::Device;
use burn::tensor::wgpu::wgpu;
use wasm_bindgen::JsValue;

use crate::error::{Result, WebError};

/// A WebGPU device, ready for tensors.
#[derive(Clone)]
pub struct Gpu {
    /// For tensors.
    pub device: Device,
    /// What the browser says of the adapter; may be empty.
    pub adapter: String,
    handle: wgpu::Device,
    first_error: Arc<Mutex<Option<wgpu::Error>>>,
}

thread_local! {
    static GPU: RefCell<Option<Gpu>> = const { RefCell::new(None) };
}

impl Gpu {
    /// The module's device, acquired by the first call.
    ///
    /// # Errors
    ///
    /// [`WebError::WebGpuUnavailable`] if there is none.
    pub async fn acquire() -> Result<Self> {
        if let Some(gpu) = GPU.with_borrow(Clone::clone) {
            return Ok(gpu);
        }
        let (device, setup) = Device::wgpu_options()
            .init_with_setup_async()
            .await
            .map_err(|error| WebError::WebGpuUnavailable(error.to_string()))?;
        let first_error = Arc::default();
        keep_first_error(&setup.device, &first_error);
        let gpu = Self {
            device,
            adapter: described(&setup.adapter.get_info()),
            handle: setup.device,
            first_error,
        };
        GPU.set(Some(gpu.clone()));
        Ok(gpu)
    }

    /// The browser's own `GPUDevice`: its `lost` promise tells of a loss as it happens.
    #[must_use]
    pub fn browser_device(&self) -> JsValue {
        self.handle
            .as_webgpu()
            .map_or(JsValue::UNDEFINED, |device| {
                AsRef::<JsValue>::as_ref(device).clone()
            })
    }

    /// The error that the device has reported since the last call, if any: what it computed since is
    /// worth nothing.
    ///
    /// # Errors
    ///
    /// [`WebError::OutOfMemory`] or [`WebError::Device`].
    pub fn check(&self) -> Result<()> {
        let error = self
            .first_error
            .lock()
            .ok()
            .and_then(|mut kept| kept.take());
        match error {
            None => Ok(()),
            Some(wgpu::Error::OutOfMemory { .. }) => Err(WebError::OutOfMemory(
                "the GPU has no memory left for this picture size".into(),
            )),
            Some(error) => Err(WebError::Device(error.to_string())),
        }
    }
}

/// burn's handler panics, which would end the module; ours keeps the error for [`Gpu::check`].
fn keep_first_error(device: &wgpu::Device, first_error: &Arc<Mutex<Option<wgpu::Error>>>) {
    let kept = Arc::clone(first_error);
    device.on_uncaptured_error(Arc::new(move |error| {
        if let Ok(mut kept) = kept.lock() {
            kept.get_or_insert(error);
        }
    }));
}

fn described(info: &wgpu::AdapterInfo) -> String {
    [info.name.trim(), info.driver_info.trim()]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default()
        .to_owned()
}
