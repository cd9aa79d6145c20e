//! Trained generators at rest: bundles and runs, read and written.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use underpaint_core::bundle::{
    FORMAT_VERSION, InputKind, MANIFEST_FILE, Manifest, ModelConfig, NormDefault, OutputKind,
    Provenance, SizeRule, TestTime, WEIGHTS_FILE, WeightDtype, WeightFile, decode_weights,
    encode_weights, sha256,
};
use underpaint_core::label::{LabelClass, Palette};
use underpaint_core::pix2pix::GeneratorConfig;
use underpaint_core::state_dict::StateDict;

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
