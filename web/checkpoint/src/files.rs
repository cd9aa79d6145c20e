//! The interface to JavaScript.

use js_sys::{Array, Float32Array, Function, Uint8Array, Uint32Array};
use underpaint_core::Error;
use underpaint_core::bundle::WeightDtype;
use underpaint_core::checkpoint::CheckpointWeights;
use underpaint_files::{Blob, BrowserBytes, told};
use underpaint_plan::WeightSource;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::error::{FileError, Result};
use crate::found::{Answers, Found, NamedFile, find};

type Outcome<T> = std::result::Result<T, JsValue>;

/// A weight file of the authors, with an encoder's beside it, and what people say of them.
#[wasm_bindgen]
pub struct CheckpointFiles {
    file: (Blob, String),
    encoder: Option<(Blob, String)>,
    answers: Answers,
}

#[wasm_bindgen]
impl CheckpointFiles {
    /// `answers` is JSON: an object with any of the fields of [`Answers`].
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-input` for what is no answer.
    #[wasm_bindgen(constructor)]
    pub fn new(file: Blob, name: String, answers: &str) -> Outcome<CheckpointFiles> {
        Ok(Self {
            file: (file, name),
            encoder: None,
            answers: Answers::from_json(answers)?,
        })
    }

    /// Takes the file of an encoder.
    pub fn with_encoder(&mut self, file: Blob, name: String) {
        self.encoder = Some((file, name));
    }

    /// What is recognised, as the JSON of a [`Report`](crate::found::Report).
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-bundle` if the file is not read, saying why; `network` if it cannot
    /// be.
    pub fn report(&self) -> Outcome<String> {
        let found = self.found()?;
        // As manifests are written: one writer for all.
        let json = serde_json::to_string_pretty(&found.report);
        Ok(json.map_err(|error| FileError::BadInput(error.to_string()))?)
    }

    /// The model with its weights, none of them read.
    ///
    /// # Errors
    ///
    /// As [`report`](Self::report).
    pub fn open(&self) -> Outcome<OpenCheckpoint> {
        Ok(OpenCheckpoint(self.found()?))
    }

    /// Writes the model as a bundle in one file with weights of `dtype`, "f32" or "f16". `write` is
    /// called with a place in the file and the bytes for it, not in order; `on_progress` with the share
    /// that is written. Gives the manifest as JSON.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`, as of [`report`](Self::report); `bad-bundle` if a value does not fit the
    /// type or the file would be too large.
    pub fn write(&self, dtype: &str, write: &Function, on_progress: &Function) -> Outcome<String> {
        let found = self.found()?;
        let dtype = match dtype {
            "f32" => WeightDtype::F32,
            "f16" => WeightDtype::F16,
            other => {
                let message = format!("dtype: expected f32 or f16, found {other}");
                return Err(FileError::BadInput(message).into());
            }
        };
        let mut put = |at: u64, bytes: &[u8]| {
            let bytes = Uint8Array::from(bytes);
            let written = write.call2(&JsValue::NULL, &(at as f64).into(), &bytes);
            written
                .map(drop)
                .map_err(|thrown| Error::File(told(&thrown)))
        };
        let mut progress = |share: f64| {
            // A listener that throws must not stop the writing.
            let _ = on_progress.call1(&JsValue::NULL, &share.into());
        };
        let manifest = found.write(dtype, &mut put, &mut progress)?;
        Ok(manifest.to_json())
    }
}

impl CheckpointFiles {
    fn found(&self) -> Result<Found<BrowserBytes>> {
        let open = |(blob, name): &(Blob, String)| {
            Ok::<_, FileError>(NamedFile {
                bytes: BrowserBytes::of_blob(blob.clone())?,
                name: name.clone(),
            })
        };
        let encoder = self.encoder.as_ref().map(open).transpose()?;
        find(open(&self.file)?, encoder, &self.answers)
    }
}

/// A model in a file of the authors, whose weights are read one by one.
#[wasm_bindgen]
pub struct OpenCheckpoint(Found<BrowserBytes>);

#[wasm_bindgen]
impl OpenCheckpoint {
    /// Reads a tensor of the generator: its shape (`Uint32Array`) and its values (`Float32Array`).
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-bundle` if the file is damaged there, or a weight is no number.
    pub fn read(&self, key: &str) -> Outcome<Array> {
        Ok(tensor(&self.0.weights, key)?)
    }

    /// Whether there is an encoder.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn has_encoder(&self) -> bool {
        self.0.encoder.is_some()
    }

    /// Reads a tensor of the encoder, as [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_encoder(&self, key: &str) -> Outcome<Array> {
        let missing = || FileError::BadInput("there is no encoder beside it".into());
        let encoder = self.0.encoder.as_ref().ok_or_else(missing)?;
        Ok(tensor(encoder, key)?)
    }
}

fn tensor(weights: &CheckpointWeights<BrowserBytes>, key: &str) -> Result<Array> {
    let tensor = weights.read(key).map_err(Error::from)?;
    let shape: Vec<u32> = tensor.shape.iter().map(|&axis| axis as u32).collect();
    Ok(Array::of2(
        &Uint32Array::from(shape.as_slice()),
        &Float32Array::from(tensor.values.as_slice()),
    ))
}
