//! `underpaint features`: what a trained pix2pixHD encoder makes of a data set.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use burn::tensor::Tensor;
use clap::{Args, Subcommand};
use indicatif::ProgressIterator;
use rand_chacha::rand_core::SeedableRng;
use underpaint_core::bundle::{ModelConfig, Runner, WeightDtype, decode_weights, encode_weights};
use underpaint_core::label::Instances;
use underpaint_core::pix2pixhd::RegionFeatures;

use super::generate::picture_from_signed;
use super::options::RunnerArgs;
use crate::config::of_run;
use crate::data::decode::{Picture, write_picture_png};
use crate::data::{Dataset, PixelsF32, Sample, SampleInput, SampleRng, Size};
use crate::family::batch;
use crate::model::{CLUSTERS_PREFIX, Model};

/// What `features encode` writes into a run, if it is not told otherwise.
const FEATURES_FILE: &str = "features.safetensors";

/// Flags of `features`.
#[derive(Debug, Args)]
pub struct FeaturesArgs {
    #[command(subcommand)]
    command: FeaturesCommand,
}

#[derive(Debug, Subcommand)]
enum FeaturesCommand {
    /// Gather the features of all instances of a phase, by label
    Encode(EncodeArgs),
    /// Write the features of a phase as 8-bit PNG, for train pix2pixhd --load-features
    Precompute(PrecomputeArgs),
    /// Gather the features of all instances of a phase and find typical ones for every label
    Cluster(ClusterArgs),
}

#[derive(Debug, Args)]
struct EncoderArgs {
    /// pix2pixHD run with a trained encoder (--instance-feat or --label-feat)
    #[arg(long, value_name = "RUN")]
    run: PathBuf,
    /// Data set [default: the run's own]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Phase of the data set
    #[arg(long, value_name = "NAME", default_value = "train")]
    phase: String,
    #[command(flatten)]
    runner: RunnerArgs,
}

#[derive(Debug, Args)]
struct EncodeArgs {
    #[command(flatten)]
    encoder: EncoderArgs,
    /// File to write, for every label its instances with their features and sizes [default:
    /// features.safetensors in the run]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct PrecomputeArgs {
    #[command(flatten)]
    encoder: EncoderArgs,
    /// Folder to write to, {phase}_feat of the data set that will be trained on
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// How much larger the maps are than what the encoder saw: 2 for a generator of twice the size
    #[arg(long, value_name = "N", default_value_t = 2)]
    scale: usize,
}

#[derive(Debug, Args)]
struct ClusterArgs {
    #[command(flatten)]
    encoder: EncoderArgs,
    /// Typical features of every label, at most
    #[arg(long, alias = "n_clusters", value_name = "N", default_value_t = 10)]
    clusters: usize,
    /// Features that `features encode` has gathered, instead of gathering them again
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "data", "phase", "device", "bn_stats", "dropout", "precision",
    ])]
    from: Option<PathBuf>,
    /// File to write [default: features_clustered_010.safetensors in the run, where export and generate
    /// find it]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl FeaturesArgs {
    /// Runs the subcommand.
    pub fn run(self) -> Result<ExitCode> {
        match self.command {
            FeaturesCommand::Encode(args) => encode(&args)?,
            FeaturesCommand::Precompute(args) => precompute(&args)?,
            FeaturesCommand::Cluster(args) => cluster(&args)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A trained encoder with the pictures that it looks at.
struct Encoder {
    runner: Runner,
    dataset: Arc<dyn Dataset>,
}

/// A run with a trained encoder, or why it is none.
fn open_model(run: &Path) -> Result<Model> {
    // Says what is wrong where it is no run at all.
    of_run(run)?;
    let model = Model::open(run)?;
    let found = match (&model.manifest.model, &model.encoder) {
        (ModelConfig::Pix2pixhd { .. }, Some(_)) => match model.manifest.provenance.steps {
            Some(0) => "one that has not been trained yet",
            _ => return Ok(model),
        },
        (ModelConfig::Pix2pixhd { .. }, None) if model.manifest.model.feature_channels() > 0 => {
            "one that was trained with features of another run (--load-features): that one has the encoder"
        }
        (ModelConfig::Pix2pixhd { .. }, None) => "one without features",
        (other, _) => {
            bail!(
                "{}: expected a pix2pixHD run with a trained feature encoder (train pix2pixhd \
                 --instance-feat), found a {} run",
                run.display(),
                other.family()
            )
        }
    };
    bail!(
        "{}: expected a run with a trained feature encoder (train pix2pixhd --instance-feat), found {found}",
        run.display()
    )
}

impl Encoder {
    fn open(args: &EncoderArgs) -> Result<Self> {
        let model = open_model(&args.run)?;
        let source = of_run(&args.run)?.source().moved_to(args.data.clone())?;
        Ok(Self {
            runner: args.runner.runner(&model)?,
            dataset: source.for_evaluation().open(&args.phase)?,
        })
    }

    /// The features of all instances.
    fn gather(&self) -> Result<RegionFeatures> {
        let mut all = RegionFeatures::default();
        for index in (0..self.dataset.len()).progress() {
            let sample = self.sample(index)?;
            let (features, ids) = self
                .features(&sample)
                .with_context(|| sample.name.clone())?;
            all.add(&features.data, features.channels, ids)?;
        }
        Ok(all)
    }

    fn sample(&self, index: usize) -> Result<Sample> {
        // Evaluation draws nothing from it.
        let mut stream = SampleRng::seed_from_u64(0);
        Ok(self.dataset.load(index, &mut stream)?)
    }

    /// The features of a sample, averaged over its regions, and the regions' ids.
    fn features<'a>(&self, sample: &'a Sample) -> Result<(PixelsF32, &'a [u16])> {
        let Size { width, height } = sample.input.size();
        let ids = match (&sample.instances, &sample.input) {
            (Some(map), _) => map.ids.as_slice(),
            (None, SampleInput::Labels { ids, .. }) => ids.as_slice(),
            (None, _) => bail!("expected an instance map or a label map, found neither"),
        };
        let device = self.runner.device();
        let regions = Instances::from_ids(ids, [1, height, width], device)?;
        let real: Tensor<4> = batch::images(&[&sample.target], device);
        let features = batch::pictures(self.runner.features_from_style(real, &regions)?);
        let features = features.into_iter().next();
        Ok((features.context("one feature map for one picture")?, ids))
    }
}

/// Source: pix2pixHD `precompute_feature_maps.py`, with the encoder that it forgets to load (spec 3.5,
/// B-3).
fn precompute(args: &PrecomputeArgs) -> Result<()> {
    if args.scale == 0 {
        bail!("--scale: expected at least 1, found 0");
    }
    let encoder = Encoder::open(&args.encoder)?;
    let count = encoder.dataset.len();
    for index in (0..count).progress() {
        let sample = encoder.sample(index)?;
        let (features, _) = encoder
            .features(&sample)
            .with_context(|| sample.name.clone())?;
        let picture = picture_from_signed(&features)
            .context("features are written as pictures: expected --feat-num 1 or 3")?;
        let path = args.output.join(format!("{}.png", sample.name));
        crate::files::create_parent(&path)?;
        write_picture_png(&path, &enlarged(&picture, args.scale))?;
    }
    eprintln!("{count} feature maps in {}", args.output.display());
    Ok(())
}

/// Every pixel `scale` times in both directions.
fn enlarged(picture: &Picture, scale: usize) -> Picture {
    let row_length = picture.width * picture.channels;
    let rows = picture.pixels.chunks_exact(row_length).flat_map(|row| {
        let pixels = row.chunks_exact(picture.channels);
        let row: Vec<u8> = pixels.flat_map(|pixel| pixel.repeat(scale)).collect();
        row.repeat(scale)
    });
    Picture {
        width: picture.width * scale,
        height: picture.height * scale,
        channels: picture.channels,
        pixels: rows.collect(),
    }
}

/// Source: pix2pixHD `encode_features.py` (spec 3.5), its first half.
fn encode(args: &EncodeArgs) -> Result<()> {
    let encoder = Encoder::open(&args.encoder)?;
    let all = encoder.gather()?;
    let default = || args.encoder.run.join(FEATURES_FILE);
    let path = args.output.clone().unwrap_or_else(default);
    let bytes = encode_weights(&all.to_state_dict(), WeightDtype::F32)?;
    crate::files::create_parent(&path)?;
    crate::files::write(&path, &bytes)?;
    eprintln!(
        "{} instances of {} labels in {} pictures: {}",
        all.len(),
        all.by_label.len(),
        encoder.dataset.len(),
        path.display()
    );
    Ok(())
}

/// Source: pix2pixHD `encode_features.py` (spec 3.5).
fn cluster(args: &ClusterArgs) -> Result<()> {
    if args.clusters == 0 {
        bail!("--clusters: expected at least 1, found 0");
    }
    let all = match &args.from {
        None => Encoder::open(&args.encoder)?.gather()?,
        Some(file) => {
            let channels = open_model(&args.encoder.run)?
                .manifest
                .model
                .feature_channels();
            read_features(file, channels)?
        }
    };
    let clusters = all.cluster(args.clusters, args.encoder.runner.seed);
    let path = match &args.output {
        Some(path) => path.clone(),
        None => args
            .encoder
            .run
            .join(format!("{CLUSTERS_PREFIX}{:03}.safetensors", args.clusters)),
    };
    let bytes = encode_weights(&clusters.to_state_dict(), WeightDtype::F32)?;
    crate::files::create_parent(&path)?;
    crate::files::write(&path, &bytes)?;
    eprintln!(
        "{} instances of {} labels; typical features of {} in {}",
        all.len(),
        all.by_label.len(),
        clusters.centres.len(),
        path.display()
    );
    Ok(())
}

/// What [`encode`] has written.
fn read_features(file: &Path, channels: usize) -> Result<RegionFeatures> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let dict = decode_weights(&bytes).with_context(|| format!("{}", file.display()))?;
    let all = RegionFeatures::from_state_dict(&dict, channels);
    all.with_context(|| format!("{}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enlarging_repeats_pixels_and_rows() {
        let picture = Picture {
            width: 2,
            height: 1,
            channels: 3,
            pixels: vec![1, 2, 3, 4, 5, 6],
        };
        let large = enlarged(&picture, 2);
        assert_eq!((large.width, large.height), (4, 2));
        let row = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6];
        assert_eq!(large.pixels, [row, row].concat());
    }
}
