//! Pictures that belong together: the frames of a path between latents, and a sheet of many.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::Args;
use underpaint_core::bundle::Runner;

use super::files::{Maker, named_files};
use super::inputs::{Reader, Seen};
use super::{GenerateArgs, picture_from_signed};
use crate::animation::{Animation, Format};
use crate::data::PixelsF32;
use crate::family;
use crate::model::Model;

/// Frames a second, if nothing is said.
const FPS: u16 = 12;

/// Flags that ask for a path or a sheet.
#[derive(Debug, Clone, Args)]
#[command(
    next_help_heading = "Paths between pictures, and sheets of them, for models with latents"
)]
pub(super) struct FramesArgs {
    /// Frames on the way between two styles, each a picture (for models with an encoder) or a seed. To an
    /// animation if --output ends in .gif, .png or .webp, else to a folder
    #[arg(long, num_args = 2, value_names = ["FILE|SEED", "FILE|SEED"], requires = "frames", conflicts_with_all = [
        "interpolate", "grid", "style", "random_style", "count", "toward", "near",
    ])]
    pub between: Option<Vec<String>>,
    /// Frames on the way between pictures of --seed by their numbers, as --count and --grid count them
    /// from 0: 2:7, or 2:7:0 through several
    #[arg(long, value_name = "N:N", requires = "frames", conflicts_with_all = ["grid", "count"])]
    pub interpolate: Option<LatentPath>,
    /// Frames from one picture to the next, both of them among these
    #[arg(long, value_name = "N")]
    pub frames: Option<usize>,
    /// Frames a second of an animation [default: 12]
    #[arg(long, value_name = "N")]
    pub fps: Option<u16>,
    /// One sheet with so many pictures of --seed beside and below each other: 8x8
    #[arg(long, value_name = "COLUMNSxROWS", conflicts_with = "count")]
    pub grid: Option<Sheet>,
}

/// Columns and rows of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sheet {
    columns: usize,
    rows: usize,
}

impl FromStr for Sheet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once('x');
        let sides =
            sides.and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
        match sides {
            Some((columns, rows)) if columns > 0 && rows > 0 && columns * rows <= 10_000 => {
                Ok(Self { columns, rows })
            }
            _ => Err(format!(
                "expected columns and rows such as 8x8, 10000 pictures at most, found {text}"
            )),
        }
    }
}

/// Numbers of pictures that a path leads through, two at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LatentPath(Vec<usize>);

impl LatentPath {
    pub fn points(&self) -> &[usize] {
        &self.0
    }

    /// The largest number.
    pub fn last(&self) -> usize {
        self.0.iter().copied().max().unwrap_or(0)
    }
}

impl FromStr for LatentPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split(':').map(str::parse);
        match numbers.collect::<Result<Vec<usize>, _>>() {
            Ok(numbers) if numbers.len() > 1 && numbers.iter().all(|&n| n < 100_000) => {
                Ok(Self(numbers))
            }
            _ => Err(format!(
                "expected numbers of pictures, below 100000, such as 2:7, found {text}"
            )),
        }
    }
}

impl FramesArgs {
    /// The first flag that is given.
    pub fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--between", self.between.is_some()),
            ("--interpolate", self.interpolate.is_some()),
            ("--grid", self.grid.is_some()),
            ("--frames", self.frames.is_some()),
        ];
        flags
            .into_iter()
            .find_map(|(flag, given)| given.then_some(flag))
    }

    /// Whether pictures belong together: they come of one input.
    fn is_path(&self) -> bool {
        self.between.is_some() || self.interpolate.is_some()
    }

    /// Pictures on a sheet, if one is asked for.
    pub fn sheet(&self) -> Option<usize> {
        self.grid.map(|sheet| sheet.columns * sheet.rows)
    }

    /// The pictures that are named.
    pub fn files(&self) -> Vec<PathBuf> {
        let ends = self.between.iter().flatten();
        ends.map(PathBuf::from).collect()
    }

    /// Latents along a path, one after the other.
    pub fn way(&self, runner: &Runner, points: &[Vec<f32>]) -> Result<Vec<f32>> {
        let frames = match self.frames {
            Some(frames) if frames >= 2 => frames,
            found => bail!(
                "--frames: expected 2 at least, the first picture and the last, found {}",
                found.unwrap_or(0)
            ),
        };
        let mut way = points.first().cloned().unwrap_or_default();
        for legs in points.windows(2) {
            for frame in 1..frames {
                let share = frame as f32 / (frames - 1) as f32;
                way.extend(
                    runner
                        .manifest()
                        .latent_between(&legs[0], &legs[1], share)?,
                );
            }
        }
        Ok(way)
    }
}

/// A sheet or an animation, if the flags ask for one; a folder of frames is written as other pictures are.
pub(super) fn generate(
    args: &GenerateArgs,
    runner: &Runner,
    model: &Model,
    input: Option<&Path>,
    output: &Path,
) -> Result<Option<ExitCode>> {
    let frames = &args.frames;
    if frames.frames.is_some() && !frames.is_path() {
        bail!("--frames: expected --between or --interpolate with it");
    }
    if frames.given().is_some() && input.is_some_and(Path::is_dir) {
        bail!(
            "{}: expected one file as --input, found a folder",
            frames.given().unwrap_or_default()
        );
    }
    let format = match frames.is_path() && !output.is_dir() {
        true => Format::of_name(output)?,
        false => None,
    };
    if frames.fps.is_some() && format.is_none() {
        bail!(
            "--fps: only an animation has frames a second: expected --between or --interpolate with it, and an --output \
             that ends in .gif, .png or .webp, found {}",
            output.display()
        );
    }
    if frames.grid.is_none() && format.is_none() {
        return Ok(None);
    }
    let maker = Maker::new(args, runner)?;
    let seen = match input {
        None => Seen::Nothing,
        Some(input) => {
            let reader = Reader::new(args, runner, model, input)?;
            let files = named_files(input, &model.manifest.input)?;
            let (path, name) = files.first().context("one file")?;
            reader.read(path, name)?
        }
    };
    match (frames.grid, format) {
        (Some(sheet), _) => write_sheet(&maker, &seen, sheet, output)?,
        (None, Some(format)) => animate(&maker, &seen, format, frames.fps.unwrap_or(FPS), output)?,
        (None, None) => {}
    }
    Ok(Some(ExitCode::SUCCESS))
}

/// Makes all pictures in their order.
fn in_order(
    maker: &Maker<'_>,
    seen: &Seen,
    mut take: impl FnMut(PixelsF32) -> Result<()>,
) -> Result<usize> {
    let numbers: Vec<usize> = (0..maker.count()).collect();
    for batch in numbers.chunks(maker.batch()) {
        let wanted: Vec<(&Seen, usize)> = batch.iter().map(|&number| (seen, number)).collect();
        for picture in maker.make(&wanted)? {
            take(picture)?;
        }
    }
    Ok(numbers.len())
}

/// Source: the seed's `eval.py`, 64 pictures of a fixed seed (spec 5.7).
fn write_sheet(maker: &Maker<'_>, seen: &Seen, sheet: Sheet, output: &Path) -> Result<()> {
    let png = output
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("png"));
    if !png || output.is_dir() {
        bail!(
            "--output: expected a .png file for the sheet of --grid, found {}",
            output.display()
        );
    }
    let mut pictures = Vec::new();
    let count = in_order(maker, seen, |picture| {
        pictures.push(picture);
        Ok(())
    })?;
    let sheet = family::grid(&pictures, sheet.columns, 1);
    let mut bytes = std::io::Cursor::new(Vec::new());
    sheet
        .write_to(&mut bytes, image::ImageFormat::Png)
        .with_context(|| format!("{}", output.display()))?;
    crate::files::create_parent(output)?;
    crate::files::write(output, bytes.get_ref())?;
    let (width, height) = sheet.dimensions();
    eprintln!(
        "{count} pictures on a sheet of {width}x{height}: {}",
        output.display()
    );
    Ok(())
}

fn animate(maker: &Maker<'_>, seen: &Seen, format: Format, fps: u16, output: &Path) -> Result<()> {
    if fps == 0 {
        bail!("--fps: expected at least 1, found 0");
    }
    let mut animation = Animation::new(format, maker.count(), fps);
    let at = || format!("{}", output.display());
    let count = in_order(maker, seen, |picture| {
        animation
            .add(&picture_from_signed(&picture)?)
            .with_context(at)
    })?;
    let bytes = animation.finish().with_context(at)?;
    crate::files::create_parent(output)?;
    crate::files::write(output, &bytes)?;
    eprintln!(
        "{count} frames, {:.1} s, {:.2} MB: {}",
        count as f64 / f64::from(fps),
        bytes.len() as f64 / 1e6,
        output.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_and_paths_are_read_and_others_told() {
        let sheet = Sheet {
            columns: 8,
            rows: 4,
        };
        assert_eq!("8x4".parse(), Ok(sheet));
        assert_eq!("2:7:0".parse(), Ok(LatentPath(vec![2, 7, 0])));
        for wrong in ["8", "0x8", "8x", "1000x1000"] {
            assert!(wrong.parse::<Sheet>().unwrap_err().contains(wrong));
        }
        for wrong in ["2", "2:", "a:b", "2:-1", "1:100000"] {
            assert!(wrong.parse::<LatentPath>().unwrap_err().contains(wrong));
        }
    }
}
