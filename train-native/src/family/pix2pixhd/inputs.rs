//! Samples to what the networks take.

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Int, Tensor, TensorData};
use underpaint_core::label::{Instances, check_labels};
use underpaint_core::pix2pixhd::{Input, InputKind};

use super::{Batch, FeatureRegions, Features, Pix2pixHdTrainConfig};
use crate::data::{PixelsF32, Sample, SampleInput};
use crate::family::batch::images;

/// A batch of samples, all of one size, on a device.
///
/// # Errors
///
/// Naming the sample that is of another kind than the model takes, lacks the instance map that edges
/// or features need, or holds a label outside the classes.
pub fn batch(config: &Pix2pixHdTrainConfig, samples: &[&Sample], device: &Device) -> Result<Batch> {
    let input = input(config, samples, device)?;
    let instances = match config.condition.edges {
        true => Some(instances(samples, device)?),
        false => None,
    };
    let numbers = instances.as_ref().map(Instances::numbers);
    let condition = config.condition.encode(input, numbers)?;
    let targets: Vec<&PixelsF32> = samples.iter().map(|sample| &sample.target).collect();
    let features = match (&config.encoder, config.condition.feature_channels) {
        (Some(_), _) => Features::Encoded(match (config.feature_regions, instances) {
            (FeatureRegions::Labels, _) => label_regions(samples, device)?,
            (FeatureRegions::Instances, Some(instances)) => instances,
            (FeatureRegions::Instances, None) => self::instances(samples, device)?,
        }),
        (None, 0) => Features::None,
        (None, channels) => Features::Given(features(samples, channels, device)?),
    };
    Ok(Batch {
        condition,
        features,
        real: images(&targets, device),
    })
}

/// Features that come from files.
fn features(samples: &[&Sample], channels: usize, device: &Device) -> Result<Tensor<4>> {
    let features = samples.iter().map(|sample| match &sample.features {
        Some(features) if features.channels == channels => Ok(features),
        Some(features) => bail!(
            "{}: expected {channels} feature channels, found {}",
            sample.name,
            features.channels
        ),
        None => bail!(
            "{}: this model takes features from files, which this data set does not have",
            sample.name
        ),
    });
    let features = features.collect::<Result<Vec<&PixelsF32>>>()?;
    Ok(images(&features, device))
}

fn input(config: &Pix2pixHdTrainConfig, samples: &[&Sample], device: &Device) -> Result<Input> {
    match config.condition.input {
        InputKind::Labels { num_classes } => {
            let mut labels: Vec<i32> = Vec::new();
            for sample in samples {
                let (ids, width) = label_map(sample)?;
                check_labels(ids, width, num_classes).with_context(|| sample.name.clone())?;
                labels.extend(ids.iter().map(|&id| i32::from(id)));
            }
            let size = samples[0].input.size();
            let shape = [samples.len(), 1, size.height, size.width];
            let labels = TensorData::new(labels, shape);
            Ok(Input::Labels(Tensor::<4, Int>::from_data(labels, device)))
        }
        InputKind::Picture { channels } => {
            let pictures = samples.iter().map(|sample| match &sample.input {
                SampleInput::Image(picture) if picture.channels == channels => Ok(picture),
                SampleInput::Image(picture) => bail!(
                    "{}: expected a picture of {channels} channels, found {}",
                    sample.name,
                    picture.channels
                ),
                _ => bail!("{}: expected a picture, found none", sample.name),
            });
            let pictures = pictures.collect::<Result<Vec<&PixelsF32>>>()?;
            Ok(Input::Picture(images(&pictures, device)))
        }
    }
}

/// Ids and width.
fn label_map(sample: &Sample) -> Result<(&[u16], usize)> {
    match &sample.input {
        SampleInput::Labels { width, ids, .. } => Ok((ids, *width)),
        _ => bail!("{}: expected a label map, found none", sample.name),
    }
}

fn instances(samples: &[&Sample], device: &Device) -> Result<Instances> {
    let ids = |sample: &&Sample| {
        let map = sample.instances.as_ref();
        let map =
            map.with_context(|| format!("{}: expected an instance map, found none", sample.name))?;
        Ok(map.ids.clone())
    };
    let ids = samples.iter().map(ids).collect::<Result<Vec<_>>>()?;
    regions(&ids.concat(), samples, device)
}

fn label_regions(samples: &[&Sample], device: &Device) -> Result<Instances> {
    let ids = samples.iter().map(|sample| Ok(label_map(sample)?.0));
    let ids = ids.collect::<Result<Vec<_>>>()?;
    regions(&ids.concat(), samples, device)
}

fn regions(ids: &[u16], samples: &[&Sample], device: &Device) -> Result<Instances> {
    let size = samples[0].input.size();
    let shape = [samples.len(), size.height, size.width];
    Ok(Instances::from_ids(ids, shape, device)?)
}
