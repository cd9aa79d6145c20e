//! Samples to tensors and back.

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Int, Tensor, TensorData};
use underpaint_core::label::{SemanticLayout, check_labels, one_hot_from_labels};

use crate::data::{PixelsF32, Sample, SampleInput};

/// Stacks pictures.
///
/// # Shapes
///
/// Result: `[batch, channels, height, width]` in `[-1, 1]`. All pictures have one size.
pub fn images(pictures: &[&PixelsF32], device: &Device) -> Tensor<4> {
    let Some(first) = pictures.first() else {
        return Tensor::zeros([0, 1, 1, 1], device);
    };
    let shape = [pictures.len(), first.channels, first.height, first.width];
    let values: Vec<f32> = pictures
        .iter()
        .flat_map(|picture| picture.data.iter().copied())
        .collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Stacks what the generator sees: pictures as they are, label maps one-hot.
///
/// # Shapes
///
/// Result: `[batch, input_channels, height, width]`.
///
/// # Errors
///
/// If a label is not below `input_channels`, with its value and place.
pub fn conditions(
    inputs: &[&SampleInput],
    input_channels: usize,
    device: &Device,
) -> Result<Tensor<4>> {
    let mut pictures = Vec::new();
    let mut labels: Vec<i64> = Vec::new();
    let mut size = [0, 0];
    for input in inputs {
        match input {
            SampleInput::Image(picture) => pictures.push(picture),
            SampleInput::Labels { width, height, ids } => {
                check_labels(ids, *width, input_channels)?;
                size = [*height, *width];
                labels.extend(ids.iter().map(|&id| i64::from(id)));
            }
            SampleInput::Unconditional => {
                bail!("expected a picture or a label map for every sample, found nothing")
            }
        }
    }
    if labels.is_empty() {
        return Ok(images(&pictures, device));
    }
    let shape = [inputs.len(), 1, size[0], size[1]];
    let label_map = Tensor::<4, Int>::from_data(TensorData::new(labels, shape), device);
    Ok(one_hot_from_labels(label_map, input_channels))
}

/// Stacks and encodes label maps, with the edges of their instance maps where the layout has them.
///
/// # Shapes
///
/// Result: `[batch, layout.channels(), height, width]`. All maps have one size.
///
/// # Errors
///
/// If a sample is no label map or lacks an instance map that the layout needs; if a label is no class
/// of the layout, with its value and place.
pub fn semantics(
    samples: &[&Sample],
    layout: &SemanticLayout,
    device: &Device,
) -> Result<Tensor<4>> {
    let (mut labels, mut instances) = (Vec::new(), Vec::new());
    let mut size = [0, 0];
    for sample in samples {
        let SampleInput::Labels { width, height, ids } = &sample.input else {
            bail!("{}: expected a label map, found none", sample.name);
        };
        let ids: Vec<u16> = ids.iter().map(|&id| layout.label(id)).collect();
        check_labels(&ids, *width, layout.num_labels()).with_context(|| sample.name.clone())?;
        size = [*height, *width];
        labels.extend(ids.into_iter().map(i64::from));
        if layout.edges {
            let map = sample.instances.as_ref().with_context(|| {
                format!("{}: expected an instance map, found none", sample.name)
            })?;
            instances.extend(map.ids.iter().map(|&id| i64::from(id)));
        }
    }
    let shape = [samples.len(), 1, size[0], size[1]];
    let map = |ids| Tensor::<4, Int>::from_data(TensorData::new(ids, shape), device);
    let instances = layout.edges.then(|| map(instances));
    Ok(layout.encode(map(labels), instances)?)
}

/// Takes a batch apart.
///
/// # Shapes
///
/// `tensor`: `[batch, channels, height, width]`.
pub fn pictures(tensor: Tensor<4>) -> Vec<PixelsF32> {
    let [_, channels, height, width] = tensor.dims();
    let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
    let picture = |data: &[f32]| PixelsF32 {
        channels,
        height,
        width,
        data: data.to_vec(),
    };
    values
        .chunks_exact(channels * height * width)
        .map(picture)
        .collect()
}
