//! VGG-19 and the perceptual loss; Inception-v3 and the Fréchet distance.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor};
use underpaint::data::decode::{Color, Picture, read_picture};
use underpaint::evaluate::fid::{FeatureCollector, unit_image};
use underpaint::evaluate::frechet::{FeatureStatistics, frechet_distance};
use underpaint_core::loss::{PerceptualLoss, l1_loss};
use underpaint_core::perceptual::{Inception, Vgg19};
use underpaint_tests::{Fixture, compare};

use crate::formula::formula_weights;
use crate::network::tensor;

/// Every `CHANNEL`-th channel, and every `SIDE`-th row and column, of a tap is stored.
const STRIDES: [(usize, usize); 5] = [(16, 5), (16, 3), (8, 2), (8, 1), (8, 1)];

/// Values by the names of stored tensors.
type Found = BTreeMap<String, Vec<f64>>;

/// Compares all outputs of a fixture; each must have been computed.
fn compare_all(fixture: &Fixture, found: &Found) -> Result<()> {
    for name in fixture.tensor_names("output") {
        let values = found.get(&name);
        let values =
            values.with_context(|| format!("tensor {name} is not known to this harness"))?;
        let expected = fixture.tensor(&name)?;
        compare(&name, values, &expected.values, fixture.tolerance(&name)?)?;
    }
    Ok(())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

pub fn vgg19(fixture: &Fixture, device: &Device) -> Result<()> {
    fixture.flags(&[])?;
    let vgg = Vgg19::from_state_dict(formula_weights(fixture)?, device)?;
    let fake = tensor(&fixture.tensor("fake")?, &device.clone().autodiff()).require_grad();
    let real = tensor(&fixture.tensor("real")?, device);
    let mut found = taps(&vgg, fake.clone().without_autodiff(), real.clone());
    let loss = PerceptualLoss::new(vgg).forward(fake.clone(), real);
    let mut gradients = loss.backward();
    let gradient = fake.grad_remove(&mut gradients).context("no gradient")?;
    found.insert("loss".to_owned(), values(loss));
    found.insert("grad_fake".to_owned(), values(gradient));
    compare_all(fixture, &found)
}

fn taps(vgg: &Vgg19, fake: Tensor<4>, real: Tensor<4>) -> Found {
    let mut found = Found::new();
    let pairs = vgg.forward(fake).into_iter().zip(vgg.forward(real));
    for (index, ((fake, real), (channel_step, step))) in pairs.zip(STRIDES).enumerate() {
        let tap = |part: &str| format!("tap{}_{part}", index + 1);
        let mean = fake.clone().mean_dim(3).mean_dim(2);
        let every = |step: usize, size: usize| (0..size).step_by(step).collect::<Vec<_>>();
        let [_, channels, height, width] = fake.dims();
        let steps = [
            (1, channel_step, channels),
            (2, step, height),
            (3, step, width),
        ];
        let sub = steps.iter().fold(fake.clone(), |x, &(axis, step, size)| {
            let slices = every(step, size)
                .into_iter()
                .map(|index| x.clone().narrow(axis, index, 1));
            Tensor::cat(slices.collect(), axis)
        });
        found.insert(tap("sub"), values(sub));
        found.insert(tap("channel_mean"), values(mean));
        found.insert(tap("l1"), values(l1_loss(fake, real)));
    }
    found
}

pub fn fid(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = fixture.flags(&["dirname", "held", "pngs"])?;
    let files = flags.value("pngs").as_array().context("no pngs")?;
    let picture = |file: &serde_json::Value| -> Result<Picture> {
        let file = file.as_str().context("a file name")?;
        Ok(read_picture(&fixture.folder.join(file), Color::Rgb)?)
    };
    let pictures = files.iter().map(picture).collect::<Result<Vec<_>>>()?;
    ensure!(!pictures.is_empty(), "no pictures in it");
    let mut found = inception(fixture, &pictures, device)?;
    found.extend(distances(fixture)?);
    compare_all(fixture, &found)
}

fn inception(fixture: &Fixture, pictures: &[Picture], device: &Device) -> Result<Found> {
    let inception = Inception::from_state_dict(formula_weights(fixture)?, device)?;
    let mut found = Found::new();
    // One at a time, so that pictures may have different sizes.
    for picture in pictures {
        let blocks = inception.blocks(unit_image(picture, device));
        for (index, block) in blocks.into_iter().enumerate() {
            let mean = values(block.mean_dim(3).mean_dim(2));
            let rows = found.entry(format!("block{index}_mean")).or_default();
            rows.extend(mean);
        }
    }
    let mut collector = FeatureCollector::new(&inception, device);
    pictures.iter().for_each(|picture| collector.push(picture));
    let features = collector.features().iter().map(|&f| f64::from(f));
    found.insert("pool3".to_owned(), features.collect());
    Ok(found)
}

fn distances(fixture: &Fixture) -> Result<Found> {
    let statistics = |name: &str| -> Result<FeatureStatistics> {
        let features = fixture.tensor(name)?;
        let [_, dimensions] = features.shape[..] else {
            bail!("{name}: expected two axes, found {:?}", features.shape);
        };
        Ok(FeatureStatistics::new(&features.f32(), dimensions)?)
    };
    let [a, b, c] = [
        statistics("features_a")?,
        statistics("features_b")?,
        statistics("features_c")?,
    ];
    Ok(Found::from([
        ("mu_a".to_owned(), a.mean().to_vec()),
        ("sigma_a".to_owned(), a.covariance().to_vec()),
        ("frechet".to_owned(), vec![frechet_distance(&a, &b)?]),
        (
            "frechet_small_n".to_owned(),
            vec![frechet_distance(&c, &b)?],
        ),
    ]))
}
