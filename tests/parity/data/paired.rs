//! pix2pix: one picture, two halves.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use underpaint::data::augment::{AugmentOptions, Preprocess};
use underpaint::data::decode::{Color, Picture, read_picture};
use underpaint::data::paired::{Direction, PairedOptions, transform_pair};
use underpaint_core::image::pixels_from_signed;
use underpaint_tests::Fixture;

use super::{check_pixels, count, known, params};

/// The paired transform with given crop and flip.
pub fn paired_ab(fixture: &Fixture) -> Result<()> {
    let flags = fixture.flags(&["dirname", "held", "png", "cases"])?;
    let file = flags.value("png").as_str().context("no png")?;
    let picture = read_picture(&fixture.folder.join(file), Color::Rgb)?;
    let mut open = fixture.tensor_names("output");
    for (name, case) in flags.value("cases").as_object().context("no cases")? {
        check_case(fixture, &picture, name, case).with_context(|| name.clone())?;
        open.retain(|tensor| *tensor != format!("{name}_A") && *tensor != format!("{name}_B"));
    }
    if open.iter().any(|tensor| tensor == "tensor2im_f") {
        check_tensor_to_image(fixture)?;
        open.retain(|tensor| tensor != "tensor2im_f");
    }
    ensure!(
        open.is_empty(),
        "tensors {open:?} are not known to this harness"
    );
    Ok(())
}

fn check_case(fixture: &Fixture, picture: &Picture, name: &str, case: &Value) -> Result<()> {
    known(case, &["opt", "params", "gray"])?;
    known(
        &case["opt"],
        &["preprocess", "load_size", "crop_size", "no_flip"],
    )?;
    let preprocess = case["opt"]["preprocess"].as_str().context("preprocess")?;
    let no_flip = case["opt"]["no_flip"].as_bool().unwrap_or(false);
    let options = PairedOptions {
        direction: Direction::AtoB,
        augment: AugmentOptions {
            preprocess: preprocess.parse::<Preprocess>()?,
            load_size: count(&case["opt"]["load_size"])?,
            crop_size: count(&case["opt"]["crop_size"])?,
            flip: !no_flip,
            ..AugmentOptions::default()
        },
        input_channels: if case["gray"].as_bool() == Some(true) {
            1
        } else {
            3
        },
        ..PairedOptions::default()
    };
    let (input, target) = transform_pair(picture, &options, &params(case)?)?;
    check_pixels(fixture, &format!("{name}_A"), &input)?;
    check_pixels(fixture, &format!("{name}_B"), &target)
}

/// The original's `tensor2im` truncates and wraps; ours clips what lies outside (B-25).
fn check_tensor_to_image(fixture: &Fixture) -> Result<()> {
    let tensor = fixture.tensor("tensor_to_image")?;
    let expected = fixture.tensor("tensor2im_f")?;
    let channels = tensor.shape[1];
    let planes = tensor.f32();
    let found = pixels_from_signed(&planes, channels);
    let area = planes.len() / channels;
    for (index, (&found, &expected)) in found.iter().zip(&expected.values).enumerate() {
        let value = planes[index % channels * area + index / channels];
        let expected = if value < -1.0 {
            0.0
        } else if value > 1.0 {
            255.0
        } else {
            expected
        };
        ensure!(
            f64::from(found) == expected,
            "{value} became {found}, expected {expected}"
        );
    }
    Ok(())
}
