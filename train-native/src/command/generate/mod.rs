//! `underpaint generate`.

mod files;
mod latents;
mod tensors;
mod unused;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use burn::tensor::Tensor;
use clap::{Args, ValueEnum};
use underpaint_core::bundle::{InputKind, Inputs, Runner, choose_classes};
use underpaint_core::image::pixels_from_signed;

pub(super) use latents::scale_of_side;

use super::options::RunnerArgs;
use crate::config::{is_run, of_run};
use crate::data::augment::signed_from_picture;
use crate::data::decode::{Color, Picture, read_picture, write_picture_png};
use crate::data::ids::IdRules;
use crate::data::source::InputSpec;
use crate::data::{PixelsF32, Size};
use crate::family::batch;
use crate::model::Model;

/// Half of an AB picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// A
    Left,
    /// B
    Right,
}

/// Flags of `generate`.
#[derive(Debug, Args)]
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
    /// Feature map as `features precompute` writes them, or a folder of them named as the inputs, for
    /// pix2pixHD models with features [default: typical features drawn from --seed for every object, where
    /// the model has those]
    #[arg(
        long,
        value_name = "FILE|DIR",
        requires = "input",
        conflicts_with = "style"
    )]
    features: Option<PathBuf>,
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
    /// Share of the next smaller size, for a Progressive GAN that was saved while growing
    #[arg(long, value_name = "0..1")]
    alpha: Option<f64>,
    /// Class to generate, for a class-conditional Progressive GAN: one of each attribute, as cat or
    /// Main=cat; give the flag once for each [default: drawn from --seed]
    #[arg(long, value_name = "CLASS")]
    class: Vec<String>,
    /// Safetensors with what the network sees: `input` [batch, channels, height, width]; or `labels`
    /// and `instances` [batch, 1, height, width]; `features`, `style`, `z`, `alpha`, `scale` (pixels, or a
    /// number below 4) where the model takes them
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "input", "output", "instances", "remap", "ade_shift", "style", "features", "half", "size", "width", "count",
        "scale", "alpha", "class",
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
        let model = Model::open(&self.model)?;
        let runner = self.runner.runner(&model)?;
        if let (Some(input), Some(output)) = (&self.tensors_in, &self.tensors_out) {
            tensors::generate(&runner, self.runner.seed, &self.walk, input, output)?;
            return Ok(ExitCode::SUCCESS);
        }
        self.refuse_unused(&runner, &model.manifest.input)?;
        if self.count == 0 || self.size == Some(0) || self.width == Some(0) {
            bail!("--count, --size and --width: expected at least 1, found 0");
        }
        let unconditional = matches!(model.manifest.input, InputKind::Latent { .. });
        match (&self.input, &self.output) {
            (_, None) => bail!("expected --output FILE|DIR, or --tensors-in and --tensors-out"),
            (None, Some(output)) if unconditional => {
                latents::generate(&self, &runner, output)?;
            }
            (Some(_), Some(_)) if unconditional => {
                bail!(
                    "--input: this model generates from latents: leave --input out, and set --seed or --count"
                )
            }
            (None, Some(_)) => {
                bail!("expected --input FILE|DIR: this model does not generate from nothing")
            }
            (Some(input), Some(output)) => files::generate(&self, &runner, &model, input, output)?,
        }
        Ok(ExitCode::SUCCESS)
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

    /// Latents for `count` pictures: of the style picture, or drawn.
    fn latents(&self, runner: &Runner, first: usize) -> Result<Option<Tensor<2>>> {
        if runner.model().latent_channels().is_none() {
            return Ok(None);
        }
        let Some(path) = &self.style else {
            let classes = choose_classes(runner.attributes(), &self.class)?;
            let drawn = runner.latents_of_classes(first + 1, self.runner.seed, &classes);
            let drawn = drawn.narrow(0, first, 1);
            return Ok(Some(self.walk.walked(runner, drawn, &classes)?));
        };
        let style = style_picture(runner, path)?;
        let latents = runner.latents_from_style(style, self.runner.seed);
        let latents = latents.with_context(|| format!("{}", path.display()))?;
        Ok(Some(self.walk.walked(runner, latents, &[])?))
    }
}

/// A picture for an encoder: `[1, output_channels, height, width]` in `[-1, 1]`.
fn style_picture(runner: &Runner, path: &Path) -> Result<Tensor<4>> {
    let picture = read_picture(path, Color::from_channels(runner.output_channels())?)?;
    Ok(batch::images(
        &[&signed_from_picture(&picture)],
        runner.device(),
    ))
}

/// Where pictures go: one file, or a folder.
struct Target<'a> {
    output: &'a Path,
    to_folder: bool,
}

impl<'a> Target<'a> {
    fn new(output: &'a Path, to_folder: bool) -> Result<Self> {
        let to_folder = to_folder || output.is_dir();
        let png = output
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
        if !to_folder && !png {
            bail!(
                "--output: expected a .png file or an existing folder, found {}",
                output.display()
            );
        }
        Ok(Self { output, to_folder })
    }

    /// Writes generated pictures; only the first, if there is one file for them.
    fn write(&self, name: &str, generated: Tensor<4>) -> Result<()> {
        let path = match self.to_folder {
            true => self.output.join(format!("{name}.png")),
            false => self.output.to_path_buf(),
        };
        if let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        for picture in batch::pictures(generated) {
            write_picture_png(&path, &picture_from_signed(&picture)?)?;
        }
        Ok(())
    }
}

/// Generates one picture, with the name of what it is made from in errors.
fn run(runner: &Runner, inputs: Inputs, seed: u64, from: &str) -> Result<Tensor<4>> {
    runner.run(inputs, seed).with_context(|| from.to_owned())
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
