//! The original authors' files and bundles in one file: the interface to JavaScript.

use js_sys::{Function, Uint8Array};
use underpaint_core::Error;
use underpaint_core::bundle::{BundleFile, FileBytes, WeightDtype, WeightFile};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::browser_bytes::{Blob, BrowserBytes, BrowserWeights, told};
use crate::checkpoint::{Answers, Found, NamedFile, find};
use crate::error::{Result, WebError};
use crate::session::{Session, start};

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

    /// What is recognised, as the JSON of a [`Report`](crate::checkpoint::Report).
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-bundle` if the file is not read, saying why; `network` if it cannot
    /// be.
    pub fn report(&self) -> Outcome<String> {
        let found = self.found()?;
        let json = serde_json::to_string(&found.report);
        Ok(json.map_err(|error| WebError::BadInput(error.to_string()))?)
    }

    /// Loads the model onto `device`, tensor by tensor, as [`Session::load`] does a bundle.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`, as of [`report`](Self::report) and [`Session::load`].
    pub async fn load(&self, device: String, on_stage: Function) -> Outcome<Session> {
        let found = self.found()?;
        let weights = BrowserWeights::Checkpoint(found.weights);
        let session = start(found.report.manifest, weights, &device, &on_stage).await?;
        if let Some(encoder) = found.encoder {
            session.take_encoder(BrowserWeights::Checkpoint(encoder))?;
        }
        Ok(session)
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
                return Err(WebError::BadInput(message).into());
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
            Ok::<_, WebError>(NamedFile {
                bytes: BrowserBytes::of_blob(blob.clone())?,
                name: name.clone(),
            })
        };
        let encoder = self.encoder.as_ref().map(open).transpose()?;
        find(open(&self.file)?, encoder, &self.answers)
    }
}

/// Where the parts of a bundle in one file lie.
#[wasm_bindgen]
pub struct BundleParts {
    manifest: Vec<u8>,
    weights: [f64; 2],
    encoder: Option<[f64; 2]>,
}

#[wasm_bindgen]
impl BundleParts {
    /// Reads where they lie.
    ///
    /// # Errors
    ///
    /// An `UnderpaintError`: `bad-bundle` if the file is none, or damaged; `network` if it cannot be
    /// read.
    #[wasm_bindgen(constructor)]
    pub fn new(file: Blob) -> Outcome<BundleParts> {
        Ok(parts(BrowserBytes::of_blob(file)?)?)
    }

    /// The manifest's bytes.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn manifest(&self) -> Vec<u8> {
        self.manifest.clone()
    }

    /// First byte of the weights, and the one behind them.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        self.weights.to_vec()
    }

    /// The same of the encoder's, if it has one.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn encoder(&self) -> Option<Vec<f64>> {
        self.encoder.map(|range| range.to_vec())
    }
}

fn parts<B: FileBytes>(bytes: B) -> Result<BundleParts> {
    let file = BundleFile::open(bytes)?;
    let place = |described: &WeightFile| {
        let range = file.place(described)?;
        Ok::<_, Error>([range.start as f64, range.end as f64])
    };
    let manifest = file.manifest();
    Ok(BundleParts {
        weights: place(&manifest.weights)?,
        encoder: manifest.encoder_weights.as_ref().map(place).transpose()?,
        manifest: file.manifest_json().to_vec(),
    })
}
