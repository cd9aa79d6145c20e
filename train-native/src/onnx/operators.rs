//! What each step of a plan becomes.

use anyhow::Result;
use underpaint_plan::{
    Activation, Operand, Operation, PadMode, Shape, Sides, Statistics, Step, ValueId, WeightId,
};

use super::proto::AttributeProto as Attribute;
use super::sizes::AxisMap;
use super::writer::Writer;

/// Adds the operators of one step.
pub fn add(writer: &mut Writer, step: &Step) -> Result<()> {
    let output = &writer.name(step.output);
    let shape = writer.shape(step.output);
    match &step.operation {
        Operation::Conv2d {
            input,
            weight,
            bias,
            stride,
            padding,
        } => {
            let Sides {
                top,
                bottom,
                left,
                right,
            } = *padding;
            let settings = vec![
                Attribute::ints("kernel_shape", &writer.weight_shape(*weight)[2..]),
                Attribute::ints("strides", stride),
                Attribute::ints("pads", &[top, left, bottom, right]),
            ];
            weighted(writer, "Conv", *input, *weight, *bias, output, settings)
        }
        Operation::ConvTranspose2d {
            input,
            weight,
            bias,
            stride,
            padding,
            output_padding,
        } => {
            let [rows, columns] = *padding;
            let mut settings = vec![
                Attribute::ints("kernel_shape", &writer.weight_shape(*weight)[2..]),
                Attribute::ints("strides", stride),
                Attribute::ints("pads", &[rows, columns, rows, columns]),
            ];
            if *output_padding != [0, 0] {
                settings.push(Attribute::ints("output_padding", output_padding));
            }
            weighted(
                writer,
                "ConvTranspose",
                *input,
                *weight,
                *bias,
                output,
                settings,
            )
        }
        Operation::Linear {
            input,
            weight,
            bias,
        } => linear(writer, *input, *weight, *bias, output, shape),
        Operation::AvgPool2d {
            input,
            kernel,
            stride,
            padding,
            count_include_pad,
        } => {
            let [rows, columns] = *padding;
            let settings = vec![
                Attribute::ints("kernel_shape", kernel),
                Attribute::ints("strides", stride),
                Attribute::ints("pads", &[rows, columns, rows, columns]),
                Attribute::int("count_include_pad", i64::from(*count_include_pad)),
            ];
            unary(writer, "AveragePool", *input, output, settings)
        }
        Operation::Norm {
            input,
            statistics,
            scale,
            shift,
            epsilon,
        } => {
            let epsilon = Attribute::float("epsilon", *epsilon);
            let scale = affine(writer, *scale, 1.0, shape.channels)?;
            let shift = affine(writer, *shift, 0.0, shape.channels)?;
            let input = writer.name(*input);
            let mut inputs = vec![input, scale, shift];
            let operator = match statistics {
                Statistics::PerImage => "InstanceNormalization",
                Statistics::Running { mean, variance } => {
                    inputs.push(writer.weight(*mean)?);
                    inputs.push(writer.weight(*variance)?);
                    "BatchNormalization"
                }
            };
            let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
            writer.graph.node(operator, &inputs, output, vec![epsilon]);
            Ok(())
        }
        Operation::PixelNorm { input, epsilon } => {
            pixel_norm(writer, *input, *epsilon, output);
            Ok(())
        }
        Operation::Pad { input, mode, sides } => {
            let mode = match mode {
                PadMode::Zero => "constant",
                PadMode::Reflect => "reflect",
                PadMode::Edge => "edge",
            };
            let Sides {
                top,
                bottom,
                left,
                right,
            } = *sides;
            let sides = [0, 0, top, left, 0, 0, bottom, right].map(|side| side as i64);
            let sides = writer.graph.integers(&sides);
            let input = writer.name(*input);
            let settings = vec![Attribute::string("mode", mode)];
            writer
                .graph
                .node("Pad", &[&input, &sides], output, settings);
            Ok(())
        }
        Operation::Slice { input, start } => {
            slice(writer, *input, *start, output, shape);
            Ok(())
        }
        Operation::Concat { inputs } => {
            let inputs: Vec<_> = inputs.iter().map(|input| writer.name(*input)).collect();
            let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
            writer
                .graph
                .node("Concat", &inputs, output, vec![Attribute::int("axis", 1)]);
            Ok(())
        }
        Operation::Resize {
            input,
            rows,
            columns,
        } => {
            resize(writer, *input, rows, columns, output);
            Ok(())
        }
        Operation::Reshape { input } => {
            let input = writer.name(*input);
            reshape(writer, &input, output, shape);
            Ok(())
        }
        Operation::Add { left, right } => binary(writer, "Add", *left, right, output),
        Operation::Mul { left, right } => binary(writer, "Mul", *left, right, output),
        Operation::Affine {
            input,
            scale,
            shift,
        } => {
            scale_and_shift(writer, *input, *scale, *shift, output);
            Ok(())
        }
        Operation::Activation { input, function } => match function {
            Activation::Relu => unary(writer, "Relu", *input, output, Vec::new()),
            Activation::Tanh => unary(writer, "Tanh", *input, output, Vec::new()),
            Activation::LeakyRelu { slope } => {
                let settings = vec![Attribute::float("alpha", *slope)];
                unary(writer, "LeakyRelu", *input, output, settings)
            }
        },
    }
}

fn unary(
    writer: &mut Writer,
    operator: &str,
    input: ValueId,
    output: &str,
    settings: Vec<Attribute>,
) -> Result<()> {
    let input = writer.name(input);
    writer.graph.node(operator, &[&input], output, settings);
    Ok(())
}

fn weighted(
    writer: &mut Writer,
    operator: &str,
    input: ValueId,
    weight: WeightId,
    bias: Option<WeightId>,
    output: &str,
    settings: Vec<Attribute>,
) -> Result<()> {
    let mut inputs = vec![writer.name(input), writer.weight(weight)?];
    if let Some(bias) = bias {
        inputs.push(writer.weight(bias)?);
    }
    let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
    writer.graph.node(operator, &inputs, output, settings);
    Ok(())
}

fn affine(
    writer: &mut Writer,
    weight: Option<WeightId>,
    absent: f32,
    channels: usize,
) -> Result<String> {
    match weight {
        Some(weight) => writer.weight(weight),
        None => Ok(writer.graph.fill(absent, channels)),
    }
}

/// `Gemm` takes rows and gives rows.
fn linear(
    writer: &mut Writer,
    input: ValueId,
    weight: WeightId,
    bias: Option<WeightId>,
    output: &str,
    shape: Shape,
) -> Result<()> {
    let row = match writer.row_of(input) {
        Some(row) => row,
        None => {
            let input = writer.name(input);
            let row = writer.graph.unique(&format!("{output}.row"));
            let axis = Attribute::int("axis", 1);
            writer.graph.node("Flatten", &[&input], &row, vec![axis]);
            row
        }
    };
    let mut inputs = vec![row, writer.weight(weight)?];
    if let Some(bias) = bias {
        inputs.push(writer.weight(bias)?);
    }
    let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
    let product = writer.graph.unique(&format!("{output}.product"));
    let settings = vec![Attribute::int("transB", 1)];
    writer.graph.node("Gemm", &inputs, &product, settings);
    reshape(writer, &product, output, shape);
    Ok(())
}

/// `x / sqrt(mean of x² over channels + epsilon)`.
fn pixel_norm(writer: &mut Writer, input: ValueId, epsilon: f32, output: &str) {
    let input = writer.name(input);
    let epsilon = writer.graph.scalar(epsilon);
    let graph = &mut writer.graph;
    let [square, mean, sum, length] =
        ["square", "mean", "sum", "length"].map(|part| graph.unique(&format!("{output}.{part}")));
    graph.node("Mul", &[&input, &input], &square, Vec::new());
    let axes = vec![Attribute::ints("axes", &[1]), Attribute::int("keepdims", 1)];
    graph.node("ReduceMean", &[&square], &mean, axes);
    graph.node("Add", &[&mean, &epsilon], &sum, Vec::new());
    graph.node("Sqrt", &[&sum], &length, Vec::new());
    graph.node("Div", &[&input, &length], output, Vec::new());
}

/// Only along the axes that get shorter, so that the others stay free.
fn slice(writer: &mut Writer, input: ValueId, start: [usize; 3], output: &str, shape: Shape) {
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
fn resize(writer: &mut Writer, input: ValueId, rows: &[usize], columns: &[usize], output: &str) {
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

/// To `[1, channels, height, width]`.
pub fn reshape(writer: &mut Writer, input: &str, output: &str, shape: Shape) {
    let shape = [1, shape.channels, shape.height, shape.width].map(|axis| axis as i64);
    let shape = writer.graph.integers(&shape);
    writer
        .graph
        .node("Reshape", &[input, &shape], output, Vec::new());
}

fn binary(
    writer: &mut Writer,
    operator: &str,
    left: ValueId,
    right: &Operand,
    output: &str,
) -> Result<()> {
    let left = writer.name(left);
    let right = match right {
        Operand::Value(value) => writer.name(*value),
        Operand::Weight(weight) => writer.operand(*weight)?,
    };
    writer
        .graph
        .node(operator, &[&left, &right], output, Vec::new());
    Ok(())
}

fn scale_and_shift(writer: &mut Writer, input: ValueId, scale: f32, shift: f32, output: &str) {
    let input = writer.name(input);
    let both = scale != 1.0 && shift != 0.0;
    let scaled = match both {
        true => writer.graph.unique(&format!("{output}.scaled")),
        false => output.to_owned(),
    };
    if scale != 1.0 {
        let scale = writer.graph.scalar(scale);
        writer
            .graph
            .node("Mul", &[&input, &scale], &scaled, Vec::new());
    }
    if shift != 0.0 {
        let from = if both { &scaled } else { &input };
        let shift = writer.graph.scalar(shift);
        writer
            .graph
            .node("Add", &[from, &shift], output, Vec::new());
    }
    if scale == 1.0 && shift == 0.0 {
        writer.graph.node("Identity", &[&input], output, Vec::new());
    }
}
