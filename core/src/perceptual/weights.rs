//! The files of torchvision's VGG-19 and of pytorch-fid's Inception-v3: their keys, and what is read of them.

use burn::tensor::Device;

use super::inception::Inception;
use super::vgg19::{LAYERS, Vgg19};
use crate::state_dict::{AuthorsKeys, StateDict, load_state_dict};
use crate::{Error, Result};

/// What stands before the index of a layer in torchvision's file.
const VGG_PREFIX: &str = "features.";

impl AuthorsKeys for Vgg19 {
    fn authors_key(&self, path: &[String]) -> String {
        // `convs`, position, leaf.
        let position: usize = path[1].parse().expect("an index into convs");
        format!("{VGG_PREFIX}{}.{}", LAYERS[position].index, path[2])
    }
}

impl AuthorsKeys for Inception {
    fn authors_key(&self, path: &[String]) -> String {
        // Fields have the authors' names; those of the outermost begin with a capital there.
        let key = path.join(".");
        let (first, rest) = key.split_at(1);
        first.to_ascii_uppercase() + rest
    }
}

impl Vgg19 {
    /// The network with the weights of torchvision's file, or of one that has the keys of its
    /// `features` alone (`0.weight`). What lies behind relu5_1 is left out.
    ///
    /// # Errors
    ///
    /// [`Error::Inference`] if no key looks like VGG's, [`Error::StateDict`] listing what is missing
    /// or of another shape (VGG-16 lacks the later layers).
    pub fn from_state_dict(dict: StateDict, device: &Device) -> Result<Self> {
        let dict = select_vgg(dict)?;
        Ok(load_state_dict(Self::new(device), &dict)?)
    }
}

impl Inception {
    /// The network with the weights of pytorch-fid's file; its classifier is left out.
    ///
    /// # Errors
    ///
    /// [`Error::Inference`] if it is another network's,
    /// [`Error::StateDict`] listing what is missing or of another shape.
    pub fn from_state_dict(dict: StateDict, device: &Device) -> Result<Self> {
        let dict = select_inception(dict)?;
        Ok(load_state_dict(Self::new(device), &dict)?)
    }
}

/// The entries of VGG-19 up to relu5_1, under torchvision's keys.
///
/// The classifier and the later layers go; keys without `features.` get it.
fn select_vgg(dict: StateDict) -> Result<StateDict> {
    let prefixed = dict.keys().any(|key| key.starts_with(VGG_PREFIX));
    let last = LAYERS.map(|layer| layer.index).into_iter().max();
    let select = |(key, tensor): (String, _)| {
        let bare = match prefixed {
            true => key.strip_prefix(VGG_PREFIX)?,
            false => key.as_str(),
        };
        let (index, _) = bare.split_once('.')?;
        let needed = index.parse::<usize>().ok() <= last && index.parse::<usize>().is_ok();
        needed.then(|| (format!("{VGG_PREFIX}{bare}"), tensor))
    };
    let first = dict.keys().next().cloned();
    let selected: StateDict = dict.into_iter().filter_map(select).collect();
    if selected.is_empty() {
        return Err(Error::Inference {
            family: "torchvision VGG-19",
            message: format!(
                "expected keys like features.0.weight or 0.weight, found {} first",
                first.map_or("no keys at all".to_owned(), |key| format!("{key:?}"))
            ),
        });
    }
    Ok(selected)
}

/// The entries of Inception-v3 up to pool3: without the classifier, the auxiliary one and
/// `num_batches_tracked`.
fn select_inception(dict: StateDict) -> Result<StateDict> {
    let first = "Conv2d_1a_3x3.conv.weight";
    if !dict.contains_key(first) {
        return Err(Error::Inference {
            family: "pytorch-fid Inception-v3",
            message: format!(
                "expected the key {first}, found {} first",
                dict.keys()
                    .next()
                    .map_or("no keys at all".to_owned(), |key| format!("{key:?}"))
            ),
        });
    }
    let needed = |key: &str| {
        !key.starts_with("fc.")
            && !key.starts_with("AuxLogits.")
            && !key.ends_with("num_batches_tracked")
    };
    Ok(dict.into_iter().filter(|(key, _)| needed(key)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_dict::{StateTensor, state_dict};

    /// Parameters, and state entries as PyTorch counts them: with `num_batches_tracked`.
    fn counts(dict: &StateDict) -> (usize, usize) {
        let parameters = dict.iter().filter(|(key, _)| !key.contains("running_"));
        let norms = dict.keys().filter(|key| key.ends_with("running_mean"));
        (
            parameters.map(|(_, tensor)| tensor.values.len()).sum(),
            dict.len() + norms.count(),
        )
    }

    /// torchvision: `vgg19().features` has 20,024,384 parameters, of which 3 * (512 * 512 * 9 + 512)
    /// lie behind index 29. `inception_v3(aux_logits=False)` has 23,834,568, of which its classifier
    /// has 2048 * 1000 + 1000; it has 94 convolutions, each with a batch norm of five entries.
    #[test]
    fn parameter_counts_are_those_of_torchvision() {
        let device = Device::flex();
        let vgg = state_dict(&Vgg19::new(&device));
        assert_eq!(counts(&vgg), (20_024_384 - 3 * 2_359_808, 26));
        let inception = state_dict(&Inception::new(&device));
        assert_eq!(counts(&inception), (23_834_568 - 2_049_000, 94 * 6));
    }

    #[test]
    fn vgg_is_read_with_and_without_the_prefix_and_what_lies_behind_is_left_out() {
        let device = Device::flex();
        let dict = state_dict(&Vgg19::new(&device));
        let extra = StateTensor {
            shape: vec![1],
            values: vec![0.0],
        };
        let mut whole = dict.clone();
        for key in ["features.30.weight", "classifier.0.weight"] {
            whole.insert(key.to_owned(), extra.clone());
        }
        let mut bare: StateDict = dict
            .iter()
            .map(|(key, tensor)| (key[VGG_PREFIX.len()..].to_owned(), tensor.clone()))
            .collect();
        bare.insert("34.bias".to_owned(), extra);
        for file in [dict.clone(), whole, bare] {
            let vgg = Vgg19::from_state_dict(file, &device).expect("VGG's keys");
            assert_eq!(state_dict(&vgg), dict);
        }
    }

    #[test]
    fn other_networks_are_refused_by_name() {
        let device = Device::flex();
        let vgg = state_dict(&Vgg19::new(&device));
        let error = Inception::from_state_dict(vgg.clone(), &device).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("Inception-v3") && text.contains("features.0.bias"),
            "{text}"
        );
        let other: StateDict = vgg
            .into_iter()
            .map(|(key, tensor)| (format!("model.{key}"), tensor))
            .collect();
        let text = Vgg19::from_state_dict(other, &device)
            .unwrap_err()
            .to_string();
        assert!(text.contains("features.0.weight or 0.weight"), "{text}");
    }

    #[test]
    fn a_vgg_without_its_later_layers_is_listed_as_such() {
        let device = Device::flex();
        let mut dict = state_dict(&Vgg19::new(&device));
        dict.remove("features.28.weight");
        let text = Vgg19::from_state_dict(dict, &device)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("missing     features.28.weight [512, 512, 3, 3]"),
            "{text}"
        );
    }
}
