//! Resizing by each filter.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use underpaint::data::Size;
use underpaint::data::decode::{Color, IdDepth, read_ids, read_label_map, read_picture};
use underpaint::data::resize::{Filter, resize_bytes, resize_ids, resize_wide_ids};
use underpaint_tests::Fixture;

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
    let Ok((ids, depth)) = read_ids(source) else {
        let (source, golden) = (
            read_picture(source, Color::Rgb)?,
            read_picture(golden, Color::Rgb)?,
        );
        let found = resize_bytes(&source.pixels, source.size(), 3, to, filter);
        ensure!(found == golden.pixels, "pixels differ");
        return Ok(());
    };
    let found = if filter == Filter::Nearest {
        match depth {
            IdDepth::Byte => resize_ids(&ids.ids, ids.size(), to),
            IdDepth::Word => resize_wide_ids(&ids.ids, ids.size(), to),
        }
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
