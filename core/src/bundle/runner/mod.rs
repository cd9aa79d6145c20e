//! A trained generator in use.

mod network;

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::given::check_size;
use super::{LatentAttribute, Manifest, ModelConfig, TestTime};
use crate::layers::{fitting_side, pad_to_size};
use crate::ops::Precision;
use crate::pgan;
use crate::{Error, Result};
use network::{Encoder, Network};

pub use network::Weights;
pub(crate) use network::{encoder_shapes, generator_shapes};

/// A generator with its weights on a device: what the command line and the browser both run.
#[derive(Debug)]
pub struct Runner {
    network: Network,
    encoder: Option<Encoder>,
    manifest: Manifest,
    /// As many classes in all as the latents have; one attribute where the manifest names none.
    attributes: Vec<LatentAttribute>,
    test_time: TestTime,
    precision: Precision,
    device: Device,
}

/// What a picture is generated from. A family looks at what it takes.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// `[batch, condition_channels, height, width]`: a picture in `[-1, 1]` or an encoded label map.
    pub condition: Option<Tensor<4>>,
    /// `[batch, latent_channels]`; drawn from the seed where there are none.
    pub latents: Option<Tensor<2>>,
    /// `[batch, feature_channels, height, width]`, what pix2pixHD's encoder makes of a picture.
    pub features: Option<Tensor<4>>,
    /// Share of the scale before, for a Progressive GAN that is still fading one in; else 0.
    pub alpha: f64,
    /// Scale of a Progressive GAN to generate at, 0 for 4×4; the finest where there is none.
    pub scale: Option<usize>,
}

impl From<Tensor<4>> for Inputs {
    fn from(condition: Tensor<4>) -> Self {
        Self {
            condition: Some(condition),
            ..Self::default()
        }
    }
}

impl Runner {
    /// Builds the networks that `manifest` describes, with these weights.
    ///
    /// # Errors
    ///
    /// [`Error::StateDict`] if the weights do not fit the architecture, listing every mismatch;
    /// [`Error::Config`] if the manifest describes none; [`Error::Weights`] if the encoder's are
    /// missing.
    pub fn new(
        manifest: &Manifest,
        weights: Weights<'_>,
        test_time: TestTime,
        device: &Device,
    ) -> Result<Self> {
        Ok(Self {
            network: Network::load(&manifest.model, weights.generator, device)?,
            encoder: Encoder::load(&manifest.model, weights.encoder, device)?,
            attributes: manifest.attributes(),
            manifest: manifest.clone(),
            test_time,
            precision: Precision::F32,
            device: device.clone(),
        })
    }

    /// Builds the networks that `manifest` describes without weights: to be captured (see
    /// [`crate::plan`]), not to be looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the manifest describes none.
    pub fn blank(manifest: &Manifest, test_time: TestTime, device: &Device) -> Result<Self> {
        Ok(Self {
            network: Network::blank(&manifest.model, device)?,
            encoder: Encoder::blank(&manifest.model, device)?,
            attributes: manifest.attributes(),
            manifest: manifest.clone(),
            test_time,
            precision: Precision::F32,
            device: device.clone(),
        })
    }

    /// The same, computing in another precision: on libtorch's devices only.
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    fn forward(&self, inputs: Inputs, seed: u64) -> Tensor<4> {
        let mode = self.test_time.mode(seed);
        self.precision.scope(|| self.network.forward(inputs, mode))
    }

    /// Where it runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// All that is known of it.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it is.
    pub fn model(&self) -> &ModelConfig {
        &self.manifest.model
    }

    /// Whether it makes something of an instance map: marks edges, or averages features over instances.
    pub fn looks_at_instances(&self) -> bool {
        let edges = self
            .manifest
            .input
            .layout()
            .is_some_and(|layout| layout.edges);
        edges || self.model().feature_channels() > 0
    }

    /// Channels of the condition that it takes; 0 for an unconditional generator.
    pub fn input_channels(&self) -> usize {
        self.model().condition_channels()
    }

    /// Channels that it gives.
    pub fn output_channels(&self) -> usize {
        self.model().output_channels()
    }

    /// What the generator sees of a label map, encoded on the device.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[height, width]`, flattened, in `0..num_classes`; 255 where the model has a channel
    ///   for pixels of no class
    /// - `instances`: `[height, width]`, flattened, any ids. A model that marks edges between
    ///   instances marks those between classes where there are none.
    /// - result: `[1, condition_channels, height, width]`, 0 or 1
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the model takes no label maps or a map is not of that size;
    /// [`Error::LabelRange`] for the first id that is no class.
    pub fn condition_from_labels(
        &self,
        ids: &[u16],
        instances: Option<&[u16]>,
        height: usize,
        width: usize,
    ) -> Result<Tensor<4>> {
        let given = self.manifest.given_labels(ids, instances, height, width)?;
        let layout = self.manifest.input.layout().expect("it takes labels");
        let instances = instances.unwrap_or(&given.ids);
        let map = |ids: &[u16]| {
            let ids: Vec<i32> = ids.iter().map(|&id| i32::from(id)).collect();
            let data = TensorData::new(ids, [1, 1, height, width]);
            Tensor::<4, Int>::from_data(data, &self.device)
        };
        layout.encode(map(&given.ids), layout.edges.then(|| map(instances)))
    }

    /// What the generator sees of planes in `[-1, 1]`.
    ///
    /// # Shapes
    ///
    /// - `planes`: `[condition_channels, height, width]`, flattened
    /// - result: `[1, condition_channels, height, width]`
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if `planes` is not of that size.
    pub fn condition_from_planes(
        &self,
        planes: Vec<f32>,
        height: usize,
        width: usize,
    ) -> Result<Tensor<4>> {
        let channels = self.input_channels();
        check_size("picture", planes.len(), channels, height, width)?;
        let data = TensorData::new(planes, [1, channels, height, width]);
        Ok(Tensor::from_data(data, &self.device))
    }

    /// What a class-conditional generator can be asked for; none of another.
    pub fn attributes(&self) -> &[LatentAttribute] {
        &self.attributes
    }

    /// Latents that a seed draws, N(0, 1): the same on every device. A class-conditional generator is
    /// asked for a class of each attribute that the seed draws too.
    ///
    /// # Shapes
    ///
    /// Result: `[count, latent_channels]`; no channels for a model without latents.
    pub fn draw_latents(&self, count: usize, seed: u64) -> Tensor<2> {
        let open = vec![None; self.attributes.len()];
        self.latents_of_classes(count, seed, &open)
    }

    /// Latents that a seed draws, for these classes.
    ///
    /// # Shapes
    ///
    /// - `classes`: one of each attribute, as [`choose_classes`](crate::bundle::choose_classes) finds
    ///   them; drawn where there is none
    /// - result: `[count, latent_channels]`
    ///
    /// # Panics
    ///
    /// If there are more or fewer entries than attributes, or an attribute has no such class.
    pub fn latents_of_classes(
        &self,
        count: usize,
        seed: u64,
        classes: &[Option<usize>],
    ) -> Tensor<2> {
        let channels = self.model().latent_channels().unwrap_or(0);
        let values = self.manifest.draw_latents(count, seed, classes);
        let data = TensorData::new(values, [count, channels]);
        Tensor::from_data(data, &self.device)
    }

    /// Generates. A condition of a size that the network cannot take is padded to the next that it
    /// takes, by repeating its last row and column, and the result is cropped back. The same seed draws the same latents and drops the same out, on every
    /// device.
    ///
    /// # Shapes
    ///
    /// - `inputs`: as [`Inputs`] says; `condition` alone for most models
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`; a Progressive GAN with a
    ///   linear output may leave that range
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the number of channels is another, there is nothing to generate from, or
    /// the model makes pictures of one size only and this is another; [`Error::Input`] if a condition
    /// or features are missing.
    pub fn run(&self, inputs: impl Into<Inputs>, seed: u64) -> Result<Tensor<4>> {
        let mut inputs = inputs.into();
        if self.input_channels() == 0 {
            return self.run_latents(inputs, seed);
        }
        let condition = self.condition(&inputs)?;
        let [batch, _, height, width] = condition.dims();
        self.fill_latents(&mut inputs, batch, seed)?;
        if let Some(fixed) = self.model().fixed_size()
            && fixed != [height, width]
        {
            return Err(Error::Shape {
                what: "input".into(),
                expected: format!("height {} and width {} only", fixed[0], fixed[1]),
                found: condition.dims().to_vec(),
            });
        }
        inputs.condition = Some(pad_to_size(condition, self.padded_size([height, width])));
        let output = self.forward(inputs, seed);
        Ok(output.slice([0..batch, 0..self.output_channels(), 0..height, 0..width]))
    }

    /// Height and width that a condition of height and width `size` is padded to: `size` itself
    /// wherever the network takes it, because padding changes what a norm over the picture measures.
    pub fn padded_size(&self, size: [usize; 2]) -> [usize; 2] {
        let (multiple, smallest) = (self.model().size_multiple(), self.model().smallest_side());
        size.map(|side| fitting_side(side, multiple, smallest))
    }

    fn run_latents(&self, mut inputs: Inputs, seed: u64) -> Result<Tensor<4>> {
        self.fill_latents(&mut inputs, 1, seed)?;
        if let (Some(scale), ModelConfig::Pgan { generator }) = (inputs.scale, self.model())
            && scale > generator.scale()
        {
            return Err(Error::Input(format!(
                "scale: this model has scales 0 to {} (up to {} pixels), found {scale}",
                generator.scale(),
                pgan::resolution(generator.scale())
            )));
        }
        if !(0.0..=1.0).contains(&inputs.alpha) {
            return Err(Error::Input(format!(
                "alpha: expected 0 to 1, found {}",
                inputs.alpha
            )));
        }
        Ok(self.forward(inputs, seed))
    }

    /// The condition with features behind it.
    fn condition(&self, inputs: &Inputs) -> Result<Tensor<4>> {
        let missing = || Error::Input("expected a label map or a picture, found neither".into());
        let condition = inputs.condition.clone().ok_or_else(missing)?;
        let [batch, channels, height, width] = condition.dims();
        if channels != self.input_channels() || batch * height * width == 0 {
            return Err(Error::Shape {
                what: "input".into(),
                expected: format!("[batch, {}, height, width]", self.input_channels()),
                found: condition.dims().to_vec(),
            });
        }
        let expected = [batch, self.model().feature_channels(), height, width];
        match &inputs.features {
            None if expected[1] == 0 => Ok(condition),
            None => Err(Error::Input(format!(
                "this model needs a feature map of {} channels beside the label map: give features \
                 or a style picture",
                expected[1]
            ))),
            Some(features) if features.dims() == expected && expected[1] > 0 => {
                Ok(Tensor::cat(vec![condition, features.clone()], 1))
            }
            Some(features) => Err(Error::Shape {
                what: "features".into(),
                expected: format!("{expected:?}"),
                found: features.dims().to_vec(),
            }),
        }
    }

    fn fill_latents(&self, inputs: &mut Inputs, batch: usize, seed: u64) -> Result<()> {
        let Some(channels) = self.model().latent_channels() else {
            return Ok(());
        };
        let latents = inputs
            .latents
            .get_or_insert_with(|| self.draw_latents(batch, seed));
        let found = latents.dims();
        let fits = found[1] == channels && found[0] > 0;
        if fits && (inputs.condition.is_none() || found[0] == batch) {
            return Ok(());
        }
        Err(Error::Shape {
            what: "latents".into(),
            expected: format!("[batch, {channels}]"),
            found: found.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests;
