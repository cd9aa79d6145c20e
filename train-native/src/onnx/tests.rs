//! What is in a file. That ONNX Runtime computes the same from it is a matter of `tests/suite`.

use std::collections::BTreeMap;

use prost::Message;
use underpaint_core::bundle::WeightDtype;
use underpaint_plan::weight::Node;
use underpaint_plan::{
    Activation, Expression, ExpressionId, Input, Operand, Operation, Plan, Shape, Sides, Step,
    Tensor, ValueId, Weight, WeightId, WeightSource, reference,
};

use super::proto::{
    NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto, ValueInfoProto,
};
use super::sizes::AxisMap;
use super::{File, Job, adapt, sizes, write};

/// A file, read back.
#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(int64, optional, tag = "1")]
    ir_version: Option<i64>,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSetIdProto>,
    #[prost(message, repeated, tag = "14")]
    metadata_props: Vec<StringStringEntryProto>,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfoProto>,
}

impl Graph {
    fn operators(&self) -> Vec<&str> {
        let names = self.node.iter().map(|node| node.op_type.as_deref());
        names.map(Option::unwrap_or_default).collect()
    }

    fn initializers(&self) -> Vec<(&str, i32, usize)> {
        let facts = |tensor: &TensorProto| {
            let bytes = tensor.raw_data.as_ref().map_or(0, Vec::len);
            (tensor.data_type.unwrap_or_default(), bytes)
        };
        let tensors = self.initializer.iter();
        let named = |tensor| {
            let (data_type, bytes) = facts(tensor);
            (tensor.name.as_deref().unwrap_or_default(), data_type, bytes)
        };
        tensors.map(named).collect()
    }
}

fn axes(value: &ValueInfoProto) -> Vec<String> {
    let shape = value
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref()?.shape.as_ref());
    let axes = shape.into_iter().flat_map(|shape| &shape.dim);
    let text = |dim: &super::proto::Dimension| match (&dim.dim_param, dim.dim_value) {
        (Some(name), _) => name.clone(),
        (None, length) => length.unwrap_or_default().to_string(),
    };
    axes.map(text).collect()
}

fn parsed(file: &File, path: &std::path::Path) -> Model {
    file.save(path).expect("written");
    let bytes = std::fs::read(path).expect("read");
    assert_eq!(bytes.len(), file.len());
    Model::decode(bytes.as_slice()).expect("protobuf")
}

/// A convolution of five channels with weights from a file, twice as large, and `tanh`.
fn plan(height: usize, width: usize) -> Plan {
    let key = |shape: &[usize], key: &str| Expression {
        shape: shape.to_vec(),
        node: Node::Source(key.into()),
    };
    let weight = |shape: &[usize], value| Weight {
        shape: shape.to_vec(),
        value: ExpressionId(value),
    };
    let conv = Operation::Conv2d {
        input: ValueId(0),
        weight: WeightId(0),
        bias: Some(WeightId(1)),
        stride: [1, 1],
        padding: Sides::all(1),
    };
    let resize = Operation::Resize {
        input: ValueId(1),
        rows: (0..2 * height).map(|row| row / 2).collect(),
        columns: (0..2 * width).map(|column| column / 2).collect(),
    };
    let tanh = Operation::Activation {
        input: ValueId(2),
        function: Activation::Tanh,
    };
    let step = |operation, output| Step {
        operation,
        output: ValueId(output),
    };
    let double = Shape::new(3, 2 * height, 2 * width);
    Plan {
        values: vec![
            Shape::new(5, height, width),
            Shape::new(3, height, width),
            double,
            double,
        ],
        inputs: vec![Input {
            name: "condition".into(),
            value: ValueId(0),
            one_hot: 0,
        }],
        steps: vec![step(conv, 1), step(resize, 2), step(tanh, 3)],
        outputs: vec![ValueId(3)],
        weights: vec![weight(&[3, 5, 3, 3], 0), weight(&[3], 1)],
        expressions: vec![key(&[3, 5, 3, 3], "conv.weight"), key(&[3], "conv.bias")],
    }
}

fn noise(shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    Tensor {
        shape: shape.to_vec(),
        values: (0..count).map(|index| (index as f32 * 1.7).sin()).collect(),
    }
}

fn weights() -> BTreeMap<String, Tensor> {
    let kernel = noise(&[3, 5, 3, 3]);
    BTreeMap::from([
        ("conv.weight".into(), kernel),
        ("conv.bias".into(), noise(&[3])),
    ])
}

fn job<'a>(plan: &'a Plan, weights: &'a dyn WeightSource) -> Job<'a> {
    Job {
        plan,
        other_size: None,
        weights,
        dtype: WeightDtype::F32,
        name: "test",
        outputs: &["picture"],
        metadata: &[],
    }
}

#[test]
fn a_file_holds_operators_weights_and_metadata() {
    let folder = tempfile::tempdir().expect("a folder");
    let (plan, weights) = (plan(4, 6), weights());
    let metadata = [("family".to_owned(), "pix2pix".to_owned())];
    let file = write(Job {
        metadata: &metadata,
        ..job(&plan, &weights)
    });
    let model = parsed(&file.expect("a file"), &folder.path().join("x.onnx"));
    assert_eq!(
        (model.ir_version, model.opset_import[0].version),
        (Some(8), Some(17))
    );
    assert_eq!(model.metadata_props[0].key.as_deref(), Some("family"));
    assert_eq!(model.metadata_props[0].value.as_deref(), Some("pix2pix"));
    let graph = model.graph.expect("a graph");
    assert_eq!(graph.operators(), ["Conv", "Resize", "Tanh"]);
    assert_eq!(graph.node[2].output, ["picture"]);
    let initializers = graph.initializers();
    assert_eq!(initializers[0], ("conv.weight", 1, 4 * 135));
    assert_eq!(initializers[1], ("conv.bias", 1, 12));
    assert_eq!(axes(&graph.input[0]), ["1", "5", "4", "6"]);
    assert_eq!(axes(&graph.output[0]), ["1", "3", "8", "12"]);
}

#[test]
fn half_precision_is_cast_and_must_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let (plan, mut weights) = (plan(4, 6), weights());
    let half = |weights: &BTreeMap<_, _>| {
        let dtype = WeightDtype::F16;
        write(Job {
            dtype,
            ..job(&plan, weights)
        })
    };
    let model = parsed(
        &half(&weights).expect("a file"),
        &folder.path().join("x.onnx"),
    );
    let graph = model.graph.expect("a graph");
    assert_eq!(
        graph.operators(),
        ["Cast", "Cast", "Conv", "Resize", "Tanh"]
    );
    assert_eq!(graph.initializers()[0], ("conv.weight", 10, 2 * 135));
    weights.get_mut("conv.bias").expect("there").values[1] = 1e6;
    let error = half(&weights).expect_err("too large").to_string();
    assert!(
        error.contains("conv.bias: 1000000 does not fit 16 bits"),
        "{error}"
    );
}

#[test]
fn sizes_are_named_where_they_are_free() {
    let folder = tempfile::tempdir().expect("a folder");
    let (plan, other, weights) = (plan(4, 6), plan(8, 16), weights());
    sizes::check_free(&plan, &other).expect("free");
    let file = write(Job {
        other_size: Some(&other),
        ..job(&plan, &weights)
    });
    let model = parsed(&file.expect("a file"), &folder.path().join("x.onnx"));
    let graph = model.graph.expect("a graph");
    assert_eq!(axes(&graph.input[0]), ["1", "5", "height", "width"]);
    assert_eq!(
        axes(&graph.output[0]),
        ["1", "3", "picture_height", "picture_width"]
    );
}

#[test]
fn steps_that_hold_a_size_are_named() {
    let refused = |change: fn(&mut Plan, usize)| {
        let (mut one, mut two) = (plan(4, 6), plan(8, 16));
        change(&mut one, 4);
        change(&mut two, 8);
        sizes::check_free(&one, &two)
            .expect_err("a size")
            .to_string()
    };
    let message = refused(|plan, _| {
        if let Operation::Resize { rows, .. } = &mut plan.steps[1].operation {
            rows.swap(0, 7);
        }
    });
    assert!(
        message.contains("step 1 of this network (Resize, to 3x8x12)"),
        "{message}"
    );
    let message = refused(|plan, height| {
        plan.steps[1].operation = Operation::Slice {
            input: ValueId(1),
            start: [0, 1, 1],
        };
        plan.values[2] = Shape::new(3, height - 1, 3);
    });
    assert!(message.contains("(Slice"), "{message}");
    let message = refused(|plan, height| {
        plan.steps[2].operation = Operation::Reshape { input: ValueId(2) };
        plan.values[3] = Shape::new(height, 6, 2);
    });
    assert!(message.contains("(Reshape"), "{message}");
    let message = refused(|plan, height| {
        plan.weights[1].shape = vec![3, height, 1];
        let right = Operand::Weight(WeightId(1));
        plan.steps[2].operation = Operation::Mul {
            left: ValueId(2),
            right,
        };
    });
    assert!(message.contains("other weights"), "{message}");
    let message = refused(|plan, _| plan.inputs.clear());
    assert!(message.contains("pictures of one size"), "{message}");
}

#[test]
fn axes_are_repeated_thinned_or_listed() {
    let map = |places: &[usize], length| AxisMap::new(places, length);
    assert_eq!(map(&[0, 1, 2], 3), AxisMap::Same);
    assert_eq!(map(&[0, 0, 0, 1, 1, 1], 2), AxisMap::Repeat(3));
    assert_eq!(map(&[0, 2, 4], 6), AxisMap::Every(2));
    assert_eq!(map(&[0, 0, 1], 2), AxisMap::Places);
    assert_eq!(map(&[1, 3, 5], 6), AxisMap::Places);
    assert_eq!(map(&[2, 1, 0], 3), AxisMap::Places);
    assert_eq!(map(&[], 3), AxisMap::Places);
}

#[test]
fn further_channels_and_another_range_change_no_picture() {
    let (plan, weights) = (plan(3, 4), weights());
    let signed = noise(&[5, 3, 4]);
    let expected = reference::run(&plan, &weights, std::slice::from_ref(&signed)).expect("run");
    let unit = adapt::from_unit(plan.clone(), "condition").expect("a condition");
    let padded = adapt::pad_channels(unit, "condition", 4).expect("padded");
    assert_eq!(padded.shape(padded.inputs[0].value), Shape::new(8, 3, 4));
    let mut values: Vec<_> = signed
        .values
        .iter()
        .map(|value| (value + 1.0) / 2.0)
        .collect();
    values.extend(noise(&[36]).values);
    let shape = vec![8, 3, 4];
    let found = reference::run(&padded, &weights, &[Tensor { shape, values }]).expect("run");
    let pairs = found[0].values.iter().zip(&expected[0].values);
    let largest = pairs
        .map(|(found, expected)| (found - expected).abs())
        .fold(0.0, f32::max);
    assert!(largest < 1e-6, "{largest}");
    assert_eq!(
        adapt::pad_channels(plan.clone(), "condition", 5).expect("fits"),
        plan
    );
    assert!(adapt::pad_channels(plan.clone(), "condition", 0).is_err());
    assert!(adapt::from_unit(plan.clone(), "latents").is_err());
    let mut sum = plan;
    sum.values[1].channels = 5;
    sum.steps[0].operation = Operation::Add {
        left: ValueId(0),
        right: Operand::Value(ValueId(0)),
    };
    let error = adapt::pad_channels(sum, "condition", 4)
        .expect_err("a sum")
        .to_string();
    assert!(
        error.contains("step 0 (Add) needs the channels of condition"),
        "{error}"
    );
}

#[test]
fn a_network_that_is_too_large_is_refused_before_its_weights_are_read() {
    let mut plan = plan(4, 6);
    plan.values[1].channels = 20_000_000;
    plan.values[2].channels = 20_000_000;
    plan.values[3].channels = 20_000_000;
    let shapes: [&[usize]; 2] = [&[20_000_000, 5, 3, 3], &[20_000_000]];
    for (index, shape) in shapes.into_iter().enumerate() {
        plan.weights[index].shape = shape.to_vec();
        plan.expressions[index].shape = shape.to_vec();
    }
    let nothing = BTreeMap::<String, Tensor>::new();
    let error = write(job(&plan, &nothing))
        .expect_err("too large")
        .to_string();
    assert!(
        error.contains("at most 2147483647 bytes") && error.contains("--dtype f16"),
        "{error}"
    );
}
