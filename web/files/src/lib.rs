//! Files of a browser: bytes that stay with JavaScript, and are read by range.

use std::borrow::Cow;
use std::ops::Range;

use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use underpaint_core::bundle::FileBytes;
use underpaint_core::{Error, Result};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// Where bytes lie: in memory, or in a file that is read in parts.
    #[wasm_bindgen(typescript_type = "Uint8Array | Blob")]
    pub type Bytes;

    /// A file, or a part of one, that is not in memory.
    #[derive(Debug, Clone)]
    pub type Blob;

    #[wasm_bindgen(method, getter)]
    fn size(this: &Blob) -> f64;

    #[wasm_bindgen(method)]
    fn slice(this: &Blob, start: f64, end: f64) -> Blob;

    /// What reads a file at once, as workers may.
    #[derive(Debug, Clone)]
    type FileReaderSync;

    #[wasm_bindgen(constructor, catch)]
    fn new() -> std::result::Result<FileReaderSync, JsValue>;

    #[wasm_bindgen(method, catch, js_name = readAsArrayBuffer)]
    fn read_as_array_buffer(
        this: &FileReaderSync,
        blob: &Blob,
    ) -> std::result::Result<ArrayBuffer, JsValue>;
}

/// A file outside the module's memory: a part of it is copied when it is read, so that a model is
/// never in that memory as a whole.
#[derive(Debug)]
pub struct BrowserBytes(Place);

#[derive(Debug)]
enum Place {
    Memory(Uint8Array),
    File(Blob, FileReaderSync),
}

impl BrowserBytes {
    /// Of an array or a `Blob`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if it is neither; [`Error::File`] where files cannot be read at once, which is
    /// outside workers.
    pub fn new(bytes: JsValue) -> Result<Self> {
        match bytes.dyn_into::<Uint8Array>() {
            Ok(array) => Ok(Self(Place::Memory(array))),
            Err(other) => match other.dyn_into::<Blob>() {
                Ok(blob) => Self::of_blob(blob),
                Err(_) => Err(Error::Input(
                    "bytes: expected an Uint8Array or a Blob".into(),
                )),
            },
        }
    }

    /// Of a file.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where files cannot be read at once, which is outside workers.
    pub fn of_blob(blob: Blob) -> Result<Self> {
        let reader = FileReaderSync::new().map_err(|thrown| Error::File(told(&thrown)))?;
        Ok(Self(Place::File(blob, reader)))
    }
}

impl FileBytes for BrowserBytes {
    fn len(&self) -> u64 {
        match &self.0 {
            Place::Memory(array) => array.length().into(),
            // Whole, and below 2^53.
            Place::File(blob, _) => blob.size() as u64,
        }
    }

    fn read(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>> {
        if range.end > self.len() {
            let length = self.len();
            return Err(Error::File(format!("it ends after {length} bytes")));
        }
        let part = match &self.0 {
            // Lengths of arrays here fit in 32 bits.
            Place::Memory(array) => array.subarray(range.start as u32, range.end as u32),
            Place::File(blob, reader) => {
                let part = blob.slice(range.start as f64, range.end as f64);
                let buffer = reader.read_as_array_buffer(&part);
                let buffer = buffer.map_err(|thrown| Error::File(told(&thrown)))?;
                Uint8Array::new(buffer.as_ref())
            }
        };
        let bytes = part.to_vec();
        match bytes.len() as u64 == range.end - range.start {
            true => Ok(bytes.into()),
            false => Err(Error::File("it has changed meanwhile".into())),
        }
    }
}

/// What was thrown, in words.
pub fn told(thrown: &JsValue) -> String {
    let error = thrown.dyn_ref::<js_sys::Error>();
    error.map_or_else(
        || format!("{thrown:?}"),
        |error| String::from(error.message()),
    )
}

/// An `Error` of JavaScript with `name` "UnderpaintError" and a `code`.
pub fn thrown(code: &str, message: &str) -> JsValue {
    let value = js_sys::Error::new(message);
    value.set_name("UnderpaintError");
    // Setting a property of a fresh, ordinary object cannot fail.
    let _ = Reflect::set(&value, &"code".into(), &code.into());
    value.into()
}
