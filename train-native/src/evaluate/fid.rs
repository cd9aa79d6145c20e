//! Fréchet inception distance between two sets of pictures.

use std::fmt;

use burn::tensor::{Device, Tensor, TensorData};
use serde::Serialize;
use underpaint_core::perceptual::{FEATURES, Inception, inception_input};

use super::EvaluateError;
use super::frechet::{FeatureStatistics, frechet_distance};
use crate::data::Size;
use crate::data::decode::{Color, Picture};

/// Pictures that go through the network together, as in pytorch-fid.
const BATCH: usize = 50;

/// A picture as Inception takes it.
///
/// # Shapes
///
/// Result: `[1, 3, height, width]` in `[0, 1]`; gray is repeated.
pub fn unit_image(picture: &Picture, device: &Device) -> Tensor<4> {
    let rgb = picture.clone().to_color(Color::Rgb);
    let unit: Vec<f32> = rgb.pixels.iter().map(|&p| f32::from(p) / 255.0).collect();
    let interleaved = TensorData::new(unit, [1, rgb.height, rgb.width, 3]);
    Tensor::<4>::from_data(interleaved, device).permute([0, 3, 1, 2])
}

/// Collects the features of pictures of any size, a batch at a time.
#[derive(Debug)]
pub struct FeatureCollector<'a> {
    inception: &'a Inception,
    device: &'a Device,
    waiting: Vec<Tensor<4>>,
    features: Vec<f32>,
    sizes: Option<(Size, Size)>,
}

impl<'a> FeatureCollector<'a> {
    /// Nothing collected yet. `device` is the network's.
    pub fn new(inception: &'a Inception, device: &'a Device) -> Self {
        Self {
            inception,
            device,
            waiting: Vec::new(),
            features: Vec::new(),
            sizes: None,
        }
    }

    /// Takes one picture in.
    pub fn push(&mut self, picture: &Picture) {
        let size = picture.size();
        let (least, most) = self.sizes.unwrap_or((size, size));
        self.sizes = Some((
            Size::new(least.width.min(size.width), least.height.min(size.height)),
            Size::new(most.width.max(size.width), most.height.max(size.height)),
        ));
        self.waiting
            .push(inception_input(unit_image(picture, self.device)));
        if self.waiting.len() == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let batch = Tensor::cat(std::mem::take(&mut self.waiting), 0);
        let features = self.inception.features(batch).into_data();
        self.features.extend(features.iter::<f32>());
    }

    /// All features so far, `[count, 2048]`, flattened.
    pub fn features(&mut self) -> &[f32] {
        self.flush();
        &self.features
    }

    /// The statistics of all pictures.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::TooFew`] below two pictures, [`EvaluateError::NotFinite`].
    pub fn statistics(mut self) -> Result<FeatureStatistics, EvaluateError> {
        FeatureStatistics::new(self.features(), FEATURES)
    }

    /// The size of the pictures, for people: `256x256`, or the range of both sides.
    pub fn sizes(&self) -> String {
        match self.sizes {
            None => "no pictures".to_owned(),
            Some((least, most)) if least == most => least.to_string(),
            Some((least, most)) => format!("{least} to {most}"),
        }
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PictureSet {
    /// Number of pictures.
    pub count: usize,
    /// Their size before Inception's resizing: `256x256`, or the range of both sides.
    pub sizes: String,
}

/// A Fréchet inception distance, and between what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fid {
    /// The distance; 0 between equal sets, unbounded.
    pub fid: f64,
    /// The real pictures.
    pub real: PictureSet,
    /// The generated ones.
    pub fake: PictureSet,
}

impl Fid {
    /// The distance between what two collectors have seen.
    ///
    /// # Errors
    ///
    /// [`EvaluateError`], with fewer than two pictures on a side among others.
    pub fn between(
        real: FeatureCollector<'_>,
        fake: FeatureCollector<'_>,
    ) -> Result<Self, EvaluateError> {
        let (real_sizes, fake_sizes) = (real.sizes(), fake.sizes());
        let (real, fake) = (real.statistics()?, fake.statistics()?);
        let set = |statistics: &FeatureStatistics, sizes| PictureSet {
            count: statistics.count(),
            sizes,
        };
        Ok(Self {
            fid: frechet_distance(&real, &fake)?,
            real: set(&real, real_sizes),
            fake: set(&fake, fake_sizes),
        })
    }

    /// Whether a side has so few pictures that its covariance is singular, which raises the FID.
    pub fn is_rough(&self) -> bool {
        self.real.count.min(self.fake.count) <= FEATURES
    }
}

impl fmt::Display for Fid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FID {:.4} between {} real pictures of {} and {} generated ones of {}, each resized to 299x299",
            self.fid, self.real.count, self.real.sizes, self.fake.count, self.fake.sizes
        )
    }
}
