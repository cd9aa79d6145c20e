//! Sample pictures: one strip per example and step, and the index that the page is made from.
//!
//! A strip is `samples/step-000400-NAME.png`, its tiles side by side. `samples/samples.json` says
//! what the strips show. The index is written after the strips it names, so a killed run leaves at
//! most strips that no index names; they belong to steps that will be drawn again.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use serde::{Deserialize, Serialize};

use super::ReportError;
use super::files::{list_whole_files, write_atomically};

/// The folder of the strips, inside the run's.
pub(super) const FOLDER: &str = "samples";
/// The index, inside [`FOLDER`].
const INDEX: &str = "samples.json";
/// Transparent pixels between tiles.
const GAP: u32 = 4;
/// Bytes of an example's name that go into its file's name.
const MAX_NAME_BYTES: usize = 80;

/// One picture of an example.
#[derive(Clone, Debug)]
pub struct SampleTile {
    /// What it is: `input`, `generated`, `target`, …
    pub caption: String,
    /// The picture; tiles of one example may differ in size.
    pub image: RgbImage,
}

/// One example: its pictures, shown side by side.
#[derive(Clone, Debug)]
pub struct SampleRow {
    /// Name of the example, the same at every step; becomes part of a file name.
    pub name: String,
    /// The pictures, from left to right.
    pub tiles: Vec<SampleTile>,
}

/// A strip on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Strip {
    /// File name inside [`FOLDER`].
    pub(super) file: String,
    /// Name of the example.
    pub(super) name: String,
    /// Captions of the tiles, from left to right.
    pub(super) captions: Vec<String>,
    /// Width of the strip in pixels.
    pub(super) width: u32,
    /// Height of the strip in pixels.
    pub(super) height: u32,
}

/// The strips of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SampleStep {
    /// Steps done.
    pub(super) step: u64,
    /// Epoch of the step; `None` where the index was lost.
    pub(super) epoch: Option<u64>,
    /// Strips, in the order of the examples.
    pub(super) strips: Vec<Strip>,
}

/// All sample pictures of a run.
#[derive(Debug)]
pub(super) struct Gallery {
    folder: PathBuf,
    steps: Vec<SampleStep>,
}

impl Gallery {
    /// Opens the gallery of `run_dir` and removes the strips after `resume_step` (all of them when
    /// it is 0, the start of a run). An index that is missing or unreadable is made again from the
    /// strips' names.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub(super) fn open(run_dir: &Path, resume_step: u64) -> Result<Self, ReportError> {
        let folder = run_dir.join(FOLDER);
        fs::create_dir_all(&folder).map_err(ReportError::io("create", &folder))?;
        let on_disk = remove_later_strips(&folder, resume_step)?;
        let index = fs::read(folder.join(INDEX)).ok();
        let index = index.and_then(|bytes| serde_json::from_slice::<Vec<SampleStep>>(&bytes).ok());
        let mut steps = index.unwrap_or_else(|| steps_from_names(&folder, &on_disk));
        steps.retain(|entry| entry.step <= resume_step && resume_step > 0);
        for entry in &mut steps {
            entry.strips.retain(|strip| {
                let listed = |(_, name): &(u64, String)| *name == strip.file;
                on_disk.iter().any(listed)
            });
        }
        steps.retain(|entry| !entry.strips.is_empty());
        steps.sort_by_key(|entry| entry.step);
        let gallery = Self { folder, steps };
        gallery.write_index()?;
        Ok(gallery)
    }

    /// The steps with samples, oldest first.
    pub(super) fn steps(&self) -> &[SampleStep] {
        &self.steps
    }

    /// Writes the strips of `step` and the index, and returns the PNG file of every strip.
    /// Samples that the step already had are replaced.
    ///
    /// # Errors
    /// [`ReportError::Picture`] for an example without pixels, [`ReportError::Io`].
    pub(super) fn add(
        &mut self,
        step: u64,
        epoch: u64,
        rows: &[SampleRow],
    ) -> Result<Vec<(Strip, Vec<u8>)>, ReportError> {
        let mut written: Vec<(Strip, Vec<u8>)> = Vec::with_capacity(rows.len());
        for row in rows {
            let taken = |file: &str| written.iter().any(|(strip, _)| strip.file == file);
            let file = file_name(step, &row.name, taken);
            let path = self.folder.join(&file);
            let image = compose(row);
            let png = encode(&image, &path)?;
            write_atomically(&path, &png)?;
            let strip = Strip {
                file,
                name: row.name.clone(),
                captions: row.tiles.iter().map(|tile| tile.caption.clone()).collect(),
                width: image.width(),
                height: image.height(),
            };
            written.push((strip, png));
        }
        self.steps.retain(|entry| entry.step != step);
        self.steps.push(SampleStep {
            step,
            epoch: Some(epoch),
            strips: written.iter().map(|(strip, _)| strip.clone()).collect(),
        });
        self.steps.sort_by_key(|entry| entry.step);
        self.write_index()?;
        Ok(written)
    }

    fn write_index(&self) -> Result<(), ReportError> {
        let path = self.folder.join(INDEX);
        let json = serde_json::to_vec_pretty(&self.steps).map_err(ReportError::picture(&path))?;
        write_atomically(&path, &json)
    }
}

/// Removes strips after `resume_step`; returns the strips that stay, with their steps.
fn remove_later_strips(folder: &Path, resume_step: u64) -> Result<Vec<(u64, String)>, ReportError> {
    let mut kept = Vec::new();
    for name in list_whole_files(folder)? {
        let Some(step) = step_of(&name) else {
            continue;
        };
        if step > resume_step || resume_step == 0 {
            let path = folder.join(&name);
            fs::remove_file(&path).map_err(ReportError::io("remove", &path))?;
        } else {
            kept.push((step, name));
        }
    }
    kept.sort();
    Ok(kept)
}

/// The step in a strip's file name.
fn step_of(file: &str) -> Option<u64> {
    let rest = file.strip_prefix("step-")?.strip_suffix(".png")?;
    rest.split('-').next()?.parse().ok()
}

/// What the strips' names and sizes tell when there is no index.
fn steps_from_names(folder: &Path, on_disk: &[(u64, String)]) -> Vec<SampleStep> {
    let mut steps: Vec<SampleStep> = Vec::new();
    for (step, file) in on_disk {
        let Ok((width, height)) = image::image_dimensions(folder.join(file)) else {
            continue;
        };
        let name = file.trim_end_matches(".png").splitn(3, '-').nth(2);
        let strip = Strip {
            file: file.clone(),
            name: name.unwrap_or_default().to_owned(),
            captions: Vec::new(),
            width,
            height,
        };
        match steps.last_mut().filter(|last| last.step == *step) {
            Some(last) => last.strips.push(strip),
            None => steps.push(SampleStep {
                step: *step,
                epoch: None,
                strips: vec![strip],
            }),
        }
    }
    steps
}

/// `step-000400-NAME.png`, with what file systems and links do not take replaced by `_`, and a
/// number where `taken` says that the name is used.
fn file_name(step: u64, name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut safe = String::new();
    for c in name.chars() {
        let fit = c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let c = if fit { c } else { '_' };
        if safe.len() + c.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        safe.push(c);
    }
    let plain = format!("step-{step:06}-{safe}.png");
    let numbered = (2..).map(|number| format!("step-{step:06}-{safe}-{number}.png"));
    std::iter::once(plain)
        .chain(numbered)
        .find(|file| !taken(file))
        .expect("an endless sequence of names holds a free one")
}

/// Puts the tiles of `row` side by side, each in the middle of its cell.
fn compose(row: &SampleRow) -> RgbaImage {
    let cell = |size: fn(&RgbImage) -> u32| {
        let sizes = row.tiles.iter().map(|tile| size(&tile.image));
        sizes.max().unwrap_or(0)
    };
    let (cell_width, cell_height) = (cell(RgbImage::width), cell(RgbImage::height));
    let count = row.tiles.len() as u32;
    let width = (cell_width + GAP) * count;
    let mut strip = RgbaImage::new(width.saturating_sub(GAP), cell_height);
    for (index, tile) in row.tiles.iter().enumerate() {
        let left = (cell_width + GAP) * index as u32 + (cell_width - tile.image.width()) / 2;
        let top = (cell_height - tile.image.height()) / 2;
        for (x, y, Rgb([red, green, blue])) in tile.image.enumerate_pixels() {
            strip.put_pixel(left + x, top + y, Rgba([*red, *green, *blue, 255]));
        }
    }
    strip
}

fn encode(image: &RgbaImage, path: &Path) -> Result<Vec<u8>, ReportError> {
    if image.is_empty() {
        return Err(ReportError::picture(path)("the example has no pixels"));
    }
    let mut png = Cursor::new(Vec::new());
    image
        .write_to(&mut png, ImageFormat::Png)
        .map_err(ReportError::picture(path))?;
    Ok(png.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> SampleRow {
        let tile = |caption: &str, width, shade| SampleTile {
            caption: caption.to_owned(),
            image: RgbImage::from_pixel(width, 8, Rgb([shade; 3])),
        };
        SampleRow {
            name: name.to_owned(),
            tiles: vec![tile("input", 8, 10), tile("generated", 6, 20)],
        }
    }

    fn files(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder.join(FOLDER)).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn strips_hold_the_tiles_side_by_side() {
        let dir = tempfile::tempdir().unwrap();
        let mut gallery = Gallery::open(dir.path(), 0).unwrap();
        gallery.add(400, 2, &[row("a/b"), row("a b")]).unwrap();
        let expected = [
            "samples.json",
            "step-000400-a_b-2.png",
            "step-000400-a_b.png",
        ];
        assert_eq!(files(dir.path()), expected);
        let path = dir.path().join(FOLDER).join("step-000400-a_b.png");
        let strip = image::open(path).unwrap().into_rgba8();
        assert_eq!(strip.dimensions(), (20, 8));
        assert_eq!(strip.get_pixel(0, 0).0, [10, 10, 10, 255]);
        assert_eq!(strip.get_pixel(9, 0).0[3], 0);
        assert_eq!(strip.get_pixel(13, 0).0, [20, 20, 20, 255]);
    }

    #[test]
    fn resume_removes_later_strips_and_keeps_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let mut gallery = Gallery::open(dir.path(), 0).unwrap();
        for step in [100, 200, 300] {
            gallery.add(step, 1, &[row("a")]).unwrap();
        }
        let kept = gallery.steps()[..2].to_vec();
        let orphan = dir.path().join(FOLDER).join("step-000400-a.png");
        fs::write(orphan, "written before its index").unwrap();
        let resumed = Gallery::open(dir.path(), 200).unwrap();
        assert_eq!(resumed.steps(), kept);
        let expected = ["samples.json", "step-000100-a.png", "step-000200-a.png"];
        assert_eq!(files(dir.path()), expected);
        let fresh = Gallery::open(dir.path(), 0).unwrap();
        assert!(fresh.steps().is_empty());
        assert_eq!(files(dir.path()), ["samples.json"]);
    }

    #[test]
    fn a_lost_index_is_made_again_from_the_strips() {
        let dir = tempfile::tempdir().unwrap();
        let mut gallery = Gallery::open(dir.path(), 0).unwrap();
        gallery.add(1_000_000, 1, &[row("a-b"), row("c")]).unwrap();
        fs::write(dir.path().join(FOLDER).join(INDEX), "[{").unwrap();
        let resumed = Gallery::open(dir.path(), 2_000_000).unwrap();
        let [entry] = resumed.steps() else {
            panic!("{:?}", resumed.steps());
        };
        let names: Vec<_> = entry
            .strips
            .iter()
            .map(|strip| strip.name.as_str())
            .collect();
        assert_eq!((entry.step, names), (1_000_000, vec!["a-b", "c"]));
        assert_eq!((entry.strips[0].width, entry.strips[0].height), (20, 8));
    }

    #[test]
    fn samples_of_the_same_step_replace_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let mut gallery = Gallery::open(dir.path(), 0).unwrap();
        gallery.add(100, 1, &[row("a")]).unwrap();
        gallery.add(100, 1, &[row("a")]).unwrap();
        assert_eq!(gallery.steps().len(), 1);
    }

    #[test]
    fn an_example_without_pixels_and_a_removed_folder_are_errors_naming_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut gallery = Gallery::open(dir.path(), 0).unwrap();
        let empty = SampleRow {
            name: "void".to_owned(),
            tiles: Vec::new(),
        };
        let message = gallery.add(1, 1, &[empty]).unwrap_err().to_string();
        assert!(message.contains("step-000001-void.png"), "{message}");
        fs::remove_dir_all(dir.path().join(FOLDER)).unwrap();
        let message = gallery.add(1, 1, &[row("a")]).unwrap_err().to_string();
        assert!(message.contains("step-000001-a.png"), "{message}");
    }
}
