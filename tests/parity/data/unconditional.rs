//! PGAN: one picture at one side, and the plain crop.

use anyhow::{Context, Result, bail, ensure};
use underpaint::data::Size;
use underpaint::data::augment::Region;
use underpaint::data::decode::{Color, read_picture};
use underpaint::data::unconditional::{FaceCrop, load_picture};
use underpaint_tests::{Fixture, compare};

use super::{check_pixels, count};

/// `loaded_{side}` is `img.png` as the loader gives it; `crop` a rectangle of `celeba.png`.
pub fn pgan_load(fixture: &Fixture) -> Result<()> {
    let flags = fixture.flags(&["dirname", "held", "sizes", "crop"])?;
    let mut sides = flags.value("sizes").as_array().context("no sizes")?.clone();
    for name in fixture.tensor_names("output") {
        if name == "crop" {
            let corners = flags.value("crop").as_array().context("no crop")?;
            let corners: Vec<usize> = corners.iter().map(count).collect::<Result<_>>()?;
            check_crop(fixture, &corners)?;
            continue;
        }
        let side = name.strip_prefix("loaded_");
        let side: usize = match side.and_then(|side| side.parse().ok()) {
            Some(side) => side,
            None => bail!("tensor {name} is not known to this harness"),
        };
        sides.retain(|known| known.as_u64() != Some(side as u64));
        let image = load_picture(&fixture.folder.join("img.png"), side, FaceCrop::None)?;
        check_pixels(fixture, &name, &image)?;
    }
    ensure!(sides.is_empty(), "nothing to compare for sizes {sides:?}");
    Ok(())
}

fn check_crop(fixture: &Fixture, corners: &[usize]) -> Result<()> {
    let [left, top, right, bottom] = *corners else {
        bail!("crop: expected x0, y0, x1, y1, found {corners:?}");
    };
    let size = Size::new(right - left, bottom - top);
    let picture = read_picture(&fixture.folder.join("celeba.png"), Color::Rgb)?;
    let cut = Region { left, top, size }.cut_picture(&picture);
    let expected = fixture.tensor("crop")?;
    ensure!(
        expected.shape == [size.height, size.width, 3],
        "crop: expected {:?}, found {size}",
        expected.shape
    );
    let found: Vec<f64> = cut.pixels.iter().map(|&byte| f64::from(byte)).collect();
    compare("crop", &found, &expected.values, 0.0)
}
