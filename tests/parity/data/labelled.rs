//! pix2pixHD and SPADE: label map, instance map and photo with given crop and flip.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use underpaint::data::augment::{AugmentOptions, Preprocess, PreprocessRules};
use underpaint::data::labelled::{LabelledOptions, LabelledPair};
use underpaint::data::{Sample, SampleInput};
use underpaint_tests::{Fixture, Golden, compare};

use super::{check_pixels, count, known, params};

/// Names of the three results behind `{case}_`.
struct Results {
    labels: &'static str,
    instances: &'static str,
    image: &'static str,
}

/// `aligned_dataset` of pix2pixHD.
pub fn pix2pixhd_labels(fixture: &Fixture) -> Result<()> {
    let results = Results {
        labels: "label",
        instances: "inst",
        image: "img",
    };
    check_cases(fixture, &results, |case| {
        known(case, &["opt", "params"])?;
        let options = LabelledOptions {
            augment: pix2pixhd_augment(&case["opt"])?,
            // Ids of a byte; the transform itself knows no classes.
            ..LabelledOptions::new(256)
        };
        Ok((
            options,
            files(fixture, ["label.png", "img.png", "inst.png"]),
        ))
    })
}

fn pix2pixhd_augment(opt: &Value) -> Result<AugmentOptions> {
    known(
        opt,
        &[
            "resize_or_crop",
            "loadSize",
            "fineSize",
            "no_flip",
            "isTrain",
            "netG",
            "n_downsample_global",
            "n_local_enhancers",
        ],
    )?;
    let or = |key: &str, default| match &opt[key] {
        Value::Null => Ok(default),
        value => count(value),
    };
    let enhancers = match opt["netG"].as_str() {
        None | Some("global" | "encoder") => 0,
        Some("local") => or("n_local_enhancers", 1)?,
        Some(other) => bail!("netG {other}: not known to this harness"),
    };
    let mode = opt["resize_or_crop"].as_str().context("resize_or_crop")?;
    Ok(AugmentOptions {
        preprocess: mode.parse::<Preprocess>()?,
        rules: PreprocessRules::Pix2pixHd,
        load_size: count(&opt["loadSize"])?,
        crop_size: count(&opt["fineSize"])?,
        multiple: 1 << (or("n_downsample_global", 4)? + enhancers),
        ..AugmentOptions::default()
    })
}

/// `Pix2pixDataset` of SPADE.
pub fn spade_labels(fixture: &Fixture) -> Result<()> {
    let results = Results {
        labels: "label",
        instances: "instance",
        image: "image",
    };
    check_cases(fixture, &results, |case| {
        // ADE20K's shift of the labels has no effect in the original either (B-11).
        known(case, &["opt", "params", "inst", "ade"])?;
        let options = LabelledOptions {
            contain_dont_care: case["opt"]["contain_dontcare_label"].as_bool() != Some(false),
            augment: spade_augment(&case["opt"])?,
            ..LabelledOptions::new(count(&case["opt"]["label_nc"])?)
        };
        let mut pair = files(fixture, ["x_label.png", "x.png", ""]);
        let instances = case["inst"].as_str();
        pair.instances = instances.map(|file| fixture.folder.join(file));
        Ok((options, pair))
    })
}

fn spade_augment(opt: &Value) -> Result<AugmentOptions> {
    known(
        opt,
        &[
            "preprocess_mode",
            "load_size",
            "crop_size",
            "aspect_ratio",
            "label_nc",
            "contain_dontcare_label",
            "no_instance",
            "no_flip",
            "isTrain",
        ],
    )?;
    let mode = opt["preprocess_mode"].as_str().context("preprocess_mode")?;
    Ok(AugmentOptions {
        preprocess: mode.parse::<Preprocess>()?,
        rules: PreprocessRules::Spade,
        load_size: count(&opt["load_size"])?,
        crop_size: count(&opt["crop_size"])?,
        aspect_ratio: match &opt["aspect_ratio"] {
            Value::Null => 1.0,
            value => value.as_f64().context("aspect_ratio")?,
        },
        multiple: 32,
        ..AugmentOptions::default()
    })
}

fn files(fixture: &Fixture, [label, image, instances]: [&str; 3]) -> LabelledPair {
    LabelledPair {
        name: fixture.name.clone(),
        label: fixture.folder.join(label),
        image: fixture.folder.join(image),
        instances: Some(fixture.folder.join(instances)),
    }
}

fn check_cases(
    fixture: &Fixture,
    results: &Results,
    read: impl Fn(&Value) -> Result<(LabelledOptions, LabelledPair)>,
) -> Result<()> {
    let flags = fixture.flags(&["dirname", "held", "cases"])?;
    let mut open = fixture.tensor_names("output");
    for (name, case) in flags.value("cases").as_object().context("no cases")? {
        let (options, pair) = read(case).with_context(|| name.clone())?;
        let params = params(case).with_context(|| name.clone())?;
        let sample = pair
            .load(&options, |_| params)
            .with_context(|| name.clone())?;
        check_sample(fixture, name, results, &sample, &mut open)?;
    }
    ensure!(
        open.is_empty(),
        "tensors {open:?} are not known to this harness"
    );
    Ok(())
}

/// Compares what the fixture has of a case, exactly, and takes it from the `open` names.
fn check_sample(
    fixture: &Fixture,
    case: &str,
    results: &Results,
    sample: &Sample,
    open: &mut Vec<String>,
) -> Result<()> {
    let mut expected = |result: &str| {
        let name = format!("{case}_{result}");
        let place = open.iter().position(|open| *open == name)?;
        Some(open.swap_remove(place))
    };
    let SampleInput::Labels { width, height, ids } = &sample.input else {
        bail!("{case}: expected labels");
    };
    let labels = expected(results.labels).with_context(|| format!("{case}: no labels"))?;
    check_ids(&labels, &fixture.tensor(&labels)?, [*height, *width], ids)?;
    let image = expected(results.image).with_context(|| format!("{case}: no image"))?;
    check_pixels(fixture, &image, &sample.target)?;
    if let Some(name) = expected(results.instances) {
        let found = sample.instances.as_ref();
        let found = found.with_context(|| format!("{name}: no instance map"))?;
        let mut golden = fixture.tensor(&name)?;
        // The original's sixteen bits are signed; ours are the raw id (B-6).
        golden
            .values
            .iter_mut()
            .for_each(|id| *id = id.rem_euclid(65_536.0));
        check_ids(&name, &golden, [found.height, found.width], &found.ids)?;
    }
    Ok(())
}

fn check_ids(
    name: &str,
    expected: &Golden,
    [height, width]: [usize; 2],
    ids: &[u16],
) -> Result<()> {
    let shape = [1, height, width];
    ensure!(
        expected.shape == shape,
        "{name}: expected {:?}, found {shape:?}",
        expected.shape
    );
    let found: Vec<f64> = ids.iter().map(|&id| f64::from(id)).collect();
    compare(name, &found, &expected.values, 0.0)
}
