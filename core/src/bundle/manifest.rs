//! `manifest.json`: everything but the weights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::attributes::list_attributes;
use super::weights::sha256_of_file;
use super::{FileBytes, LatentAttribute, ModelConfig, WeightDtype};
use crate::label::{LabelClass, SemanticLayout};
use crate::layers::{Dropout, Mode, NormStatistics};
use crate::pix2pixhd::FeatureClusters;
use crate::{Error, Result};

/// Version of the bundle format that this code writes and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// Describes a trained generator: what it is, what it takes, and which weights belong to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub format_version: u32,
    /// Name for people.
    pub name: String,
    /// Family and architecture.
    pub model: ModelConfig,
    /// What the generator takes.
    pub input: InputKind,
    /// What the generator gives.
    pub output: OutputKind,
    /// Sizes that the generator takes.
    pub size: SizeRule,
    /// How to run it by default.
    pub test_time: TestTime,
    /// The generator's weights.
    pub weights: WeightFile,
    /// The encoder's weights, where the model has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder_weights: Option<WeightFile>,
    /// Typical features of every label, for a generator that takes features: what objects look like
    /// when no picture is encoded and nothing is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<FeatureClusters>,
    /// Share of the next smaller size in the pictures of a Progressive GAN that was saved while its last size faded
    /// in, 0 to 1; 0 for all others. Its newest layers have hardly begun to learn.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub alpha: f64,
    /// Where the model comes from.
    pub provenance: Provenance,
}

/// What a generator takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InputKind {
    /// Pictures, as planes in `value_range`.
    Image {
        /// 3 for RGB, 1 for grey.
        channels: usize,
        /// Value of black and of white.
        value_range: [f32; 2],
        /// Colours that the pictures are painted with, where they are coloured label maps.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        palette: Vec<LabelClass>,
    },
    /// Label maps with ids in `0..num_classes`, one-hot encoded.
    Labels {
        /// Number of classes and of one-hot channels.
        num_classes: usize,
        /// Names and colours, in the order of the ids.
        classes: Vec<LabelClass>,
        /// Whether a further channel is for pixels of no class, written as 255.
        #[serde(default, skip_serializing_if = "is_false")]
        dont_care: bool,
        /// Whether the last channel marks edges between instances.
        #[serde(default, skip_serializing_if = "is_false")]
        edges: bool,
    },
    /// Latents from N(0, 1), which a seed draws.
    Latent {
        /// Length of a latent, its one-hot part with it.
        channels: usize,
        /// What a class-conditional generator can be asked for, in the order of the one-hot part.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attributes: Vec<LatentAttribute>,
    },
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(switch: &bool) -> bool {
    !*switch
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl InputKind {
    /// How label maps become channels, for models that take them.
    pub fn layout(&self) -> Option<SemanticLayout> {
        match self {
            Self::Labels {
                num_classes,
                dont_care,
                edges,
                ..
            } => Some(SemanticLayout {
                num_classes: *num_classes,
                dont_care: *dont_care,
                edges: *edges,
            }),
            Self::Image { .. } | Self::Latent { .. } => None,
        }
    }
}

/// What a generator gives: a picture as planes in `value_range`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OutputKind {
    /// 3 for RGB, 1 for grey.
    pub channels: usize,
    /// Value of black and of white.
    pub value_range: [f32; 2],
}

/// Sizes that a generator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeRule {
    /// Height that it was trained at, in pixels.
    pub height: usize,
    /// Width that it was trained at, in pixels.
    pub width: usize,
    /// Both sides must be multiples of this.
    pub multiple: usize,
}

/// How a generator is run by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestTime {
    /// Statistics of batch norm.
    pub statistics: NormDefault,
    /// Whether dropout drops.
    pub dropout: bool,
}

/// Statistics of batch norm at test time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormDefault {
    /// Those of each picture, as the authors test.
    #[default]
    Batch,
    /// Those collected in training.
    Running,
}

impl TestTime {
    /// The forward mode that this describes, with dropout masks drawn from `seed`.
    pub fn mode(self, seed: u64) -> Mode {
        let statistics = match self.statistics {
            NormDefault::Batch => NormStatistics::PerImage,
            NormDefault::Running => NormStatistics::Running,
        };
        Mode {
            statistics,
            dropout: if self.dropout {
                Dropout::Seeded(seed)
            } else {
                Dropout::Off
            },
        }
    }
}

/// The weight file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightFile {
    /// Name, beside the manifest.
    pub file: String,
    /// Number type in the file.
    pub dtype: WeightDtype,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: String,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// Program and version that wrote the bundle.
    pub producer: String,
    /// Training steps; absent for imported weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// File that the weights were imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<String>,
    /// Data set that it was trained on, in words; absent for imported weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// How good its pictures are, if somebody has measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<Scores>,
    /// What others may do with it, in the words of whoever gave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// How good pictures of a model are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Pictures that were compared, in words.
    pub on: String,
    /// Training steps of the weights that were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// By the name of the measure.
    pub numbers: BTreeMap<String, f64>,
}

impl WeightFile {
    /// Checks that `bytes` are this file's.
    ///
    /// # Errors
    ///
    /// [`Error::Integrity`] with both digests; [`Error::File`] if the bytes cannot be read.
    pub fn verify(&self, bytes: &impl FileBytes) -> Result<()> {
        let found = sha256_of_file(bytes)?;
        if found == self.sha256 {
            return Ok(());
        }
        Err(Error::Integrity {
            file: self.file.clone(),
            expected: self.sha256.clone(),
            found,
        })
    }
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Manifest`] if it is damaged, of a later format version, or contradicts itself.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let damaged = |error: serde_json::Error| Error::Manifest(error.to_string());
        // The version first: a later format may well not parse as this one.
        let Version { format_version } = serde_json::from_slice(bytes).map_err(damaged)?;
        if format_version == 0 || format_version > FORMAT_VERSION {
            return Err(Error::Manifest(format!(
                "format_version: expected 1 to {FORMAT_VERSION}, found {format_version}; \
                 a newer Underpaint may read it"
            )));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(damaged)?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// The same generator without its encoder, for a place that has only the generator's weights.
    #[must_use]
    pub fn without_encoder(&self) -> Self {
        Self {
            model: self.model.clone().without_encoder(),
            encoder_weights: None,
            ..self.clone()
        }
    }

    /// The share of the next smaller size at a scale of a Progressive GAN, the finest where none is said: scales
    /// below that have faded in.
    pub fn alpha_at(&self, scale: Option<usize>) -> f64 {
        match (&self.model, scale) {
            (ModelConfig::Pgan { generator }, Some(scale)) if scale < generator.scale() => 0.0,
            _ => self.alpha,
        }
    }

    /// The manifest as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest holds nothing that JSON cannot say")
    }

    fn validate(&self) -> Result<()> {
        self.model.validate()?;
        if !(0.0..=1.0).contains(&self.alpha) {
            return Err(Error::Manifest(format!(
                "alpha: expected 0 to 1, found {}",
                self.alpha
            )));
        }
        if let InputKind::Labels {
            num_classes,
            classes,
            ..
        } = &self.input
            && classes.len() != *num_classes
        {
            return Err(Error::Manifest(format!(
                "input: expected {num_classes} classes, found {}",
                classes.len()
            )));
        }
        self.check_channels()?;
        if self.encoder_weights.is_some() != self.model.has_encoder() {
            return Err(Error::Manifest(
                "expected encoder_weights and model.encoder together, found one of them".into(),
            ));
        }
        if let Some(clusters) = &self.clusters {
            let channels = self.model.feature_channels();
            let problem = match channels {
                0 => Err("expected none, because the model takes no features".into()),
                _ => clusters.check(channels),
            };
            problem.map_err(|problem| Error::Manifest(format!("clusters: {problem}")))?;
        }
        Ok(())
    }

    fn check_channels(&self) -> Result<()> {
        let model = &self.model;
        let (what, found, expected) = match &self.input {
            InputKind::Image { channels, .. } => {
                ("channels", *channels, model.condition_channels())
            }
            InputKind::Labels { .. } => {
                let found = self.input.layout().map_or(0, |layout| layout.channels());
                ("num_classes", found, model.condition_channels())
            }
            InputKind::Latent {
                channels,
                attributes,
            } => {
                self.check_attributes(attributes)?;
                ("channels", *channels, model.latent_channels().unwrap_or(0))
            }
        };
        if found == expected && self.output.channels == model.output_channels() {
            return Ok(());
        }
        Err(Error::Manifest(format!(
            "input.{what} makes {found} channels and output.channels is {}, but the generator takes \
             {expected} and gives {}",
            self.output.channels,
            model.output_channels()
        )))
    }

    /// Attributes that are named must fill the one-hot part of the latents.
    fn check_attributes(&self, attributes: &[LatentAttribute]) -> Result<()> {
        let found: usize = attributes.iter().map(|one| one.classes.len()).sum();
        let expected = self.model.latent_classes();
        let empty = attributes.iter().any(|one| one.classes.is_empty());
        if attributes.is_empty() || found == expected && !empty {
            return Ok(());
        }
        Err(Error::Manifest(format!(
            "input.attributes: expected {expected} classes, one at least of each attribute, found {}",
            list_attributes(attributes)
        )))
    }

    /// Checks that `bytes` are the generator's weights that this manifest describes.
    ///
    /// # Errors
    ///
    /// [`Error::Integrity`] with both digests; [`Error::File`] if the bytes cannot be read.
    pub fn verify_weights(&self, bytes: &[u8]) -> Result<()> {
        self.weights.verify(&bytes)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::bundle::sha256;
    use crate::pix2pix::GeneratorConfig;

    fn manifest() -> Manifest {
        let input = InputKind::Image {
            channels: 3,
            value_range: [-1.0, 1.0],
            palette: Vec::new(),
        };
        manifest_of(GeneratorConfig::default(), input)
    }

    /// A manifest for a generator of pictures with three channels.
    pub(crate) fn manifest_of(generator: GeneratorConfig, input: InputKind) -> Manifest {
        Manifest {
            format_version: FORMAT_VERSION,
            name: "test".into(),
            model: ModelConfig::Pix2pix { generator },
            input,
            output: OutputKind {
                channels: 3,
                value_range: [-1.0, 1.0],
            },
            size: SizeRule {
                height: 256,
                width: 256,
                multiple: 256,
            },
            test_time: TestTime {
                statistics: NormDefault::Batch,
                dropout: true,
            },
            weights: WeightFile {
                file: "weights.safetensors".into(),
                dtype: WeightDtype::F32,
                bytes: 3,
                sha256: sha256(b"abc"),
            },
            encoder_weights: None,
            clusters: None,
            alpha: 0.0,
            provenance: Provenance::default(),
        }
    }

    #[test]
    fn a_manifest_survives_json() {
        let manifest = manifest();
        assert_eq!(
            Manifest::from_json(manifest.to_json().as_bytes()).expect("a manifest"),
            manifest
        );
    }

    #[test]
    fn a_growing_model_remembers_how_far_its_last_size_was() {
        let growing = Manifest {
            model: ModelConfig::Pgan {
                generator: crate::pgan::GeneratorConfig::default(),
            },
            input: InputKind::Latent {
                channels: 512,
                attributes: Vec::new(),
            },
            alpha: 0.25,
            ..manifest()
        };
        let json = growing.to_json();
        let read = Manifest::from_json(json.as_bytes()).expect("a manifest");
        assert_eq!(read, growing);
        let finest = match &growing.model {
            ModelConfig::Pgan { generator } => generator.scale(),
            _ => 0,
        };
        let scales = [None, Some(finest), Some(finest - 1), Some(0)];
        assert_eq!(
            scales.map(|scale| read.alpha_at(scale)),
            [0.25, 0.25, 0.0, 0.0]
        );
        assert!(
            !manifest().to_json().contains("alpha"),
            "older readers need not know it"
        );
        let wrong = json.replace("\"alpha\": 0.25", "\"alpha\": 1.5");
        let told = Manifest::from_json(wrong.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(told.contains("alpha: expected 0 to 1, found 1.5"), "{told}");
    }

    #[test]
    fn a_later_format_and_a_contradiction_are_told() {
        let json = manifest()
            .to_json()
            .replace("\"format_version\": 1", "\"format_version\": 9");
        assert!(
            Manifest::from_json(json.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("found 9")
        );
        let json = manifest()
            .to_json()
            .replace("\"input_channels\": 3", "\"input_channels\": 4");
        let error = Manifest::from_json(json.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains("the generator takes 4"), "{error}");
    }

    #[test]
    fn clusters_travel_with_a_model_of_features_and_no_other() {
        let input = InputKind::Labels {
            num_classes: 2,
            classes: crate::label::Palette::numbered(2).classes,
            dont_care: false,
            edges: false,
        };
        let generator = crate::pix2pixhd::GeneratorConfig {
            input_channels: 4,
            ..crate::pix2pixhd::GeneratorConfig::default()
        };
        let mut manifest = Manifest {
            model: ModelConfig::Pix2pixhd {
                generator,
                feature_channels: 2,
                encoder: None,
            },
            ..manifest_of(GeneratorConfig::default(), input)
        };
        let centres = |channels| vec![vec![0.1; channels], vec![-0.7; channels]];
        let clusters = |channels| FeatureClusters {
            centres: [(1, centres(channels))].into(),
        };
        manifest.clusters = Some(clusters(2));
        let read = |manifest: &Manifest| Manifest::from_json(manifest.to_json().as_bytes());
        assert_eq!(read(&manifest).expect("a manifest"), manifest);
        assert!(manifest.to_json().contains("\"clusters\": {\n    \"1\": ["));
        manifest.clusters = Some(clusters(3));
        let told = read(&manifest).unwrap_err().to_string();
        assert!(told.contains("clusters: label 1: expected"), "{told}");
        let other = Manifest {
            clusters: Some(clusters(2)),
            ..super::tests::manifest()
        };
        let told = read(&other).unwrap_err().to_string();
        assert!(told.contains("takes no features"), "{told}");
    }

    #[test]
    fn other_weights_fail_the_integrity_check() {
        assert!(manifest().verify_weights(b"abc").is_ok());
        let error = manifest().verify_weights(b"abd").unwrap_err().to_string();
        assert!(
            error.starts_with("integrity: SHA-256 of weights.safetensors is"),
            "{error}"
        );
    }
}
