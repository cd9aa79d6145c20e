//! `underpaint generate`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use burn::tensor::{Tensor, TensorData};
use clap::{Args, ValueEnum};
use underpaint_core::bundle::{InputKind, Runner, WeightDtype, decode_weights, encode_weights};
use underpaint_core::state_dict::{StateDict, StateTensor};

use super::options::RunnerArgs;
use crate::data::augment::signed_from_picture;
use crate::data::decode::{Color, Picture, read_label_map, read_picture, write_picture_png};
use crate::data::resize::{Filter, resize_bytes, resize_ids};
use crate::data::{PixelsF32, SampleInput, Size};
use crate::family::batch;
use crate::model::{Model, input_files};
use underpaint_core::image::pixels_from_signed;

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
    /// Picture or label map, or a folder of them; any size
    #[arg(
        long,
        value_name = "FILE|DIR",
        required_unless_present = "tensors_in",
        requires = "output"
    )]
    input: Option<PathBuf>,
    /// PNG file, or folder of PNG files named as the inputs
    #[arg(long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Take only this half of every input, for AB pictures
    #[arg(long, value_name = "SIDE")]
    half: Option<Half>,
    /// Resize inputs to that square, in pixels [default: keep their size, padding as needed]
    #[arg(long, value_name = "PX")]
    size: Option<usize>,
    /// Safetensors with `input` [batch, channels, height, width], f32, as the network sees it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "half", "size"], requires = "tensors_out")]
    tensors_in: Option<PathBuf>,
    /// Safetensors to write `output` to, before any rounding
    #[arg(long, value_name = "FILE", requires = "tensors_in")]
    tensors_out: Option<PathBuf>,
    #[command(flatten)]
    runner: RunnerArgs,
}

impl GenerateArgs {
    /// Generates.
    pub fn run(self) -> Result<ExitCode> {
        let model = Model::open(&self.model)?;
        let runner = self.runner.runner(&model)?;
        if let (Some(input), Some(output)) = (&self.tensors_in, &self.tensors_out) {
            generate_tensors(&runner, self.runner.seed, input, output)?;
        } else if let (Some(input), Some(output)) = (&self.input, &self.output) {
            self.generate_files(&runner, &model, input, output)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn generate_files(
        &self,
        runner: &Runner,
        model: &Model,
        input: &Path,
        output: &Path,
    ) -> Result<()> {
        if self.size == Some(0) {
            bail!("--size: expected at least 1 pixel, found 0");
        }
        let files = input_files(input)?;
        let to_folder = input.is_dir() || output.is_dir();
        if !to_folder
            && output
                .extension()
                .is_none_or(|extension| !extension.eq_ignore_ascii_case("png"))
        {
            bail!(
                "--output: expected a .png file or an existing folder, found {}",
                output.display()
            );
        }
        for (path, name) in &files {
            let condition = self.read(path, &model.manifest.input)?;
            let tensor = batch::conditions(&[&condition], runner.input_channels(), runner.device())
                .with_context(|| format!("{}", path.display()))?;
            let generated = runner
                .run(tensor, self.runner.seed)
                .with_context(|| format!("{}", path.display()))?;
            let target = if to_folder {
                output.join(format!("{name}.png"))
            } else {
                output.to_path_buf()
            };
            if let Some(parent) = target
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty())
            {
                fs::create_dir_all(parent)
                    .with_context(|| format!("cannot create {}", parent.display()))?;
            }
            for picture in batch::pictures(generated) {
                write_picture_png(&target, &picture_from_signed(&picture)?)?;
            }
        }
        eprintln!("{} pictures in {}", files.len(), output.display());
        Ok(())
    }

    fn read(&self, path: &Path, kind: &InputKind) -> Result<SampleInput> {
        match kind {
            InputKind::Image { channels, .. } => {
                let mut picture = read_picture(path, Color::from_channels(*channels)?)?;
                if let Some(half) = self.half {
                    let (left, right) = crate::data::paired::split_ab(&picture, path)?;
                    picture = if half == Half::Left { left } else { right };
                }
                if let Some(size) = self.size {
                    let (from, to) = (picture.size(), Size::new(size, size));
                    let pixels =
                        resize_bytes(&picture.pixels, from, picture.channels, to, Filter::Bicubic);
                    picture = Picture {
                        width: size,
                        height: size,
                        pixels,
                        ..picture
                    };
                }
                Ok(SampleInput::Image(signed_from_picture(&picture)))
            }
            InputKind::Labels { num_classes, .. } => {
                if self.half.is_some() {
                    bail!("--half: this model takes label maps, which have no halves");
                }
                let labels = read_label_map(path)?;
                labels.check_range(path, *num_classes)?;
                let (mut width, mut height, mut ids) = (labels.width, labels.height, labels.ids);
                if let Some(size) = self.size {
                    ids = resize_ids(&ids, Size::new(width, height), Size::new(size, size));
                    (width, height) = (size, size);
                }
                Ok(SampleInput::Labels { width, height, ids })
            }
        }
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

fn generate_tensors(runner: &Runner, seed: u64, input: &Path, output: &Path) -> Result<()> {
    let bytes = fs::read(input).with_context(|| format!("cannot read {}", input.display()))?;
    let mut dict = decode_weights(&bytes).with_context(|| format!("{}", input.display()))?;
    let Some(tensor) = dict.remove("input") else {
        bail!(
            "{}: expected a tensor named input, found {:?}",
            input.display(),
            dict.keys()
        );
    };
    if tensor.shape.len() != 4 {
        bail!(
            "{}: input: expected shape [batch, channels, height, width], found {:?}",
            input.display(),
            tensor.shape
        );
    }
    let condition = Tensor::<4>::from_data(
        TensorData::new(tensor.values, tensor.shape),
        runner.device(),
    );
    let generated = runner
        .run(condition, seed)
        .with_context(|| format!("{}", input.display()))?;
    let shape = generated.dims().to_vec();
    let values = generated.into_data().iter::<f32>().collect();
    let dict = StateDict::from([("output".to_owned(), StateTensor { shape, values })]);
    crate::files::write(output, &encode_weights(&dict, WeightDtype::F32)?)
}
