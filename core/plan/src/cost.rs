//! What a plan costs: arithmetic, weights and memory.

use crate::{Operation, Plan, Shape, Statistics, Step, WeightId};
use std::collections::BTreeSet;

/// What one step costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepCost {
    /// Additions, multiplications and other functions of one number: a multiply-add is two.
    pub flops: u64,
    /// Bytes of its constants, as f32.
    pub weight_bytes: u64,
}

/// What a plan costs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cost {
    /// One for each step.
    pub steps: Vec<StepCost>,
    /// Of all steps.
    pub flops: u64,
    /// Bytes of all constants that steps use, each counted once, as f32.
    pub weight_bytes: u64,
    /// The most bytes that values take at one time, as f32, if each is kept from the step that makes it
    /// until its last use.
    pub peak_bytes: u64,
}

impl Plan {
    /// What the plan costs. Numbers that are too large for a `u64` stay at its largest.
    ///
    /// # Panics
    ///
    /// If the plan refers to something that it does not have ([`Plan::check`]).
    #[must_use]
    pub fn cost(&self) -> Cost {
        let one = |step: &Step| StepCost {
            flops: self.flops(step),
            weight_bytes: self.bytes_of(step.operation.weights()),
        };
        let steps: Vec<_> = self.steps.iter().map(one).collect();
        let used = self.steps.iter().flat_map(|step| step.operation.weights());
        Cost {
            flops: steps
                .iter()
                .fold(0, |sum, step| sum.saturating_add(step.flops)),
            weight_bytes: self.bytes_of(used.collect::<BTreeSet<_>>()),
            peak_bytes: self.peak_bytes(),
            steps,
        }
    }

    /// The step after which each value is needed no longer: none where it is needed at the end. A value
    /// that nothing reads is needed no longer once it is made; for an unread input that is step 0.
    #[must_use]
    pub fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![Some(0); self.values.len()];
        for (index, step) in self.steps.iter().enumerate() {
            last[step.output.0] = Some(index);
            for value in step.operation.inputs() {
                last[value.0] = Some(index);
            }
        }
        for output in &self.outputs {
            last[output.0] = None;
        }
        last
    }

    fn peak_bytes(&self) -> u64 {
        let last_uses = self.last_uses();
        let bytes = |value: usize| count(self.values[value]).saturating_mul(4);
        let inputs = self.inputs.iter().map(|input| bytes(input.value.0));
        let mut live = inputs.fold(0, u64::saturating_add);
        let mut peak = live;
        for (index, step) in self.steps.iter().enumerate() {
            live = live.saturating_add(bytes(step.output.0));
            peak = peak.max(live);
            let touched = step.operation.inputs().into_iter().chain([step.output]);
            for value in touched.collect::<BTreeSet<_>>() {
                if last_uses[value.0] == Some(index) {
                    live = live.saturating_sub(bytes(value.0));
                }
            }
        }
        peak
    }

    fn bytes_of(&self, weights: impl IntoIterator<Item = WeightId>) -> u64 {
        let sizes = weights
            .into_iter()
            .map(|weight| product(&self.weight(weight).shape));
        sizes.fold(0, u64::saturating_add).saturating_mul(4)
    }

    fn flops(&self, step: &Step) -> u64 {
        let output = count(self.shape(step.output));
        let bias = |bias: &Option<WeightId>| if bias.is_some() { output } else { 0 };
        let each = |number: u64| output.saturating_mul(number);
        match &step.operation {
            Operation::Conv2d {
                weight,
                bias: added,
                ..
            } => {
                let shape = &self.weight(*weight).shape;
                each(product(&shape[1..]))
                    .saturating_mul(2)
                    .saturating_add(bias(added))
            }
            Operation::ConvTranspose2d {
                input,
                weight,
                bias: added,
                ..
            } => {
                let products = product(&self.weight(*weight).shape)
                    .saturating_mul(self.shape(*input).pixels() as u64);
                products.saturating_mul(2).saturating_add(bias(added))
            }
            Operation::Linear {
                weight,
                bias: added,
                ..
            } => {
                let products = product(&self.weight(*weight).shape);
                products.saturating_mul(2).saturating_add(bias(added))
            }
            Operation::AvgPool2d { kernel, .. } => each(product(kernel)),
            // Mean 1, variance 3, and one multiply-add; the last alone where both are constants.
            Operation::Norm {
                statistics: Statistics::PerImage,
                ..
            } => each(6),
            Operation::Norm { .. } | Operation::Affine { .. } => each(2),
            Operation::PixelNorm { .. } => each(3),
            Operation::Add { .. } | Operation::Mul { .. } | Operation::Activation { .. } => output,
            Operation::Pad { .. }
            | Operation::Slice { .. }
            | Operation::Concat { .. }
            | Operation::Resize { .. }
            | Operation::Reshape { .. } => 0,
        }
    }
}

fn count(shape: Shape) -> u64 {
    product(&[shape.channels, shape.height, shape.width])
}

fn product(axes: &[usize]) -> u64 {
    axes.iter()
        .fold(1, |product, axis| product.saturating_mul(*axis as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{V0, V1, W0, W1, one_step};
    use crate::{Activation, Sides, ValueId};

    #[test]
    fn arithmetic_weights_and_memory_are_counted() {
        let operation = Operation::Conv2d {
            input: V0,
            weight: W0,
            bias: Some(W1),
            stride: [1, 1],
            padding: Sides::all(1),
        };
        let constants: [(&[usize], &[f32]); 2] = [(&[2, 3, 3, 3], &[0.0; 54]), (&[2], &[0.0; 2])];
        let (from, to) = (Shape::new(3, 4, 4), Shape::new(2, 4, 4));
        let mut plan = one_step(operation, &[from], to, &constants);
        plan.values.push(to);
        plan.steps.push(Step {
            operation: Operation::Activation {
                input: V1,
                function: Activation::Relu,
            },
            output: ValueId(2),
        });
        plan.outputs = vec![ValueId(2)];
        plan.check().unwrap();
        let cost = plan.cost();
        assert_eq!(
            cost.steps[0],
            StepCost {
                flops: 2 * 32 * 27 + 32,
                weight_bytes: 4 * 56
            }
        );
        assert_eq!((cost.flops, cost.weight_bytes), (2 * 32 * 27 + 64, 4 * 56));
        // 48 numbers in and 32 out of the convolution; 32 and 32 for the function.
        assert_eq!(cost.peak_bytes, 4 * 80);
        assert_eq!(plan.last_uses(), [Some(0), Some(1), None]);
    }
}
