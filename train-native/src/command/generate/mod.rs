//! `underpaint generate`.
//!
//! - `files`: which pictures are made; `inputs`, `partners`: what a generator sees of a file; `pipeline`,
//!   `progress`: many files at once; `record`: what a folder has already; `target`: where pictures go.
//! - `latents`, `walk`: latents; `frames`: paths between them, and sheets.
//! - `tile`: large pictures in parts. `tensors`: without any rounding. `unused`: flags that would change nothing.

mod files;
mod frames;
mod inputs;
mod latents;
mod partners;
mod pipeline;
mod progress;
mod record;
mod target;
mod tensors;
mod tile;
mod unused;
mod walk;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use underpaint_core::bundle::{InputKind, ModelConfig};
use underpaint_core::image::pixels_from_signed;

pub(super) use latents::scale_of_side;

use super::options::RunnerArgs;
use crate::config::{is_run, of_run};
use crate::data::decode::{Color, Picture};
use crate::data::ids::IdRules;
use crate::data::source::InputSpec;
use crate::data::{PixelsF32, Size};
use crate::model::{Model, open_clusters};

/// Half of an AB picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// A
    Left,
    /// B
    Right,
}

/// Flags of `generate`.
#[derive(Debug, Clone, Args)]
pub struct GenerateArgs {
    /// Bundle or run
    #[arg(long, value_name = "BUNDLE|RUN")]
    model: PathBuf,
    /// Picture or label map, or a folder of them; any size. Not for models that generate from latents
    #[arg(long, value_name = "FILE|DIR", requires = "output")]
    input: Option<PathBuf>,
    /// PNG file, or folder of PNG files named as the inputs
    #[arg(long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Instance map, or a folder of them named as the inputs, for models that mark edges between
    /// instances [default: edges between classes]
    #[arg(long, value_name = "FILE|DIR", requires = "input")]
    instances: Option<PathBuf>,
    /// Table of ids that label maps go through first, as in training [default: a run's own]
    #[arg(long, value_name = "FILE", requires = "input")]
    remap: Option<PathBuf>,
    /// Shift ADE20K's ids, for a model that was trained with --ade-shift [default: a run's own]
    #[arg(long, alias = "ade_shift", requires = "input")]
    ade_shift: bool,
    /// Picture whose style to take, for models with an encoder [default: a style drawn from --seed]
    #[arg(long, alias = "style_image", value_name = "FILE")]
    style: Option<PathBuf>,
    /// A style drawn from --seed: what is done anyway where no other is asked for
    #[arg(
        long,
        alias = "random_style",
        alias = "random_z",
        conflicts_with = "style"
    )]
    random_style: bool,
    /// What objects look like, for pix2pixHD models with features: encode (as in the photos of --images), sample
    /// (drawn from --seed, from the model's typical features), or a feature map as `features precompute`
    /// writes them, or a folder of them named as the inputs [default: sample, where the model has typical
    /// features]
    #[arg(
        long,
        value_name = "encode|sample|FILE|DIR",
        requires = "input",
        conflicts_with = "style"
    )]
    features: Option<PathBuf>,
    /// Photo for --features encode, or a folder of them named as the inputs [default: for inputs in
    /// PHASE_label the folder PHASE_img beside it]
    #[arg(long, value_name = "FILE|DIR", requires = "features")]
    images: Option<PathBuf>,
    /// Typical features instead of the model's, as `features cluster` or the authors write them
    /// (features_clustered_010.npy)
    #[arg(
        long,
        alias = "cluster_path",
        value_name = "FILE",
        requires = "input",
        conflicts_with = "style"
    )]
    clusters: Option<PathBuf>,
    /// Take only this half of every input, for AB pictures
    #[arg(long, value_name = "SIDE")]
    half: Option<Half>,
    /// Resize inputs to that square, in pixels [default: keep their size, padding as needed]
    #[arg(long, value_name = "PX")]
    size: Option<usize>,
    /// Resize inputs to that width, in pixels, and in proportion
    #[arg(long, value_name = "PX", conflicts_with = "size")]
    width: Option<usize>,
    /// Pictures to draw from latents, each of its own
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: usize,
    /// Side to generate at, for a Progressive GAN: 4, 8, 16, … [default: the largest]
    #[arg(long, value_name = "PX")]
    scale: Option<usize>,
    /// Share of the next smaller size, for a Progressive GAN that was saved while growing [default: as it was then,
    /// of a run and of what is exported of it; else 0]
    #[arg(long, value_name = "0..1")]
    alpha: Option<f64>,
    /// Class to generate, for a class-conditional Progressive GAN: one of each attribute, as cat or
    /// Main=cat; give the flag once for each [default: drawn from --seed]
    #[arg(long, value_name = "CLASS")]
    class: Vec<String>,
    /// Make large pictures of tiles of that side, in pixels, that overlap by what the network looks around;
    /// not where norms measure the whole picture
    #[arg(long, value_name = "PX", conflicts_with_all = ["count", "grid", "batch"])]
    tile: Option<usize>,
    /// Inputs of one size that are run together: the same pictures, but for rounding of the last bits
    /// [default: 8 on a GPU, 1 elsewhere]
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Make pictures anew that the same command has left in the folder --output already
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    frames: frames::FramesArgs,
    /// Safetensors with what the network sees: `input` [batch, channels, height, width]; or `labels`
    /// and `instances` [batch, 1, height, width]; `features`, `style`, `z`, `alpha`, `scale` (pixels, or a
    /// number below 4) where the model takes them
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "input", "output", "instances", "remap", "ade_shift", "style", "features", "half", "size", "width", "count",
        "scale", "alpha", "class", "random_style", "images", "clusters", "tile", "batch", "again", "between",
        "interpolate", "grid", "frames", "fps",
    ], requires = "tensors_out")]
    tensors_in: Option<PathBuf>,
    /// Safetensors to write `output` to, before any rounding
    #[arg(long, value_name = "FILE", requires = "tensors_in")]
    tensors_out: Option<PathBuf>,
    #[command(flatten)]
    walk: walk::WalkArgs,
    #[command(flatten)]
    runner: RunnerArgs,
}

impl GenerateArgs {
    /// Generates.
    pub fn run(self) -> Result<ExitCode> {
        let mut model = Model::open(&self.model)?;
        if let Some(file) = &self.clusters {
            let channels = model.manifest.model.feature_channels();
            if channels == 0 {
                bail!("--clusters: this model takes no features");
            }
            model.manifest.clusters = Some(open_clusters(file, channels)?);
        }
        let runner = self.runner.runner(&model)?;
        if let (Some(input), Some(output)) = (&self.tensors_in, &self.tensors_out) {
            tensors::generate(&runner, self.runner.seed, &self.walk, input, output)?;
            return Ok(ExitCode::SUCCESS);
        }
        self.refuse_unused(&runner, &model.manifest.input)?;
        let none = Some(0);
        if self.count == 0 || [self.size, self.width, self.batch].contains(&none) {
            bail!("--count, --size, --width and --batch: expected at least 1, found 0");
        }
        self.check_growth(runner.model())?;
        self.tell_growth(&model);
        let unconditional = matches!(model.manifest.input, InputKind::Latent { .. });
        let (input, output) = match (&self.input, &self.output) {
            (_, None) => bail!("expected --output FILE|DIR, or --tensors-in and --tensors-out"),
            (Some(_), Some(_)) if unconditional => {
                bail!(
                    "--input: this model generates from latents: leave --input out, and set --seed or --count"
                )
            }
            (None, Some(_)) if !unconditional => {
                bail!("expected --input FILE|DIR: this model does not generate from nothing")
            }
            (input, Some(output)) => (input.as_deref(), output),
        };
        let together = frames::generate(&self, &runner, &model, input, output)?;
        match together {
            Some(code) => Ok(code),
            None => files::generate(&self, &runner, &model, input, output),
        }
    }

    /// What a Progressive GAN cannot do for any picture is told once, before the first.
    fn check_growth(&self, model: &ModelConfig) -> Result<()> {
        self.scale_number()?;
        if let (Some(side), Some([most, _])) = (self.scale, model.fixed_size())
            && side > most
        {
            bail!("--scale: this model makes pictures of up to {most} pixels, found {side}");
        }
        match self.alpha {
            Some(alpha) if !(0.0..=1.0).contains(&alpha) => {
                bail!("--alpha: expected 0 to 1, found {alpha}")
            }
            _ => Ok(()),
        }
    }

    /// Says that a size is not there yet: its pictures look like those of the smaller one.
    fn tell_growth(&self, model: &Model) {
        let whole = model.manifest.size.height;
        let alpha = model.manifest.alpha;
        let is_whole = self.scale.is_none_or(|side| side == whole);
        if alpha > 0.0 && is_whole && self.alpha.is_none() {
            eprintln!(
                "saved while {whole} pixels faded in: pictures are made as they were then (--alpha {alpha:.3}); --scale \
                 {} makes the size before",
                whole / 2
            );
        }
    }

    /// The scale of a Progressive GAN that --scale asks for.
    fn scale_number(&self) -> Result<Option<usize>> {
        self.scale.map(scale_of_side).transpose()
    }

    /// The size that an input of a size is resized to, if it is.
    fn wanted_size(&self, from: Size) -> Option<Size> {
        let square = self.size.map(|side| Size::new(side, side));
        // As pix2pixHD scales to a width.
        let scaled = |width| Size::new(width, (width * from.height / from.width).max(1));
        square.or(self.width.map(scaled))
    }

    /// What the ids of label maps mean to a model: as in the training of a run, unless the flags say
    /// otherwise.
    fn id_rules(&self, kind: &InputKind) -> Result<IdRules> {
        let Some(layout) = kind.layout() else {
            return Ok(IdRules::default());
        };
        let (mut remap, mut ade_shift) = (self.remap.clone(), self.ade_shift);
        if is_run(&self.model) {
            let source = of_run(&self.model)?.source();
            remap = remap.or(source.remap);
            let shifted = matches!(
                source.input,
                InputSpec::Labels {
                    ade_shift: true,
                    ..
                }
            );
            ade_shift = ade_shift || shifted;
        }
        let (classes, dont_care) = (layout.num_classes, layout.dont_care);
        Ok(IdRules::new(
            remap.as_deref(),
            classes,
            dont_care,
            ade_shift,
        )?)
    }
}

/// A generated picture as 8-bit pixels.
///
/// # Errors
///
/// If it has neither one nor three channels.
pub fn picture_from_signed(picture: &PixelsF32) -> Result<Picture> {
    Color::from_channels(picture.channels)?;
    Ok(Picture {
        width: picture.width,
        height: picture.height,
        channels: picture.channels,
        pixels: pixels_from_signed(&picture.data, picture.channels),
    })
}
