//! Typical features as pix2pixHD's `encode_features.py` writes them: a dictionary of labels and arrays that
//! NumPy has pickled into a `.npy` file.
//!
//! Source: NumPy, "NEP 1: A simple file format for NumPy arrays"; `ndarray.__reduce__`; spec 3.5.

use std::borrow::Cow;

use crate::checkpoint::failure::{Context, Result, bail, ensure};
use crate::pix2pixhd::FeatureClusters;

use super::pickle::{Attribute, Object, Pickle, Place};

/// How a `.npy` file begins.
const MAGIC: &[u8] = b"\x93NUMPY";
/// What an array of Python's objects is called in its header.
const OBJECTS: &str = "'descr': '|O'";
/// What the files are.
const EXPECTED: &str =
    "expected a dictionary of labels and arrays, as encode_features.py writes it";

/// Whether a file begins like NumPy's.
pub fn is_numpy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads typical features, `{label: [centres, channels]}`. Nothing of the pickle is executed. A label
/// without a centre is left out.
///
/// # Errors
///
/// If the file is no such dictionary, is damaged, or holds numbers that are none.
pub fn read_clusters(bytes: &[u8]) -> Result<FeatureClusters> {
    let bytes = pickle_of(bytes)?;
    let (pickle, _) = Pickle::read(bytes)?;
    let numpy = Numpy { pickle, bytes };
    let root = numpy.pickle.root();
    let dict = match numpy.pickle.entries(root) {
        Some(entries) if !numpy.is_array(root) => entries,
        // An array of no axes with the dictionary in it.
        _ => {
            let items = numpy.state(root).and_then(|state| {
                let items = numpy.pickle.items(*state.get(4)?)?;
                numpy.pickle.entries(*items.first()?)
            });
            items.context(EXPECTED)?
        }
    };
    let mut clusters = FeatureClusters::default();
    for (key, value) in dict {
        let label = numpy
            .whole(*key)
            .context(format!("{EXPECTED}; found a key that is no label"))?;
        let at = || format!("label {label}");
        let centres = numpy.rows(*value).with_context(at)?;
        if !centres.is_empty() {
            clusters.centres.insert(label, centres);
        }
    }
    let channels = clusters
        .channels()
        .with_context(|| format!("{EXPECTED}; found no centre of any label"))?;
    match clusters.check(channels) {
        Ok(()) => Ok(clusters),
        Err(problem) => bail!("{problem}"),
    }
}

/// What follows the header.
fn pickle_of(bytes: &[u8]) -> Result<&[u8]> {
    ensure!(
        is_numpy(bytes),
        "expected a .npy file, found one that does not begin as NumPy's do"
    );
    let rest = &bytes[MAGIC.len()..];
    let (length, start): (usize, usize) = match rest {
        [1, _, low, high, ..] => (usize::from(u16::from_le_bytes([*low, *high])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 6),
        _ => bail!("the header of NumPy is cut short or of an unknown version"),
    };
    let header = start
        .checked_add(length)
        .and_then(|end| rest.get(start..end))
        .context("the header of NumPy is cut short")?;
    let header = String::from_utf8_lossy(header);
    ensure!(
        header.contains(OBJECTS),
        "{EXPECTED}; found an array of numbers: {}",
        header.trim()
    );
    Ok(&rest[start + length..])
}

/// A number type of NumPy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dtype {
    kind: u8,
    size: usize,
    big_endian: bool,
}

struct Numpy<'a> {
    pickle: Pickle,
    bytes: &'a [u8],
}

impl Numpy<'_> {
    fn is_array(&self, place: Place) -> bool {
        let class = self
            .pickle
            .instance(place)
            .map(|found| found.class.as_str());
        class.is_some_and(|class| class.ends_with("multiarray._reconstruct"))
    }

    /// Version, shape, type, order and content of an array.
    fn state(&self, place: Place) -> Option<&[Place]> {
        let state = self.pickle.instance(place)?.state?;
        self.pickle
            .items(state)
            .filter(|state| self.is_array(place) && state.len() == 5)
    }

    /// The rows of an array of two axes.
    fn rows(&self, place: Place) -> Result<Vec<Vec<f32>>> {
        let expected = "expected an array of two axes";
        let state = self.state(place).context(expected)?;
        let shape = self.pickle.items(state[1]).context(expected)?;
        let shape: Option<Vec<usize>> = shape
            .iter()
            .map(|&side| usize::try_from(self.pickle.int(side)?).ok())
            .collect();
        let [count, channels] = match shape.as_deref() {
            Some(&[count, channels]) => [count, channels],
            found => bail!("{expected}, found the shape {found:?}"),
        };
        let fortran = matches!(
            self.pickle.object(state[3]),
            Object::Plain(Attribute::Bool(true) | Attribute::Int(1))
        );
        let dtype = self.dtype(state[2])?;
        let content = self.content(state[4]).context("an array without numbers")?;
        let length = count.checked_mul(channels);
        let length = length.and_then(|length| length.checked_mul(dtype.size));
        ensure!(
            length == Some(content.len()),
            "expected {count} times {channels} numbers of {} bytes, found {} bytes",
            dtype.size,
            content.len()
        );
        let number = |at: usize| dtype.number(&content[at * dtype.size..(at + 1) * dtype.size]);
        let row = |row: usize| {
            let place = |column: usize| match fortran {
                true => column * count + row,
                false => row * channels + column,
            };
            (0..channels).map(|column| number(place(column))).collect()
        };
        (0..count).map(row).collect()
    }

    fn dtype(&self, place: Place) -> Result<Dtype> {
        let found = self.pickle.instance(place);
        let found = found.filter(|found| found.class.ends_with("dtype"));
        let found = found.context("an array without a number type")?;
        let name = found.args.and_then(|args| {
            let name = self.pickle.items(args)?.first()?;
            self.pickle.key(*name)
        });
        let name = name.context("a number type without a name")?;
        let kind = name.bytes().next().unwrap_or(0);
        let size = name.get(1..).and_then(|size| size.parse().ok());
        let order = found.state.and_then(|state| {
            let order = self.pickle.items(state)?.get(1)?;
            self.pickle.key(*order)
        });
        match (kind, size) {
            (b'f', Some(size @ (2 | 4 | 8))) | (b'i' | b'u', Some(size @ (1 | 2 | 4 | 8))) => {
                Ok(Dtype {
                    kind,
                    size,
                    big_endian: order.as_deref() == Some(">"),
                })
            }
            _ => bail!("expected numbers, found the type {name:?}"),
        }
    }

    /// Bytes, however the protocol of the pickle writes them.
    fn content(&self, place: Place) -> Option<Cow<'_, [u8]>> {
        match self.pickle.object(place) {
            Object::Bytes(range) => Some(Cow::Borrowed(self.bytes.get(range.clone())?)),
            Object::Plain(Attribute::Text(text)) => Some(Cow::Borrowed(text.as_bytes())),
            // Protocol 2 of Python 3: a text of which every character is a byte.
            Object::Instance(made) if made.class == "_codecs.encode" => {
                let args = self.pickle.items(made.args?)?;
                let Object::Plain(Attribute::Text(text)) = self.pickle.object(*args.first()?)
                else {
                    return None;
                };
                let byte = |c: char| u8::try_from(u32::from(c)).ok();
                text.chars()
                    .map(byte)
                    .collect::<Option<Vec<u8>>>()
                    .map(Cow::Owned)
            }
            // No bytes at all, in protocol 2.
            Object::Instance(made)
                if matches!(made.class.as_str(), "__builtin__.bytes" | "builtins.bytes") =>
            {
                let args = self.pickle.items(made.args?)?;
                args.is_empty().then_some(Cow::Borrowed(&[]))
            }
            _ => None,
        }
    }

    /// A label: a whole number of Python or of NumPy.
    fn whole(&self, place: Place) -> Option<u32> {
        if let Some(number) = self.pickle.int(place) {
            return u32::try_from(number).ok();
        }
        let made = self.pickle.instance(place)?;
        let args = self.pickle.items(made.args?)?;
        let &[dtype, content] = args else {
            return None;
        };
        if !made.class.ends_with("multiarray.scalar") {
            return None;
        }
        let dtype = self.dtype(dtype).ok()?;
        let content = self.content(content)?;
        let number = dtype.number(&content).ok()?;
        // Labels are far below what 32 bits count exactly.
        (content.len() == dtype.size && number >= 0.0 && number.fract() == 0.0)
            .then_some(number as u32)
    }
}

impl Dtype {
    /// A number of as many bytes as the type has.
    fn number(self, bytes: &[u8]) -> Result<f32> {
        let mut little = [0; 8];
        let length = self.size.min(bytes.len());
        little[..length].copy_from_slice(&bytes[..length]);
        if self.big_endian {
            little[..length].reverse();
        }
        let [a, b, c, d, ..] = little;
        let negative = self.kind == b'i' && little[length.saturating_sub(1)] >= 0x80;
        if negative {
            little[length..].fill(0xff);
        }
        let number = match (self.kind, self.size) {
            (b'f', 2) => f64::from(half::f16::from_le_bytes([a, b])),
            (b'f', 4) => f64::from(f32::from_le_bytes([a, b, c, d])),
            (b'f', _) => f64::from_le_bytes(little),
            (b'i', _) => i64::from_le_bytes(little) as f64,
            _ => u64::from_le_bytes(little) as f64,
        };
        let number = number as f32;
        ensure!(number.is_finite(), "holds {number}, which is no number");
        Ok(number)
    }
}

#[cfg(test)]
mod tests;
