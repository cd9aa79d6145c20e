//! `underpaint export --format onnx`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use underpaint_core::bundle::{DictWeights, InputKind, Manifest, ModelConfig, WeightDtype};
use underpaint_core::plan::{Plan, Request, encoder, generator};

use crate::command::request::RequestArgs;
use crate::model::Model;
use crate::onnx::{self, File, adapt, metadata, sizes};

/// Side of the pictures that SPADE's encoder reads: it resizes others to it.
const SPADE_STYLE_SIDE: usize = 256;

/// Flags of `--format onnx`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Only for --format onnx")]
pub struct OnnxArgs {
    #[command(flatten)]
    request: RequestArgs,
    /// Leave height and width open, where the network allows: any that it takes unpadded
    #[arg(long, conflicts_with = "size")]
    dynamic: bool,
    /// Take pictures in [0, 1], as they are after dividing bytes by 255, instead of [-1, 1]; for an
    /// encoder, too. Label maps stay one-hot, and what comes out stays in [-1, 1]
    #[arg(long)]
    normalised_input: bool,
    /// Let the condition have channels up to a multiple of that, which the network ignores, where it has
    /// more than 3: ONNX Runtime Web 1.30 miscomputes 15 on WebGPU
    #[arg(long, value_name = "N")]
    pad_channels: Option<usize>,
}

impl OnnxArgs {
    /// The first flag that was given.
    pub fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--dynamic", self.dynamic),
            ("--normalised-input", self.normalised_input),
            ("--pad-channels", self.pad_channels.is_some()),
        ];
        let own = flags
            .into_iter()
            .find_map(|(flag, given)| given.then_some(flag));
        self.request.given().or(own)
    }

    /// The files of a model, the generator's first.
    ///
    /// # Errors
    ///
    /// If a flag asks for what the model cannot, or its weights do not fit.
    pub fn files(
        &self,
        model: &Model,
        output: &Path,
        dtype: WeightDtype,
    ) -> Result<Vec<(PathBuf, File)>> {
        let mut request = self.request.request(&model.manifest)?;
        let pictures = matches!(model.manifest.input, InputKind::Image { .. });
        if self.normalised_input && !pictures && model.encoder.is_none() {
            bail!("--normalised-input: no graph of this model takes a picture");
        }
        if self.dynamic {
            request.size = unpadded(&model.manifest, request.size)?;
        }
        let mut files = vec![(output.to_owned(), self.generator(model, &request, dtype)?)];
        if model.encoder.is_some() {
            files.push((encoder_path(output), self.encoder(model, &request, dtype)?));
        }
        Ok(files)
    }

    fn generator(&self, model: &Model, request: &Request, dtype: WeightDtype) -> Result<File> {
        let manifest = &model.manifest;
        let plan = generator(manifest, request)?;
        let seeded = self.request.is_seeded(manifest, request, &plan)?;
        if seeded && self.dynamic {
            bail!("--dynamic: dropout masks are of one size; --dropout off leaves them out");
        }
        let plan = self.adapted(manifest, plan)?;
        let other = match self.dynamic {
            true => Some(self.adapted(manifest, generator(manifest, &larger(manifest, request))?)?),
            false => None,
        };
        if let Some(other) = &other {
            sizes::check_free(&plan, other)?;
        }
        if seeded {
            eprintln!(
                "the dropout masks of seed {} become part of the graph; --dropout off leaves them out",
                request.seed
            );
        }
        let made = metadata::Made {
            size: request.size,
            dynamic: self.dynamic,
            test_time: request.test_time,
            mask_seed: seeded.then_some(request.seed),
            unit_pictures: self.normalised_input,
        };
        onnx::write(onnx::Job {
            plan: &plan,
            other_size: other.as_ref(),
            weights: &DictWeights(&model.weights),
            dtype,
            name: &manifest.name,
            outputs: &["picture"],
            metadata: &metadata::of_generator(manifest, made),
        })
    }

    /// A plan with the input that the flags ask for.
    fn adapted(&self, manifest: &Manifest, mut plan: Plan) -> Result<Plan> {
        let pictures = matches!(manifest.input, InputKind::Image { .. });
        if self.normalised_input && pictures {
            plan = adapt::from_unit(plan, "condition")?;
        }
        match self.pad_channels {
            Some(_) if manifest.model.condition_channels() == 0 => {
                bail!("--pad-channels: this network has no condition")
            }
            Some(multiple) => adapt::pad_channels(plan, "condition", multiple),
            None => Ok(plan),
        }
    }

    fn encoder(&self, model: &Model, request: &Request, dtype: WeightDtype) -> Result<File> {
        let manifest = &model.manifest;
        let dict = model
            .encoder
            .as_ref()
            .context("this model has no encoder")?;
        let (size, outputs): (_, &[&str]) = match manifest.model {
            ModelConfig::Spade { .. } => ([SPADE_STYLE_SIDE; 2], &["mean", "log_variance"]),
            _ => (request.size, &["features"]),
        };
        let dynamic = self.dynamic && size == request.size;
        let plan = |size| {
            let plan = encoder(manifest, size, request.test_time)?;
            match self.normalised_input {
                true => adapt::from_unit(plan, "picture"),
                false => Ok(plan),
            }
        };
        let other = match dynamic {
            true => Some(plan(larger(manifest, request).size)?),
            false => None,
        };
        let plan = plan(size)?;
        if let Some(other) = &other {
            sizes::check_free(&plan, other).context("encoder")?;
        }
        let made = metadata::Made {
            size,
            dynamic,
            test_time: request.test_time,
            mask_seed: None,
            unit_pictures: self.normalised_input,
        };
        onnx::write(onnx::Job {
            plan: &plan,
            other_size: other.as_ref(),
            weights: &DictWeights(dict),
            dtype,
            name: &format!("{}, encoder", manifest.name),
            outputs,
            metadata: &metadata::of_encoder(manifest, made),
        })
    }
}

/// A size that the network takes without padding: a graph with free sizes has none.
fn unpadded(manifest: &Manifest, size: [usize; 2]) -> Result<[usize; 2]> {
    let model = &manifest.model;
    if let Some([height, width]) = model.fixed_size() {
        bail!("--dynamic: this network makes pictures of {width}x{height} only");
    }
    let (multiple, smallest) = (model.size_multiple(), model.smallest_side());
    Ok(size.map(|side| side.max(smallest).next_multiple_of(multiple)))
}

/// A larger size that the network takes without padding, with other proportions.
fn larger(manifest: &Manifest, request: &Request) -> Request {
    let multiple = manifest.model.size_multiple();
    let [height, width] = request.size;
    Request {
        size: [height + multiple, width + 2 * multiple],
        ..*request
    }
}

/// `NAME-encoder.onnx`.
fn encoder_path(output: &Path) -> PathBuf {
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    output.with_file_name(match output.extension() {
        Some(extension) => format!("{stem}-encoder.{}", extension.to_string_lossy()),
        None => format!("{stem}-encoder"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoder_lies_beside_its_generator() {
        let beside = |output: &str| encoder_path(Path::new(output));
        assert_eq!(beside("out/city.onnx"), Path::new("out/city-encoder.onnx"));
        assert_eq!(beside("city"), Path::new("city-encoder"));
    }
}
