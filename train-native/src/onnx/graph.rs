//! A graph while it is written.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use half::f16;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use underpaint_core::bundle::WeightDtype;

use super::proto::{AttributeProto, INITIALIZER_FIELD, NodeProto, TensorProto, data_type};

/// Nodes, and numbers that are already bytes: a model's weights are not in memory a second time as
/// messages.
#[derive(Debug)]
pub struct Graph {
    /// In an order in which they can be run.
    pub nodes: Vec<NodeProto>,
    /// Field 5 of a `GraphProto`, encoded, once for every initializer.
    pub initializers: Vec<u8>,
    dtype: WeightDtype,
    names: BTreeSet<String>,
    /// Names of small constants by what they are.
    shared: BTreeMap<String, String>,
}

impl Graph {
    /// An empty graph whose weights are stored as `dtype`. These names are taken.
    pub fn new(dtype: WeightDtype, names: impl IntoIterator<Item = String>) -> Self {
        Self {
            nodes: Vec::new(),
            initializers: Vec::new(),
            dtype,
            names: names.into_iter().collect(),
            shared: BTreeMap::new(),
        }
    }

    /// Adds an operator that makes `output`.
    pub fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attribute: Vec<AttributeProto>,
    ) {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: Some(format!("{operator}_{}", self.nodes.len())),
            op_type: Some(operator.to_owned()),
            attribute,
        });
    }

    /// Adds a weight and gives the name of its numbers as f32: stored with 16 bits, they are cast once
    /// they are read.
    ///
    /// # Errors
    ///
    /// If a number does not fit 16 bits.
    pub fn weight(&mut self, wanted: &str, shape: &[usize], values: &[f32]) -> Result<String> {
        let name = self.unique(wanted);
        if self.dtype == WeightDtype::F32 {
            let bytes = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            self.initializer(&name, data_type::FLOAT, shape, bytes);
            return Ok(name);
        }
        let halves = values.iter().map(|value| f16::from_f32(*value));
        let overflow = halves
            .clone()
            .zip(values)
            .find(|(half, value)| half.is_infinite() && value.is_finite());
        if let Some((_, value)) = overflow {
            bail!("{name}: {value} does not fit 16 bits; --dtype f32 holds it");
        }
        let bytes = halves.flat_map(f16::to_le_bytes).collect();
        self.initializer(&name, data_type::FLOAT16, shape, bytes);
        let cast = self.unique(&format!("{name}.f32"));
        let to = AttributeProto::int("to", i64::from(data_type::FLOAT));
        self.node("Cast", &[&name], &cast, vec![to]);
        Ok(cast)
    }

    /// The same number for every channel.
    pub fn fill(&mut self, value: f32, channels: usize) -> String {
        let name = format!("fill_{value}_{channels}");
        self.floats(name, &[channels], &vec![value; channels])
    }

    /// One number without axes.
    pub fn scalar(&mut self, value: f32) -> String {
        self.floats(format!("scalar_{value:e}"), &[], &[value])
    }

    /// A list of numbers.
    pub fn list(&mut self, values: &[f32]) -> String {
        self.floats(
            format!("floats_{}", joined(values)),
            &[values.len()],
            values,
        )
    }

    fn floats(&mut self, description: String, shape: &[usize], values: &[f32]) -> String {
        if let Some(name) = self.shared.get(&description) {
            return name.clone();
        }
        let name = self.unique(&description);
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.initializer(&name, data_type::FLOAT, shape, bytes);
        self.shared.insert(description, name.clone());
        name
    }

    /// Whole numbers: axes, sizes, indices.
    pub fn integers(&mut self, values: &[i64]) -> String {
        let description = format!("integers_{}", joined(values));
        if let Some(name) = self.shared.get(&description) {
            return name.clone();
        }
        // Indices of a picture's rows are too many for a name.
        let short = if values.len() > 8 {
            format!("integers_{}", self.shared.len())
        } else {
            description.clone()
        };
        let name = self.unique(&short);
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.initializer(&name, data_type::INT64, &[values.len()], bytes);
        self.shared.insert(description, name.clone());
        name
    }

    /// A name that nothing else has.
    pub fn unique(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut count = 1;
        while !self.names.insert(name.clone()) {
            count += 1;
            name = format!("{wanted}_{count}");
        }
        name
    }

    fn initializer(&mut self, name: &str, data_type: i32, shape: &[usize], bytes: Vec<u8>) {
        let tensor = TensorProto {
            dims: shape.iter().map(|axis| *axis as i64).collect(),
            data_type: Some(data_type),
            name: Some(name.to_owned()),
            raw_data: Some(bytes),
        };
        self.initializers
            .extend(field_head(INITIALIZER_FIELD, tensor.encoded_len()));
        tensor.encode_raw(&mut self.initializers);
    }
}

/// What stands before a message of so many bytes that is a field of another.
pub fn field_head(field: u32, bytes: usize) -> Vec<u8> {
    let mut head = Vec::new();
    encode_key(field, WireType::LengthDelimited, &mut head);
    encode_varint(bytes as u64, &mut head);
    head
}

fn joined<T: ToString>(values: &[T]) -> String {
    values
        .iter()
        .map(T::to_string)
        .collect::<Vec<_>>()
        .join("_")
}
