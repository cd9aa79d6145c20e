//! Weight files in all their containers, and the dictionary that PGAN saves.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;
use underpaint::import::{Attribute, Attributes, Checkpoint, read_checkpoint};
use underpaint_core::checkpoint;
use underpaint_core::pgan::{DiscriminatorConfig, FirstFade};
use underpaint_core::state_dict::{StateDict, load_state_dict};
use underpaint_tests::{Fixture, Golden, compare};

/// Files that PyTorch wrote, with what it read back from them or a part of the message that refuses
/// them. Exact.
pub fn containers(fixture: &Fixture) -> Result<()> {
    let files = fixture.entry("files").as_object().context("no files")?;
    let golden: BTreeMap<String, Golden> = fixture.tensors("io.safetensors")?.into_iter().collect();
    let mut read = 0;
    for (file, about) in files {
        let found = read_checkpoint(&fixture.folder.join(file));
        read += match (about["holds"].as_str(), found) {
            (Some("state_dict"), Ok(Checkpoint::StateDict(dict))) => same(file, &dict, &golden)?,
            (Some("pgan"), Ok(Checkpoint::Pgan(found))) => {
                same_settings(&found.config, &about["config"])
                    .with_context(|| format!("{file}: config"))?;
                let none = StateDict::new();
                let discriminator = found.discriminator.as_ref().unwrap_or(&none);
                same(&format!("{file}/netG"), &found.generator, &golden)?
                    + same(&format!("{file}/netD"), discriminator, &golden)?
                    + same(&format!("{file}/avgG"), &found.average, &golden)?
            }
            (Some("error"), Err(error)) => {
                refused(file, &format!("{error:#}"), &about["parts"])?;
                0
            }
            (expected, found) => bail!("{file}: expected {expected:?}, found {found:?}"),
        };
    }
    ensure!(
        read == golden.len(),
        "{} tensors expected, {read} found",
        golden.len()
    );
    Ok(())
}

/// A checkpoint of the original PGAN: every setting, and all three networks as its own code runs them.
pub fn pgan(fixture: &Fixture, device: &Device) -> Result<()> {
    fixture.flags(&[
        "depths",
        "dimLatent",
        "dimCategory",
        "dimOutput",
        "miniBatchStdDev",
        "perChannelNormalization",
        "leakyReluLeak",
        "equalizedlR",
        "lossMode",
        "alpha",
        "dirname",
        "held",
        "file",
    ])?;
    let path = fixture.folder.join(fixture.text("file")?);
    let Checkpoint::Pgan(checkpoint) = read_checkpoint(&path)? else {
        bail!("expected a checkpoint of PGAN, found one state dict");
    };
    let settings = &checkpoint.config;
    same_settings(settings, fixture.entry("config"))?;
    let alpha = checkpoint::alpha(settings)?;
    let generate = |weights: &StateDict| {
        let network = checkpoint::generator_config(settings, weights)?.init(device)?;
        let network = load_state_dict(network, weights)?;
        let z = Tensor::from_data(data(&fixture.tensor("z")?), device);
        Ok::<_, anyhow::Error>(numbers(network.forward(z, alpha)))
    };
    let judge = |weights: &StateDict| {
        let config = DiscriminatorConfig {
            // What the original code leaves out at 8×8 (B-17).
            first_fade: FirstFade::Skip,
            ..checkpoint::discriminator_config(settings, weights)?
        };
        let network = load_state_dict(config.init(device)?, weights)?;
        let images = Tensor::from_data(data(&fixture.tensor("images")?), device);
        Ok::<_, anyhow::Error>(numbers(network.forward(images, alpha).decision))
    };
    for name in fixture.tensor_names("output") {
        let found = match name.as_str() {
            "G" => generate(&checkpoint.generator)?,
            "avgG" => generate(&checkpoint.average)?,
            "D" => judge(checkpoint.discriminator.as_ref().context("no netD")?)?,
            other => bail!("tensor {other}: not known to this harness"),
        };
        let expected = fixture.tensor(&name)?;
        compare(&name, &found, &expected.values, fixture.tolerance(&name)?)?;
    }
    Ok(())
}

fn data(golden: &Golden) -> TensorData {
    TensorData::new(golden.f32(), golden.shape.clone())
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// How many tensors of a dictionary are exactly the golden ones: all, or it is an error.
fn same(file: &str, dict: &StateDict, golden: &BTreeMap<String, Golden>) -> Result<usize> {
    let prefix = format!("{file}/");
    let expected = golden.keys().filter_map(|name| name.strip_prefix(&prefix));
    let expected: Vec<&str> = expected.collect();
    let found: Vec<&str> = dict.keys().map(String::as_str).collect();
    ensure!(
        found == expected,
        "{file}: expected the keys {expected:?}, found {found:?}"
    );
    for (key, found) in dict {
        let golden = &golden[&format!("{prefix}{key}")];
        ensure!(
            found.shape == golden.shape && found.values == golden.f32(),
            "{file}: {key}: expected {golden:?}, found {found:?}"
        );
    }
    Ok(dict.len())
}

fn refused(file: &str, told: &str, parts: &Value) -> Result<()> {
    for part in parts.as_array().context("no parts")? {
        let part = part.as_str().context("a part that is no text")?;
        ensure!(
            told.contains(part) && told.contains(file),
            "{file}: expected {part:?} and the file's name in {told:?}"
        );
    }
    Ok(())
}

/// The settings are exactly those that the fixture lists.
fn same_settings(found: &Attributes, expected: &Value) -> Result<()> {
    let expected = expected.as_object().context("no config in meta.json")?;
    let names = (found.keys().collect::<Vec<_>>(), {
        let mut names: Vec<&String> = expected.keys().collect();
        names.sort();
        names
    });
    ensure!(
        names.0 == names.1,
        "expected {:?}, found {:?}",
        names.1,
        names.0
    );
    for (name, found) in found {
        let expected = &expected[name];
        ensure!(
            json(found)? == *expected,
            "{name}: expected {expected}, found {found:?}"
        );
    }
    Ok(())
}

fn json(attribute: &Attribute) -> Result<Value> {
    Ok(match attribute {
        Attribute::None => Value::Null,
        Attribute::Bool(value) => Value::from(*value),
        Attribute::Int(value) => Value::from(*value),
        Attribute::Float(value) => Value::from(*value),
        Attribute::Text(value) => Value::from(value.as_str()),
        Attribute::List(items) => items.iter().map(json).collect::<Result<_>>()?,
        Attribute::Dict(dict) => {
            let entry = |(name, value): (&String, _)| Ok((name.clone(), json(value)?));
            dict.iter().map(entry).collect::<Result<_>>()?
        }
        Attribute::Other(class) => bail!("a setting is {class}"),
    })
}
