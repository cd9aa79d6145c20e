//! Pictures against pictures without pairs: those of a run that generates from latents, or two folders.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressIterator};
use rand::RngExt;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use underpaint_core::bundle::{Inputs, Runner};

use super::EvaluateArgs;
use crate::command::generate::picture_from_signed;
use crate::data::augment::Region;
use crate::data::decode::{Color, Picture, read_picture, read_picture_size};
use crate::data::files::list_pictures_of;
use crate::data::resize::{Filter, resize_bytes};
use crate::data::source::DataSource;
use crate::data::{Dataset, SampleRng, Size};
use crate::device;
use crate::evaluate::fid::{Fid, PictureSet};
use crate::evaluate::grain::{Grain, GrainCollector};
use crate::evaluate::ms_ssim::{MeanMsSsim, MsSsim};
use crate::evaluate::sliced::LevelDistance;
use crate::family::{batch, derive_seed};
use crate::model::Model;

/// Pairs that are compared together, as the seed does.
const BATCH: usize = 64;
/// Pictures that are generated together.
const GENERATED: usize = 16;
/// Apart from the latents of the FID's pictures.
const PAIRS_PURPOSE: u64 = 0x6d73_7373_696d;

/// The numbers of two sets.
#[derive(Debug, Serialize)]
pub(super) struct SetEvaluation {
    /// Folder of the run, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<PathBuf>,
    /// Step of its checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// What was done to the pictures before anything else, in words.
    pub pictures: String,
    /// The real pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub real: Option<PictureSet>,
    /// The generated ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fake: Option<PictureSet>,
    /// Fréchet inception distance, if it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fid: Option<f64>,
    /// Sliced Wasserstein distances, the finest level first, if they are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub swd: Vec<LevelDistance>,
    /// Multi-scale structural similarity, if it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms_ssim: Option<MsSsim>,
    /// What was added to plain surfaces, if it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grain: Option<Grain>,
}

impl SetEvaluation {
    /// The distance with its sets, if it is there.
    pub fn fid(&self) -> Option<Fid> {
        Some(Fid {
            fid: self.fid?,
            real: self.real.clone()?,
            fake: self.fake.clone()?,
        })
    }
}

/// Pictures by number.
trait Pictures {
    fn len(&self) -> usize;
    fn get(&self, index: usize) -> Result<Picture>;
}

/// The pictures of a data set.
struct OfDataset<'a>(&'a dyn Dataset);

impl Pictures for OfDataset<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> Result<Picture> {
        let sample = self.0.load(index, &mut SampleRng::seed_from_u64(0))?;
        picture_from_signed(&sample.target)
    }
}

/// The pictures of a folder, as `--size` says.
struct OfFolder {
    paths: Vec<PathBuf>,
    side: Option<usize>,
}

impl OfFolder {
    fn open(folder: &Path, what: &'static str, side: Option<usize>) -> Result<Self> {
        Ok(Self {
            paths: list_pictures_of(folder, what)?,
            side,
        })
    }
}

impl Pictures for OfFolder {
    fn len(&self) -> usize {
        self.paths.len()
    }

    fn get(&self, index: usize) -> Result<Picture> {
        let picture = read_picture(&self.paths[index], Color::Rgb)?;
        Ok(match self.side {
            None => picture,
            Some(side) => middle_square(&picture, side),
        })
    }
}

/// Pictures are compared pixel by pixel, or patch by patch, where all have one size.
fn check_sizes(folders: &[&OfFolder]) -> Result<()> {
    let mut first: Option<(Size, &Path)> = None;
    for path in folders.iter().flat_map(|folder| &folder.paths) {
        let found = read_picture_size(path)?;
        let (expected, other) = *first.get_or_insert((found, path));
        if found != expected {
            bail!(
                "{}: expected {expected}, the size of {}, found {found}; --size PX compares the middle squares of all \
                 pictures at that side",
                path.display(),
                other.display()
            );
        }
    }
    Ok(())
}

/// The middle square of a picture, resized to that side.
fn middle_square(picture: &Picture, side: usize) -> Picture {
    let Size { width, height } = picture.size();
    let least = width.min(height);
    let region = Region {
        left: (width - least) / 2,
        top: (height - least) / 2,
        size: Size::new(least, least),
    };
    let wanted = Size::new(side, side);
    if picture.size() == wanted {
        return picture.clone();
    }
    let square = region.cut_picture(picture);
    let channels = square.channels;
    let pixels = resize_bytes(
        &square.pixels,
        square.size(),
        channels,
        wanted,
        Filter::Bicubic,
    );
    Picture {
        width: side,
        height: side,
        channels,
        pixels,
    }
}

impl EvaluateArgs {
    /// A generator that starts from latents has no pairs: its pictures are compared as a set with the
    /// real ones, as many as there are.
    pub(super) fn evaluate_latents(
        &self,
        run: &Path,
        source: &DataSource,
        model: &Model,
    ) -> Result<SetEvaluation> {
        if self.measures.is_empty() {
            bail!(
                "{}: generates from latents, so that there are no pairs to compare: expected --fid (or \
                 --inception FILE), --swd or --ms-ssim",
                run.display()
            );
        }
        let runner = self.runner.runner(model)?;
        let seed = self.runner.seed;
        let inception = self.measures.open_inception(runner.device())?;
        let [side, _] = model.manifest.model.fixed_size().unwrap_or([0; 2]);
        let dataset = source.open(self.phase(source))?;
        let dataset = dataset.at_resolution(side).unwrap_or(dataset);
        let reals = OfDataset(dataset.as_ref());
        let mut sets = self.measures.sets(inception.as_ref(), runner.device());
        if sets.are_wanted() {
            for index in (0..reals.len()).progress() {
                sets.push_real(reals.get(index)?);
                let seeds = [derive_seed(seed, index as u64)];
                for picture in generated(&runner, &seeds, seed)? {
                    sets.push_fake(picture);
                }
            }
        }
        let ms_ssim = self.ms_ssim(&reals, |batch, count| {
            let seeds = (0..count).map(|index| {
                let number = (batch * BATCH + index) as u64;
                derive_seed(derive_seed(seed, PAIRS_PURPOSE), number)
            });
            let seeds: Vec<u64> = seeds.collect();
            let parts = seeds.chunks(GENERATED);
            let parts = parts.map(|seeds| generated(&runner, seeds, seed));
            Ok(parts.collect::<Result<Vec<_>>>()?.concat())
        })?;
        let distances = sets.distances(seed)?;
        let rule = format!("real pictures as in training, {side}x{side}");
        Ok(SetEvaluation {
            run: Some(run.to_path_buf()),
            step: model.manifest.provenance.steps,
            ms_ssim,
            ..evaluation(rule, distances.fid, distances.swd)
        })
    }

    /// Compares the pictures of two folders.
    pub(super) fn compare_folders(&self, real: &Path, fake: &Path) -> Result<SetEvaluation> {
        if self.measures.is_empty() {
            bail!(
                "--real and --fake: expected --fid (or --inception FILE), --swd, --ms-ssim or --grain"
            );
        }
        if self.size == Some(0) {
            bail!("--size: expected at least 1, found 0");
        }
        let reals = OfFolder::open(real, "real pictures", self.size)?;
        let fakes = OfFolder::open(fake, "generated pictures", self.size)?;
        // Inception sees pictures of any size as its own.
        if self.size.is_none() && (self.measures.swd || self.measures.ms_ssim) {
            check_sizes(&[&reals, &fakes])?;
        }
        let device = device::open(self.runner.device)?;
        let inception = self.measures.open_inception(&device)?;
        let mut sets = self.measures.sets(inception.as_ref(), &device);
        if sets.are_wanted() {
            for index in (0..reals.len()).progress() {
                sets.push_real(reals.get(index)?);
            }
            for index in (0..fakes.len()).progress() {
                sets.push_fake(fakes.get(index)?);
            }
        }
        let mut stream = SampleRng::seed_from_u64(derive_seed(self.runner.seed, PAIRS_PURPOSE));
        let ms_ssim = self.ms_ssim(&reals, |_, count| {
            let ring = ring(&mut stream, count, fakes.len())?;
            ring.into_iter().map(|index| fakes.get(index)).collect()
        })?;
        let distances = sets.distances(self.runner.seed)?;
        let rule = match self.size {
            None => "pictures as they are".to_owned(),
            Some(side) => format!("the middle square of every picture, resized to {side}x{side}"),
        };
        Ok(SetEvaluation {
            ms_ssim,
            grain: match self.measures.grain {
                true => grain(&reals, &fakes)?,
                false => None,
            },
            ..evaluation(rule, distances.fid, distances.swd)
        })
    }

    /// The mean MS-SSIM over batches of 64 pairs; `fakes` gives that many generated pictures of a batch.
    fn ms_ssim(
        &self,
        reals: &dyn Pictures,
        mut fakes: impl FnMut(usize, usize) -> Result<Vec<Picture>>,
    ) -> Result<Option<MsSsim>> {
        let pairs = self.measures.pairs;
        if !self.measures.ms_ssim {
            return Ok(None);
        }
        if pairs < 2 {
            bail!("--pairs: expected at least 2, found {pairs}");
        }
        let mut stream = SampleRng::seed_from_u64(derive_seed(self.runner.seed, !PAIRS_PURPOSE));
        let mut mean = MeanMsSsim::default();
        let progress = ProgressBar::new(pairs as u64);
        for (batch, start) in (0..pairs).step_by(BATCH).enumerate() {
            let count = BATCH.min(pairs - start);
            let drawn = ring(&mut stream, count, reals.len())?.into_iter();
            let drawn = drawn.map(|index| reals.get(index));
            let drawn = drawn.collect::<Result<Vec<_>>>()?;
            mean.add(&drawn, &fakes(batch, count)?)?;
            progress.inc(count as u64);
        }
        progress.finish_and_clear();
        Ok(Some(mean.finish()))
    }
}

/// What generated pictures add to plain surfaces of the real ones that they pair with.
fn grain(reals: &dyn Pictures, fakes: &dyn Pictures) -> Result<Option<Grain>> {
    if reals.len() != fakes.len() {
        bail!(
            "--grain: expected a generated picture for every real one, found {} for {}",
            fakes.len(),
            reals.len()
        );
    }
    let mut collector = GrainCollector::default();
    for index in 0..reals.len() {
        let (fake, real) = (fakes.get(index)?, reals.get(index)?);
        if fake.size() != real.size() {
            bail!(
                "--grain: picture {index}: expected {}, found {}",
                real.size(),
                fake.size()
            );
        }
        collector.push(&fake, &real);
    }
    let found = collector.finish();
    if found.is_none() {
        eprintln!("--grain: no part of the real pictures is plain");
    }
    Ok(found)
}

fn evaluation(pictures: String, fid: Option<Fid>, swd: Vec<LevelDistance>) -> SetEvaluation {
    let (fid, real, fake) = match fid {
        Some(Fid { fid, real, fake }) => (Some(fid), Some(real), Some(fake)),
        None => (None, None, None),
    };
    SetEvaluation {
        run: None,
        step: None,
        pictures,
        real,
        fake,
        fid,
        swd,
        grain: None,
        ms_ssim: None,
    }
}

/// One picture of each seed's latents.
fn generated(runner: &Runner, seeds: &[u64], seed: u64) -> Result<Vec<Picture>> {
    let latents = seeds.iter().map(|&seed| runner.draw_latents(1, seed));
    let inputs = Inputs {
        latents: Some(burn::tensor::Tensor::cat(latents.collect(), 0)),
        alpha: runner.manifest().alpha,
        ..Inputs::default()
    };
    let pictures = batch::pictures(runner.run(inputs, seed)?);
    pictures.iter().map(picture_from_signed).collect()
}

/// `count` numbers below `of` in a ring, neighbours different.
fn ring(stream: &mut SampleRng, count: usize, of: usize) -> Result<Vec<usize>> {
    if of < 2 {
        bail!("MS-SSIM: expected at least 2 pictures on each side, found {of}");
    }
    let mut found: Vec<usize> = Vec::with_capacity(count);
    for at in 0..count {
        let before = at.checked_sub(1).map(|before| found[before]);
        // With two numbers, the last of an odd ring has no place between them.
        let first = (at + 1 == count && of > 2).then(|| found.first()).flatten();
        let drawn = loop {
            let drawn = stream.random_range(0..of as u64) as usize;
            if Some(drawn) != before && Some(&drawn) != first {
                break drawn;
            }
        };
        found.push(drawn);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_a_ring_differ() {
        let mut stream = SampleRng::seed_from_u64(1);
        for (count, of) in [(64, 2), (64, 3), (7, 3), (1, 9), (64, 1000)] {
            let ring = ring(&mut stream, count, of).expect("two at least");
            assert_eq!(ring.len(), count);
            for at in 0..count {
                assert!(ring[at] < of);
                let next = ring[(at + 1) % count];
                assert!(count == 1 || ring[at] != next, "{ring:?}");
            }
        }
        assert!(super::ring(&mut stream, 2, 1).is_err());
    }

    #[test]
    fn the_middle_square_is_cut_out() {
        let picture = Picture {
            width: 4,
            height: 2,
            channels: 1,
            pixels: vec![1, 2, 3, 4, 5, 6, 7, 8],
        };
        let cut = middle_square(&picture, 2);
        assert_eq!(cut.pixels, [2, 3, 6, 7]);
        assert_eq!(middle_square(&picture, 5).size(), Size::new(5, 5));
    }
}
