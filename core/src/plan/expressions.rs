//! Constants while a plan is made: equal ones are one, and what says nothing is left out.

use underpaint_plan::weight::{BinaryNode, Node, ReduceNode, UnaryNode};
use underpaint_plan::{Expression, ExpressionId};

/// The expressions of a plan. Operations on them give expressions, simplified where that is free.
#[derive(Debug, Default)]
pub struct Expressions {
    pub all: Vec<Expression>,
}

impl Expressions {
    pub fn shape(&self, id: ExpressionId) -> &[usize] {
        &self.all[id.0].shape
    }

    pub fn node(&self, id: ExpressionId) -> &Node {
        &self.all[id.0].node
    }

    fn intern(&mut self, shape: Vec<usize>, node: Node) -> ExpressionId {
        let expression = Expression { shape, node };
        let found = self.all.iter().position(|known| *known == expression);
        ExpressionId(found.unwrap_or_else(|| {
            self.all.push(expression);
            self.all.len() - 1
        }))
    }

    pub fn source(&mut self, key: &str, shape: &[usize]) -> ExpressionId {
        self.intern(shape.to_vec(), Node::Source(key.to_owned()))
    }

    pub fn fill(&mut self, value: f32, shape: &[usize]) -> ExpressionId {
        self.intern(shape.to_vec(), Node::Fill(value))
    }

    /// Numbers; the same everywhere is a fill.
    pub fn constant(&mut self, values: Vec<f32>, shape: &[usize]) -> ExpressionId {
        match values.first() {
            Some(&first) if values.iter().all(|&value| value == first) => self.fill(first, shape),
            _ => self.intern(shape.to_vec(), Node::Constant(values)),
        }
    }

    /// The number that stands everywhere, where that is known without weights.
    pub fn uniform(&self, id: ExpressionId) -> Option<f32> {
        match self.node(id) {
            Node::Fill(value) => Some(*value),
            _ => None,
        }
    }

    /// The numbers, where they are known without weights.
    pub fn values(&self, id: ExpressionId) -> Option<Vec<f32>> {
        match self.node(id) {
            Node::Fill(value) => Some(vec![*value; self.shape(id).iter().product()]),
            Node::Constant(values) => Some(values.clone()),
            _ => None,
        }
    }

    pub fn reshape(&mut self, id: ExpressionId, shape: &[usize]) -> ExpressionId {
        if self.shape(id) == shape {
            return id;
        }
        match self.node(id).clone() {
            Node::Fill(value) => self.fill(value, shape),
            Node::Constant(values) => self.constant(values, shape),
            Node::Reshape(inner) => self.reshape(inner, shape),
            _ => self.intern(shape.to_vec(), Node::Reshape(id)),
        }
    }

    /// Axis `i` of the result is axis `axes[i]`.
    pub fn permute(&mut self, id: ExpressionId, axes: &[usize]) -> ExpressionId {
        let shape: Vec<usize> = axes.iter().map(|&axis| self.shape(id)[axis]).collect();
        if axes.is_sorted() {
            return id;
        }
        match self.node(id).clone() {
            Node::Fill(value) => self.fill(value, &shape),
            Node::Permute(inner, before) => {
                let axes: Vec<usize> = axes.iter().map(|&axis| before[axis]).collect();
                self.permute(inner, &axes)
            }
            // Only axes of length 1 move: the order of the numbers stays.
            _ if axes
                .iter()
                .filter(|&&axis| self.shape(id)[axis] > 1)
                .is_sorted() =>
            {
                self.reshape(id, &shape)
            }
            _ => self.intern(shape, Node::Permute(id, axes.to_vec())),
        }
    }

    pub fn repeat(&mut self, id: ExpressionId, times: &[usize]) -> ExpressionId {
        if times.iter().all(|&times| times == 1) {
            return id;
        }
        let axes = self.shape(id).iter().zip(times);
        let shape: Vec<usize> = axes.map(|(&length, &times)| length * times).collect();
        match self.uniform(id) {
            Some(value) => self.fill(value, &shape),
            None => self.intern(shape, Node::Repeat(id, times.to_vec())),
        }
    }

    pub fn slice(&mut self, id: ExpressionId, start: &[usize], shape: &[usize]) -> ExpressionId {
        if self.shape(id) == shape {
            return id;
        }
        match self.uniform(id) {
            Some(value) => self.fill(value, shape),
            None => self.intern(shape.to_vec(), Node::Slice(id, start.to_vec())),
        }
    }

    /// Along an axis that all have; they are as long as each other on the others.
    pub fn concat(&mut self, parts: Vec<ExpressionId>, axis: usize) -> ExpressionId {
        let mut shape = self.shape(parts[0]).to_vec();
        shape[axis] = parts.iter().map(|&part| self.shape(part)[axis]).sum();
        match parts.as_slice() {
            [only] => *only,
            _ => self.intern(shape, Node::Concat(parts, axis)),
        }
    }

    pub fn matmul(
        &mut self,
        left: ExpressionId,
        right: ExpressionId,
        shape: &[usize],
    ) -> ExpressionId {
        self.intern(shape.to_vec(), Node::Matmul(left, right))
    }

    /// Both broadcast to `shape`.
    pub fn binary(
        &mut self,
        node: BinaryNode,
        left: ExpressionId,
        right: ExpressionId,
        shape: &[usize],
    ) -> ExpressionId {
        if let Some(value) = self.uniform(right)
            && self.shape(left) == shape
        {
            return self.scalar(node, left, value);
        }
        self.intern(shape.to_vec(), Node::Binary(node, left, right))
    }

    pub fn scalar(&mut self, node: BinaryNode, id: ExpressionId, value: f32) -> ExpressionId {
        let neutral = match node {
            BinaryNode::Add | BinaryNode::Sub => 0.0,
            BinaryNode::Mul | BinaryNode::Div => 1.0,
        };
        if value == neutral {
            return id;
        }
        let shape = self.shape(id).to_vec();
        match self.uniform(id) {
            Some(left) => {
                let value = match node {
                    BinaryNode::Add => left + value,
                    BinaryNode::Sub => left - value,
                    BinaryNode::Mul => left * value,
                    BinaryNode::Div => left / value,
                };
                self.fill(value, &shape)
            }
            None => self.intern(shape, Node::Scalar(node, id, value)),
        }
    }

    pub fn unary(&mut self, node: UnaryNode, id: ExpressionId) -> ExpressionId {
        let shape = self.shape(id).to_vec();
        match self.uniform(id) {
            Some(value) => {
                let value = match node {
                    UnaryNode::Sqrt => value.sqrt(),
                    UnaryNode::Recip => value.recip(),
                    UnaryNode::Exp => value.exp(),
                    UnaryNode::Abs => value.abs(),
                };
                self.fill(value, &shape)
            }
            None => self.intern(shape, Node::Unary(node, id)),
        }
    }

    pub fn reduce(&mut self, node: ReduceNode, id: ExpressionId, axis: usize) -> ExpressionId {
        let mut shape = self.shape(id).to_vec();
        shape[axis] = 1;
        self.intern(shape, Node::Reduce(node, id, axis))
    }
}
