//! A generator that translates, against the real pictures of its data set.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::ProgressIterator;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use underpaint_core::bundle::{InputKind, Inputs, Runner};
use underpaint_core::label::{Instances, LabelClass, Palette};

use super::EvaluateArgs;
use crate::command::generate::picture_from_signed;
use crate::data::decode::Picture;
use crate::data::source::DataSource;
use crate::data::{Sample, SampleInput, SampleRng, Size};
use crate::evaluate::by_class::{ClassDifference, DifferenceByClass};
use crate::evaluate::fid::Fid;
use crate::evaluate::grain::{Grain, GrainCollector};
use crate::evaluate::paired::PairedMetrics;
use crate::evaluate::sliced::LevelDistance;
use crate::family::{batch, input_picture};
use crate::model::Model;
use crate::results::Results;

/// The numbers of a run.
#[derive(Debug, Serialize)]
pub(super) struct PairEvaluation {
    /// Folder of the run.
    pub run: PathBuf,
    /// Step of its checkpoint.
    pub step: Option<u64>,
    /// Data set.
    pub data: PathBuf,
    /// Phase of it.
    pub phase: String,
    /// Number of pictures.
    pub count: usize,
    /// Means over all pictures.
    pub mean: PairedMetrics,
    /// What was added to plain surfaces, where there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grain: Option<Grain>,
    /// Distance of the two sets, if it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fid: Option<Fid>,
    /// Sliced Wasserstein distances of the two sets, the finest level first, if they are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub swd: Vec<LevelDistance>,
    /// Differences by class; empty for models that take no label maps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassDifference>,
    /// Every picture, in the order of the data set.
    pub files: Vec<FileMetrics>,
}

/// One picture.
#[derive(Debug, Serialize)]
pub(super) struct FileMetrics {
    /// Of the sample.
    pub name: String,
    /// How like the real picture it is.
    #[serde(flatten)]
    pub metrics: PairedMetrics,
}

impl EvaluateArgs {
    /// Generates every picture of the phase and compares it.
    pub(super) fn evaluate_pairs(
        &self,
        run: &Path,
        source: &DataSource,
        model: &Model,
        mut results: Option<&mut Results>,
    ) -> Result<PairEvaluation> {
        if self.measures.ms_ssim {
            bail!(
                "--ms-ssim: tells how much pictures without pairs differ from each other; these have pairs, \
                 and SSIM compares them"
            );
        }
        // As the authors test: resized to the crop size, no crop and no flip.
        let phase = self.phase(source);
        let dataset = source.for_evaluation().open(phase)?;
        let runner = self.runner.runner(model)?;
        let inception = self.measures.open_inception(runner.device())?;
        let mut sets = self.measures.sets(inception.as_ref(), runner.device());
        if let Some(results) = &mut results {
            results.begin_column(title(run, model))?;
        }
        let palette = model.palette();
        let mut by_class = DifferenceByClass::default();
        let mut grain = GrainCollector::default();
        let mut files = Vec::with_capacity(dataset.len());
        for index in (0..dataset.len()).progress() {
            // Evaluation draws nothing from it.
            let sample = dataset.load(index, &mut SampleRng::seed_from_u64(0))?;
            let (metrics, [real, fake]) =
                compare(&runner, self.runner.seed, &sample).with_context(|| sample.name.clone())?;
            if let SampleInput::Labels { ids, .. } = &sample.input {
                by_class.add(&fake, &real, ids);
            }
            if let Some(results) = &mut results {
                let input = || input_picture(&sample.input, &palette);
                results.add(&sample.name, input, [&real, &fake], metrics)?;
            }
            grain.push(&fake, &real);
            sets.push_real(real);
            sets.push_fake(fake);
            files.push(FileMetrics {
                name: sample.name,
                metrics,
            });
        }
        let distances = sets.distances(self.runner.seed)?;
        let all: Vec<PairedMetrics> = files.iter().map(|file| file.metrics).collect();
        Ok(PairEvaluation {
            run: run.to_path_buf(),
            step: model.manifest.provenance.steps,
            data: source.folder().to_path_buf(),
            phase: phase.to_owned(),
            count: files.len(),
            mean: PairedMetrics::mean(&all).context("a data set is never empty")?,
            grain: grain.finish(),
            fid: distances.fid,
            swd: distances.swd,
            classes: by_class.differences(&named(&palette, &model.manifest.input)),
            files,
        })
    }
}

/// The classes of a model, with the one that pixels of no class are.
fn named(palette: &Palette, input: &InputKind) -> Vec<LabelClass> {
    let mut classes = palette.classes.clone();
    if let Some(layout) = input.layout().filter(|layout| layout.dont_care)
        && let Ok(id) = u16::try_from(layout.num_classes)
        && classes.iter().all(|class| class.id != id)
    {
        let unknown = Palette::numbered(1).classes.into_iter();
        classes.extend(unknown.map(|class| LabelClass {
            id,
            name: "don't care".to_owned(),
            ..class
        }));
    }
    classes
}

/// What a column of the page is called.
fn title(run: &Path, model: &Model) -> String {
    let name = run.file_name().unwrap_or(run.as_os_str());
    let name = name.to_string_lossy();
    match model.manifest.provenance.steps {
        Some(step) => format!("{name}, step {step}"),
        None => name.into_owned(),
    }
}

/// Generates a sample's picture. Also gives the real and the generated picture.
fn compare(runner: &Runner, seed: u64, sample: &Sample) -> Result<(PairedMetrics, [Picture; 2])> {
    let generated = runner.run(inputs(runner, seed, sample)?, seed)?;
    let generated = batch::pictures(generated);
    let generated = generated.first().context("one picture for one input")?;
    let real = picture_from_signed(&sample.target)?;
    let fake = picture_from_signed(generated)?;
    Ok((PairedMetrics::between(&fake, &real)?, [real, fake]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::labels_input;
    use underpaint_core::label::SemanticLayout;

    #[test]
    fn pixels_of_no_class_have_a_name() {
        let layout = |dont_care| SemanticLayout {
            num_classes: 3,
            dont_care,
            edges: false,
        };
        let input = |dont_care| labels_input(layout(dont_care), None);
        let names = |classes, dont_care| {
            let named = named(&Palette::numbered(classes), &input(dont_care));
            named.last().map(|class| (class.id, class.name.clone()))
        };
        assert_eq!(names(3, true), Some((3, "don't care".to_owned())));
        assert_eq!(names(3, false), Some((2, "class 2".to_owned())));
        // ADE20K's last class is that one.
        assert_eq!(names(4, true), Some((3, "class 3".to_owned())));
    }
}
