//! Trained generators at rest: bundles and runs, read and written.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use underpaint_core::bundle::{
    ENCODER_FILE, FORMAT_VERSION, InputKind, MANIFEST_FILE, Manifest, ModelConfig, NormDefault,
    OutputKind, Provenance, SizeRule, TestTime, WEIGHTS_FILE, WeightDtype, WeightFile, Weights,
    decode_weights, encode_weights, sha256,
};
use underpaint_core::label::{LabelClass, Palette, SemanticLayout};
use underpaint_core::pix2pixhd::FeatureClusters;
use underpaint_core::state_dict::{StateDict, check_finite};

use crate::config::{CONFIG_FILE, TrainedModel, of_run};
use crate::data::labelled::read_palette;
use crate::trainer::checkpoint;

/// How files of typical features begin that `features cluster` writes; the number of them follows.
pub const CLUSTERS_PREFIX: &str = "features_clustered_";

/// A trained generator at rest.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it is. For a run, `weights` describes no file yet.
    pub manifest: Manifest,
    /// The generator's weights by the authors' keys.
    pub weights: StateDict,
    /// The encoder's, where the model has one.
    pub encoder: Option<StateDict>,
}

impl Model {
    /// Reads a bundle, or the newest checkpoint of a run.
    ///
    /// # Errors
    ///
    /// If the folder is neither, or something in it is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        if path.join(MANIFEST_FILE).is_file() {
            Self::open_bundle(path)
        } else if path.join(CONFIG_FILE).is_file() {
            Self::open_run(path)
        } else {
            bail!(
                "{}: expected a bundle ({MANIFEST_FILE} in it) or a run ({CONFIG_FILE} in it), found {}",
                path.display(),
                if path.exists() { "neither" } else { "nothing" }
            )
        }
    }

    fn open_bundle(folder: &Path) -> Result<Self> {
        let at = || format!("{}", folder.display());
        let path = folder.join(MANIFEST_FILE);
        let json = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest = Manifest::from_json(&json).with_context(at)?;
        let read = |file: &WeightFile| read_weights(folder, file).with_context(at);
        Ok(Self {
            weights: read(&manifest.weights)?,
            encoder: manifest.encoder_weights.as_ref().map(read).transpose()?,
            manifest,
        })
    }

    fn open_run(run: &Path) -> Result<Self> {
        let settings = of_run(run)?;
        let checkpoint = checkpoint::latest(run)?;
        let step = checkpoint::position(&checkpoint)?.step;
        let TrainedModel {
            model,
            input,
            size,
            generator,
            encoder,
        } = {
            let palette = read_palette(run)?.or_else(|| settings.known_palette());
            settings.trained(step, palette)
        };
        let read = |name: &str| -> Result<StateDict> {
            let (_, dict) = checkpoint::load_network(&checkpoint, name)?;
            check_finite(&dict).with_context(|| format!("{}", checkpoint.display()))?;
            Ok(dict)
        };
        let name = run
            .file_name()
            .map_or("model".into(), |name| name.to_string_lossy().into_owned());
        let mut manifest = describe(name, model, input, size);
        manifest.provenance.steps = Some(step);
        if manifest.model.feature_channels() > 0 {
            manifest.clusters = read_clusters(run, manifest.model.feature_channels())?;
        }
        Ok(Self {
            manifest,
            weights: read(generator)?,
            encoder: encoder.map(read).transpose()?,
        })
    }

    /// Writes a bundle.
    ///
    /// # Errors
    ///
    /// If `folder` is there and `replace` is not set or it is not a bundle, if a weight does not fit `dtype`, or if files
    /// cannot be written.
    pub fn write_bundle(
        mut self,
        folder: &Path,
        dtype: WeightDtype,
        replace: bool,
    ) -> Result<Manifest> {
        if replace && folder.exists() && !folder.join(MANIFEST_FILE).is_file() {
            bail!(
                "{} is not a bundle: expected {MANIFEST_FILE} in it; --force replaces nothing but bundles",
                folder.display()
            );
        }
        let weights = encode_weights(&self.weights, dtype)?;
        self.manifest.weights = weight_file(WEIGHTS_FILE, dtype, &weights);
        let encoder = self.encoder.as_ref();
        let encoder = encoder
            .map(|dict| encode_weights(dict, dtype))
            .transpose()?;
        let describe = |bytes: &Vec<u8>| weight_file(ENCODER_FILE, dtype, bytes);
        self.manifest.encoder_weights = encoder.as_ref().map(describe);
        let json = self.manifest.to_json();
        let mut files = vec![
            (MANIFEST_FILE, json.as_bytes()),
            (WEIGHTS_FILE, weights.as_slice()),
        ];
        if let Some(bytes) = &encoder {
            files.push((ENCODER_FILE, bytes.as_slice()));
        }
        crate::files::write_folder(folder, &files, replace)?;
        Ok(self.manifest)
    }

    /// The weights as a runner takes them.
    pub fn weights(&self) -> Weights<'_> {
        Weights {
            generator: &self.weights,
            encoder: self.encoder.as_ref(),
        }
    }

    /// Colours of its label maps, if it takes any.
    pub fn palette(&self) -> Palette {
        let classes = match &self.manifest.input {
            InputKind::Labels { classes, .. } => classes.clone(),
            InputKind::Image { palette, .. } => palette.clone(),
            InputKind::Latent { .. } => Vec::new(),
        };
        Palette { classes }
    }
}

fn read_weights(folder: &Path, file: &WeightFile) -> Result<StateDict> {
    if Path::new(&file.file).components().count() != 1 {
        bail!("the weight file {} must lie beside the manifest", file.file);
    }
    let path = folder.join(&file.file);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    file.verify(&bytes.as_slice())?;
    Ok(decode_weights(&bytes)?)
}

/// The typical features that `features cluster` has written into a run; those with most centres, where
/// there are several. A file of another name is not looked at.
fn read_clusters(run: &Path, channels: usize) -> Result<Option<FeatureClusters>> {
    let entries = fs::read_dir(run).with_context(|| format!("cannot read {}", run.display()))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let count = name
            .strip_prefix(CLUSTERS_PREFIX)?
            .strip_suffix(".safetensors")?;
        Some((count.parse::<usize>().ok()?, name))
    });
    let Some((_, name)) = names.max() else {
        return Ok(None);
    };
    let path = run.join(name);
    let at = || format!("{}", path.display());
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let clusters = decode_weights(&bytes).with_context(at)?;
    let clusters = FeatureClusters::from_state_dict(&clusters).with_context(at)?;
    let problem = clusters.check(channels);
    problem.map_err(|problem| anyhow!("{}: {problem}", path.display()))?;
    Ok(Some(clusters))
}

fn weight_file(name: &str, dtype: WeightDtype, bytes: &[u8]) -> WeightFile {
    WeightFile {
        file: name.to_owned(),
        dtype,
        bytes: bytes.len() as u64,
        sha256: sha256(bytes),
    }
}

/// The manifest of a generator whose weights are not in a file yet. `size` is height and width.
pub fn describe(name: String, model: ModelConfig, input: InputKind, size: [usize; 2]) -> Manifest {
    let [height, width] = model.fixed_size().unwrap_or(size);
    Manifest {
        format_version: FORMAT_VERSION,
        name,
        input,
        output: OutputKind {
            channels: model.output_channels(),
            value_range: [-1.0, 1.0],
        },
        size: SizeRule {
            height,
            width,
            multiple: model.size_multiple(),
        },
        test_time: test_time(&model),
        weights: weight_file(WEIGHTS_FILE, WeightDtype::F32, &[]),
        encoder_weights: model
            .has_encoder()
            .then(|| weight_file(ENCODER_FILE, WeightDtype::F32, &[])),
        clusters: None,
        model,
        provenance: Provenance {
            producer: concat!("underpaint ", env!("CARGO_PKG_VERSION")).to_owned(),
            ..Provenance::default()
        },
    }
}

/// How the authors of a family test.
fn test_time(model: &ModelConfig) -> TestTime {
    match model {
        ModelConfig::Pix2pix { generator } => TestTime {
            statistics: NormDefault::Batch,
            dropout: generator.dropout,
        },
        // SPADE alone calls eval().
        ModelConfig::Spade { .. } => TestTime {
            statistics: NormDefault::Running,
            dropout: false,
        },
        ModelConfig::Pix2pixhd { .. } | ModelConfig::Pgan { .. } => TestTime {
            statistics: NormDefault::Batch,
            dropout: false,
        },
    }
}

/// A model that takes label maps, with classes named by the palette where it knows them.
pub fn labels_input(layout: SemanticLayout, palette: Option<Palette>) -> InputKind {
    InputKind::Labels {
        num_classes: layout.num_classes,
        classes: named_classes(layout.num_classes, palette),
        dont_care: layout.dont_care,
        edges: layout.edges,
    }
}

/// A model that takes pictures, which may be painted in the colours of a palette.
pub fn image_input(channels: usize, palette: Option<Palette>) -> InputKind {
    InputKind::Image {
        channels,
        value_range: [-1.0, 1.0],
        palette: palette.unwrap_or_default().classes,
    }
}

/// Exactly `num_classes` classes: those of the palette, then numbered ones.
fn named_classes(num_classes: usize, palette: Option<Palette>) -> Vec<LabelClass> {
    let mut classes = Palette::numbered(num_classes).classes;
    for class in palette.unwrap_or_default().classes {
        if let Some(place) = classes.get_mut(usize::from(class.id)) {
            *place = class;
        }
    }
    classes
}

/// Every picture file of a folder, or the file itself, with its name below the folder.
///
/// # Errors
///
/// If there is no such file, or no picture in the folder.
pub fn input_files(input: &Path) -> Result<Vec<(PathBuf, String)>> {
    use crate::data::files::{list_pictures, sample_name};
    if input.is_file() {
        let name = input
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        return Ok(vec![(input.to_path_buf(), name)]);
    }
    let files = list_pictures(input)?;
    if files.is_empty() {
        bail!("{}: expected pictures, found none", input.display());
    }
    Ok(files
        .into_iter()
        .map(|path| (path.clone(), sample_name(input, &path)))
        .collect())
}
