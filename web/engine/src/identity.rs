//! Whether two packings are made of the same numbers, even if they come from different plans.

use std::hash::{DefaultHasher, Hash, Hasher};

use underpaint_plan::weight::Node;
use underpaint_plan::{Expression, ExpressionId, Plan, WeightId};

use crate::program::Packing;

/// What a packing is made of: equal for equal numbers from the same weight file, whatever places they
/// have in their plans.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// The packing without places of constants.
    packing: Packing,
    /// What stands for those, in order.
    weights: Vec<[u64; 2]>,
}

/// Of all packings, in order.
#[must_use]
pub fn identities(packings: &[Packing], plan: &Plan) -> Vec<Identity> {
    let mut digests = Vec::with_capacity(plan.expressions.len());
    for expression in &plan.expressions {
        digests.push(digest_of(expression, &digests));
    }
    let of = |packing: &Packing| {
        let mut packing = packing.clone();
        let mut weights = Vec::new();
        for id in weights_of(&mut packing) {
            weights.push(digests[plan.weight(*id).value.0]);
            // The shape that a step wants it in counts as well: the same numbers, other axes.
            let shape = hash_twice(|hasher| plan.weight(*id).shape.hash(hasher));
            weights.push(shape);
            *id = WeightId(0);
        }
        Identity { packing, weights }
    };
    packings.iter().map(of).collect()
}

fn weights_of(packing: &mut Packing) -> Vec<&mut WeightId> {
    match packing {
        Packing::Kernel { parts, .. } | Packing::LabelKernel { parts, .. } => {
            let parts = parts.iter_mut();
            let parts = parts.map(|(weight, bias)| std::iter::once(weight).chain(bias));
            parts.flatten().collect()
        }
        Packing::Matrix { weight, bias, .. } => std::iter::once(weight).chain(bias).collect(),
        Packing::Affine {
            scale,
            shift,
            running,
            ..
        } => {
            let running = running.iter_mut();
            let running = running.flat_map(|(mean, variance, _)| [mean, variance]);
            scale.iter_mut().chain(shift).chain(running).collect()
        }
        Packing::Plane { weight, .. } => vec![weight],
    }
}

/// Two hashes with different beginnings: one alone could be the same by chance.
fn hash_twice(write: impl Fn(&mut DefaultHasher)) -> [u64; 2] {
    [0u8, 1].map(|beginning| {
        let mut hasher = DefaultHasher::new();
        beginning.hash(&mut hasher);
        write(&mut hasher);
        hasher.finish()
    })
}

/// Stands for an expression with all that it is made of.
fn digest_of(expression: &Expression, digests: &[[u64; 2]]) -> [u64; 2] {
    hash_twice(|hasher| {
        expression.shape.hash(hasher);
        std::mem::discriminant(&expression.node).hash(hasher);
        for ExpressionId(operand) in expression.node.operands() {
            digests[operand].hash(hasher);
        }
        match &expression.node {
            Node::Source(key) => key.hash(hasher),
            Node::Constant(numbers) => {
                for number in numbers {
                    number.to_bits().hash(hasher);
                }
            }
            Node::Fill(number) => number.to_bits().hash(hasher),
            Node::Permute(_, axes) => axes.hash(hasher),
            Node::Repeat(_, counts) => counts.hash(hasher),
            Node::Slice(_, start) => start.hash(hasher),
            Node::Concat(_, axis) | Node::Reduce(_, _, axis) => axis.hash(hasher),
            Node::Scalar(_, _, number) => number.to_bits().hash(hasher),
            Node::Reshape(_) | Node::Matmul(..) | Node::Binary(..) | Node::Unary(..) => {}
        }
        // Which of its kind: the kinds have no data of their own.
        match &expression.node {
            Node::Binary(kind, ..) | Node::Scalar(kind, ..) => {
                std::mem::discriminant(kind).hash(hasher);
            }
            Node::Unary(kind, _) => std::mem::discriminant(kind).hash(hasher),
            Node::Reduce(kind, ..) => std::mem::discriminant(kind).hash(hasher),
            _ => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use underpaint_plan::Weight;
    use underpaint_plan::weight::BinaryNode;

    fn plan_of(nodes: Vec<Node>, value: usize) -> Plan {
        let expression = |node| Expression {
            shape: vec![2],
            node,
        };
        Plan {
            values: Vec::new(),
            inputs: Vec::new(),
            steps: Vec::new(),
            outputs: Vec::new(),
            weights: vec![
                Weight {
                    shape: vec![2],
                    value: ExpressionId(0),
                },
                Weight {
                    shape: vec![2],
                    value: ExpressionId(value),
                },
            ],
            expressions: nodes.into_iter().map(expression).collect(),
        }
    }

    fn identity_of(plan: &Plan, weight: usize) -> Identity {
        let packing = Packing::Plane {
            weight: WeightId(weight),
            shape: underpaint_plan::Shape::new(2, 1, 1),
        };
        identities(&[packing], plan).remove(0)
    }

    #[test]
    fn the_same_numbers_are_the_same_at_another_place() {
        let key = || Node::Source("a".into());
        let one = plan_of(vec![key()], 0);
        let two = plan_of(vec![Node::Fill(1.0), key()], 1);
        assert_eq!(identity_of(&one, 0), identity_of(&two, 1));
        assert_ne!(identity_of(&one, 0), identity_of(&two, 0));
    }

    #[test]
    fn other_numbers_and_other_functions_are_not_the_same() {
        let of = |kind, number| {
            let scalar = Node::Scalar(kind, ExpressionId(0), number);
            identity_of(&plan_of(vec![Node::Source("a".into()), scalar], 1), 1)
        };
        assert_eq!(of(BinaryNode::Add, 1.0), of(BinaryNode::Add, 1.0));
        assert_ne!(of(BinaryNode::Add, 1.0), of(BinaryNode::Mul, 1.0));
        assert_ne!(of(BinaryNode::Add, 1.0), of(BinaryNode::Add, 2.0));
        let constant = |number| identity_of(&plan_of(vec![Node::Constant(vec![number])], 0), 0);
        assert_eq!(constant(1.0), constant(1.0));
        assert_ne!(constant(1.0), constant(0.5));
    }
}
