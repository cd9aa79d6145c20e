//! Features of instances: read off a picture by the encoder, and drawn again from clusters.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint::import::read_state_dict;
use underpaint_core::bundle::ModelConfig;
use underpaint_core::label::{Instances, instance_average};
use underpaint_core::pix2pixhd::{EncoderConfig, FeatureClusters, GeneratorConfig, RegionFeatures};
use underpaint_core::state_dict::{StateDict, load_state_dict};
use underpaint_tests::{Fixture, Golden, compare};

use super::pass::{TRAINING, check_counts, mode};
use super::{encoder_config, flags, instances};
use crate::network::tensor;
use crate::runner::encoded;

/// Compares the encoder's map, the rows that are gathered of it by label, and the map that is painted
/// with scripted choices.
pub fn features(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = flags(fixture)?;
    let config = encoder_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("E")?)?;
    check_counts(fixture, "E", &weights)?;
    let encoder = load_state_dict(config.init(device)?, &weights)?;
    let map = fixture.tensor("inst")?;
    ensure!(map.shape[0] == 1, "features of one picture at a time");
    let picture = tensor(&fixture.tensor("image")?, device);
    config.check_input(picture.dims())?;
    check_plan(
        fixture,
        &config,
        &weights,
        &picture,
        &instances(&map, device)?,
    )
    .context("as a plan")?;
    let encoded = encoder.forward(picture, &instances(&map, device)?, mode(TRAINING)?);
    let encoded: Vec<f32> = encoded.into_data().iter::<f32>().collect();

    let (channels, ids) = (config.feature_channels, ids(&map)?);
    let mut gathered = RegionFeatures::default();
    gathered.add(&encoded, channels, &ids)?;
    let mut found = BTreeMap::from([("feat_map".to_owned(), wide(&encoded))]);
    for (label, rows) in &gathered.by_label {
        let row = |row: &underpaint_core::pix2pixhd::RegionFeature| {
            wide(&[row.feature.as_slice(), &[row.ratio]].concat())
        };
        let rows = rows.iter().flat_map(row).collect();
        found.insert(format!("features_label_{label}"), rows);
    }
    if let Some(sampled) = sampled(fixture, channels, &ids)? {
        found.insert("sampled_map".to_owned(), sampled);
    }
    check(fixture, &found)
}

/// Compares the map that the encoder's plan makes.
fn check_plan(
    fixture: &Fixture,
    config: &EncoderConfig,
    weights: &StateDict,
    picture: &Tensor<4>,
    instances: &Instances,
) -> Result<()> {
    let model = ModelConfig::Pix2pixhd {
        generator: GeneratorConfig {
            input_channels: 1 + config.feature_channels,
            output_channels: config.image_channels,
            ..GeneratorConfig::default()
        },
        feature_channels: config.feature_channels,
        encoder: Some(config.clone()),
    };
    let mut features = encoded(model, weights, TRAINING, picture)?;
    let features = features.pop().context("no output")?;
    let shape: Vec<usize> = [1].into_iter().chain(features.shape).collect();
    let data = TensorData::new(features.values, shape);
    let features = Tensor::from_data(data, &picture.device());
    let found: Vec<f32> = instance_average(features, instances)
        .into_data()
        .iter()
        .collect();
    let expected = fixture.tensor("feat_map")?.values;
    let tolerance = fixture.tolerance("feat_map")?;
    compare("feat_map", &wide(&found), &expected, tolerance)
}

/// What is painted when the numbers of the centres are the fixture's.
fn sampled(fixture: &Fixture, channels: usize, ids: &[u16]) -> Result<Option<Vec<f64>>> {
    let inputs = fixture.tensor_names("input");
    if !inputs.iter().any(|name| name == "choices") {
        return Ok(None);
    }
    let mut clusters = FeatureClusters::default();
    for name in &inputs {
        if let Some(label) = name.strip_prefix("clusters_") {
            let (label, golden) = (label.parse().context("a label")?, fixture.tensor(name)?);
            let centres = golden.f32();
            let centres = centres.chunks_exact(channels).map(<[f32]>::to_vec);
            clusters.centres.insert(label, centres.collect());
        }
    }
    let mut choices = fixture.tensor("choices")?.values.into_iter();
    let mut missing = 0;
    let painted = clusters.sample_with(ids, channels, |count| match count {
        // The original draws nothing there.
        0 => 0,
        _ => choices.next().map_or_else(
            || {
                missing += 1;
                0
            },
            |choice| choice as usize,
        ),
    });
    ensure!(missing == 0, "{missing} choices too few");
    Ok(Some(wide(&painted)))
}

/// Compares every output, and that there are no labels beside those that are stored.
fn check(fixture: &Fixture, found: &BTreeMap<String, Vec<f64>>) -> Result<()> {
    let names = fixture.tensor_names("output");
    let of_labels = |name: &&String| name.starts_with("features_label_");
    for name in &names {
        let expected = fixture.tensor(name)?.values;
        let values = found.get(name);
        // The original has an entry for every label, also for those of no instance.
        if values.is_none() && of_labels(&name) && expected.is_empty() {
            continue;
        }
        let values =
            values.with_context(|| format!("tensor {name} is not known to this harness"))?;
        compare(name, values, &expected, fixture.tolerance(name)?)?;
    }
    let stored = |name: &str| names.iter().any(|known| known == name);
    if names.iter().any(|name| of_labels(&name)) {
        let more: Vec<&String> = found.keys().filter(of_labels).collect();
        let more: Vec<&&String> = more.iter().filter(|name| !stored(name)).collect();
        ensure!(more.is_empty(), "{more:?}: not stored");
    }
    Ok(())
}

/// Ids as files hold them.
fn ids(map: &Golden) -> Result<Vec<u16>> {
    let id = |&id: &f64| {
        ensure!(
            id >= 0.0 && id <= f64::from(u16::MAX),
            "an instance id of {id}"
        );
        Ok(id as u16)
    };
    map.values.iter().map(id).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}
