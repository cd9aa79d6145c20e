//! Trained generators in use: bundles and runs, read, written and run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor};
use underpaint_core::bundle::{
    FORMAT_VERSION, InputKind, MANIFEST_FILE, Manifest, ModelConfig, NormDefault, OutputKind,
    Provenance, SizeRule, TestTime, WEIGHTS_FILE, WeightDtype, WeightFile, decode_weights,
    encode_weights, sha256,
};
use underpaint_core::label::{LabelClass, Palette};
use underpaint_core::layers::pad_to_multiple;
use underpaint_core::pix2pix::{Generator, GeneratorConfig};
use underpaint_core::state_dict::{StateDict, load_state_dict};

use crate::config::{CONFIG_FILE, TrainConfig};
use crate::data::labelled::read_palette;
use crate::trainer::checkpoint;

/// A trained generator at rest.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it is. For a run, `weights` describes no file yet.
    pub manifest: Manifest,
    /// Its weights by the authors' keys.
    pub weights: StateDict,
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
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let manifest = Manifest::from_json(&read(MANIFEST_FILE)?)
            .with_context(|| format!("{}", folder.display()))?;
        if Path::new(&manifest.weights.file).components().count() != 1 {
            bail!(
                "{}: the weight file must lie beside the manifest",
                folder.display()
            );
        }
        let bytes = read(&manifest.weights.file)?;
        manifest
            .verify_weights(&bytes)
            .with_context(|| format!("{}", folder.display()))?;
        let weights = decode_weights(&bytes).with_context(|| format!("{}", folder.display()))?;
        Ok(Self { manifest, weights })
    }

    fn open_run(run: &Path) -> Result<Self> {
        let config = TrainConfig::of_run(run)?;
        let (position, weights) = checkpoint::load_network(&checkpoint::latest(run)?, "generator")?;
        let name = run
            .file_name()
            .map_or("model".into(), |name| name.to_string_lossy().into_owned());
        let palette = read_palette(run)?;
        let generator = config.model.generator.clone();
        let mut manifest = describe(
            name,
            generator,
            config.label_classes,
            palette,
            config.augment.crop_size,
        );
        manifest.provenance.steps = Some(position.step);
        Ok(Self { manifest, weights })
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
        let bytes = encode_weights(&self.weights, dtype)?;
        self.manifest.weights = WeightFile {
            file: WEIGHTS_FILE.to_owned(),
            dtype,
            bytes: bytes.len() as u64,
            sha256: sha256(&bytes),
        };
        let json = self.manifest.to_json();
        let files = [
            (MANIFEST_FILE, json.as_bytes()),
            (WEIGHTS_FILE, bytes.as_slice()),
        ];
        crate::files::write_folder(folder, &files, replace)?;
        Ok(self.manifest)
    }

    /// Colours of its label maps, if it takes any.
    pub fn palette(&self) -> Palette {
        let classes = match &self.manifest.input {
            InputKind::Labels { classes, .. } => classes.clone(),
            InputKind::Image { palette, .. } => palette.clone(),
        };
        Palette { classes }
    }
}

/// The manifest of a generator whose weights are not in a file yet.
pub fn describe(
    name: String,
    generator: GeneratorConfig,
    label_classes: Option<usize>,
    palette: Option<Palette>,
    size: usize,
) -> Manifest {
    let input = match label_classes {
        Some(num_classes) => InputKind::Labels {
            num_classes,
            classes: named_classes(num_classes, palette),
        },
        None => InputKind::Image {
            channels: generator.input_channels,
            value_range: [-1.0, 1.0],
            palette: palette.unwrap_or_default().classes,
        },
    };
    Manifest {
        format_version: FORMAT_VERSION,
        name,
        input,
        output: OutputKind {
            channels: generator.output_channels,
            value_range: [-1.0, 1.0],
        },
        size: SizeRule {
            height: size,
            width: size,
            multiple: generator.size_multiple(),
        },
        test_time: TestTime {
            statistics: NormDefault::Batch,
            dropout: generator.dropout,
        },
        model: ModelConfig::Pix2pix { generator },
        weights: WeightFile {
            file: WEIGHTS_FILE.to_owned(),
            dtype: WeightDtype::F32,
            bytes: 0,
            sha256: String::new(),
        },
        provenance: Provenance {
            producer: concat!("underpaint ", env!("CARGO_PKG_VERSION")).to_owned(),
            ..Provenance::default()
        },
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

/// A generator on a device, ready to run.
pub struct Runner {
    generator: Generator,
    config: GeneratorConfig,
    test_time: TestTime,
    device: Device,
    seed: u64,
}

impl Runner {
    /// Puts a model on a device.
    ///
    /// # Errors
    ///
    /// If the weights do not fit the architecture, listing every mismatch.
    pub fn new(model: &Model, test_time: TestTime, seed: u64, device: &Device) -> Result<Self> {
        let ModelConfig::Pix2pix { generator: config } = &model.manifest.model;
        let generator = load_state_dict(config.init(device)?, &model.weights)
            .with_context(|| model.manifest.name.clone())?;
        Ok(Self {
            generator,
            config: config.clone(),
            test_time,
            device: device.clone(),
            seed,
        })
    }

    /// Where it runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Channels that it takes.
    pub fn input_channels(&self) -> usize {
        self.config.input_channels
    }

    /// Generates from inputs of any size: they are padded to the multiple that the network needs, and
    /// the result is cropped back. The same seed drops the same out.
    ///
    /// # Shapes
    ///
    /// - `condition`: `[batch, input_channels, height, width]`
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
    ///
    /// # Errors
    ///
    /// If the number of channels is another.
    pub fn run(&self, condition: Tensor<4>) -> Result<Tensor<4>> {
        let [batch, channels, height, width] = condition.dims();
        if channels != self.config.input_channels || batch * height * width == 0 {
            bail!(
                "input: expected [batch, {}, height, width], found {:?}",
                self.config.input_channels,
                condition.dims()
            );
        }
        // A ResNet mirrors borders of a quarter-size picture: four pixels would leave one.
        let multiple = self.config.size_multiple().max(8);
        let padded = pad_to_multiple(condition, multiple);
        self.device.seed(self.seed);
        let output = self.generator.forward(padded, self.test_time.mode());
        let [_, output_channels, ..] = output.dims();
        Ok(output.slice([0..batch, 0..output_channels, 0..height, 0..width]))
    }
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
