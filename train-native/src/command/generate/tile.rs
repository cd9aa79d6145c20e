//! Large pictures in parts: tiles that overlap by as much as the network looks around, so that every pixel
//! that is kept is what it is in the whole picture.

use anyhow::{Result, bail};
use underpaint_core::bundle::{InputKind, NormDefault, Runner};
use underpaint_core::plan::{Request, generator};
use underpaint_plan::{Reach, Whole, reach};

use super::GenerateArgs;
use super::inputs::{LabelsSeen, Look, Seen};
use crate::data::PixelsF32;
use crate::data::decode::LabelMap;
use crate::family::batch;

/// Tiles of one side.
#[derive(Debug)]
pub(super) struct Tiling {
    /// Pixels of a tile, in both directions.
    side: usize,
    /// Pixels on each side of a tile that are not kept, but at the edges of the picture.
    overlap: usize,
}

/// Rows or columns of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
    /// Those that are kept.
    keep: [usize; 2],
}

impl GenerateArgs {
    /// The tiles of `--tile`, if it is given.
    pub(super) fn tiling(&self, runner: &Runner) -> Result<Option<Tiling>> {
        let Some(wanted) = self.tile else {
            return Ok(None);
        };
        let (model, manifest) = (runner.model(), runner.manifest());
        if let Some([height, width]) = model.fixed_size() {
            bail!("--tile: this model makes pictures of {width}x{height} only");
        }
        let multiple = model.size_multiple();
        let side = (2 * multiple)
            .max(model.smallest_side())
            .next_multiple_of(multiple);
        let request = Request {
            test_time: self.runner.test_time(manifest.test_time),
            seed: self.runner.seed,
            ..Request::of_size(manifest, [side; 2])
        };
        let Reach { pixels, alignment } =
            reach(&generator(manifest, &request)?).map_err(|whole| {
                let instead = match whole {
                    Whole::Statistics
                        if model.has_batch_norm()
                            && request.test_time.statistics == NormDefault::Batch =>
                    {
                        ", and those of a tile are others; --bn-stats running takes those of the training"
                    }
                    Whole::Statistics => ", and those of a tile are others",
                    Whole::Constant => "; --dropout off leaves them out",
                    Whole::Linear | Whole::Sides => "",
                };
                anyhow::anyhow!("--tile: this model cannot make a picture in parts: {whole}{instead}")
            })?;
        // Edges between instances look at the next pixel.
        let edges = matches!(manifest.input, InputKind::Labels { edges: true, .. });
        let multiple = match multiple % alignment {
            0 => multiple,
            _ => multiple * alignment,
        };
        let overlap = (pixels + usize::from(edges)).next_multiple_of(multiple);
        let least = (2 * overlap + multiple).max(model.smallest_side().next_multiple_of(multiple));
        if wanted < least {
            bail!(
                "--tile: expected {least} pixels at least, because what a pixel becomes depends on pixels up to \
                 {pixels} away on every side, found {wanted}"
            );
        }
        let side = wanted / multiple * multiple;
        eprintln!(
            "tiles of {side} pixels that overlap by {}: the network looks {pixels} pixels around",
            2 * overlap
        );
        Ok(Some(Tiling { side, overlap }))
    }
}

impl Tiling {
    /// Makes a picture tile by tile.
    pub fn run(&self, runner: &Runner, seen: &Seen, seed: u64) -> Result<PixelsF32> {
        let [height, width] = seen.size();
        let channels = runner.output_channels();
        let mut whole = PixelsF32 {
            channels,
            height,
            width,
            data: vec![0.0; channels * height * width],
        };
        let read = seen.with_features(runner, seed)?;
        let seen = read.as_ref().unwrap_or(seen);
        let padded = runner.padded_size([height, width]);
        for rows in self.spans(padded[0]) {
            for columns in self.spans(padded[1]) {
                let part = seen.cut(
                    [rows.start, rows.end.min(height)],
                    [columns.start, columns.end.min(width)],
                );
                let made = runner.run(part.inputs(runner, seed)?, seed)?;
                for tile in batch::pictures(made) {
                    paste(&mut whole, &tile, rows, columns);
                }
            }
        }
        Ok(whole)
    }

    /// Tiles along a side that the network takes.
    fn spans(&self, length: usize) -> Vec<Span> {
        if length <= self.side {
            return vec![Span {
                start: 0,
                end: length,
                keep: [0, length],
            }];
        }
        let mut spans: Vec<Span> = Vec::new();
        let step = self.side - 2 * self.overlap;
        loop {
            let (start, from) = match spans.last() {
                None => (0, 0),
                // The last one begins where it ends with the picture.
                Some(last) => ((last.start + step).min(length - self.side), last.keep[1]),
            };
            let end = start + self.side;
            let to = if end == length {
                length
            } else {
                end - self.overlap
            };
            spans.push(Span {
                start,
                end,
                keep: [from, to],
            });
            if end == length {
                return spans;
            }
        }
    }
}

/// Copies what is kept of a tile.
fn paste(whole: &mut PixelsF32, tile: &PixelsF32, rows: Span, columns: Span) {
    let [left, right] = columns.keep.map(|column| column.min(whole.width));
    for channel in 0..whole.channels {
        for row in rows.keep[0]..rows.keep[1].min(whole.height) {
            let to = (channel * whole.height + row) * whole.width;
            let from = (channel * tile.height + row - rows.start) * tile.width;
            let kept = from + left - columns.start..from + right - columns.start;
            whole.data[to + left..to + right].copy_from_slice(&tile.data[kept]);
        }
    }
}

impl Seen {
    /// The same with features that were read from a photo, if they are: an encoder looks at the whole.
    fn with_features(&self, runner: &Runner, seed: u64) -> Result<Option<Self>> {
        let Self::Labels(seen) = self else {
            return Ok(None);
        };
        let Look::Photo(..) = seen.look else {
            return Ok(None);
        };
        let features = seen.features(runner, seed)?;
        let features = features.and_then(|features| batch::pictures(features).into_iter().next());
        Ok(features.map(|features| {
            Self::Labels(LabelsSeen {
                labels: seen.labels.clone(),
                instances: seen.instances.clone(),
                look: Look::Features(features),
            })
        }))
    }

    /// A part of it.
    fn cut(&self, rows: [usize; 2], columns: [usize; 2]) -> Self {
        let [_, width] = self.size();
        let ids = |ids: &[u16]| -> Vec<u16> {
            let lines = ids.chunks_exact(width).take(rows[1]).skip(rows[0]);
            lines
                .flat_map(|line| line[columns[0]..columns[1]].iter().copied())
                .collect()
        };
        match self {
            Self::Nothing => Self::Nothing,
            Self::Picture(picture) => Self::Picture(cut_planes(picture, rows, columns)),
            Self::Labels(seen) => Self::Labels(LabelsSeen {
                labels: LabelMap {
                    width: columns[1] - columns[0],
                    height: rows[1] - rows[0],
                    ids: ids(&seen.labels.ids),
                },
                instances: seen.instances.as_deref().map(ids),
                look: match &seen.look {
                    Look::Features(planes) => Look::Features(cut_planes(planes, rows, columns)),
                    look => look.clone(),
                },
            }),
        }
    }
}

fn cut_planes(planes: &PixelsF32, rows: [usize; 2], columns: [usize; 2]) -> PixelsF32 {
    let lines = planes.data.chunks_exact(planes.width).enumerate();
    let lines = lines.filter(|(line, _)| (rows[0]..rows[1]).contains(&(line % planes.height)));
    PixelsF32 {
        channels: planes.channels,
        height: rows[1] - rows[0],
        width: columns[1] - columns[0],
        data: lines
            .flat_map(|(_, line)| line[columns[0]..columns[1]].iter().copied())
            .collect(),
    }
}

#[cfg(test)]
mod tests;
