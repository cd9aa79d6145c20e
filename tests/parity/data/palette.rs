//! Colours of label maps.

use anyhow::{Result, anyhow};
use underpaint_core::image::pixels_from_signed;
use underpaint_core::label::Palette;
use underpaint_tests::{Fixture, compare};

/// Label colours and picture conversion of pix2pixHD.
pub fn pix2pixhd_palette(fixture: &Fixture) -> Result<()> {
    check(fixture, Palette::numbered)
}

/// Label colours of SPADE.
pub fn spade_palette(fixture: &Fixture) -> Result<()> {
    check(fixture, Palette::numbered_from_one)
}

fn check(fixture: &Fixture, palette: impl Fn(usize) -> Palette) -> Result<()> {
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
                bytes(&palette(flags.count("n_label")?).colorize(&ids))
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
                let colors = palette(size)
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
