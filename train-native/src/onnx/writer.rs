//! A plan and its weights as an ONNX file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use prost::Message;
use underpaint_core::bundle::WeightDtype;
use underpaint_plan::weight::Node;
use underpaint_plan::{Plan, Shape, ValueId, WeightId, WeightSource};

use super::graph::{Graph, field_head};
use super::operators;
use super::proto::{
    Dimension, GRAPH_FIELD, GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, data_type,
};

/// Operators used here have not changed their meaning since; what reads ONNX at all reads this.
const OPSET: i64 = 17;
/// The oldest that goes with the opset.
const IR_VERSION: i64 = 8;
/// Protobuf's limit for a message, which readers enforce.
const MOST_BYTES: u64 = i32::MAX as u64;

/// What is written.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The network, for one size.
    pub plan: &'a Plan,
    /// The same for another height and width, if the graph's sizes are to be free:
    /// [`check_free`](super::sizes::check_free) has passed.
    pub other_size: Option<&'a Plan>,
    /// Its weights.
    pub weights: &'a dyn WeightSource,
    /// How they are stored; everything is computed as f32.
    pub dtype: WeightDtype,
    /// Name of the graph.
    pub name: &'a str,
    /// Names of the outputs, as many as the plan has.
    pub outputs: &'a [&'a str],
    /// What the file says about itself.
    pub metadata: &'a [(String, String)],
}

/// An ONNX file in parts.
#[derive(Debug)]
pub struct File {
    head: Vec<u8>,
    initializers: Vec<u8>,
}

impl File {
    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.head.len() + self.initializers.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    ///
    /// Naming the file.
    pub fn save(&self, path: &Path) -> Result<()> {
        crate::files::write_parts(path, &[&self.head, &self.initializers])
    }
}

/// Makes the file.
///
/// Inputs and outputs are f32 `[1, channels, height, width]`; those of one pixel are `[1, channels]`.
///
/// # Errors
///
/// If the plan contradicts itself, a weight is missing or does not fit `dtype`, or the file would be
/// larger than the 2 GiB that ONNX files may have.
pub fn write(job: Job<'_>) -> Result<File> {
    job.plan.check()?;
    let per_weight = match job.dtype {
        WeightDtype::F32 => 4,
        WeightDtype::F16 => 2,
    };
    refuse_too_large(job.plan.cost().weight_bytes / 4 * per_weight, job.dtype)?;
    let mut writer = Writer::new(job);
    let mut graph = GraphProto {
        name: Some(job.name.to_owned()),
        ..GraphProto::default()
    };
    for input in &job.plan.inputs {
        graph.input.push(writer.described(&input.name, input.value));
        writer.add_input(&input.name, input.value);
    }
    for step in &job.plan.steps {
        operators::add(&mut writer, step)?;
    }
    for (name, value) in job.outputs.iter().zip(&job.plan.outputs) {
        graph.output.push(writer.described(name, *value));
        writer.add_output(name, *value);
    }
    graph.node = writer.graph.nodes;
    let initializers = writer.graph.initializers;
    let mut head = model(job).encode_to_vec();
    head.extend(field_head(
        GRAPH_FIELD,
        graph.encoded_len() + initializers.len(),
    ));
    graph.encode_raw(&mut head);
    refuse_too_large((head.len() + initializers.len()) as u64, job.dtype)?;
    Ok(File { head, initializers })
}

fn refuse_too_large(bytes: u64, dtype: WeightDtype) -> Result<()> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let hint = match dtype {
        WeightDtype::F32 => "; --dtype f16 halves it",
        WeightDtype::F16 => "",
    };
    bail!("an ONNX file holds at most {MOST_BYTES} bytes, this one would need {bytes}{hint}");
}

fn model(job: Job<'_>) -> ModelProto {
    let entry = |(key, value): &(String, String)| StringStringEntryProto {
        key: Some(key.clone()),
        value: Some(value.clone()),
    };
    ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("underpaint".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: job.metadata.iter().map(entry).collect(),
    }
}

/// A graph and the plan that it is made of.
pub struct Writer<'a> {
    /// What is there already.
    pub graph: Graph,
    job: Job<'a>,
    names: Vec<String>,
    /// Names of weights that are there, with the axes that they have there.
    weights: BTreeMap<(WeightId, usize), String>,
}

impl<'a> Writer<'a> {
    fn new(job: Job<'a>) -> Self {
        let mut names: Vec<_> = (0..job.plan.values.len())
            .map(|id| format!("v{id}"))
            .collect();
        // What is an input, or has other axes outside, gets its name from an operator at the border.
        let inputs: Vec<_> = job.plan.inputs.iter().map(|input| input.value).collect();
        for (name, value) in job.outputs.iter().zip(&job.plan.outputs) {
            if !is_row(job.plan.shape(*value)) && !inputs.contains(value) {
                names[value.0] = (*name).to_owned();
            }
        }
        for input in &job.plan.inputs {
            if !is_row(job.plan.shape(input.value)) {
                names[input.value.0].clone_from(&input.name);
            }
        }
        let rows = job.plan.inputs.iter().map(|input| input.name.clone());
        let outputs = job.outputs.iter().map(|&name| name.to_owned());
        let taken = names.iter().cloned().chain(rows).chain(outputs);
        Self {
            graph: Graph::new(job.dtype, taken),
            job,
            names,
            weights: BTreeMap::new(),
        }
    }

    /// Name of a value.
    pub fn name(&self, value: ValueId) -> String {
        self.names[value.0].clone()
    }

    /// Shape of a value.
    pub fn shape(&self, value: ValueId) -> Shape {
        self.job.plan.shape(value)
    }

    /// Axes of a weight.
    pub fn weight_shape(&self, weight: WeightId) -> &'a [usize] {
        &self.job.plan.weight(weight).shape
    }

    /// Name of a value's numbers as a row, if they are given as one.
    pub fn row_of(&self, value: ValueId) -> Option<String> {
        let mut inputs = self.job.plan.inputs.iter();
        let given = inputs.find(|input| input.value == value && is_row(self.shape(value)));
        given.map(|input| input.name.clone())
    }

    /// Name of a weight's numbers, added where they are not there yet.
    pub fn weight(&mut self, weight: WeightId) -> Result<String> {
        self.weight_with_axes(weight, self.weight_shape(weight).to_vec())
    }

    /// The same for the operand of a sum or a product: `[1, channels, height, width]`.
    pub fn operand(&mut self, weight: WeightId) -> Result<String> {
        let shape = [&[1], self.weight_shape(weight)].concat();
        self.weight_with_axes(weight, shape)
    }

    fn weight_with_axes(&mut self, weight: WeightId, shape: Vec<usize>) -> Result<String> {
        if let Some(name) = self.weights.get(&(weight, shape.len())) {
            return Ok(name.clone());
        }
        let numbers = self.job.plan.evaluate(weight, self.job.weights)?;
        let wanted = self.wanted_name(weight);
        let name = self.graph.weight(&wanted, &shape, &numbers.values)?;
        self.weights.insert((weight, shape.len()), name.clone());
        Ok(name)
    }

    /// The authors' key, if the weight is that tensor.
    fn wanted_name(&self, weight: WeightId) -> String {
        let plan = self.job.plan;
        let mut id = plan.weight(weight).value;
        while let Node::Reshape(of) = plan.expression(id).node {
            id = of;
        }
        match (&plan.expression(id).node, plan.keys_of(weight).first()) {
            (Node::Source(key), _) => key.clone(),
            (_, Some(key)) => format!("{key}.folded"),
            (_, None) => format!("constant_{}", weight.0),
        }
    }

    fn add_input(&mut self, name: &str, value: ValueId) {
        let shape = self.shape(value);
        if is_row(shape) {
            let inside = self.name(value);
            operators::reshape(self, name, &inside, shape);
        }
    }

    fn add_output(&mut self, name: &str, value: ValueId) {
        let inside = self.name(value);
        if is_row(self.shape(value)) {
            let axis = super::proto::AttributeProto::int("axis", 1);
            self.graph.node("Flatten", &[&inside], name, vec![axis]);
        } else if inside != name {
            self.graph.node("Identity", &[&inside], name, Vec::new());
        }
    }

    fn described(&self, name: &str, value: ValueId) -> ValueInfoProto {
        let shape = self.shape(value);
        let fixed = |length: usize| Dimension {
            dim_value: Some(length as i64),
            dim_param: None,
        };
        let mut dim = vec![fixed(1), fixed(shape.channels)];
        if !is_row(shape) {
            dim.extend(self.sides(name, value));
        }
        let tensor_type = TensorTypeProto {
            elem_type: Some(data_type::FLOAT),
            shape: Some(TensorShapeProto { dim }),
        };
        ValueInfoProto {
            name: Some(name.to_owned()),
            r#type: Some(TypeProto {
                tensor_type: Some(tensor_type),
            }),
            doc_string: None,
        }
    }

    /// Height and width, named where they are free; those of the first input simply.
    fn sides(&self, name: &str, value: ValueId) -> [Dimension; 2] {
        let plans = [Some(self.job.plan), self.job.other_size];
        let sides = |value: ValueId| {
            plans.map(|plan| plan.map(|plan| [plan.shape(value).height, plan.shape(value).width]))
        };
        let own = sides(value);
        let pictures = self.job.plan.inputs.iter().map(|input| input.value);
        let first = pictures.map(sides).find(|sides| sides[0] != Some([1, 1]));
        let side = |axis: usize, simple: &str| {
            let [length, other] = own.map(|sides| sides.map(|sides| sides[axis]));
            let is_first = first == Some(own);
            let dim_param = match other.is_some() && other != length {
                false => None,
                true if is_first => Some(simple.to_owned()),
                true => Some(format!("{name}_{simple}")),
            };
            let dim_value = match dim_param {
                None => length.map(|length| length as i64),
                Some(_) => None,
            };
            Dimension {
                dim_value,
                dim_param,
            }
        };
        [side(0, "height"), side(1, "width")]
    }
}

/// Whether a value is a row of numbers: a latent.
fn is_row(shape: Shape) -> bool {
    shape.pixels() == 1
}
