//! What goes into a program and comes out of it, in the order in which people have it.
//!
//! Both engines use this: they have buffers to be filled with numbers and codes, and buffers whose
//! numbers become planes or pixels.

use underpaint_plan::Shape;

use crate::program::{Codes, Gather, Input, Labels, Output, Program, View};
use crate::{Error, Result};

/// One input.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// Numbers, `[channels, height, width]`.
    Planes(&'a [f32]),
    /// A label map, in place of its one-hot encoding.
    Labels {
        /// Label ids, `[height, width]`; those beyond the classes are of none.
        ids: &'a [u16],
        /// The channel behind the classes, `[height, width]`: an edge map of 0 and 1.
        switch: Option<&'a [u8]>,
    },
}

/// Checks that all inputs are there and as large as the program wants them.
///
/// # Errors
///
/// [`Error::Input`] with the input's name, what was expected and what was found.
pub fn check(program: &Program, given: &[Given<'_>]) -> Result<()> {
    let (expected, found) = (program.inputs.len(), given.len());
    if expected != found {
        let message = format!("expected {expected} inputs, found {found}");
        return Err(Error::Input(message));
    }
    for (place, (input, given)) in program.inputs.iter().zip(given).enumerate() {
        // Whether there is a channel of switches behind the classes, if anything reads labels.
        let labels = program.labels.iter().find(|labels| labels.input == place);
        let codes = input.codes.or(labels.map(|labels| labels.codes));
        check_one(input, given, codes.map(|codes| codes.switch))?;
    }
    Ok(())
}

fn check_one(input: &Input, given: &Given<'_>, switches: Option<bool>) -> Result<()> {
    let Shape {
        channels,
        height,
        width,
    } = input.shape;
    let count = |what: &str, expected: usize, found: usize| {
        if expected == found {
            return Ok(());
        }
        let message =
            format!("expected {expected} {what} ({height} rows of {width}), found {found}");
        Err(wrong(input, &message))
    };
    match given {
        Given::Planes(planes) => {
            let what = format!("numbers in {channels} planes");
            count(&what, input.shape.len(), planes.len())
        }
        Given::Labels { ids, switch } => {
            count("label ids", height * width, ids.len())?;
            if let Some(switch) = switch {
                count("switches", height * width, switch.len())?;
                if let Some(other) = switch.iter().find(|&&switch| switch > 1) {
                    let message = format!("expected switches of 0 and 1, found {other}");
                    return Err(wrong(input, &message));
                }
            }
            if switch.is_some() && switches == Some(false) {
                let message = "expected a label map alone, found switches beside it";
                return Err(wrong(input, message));
            }
            if switch.is_none() && switches == Some(true) {
                let message = "expected switches beside the label map, found none";
                return Err(wrong(input, message));
            }
            Ok(())
        }
    }
}

fn wrong(input: &Input, message: &str) -> Error {
    Error::Input(format!("input {}: {message}", input.name))
}

/// The code of every pixel of an input, `[height, width]`.
///
/// # Errors
///
/// [`Error::Input`] if planes are given that are not exactly the one-hot encoding of a label map.
pub fn codes_of(input: &Input, given: &Given<'_>, codes: Codes) -> Result<Vec<u32>> {
    let classes = codes.classes;
    let code = |class: usize, switch: bool| {
        let switch = usize::from(codes.switch && switch);
        (class.min(classes) + switch * (classes + 1)) as u32
    };
    match given {
        Given::Labels { ids, switch } => {
            let pixel = |(pixel, id): (usize, &u16)| {
                let switch = switch.is_some_and(|switch| switch[pixel] != 0);
                code(usize::from(*id), switch)
            };
            Ok(ids.iter().enumerate().map(pixel).collect())
        }
        Given::Planes(planes) => {
            let pixels = input.shape.pixels();
            let mut found = vec![classes; pixels];
            for (channel, plane) in planes.chunks_exact(pixels.max(1)).take(classes).enumerate() {
                for (class, &number) in found.iter_mut().zip(plane) {
                    if number == 1.0 && *class == classes {
                        *class = channel;
                    } else if number != 0.0 {
                        let message = format!(
                            "expected the one-hot encoding of a label map, found {number} in channel {channel}"
                        );
                        return Err(wrong(input, &message));
                    }
                }
            }
            let switches = codes.switch.then(|| &planes[classes * pixels..][..pixels]);
            let odd = |switches: &[f32]| switches.iter().copied().find(|&x| x != 0.0 && x != 1.0);
            if let Some(number) = switches.and_then(odd) {
                let message = format!("expected 0 and 1 in channel {classes}, found {number}");
                return Err(wrong(input, &message));
            }
            let pixel = |(pixel, class): (usize, usize)| {
                code(
                    class,
                    switches.is_some_and(|switches| switches[pixel] != 0.0),
                )
            };
            Ok(found.into_iter().enumerate().map(pixel).collect())
        }
    }
}

/// The plane of codes that operations read, of the codes of every pixel of its input.
#[must_use]
pub fn gathered(labels: &Labels, input: &Input, codes: &[u32]) -> Vec<u32> {
    let none = labels.codes.none() as u32;
    let columns = &labels.gather.columns;
    let mut plane = Vec::with_capacity(labels.gather.rows.len() * columns.len());
    for &row in &labels.gather.rows {
        if row == Gather::NONE {
            plane.resize(plane.len() + columns.len(), none);
            continue;
        }
        let row = &codes[row as usize * input.shape.width..][..input.shape.width];
        let pixel = |&column: &u32| match column {
            Gather::NONE => none,
            column => row[column as usize],
        };
        plane.extend(columns.iter().map(pixel));
    }
    plane
}

/// Writes an input into its view: numbers that only fill a group become 0.
pub fn write_view(input: &Input, view: &View, given: &Given<'_>, target: &mut [f32]) {
    let pixels = input.shape.pixels();
    let start = |y: usize, x: usize| view.at(y as isize, x as isize);
    let place = |pixel: usize| start(pixel / view.width.max(1), pixel % view.width.max(1));
    match given {
        Given::Planes(planes) => {
            let planes: Vec<&[f32]> = planes.chunks_exact(pixels.max(1)).collect();
            for y in 0..view.height {
                let row = &mut target[start(y, 0)..];
                let row_start = y * view.width;
                for (group, planes) in planes.chunks(4).enumerate() {
                    // Four planes at a time become the four numbers of a group; nothing fills the rest.
                    let plane = |lane: usize| {
                        let plane = planes.get(lane);
                        plane.map_or(&[][..], |plane| &plane[row_start..][..view.width])
                    };
                    let rows: [&[f32]; 4] = std::array::from_fn(plane);
                    let groups = row.chunks_mut(view.pixel_stride).take(view.width);
                    for (x, pixel) in groups.enumerate() {
                        let number = |lane: usize| rows[lane].get(x).copied().unwrap_or(0.0);
                        pixel[4 * group..][..4]
                            .copy_from_slice(&std::array::from_fn::<_, 4, _>(number));
                    }
                }
            }
        }
        Given::Labels { ids, switch } => {
            // Without switches all channels are classes.
            let classes = input.shape.channels - usize::from(switch.is_some());
            for (pixel, &id) in ids.iter().enumerate() {
                let target = &mut target[place(pixel)..][..view.channels];
                target.fill(0.0);
                if usize::from(id) < classes {
                    target[usize::from(id)] = 1.0;
                }
                if let Some(switch) = switch {
                    target[classes] = f32::from(switch[pixel]);
                }
            }
        }
    }
}

/// An output as planes, `[channels, height, width]`.
#[must_use]
pub fn planes_of(output: &Output, numbers: &[f32]) -> Vec<f32> {
    let mut planes = Vec::with_capacity(output.shape.len());
    for lane in lanes_of(output) {
        let pixels = numbers.chunks_exact(output.view.pixel_stride);
        let pixels = pixels.take(output.shape.pixels());
        planes.extend(pixels.map(|pixel| pixel[lane]));
    }
    planes
}

/// An output in `[-1, 1]` as RGBA, `[height, width, 4]`: one channel becomes grey, of more the first
/// three are red, green and blue. Numbers outside are clipped; rounded as everywhere in Underpaint
/// (down).
#[must_use]
pub fn rgba_of(output: &Output, numbers: &[f32]) -> Vec<u8> {
    let lanes = lanes_of(output);
    let lane = |channel: usize| lanes.get(channel).or(lanes.last()).copied().unwrap_or(0);
    let [red, green, blue] = if lanes.len() < 3 {
        [lane(0); 3]
    } else {
        [lane(0), lane(1), lane(2)]
    };
    let pixels = numbers.chunks_exact(output.view.pixel_stride);
    let pixels = pixels.take(output.shape.pixels());
    let byte = |signed: f32| ((signed + 1.0) / 2.0 * 255.0).clamp(0.0, 255.0) as u8;
    pixels
        .flat_map(|pixel| [byte(pixel[red]), byte(pixel[green]), byte(pixel[blue]), 255])
        .collect()
}

/// For each channel of the network its place in a pixel.
fn lanes_of(output: &Output) -> Vec<usize> {
    let offset = output.view.channel_offset;
    let lanes = output.lanes.channels().into_iter().enumerate();
    lanes
        .filter_map(|(lane, channel)| channel.map(|_| offset + lane))
        .collect()
}

#[cfg(test)]
mod tests;
