//! Numbers put elsewhere.

use super::View;
use crate::{PadMode, Shape, Sides};

/// The index in an axis that a place of the padded axis shows; none for a zero.
fn source(mode: PadMode, place: usize, before: usize, length: usize) -> Option<usize> {
    match (mode, place.checked_sub(before)) {
        (_, Some(inside)) if inside < length => Some(inside),
        (PadMode::Zero, _) => None,
        (PadMode::Edge, None) => Some(0),
        (PadMode::Edge, Some(_)) => Some(length - 1),
        (PadMode::Reflect, None) => Some(before - place),
        (PadMode::Reflect, Some(beyond)) => Some(2 * (length - 1) - beyond),
    }
}

pub fn pad(input: View, mode: PadMode, sides: Sides) -> Vec<f32> {
    let Shape { height, width, .. } = input.shape;
    let places = |before: usize, length: usize, after: usize| {
        let all = 0..before + length + after;
        all.map(|place| source(mode, place, before, length))
            .collect::<Vec<_>>()
    };
    let rows = places(sides.top, height, sides.bottom);
    let columns = places(sides.left, width, sides.right);
    let mut result = Vec::with_capacity(input.shape.channels * rows.len() * columns.len());
    for plane in input.planes() {
        for row in &rows {
            for column in &columns {
                let place = row.zip(*column).map(|(row, column)| row * width + column);
                result.push(place.map_or(0.0, |place| plane[place]));
            }
        }
    }
    result
}

pub fn slice(input: View, [channel, top, left]: [usize; 3], output: Shape) -> Vec<f32> {
    let mut result = Vec::with_capacity(output.len());
    for channel in channel..channel + output.channels {
        let plane = input.plane(channel);
        for y in top..top + output.height {
            result.extend_from_slice(&plane[y * input.shape.width + left..][..output.width]);
        }
    }
    result
}

pub fn resize(input: View, rows: &[usize], columns: &[usize]) -> Vec<f32> {
    let mut result = Vec::with_capacity(input.shape.channels * rows.len() * columns.len());
    for plane in input.planes() {
        for row in rows {
            let line = &plane[row * input.shape.width..];
            result.extend(columns.iter().map(|column| line[*column]));
        }
    }
    result
}
