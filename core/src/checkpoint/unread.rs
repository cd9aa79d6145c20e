//! Weights of a file that are not read yet, by the keys that networks have.

use crate::state_dict::{
    Completed, HasShape, Named, completes, drop_ignorable, modernize_with, strip_wrappers,
};

/// A weight of a file that is not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub(super) shape: Vec<usize>,
    pub(super) origin: Origin,
}

/// Where the values of a weight come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The tensor of this key in the file.
    Stored(String),
    /// `weight_v` of spectral norm, which old files lack: from those of these keys.
    SecondVector {
        original: Option<String>,
        normalized: Option<String>,
        u: String,
    },
}

impl Origin {
    /// A key in the file.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Stored(key) | Self::SecondVector { u: key, .. } => key,
        }
    }
}

impl HasShape for Unread {
    fn shape(&self) -> &[usize] {
        &self.shape
    }
}

/// Strips wrappers, drops what carries no information, and gives spectral norm and pix2pixHD's encoder
/// their newest layouts.
pub fn as_networks_take_it(dict: Named<Unread>) -> Named<Unread> {
    let mut dict = strip_wrappers(dict);
    drop_ignorable(&mut dict);
    modernize_with(&mut dict, completed);
    renumber_encoder(&mut dict);
    dict
}

/// What a layer lacks that has `weight_u` only.
fn completed(dict: &Named<Unread>, layer: &str) -> Option<Completed<Unread>> {
    let find = |name: &str| dict.get(&format!("{layer}{name}"));
    let (original, normalized, u) = (find("weight_orig"), find("weight"), find("weight_u")?);
    let length = completes(original, normalized, u)?;
    let key = |unread: &Unread| unread.origin.key().to_owned();
    Some(Completed {
        weight: original.or(normalized)?.clone(),
        v: Unread {
            shape: vec![length],
            origin: Origin::SecondVector {
                original: original.map(key),
                normalized: normalized.map(key),
                u: key(u),
            },
        },
    })
}

/// Encoders of pix2pixHD's first release pad within their last convolution, which is one place further
/// in front then: `model.28` instead of `model.29` where they halve four times.
fn renumber_encoder(dict: &mut Named<Unread>) {
    let place = |key: &String| {
        let place = key.strip_prefix("model.")?.strip_suffix(".weight")?;
        place.parse::<usize>().ok()
    };
    let is_wide = |key: &str| {
        let tensor = dict.get(key);
        tensor.is_some_and(|tensor| matches!(tensor.shape[..], [_, _, 7, 7]))
    };
    let Some(last) = dict.keys().filter_map(place).max() else {
        return;
    };
    let blocks = dict.keys().any(|key| key.contains(".conv_block."));
    // One convolution, and for every halving two more, each with its norm and activation.
    let is_old = last > 4 && last % 6 == 4;
    let ends_wide = is_wide("model.1.weight") && is_wide(&format!("model.{last}.weight"));
    if blocks || !is_old || !ends_wide {
        return;
    }
    for name in ["weight", "bias"] {
        if let Some(tensor) = dict.remove(&format!("model.{last}.{name}")) {
            dict.insert(format!("model.{}.{name}", last + 1), tensor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(keys: &[(&str, &[usize])]) -> Named<Unread> {
        let unread = |(key, shape): &(&str, &[usize])| {
            let origin = Origin::Stored((*key).to_owned());
            let shape = shape.to_vec();
            ((*key).to_owned(), Unread { shape, origin })
        };
        keys.iter().map(unread).collect()
    }

    #[test]
    fn the_last_convolution_of_an_old_encoder_moves() {
        let old = dict(&[
            ("model.1.weight", &[2, 3, 7, 7]),
            ("model.1.bias", &[2]),
            ("model.4.weight", &[4, 2, 3, 3]),
            ("model.7.weight", &[4, 2, 3, 3]),
            ("model.10.weight", &[3, 2, 7, 7]),
            ("model.10.bias", &[3]),
        ]);
        let keys = as_networks_take_it(old.clone());
        let keys: Vec<&str> = keys.keys().map(String::as_str).collect();
        assert!(keys.contains(&"model.11.weight") && keys.contains(&"model.11.bias"));
        assert!(!keys.contains(&"model.10.weight") && keys.len() == old.len());
        // Networks with blocks, or with another last convolution, stay as they are.
        for (key, shape) in [
            ("model.7.conv_block.1.weight", &[4, 4, 3, 3][..]),
            ("model.11.weight", &[3, 2, 7, 7]),
        ] {
            let mut other = old.clone();
            other.extend(dict(&[(key, shape)]));
            assert_eq!(as_networks_take_it(other.clone()), other);
        }
    }
}
