//! The files of torchvision's VGG-19 and of pytorch-fid's Inception-v3: their keys, and what is read of them.

use burn::tensor::Device;

use super::inception::Inception;
use super::vgg19::{LAYERS, Vgg19};
use crate::plan::shapes;
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
    /// The network with the weights of pytorch-fid's file, or of that which the MindSpore seed's converter makes of
    /// it; its classifier is left out.
    ///
    /// # Errors
    ///
    /// [`Error::Inference`] if it is another network's, torchvision's own Inception-v3 among them;
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
    let other = |message: String| Error::Inference {
        family: "pytorch-fid Inception-v3",
        message,
    };
    if dict.contains_key(&seed_key(first)) {
        return Ok(from_seed_keys(dict));
    }
    if !dict.contains_key(first) {
        return Err(other(format!(
            "expected the key {first}, found {} first",
            dict.keys()
                .next()
                .map_or("no keys at all".to_owned(), |key| format!("{key:?}"))
        )));
    }
    // Both have the same keys and shapes up to here, but for the classifiers.
    let classes = dict.get("fc.bias").map_or(0, |bias| bias.values.len());
    if classes == IMAGENET_CLASSES || dict.keys().any(|key| key.starts_with("AuxLogits.")) {
        return Err(other(
            "found torchvision's Inception-v3, which is trained otherwise: its distances are not those that \
             papers report"
                .to_owned(),
        ));
    }
    let needed = |key: &str| !key.starts_with("fc.") && !key.ends_with("num_batches_tracked");
    Ok(dict.into_iter().filter(|(key, _)| needed(key)).collect())
}

/// Classes of torchvision's classifier; that of pytorch-fid has 1008.
const IMAGENET_CLASSES: usize = 1000;

/// Gives weights that have the names of the MindSpore seed's converter those of pytorch-fid. What is not there is
/// told as missing by whoever loads them.
fn from_seed_keys(mut dict: StateDict) -> StateDict {
    // On a device where networks have keys and shapes only: any other may not be in this build.
    let named = shapes(|scope| {
        let network = Inception::new(scope.device());
        scope.parameters(&network, |path| network.authors_key(path));
        Ok(())
    });
    let named = named.unwrap_or_default().into_iter();
    let taken = named.filter_map(|(key, _)| {
        let tensor = dict.remove(&seed_key(&key))?;
        Some((key, tensor))
    });
    taken.collect()
}

/// The name that a weight of pytorch-fid's file has in the seed's.
///
/// Source: MindSpore models, `research/cv/SPADE`, names of the modules in `src/models/inception.py` (spec 4.8).
fn seed_key(key: &str) -> String {
    let mut parts: Vec<String> = key.split('.').map(str::to_owned).collect();
    if let [.., norm, leaf] = parts.as_mut_slice()
        && norm == "bn"
    {
        *leaf = match leaf.as_str() {
            "weight" => "gamma",
            "bias" => "beta",
            "running_mean" => "moving_mean",
            "running_var" => "moving_variance",
            other => other,
        }
        .to_owned();
    }
    match parts.as_mut_slice() {
        [block, branch, _, _] => *branch = seed_branch(block, branch),
        // The first convolutions, `Conv2d_1a_3x3`, lose the size of their kernel.
        [first, ..] => {
            if let Some((name, _)) = first
                .rsplit_once('_')
                .filter(|(name, _)| name.contains('_'))
            {
                *first = name.to_owned();
            }
        }
        [] => {}
    }
    parts.join(".")
}

/// Branches are numbered there, and so are the layers of one.
fn seed_branch(block: &str, branch: &str) -> String {
    let numbered = |branch: usize, layer: &str| match layer.parse::<usize>() {
        Ok(layer) => format!("branch{branch}.{}", layer - 1),
        Err(_) => format!("branch{branch}.{layer}"),
    };
    let Some((kind, layer)) = branch.rsplit_once('_') else {
        // One layer by itself.
        return "branch0".to_owned();
    };
    let split = matches!(block, "Mixed_7b" | "Mixed_7c");
    match (block, kind, layer) {
        (_, "branch", "pool") => "branch_pool.1".to_owned(),
        (_, "branch3x3", "1") if split => "branch1".to_owned(),
        (_, "branch3x3", "2a" | "2b") if split => format!("branch1_{}", &layer[1..]),
        (_, "branch3x3dbl", "3a" | "3b") if split => format!("branch2_{}", &layer[1..]),
        ("Mixed_6a", "branch3x3dbl", _) => numbered(1, layer),
        ("Mixed_7a", "branch3x3", _) => numbered(0, layer),
        (_, "branch5x5" | "branch7x7" | "branch7x7x3", _) => numbered(1, layer),
        _ => numbered(2, layer),
    }
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
    fn inception_is_read_by_the_names_of_the_seed() {
        for (key, expected) in [
            ("Conv2d_1a_3x3.conv.weight", "Conv2d_1a.conv.weight"),
            ("Conv2d_3b_1x1.bn.weight", "Conv2d_3b.bn.gamma"),
            (
                "Mixed_5b.branch1x1.bn.running_var",
                "Mixed_5b.branch0.bn.moving_variance",
            ),
            (
                "Mixed_5c.branch5x5_2.conv.weight",
                "Mixed_5c.branch1.1.conv.weight",
            ),
            (
                "Mixed_5d.branch3x3dbl_3.bn.bias",
                "Mixed_5d.branch2.2.bn.beta",
            ),
            (
                "Mixed_5d.branch_pool.conv.weight",
                "Mixed_5d.branch_pool.1.conv.weight",
            ),
            (
                "Mixed_6a.branch3x3.conv.weight",
                "Mixed_6a.branch0.conv.weight",
            ),
            (
                "Mixed_6a.branch3x3dbl_3.conv.weight",
                "Mixed_6a.branch1.2.conv.weight",
            ),
            (
                "Mixed_6b.branch7x7_3.conv.weight",
                "Mixed_6b.branch1.2.conv.weight",
            ),
            (
                "Mixed_6e.branch7x7dbl_5.bn.running_mean",
                "Mixed_6e.branch2.4.bn.moving_mean",
            ),
            (
                "Mixed_7a.branch3x3_2.conv.weight",
                "Mixed_7a.branch0.1.conv.weight",
            ),
            (
                "Mixed_7a.branch7x7x3_4.conv.weight",
                "Mixed_7a.branch1.3.conv.weight",
            ),
            (
                "Mixed_7b.branch3x3_1.conv.weight",
                "Mixed_7b.branch1.conv.weight",
            ),
            (
                "Mixed_7b.branch3x3_2a.conv.weight",
                "Mixed_7b.branch1_a.conv.weight",
            ),
            (
                "Mixed_7c.branch3x3dbl_2.conv.weight",
                "Mixed_7c.branch2.1.conv.weight",
            ),
            (
                "Mixed_7c.branch3x3dbl_3b.conv.weight",
                "Mixed_7c.branch2_b.conv.weight",
            ),
        ] {
            assert_eq!(seed_key(key), expected);
        }
        let device = Device::flex();
        let mut dict = state_dict(&Inception::new(&device));
        for (index, tensor) in dict.values_mut().enumerate() {
            tensor.values[0] = index as f32;
        }
        let named = |(key, tensor): (&String, &StateTensor)| (seed_key(key), tensor.clone());
        let mut seed: StateDict = dict.iter().map(named).collect();
        assert_eq!(seed.len(), dict.len(), "no two of one name");
        let found = Inception::from_state_dict(seed.clone(), &device).expect("the seed's names");
        assert_eq!(state_dict(&found), dict);
        seed.remove("Mixed_7a.branch1.3.bn.gamma");
        let told = Inception::from_state_dict(seed, &device).unwrap_err();
        let told = told.to_string();
        assert!(told.contains("Mixed_7a.branch7x7x3_4.bn.weight"), "{told}");
    }

    #[test]
    fn torchvisions_inception_is_told_from_that_of_fid() {
        let device = Device::flex();
        let mut dict = state_dict(&Inception::new(&device));
        let bias = |count| StateTensor {
            shape: vec![count],
            values: vec![0.0; count],
        };
        dict.insert("fc.bias".to_owned(), bias(1008));
        assert!(Inception::from_state_dict(dict.clone(), &device).is_ok());
        dict.insert("fc.bias".to_owned(), bias(1000));
        let told = Inception::from_state_dict(dict, &device).unwrap_err();
        assert!(told.to_string().contains("torchvision"), "{told}");
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
