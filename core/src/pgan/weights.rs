//! State-dict keys of the original authors (spec 5.9), and the networks that keys and shapes tell of.

use super::{Discriminator, DiscriminatorConfig, Generator, GeneratorConfig};
use crate::state_dict::{AuthorsKeys, HasShape, Named, named};
use crate::{Error, Result};

/// Between a layer and its weight or bias: the original wraps every convolution.
const WRAPPER: &str = "module";

impl AuthorsKeys for Generator {
    fn authors_key(&self, path: &[String]) -> String {
        let layer = match path[0].as_str() {
            "format" => "formatLayer".to_owned(),
            "base" => "groupScale0.0".to_owned(),
            "to_rgb" => format!("toRGBLayers.{}", path[1]),
            _ => block_key(path),
        };
        parameter_key(&layer, path)
    }
}

impl AuthorsKeys for Discriminator {
    fn authors_key(&self, path: &[String]) -> String {
        let layer = match path[0].as_str() {
            "from_rgb" => format!("fromRGBLayers.{}", path[1]),
            "base" => "groupScaleZero.0".to_owned(),
            "hidden" => "groupScaleZero.1".to_owned(),
            "decision" => "decisionLayer".to_owned(),
            _ => block_key(path),
        };
        parameter_key(&layer, path)
    }
}

/// `path`: `blocks`, index, `first` or `second`, then the rest.
fn block_key(path: &[String]) -> String {
    let position = usize::from(path[2] == "second");
    format!("scaleLayers.{}.{position}", path[1])
}

fn parameter_key(layer: &str, path: &[String]) -> String {
    let parameter = path.last().map_or("", String::as_str);
    format!("{layer}.{WRAPPER}.{parameter}")
}

/// Inserts the `.module` that older files lack: `formatLayer.weight` becomes
/// `formatLayer.module.weight`. Files that have it stay as they are.
pub fn with_module_keys<T>(dict: Named<T>) -> Named<T> {
    let wrapped = |key: String| match key.rsplit_once('.') {
        Some((layer, parameter @ ("weight" | "bias")))
            if layer.rsplit('.').next() != Some(WRAPPER) =>
        {
            format!("{layer}.{WRAPPER}.{parameter}")
        }
        _ => key,
    };
    named(dict.into_iter().map(|(key, tensor)| (wrapped(key), tensor)))
}

/// Reads what a generator is from keys and shapes.
///
/// The rest is the paper's: a linear output, equalised layers, pixel norm, slope 0.2; and the latent
/// counts as random altogether, its one-hot part in class-conditional models included. Set the
/// fields where a file's config says otherwise.
///
/// # Errors
///
/// [`Error::Inference`] saying what was looked for and not found.
pub fn infer_generator<T: HasShape>(dict: &Named<T>) -> Result<GeneratorConfig> {
    let found = Shapes {
        dict,
        family: "Progressive GAN generator",
        other: ("fromRGBLayers.0", "a discriminator"),
    };
    let [_, latent_dim] = found.weight("formatLayer")?;
    let mut depths = vec![found.weight::<4>("groupScale0.0")?[0]];
    depths.extend(found.blocks()?);
    let picture = found.weight::<4>(&format!("toRGBLayers.{}", depths.len() - 1))?;
    let config = GeneratorConfig {
        depths,
        latent_dim,
        output_channels: picture[0],
        ..GeneratorConfig::default()
    };
    config.validate().map(|()| config)
}

/// Reads what a discriminator is from keys and shapes; the rest is the paper's.
///
/// # Errors
///
/// [`Error::Inference`] saying what was looked for and not found.
pub fn infer_discriminator<T: HasShape>(dict: &Named<T>) -> Result<DiscriminatorConfig> {
    let found = Shapes {
        dict,
        family: "Progressive GAN discriminator",
        other: ("toRGBLayers.0", "a generator"),
    };
    let [width, base_input, ..] = found.weight::<4>("groupScaleZero.0")?;
    let mut depths = vec![width];
    depths.extend(found.blocks()?);
    let picture = found.weight::<4>(&format!("fromRGBLayers.{}", depths.len() - 1))?;
    let [outputs, _] = found.weight("decisionLayer")?;
    let config = DiscriminatorConfig {
        depths,
        input_channels: picture[1],
        category_dim: outputs - 1,
        minibatch_stddev: base_input == width + 1,
        ..DiscriminatorConfig::default()
    };
    config.validate().map(|()| config)
}

/// Shapes of a file's weights.
struct Shapes<'a, T> {
    dict: &'a Named<T>,
    family: &'static str,
    /// A layer that only the other network has, and what that is.
    other: (&'static str, &'static str),
}

impl<T: HasShape> Shapes<'_, T> {
    /// Shape of a layer's weight: `D` axes, none of them empty.
    fn weight<const D: usize>(&self, layer: &str) -> Result<[usize; D]> {
        let key = format!("{layer}.{WRAPPER}.weight");
        let Some(tensor) = self.dict.get(&key) else {
            return Err(self.error(format!("the key {key} is missing{}", self.hint())));
        };
        match <[usize; D]>::try_from(tensor.shape()) {
            Ok(shape) if shape.iter().all(|&n| n > 0) => Ok(shape),
            _ => Err(self.error(format!(
                "{key}: expected {D} axes, found {:?}",
                tensor.shape()
            ))),
        }
    }

    /// Channels of the scales from 8×8 on.
    fn blocks(&self) -> Result<Vec<usize>> {
        let layer = |index: usize| format!("scaleLayers.{index}.0");
        let known = |layer: &String| self.dict.contains_key(&format!("{layer}.{WRAPPER}.weight"));
        (0..)
            .map(layer)
            .take_while(known)
            .map(|layer| Ok(self.weight::<4>(&layer)?[0]))
            .collect()
    }

    fn hint(&self) -> String {
        let (layer, network) = self.other;
        let starts = |start: &str| self.dict.keys().any(|key| key.starts_with(start));
        if starts(layer) {
            format!("; this looks like {network}")
        } else if starts("last_Gnet.") || starts("last_Dnet.") {
            "; this looks like MindSpore's port, whose networks differ (spec 5.10)".to_owned()
        } else {
            String::new()
        }
    }

    fn error(&self, message: String) -> Error {
        Error::Inference {
            family: self.family,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_dict::{StateDict, state_dict, state_keys};
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::tensor::{Device, Tensor};

    /// Parameters and state entries, without allocating a weight.
    fn counts<M: AuthorsKeys>(network: &M) -> (usize, usize) {
        struct Count(usize);
        impl ModuleVisitor for Count {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0 += param.lazy_shape().num_elements();
            }
        }
        let mut count = Count(0);
        Module::visit(network, &mut count);
        (count.0, state_keys(network).len())
    }

    #[test]
    fn parameter_counts_are_those_of_spec_9_1() {
        let device = Device::flex();
        let cases = [
            (0, (6_563_843, 6), (6_561_793, 8)),
            (1, (11_284_998, 12), (11_283_457, 14)),
            (5, (22_941_074, 36), (22_941_313, 38)),
            (6, (23_051_989, 42), (23_052_353, 44)),
        ];
        for (scale, generator, discriminator) in cases {
            let config = GeneratorConfig::default().at_scale(scale);
            assert_eq!(counts(&config.init(&device).expect("valid")), generator);
            let config = DiscriminatorConfig::default().at_scale(scale);
            assert_eq!(counts(&config.init(&device).expect("valid")), discriminator);
        }
    }

    fn small_generator() -> GeneratorConfig {
        GeneratorConfig {
            depths: vec![6, 5, 4],
            latent_dim: 7,
            output_channels: 1,
            ..GeneratorConfig::default()
        }
    }

    fn weights<M: AuthorsKeys>(network: crate::Result<M>) -> StateDict {
        state_dict(&network.expect("a valid config"))
    }

    #[test]
    fn keys_are_the_authors() {
        let found = state_keys(&small_generator().init(&Device::flex()).expect("valid"));
        for key in [
            "formatLayer.module.weight",
            "groupScale0.0.module.bias",
            "scaleLayers.1.0.module.weight",
            "scaleLayers.1.1.module.bias",
            "toRGBLayers.2.module.weight",
        ] {
            assert!(found.iter().any(|found| found == key), "{key}: {found:?}");
        }
    }

    #[test]
    fn configs_are_read_back_from_the_keys() {
        let device = Device::flex();
        for scale in 0..3 {
            let config = small_generator().at_scale(scale);
            let inferred = infer_generator(&weights(config.init(&device)));
            assert_eq!(inferred.expect("inferred"), config);
            for (minibatch_stddev, category_dim) in [(true, 0), (false, 3)] {
                let config = DiscriminatorConfig {
                    depths: vec![6, 5, 4],
                    minibatch_stddev,
                    category_dim,
                    ..DiscriminatorConfig::default()
                };
                let config = config.at_scale(scale);
                let inferred = infer_discriminator(&weights(config.init(&device)));
                assert_eq!(inferred.expect("inferred"), config);
            }
        }
    }

    #[test]
    fn one_network_in_place_of_the_other_is_told() {
        let device = Device::flex();
        let generator = weights(small_generator().init(&device));
        let error = infer_discriminator(&generator).unwrap_err().to_string();
        assert!(error.contains("looks like a generator"), "{error}");
        let discriminator = DiscriminatorConfig::default().at_scale(0);
        let discriminator = DiscriminatorConfig {
            depths: vec![4],
            ..discriminator
        };
        let error = infer_generator(&weights(discriminator.init(&device)))
            .unwrap_err()
            .to_string();
        assert!(error.contains("looks like a discriminator"), "{error}");
    }

    #[test]
    fn older_files_get_the_wrapper_that_they_lack() {
        let expected = weights(small_generator().init(&Device::flex()));
        let older: StateDict = expected
            .iter()
            .map(|(key, tensor)| (key.replace(".module", ""), tensor.clone()))
            .collect();
        assert!(older.contains_key("formatLayer.weight"));
        assert_eq!(with_module_keys(older), expected);
        assert_eq!(with_module_keys(expected.clone()), expected);
    }
}
