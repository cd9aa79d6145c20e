//! Pictures: resizing, the paired transform, palettes.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;
use underpaint::data::augment::{AugmentOptions, Preprocess, TransformParams};
use underpaint::data::decode::{Color, Picture, read_label_map, read_picture};
use underpaint::data::paired::{Direction, PairedOptions, transform_pair};
use underpaint::data::resize::{Filter, resize_bytes, resize_ids};
use underpaint::data::{PixelsF32, Size};
use underpaint_core::image::pixels_from_signed;
use underpaint_core::label::Palette;
use underpaint_tests::{Fixture, compare};

/// `{stem}_{filter}_{width}x{height}.png` holds the exact result.
pub fn resize(fixture: &Fixture) -> Result<()> {
    let flags = fixture.flags(&["dirname", "held", "pngs", "targets"])?;
    let sources = flags.value("pngs").as_array().context("no pngs")?;
    let targets = flags.value("targets").as_array().context("no targets")?;
    let mut compared = 0;
    for source in sources {
        let source = source.as_str().context("a file name")?;
        let stem = source.trim_end_matches(".png");
        for target in targets {
            let side = |index: usize| target[index].as_u64().map(|n| n as usize).context("a size");
            let to = Size::new(side(0)?, side(1)?);
            for (name, filter) in [
                ("nearest", Filter::Nearest),
                ("bilinear", Filter::Bilinear),
                ("bicubic", Filter::Bicubic),
            ] {
                let file = format!("{stem}_{name}_{}x{}.png", to.width, to.height);
                let golden = fixture.folder.join(&file);
                if golden.is_file() {
                    resize_one(&fixture.folder.join(source), &golden, to, filter).context(file)?;
                    compared += 1;
                }
            }
        }
    }
    // Every tensor is the checksum of one of the files.
    let expected = fixture.tensor_names("output").len();
    ensure!(
        compared == expected,
        "expected {expected} results, found {compared} files"
    );
    Ok(())
}

fn resize_one(source: &Path, golden: &Path, to: Size, filter: Filter) -> Result<()> {
    // Colour pictures by samples; everything else by the values stored in the file.
    let Ok(ids) = read_label_map(source) else {
        let (source, golden) = (
            read_picture(source, Color::Rgb)?,
            read_picture(golden, Color::Rgb)?,
        );
        let found = resize_bytes(&source.pixels, source.size(), 3, to, filter);
        ensure!(found == golden.pixels, "pixels differ");
        return Ok(());
    };
    let found = if filter == Filter::Nearest {
        resize_ids(&ids.ids, ids.size(), to)
    } else {
        let bytes = ids
            .ids
            .iter()
            .map(|&id| u8::try_from(id))
            .collect::<Result<Vec<u8>, _>>()?;
        resize_bytes(&bytes, ids.size(), 1, to, filter)
            .into_iter()
            .map(u16::from)
            .collect()
    };
    ensure!(found == read_label_map(golden)?.ids, "values differ");
    Ok(())
}

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
    known(&case["params"], &["crop_pos", "flip"])?;
    let count = |value: &Value| value.as_u64().map(|n| n as usize).context("a count");
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
    let params = TransformParams {
        crop_x: count(&case["params"]["crop_pos"][0])?,
        crop_y: count(&case["params"]["crop_pos"][1])?,
        flip: !no_flip && case["params"]["flip"].as_bool() == Some(true),
    };
    let (input, target) = transform_pair(picture, &options, &params)?;
    check_pixels(fixture, &format!("{name}_A"), &input)?;
    check_pixels(fixture, &format!("{name}_B"), &target)
}

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

/// Label colours and picture conversion of pix2pixHD.
pub fn palette(fixture: &Fixture) -> Result<()> {
    let flags = fixture.flags(&["sizes", "n_label", "dirname", "held"])?;
    let bytes = |values: &[u8]| {
        values
            .iter()
            .map(|&value| f64::from(value))
            .collect::<Vec<_>>()
    };
    for name in fixture.tensor_names("output") {
        let found = match name.as_str() {
            "colored" => {
                let ids = fixture
                    .tensor("labels")?
                    .values
                    .iter()
                    .map(|&id| id as u16)
                    .collect::<Vec<_>>();
                bytes(&Palette::numbered(flags.count("n_label")?).colorize(&ids))
            }
            "tensor2im" => {
                let image = fixture.tensor("image")?;
                bytes(&pixels_from_signed(&image.f32(), image.shape[0]))
            }
            _ => {
                let size = name
                    .strip_prefix("cmap_")
                    .and_then(|size| size.parse().ok());
                let size =
                    size.ok_or_else(|| anyhow!("tensor {name} is not known to this harness"))?;
                let colors = Palette::numbered(size)
                    .classes
                    .into_iter()
                    .flat_map(|class| class.color);
                bytes(&colors.collect::<Vec<u8>>())
            }
        };
        compare(&name, &found, &fixture.tensor(&name)?.values, 0.0)?;
    }
    Ok(())
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
