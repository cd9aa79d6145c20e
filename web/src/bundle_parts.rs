//! A bundle in one file, taken apart.

use underpaint_core::Error;
use underpaint_core::bundle::{BundleFile, FileBytes, WeightFile};
use underpaint_files::{Blob, BrowserBytes};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::error::{Result, WebError};

type Outcome<T> = std::result::Result<T, JsValue>;

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
        let bytes = BrowserBytes::of_blob(file).map_err(WebError::from)?;
        Ok(parts(bytes)?)
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
