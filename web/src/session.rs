//! A bundle on a device, and pictures from it: the interface to JavaScript.
//!
//! Whatever runs a generator in the browser stands behind these calls: load, generate, and free.

use std::cell::RefCell;

use js_sys::{Function, Uint8ClampedArray};
use underpaint_core::bundle::{FileWeights, InputKind, Manifest, choose_classes, draw_style};
use underpaint_core::image::signed_from_pixels;
use underpaint_engine::gpu;
use underpaint_files::{BrowserBytes, Bytes};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::browser_weights::{BrowserWeights, WeightReader};
use crate::error::{Result, WebError};
use crate::given::LabelScene;
use crate::model::{Condition, Model, Scene, check_fit};
use crate::pixels::{check_area, without_alpha};
use crate::place::{Place, Progress};

type Outcome<T> = std::result::Result<T, JsValue>;

/// A generator with its weights on a device.
#[wasm_bindgen]
pub struct Session {
    manifest: Manifest,
    place: Place,
    /// Elsewhere while a picture is made.
    model: RefCell<Option<Model<BrowserWeights>>>,
}

/// Checks that a bundle fits on `device`, "webgpu" or "cpu", before its weights are downloaded.
///
/// # Errors
///
/// An `UnderpaintError`: `out-of-memory` with what is needed and what there is, `bad-bundle`,
/// `webgpu-unavailable`.
#[wasm_bindgen]
pub async fn check_bundle_fits(manifest: Vec<u8>, device: String) -> Outcome<()> {
    let manifest = Manifest::from_json(&manifest).map_err(WebError::from)?;
    let bounds = match device.as_str() {
        "webgpu" => Some(gpu::Device::offered().await.map_err(WebError::from)?),
        _ => None,
    };
    Ok(check_fit(&manifest, bounds)?)
}

#[wasm_bindgen]
impl Session {
    /// Loads a bundle onto `device`, "webgpu" or "cpu". `weights` stay outside the module's memory:
    /// tensors are copied from them one at a time.
    ///
    /// `on_stage` is called with "verify", "upload", "compile" and "first-picture" as each begins, and
    /// during "upload" and "compile" with the share of it that is done, 0 to 1, as a second argument.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-bundle`, `integrity`, `webgpu-unavailable`, `out-of-memory`, …
    pub async fn load(
        manifest: Vec<u8>,
        weights: Bytes,
        device: String,
        on_stage: Function,
    ) -> Outcome<Session> {
        let weights = BrowserBytes::new(weights.into()).map_err(WebError::from)?;
        Ok(load(&manifest, weights, &device, &on_stage).await?)
    }

    /// As [`load`](Self::load), with weights that JavaScript reads tensor by tensor, of which nothing is
    /// verified.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_from(
        manifest: Vec<u8>,
        weights: WeightReader,
        device: String,
        on_stage: Function,
    ) -> Outcome<Session> {
        let manifest = Manifest::from_json(&manifest).map_err(WebError::from)?;
        let weights = BrowserWeights::Outside(weights);
        Ok(start(manifest, weights, &device, &on_stage).await?)
    }

    /// Takes weights of the model's encoder that JavaScript reads.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-input` for a model without an encoder.
    pub fn add_encoder_from(&self, weights: WeightReader) -> Outcome<()> {
        Ok(self.take_encoder(BrowserWeights::Outside(weights))?)
    }

    /// Takes the weights of the bundle's encoder, for [`style_latent`](Self::style_latent).
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `integrity`, `bad-bundle`, or `bad-input` for a model without one.
    pub fn add_encoder(&self, weights: Bytes) -> Outcome<()> {
        let weights = BrowserBytes::new(weights.into()).map_err(WebError::from)?;
        if let Some(file) = &self.manifest.encoder_weights {
            file.verify(&weights).map_err(WebError::from)?;
        }
        let weights = FileWeights::new(weights).map_err(WebError::from)?;
        Ok(self.take_encoder(BrowserWeights::Bundle(weights))?)
    }

    /// "webgpu" or "cpu".
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn device(&self) -> String {
        let name = match self.place {
            Place::Cpu => "cpu",
            Place::Gpu(_) => "webgpu",
        };
        name.to_owned()
    }

    /// What the browser says of the WebGPU adapter; empty on the CPU.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn adapter(&self) -> String {
        match &self.place {
            Place::Cpu => String::new(),
            Place::Gpu(device) => device.info().name.clone(),
        }
    }

    /// The browser's `GPUDevice`, whose `lost` promise tells of a loss; undefined on the CPU.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn gpu_device(&self) -> JsValue {
        match &self.place {
            Place::Cpu => JsValue::UNDEFINED,
            Place::Gpu(device) => device
                .handle()
                .as_webgpu()
                .map_or(JsValue::UNDEFINED, |device| {
                    AsRef::<JsValue>::as_ref(device).clone()
                }),
        }
    }

    /// Pipelines that were compiled; 0 on the CPU.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn pipelines(&self) -> usize {
        match &self.place {
            Place::Cpu => 0,
            Place::Gpu(device) => device.pipelines(),
        }
    }

    /// A picture from a label map of any size. A model that marks edges between instances marks those
    /// between classes, where none are given.
    ///
    /// # Shapes
    ///
    /// Result: `[height, width, 4]`, RGBA bytes, opaque.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-input`, `device-lost`, `out-of-memory`, …
    pub async fn generate_labels(
        &self,
        labels: LabelScene,
        seed: u32,
    ) -> Outcome<Uint8ClampedArray> {
        let scene = labels.scene(&self.manifest, seed)?;
        Ok(self.picture(scene).await?)
    }

    /// A picture from a latent, of the size that the manifest names, or of a smaller scale: 0 is 4×4, and
    /// every further one twice that.
    ///
    /// # Shapes
    ///
    /// - `latent`: `[latent channels]`
    /// - result: `[height, width, 4]`, RGBA bytes, opaque
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`].
    pub async fn generate_latent(
        &self,
        latent: Vec<f32>,
        scale: Option<usize>,
    ) -> Outcome<Uint8ClampedArray> {
        Ok(self.picture(self.of_latent(latent, scale)?).await?)
    }

    /// What the generator gives for a latent, before any rounding.
    ///
    /// # Shapes
    ///
    /// - `latent`, `scale`: as [`Session::generate_latent`]
    /// - result: `[output channels, height, width]`, about `[-1, 1]`
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`].
    pub async fn generate_tensor_from_latent(
        &self,
        latent: Vec<f32>,
        scale: Option<usize>,
    ) -> Outcome<Vec<f32>> {
        Ok(self.planes(self.of_latent(latent, scale)?).await?)
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
    ) -> Outcome<Uint8ClampedArray> {
        check_area(width, height)?;
        let channels = self.picture_channels()?;
        let planes = planes_of(&rgba, width, height, channels)?;
        Ok(self.picture(of_planes(planes, width, height, seed)).await?)
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
    ) -> Outcome<Vec<f32>> {
        check_area(width, height)?;
        Ok(self.planes(of_planes(planes, width, height, seed)).await?)
    }

    /// What the generator gives for a label map, before any rounding.
    ///
    /// # Shapes
    ///
    /// Result: `[output channels, height, width]` in `[-1, 1]`.
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`].
    pub async fn generate_tensor_from_labels(
        &self,
        labels: LabelScene,
        seed: u32,
    ) -> Outcome<Vec<f32>> {
        let scene = labels.scene(&self.manifest, seed)?;
        Ok(self.planes(scene).await?)
    }

    /// A latent that gives the style of a picture, drawn from what the encoder says of it.
    ///
    /// # Shapes
    ///
    /// - `rgba`: `[height, width, 4]`, bytes; alpha does not count
    /// - result: `[latent channels]`
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`]; `bad-input` if the model has no encoder of latents, or its
    /// weights were not [added](Self::add_encoder).
    pub async fn style_latent(
        &self,
        rgba: Vec<u8>,
        width: usize,
        height: usize,
        seed: u32,
    ) -> Outcome<Vec<f32>> {
        let planes = self.picture_planes(&rgba, width, height)?;
        let mut model = self.take()?;
        let style = model.style(&planes, [height, width], seed).await;
        self.model.replace(Some(model));
        Ok(style?)
    }
}

#[wasm_bindgen]
impl Session {
    /// The latent that a seed draws.
    ///
    /// A class-conditional generator is asked for `classes`, each as `cat` or `Main=cat`, one at most of
    /// every attribute; the seed draws the others.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-input` for a model without latents, or a class that it does not have.
    pub fn latent_of_seed(&self, seed: u32, classes: Vec<String>) -> Outcome<Vec<f32>> {
        if self.manifest.model.latent_channels().is_none() {
            let message = "this model has no latents for a seed to draw";
            return Err(WebError::BadInput(message.into()).into());
        }
        let attributes = self.manifest.attributes();
        let classes = choose_classes(&attributes, &classes).map_err(WebError::from)?;
        Ok(self.manifest.draw_latents(1, u64::from(seed), &classes))
    }

    /// The latent on the way from one to another, as [`Manifest::latent_between`] says.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-input`.
    pub fn latent_between(&self, from: Vec<f32>, to: Vec<f32>, share: f32) -> Outcome<Vec<f32>> {
        let latent = self.manifest.latent_between(&from, &to, share);
        Ok(latent.map_err(WebError::from)?)
    }

    /// A neighbour of a latent, as [`Manifest::latent_near`] says.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-input`.
    pub fn latent_near(&self, latent: Vec<f32>, seed: u32, step: f32) -> Outcome<Vec<f32>> {
        let latent = self.manifest.latent_near(&latent, u64::from(seed), step);
        Ok(latent.map_err(WebError::from)?)
    }

    /// What the encoder says of a picture's style: means, then logarithms of the variances.
    ///
    /// # Shapes
    ///
    /// - `rgba`: `[height, width, 4]`, bytes; alpha does not count
    /// - result: `[2 * latent channels]`
    ///
    /// # Errors
    ///
    /// As [`Session::style_latent`].
    pub async fn style_distribution(
        &self,
        rgba: Vec<u8>,
        width: usize,
        height: usize,
    ) -> Outcome<Vec<f32>> {
        let planes = self.picture_planes(&rgba, width, height)?;
        let mut model = self.take()?;
        let style = model.style_distribution(&planes, [height, width]).await;
        self.model.replace(Some(model));
        Ok(style?.concat())
    }

    /// The latent that a seed draws of a style: of what [`Session::style_distribution`] has said.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-input` if it is not of this model's length.
    pub fn latent_of_style(&self, distribution: Vec<f32>, seed: u32) -> Outcome<Vec<f32>> {
        let (mean, log_variance) = distribution.split_at(distribution.len() / 2);
        for part in [mean, log_variance] {
            let checked = self.manifest.check_latent("style", part);
            checked.map_err(WebError::from)?;
        }
        Ok(draw_style(mean, log_variance, u64::from(seed)))
    }

    /// The looks that objects have in a photo of the same size: what the encoder makes of it, averaged
    /// over each.
    ///
    /// # Shapes
    ///
    /// - `rgba`: `[height, width, 4]`, bytes; alpha does not count
    /// - result: a row for every object: its class, its number, and its feature
    ///
    /// # Errors
    ///
    /// As [`Session::generate_labels`]; `bad-input` if the model has no encoder of features, or its
    /// weights were not [added](Self::add_encoder).
    pub async fn object_looks(&self, labels: LabelScene, rgba: Vec<u8>) -> Outcome<Vec<f32>> {
        let maps = labels.maps(&self.manifest)?;
        let planes = self.picture_planes(&rgba, maps.width, maps.height)?;
        let mut model = self.take()?;
        let features = model
            .pixel_features(&planes, [maps.height, maps.width])
            .await;
        self.model.replace(Some(model));
        Ok(maps.looks(&features?))
    }
}

impl Session {
    /// A picture as an encoder takes it.
    fn picture_planes(&self, rgba: &[u8], width: usize, height: usize) -> Result<Vec<f32>> {
        check_area(width, height)?;
        planes_of(rgba, width, height, self.manifest.output.channels)
    }

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

    fn of_latent(&self, latent: Vec<f32>, scale: Option<usize>) -> Result<Scene> {
        if !matches!(self.manifest.input, InputKind::Latent { .. }) {
            return Err(WebError::BadInput(
                "this model takes a label map or a picture, found neither".into(),
            ));
        }
        let size = self.manifest.size;
        Ok(Scene {
            condition: Condition::Nothing,
            size: [size.height, size.width],
            latents: Some(latent),
            features: None,
            scale,
            seed: 0,
        })
    }

    /// Takes weights of an encoder that belong to the model.
    fn take_encoder(&self, weights: BrowserWeights) -> Result<()> {
        let mut model = self.model.borrow_mut();
        model.as_mut().ok_or_else(busy)?.add_encoder(weights)
    }

    fn take(&self) -> Result<Model<BrowserWeights>> {
        self.model.borrow_mut().take().ok_or_else(busy)
    }

    async fn picture(&self, scene: Scene) -> Result<Uint8ClampedArray> {
        let mut model = self.take()?;
        let rgba = model.rgba(&scene).await;
        self.model.replace(Some(model));
        Ok(Uint8ClampedArray::from(rgba?.as_slice()))
    }

    async fn planes(&self, scene: Scene) -> Result<Vec<f32>> {
        let mut model = self.take()?;
        let planes = model.planes(&scene).await;
        self.model.replace(Some(model));
        planes
    }
}

fn busy() -> WebError {
    WebError::BadInput("this session makes a picture already: wait for it".into())
}

fn of_planes(planes: Vec<f32>, width: usize, height: usize, seed: u32) -> Scene {
    Scene {
        condition: Condition::Planes(planes),
        size: [height, width],
        latents: None,
        features: None,
        scale: None,
        seed,
    }
}

fn planes_of(rgba: &[u8], width: usize, height: usize, channels: usize) -> Result<Vec<f32>> {
    let (expected, found) = (4 * width * height, rgba.len());
    if expected != found {
        let message = format!("picture: expected {expected} bytes, found {found}");
        return Err(WebError::BadInput(message));
    }
    Ok(signed_from_pixels(&without_alpha(rgba, channels), channels))
}

async fn acquire(device: &str) -> Result<Place> {
    match device {
        "webgpu" => Ok(Place::Gpu(gpu::Device::acquire().await?)),
        "cpu" => Ok(Place::Cpu),
        other => Err(WebError::BadInput(format!(
            "device: expected webgpu or cpu, found {other}"
        ))),
    }
}

async fn load(
    manifest: &[u8],
    weights: BrowserBytes,
    device: &str,
    on_stage: &Function,
) -> Result<Session> {
    tell_stage(on_stage, "verify", 0.0);
    let manifest = Manifest::from_json(manifest)?;
    manifest.weights.verify(&weights)?;
    let weights = BrowserWeights::Bundle(FileWeights::new(weights)?);
    start(manifest, weights, device, on_stage).await
}

fn tell_stage(on_stage: &Function, name: &str, share: f64) {
    // A listener that throws must not stop the loading.
    let _ = on_stage.call2(&JsValue::NULL, &name.into(), &share.into());
}

/// Puts a generator on a device.
async fn start(
    manifest: Manifest,
    weights: BrowserWeights,
    device: &str,
    on_stage: &Function,
) -> Result<Session> {
    let stage = |name: &str, share: f64| tell_stage(on_stage, name, share);
    stage("upload", 0.0);
    let place = acquire(device).await?;
    let mut is_compiling = false;
    let progress = &mut |progress| match progress {
        Progress::Weights(share) => stage("upload", share),
        Progress::Kernels(share) => {
            if !is_compiling {
                stage("compile", 0.0);
                is_compiling = true;
            }
            stage("compile", share);
        }
    };
    let model = Model::load(manifest.clone(), weights, place.clone(), progress).await?;
    if !is_compiling {
        stage("compile", 1.0);
    }
    stage("first-picture", 0.0);
    Ok(Session {
        manifest,
        place,
        model: RefCell::new(Some(model)),
    })
}
