//! Tensors in, tensors out: what a network gives before any rounding.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Tensor, TensorData};
use underpaint_core::bundle::{
    Inputs, ModelConfig, Runner, WeightDtype, decode_tensors, encode_weights,
};
use underpaint_core::label::Instances;
use underpaint_core::state_dict::{StateDict, StateTensor};

use super::latents::scale_of_side;
use super::walk::WalkArgs;

/// Reads `input`, writes `output`.
pub(super) fn generate(
    runner: &Runner,
    seed: u64,
    walk: &WalkArgs,
    input: &Path,
    output: &Path,
) -> Result<()> {
    let bytes = fs::read(input).with_context(|| format!("cannot read {}", input.display()))?;
    let at = || format!("{}", input.display());
    let tensors = decode_tensors(&bytes).with_context(at)?;
    let inputs = Named { tensors, runner }
        .inputs(seed, walk)
        .with_context(at)?;
    let generated = runner.run(inputs, seed).with_context(at)?;
    let shape = generated.dims().to_vec();
    let values = generated.into_data().iter::<f32>().collect();
    let dict = StateDict::from([("output".to_owned(), StateTensor { shape, values })]);
    crate::files::create_parent(output)?;
    crate::files::write(output, &encode_weights(&dict, WeightDtype::F32)?)
}

/// A side in pixels, as `--scale` takes it, or the number of a scale as the authors count them; those of
/// 64 pixels and more have no number of their own that is not also a side.
fn scale_of(number: usize) -> Result<usize> {
    match number {
        0..4 => Ok(number),
        side => scale_of_side(side),
    }
}

/// The ids of label or instance maps, and their shape `[batch, 1, height, width]`.
type Ids = (Vec<u16>, [usize; 4]);

/// The tensors of a file, taken by name.
struct Named<'a> {
    tensors: StateDict,
    runner: &'a Runner,
}

impl Named<'_> {
    fn inputs(mut self, seed: u64, walk: &WalkArgs) -> Result<Inputs> {
        self.refuse_unused(walk)?;
        let style = self.take::<4>("style")?;
        let alpha = self.number("alpha")?.map(f64::from);
        let scale = self.number("scale")?;
        let scale = scale.map(|scale| scale_of(scale as usize)).transpose()?;
        let alpha = alpha.unwrap_or_else(|| self.runner.manifest().alpha_at(scale));
        let mut latents = self.take::<2>("z")?;
        let mut features = self.take::<4>("features")?;
        let input = self.take::<4>("input")?;
        let labels = self.ids("labels")?;
        let instances = self.ids("instances")?;
        if let Some(picture) = style {
            let model = self.runner.model();
            if latents.is_none() && model.latent_channels().is_some() {
                latents = Some(self.runner.latents_from_style(picture, seed)?);
            } else if features.is_none() && model.feature_channels() > 0 {
                let ids = instances.as_ref().or(labels.as_ref());
                features = Some(self.features(picture, ids)?);
            } else {
                bail!("style: this model has no encoder, or z or features are given already");
            }
        }
        if walk.given().is_some() {
            let start = latents.unwrap_or_else(|| self.runner.draw_latents(1, seed));
            latents = Some(walk.walked(self.runner, start, &[])?);
        }
        if features.is_none()
            && let Some((labels, [1, _, height, width])) = &labels
            && self.runner.manifest().clusters.is_some()
        {
            let instances = instances.as_ref().map(|(ids, _)| ids.as_slice());
            let size = [*height, *width];
            features = Some(self.runner.drawn_features(labels, instances, size, seed)?);
        }
        Ok(Inputs {
            condition: self.condition(input, labels, instances)?,
            latents,
            features,
            alpha,
            scale,
        })
    }

    /// Refuses what would change nothing.
    fn refuse_unused(&self, walk: &WalkArgs) -> Result<()> {
        let model = self.runner.model();
        let growing = matches!(model, ModelConfig::Pgan { .. });
        let latents = model.latent_channels().is_some();
        if let (Some(flag), false) = (walk.given(), latents) {
            bail!("{flag}: this model has no latents");
        }
        for (name, used) in [("alpha", growing), ("scale", growing), ("z", latents)] {
            if self.tensors.contains_key(name) && !used {
                bail!("{name}: this model has no use for it");
            }
        }
        Ok(())
    }

    fn features(&self, picture: Tensor<4>, ids: Option<&Ids>) -> Result<Tensor<4>> {
        let (ids, [batch, _, height, width]) =
            ids.context("style: expected instances or labels beside it, found neither")?;
        let instances = Instances::from_ids(ids, [*batch, *height, *width], self.runner.device())?;
        Ok(self.runner.features_from_style(picture, &instances)?)
    }

    /// `input` as it is, or `labels` and `instances` encoded.
    fn condition(
        &self,
        input: Option<Tensor<4>>,
        labels: Option<Ids>,
        instances: Option<Ids>,
    ) -> Result<Option<Tensor<4>>> {
        match (input, labels) {
            (Some(_), Some(_)) => bail!("expected input or labels, found both"),
            (Some(input), None) => Ok(Some(input)),
            (None, Some((labels, shape))) => self.encode(&labels, shape, instances).map(Some),
            (None, None) if self.runner.input_channels() == 0 => Ok(None),
            (None, None) => bail!(
                "expected a tensor named input or labels, found {:?}",
                self.tensors.keys()
            ),
        }
    }

    fn encode(
        &self,
        labels: &[u16],
        [batch, _, height, width]: [usize; 4],
        instances: Option<Ids>,
    ) -> Result<Tensor<4>> {
        let area = height * width;
        if let Some((_, shape)) = &instances {
            ensure!(
                *shape == [batch, 1, height, width],
                "instances: expected the shape of labels, found {shape:?}"
            );
        }
        let one = |index: usize| {
            let rows = index * area..(index + 1) * area;
            let instances = instances.as_ref().map(|(ids, _)| &ids[rows.clone()]);
            let ids = &labels[rows.clone()];
            self.runner
                .condition_from_labels(ids, instances, height, width)
        };
        let encoded = (0..batch).map(one).collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor::cat(encoded, 0))
    }

    fn take<const D: usize>(&mut self, name: &str) -> Result<Option<Tensor<D>>> {
        let Some(tensor) = self.tensors.remove(name) else {
            return Ok(None);
        };
        let rank = tensor.shape.len();
        ensure!(
            rank == D && !tensor.values.is_empty(),
            "{name}: expected {}, found shape {:?}",
            match D {
                4 => "shape [batch, channels, height, width]",
                _ => "shape [batch, channels]",
            },
            tensor.shape
        );
        let data = TensorData::new(tensor.values, tensor.shape);
        Ok(Some(Tensor::from_data(data, self.runner.device())))
    }

    fn number(&mut self, name: &str) -> Result<Option<f32>> {
        let Some(tensor) = self.tensors.remove(name) else {
            return Ok(None);
        };
        match tensor.values.as_slice() {
            [number] if *number >= 0.0 => Ok(Some(*number)),
            _ => bail!(
                "{name}: expected one number, not below 0, found {:?}",
                tensor.values
            ),
        }
    }

    fn ids(&mut self, name: &str) -> Result<Option<Ids>> {
        let Some(tensor) = self.tensors.remove(name) else {
            return Ok(None);
        };
        let shape = <[usize; 4]>::try_from(tensor.shape.as_slice());
        let Some(shape) = shape.ok().filter(|shape| shape[1] == 1) else {
            bail!(
                "{name}: expected shape [batch, 1, height, width], found {:?}",
                tensor.shape
            );
        };
        let id = |&value: &f32| {
            let id = value as u16;
            ensure!(
                f32::from(id) == value,
                "{name}: expected whole ids from 0 to 65535, found {value}"
            );
            Ok(id)
        };
        let ids = tensor.values.iter().map(id).collect::<Result<_>>()?;
        Ok(Some((ids, shape)))
    }
}
