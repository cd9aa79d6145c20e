//! Older and newer layouts of spectral normalisation, read as the one that the networks have.

use super::{HasShape, Named, StateDict, StateTensor};

/// Smallest norm that a vector is divided by (PyTorch's `eps`).
const EPSILON: f64 = 1e-12;

/// Turns every layout in which PyTorch has saved a spectrally normalised layer into `weight_orig`,
/// `weight_u` and `weight_v`.
///
/// * PyTorch up to 1.0 wrote no `weight_v`, but the `weight` already divided by its norm σ. Here
///   `weight_v` points along Wᵀu, where the next iteration of training puts it anyway, and is as long
///   as gives uᵀWv = σ: in use, the layer has exactly the weight of the file. (PyTorch solves for a v
///   that also has u along Wv; nothing reads that difference.)
/// * `torch.nn.utils.parametrizations` names the three `parametrizations.weight.original`, `.0._u`
///   and `.0._v`.
///
/// What has other shapes than such a layer stays as it is, for
/// [`load_state_dict`](super::load_state_dict) to tell.
///
/// Source: spec section 4.10; `torch/nn/utils/spectral_norm.py` for the layouts.
pub fn modernize_spectral_norm(dict: &mut StateDict) {
    modernize_with(dict, |dict, layer| {
        let find = |name: &str| dict.get(&format!("{layer}{name}"));
        let (original, normalized, u) = (find("weight_orig"), find("weight"), find("weight_u")?);
        let v = second_vector(original, normalized, u)?;
        let weight = original.or(normalized)?.clone();
        Some(Completed { weight, v })
    });
}

/// What a layer lacks.
pub(crate) struct Completed<T> {
    /// The weight before normalisation.
    pub(crate) weight: T,
    /// `weight_v`.
    pub(crate) v: T,
}

/// [`modernize_spectral_norm`] of anything that stands for weights: `complete` is given a layer that
/// has `weight_u` only.
pub(crate) fn modernize_with<T>(
    dict: &mut Named<T>,
    complete: impl Fn(&Named<T>, &str) -> Option<Completed<T>>,
) {
    rename_parametrizations(dict);
    let layers: Vec<String> = dict
        .keys()
        .filter_map(|key| key.strip_suffix("weight_u"))
        .map(str::to_owned)
        .collect();
    for layer in layers {
        let key = |name: &str| format!("{layer}{name}");
        if dict.contains_key(&key("weight_v")) {
            // A buffer beside all that it was computed from.
            if dict.contains_key(&key("weight_orig")) {
                dict.remove(&key("weight"));
            }
            continue;
        }
        let Some(Completed { weight, v }) = complete(dict, &layer) else {
            continue;
        };
        dict.remove(&key("weight"));
        dict.insert(key("weight_orig"), weight);
        dict.insert(key("weight_v"), v);
    }
}

fn rename_parametrizations<T>(dict: &mut Named<T>) {
    let names = [
        ("parametrizations.weight.original", "weight_orig"),
        ("parametrizations.weight.0._u", "weight_u"),
        ("parametrizations.weight.0._v", "weight_v"),
    ];
    let renamed = |key: &String| {
        names.iter().find_map(|(newer, ours)| {
            let layer = key.strip_suffix(newer)?;
            Some((key.clone(), format!("{layer}{ours}")))
        })
    };
    let renamed: Vec<(String, String)> = dict.keys().filter_map(renamed).collect();
    for (newer, ours) in renamed {
        if let Some(tensor) = dict.remove(&newer) {
            dict.insert(ours, tensor);
        }
    }
}

/// `weight_v` of a layer that has `weight_u` only; `None` if the shapes are not those of such a layer.
pub(crate) fn second_vector(
    original: Option<&StateTensor>,
    normalized: Option<&StateTensor>,
    u: &StateTensor,
) -> Option<StateTensor> {
    let weight = original.or(normalized)?;
    let direction = transposed_product(weight, &u.values)?;
    let squared: f64 = direction.iter().map(|value| value * value).sum();
    let norm = squared.sqrt().max(EPSILON);
    let sigma = match (original, normalized) {
        (Some(original), Some(normalized)) => ratio(original, normalized)?,
        // Divided already.
        (None, _) => 1.0,
        (Some(_), None) => norm,
    };
    let values = direction
        .iter()
        .map(|value| (value * sigma / (norm * norm)) as f32)
        .collect();
    let shape = vec![direction.len()];
    Some(StateTensor { shape, values })
}

/// Length of the vector that [`second_vector`] gives for tensors of these shapes, if it gives one.
pub(crate) fn completes<T: HasShape>(
    original: Option<&T>,
    normalized: Option<&T>,
    u: &T,
) -> Option<usize> {
    let weight = original.or(normalized)?.shape();
    if let (Some(original), Some(normalized)) = (original, normalized)
        && original.shape() != normalized.shape()
    {
        return None;
    }
    let rows: usize = u.shape().iter().product();
    layout(weight, rows).map(|_| weight.iter().product::<usize>() / rows)
}

/// Whether a weight is a matrix of so many rows once it is transposed; `None` if it is none.
fn layout(shape: &[usize], rows: usize) -> Option<bool> {
    let &[first, second, ..] = shape else {
        return None;
    };
    let elements: usize = shape.iter().product();
    match rows {
        _ if rows == 0 || elements == 0 => None,
        _ if rows == first => Some(false),
        _ if rows == second => Some(true),
        _ => None,
    }
}

/// Wᵀu, where W has one row per output channel: the first axis of a convolution, the second of a
/// transposed one.
fn transposed_product(weight: &StateTensor, u: &[f32]) -> Option<Vec<f64>> {
    let &[first, second, ..] = weight.shape.as_slice() else {
        return None;
    };
    let elements: usize = weight.shape.iter().product();
    let transposed = layout(&weight.shape, u.len()).filter(|_| weight.values.len() == elements)?;
    let kernel = elements / (first * second);
    let mut product = vec![0.0; elements / u.len()];
    for (index, &value) in weight.values.iter().enumerate() {
        let (outer, inner, tap) = (
            index / (second * kernel),
            index / kernel % second,
            index % kernel,
        );
        let (row, column) = match transposed {
            false => (outer, inner * kernel + tap),
            true => (inner, outer * kernel + tap),
        };
        product[column] += f64::from(value) * f64::from(u[row]);
    }
    Some(product)
}

/// σ, by which `original` was divided (least squares: single elements may be zero).
fn ratio(original: &StateTensor, normalized: &StateTensor) -> Option<f64> {
    if original.shape != normalized.shape {
        return None;
    }
    let pairs = original.values.iter().zip(&normalized.values);
    let (mut product, mut square) = (0.0, 0.0);
    for (&original, &normalized) in pairs {
        product += f64::from(original) * f64::from(normalized);
        square += f64::from(normalized) * f64::from(normalized);
    }
    Some(if square > 0.0 { product / square } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], values: &[f32]) -> StateTensor {
        StateTensor {
            shape: shape.to_vec(),
            values: values.to_vec(),
        }
    }

    fn layer(entries: &[(&str, StateTensor)]) -> StateDict {
        let key = |name: &str| format!("up_0.conv_0.{name}");
        entries
            .iter()
            .map(|(name, tensor)| (key(name), tensor.clone()))
            .collect()
    }

    fn values<'a>(dict: &'a StateDict, name: &str) -> &'a [f32] {
        &dict[&format!("up_0.conv_0.{name}")].values
    }

    fn assert_close(found: &[f64], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (found, &expected) in found.iter().zip(expected) {
            assert!(
                (found - f64::from(expected)).abs() < 1e-6,
                "{found} {expected}"
            );
        }
    }

    /// Weight in use: W / (uᵀWv).
    fn weight_in_use(dict: &StateDict) -> Vec<f64> {
        let weight = &dict["up_0.conv_0.weight_orig"];
        let along = transposed_product(weight, values(dict, "weight_u")).expect("a matrix");
        let v = values(dict, "weight_v").iter();
        let sigma: f64 = along.iter().zip(v).map(|(a, v)| a * f64::from(*v)).sum();
        let divided = weight.values.iter().map(|w| f64::from(*w) / sigma);
        divided.collect()
    }

    fn normalized(vector: &[f64]) -> Vec<f64> {
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        vector.iter().map(|x| x / norm).collect()
    }

    // Both made by PyTorch 2.9: `spectral_norm(nn.Conv2d(2, 2, (1, 2)))` and
    // `spectral_norm(nn.ConvTranspose2d(3, 2, 1))` after two forward passes in train mode with
    // torch.manual_seed(0); the old layout is {weight_orig, weight = weight_orig / σ, weight_u}, which
    // `load_state_dict` takes without `_metadata`. EVAL is `layer.weight` after a pass in eval mode,
    // TRAINED_V is `weight_v` after one more pass in train mode.
    const CONV: [f32; 8] = [
        -0.003_743_41,
        0.268_221_8,
        -0.411_522_57,
        -0.367_969_5,
        -0.192_577_18,
        0.134_078_68,
        -0.009_906_59,
        0.396_444_74,
    ];
    const CONV_WEIGHT: [f32; 8] = [
        -0.005_845_273_4,
        0.418_823_93,
        -0.642_585_7,
        -0.574_578_34,
        -0.300_706_1,
        0.209_361_66,
        -0.015_468_977,
        0.619_041_9,
    ];
    const CONV_U: [f32; 2] = [0.816_038_37, -0.577_997_8];
    const CONV_TRAINED_V: [f32; 4] = [0.166_850_45, 0.217_909_5, -0.508_764_74, -0.815_987_05];
    const TRANSPOSED: [f32; 6] = [
        -0.038_961_306,
        0.106_168_58,
        -0.289_581_63,
        0.419_581_32,
        -0.430_302_1,
        0.641_607_5,
    ];
    const TRANSPOSED_WEIGHT: [f32; 6] = [
        -0.041_800_875,
        0.113_906_33,
        -0.310_686_83,
        0.450_161_13,
        -0.461_663_28,
        0.688_369,
    ];
    const TRANSPOSED_U: [f32; 2] = [0.557_496_6, -0.830_179_2];
    const TRANSPOSED_TRAINED_V: [f32; 3] = [-0.117_866_516, -0.546_921_3, -0.828_845_3];

    /// A layer as PyTorch up to 1.0 saves it, and `weight_v` after one more step of training.
    struct SavedLayer {
        shape: &'static [usize],
        original: &'static [f32],
        weight: &'static [f32],
        u: &'static [f32],
        trained_v: &'static [f32],
    }

    #[test]
    fn the_layout_of_pytorch_1_0_keeps_its_weight_and_trains_on_as_in_pytorch() {
        let layers = [
            SavedLayer {
                shape: &[2, 2, 1, 2],
                original: &CONV,
                weight: &CONV_WEIGHT,
                u: &CONV_U,
                trained_v: &CONV_TRAINED_V,
            },
            SavedLayer {
                shape: &[3, 2, 1, 1],
                original: &TRANSPOSED,
                weight: &TRANSPOSED_WEIGHT,
                u: &TRANSPOSED_U,
                trained_v: &TRANSPOSED_TRAINED_V,
            },
        ];
        for SavedLayer {
            shape,
            original,
            weight,
            u,
            trained_v,
        } in layers
        {
            let mut dict = layer(&[
                ("weight_orig", tensor(shape, original)),
                ("weight", tensor(shape, weight)),
                ("weight_u", tensor(&[u.len()], u)),
                ("bias", tensor(&[u.len()], u)),
            ]);
            modernize_spectral_norm(&mut dict);
            let keys: Vec<&str> = dict.keys().filter_map(|k| k.rsplit('.').next()).collect();
            assert_eq!(keys, ["bias", "weight_orig", "weight_u", "weight_v"]);
            assert_close(&weight_in_use(&dict), weight);
            let product = transposed_product(&dict["up_0.conv_0.weight_orig"], u);
            assert_close(&normalized(&product.expect("a matrix")), trained_v);
            let v: Vec<f64> = values(&dict, "weight_v")
                .iter()
                .map(|v| f64::from(*v))
                .collect();
            assert_close(&normalized(&v), trained_v);
        }
    }

    #[test]
    fn a_weight_divided_already_is_used_as_it_is() {
        let mut dict = layer(&[
            ("weight", tensor(&[2, 2, 1, 2], &CONV_WEIGHT)),
            ("weight_u", tensor(&[2], &CONV_U)),
        ]);
        modernize_spectral_norm(&mut dict);
        assert_eq!(dict.len(), 3, "{:?}", dict.keys());
        assert_close(&weight_in_use(&dict), &CONV_WEIGHT);
    }

    #[test]
    fn without_the_divided_weight_v_has_length_one() {
        let mut dict = layer(&[
            ("weight_orig", tensor(&[2, 2, 1, 2], &CONV)),
            ("weight_u", tensor(&[2], &CONV_U)),
        ]);
        modernize_spectral_norm(&mut dict);
        let v: Vec<f64> = values(&dict, "weight_v")
            .iter()
            .map(|v| (*v).into())
            .collect();
        assert_close(&v, &CONV_TRAINED_V);
    }

    #[test]
    fn the_names_of_parametrizations_become_those_of_the_networks() {
        let ours = layer(&[
            ("weight_orig", tensor(&[2, 2, 1, 2], &CONV)),
            ("weight_u", tensor(&[2], &CONV_U)),
            ("weight_v", tensor(&[4], &CONV_TRAINED_V)),
        ]);
        let mut newer = layer(&[
            (
                "parametrizations.weight.original",
                tensor(&[2, 2, 1, 2], &CONV),
            ),
            ("parametrizations.weight.0._u", tensor(&[2], &CONV_U)),
            (
                "parametrizations.weight.0._v",
                tensor(&[4], &CONV_TRAINED_V),
            ),
        ]);
        modernize_spectral_norm(&mut newer);
        assert_eq!(newer, ours);
        modernize_spectral_norm(&mut newer);
        assert_eq!(newer, ours);
    }

    #[test]
    fn a_modern_layer_loses_only_the_buffer_computed_from_it() {
        let modern = layer(&[
            ("weight_orig", tensor(&[2, 2, 1, 2], &CONV)),
            ("weight_u", tensor(&[2], &CONV_U)),
            ("weight_v", tensor(&[4], &CONV_TRAINED_V)),
        ]);
        let mut found = modern.clone();
        found.extend(layer(&[("weight", tensor(&[2, 2, 1, 2], &CONV_WEIGHT))]));
        modernize_spectral_norm(&mut found);
        assert_eq!(found, modern);
    }

    #[test]
    fn shapes_that_are_no_such_layer_stay_for_the_loader_to_tell() {
        for (shape, u) in [
            (&[8][..], 2),
            (&[2, 2, 2, 1], 3),
            (&[2, 0, 2, 2], 2),
            (&[], 1),
        ] {
            let elements = shape.iter().product::<usize>().min(8);
            let dict = layer(&[
                ("weight_orig", tensor(shape, &CONV[..elements])),
                ("weight_u", tensor(&[u], &CONV[..u])),
            ]);
            let mut found = dict.clone();
            modernize_spectral_norm(&mut found);
            assert_eq!(found, dict);
        }
    }
}
