//! The weights of a network, wherever they lie.

use js_sys::{Array, Float32Array, Uint32Array};
use underpaint_core::bundle::FileWeights;
use underpaint_files::{BrowserBytes, told};
use underpaint_plan::{self as plan, WeightSource};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(typescript_custom_section)]
const WEIGHT_READER: &str = r#"
/** Gives a tensor by its key: its shape, and its values with the last axis fastest. */
export interface WeightReader {
  read(key: string): [shape: Uint32Array, values: Float32Array];
}
"#;

#[wasm_bindgen]
extern "C" {
    /// Gives tensors by their keys: an object of that interface.
    #[wasm_bindgen(typescript_type = "WeightReader")]
    #[derive(Debug)]
    pub type WeightReader;

    #[wasm_bindgen(method, catch)]
    fn read(this: &WeightReader, key: &str) -> std::result::Result<Array, JsValue>;
}

/// The weights of a network, wherever they lie.
#[derive(Debug)]
pub enum BrowserWeights {
    /// A bundle's weight file.
    Bundle(FileWeights<BrowserBytes>),
    /// Somewhere that JavaScript reads.
    Outside(WeightReader),
}

impl WeightSource for BrowserWeights {
    fn read(&self, key: &str) -> plan::Result<plan::Tensor> {
        match self {
            Self::Bundle(weights) => weights.read(key),
            Self::Outside(reader) => outside(reader, key),
        }
    }
}

fn outside(reader: &WeightReader, key: &str) -> plan::Result<plan::Tensor> {
    let read = reader.read(key);
    let pair = read.map_err(|thrown| plan::Error::Weights(told(&thrown)))?;
    let (shape, values) = (pair.get(0), pair.get(1));
    let (Ok(shape), Ok(values)) = (
        shape.dyn_into::<Uint32Array>(),
        values.dyn_into::<Float32Array>(),
    ) else {
        let message = format!("{key}: expected a shape and values");
        return Err(plan::Error::Weights(message));
    };
    let shape: Vec<usize> = shape
        .to_vec()
        .into_iter()
        .map(|axis| axis as usize)
        .collect();
    Ok(plan::Tensor {
        shape,
        values: values.to_vec(),
    })
}
