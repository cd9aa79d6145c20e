//! A bundle on a device, and pictures from it: the interface to JavaScript.
//!
//! Whatever runs a generator in the browser stands behind these calls: load, which warms up, generate,
//! and free. Nothing here reads a tensor synchronously: that panics in WebAssembly.

use burn::tensor::{Device, Tensor, TensorData};
use js_sys::Function;
use underpaint_core::bundle::{
    InputKind, Inputs, Manifest, Runner, Weights, choose_classes, decode_weights,
};
use underpaint_core::image::{pixels_from_signed, signed_from_pixels};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::error::{Result, WebError};
use crate::gpu::Gpu;
use crate::pixels::{check_area, with_alpha, without_alpha};

/// A generator with its weights on a device.
#[wasm_bindgen]
pub struct Session {
    runner: Runner,
    manifest: Manifest,
    /// Absent on the CPU.
    gpu: Option<Gpu>,
}

#[wasm_bindgen]
impl Session {
    /// Loads a bundle onto `device`, "webgpu" or "cpu", and generates once, so that the first picture
    /// asked for comes as fast as the others.
    ///
    /// `on_stage` is called with "verify", "upload", "compile" and "first-picture" as each begins.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-bundle`, `integrity`, `webgpu-unavailable`, `out-of-memory`, …
    pub async fn load(
        manifest: Vec<u8>,
        weights: Vec<u8>,
        device: String,
        on_stage: Function,
    ) -> std::result::Result<Session, JsValue> {
        Ok(load(&manifest, weights, &device, &on_stage).await?)
    }

    /// "webgpu" or "cpu".
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn device(&self) -> String {
        let name = if self.gpu.is_some() { "webgpu" } else { "cpu" };
        name.to_owned()
    }

    /// What the browser says of the WebGPU adapter; empty on the CPU.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn adapter(&self) -> String {
        let gpu = self.gpu.as_ref();
        gpu.map_or_else(String::new, |gpu| gpu.adapter.clone())
    }

    /// The browser's `GPUDevice`, whose `lost` promise tells of a loss; undefined on the CPU.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn gpu_device(&self) -> JsValue {
        let gpu = self.gpu.as_ref();
        gpu.map_or(JsValue::UNDEFINED, Gpu::browser_device)
    }

    /// A picture from a label map of any size. A model that marks edges between instances marks those
    /// between classes.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[height, width]`, one byte a pixel, in `0..num_classes`; 255 for none, where the model
    ///   knows that
    /// - result: `[height, width, 4]`, RGBA bytes, opaque
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-input`, `device-lost`, `out-of-memory`, …
    pub async fn generate_labels(
        &self,
        ids: Vec<u8>,
        width: usize,
        height: usize,
        seed: u32,
    ) -> std::result::Result<js_sys::Uint8ClampedArray, JsValue> {
        check_area(width, height)?;
        let condition = self
            .runner
            .condition_from_labels(&widened(&ids), None, height, width)
            .map_err(WebError::from)?;
        Ok(self.picture(condition.into(), seed).await?)
    }

    /// A picture from the latent that the seed draws, of the size that the manifest names.
    ///
    /// A class-conditional generator is asked for `classes`, each as `cat` or `Main=cat`, one at most of
    /// every attribute; the seed draws the others.
    ///
    /// # Shapes
    ///
    /// Result: `[height, width, 4]`, RGBA bytes, opaque.
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`].
    pub async fn generate_latent(
        &self,
        seed: u32,
        classes: Vec<String>,
    ) -> std::result::Result<js_sys::Uint8ClampedArray, JsValue> {
        self.check_latents()?;
        let attributes = self.runner.attributes();
        let classes = choose_classes(attributes, &classes).map_err(WebError::from)?;
        let latents = self.runner.latents_of_classes(1, u64::from(seed), &classes);
        let inputs = Inputs {
            latents: Some(latents),
            ..Inputs::default()
        };
        Ok(self.picture(inputs, seed).await?)
    }

    /// What the generator gives for a latent, before any rounding.
    ///
    /// # Shapes
    ///
    /// - `latent`: the numbers of one latent
    /// - result: `[output channels, height, width]`, about `[-1, 1]`
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`].
    pub async fn generate_tensor_from_latent(
        &self,
        latent: Vec<f32>,
    ) -> std::result::Result<Vec<f32>, JsValue> {
        self.check_latents()?;
        let shape = [1, latent.len()];
        let latents = Tensor::from_data(TensorData::new(latent, shape), self.runner.device());
        let inputs = Inputs {
            latents: Some(latents),
            ..Inputs::default()
        };
        Ok(self.planes(inputs, 0).await?)
    }

    /// A picture from a picture of any size.
    ///
    /// # Shapes
    ///
    /// - `rgba`: `[height, width, 4]`, bytes; alpha does not count, and a model of grey pictures takes
    ///   the luma (ITU-R 601-2, as Pillow)
    /// - result: the same
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`].
    pub async fn generate_image(
        &self,
        rgba: Vec<u8>,
        width: usize,
        height: usize,
        seed: u32,
    ) -> std::result::Result<js_sys::Uint8ClampedArray, JsValue> {
        check_area(width, height)?;
        let channels = self.picture_channels()?;
        let planes = signed_from_pixels(&without_alpha(&rgba, channels), channels);
        let condition = self
            .runner
            .condition_from_planes(planes, height, width)
            .map_err(WebError::from)?;
        Ok(self.picture(condition.into(), seed).await?)
    }

    /// What the generator gives for a condition, before any rounding.
    ///
    /// # Shapes
    ///
    /// - `planes`: `[input channels, height, width]`, in `[-1, 1]` or one-hot
    /// - result: `[output channels, height, width]` in `[-1, 1]`
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`].
    pub async fn generate_tensor(
        &self,
        planes: Vec<f32>,
        width: usize,
        height: usize,
        seed: u32,
    ) -> std::result::Result<Vec<f32>, JsValue> {
        check_area(width, height)?;
        let condition = self
            .runner
            .condition_from_planes(planes, height, width)
            .map_err(WebError::from)?;
        Ok(self.planes(condition.into(), seed).await?)
    }
}

impl Session {
    fn picture_channels(&self) -> Result<usize> {
        match &self.manifest.input {
            InputKind::Image { channels, .. } => Ok(*channels),
            InputKind::Labels { .. } => Err(WebError::BadInput(
                "this model takes label maps, found a picture".into(),
            )),
            InputKind::Latent { .. } => Err(WebError::BadInput(
                "this model generates from latents, found a picture".into(),
            )),
        }
    }

    fn check_latents(&self) -> Result<()> {
        match &self.manifest.input {
            InputKind::Latent { .. } => Ok(()),
            _ => Err(WebError::BadInput(
                "this model takes a label map or a picture, found neither".into(),
            )),
        }
    }

    async fn picture(&self, inputs: Inputs, seed: u32) -> Result<js_sys::Uint8ClampedArray> {
        let planes = self.planes(inputs, seed).await?;
        let channels = self.runner.output_channels();
        let rgba = with_alpha(&pixels_from_signed(&planes, channels), channels);
        Ok(js_sys::Uint8ClampedArray::from(rgba.as_slice()))
    }

    async fn planes(&self, inputs: Inputs, seed: u32) -> Result<Vec<f32>> {
        let generated = self.runner.run(inputs, u64::from(seed))?;
        self.read(generated).await
    }

    async fn read(&self, tensor: Tensor<4>) -> Result<Vec<f32>> {
        let data = tensor.into_data_async().await;
        if let Some(gpu) = &self.gpu {
            gpu.check()?;
        }
        let data = data.map_err(|error| lost_or_broken(&format!("{error:?}")))?;
        data.try_to_vec::<f32>()
            .map_err(|error| WebError::Device(format!("{error:?}")))
    }
}

async fn load(
    manifest: &[u8],
    weights: Vec<u8>,
    device: &str,
    on_stage: &Function,
) -> Result<Session> {
    let stage = |name: &str| {
        // A listener that throws must not stop the loading.
        let _ = on_stage.call1(&JsValue::NULL, &name.into());
    };
    stage("verify");
    let manifest = Manifest::from_json(manifest)?;
    manifest.verify_weights(&weights)?;
    let dict = decode_weights(&weights)?;
    drop(weights);

    stage("upload");
    let gpu = match device {
        "webgpu" => Some(Gpu::acquire().await?),
        "cpu" => None,
        other => {
            return Err(WebError::BadInput(format!(
                "device: expected webgpu or cpu, found {other}"
            )));
        }
    };
    let place = gpu
        .as_ref()
        .map_or_else(Device::flex, |gpu| gpu.device.clone());
    let weights = Weights {
        generator: &dict,
        encoder: None,
    };
    let runner = Runner::new(
        &manifest.without_encoder(),
        weights,
        manifest.test_time,
        &place,
    )?;
    drop(dict);

    stage("compile");
    let session = Session {
        runner,
        manifest,
        gpu,
    };
    let blank = session.blank()?;
    // On WebGPU this compiles every kernel and submits the work; reading waits for it.
    let generated = session.runner.run(blank, 0)?;
    stage("first-picture");
    session.read(generated).await?;
    Ok(session)
}

impl Session {
    /// The plainest input of the size that the model was trained at.
    fn blank(&self) -> Result<Inputs> {
        let size = self.manifest.size;
        check_area(size.width, size.height)?;
        let area = size.width * size.height;
        let (runner, height, width) = (&self.runner, size.height, size.width);
        Ok(match self.manifest.input {
            InputKind::Labels { .. } => {
                let ids = vec![0; area];
                let condition = runner.condition_from_labels(&ids, None, height, width)?;
                condition.into()
            }
            InputKind::Image { channels, .. } => {
                let planes = vec![0.0; channels * area];
                runner.condition_from_planes(planes, height, width)?.into()
            }
            InputKind::Latent { .. } => Inputs::default(),
        })
    }
}

fn widened(ids: &[u8]) -> Vec<u16> {
    ids.iter().map(|&id| u16::from(id)).collect()
}

/// Device errors reach us as text only.
fn lost_or_broken(message: &str) -> WebError {
    if message.contains("Poison") || message.contains("lost") {
        WebError::DeviceLost(message.to_owned())
    } else {
        WebError::Device(message.to_owned())
    }
}
