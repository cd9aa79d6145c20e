//! `underpaint evaluate`.

mod pairs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::Args;
use indicatif::ProgressIterator;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use underpaint_core::bundle::{InputKind, Inputs, Runner};
use underpaint_core::label::Instances;
use underpaint_core::perceptual::{FEATURES, Inception};

use self::pairs::{FileMetrics, compare, print_grain, print_table};
use super::generate::picture_from_signed;
use super::options::RunnerArgs;
use crate::config::of_run;
use crate::data::decode::{Color, Picture, read_picture};
use crate::data::files::list_pictures_of;
use crate::data::source::{DataSource, Layout};
use crate::data::{Dataset, Sample, SampleInput, SampleRng, Size};
use crate::device;
use crate::evaluate::fid::{FeatureCollector, Fid};
use crate::evaluate::grain::{Grain, GrainCollector};
use crate::evaluate::paired::PairedMetrics;
use crate::family::{batch, derive_seed};
use crate::model::Model;
use crate::perceptual::{find_inception, needs_inception, open_inception};

/// Flags of `evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Run to evaluate, at its newest checkpoint
    #[arg(long, value_name = "RUN", required_unless_present = "real")]
    run: Option<PathBuf>,
    /// Data set [default: the run's own]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Phase of the data set [default: val]
    #[arg(long, value_name = "NAME")]
    phase: Option<String>,
    /// Instead of a data set: folder of photos
    #[arg(long, value_name = "DIR", requires = "labels", conflicts_with_all = ["data", "phase"])]
    images: Option<PathBuf>,
    /// With --images: folder of label maps, or of pictures that are inputs
    #[arg(long, value_name = "DIR", requires = "images")]
    labels: Option<PathBuf>,
    /// With --labels: folder of instance maps
    #[arg(long, value_name = "DIR", requires = "labels")]
    instances: Option<PathBuf>,
    /// Writes the numbers to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Adds the FID, with Inception's weights as pytorch-fid's releases have them
    #[arg(
        long,
        alias = "fid_eval_ckpt_dir",
        value_name = "FILE",
        help_heading = "FID"
    )]
    inception: Option<PathBuf>,
    /// Adds the FID, with the weights of `underpaint weights inception`
    #[arg(long, help_heading = "FID")]
    fid: bool,
    /// Instead of a run: the pictures in this folder and those of --fake, as they are: their FID with
    /// --inception, and without it L1, PSNR, SSIM and grain of those with one name
    #[arg(long, value_name = "DIR", conflicts_with_all = ["run", "data", "images", "phase", "bn_stats", "dropout", "seed", "fid"], requires = "fake")]
    real: Option<PathBuf>,
    /// Folder of generated pictures
    #[arg(long, value_name = "DIR", requires = "real")]
    fake: Option<PathBuf>,
    #[command(flatten)]
    runner: RunnerArgs,
}

/// What is written as JSON.
#[derive(Debug, Serialize)]
struct Evaluation {
    /// Folder of the run.
    run: PathBuf,
    /// Step of its checkpoint.
    step: Option<u64>,
    /// Data set.
    data: PathBuf,
    /// Phase of it.
    phase: String,
    /// Number of pictures.
    count: usize,
    /// Means over all pictures.
    mean: PairedMetrics,
    /// What was added to plain surfaces, where there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    grain: Option<Grain>,
    /// Distance of the two sets, if Inception's weights were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    fid: Option<Fid>,
    /// Every picture, in the order of the data set.
    files: Vec<FileMetrics>,
}

impl EvaluateArgs {
    /// Evaluates.
    pub fn run(self) -> Result<ExitCode> {
        match (&self.run, &self.real, &self.fake, &self.inception) {
            (Some(run), ..) => self.evaluate_run(run)?,
            (None, Some(real), Some(fake), Some(inception)) => {
                self.compare_folders(real, fake, inception)?;
            }
            (None, Some(real), Some(fake), None) => self.write_json(&compare(real, fake)?)?,
            _ => bail!("expected --run, or --real and --fake"),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn evaluate_run(&self, run: &Path) -> Result<()> {
        let source = self.source(run)?;
        let model = Model::open(run)?;
        if matches!(model.manifest.input, InputKind::Latent { .. }) {
            return self.evaluate_latents(run, &source, &model);
        }
        // As the authors test: resized to the crop size, no crop and no flip.
        let phase = self.phase(&source);
        let dataset = source.for_evaluation().open(phase)?;
        let runner = self.runner.runner(&model)?;
        let inception = match self.inception_file()? {
            Some(path) => Some(open_inception(&path, runner.device())?),
            None => None,
        };
        let mut sets = inception
            .as_ref()
            .map(|inception| [(), ()].map(|()| FeatureCollector::new(inception, runner.device())));
        let mut grain = GrainCollector::default();
        let files = (0..dataset.len()).map(|index| {
            let (metrics, pictures) = evaluate(&runner, self.runner.seed, dataset.as_ref(), index)?;
            let [real, fake] = &pictures;
            grain.push(fake, real);
            if let Some(sets) = &mut sets {
                sets.iter_mut()
                    .zip(&pictures)
                    .for_each(|(set, picture)| set.push(picture));
            }
            Ok(metrics)
        });
        let files = files.collect::<Result<Vec<_>>>()?;
        let fid = sets
            .map(|[real, fake]| Fid::between(real, fake))
            .transpose()?;
        let all: Vec<PairedMetrics> = files.iter().map(|file| file.metrics).collect();
        let mean = PairedMetrics::mean(&all).context("a data set is never empty")?;
        let evaluation = Evaluation {
            run: run.to_path_buf(),
            step: model.manifest.provenance.steps,
            data: source.folder().to_path_buf(),
            phase: phase.to_owned(),
            count: files.len(),
            mean,
            grain: grain.finish(),
            fid,
            files,
        };
        print_table(&evaluation.files, &evaluation.mean);
        evaluation.grain.iter().for_each(print_grain);
        evaluation.fid.iter().for_each(print_fid);
        self.write_json(&evaluation)
    }

    /// What is read: the run's data set, or another in its place.
    fn source(&self, run: &Path) -> Result<DataSource> {
        let source = of_run(run)?.source().moved_to(self.data.clone())?;
        let source = match (&self.images, &self.labels) {
            (Some(images), Some(labels)) => source.in_folders(Layout::Custom {
                labels: labels.clone(),
                images: images.clone(),
                instances: self.instances.clone(),
            })?,
            _ => source,
        };
        if let (Layout::Custom { labels, .. }, Some(_)) = (&source.layout, &self.phase) {
            bail!(
                "--phase: the run's data set has none, it lies in folders such as {}; --images and --labels name \
                 others",
                labels.display()
            );
        }
        Ok(source)
    }

    /// The phase that is read; folders of any names have none.
    fn phase(&self, source: &DataSource) -> &str {
        match source.layout {
            Layout::Custom { .. } => "",
            _ => self.phase.as_deref().unwrap_or("val"),
        }
    }

    /// A generator that starts from latents has no pairs: the FID of as many pictures as there are real
    /// ones.
    fn evaluate_latents(&self, run: &Path, source: &DataSource, model: &Model) -> Result<()> {
        let Some(path) = self.inception_file()? else {
            bail!(
                "{}: generates from latents, so that there are no pairs to compare: expected --fid, or \
                 --inception FILE",
                run.display()
            );
        };
        let runner = self.runner.runner(model)?;
        let inception = open_inception(&path, runner.device())?;
        let [side, _] = model.manifest.model.fixed_size().unwrap_or([0; 2]);
        let dataset = source.open(self.phase(source))?;
        let dataset = dataset.at_resolution(side).unwrap_or(dataset);
        let [mut real, mut fake] =
            [(), ()].map(|()| FeatureCollector::new(&inception, runner.device()));
        for index in (0..dataset.len()).progress() {
            let sample = dataset.load(index, &mut SampleRng::seed_from_u64(0))?;
            real.push(&picture_from_signed(&sample.target)?);
            let latents = runner.draw_latents(1, derive_seed(self.runner.seed, index as u64));
            let inputs = Inputs {
                latents: Some(latents),
                ..Inputs::default()
            };
            for picture in batch::pictures(runner.run(inputs, self.runner.seed)?) {
                fake.push(&picture_from_signed(&picture)?);
            }
        }
        let fid = Fid::between(real, fake)?;
        print_fid(&fid);
        self.write_json(&fid)
    }

    /// The file of Inception's weights, where the FID is asked for.
    fn inception_file(&self) -> Result<Option<PathBuf>> {
        if !self.fid && self.inception.is_none() {
            return Ok(None);
        }
        let found = find_inception(self.inception.as_deref())?;
        found.map_or_else(|| bail!(needs_inception()), |path| Ok(Some(path)))
    }

    fn compare_folders(&self, real: &Path, fake: &Path, inception: &Path) -> Result<()> {
        let sets = [
            list_pictures_of(real, "real pictures")?,
            list_pictures_of(fake, "generated pictures")?,
        ];
        let device = device::open(self.runner.device)?;
        let inception = open_inception(inception, &device)?;
        let [real, fake] = sets.map(|paths| collect(&inception, &device, &paths));
        let fid = Fid::between(real?, fake?)?;
        print_fid(&fid);
        self.write_json(&fid)
    }

    fn write_json(&self, numbers: &impl Serialize) -> Result<()> {
        match &self.json {
            Some(path) => {
                crate::files::write(path, serde_json::to_string_pretty(numbers)?.as_bytes())
            }
            None => Ok(()),
        }
    }
}

/// The features of all pictures, read one after the other.
fn collect<'a>(
    inception: &'a Inception,
    device: &'a Device,
    paths: &[PathBuf],
) -> Result<FeatureCollector<'a>> {
    let mut collector = FeatureCollector::new(inception, device);
    for path in paths.iter().progress() {
        collector.push(&read_picture(path, Color::Rgb)?);
    }
    Ok(collector)
}

/// What the generator sees of a sample; an encoder reads style or features off the real picture.
fn inputs(runner: &Runner, seed: u64, sample: &Sample) -> Result<Inputs> {
    let instances = sample.instances.as_ref().map(|map| map.ids.as_slice());
    let Size { width, height } = sample.input.size();
    let condition = match &sample.input {
        SampleInput::Image(picture) => {
            runner.condition_from_planes(picture.data.clone(), height, width)?
        }
        SampleInput::Labels { ids, .. } => {
            runner.condition_from_labels(ids, instances, height, width)?
        }
        SampleInput::Unconditional => bail!("expected an input, found none"),
    };
    let real = || batch::images(&[&sample.target], runner.device());
    let features = match (runner.model().feature_channels(), &sample.features) {
        (0, _) => None,
        (_, Some(features)) => Some(batch::images(&[features], runner.device())),
        (_, None) => {
            let ids = match (instances, &sample.input) {
                (Some(ids), _) => ids,
                (None, SampleInput::Labels { ids, .. }) => ids,
                (None, _) => bail!("expected an instance map, found none"),
            };
            let regions = Instances::from_ids(ids, [1, height, width], runner.device())?;
            Some(runner.features_from_style(real(), &regions)?)
        }
    };
    let latents = match runner.model().latent_channels() {
        Some(_) => Some(runner.latents_from_style(real(), seed)?),
        None => None,
    };
    Ok(Inputs {
        latents,
        features,
        ..Inputs::from(condition)
    })
}

/// Also gives the real and the generated picture.
fn evaluate(
    runner: &Runner,
    seed: u64,
    dataset: &dyn Dataset,
    index: usize,
) -> Result<(FileMetrics, [Picture; 2])> {
    // Evaluation draws nothing from it.
    let sample = dataset.load(index, &mut SampleRng::seed_from_u64(0))?;
    let generated = inputs(runner, seed, &sample)
        .and_then(|inputs| Ok(runner.run(inputs, seed)?))
        .with_context(|| sample.name.clone())?;
    let generated = batch::pictures(generated);
    let generated = generated.first().context("one picture for one input")?;
    let (real, fake) = (
        picture_from_signed(&sample.target)?,
        picture_from_signed(generated)?,
    );
    let metrics = PairedMetrics::between(&fake, &real).with_context(|| sample.name.clone())?;
    let metrics = FileMetrics {
        name: sample.name,
        metrics,
    };
    Ok((metrics, [real, fake]))
}

fn print_fid(fid: &Fid) {
    println!("{fid}");
    if fid.is_rough() {
        eprintln!(
            "with no more than {FEATURES} pictures on a side the FID comes out too high: compare it only \
             with others of as many pictures"
        );
    }
}
