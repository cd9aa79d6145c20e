//! A plan as a table.

use crate::{
    Activation, Operand, Operation, PadMode, Plan, Shape, Sides, Statistics, Step, ValueId,
};
use std::fmt;

impl fmt::Display for Shape {
    /// `channels x height x width`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}x{}x{}", self.channels, self.height, self.width))
    }
}

impl fmt::Display for Sides {
    /// One number where all sides are equal, else top, bottom, left and right.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            top,
            bottom,
            left,
            right,
        } = self;
        match *self == Self::all(*top) {
            true => write!(f, "{top}"),
            false => write!(f, "{top},{bottom},{left},{right}"),
        }
    }
}

/// One line for each step: its number, operation, what it reads and makes, the keys of its weights, and
/// its arithmetic; then the totals.
impl fmt::Display for Plan {
    /// # Panics
    ///
    /// If the plan refers to something that it does not have ([`Plan::check`]).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cost = self.cost();
        let mut rows =
            vec![["step", "operation", "from", "to", "FLOPs", "weights"].map(String::from)];
        for input in &self.inputs {
            let one_hot = match input.one_hot {
                0 => String::new(),
                channels => format!(" (one-hot: {channels})"),
            };
            let operation = format!("input {}{one_hot}", input.name);
            let to = self.named(input.value);
            rows.push([
                String::new(),
                operation,
                String::new(),
                to,
                String::new(),
                String::new(),
            ]);
        }
        for (index, (step, cost)) in self.steps.iter().zip(&cost.steps).enumerate() {
            let flops = if cost.flops == 0 {
                String::new()
            } else {
                short(cost.flops)
            };
            rows.push([
                index.to_string(),
                self.described(&step.operation),
                self.sources(step),
                self.named(step.output),
                flops,
                self.keys(step),
            ]);
        }
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let [w0, w1, w2, w3, w4] = [0, 1, 2, 3, 4].map(width);
        for [index, operation, from, to, flops, keys] in &rows {
            let line = format!(
                "{index:>w0$}  {operation:w1$}  {from:w2$}  {to:w3$}  {flops:>w4$}  {keys}"
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        let outputs: Vec<_> = self
            .outputs
            .iter()
            .map(|value| self.named(*value))
            .collect();
        writeln!(f, "outputs: {}", outputs.join(", "))?;
        let (steps, flops) = (self.steps.len(), short(cost.flops));
        let (weights, peak) = (short(cost.weight_bytes), short(cost.peak_bytes));
        write!(
            f,
            "{steps} steps, {flops}FLOPs, {weights}B of weights as f32, at most {peak}B of values at a time"
        )
    }
}

impl Plan {
    fn named(&self, value: ValueId) -> String {
        format!("v{} {}", value.0, self.shape(value))
    }

    fn sources(&self, step: &Step) -> String {
        let inputs = step.operation.inputs();
        let names: Vec<_> = inputs.iter().map(|value| self.named(*value)).collect();
        names.join(", ")
    }

    /// Keys of the weight file; `constant` for what depends on none.
    fn keys(&self, step: &Step) -> String {
        let mut keys = Vec::new();
        for weight in step.operation.weights() {
            let own = self.keys_of(weight);
            let own = if own.is_empty() {
                vec!["constant"]
            } else {
                own
            };
            keys.extend(own.into_iter().map(str::to_owned));
        }
        keys.join(", ")
    }

    fn described(&self, operation: &Operation) -> String {
        let name = operation.name();
        match operation {
            Operation::Conv2d {
                weight,
                stride,
                padding,
                ..
            } => {
                let kernel = pair(&self.weight(*weight).shape[2..]);
                format!("{name} {kernel} stride {} padding {padding}", pair(stride))
            }
            Operation::ConvTranspose2d {
                weight,
                stride,
                padding,
                output_padding,
                ..
            } => {
                let kernel = pair(&self.weight(*weight).shape[2..]);
                let more = match output_padding {
                    [0, 0] => String::new(),
                    more => format!(" +{}", pair(more)),
                };
                format!(
                    "{name} {kernel} stride {} padding {}{more}",
                    pair(stride),
                    pair(padding)
                )
            }
            Operation::AvgPool2d {
                kernel,
                stride,
                padding,
                count_include_pad,
                ..
            } => {
                let counted = if *count_include_pad { " counted" } else { "" };
                let (kernel, stride, padding) = (pair(kernel), pair(stride), pair(padding));
                format!("{name} {kernel} stride {stride} padding {padding}{counted}")
            }
            Operation::Norm {
                statistics,
                epsilon,
                ..
            } => {
                let statistics = match statistics {
                    Statistics::PerImage => "per image",
                    Statistics::Running { .. } => "running",
                };
                format!("{name} {statistics} epsilon {epsilon:e}")
            }
            Operation::PixelNorm { epsilon, .. } => format!("{name} epsilon {epsilon:e}"),
            Operation::Pad { mode, sides, .. } => {
                let mode = match mode {
                    PadMode::Zero => "zero",
                    PadMode::Reflect => "reflect",
                    PadMode::Edge => "edge",
                };
                format!("{name} {mode} {sides}")
            }
            Operation::Slice {
                start: [channel, row, column],
                ..
            } => {
                format!("{name} from {channel},{row},{column}")
            }
            Operation::Add { right, .. } | Operation::Mul { right, .. } => match right {
                Operand::Value(_) => name.to_owned(),
                Operand::Weight(weight) => format!("{name} {:?}", self.weight(*weight).shape),
            },
            Operation::Affine { scale, shift, .. } => format!("{name} * {scale} + {shift}"),
            Operation::Activation { function, .. } => match function {
                Activation::Relu => "Relu".to_owned(),
                Activation::LeakyRelu { slope } => format!("LeakyRelu {slope}"),
                Activation::Tanh => "Tanh".to_owned(),
            },
            Operation::Linear { .. }
            | Operation::Concat { .. }
            | Operation::Resize { .. }
            | Operation::Reshape { .. } => name.to_owned(),
        }
    }
}

/// Two numbers, or one where they are equal.
fn pair(numbers: &[usize]) -> String {
    match numbers {
        [rows, columns] if rows == columns => rows.to_string(),
        _ => numbers
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join("x"),
    }
}

/// With three digits and a unit: `1.23 G`.
fn short(number: u64) -> String {
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let scaled = units.into_iter().find(|(size, _)| number as f64 >= *size);
    match scaled {
        Some((size, unit)) => {
            let number = number as f64 / size;
            let digits = if number < 10.0 {
                2
            } else {
                usize::from(number < 100.0)
            };
            format!("{number:.digits$} {unit}")
        }
        None => format!("{number} "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{V0, W0, one_step};
    use crate::weight::Node;

    #[test]
    fn a_plan_is_a_table() {
        let operation = Operation::ConvTranspose2d {
            input: V0,
            weight: W0,
            bias: None,
            stride: [2, 2],
            padding: [1, 1],
            output_padding: [0, 1],
        };
        let kernel: (&[usize], &[f32]) = (&[20, 10, 4, 4], &[]);
        let (from, to) = (Shape::new(20, 8, 16), Shape::new(10, 16, 33));
        let mut plan = one_step(operation, &[from], to, &[kernel]);
        plan.expressions[0].node = Node::Source("model.3.weight".into());
        plan.inputs[0].one_hot = 13;
        plan.check().unwrap();
        let expected = "\
step  operation                               from        to           FLOPs  weights
      input input0 (one-hot: 13)                          v0 20x8x16
   0  ConvTranspose2d 4 stride 2 padding 1 +0x1  v0 20x8x16  v1 10x16x33  819 k  model.3.weight
outputs: v1 10x16x33
1 steps, 819 kFLOPs, 12.8 kB of weights as f32, at most 31.4 kB of values at a time";
        let squeezed = |text: &str| -> Vec<String> {
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            text.lines().map(words).collect()
        };
        assert_eq!(squeezed(&plan.to_string()), squeezed(expected));
    }

    #[test]
    fn numbers_are_short() {
        let texts = [7, 999, 1_234, 56_700_000, 890_000_000_000].map(short);
        assert_eq!(texts, ["7 ", "999 ", "1.23 k", "56.7 M", "890 G"]);
    }
}
