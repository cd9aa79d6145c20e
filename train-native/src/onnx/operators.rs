//! What each step of a plan becomes.

use anyhow::Result;
use underpaint_plan::{
    Activation, Operand, Operation, PadMode, Shape, Sides, Statistics, Step, ValueId, WeightId,
};

use super::places;
use super::proto::AttributeProto as Attribute;
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
            places::slice(writer, *input, *start, output, shape);
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
            places::resize(writer, *input, rows, columns, output);
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
