//! Trained generators at rest: bundles and runs, read and written.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use underpaint_core::bundle::{
    self, BUNDLE_EXTENSION, BundleFile, ENCODER_FILE, FileBytes, InputKind, MANIFEST_FILE,
    Manifest, ModelConfig, Scores, WEIGHTS_FILE, WeightDtype, WeightFile, Weights, decode_weights,
    encode_weights, pack, sha256,
};
pub use underpaint_core::bundle::{image_input, labels_input};
use underpaint_core::checkpoint::{is_numpy, read_clusters as numpy_clusters};
use underpaint_core::label::Palette;
use underpaint_core::pix2pixhd::FeatureClusters;
use underpaint_core::state_dict::{StateDict, check_finite};

use crate::config::{CONFIG_FILE, TrainedModel, of_run};
use crate::data::labelled::read_palette;
use crate::files::DiskFile;
use crate::trainer::checkpoint;

/// What `evaluate` leaves of its numbers in a run, for those who export it.
pub const SCORES_FILE: &str = "scores-latest.json";

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
    /// Reads a bundle (a folder, or one file), or the newest checkpoint of a run.
    ///
    /// # Errors
    ///
    /// If it is none of these, or something in it is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        if path.is_file() {
            Self::open_bundle_file(path).with_context(|| format!("{}", path.display()))
        } else if path.join(MANIFEST_FILE).is_file() {
            Self::open_bundle(path)
        } else if path.join(CONFIG_FILE).is_file() {
            Self::open_run(path)
        } else {
            // A folder that may not be looked into seems to have nothing in it.
            if path.is_dir() {
                fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
            }
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

    fn open_bundle_file(path: &Path) -> Result<Self> {
        let file = DiskFile::open(path)?;
        let bundle = BundleFile::open(&file)?;
        let read = |described: &WeightFile| -> Result<StateDict> {
            let bytes = file.read(bundle.place(described)?)?;
            described.verify(&&*bytes)?;
            Ok(decode_weights(&bytes)?)
        };
        let manifest = bundle.manifest();
        Ok(Self {
            weights: read(&manifest.weights)?,
            encoder: manifest.encoder_weights.as_ref().map(read).transpose()?,
            manifest: manifest.clone(),
        })
    }

    fn open_run(run: &Path) -> Result<Self> {
        Self::open_checkpoint(run, &checkpoint::latest(run)?)
    }

    /// Reads a checkpoint of a run.
    ///
    /// # Errors
    ///
    /// If one of them is damaged.
    pub fn open_checkpoint(run: &Path, checkpoint: &Path) -> Result<Self> {
        let settings = of_run(run)?;
        let step = checkpoint::position(checkpoint)?.step;
        let TrainedModel {
            mut model,
            input,
            size,
            alpha,
            generator,
            encoder,
        } = {
            let palette = read_palette(run)?.or_else(|| settings.known_palette());
            settings.trained(step, palette)
        };
        let read = |name: &str| -> Result<StateDict> {
            let (_, dict) = checkpoint::load_network(checkpoint, name)?;
            check_finite(&dict).with_context(|| format!("{}", checkpoint.display()))?;
            Ok(dict)
        };
        let name = run
            .file_name()
            .map_or("model".into(), |name| name.to_string_lossy().into_owned());
        let mut weights = read(generator)?;
        if let ModelConfig::Pix2pix { generator } = &mut model {
            generator.fold_upsampling(&mut weights);
        }
        let mut manifest = describe(name, model, input, size);
        manifest.alpha = alpha;
        manifest.provenance.steps = Some(step);
        manifest.provenance.data = Some(settings.source().title());
        manifest.provenance.scores = read_scores(run)?;
        if manifest.model.feature_channels() > 0 {
            manifest.clusters = read_clusters(run, manifest.model.feature_channels())?;
        }
        Ok(Self {
            manifest,
            weights,
            encoder: encoder.map(read).transpose()?,
        })
    }

    /// Writes a bundle: one file if its name has that ending, else a folder.
    ///
    /// # Errors
    ///
    /// If `path` is there and `replace` is not set or it is not a bundle, if a weight does not fit `dtype`,
    /// or if files cannot be written.
    pub fn write_bundle(
        mut self,
        path: &Path,
        dtype: WeightDtype,
        replace: bool,
    ) -> Result<Manifest> {
        let is_file = is_bundle_file_name(path);
        check_replaced(path, is_file, replace)?;
        let files = self.bundle_files(dtype)?;
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .collect();
        if is_file {
            write_packed(path, &files)?;
        } else {
            crate::files::write_folder(path, &files, replace)?;
        }
        Ok(self.manifest)
    }

    /// The files of a bundle, the manifest first; the manifest describes them from then on.
    ///
    /// # Errors
    ///
    /// If a weight does not fit `dtype`.
    pub fn bundle_files(&mut self, dtype: WeightDtype) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let weights = encode_weights(&self.weights, dtype)?;
        self.manifest.weights = weight_file(WEIGHTS_FILE, dtype, &weights);
        let encoder = self.encoder.as_ref();
        let encoder = encoder
            .map(|dict| encode_weights(dict, dtype))
            .transpose()?;
        let describe = |bytes: &Vec<u8>| weight_file(ENCODER_FILE, dtype, bytes);
        self.manifest.encoder_weights = encoder.as_ref().map(describe);
        let mut files = vec![
            (MANIFEST_FILE, self.manifest.to_json().into_bytes()),
            (WEIGHTS_FILE, weights),
        ];
        files.extend(encoder.map(|bytes| (ENCODER_FILE, bytes)));
        Ok(files)
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

/// Whether a path names a bundle in one file.
pub fn is_bundle_file_name(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case(BUNDLE_EXTENSION))
}

/// The path of a bundle in one file: with the ending, if it lacks that.
pub fn bundle_file_name(path: &Path) -> PathBuf {
    if is_bundle_file_name(path) {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{BUNDLE_EXTENSION}"));
    name.into()
}

/// Writes the files of a bundle as one.
///
/// # Errors
///
/// If it cannot be written.
pub fn write_packed(path: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    let parts = pack(files).with_context(|| format!("{}", path.display()))?;
    let parts: Vec<&[u8]> = parts.iter().map(|part| &**part).collect();
    crate::files::create_parent(path)?;
    crate::files::write_parts(path, &parts)
}

/// Nothing but a bundle of the same kind is replaced.
pub(crate) fn check_replaced(path: &Path, is_file: bool, replace: bool) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let is_bundle = match is_file {
        true => path.is_file() && BundleFile::open(DiskFile::open(path)?).is_ok(),
        false => path.join(MANIFEST_FILE).is_file(),
    };
    if !replace && is_file {
        bail!(
            "{} is already there: choose another --output, or --force to replace it",
            path.display()
        );
    }
    if replace && !is_bundle {
        let expected = match is_file {
            true => "expected a bundle in one file".to_owned(),
            false => format!("expected {MANIFEST_FILE} in it"),
        };
        bail!(
            "{} is not a bundle: {expected}; --force replaces nothing but bundles",
            path.display()
        );
    }
    Ok(())
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

/// The typical features that `features cluster`, or the authors' program, has written into a run; those
/// with most centres, where there are several. A file of another name is not looked at.
fn read_clusters(run: &Path, channels: usize) -> Result<Option<FeatureClusters>> {
    let entries = fs::read_dir(run).with_context(|| format!("cannot read {}", run.display()))?;
    let names = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let count = name.strip_prefix(CLUSTERS_PREFIX)?;
        let ours = count.strip_suffix(".safetensors");
        let count = ours.or(count.strip_suffix(".npy"))?;
        // Of both kinds with as many centres ours.
        Some((count.parse::<usize>().ok()?, ours.is_some(), name))
    });
    match names.max() {
        Some((.., name)) => Ok(Some(open_clusters(&run.join(name), channels)?)),
        None => Ok(None),
    }
}

/// What `evaluate` has measured of a run, if it has.
fn read_scores(run: &Path) -> Result<Option<Scores>> {
    let path = run.join(SCORES_FILE);
    match fs::read(&path) {
        Ok(json) => serde_json::from_slice(&json).with_context(|| {
            format!(
                "{}: damaged; `evaluate --run {}` writes it again",
                path.display(),
                run.display()
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Reads typical features of `channels` numbers: as `features cluster` writes them, or as the authors'
/// `encode_features.py` does (`features_clustered_010.npy`, of which nothing is executed).
///
/// # Errors
///
/// If it is neither, damaged, or of another number of channels.
pub fn open_clusters(path: &Path, channels: usize) -> Result<FeatureClusters> {
    let at = || format!("{}", path.display());
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let clusters = match is_numpy(&bytes) {
        true => numpy_clusters(&bytes).with_context(at)?,
        false => {
            let expected = || {
                format!(
                    "{}: expected typical features, as `features cluster` or the authors write them",
                    path.display()
                )
            };
            let dict = decode_weights(&bytes).with_context(expected)?;
            FeatureClusters::from_state_dict(&dict).with_context(expected)?
        }
    };
    let problem = clusters.check(channels);
    problem.map_err(|problem| anyhow!("{}: {problem}", path.display()))?;
    Ok(clusters)
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
    const PRODUCER: &str = concat!("underpaint ", env!("CARGO_PKG_VERSION"));
    bundle::describe(name, model, input, size, PRODUCER)
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
    if !input.exists() {
        bail!(
            "{}: expected a picture or a folder of pictures, found nothing",
            input.display()
        );
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
