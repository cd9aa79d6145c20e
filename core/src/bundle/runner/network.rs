//! The networks of a bundle on a device.

use burn::tensor::{Device, Tensor, TensorData};

use super::Inputs;
use crate::bundle::given::check_size;
use crate::bundle::{ModelConfig, Runner};
use crate::label::{Instances, instance_average};
use crate::layers::{Mode, fitting_side, pad_to_size};
use crate::plan::{Scope, shapes};
use crate::state_dict::{AuthorsKeys, StateDict, load_state_dict};
use crate::{Error, Result, pgan, pix2pix, pix2pixhd, spade};

/// Weights of a bundle, by the authors' keys.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    /// The generator's.
    pub generator: &'a StateDict,
    /// The encoder's, where the model has one.
    pub encoder: Option<&'a StateDict>,
}

/// A generator with its weights.
// Variants of different size, one instance per program: boxing would buy nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub(super) enum Network {
    Pix2pix(pix2pix::Generator),
    Pix2pixhd(pix2pixhd::Generator),
    Spade(spade::Generator),
    Pgan(pgan::Generator),
}

/// What reads a style from a picture.
#[allow(clippy::large_enum_variant)] // As above.
#[derive(Debug)]
pub(super) enum Encoder {
    Pix2pixhd {
        encoder: pix2pixhd::Encoder,
        config: pix2pixhd::EncoderConfig,
    },
    Spade(spade::Encoder),
}

impl Network {
    pub fn load(model: &ModelConfig, weights: &StateDict, device: &Device) -> Result<Self> {
        Ok(match Self::blank(model, device)? {
            Self::Pix2pix(network) => Self::Pix2pix(load_state_dict(network, weights)?),
            Self::Pix2pixhd(network) => Self::Pix2pixhd(load_state_dict(network, weights)?),
            Self::Spade(network) => Self::Spade(load_state_dict(network, weights)?),
            Self::Pgan(network) => Self::Pgan(load_state_dict(network, weights)?),
        })
    }

    /// With the weights that a network is built with: zeros, and ones in norms.
    pub fn blank(model: &ModelConfig, device: &Device) -> Result<Self> {
        Ok(match model {
            ModelConfig::Pix2pix { generator } => Self::Pix2pix(generator.init(device)?),
            ModelConfig::Pix2pixhd { generator, .. } => Self::Pix2pixhd(generator.init(device)?),
            ModelConfig::Spade { generator, .. } => Self::Spade(generator.init(device)?),
            ModelConfig::Pgan { generator } => Self::Pgan(generator.init(device)?),
        })
    }

    fn name(&self, scope: &mut Scope) {
        match self {
            Self::Pix2pix(network) => name(network, scope),
            Self::Pix2pixhd(network) => name(network, scope),
            Self::Spade(network) => name(network, scope),
            Self::Pgan(network) => name(network, scope),
        }
    }

    /// Generates. `Runner` has filled in what the network needs.
    pub fn forward(&self, inputs: Inputs, mode: Mode) -> Tensor<4> {
        let needed = "the runner has checked that there is a condition";
        match self {
            Self::Pix2pix(generator) => generator.forward(inputs.condition.expect(needed), mode),
            Self::Pix2pixhd(generator) => generator.forward(inputs.condition.expect(needed), mode),
            Self::Spade(generator) => {
                generator.forward(inputs.condition.expect(needed), inputs.latents, mode)
            }
            Self::Pgan(generator) => {
                let latents = inputs.latents.expect("the runner has drawn latents");
                let scale = inputs.scale.unwrap_or(generator.config().scale());
                generator.forward_at(latents, inputs.alpha, scale)
            }
        }
    }
}

impl Encoder {
    fn name(&self, scope: &mut Scope) {
        match self {
            Self::Pix2pixhd { encoder, .. } => name(encoder, scope),
            Self::Spade(encoder) => name(encoder, scope),
        }
    }

    pub fn load(
        model: &ModelConfig,
        weights: Option<&StateDict>,
        device: &Device,
    ) -> Result<Option<Self>> {
        let Some(blank) = Self::blank(model, device)? else {
            return Ok(None);
        };
        let missing = || Error::Weights("the model has an encoder, but no weights for it".into());
        let weights = weights.ok_or_else(missing)?;
        Ok(Some(match blank {
            Self::Pix2pixhd { encoder, config } => Self::Pix2pixhd {
                encoder: load_state_dict(encoder, weights)?,
                config,
            },
            Self::Spade(encoder) => Self::Spade(load_state_dict(encoder, weights)?),
        }))
    }

    /// With the weights that a network is built with, where the model has an encoder.
    pub fn blank(model: &ModelConfig, device: &Device) -> Result<Option<Self>> {
        Ok(match model {
            ModelConfig::Pix2pix { .. } | ModelConfig::Pgan { .. } => None,
            ModelConfig::Pix2pixhd { encoder, .. } => match encoder {
                Some(config) => Some(Self::Pix2pixhd {
                    encoder: config.init(device)?,
                    config: config.clone(),
                }),
                None => None,
            },
            ModelConfig::Spade { encoder, .. } => match encoder {
                Some(config) => Some(Self::Spade(config.init(device)?)),
                None => None,
            },
        })
    }
}

impl Runner {
    /// A latent that gives the style of a picture, drawn from what the encoder says of it.
    ///
    /// # Shapes
    ///
    /// - `picture`: `[batch, output_channels, height, width]` in `[-1, 1]`, any size
    /// - result: `[batch, latent_channels]`
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the model has no encoder of latents, or the picture another number of
    /// channels.
    pub fn latents_from_style(&self, picture: Tensor<4>, seed: u64) -> Result<Tensor<2>> {
        let (mean, log_variance) = self.style_distribution(picture)?;
        let [batch, channels] = mean.dims();
        let noise = pgan::draw_noise(batch, channels, seed, &self.device);
        Ok(spade::reparameterize(mean, log_variance, noise))
    }

    /// Mean and logarithm of the variance of a picture's style, as the encoder sees it.
    ///
    /// # Shapes
    ///
    /// - `picture`: as [`latents_from_style`](Self::latents_from_style) takes it
    /// - results: `[batch, latent_channels]` each
    ///
    /// # Errors
    ///
    /// As [`latents_from_style`](Self::latents_from_style).
    pub fn style_distribution(&self, picture: Tensor<4>) -> Result<(Tensor<2>, Tensor<2>)> {
        let Some(Encoder::Spade(encoder)) = &self.encoder else {
            return Err(Error::Input(
                "this model has no encoder that reads a style from a picture".into(),
            ));
        };
        self.check_picture(&picture)?;
        // The encoder has no dropout: it is the same for every seed.
        Ok(encoder.forward(picture, self.test_time.mode(0)))
    }

    /// Features that give every instance the look that it has in a picture: what the encoder makes
    /// of the picture, averaged over each instance.
    ///
    /// # Shapes
    ///
    /// - `picture`: `[batch, output_channels, height, width]` in `[-1, 1]`
    /// - `instances`: of the same batch and size
    /// - result: `[batch, feature_channels, height, width]`
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the model has no encoder of features, or the picture is of another shape.
    pub fn features_from_style(
        &self,
        picture: Tensor<4>,
        instances: &Instances,
    ) -> Result<Tensor<4>> {
        let [_, _, height, width] = picture.dims();
        let [_, _, rows, columns] = instances.numbers().dims();
        if [height, width] != [rows, columns] && self.features_encoder().is_some() {
            return Err(Error::Input(format!(
                "style picture: expected {columns}x{rows} pixels, the size of the label map, found \
                 {width}x{height}"
            )));
        }
        let features = self.pixel_features(picture)?;
        Ok(instance_average(features, instances))
    }

    /// Features that a seed draws for every object from the typical ones that the bundle brings along.
    ///
    /// # Shapes
    ///
    /// - `labels`, `instances`: `[height, width]`, flattened
    /// - result: `[1, feature_channels, height, width]`
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the bundle has no typical features, or a map is not of that size.
    pub fn drawn_features(
        &self,
        labels: &[u16],
        instances: Option<&[u16]>,
        [height, width]: [usize; 2],
        seed: u64,
    ) -> Result<Tensor<4>> {
        let Some(clusters) = &self.manifest().clusters else {
            return Err(Error::Input(
                "this model has no typical features to draw from: give features or a style picture"
                    .into(),
            ));
        };
        check_size("label map", labels.len(), 1, height, width)?;
        let instances_len = instances.map_or(labels.len(), <[u16]>::len);
        check_size("instance map", instances_len, 1, height, width)?;
        let channels = self.model().feature_channels();
        let chosen = pix2pixhd::ObjectFeatures::new();
        let painted = clusters.paint(labels, instances, channels, seed, &chosen);
        let data = TensorData::new(painted, [1, channels, height, width]);
        Ok(Tensor::from_data(data, self.device()))
    }

    /// What the encoder makes of every pixel of a picture, before it is averaged over instances. A
    /// picture of a size that the encoder cannot take is padded and the result cropped back, as
    /// [`run`](Self::run) does.
    ///
    /// # Shapes
    ///
    /// As [`features_from_style`](Self::features_from_style).
    ///
    /// # Errors
    ///
    /// As [`features_from_style`](Self::features_from_style).
    pub fn pixel_features(&self, picture: Tensor<4>) -> Result<Tensor<4>> {
        let Some((encoder, config)) = self.features_encoder() else {
            return Err(Error::Input(
                "this model has no encoder that reads features from a picture".into(),
            ));
        };
        self.check_picture(&picture)?;
        let [batch, _, height, width] = picture.dims();
        let fitting = |side| fitting_side(side, config.size_multiple(), config.smallest_side());
        let padded = pad_to_size(picture, [fitting(height), fitting(width)]);
        let features = encoder.pixel_features(padded, self.test_time.mode(0));
        let channels = features.dims()[1];
        Ok(features.slice([0..batch, 0..channels, 0..height, 0..width]))
    }

    fn features_encoder(&self) -> Option<(&pix2pixhd::Encoder, &pix2pixhd::EncoderConfig)> {
        match &self.encoder {
            Some(Encoder::Pix2pixhd { encoder, config }) => Some((encoder, config)),
            _ => None,
        }
    }

    /// Names the generator's parameters by the authors' keys.
    pub(crate) fn name_generator(&self, scope: &mut Scope) {
        self.network.name(scope);
    }

    /// Names the encoder's parameters by the authors' keys.
    pub(crate) fn name_encoder(&self, scope: &mut Scope) {
        if let Some(encoder) = &self.encoder {
            encoder.name(scope);
        }
    }

    fn check_picture(&self, picture: &Tensor<4>) -> Result<()> {
        let [batch, channels, height, width] = picture.dims();
        if channels == self.output_channels() && batch * height * width > 0 {
            return Ok(());
        }
        Err(Error::Input(format!(
            "style picture: expected {} channels and at least one pixel, found {:?}",
            self.output_channels(),
            picture.dims()
        )))
    }
}

/// Key and shape of every weight of a model's generator.
///
/// # Errors
///
/// [`Error::Config`] if there can be no such network.
pub(crate) fn generator_shapes(model: &ModelConfig) -> Result<Vec<(String, Vec<usize>)>> {
    shapes(|scope| {
        Network::blank(model, scope.device())?.name(scope);
        Ok(())
    })
}

/// Key and shape of every weight of a model's encoder; nothing, if it has none.
///
/// # Errors
///
/// As [`generator_shapes`].
pub(crate) fn encoder_shapes(model: &ModelConfig) -> Result<Vec<(String, Vec<usize>)>> {
    shapes(|scope| {
        if let Some(encoder) = &Encoder::blank(model, scope.device())? {
            encoder.name(scope);
        }
        Ok(())
    })
}

fn name<M: AuthorsKeys>(network: &M, scope: &mut Scope) {
    scope.parameters(network, |path| network.authors_key(path));
}
