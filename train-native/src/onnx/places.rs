//! Steps that only choose pixels: parts and nearest resizing.

use underpaint_plan::{Shape, ValueId};

use super::proto::AttributeProto as Attribute;
use super::sizes::AxisMap;
use super::writer::Writer;

/// Only along the axes that get shorter, so that the others stay free.
pub fn slice(writer: &mut Writer, input: ValueId, start: [usize; 3], output: &str, shape: Shape) {
    let whole = writer.shape(input);
    let axes = [
        (1, start[0], shape.channels, whole.channels),
        (2, start[1], shape.height, whole.height),
        (3, start[2], shape.width, whole.width),
    ];
    let cut: Vec<_> = axes
        .into_iter()
        .filter(|(_, _, part, whole)| part != whole)
        .collect();
    let input = writer.name(input);
    if cut.is_empty() {
        writer.graph.node("Identity", &[&input], output, Vec::new());
        return;
    }
    let mut list = |number: fn(&(i64, usize, usize, usize)) -> i64| {
        writer
            .graph
            .integers(&cut.iter().map(number).collect::<Vec<_>>())
    };
    let starts = list(|(_, start, ..)| *start as i64);
    let ends = list(|(_, start, part, _)| (start + part) as i64);
    let axes = list(|(axis, ..)| *axis);
    writer.graph.node(
        "Slice",
        &[&input, &starts, &ends, &axes],
        output,
        Vec::new(),
    );
}

/// Whole factors as `Resize` or as a `Slice` with steps, which serve any size; anything else by index.
pub fn resize(
    writer: &mut Writer,
    input: ValueId,
    rows: &[usize],
    columns: &[usize],
    output: &str,
) {
    let from = writer.shape(input);
    let maps = [
        AxisMap::new(rows, from.height),
        AxisMap::new(columns, from.width),
    ];
    let factors = maps.map(|map| match map {
        AxisMap::Repeat(factor) => factor,
        _ => 1,
    });
    let steps = maps.map(|map| match map {
        AxisMap::Every(step) => step,
        _ => 1,
    });
    let mut stages = Vec::new();
    if factors != [1, 1] {
        stages.push(Stage::Resize(factors));
    }
    if steps != [1, 1] {
        stages.push(Stage::Slice(steps));
    }
    for (axis, (map, places)) in [(2, (maps[0], rows)), (3, (maps[1], columns))] {
        if map == AxisMap::Places {
            stages.push(Stage::Gather(axis, places));
        }
    }
    let mut from = writer.name(input);
    if stages.is_empty() {
        writer.graph.node("Identity", &[&from], output, Vec::new());
    }
    let last = stages.len().saturating_sub(1);
    for (index, stage) in stages.into_iter().enumerate() {
        let to = match index == last {
            true => output.to_owned(),
            false => writer.graph.unique(&format!("{output}.part")),
        };
        stage.add(writer, &from, &to);
        from = to;
    }
}

/// A part of a resize.
enum Stage<'a> {
    /// Every row and column so many times.
    Resize([usize; 2]),
    /// Only one of so many rows and columns.
    Slice([usize; 2]),
    /// These places of an axis.
    Gather(i64, &'a [usize]),
}

impl Stage<'_> {
    fn add(&self, writer: &mut Writer, from: &str, to: &str) {
        let graph = &mut writer.graph;
        match self {
            Self::Resize([rows, columns]) => {
                let scales = graph.list(&[1.0, 1.0, *rows as f32, *columns as f32]);
                let settings = vec![
                    Attribute::string("mode", "nearest"),
                    Attribute::string("coordinate_transformation_mode", "asymmetric"),
                    Attribute::string("nearest_mode", "floor"),
                ];
                graph.node("Resize", &[from, "", &scales], to, settings);
            }
            Self::Slice(steps) => {
                let starts = graph.integers(&[0, 0]);
                let ends = graph.integers(&[i64::MAX, i64::MAX]);
                let axes = graph.integers(&[2, 3]);
                let steps = graph.integers(&steps.map(|step| step as i64));
                graph.node(
                    "Slice",
                    &[from, &starts, &ends, &axes, &steps],
                    to,
                    Vec::new(),
                );
            }
            Self::Gather(axis, places) => {
                let places: Vec<_> = places.iter().map(|place| *place as i64).collect();
                let places = graph.integers(&places);
                graph.node(
                    "Gather",
                    &[from, &places],
                    to,
                    vec![Attribute::int("axis", *axis)],
                );
            }
        }
    }
}
