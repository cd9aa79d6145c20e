//! Expressions against numbers computed by hand.

use crate::fixture::{W0, one_constant, source, tensor};
use crate::weight::{BinaryNode, Node, ReduceNode, UnaryNode};
use crate::{Error, ExpressionId, Result, Tensor, WeightSource};
use std::cell::Cell;

const fn e(id: usize) -> ExpressionId {
    ExpressionId(id)
}

fn key(name: &str) -> Node {
    Node::Source(name.to_owned())
}

fn numbers(expressions: &[(&[usize], Node)]) -> Vec<f32> {
    let plan = one_constant(expressions);
    plan.check().unwrap();
    let result = plan.evaluate(W0, &source(&[])).unwrap();
    assert_eq!(result.shape, expressions.last().unwrap().0);
    result.values
}

fn counting(shape: &'static [usize]) -> (&'static [usize], Node) {
    let numbers = (0..shape.iter().product()).map(|number: usize| number as f32);
    (shape, Node::Constant(numbers.collect()))
}

#[test]
fn permute_moves_axes() {
    let turned = (&[3, 2][..], Node::Permute(e(0), vec![1, 0]));
    assert_eq!(
        numbers(&[counting(&[2, 3]), turned]),
        [0., 3., 1., 4., 2., 5.]
    );
    let turned = (&[2, 1, 2][..], Node::Permute(e(0), vec![2, 0, 1]));
    assert_eq!(numbers(&[counting(&[1, 2, 2]), turned]), [0., 2., 1., 3.]);
}

#[test]
fn repeat_repeats_axes_as_a_whole() {
    let repeated = (&[2, 4][..], Node::Repeat(e(0), vec![2, 2]));
    assert_eq!(
        numbers(&[counting(&[1, 2]), repeated]),
        [0., 1., 0., 1., 0., 1., 0., 1.]
    );
}

#[test]
fn slices_and_concatenations() {
    let part = (&[2, 1][..], Node::Slice(e(0), vec![1, 2]));
    assert_eq!(numbers(&[counting(&[3, 3]), part]), [5., 8.]);
    let joined = (&[2, 3][..], Node::Concat(vec![e(0), e(1)], 1));
    let columns = (&[2, 1][..], Node::Fill(9.0));
    assert_eq!(
        numbers(&[counting(&[2, 2]), columns, joined]),
        [0., 1., 9., 2., 3., 9.]
    );
}

#[test]
fn arithmetic_broadcasts_axes_of_one() {
    let column = (&[2, 1][..], Node::Constant(vec![10., 20.]));
    let sum = |left, right| (&[2, 2][..], Node::Binary(BinaryNode::Add, left, right));
    let row = counting(&[1, 2]);
    assert_eq!(
        numbers(&[column.clone(), row.clone(), sum(e(0), e(1))]),
        [10., 11., 20., 21.]
    );
    assert_eq!(
        numbers(&[counting(&[2, 2]), column, sum(e(0), e(1))]),
        [10., 11., 22., 23.]
    );
    let twice = (&[1, 2][..], Node::Binary(BinaryNode::Sub, e(0), e(0)));
    assert_eq!(numbers(&[row, twice]), [0., 0.]);
}

#[test]
fn functions_of_one_number() {
    let four = (&[1][..], Node::Fill(-4.0));
    let abs = (&[1][..], Node::Unary(UnaryNode::Abs, e(0)));
    let root = (&[1][..], Node::Unary(UnaryNode::Sqrt, e(1)));
    let half = (&[1][..], Node::Unary(UnaryNode::Recip, e(2)));
    let one = (&[1][..], Node::Scalar(BinaryNode::Sub, e(3), 0.5));
    let exp = (&[1][..], Node::Unary(UnaryNode::Exp, e(4)));
    assert_eq!(numbers(&[four, abs, root, half, one, exp]), [1.0]);
}

#[test]
fn sums_and_means_over_an_axis() {
    let sum = (&[1, 3][..], Node::Reduce(ReduceNode::Sum, e(0), 0));
    assert_eq!(numbers(&[counting(&[2, 3]), sum]), [3., 5., 7.]);
    let mean = (&[2, 1][..], Node::Reduce(ReduceNode::Mean, e(0), 1));
    assert_eq!(numbers(&[counting(&[2, 3]), mean]), [1., 4.]);
}

#[test]
fn matrix_products_broadcast_the_axes_before() {
    let product = (&[2, 1, 1][..], Node::Matmul(e(0), e(1)));
    let column = (&[1, 2, 1][..], Node::Constant(vec![1., 10.]));
    // [0 1]·[1 10] and [2 3]·[1 10].
    assert_eq!(
        numbers(&[counting(&[2, 1, 2]), column, product]),
        [10., 32.]
    );
}

#[test]
fn affine_parameters_are_repeated_for_every_picture() {
    // What instance norm does with them: [channels] repeated for a batch of one, then [1, channels, 1, 1].
    let plan = one_constant(&[
        (&[3], key("norm.weight")),
        (&[3], Node::Repeat(e(0), vec![1])),
        (&[1, 3, 1, 1], Node::Reshape(e(1))),
    ]);
    let weights = source(&[("norm.weight", &[3], &[1., 2., 3.])]);
    let result = plan.evaluate(W0, &weights).unwrap();
    assert_eq!(result, tensor(&[1, 3, 1, 1], &[1., 2., 3.]));
}

/// `W / (uᵀ W v)`, as PyTorch's spectral norm at test time.
#[test]
fn spectral_norm_divides_by_the_singular_value() {
    let plan = one_constant(&[
        (&[2, 2, 1, 1], key("fc.weight_orig")),
        (&[2], key("fc.weight_u")),
        (&[2], key("fc.weight_v")),
        (&[2, 2], Node::Reshape(e(0))),
        (&[2, 1], Node::Reshape(e(2))),
        (&[2, 1], Node::Matmul(e(3), e(4))),
        (&[1, 2], Node::Reshape(e(1))),
        (&[1, 1], Node::Matmul(e(6), e(5))),
        (&[1, 1, 1, 1], Node::Reshape(e(7))),
        (&[2, 2, 1, 1], Node::Binary(BinaryNode::Div, e(0), e(8))),
    ]);
    let weights = source(&[
        ("fc.weight_orig", &[2, 2, 1, 1], &[1., 2., 3., 4.]),
        ("fc.weight_u", &[2], &[1., 2.]),
        ("fc.weight_v", &[2], &[0.5, 1.]),
    ]);
    // W v = [2.5, 5.5], u · W v = 13.5.
    let expected = [1., 2., 3., 4.].map(|number: f32| number / 13.5);
    assert_eq!(plan.evaluate(W0, &weights).unwrap().values, expected);
    assert_eq!(
        plan.keys_of(W0),
        ["fc.weight_orig", "fc.weight_u", "fc.weight_v"]
    );
    assert!(!plan.is_constant(W0));
}

/// Hands its only tensor out once.
struct Once(Cell<Option<Tensor>>);

impl WeightSource for Once {
    fn read(&self, key: &str) -> Result<Tensor> {
        self.0
            .take()
            .ok_or_else(|| Error::Weights(format!("{key} is read a second time")))
    }
}

#[test]
fn shared_sources_are_read_once() {
    let plan = one_constant(&[
        (&[2], key("w")),
        (&[2], Node::Unary(UnaryNode::Abs, e(0))),
        (&[2], Node::Binary(BinaryNode::Div, e(0), e(1))),
    ]);
    let weights = Once(Cell::new(Some(tensor(&[2], &[-3., 2.]))));
    assert_eq!(plan.evaluate(W0, &weights).unwrap().values, [-1., 1.]);
}

#[test]
fn bare_sources_are_not_copied() {
    let plan = one_constant(&[(&[2, 2], key("w")), (&[4], Node::Reshape(e(0)))]);
    let weight = tensor(&[2, 2], &[1., 2., 3., 4.]);
    let place = weight.values.as_ptr();
    let result = plan.evaluate(W0, &Once(Cell::new(Some(weight)))).unwrap();
    assert_eq!((result.shape, result.values.as_ptr()), (vec![4], place));
}

#[test]
fn wrong_weights_are_named() {
    let plan = one_constant(&[(&[2, 2], key("model.0.weight"))]);
    let message = |tensors: &[(&str, &[usize], &[f32])]| {
        plan.evaluate(W0, &source(tensors)).unwrap_err().to_string()
    };
    assert!(message(&[]).contains("expected a tensor model.0.weight, found none"));
    let other = message(&[("model.0.weight", &[4], &[0.; 4])]);
    assert!(
        other.contains("expected model.0.weight of shape [2, 2], found [4]"),
        "{other}"
    );
    let short = message(&[("model.0.weight", &[2, 2], &[0.; 3])]);
    assert!(
        short.contains("expected 4 numbers in model.0.weight"),
        "{short}"
    );
}

#[test]
fn broken_expressions_are_errors() {
    let mut plan = one_constant(&[(&[2], Node::Reshape(e(0)))]);
    assert!(plan.evaluate(W0, &source(&[])).is_err());
    plan.expressions[0].node = Node::Reshape(e(7));
    assert!(plan.evaluate(W0, &source(&[])).is_err());
    assert!(plan.evaluate(crate::WeightId(3), &source(&[])).is_err());
}

#[test]
fn another_seed_is_the_same_plan_but_for_constants() {
    let plan = one_constant(&[counting(&[2])]);
    let mut other = plan.clone();
    assert!(plan.is_constant(W0));
    other.expressions[0].node = Node::Constant(vec![5., 5.]);
    assert!(plan != other && plan.same_but_constants(&other));
    other.expressions[0].node = Node::Fill(5.);
    assert!(!plan.same_but_constants(&other));
    other.expressions.clear();
    assert!(!plan.same_but_constants(&other));
}
