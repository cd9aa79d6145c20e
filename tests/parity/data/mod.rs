//! Pictures: resizing, the transforms of each family, palettes.

mod labelled;
mod paired;
mod palette;
mod resize;
mod unconditional;

pub use labelled::{pix2pixhd_labels, spade_labels};
pub use paired::paired_ab;
pub use palette::{pix2pixhd_palette, spade_palette};
pub use resize::resize;
pub use unconditional::pgan_load;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use underpaint::data::PixelsF32;
use underpaint::data::augment::TransformParams;
use underpaint_tests::{Fixture, compare};

fn check_pixels(fixture: &Fixture, name: &str, found: &PixelsF32) -> Result<()> {
    let expected = fixture.tensor(name)?;
    let shape = [found.channels, found.height, found.width];
    ensure!(
        expected.shape == shape,
        "{name}: expected {:?}, found {shape:?}",
        expected.shape
    );
    let values: Vec<f64> = found.data.iter().map(|&value| f64::from(value)).collect();
    compare(name, &values, &expected.values, 0.0)
}

/// A count of a case.
fn count(value: &Value) -> Result<usize> {
    let count = value.as_u64().map(|count| count as usize);
    count.with_context(|| format!("expected a count, found {value}"))
}

/// Crop position and flip of a case; its options may say that it is never mirrored.
fn params(case: &Value) -> Result<TransformParams> {
    known(&case["params"], &["crop_pos", "flip"])?;
    let mirrors = case["opt"]["no_flip"].as_bool() != Some(true)
        && case["opt"]["isTrain"].as_bool() != Some(false);
    Ok(TransformParams {
        crop_x: count(&case["params"]["crop_pos"][0])?,
        crop_y: count(&case["params"]["crop_pos"][1])?,
        flip: mirrors && case["params"]["flip"].as_bool() == Some(true),
    })
}

fn known(value: &Value, keys: &[&str]) -> Result<()> {
    for key in value
        .as_object()
        .map(|object| object.keys())
        .into_iter()
        .flatten()
    {
        if !keys.contains(&key.as_str()) {
            bail!("{key}: not known to this harness");
        }
    }
    Ok(())
}
