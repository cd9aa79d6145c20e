//! From burn's recorded operations to steps and expressions.
//!
//! One operation after the other, each to a constant, to a value, or to what it cannot be. The last is
//! an error only if an output depends on it: of a norm that measures its picture burn records a dozen
//! operations, which [`norm`] recognises as one.

mod constant;
mod layer;
mod names;
mod norm;
mod resize;
mod value;

use std::collections::BTreeMap;

use burn::backend::capture::{CapturedGraph, TensorId};
use burn::backend::ir::{BaseOperationIr, NumericOperationIr, OperationIr, ScalarIr, TensorIr};
use underpaint_plan::{Error, ExpressionId, Result, Shape, ValueId};

use self::names::told;
use super::Scope;
use super::draft::Draft;

/// What a recorded tensor is.
#[derive(Debug, Clone)]
enum Lowered {
    /// Known when weights are. Its axes are those of the tensor.
    Constant(ExpressionId),
    /// Known when inputs are.
    Value(ValueId),
    /// Nothing that a plan knows; why.
    Unknown(String),
}

/// What one operation becomes; an error is why it does not.
type Outcome = std::result::Result<Lowered, String>;

struct Lowering<'a> {
    draft: Draft,
    tensors: BTreeMap<TensorId, Lowered>,
    /// The operation that makes a tensor.
    makers: BTreeMap<TensorId, &'a OperationIr>,
}

/// Steps, and the values that come out.
pub fn lower(captured: &CapturedGraph, scope: &Scope) -> Result<(Draft, Vec<ValueId>)> {
    let operations = &captured.graph.operations;
    let makers = operations.iter().flat_map(|operation| {
        let outputs = operation.outputs();
        outputs.map(move |tensor| (tensor.id, operation))
    });
    let mut lowering = Lowering {
        makers: makers.collect(),
        draft: Draft::default(),
        tensors: BTreeMap::new(),
    };
    lowering.add_inputs(scope)?;
    lowering.add_values(captured, scope);
    for operation in operations {
        lowering.add(operation, scope);
    }
    if captured.graph.outputs.is_empty() {
        return Err(Error::Invalid("expected an output, found none".into()));
    }
    let outputs = captured.graph.outputs.iter().map(|id| lowering.output(*id));
    let outputs = outputs.collect::<Result<_>>()?;
    Ok((lowering.draft, outputs))
}

/// The planes of a tensor with these axes, the first of which is a batch of one.
fn planes(axes: &[usize]) -> Option<Shape> {
    match *axes {
        [1, channels] => Some(Shape::new(channels, 1, 1)),
        [1, channels, height] => Some(Shape::new(channels, height, 1)),
        [1, channels, height, width] => Some(Shape::new(channels, height, width)),
        _ => None,
    }
}

/// As [`planes`], or why not.
fn planes_of(tensor: &TensorIr) -> std::result::Result<Shape, String> {
    planes(&tensor.shape).ok_or_else(|| {
        format!(
            "a plan knows tensors [1, channels], [1, channels, height] and [1, channels, height, \
             width], found {:?}",
            axes(tensor)
        )
    })
}

fn axes(tensor: &TensorIr) -> Vec<usize> {
    tensor.shape.to_vec()
}

/// The tensor that an operation makes, where it is one.
fn result_of(operation: &OperationIr) -> Option<&TensorIr> {
    let mut outputs = operation.outputs();
    let first = outputs.next()?;
    outputs.next().is_none().then_some(first)
}

fn number(scalar: ScalarIr) -> f32 {
    scalar.elem::<f64>() as f32
}

impl<'a> Lowering<'a> {
    fn add_inputs(&mut self, scope: &Scope) -> Result<()> {
        for (id, input, shape) in &scope.inputs {
            let Some(planes) = planes(shape) else {
                return Err(Error::Invalid(format!(
                    "{}: expected the axes [1, channels] or [1, channels, height, width], found \
                     {shape:?}",
                    input.name
                )));
            };
            let mut input = input.clone();
            input.value = self.draft.value(planes);
            self.tensors.insert(*id, Lowered::Value(input.value));
            self.draft.inputs.push(input);
        }
        Ok(())
    }

    /// Numbers that were there before any operation.
    fn add_values(&mut self, captured: &CapturedGraph, scope: &Scope) {
        for (id, data) in &captured.values {
            let shape = data.shape().to_vec();
            let expressions = &mut self.draft.expressions;
            let constant = match scope.parameters.get(id) {
                Some(key) => expressions.source(key, &shape),
                None => expressions.constant(data.iter::<f32>().collect(), &shape),
            };
            self.tensors
                .entry(*id)
                .or_insert(Lowered::Constant(constant));
        }
    }

    fn add(&mut self, operation: &'a OperationIr, scope: &Scope) {
        let unknown: Vec<TensorId> = match result_of(operation) {
            Some(result) if self.tensors.contains_key(&result.id) => return,
            Some(result) => {
                let lowered = match scope.parameters.get(&result.id) {
                    Some(key) => {
                        let source = self.draft.expressions.source(key, &result.shape);
                        Lowered::Constant(source)
                    }
                    None => self.lowered(operation),
                };
                self.tensors.insert(result.id, lowered);
                return;
            }
            None => operation.outputs().map(|tensor| tensor.id).collect(),
        };
        for id in unknown {
            self.tensors.insert(id, Lowered::Unknown(told(operation)));
        }
    }

    fn lowered(&mut self, operation: &'a OperationIr) -> Lowered {
        let mut all_constant = true;
        let mut unknown = None;
        for input in operation.inputs() {
            match self.tensors.get(&input.id) {
                Some(Lowered::Constant(_)) => {}
                Some(Lowered::Value(_)) => all_constant = false,
                Some(Lowered::Unknown(why)) => unknown = unknown.or_else(|| Some(why.clone())),
                None => {
                    let why = format!("{}, which reads what nothing makes", told(operation));
                    unknown = unknown.or(Some(why));
                }
            }
        }
        // A norm and a division may look unlike anything known only until they are seen whole.
        let outcome = match (norm::recognised(self, operation), unknown) {
            (Some(outcome), _) => outcome,
            (None, Some(why)) => return Lowered::Unknown(why),
            (None, None) if all_constant => self.constant(operation),
            (None, None) => self.value(operation),
        };
        outcome.unwrap_or_else(|why| match why.is_empty() {
            true => Lowered::Unknown(told(operation)),
            false => Lowered::Unknown(format!("{}: {why}", told(operation))),
        })
    }

    fn output(&self, id: TensorId) -> Result<ValueId> {
        match self.tensors.get(&id) {
            Some(Lowered::Value(value)) => Ok(*value),
            Some(Lowered::Unknown(why)) => Err(Error::Unsupported(why.clone())),
            Some(Lowered::Constant(_)) | None => Err(Error::Unsupported(
                "an output that does not depend on any input".into(),
            )),
        }
    }

    fn constant_of(&self, tensor: &TensorIr) -> Option<ExpressionId> {
        match self.tensors.get(&tensor.id) {
            Some(Lowered::Constant(id)) => Some(*id),
            _ => None,
        }
    }

    fn value_of(&self, tensor: &TensorIr) -> Option<ValueId> {
        match self.tensors.get(&tensor.id) {
            Some(Lowered::Value(value)) => Some(*value),
            _ => None,
        }
    }

    /// A constant that a step needs as such.
    fn expect_constant(&self, tensor: &TensorIr) -> std::result::Result<ExpressionId, String> {
        let told = || format!("expected a constant {:?}, found a value", axes(tensor));
        self.constant_of(tensor).ok_or_else(told)
    }

    /// A value that a step needs as such.
    fn expect_value(&self, tensor: &TensorIr) -> std::result::Result<ValueId, String> {
        let told = || format!("expected a value {:?}, found a constant", axes(tensor));
        self.value_of(tensor).ok_or_else(told)
    }

    fn base(operation: &OperationIr) -> Option<&BaseOperationIr> {
        match operation {
            OperationIr::BaseFloat(base) | OperationIr::BaseInt(base) => Some(base),
            _ => None,
        }
    }

    fn numeric(operation: &OperationIr) -> Option<&NumericOperationIr> {
        match operation {
            OperationIr::NumericFloat(_, numeric) | OperationIr::NumericInt(_, numeric) => {
                Some(numeric)
            }
            _ => None,
        }
    }
}
