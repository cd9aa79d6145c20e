//! Constants made into numbers.

mod arithmetic;
#[cfg(test)]
mod tests;

use crate::{Error, Expression, ExpressionId, Plan, Result, Tensor, WeightId, WeightSource};
use crate::{check, weight::Node};
use arithmetic as a;
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

impl Plan {
    /// The numbers of a constant, with the axes that its step wants.
    ///
    /// An expression that several others use is computed once, and every intermediate result is dropped
    /// after its last use. A tensor of the weight file that is used as it is, perhaps with other axes,
    /// is handed through without a copy.
    ///
    /// # Errors
    ///
    /// [`Error::Weights`] if a tensor of the weight file is missing or has not the shape that the
    /// expression expects; [`Error::Invalid`] if the expression contradicts itself.
    pub fn evaluate(&self, weight: WeightId, source: &dyn WeightSource) -> Result<Tensor> {
        let missing = || Error::Invalid(format!("there is no constant {}", weight.0));
        let constant = self.weights.get(weight.0).ok_or_else(missing)?;
        check::constant(self, weight)?;
        let needed = self.needed_for(constant.value)?;
        let mut results = Results::new(self, &needed, constant.value);
        for &id in &needed {
            let expression = self.expression(id);
            check::expression(self, id)?;
            let values = results.compute(expression, source)?;
            results.put(id, values, &expression.shape);
        }
        let mut result = results.take(constant.value)?;
        result.shape.clone_from(&constant.shape);
        Ok(result)
    }

    /// Whether a constant depends on no tensor of the weight file: a mask that was drawn from a seed,
    /// for example.
    #[must_use]
    pub fn is_constant(&self, weight: WeightId) -> bool {
        self.keys_of(weight).is_empty()
    }

    /// Whether two plans are equal but for the numbers that the network made itself
    /// ([`Node::Constant`]): the same network with another seed.
    #[must_use]
    pub fn same_but_constants(&self, other: &Self) -> bool {
        let same = |(mine, theirs): (&Expression, &Expression)| {
            mine.shape == theirs.shape
                && match (&mine.node, &theirs.node) {
                    (Node::Constant(mine), Node::Constant(theirs)) => mine.len() == theirs.len(),
                    (mine, theirs) => mine == theirs,
                }
        };
        self.values == other.values
            && self.inputs == other.inputs
            && self.steps == other.steps
            && self.outputs == other.outputs
            && self.weights == other.weights
            && self.expressions.len() == other.expressions.len()
            && self.expressions.iter().zip(&other.expressions).all(same)
    }

    /// An expression and all that it is made of, each before those that use it.
    pub(crate) fn needed_for(&self, root: ExpressionId) -> Result<BTreeSet<ExpressionId>> {
        let mut needed = BTreeSet::new();
        let mut todo = vec![root];
        while let Some(id) = todo.pop() {
            let missing = || Error::Invalid(format!("there is no expression {}", id.0));
            let expression = self.expressions.get(id.0).ok_or_else(missing)?;
            if needed.insert(id) {
                todo.extend(expression.node.operands());
            }
        }
        Ok(needed)
    }
}

/// Intermediate results, and how often each is still needed.
struct Results {
    tensors: BTreeMap<ExpressionId, Rc<Tensor>>,
    uses_left: BTreeMap<ExpressionId, usize>,
}

impl Results {
    fn new(plan: &Plan, needed: &BTreeSet<ExpressionId>, root: ExpressionId) -> Self {
        let mut uses_left = BTreeMap::from([(root, 1)]);
        for operand in needed
            .iter()
            .flat_map(|id| plan.expression(*id).node.operands())
        {
            *uses_left.entry(operand).or_default() += 1;
        }
        Self {
            tensors: BTreeMap::new(),
            uses_left,
        }
    }

    fn put(&mut self, id: ExpressionId, values: Vec<f32>, shape: &[usize]) {
        let shape = shape.to_vec();
        self.tensors.insert(id, Rc::new(Tensor { shape, values }));
    }

    /// A result for one of its uses; after the last of them it is held here no longer.
    fn get(&mut self, id: ExpressionId) -> Result<Rc<Tensor>> {
        let uses = self.uses_left.entry(id).or_default();
        *uses = uses.saturating_sub(1);
        let tensor = match *uses {
            0 => self.tensors.remove(&id),
            _ => self.tensors.get(&id).cloned(),
        };
        tensor.ok_or_else(|| Error::Invalid(format!("expression {} comes after its use", id.0)))
    }

    /// As [`Results::get`], to be changed: copied only if somebody else needs it.
    fn take(&mut self, id: ExpressionId) -> Result<Tensor> {
        Ok(Rc::unwrap_or_clone(self.get(id)?))
    }

    fn compute(&mut self, expression: &Expression, source: &dyn WeightSource) -> Result<Vec<f32>> {
        let shape = &expression.shape;
        Ok(match &expression.node {
            Node::Source(key) => read(source, key, shape)?,
            Node::Constant(values) => values.clone(),
            Node::Fill(value) => vec![*value; shape.iter().product()],
            Node::Reshape(of) => self.take(*of)?.values,
            Node::Permute(of, axes) => a::permute(&*self.get(*of)?, axes),
            Node::Repeat(of, times) => a::repeat(&*self.get(*of)?, times),
            Node::Slice(of, start) => a::slice(&*self.get(*of)?, start, shape),
            Node::Concat(of, axis) => {
                let parts: Result<Vec<_>> = of.iter().map(|id| self.get(*id)).collect();
                a::concat(&parts?, *axis)
            }
            Node::Matmul(left, right) => {
                let (left, right) = (self.get(*left)?, self.get(*right)?);
                a::matmul(&left, &right, shape)
            }
            Node::Binary(node, left, right) => {
                // The right one first: where both are the same tensor, the left one is then copied.
                let right = self.get(*right)?;
                a::binary(*node, self.take(*left)?, &right, shape)
            }
            Node::Scalar(node, of, scalar) => {
                let mut values = self.take(*of)?.values;
                values
                    .iter_mut()
                    .for_each(|value| *value = a::apply(*node, *value, *scalar));
                values
            }
            Node::Unary(node, of) => {
                let mut values = self.take(*of)?.values;
                values
                    .iter_mut()
                    .for_each(|value| *value = a::apply_unary(*node, *value));
                values
            }
            Node::Reduce(node, of, axis) => a::reduce(*node, &*self.get(*of)?, *axis),
        })
    }
}

fn read(source: &dyn WeightSource, key: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let tensor = source.read(key)?;
    if tensor.shape != shape {
        let found = tensor.shape;
        return Err(Error::Weights(format!(
            "expected {key} of shape {shape:?}, found {found:?}"
        )));
    }
    let (expected, found) = (shape.iter().product::<usize>(), tensor.values.len());
    if found != expected {
        return Err(Error::Weights(format!(
            "expected {expected} numbers in {key} of shape {shape:?}, found {found}"
        )));
    }
    Ok(tensor.values)
}
