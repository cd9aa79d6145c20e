//! PGAN's networks, as the settings in their checkpoint describe them.

use crate::bundle::{LatentAttribute, list_attributes};
use crate::checkpoint::failure::{Context, Result, bail, ensure};
use crate::layers::LayerScaling;
use crate::pgan::{
    Criterion, DiscriminatorConfig, GeneratorConfig, infer_discriminator, infer_generator,
};
use crate::state_dict::{HasShape, Named};

use super::pickle::{Attribute, Attributes};

/// The generator that a checkpoint holds: its sizes by the weights, the rest by the settings, and what
/// an old file does not say is as in the paper.
///
/// # Errors
///
/// If the weights are not a generator's, a setting is of another kind than the authors', or the two
/// contradict each other.
///
/// Source: spec section 5.9.
pub fn generator_config<T: HasShape>(
    settings: &Attributes,
    weights: &Named<T>,
) -> Result<GeneratorConfig> {
    let settings = Settings(settings);
    let found = infer_generator(weights)?;
    let category_dim = settings.count("categoryVectorDim")?.unwrap_or(0);
    settings.check_depths(&found.depths)?;
    settings.check("dimOutput", found.output_channels)?;
    let latent = found.latent_dim;
    settings.check("latentVectorDim", latent)?;
    let Some(latent_dim) = latent.checked_sub(category_dim) else {
        bail!("categoryVectorDim is {category_dim}, but a latent has {latent} numbers");
    };
    settings.check("noiseVectorDim", latent_dim)?;
    let config = GeneratorConfig {
        latent_dim,
        category_dim,
        output: settings.criterion()?.output(),
        scaling: settings.scaling()?,
        pixel_norm: settings.switch("perChannelNormalization")?.unwrap_or(true),
        leaky_slope: settings
            .number("leakyReluLeak")?
            .unwrap_or(found.leaky_slope),
        ..found
    };
    config.validate()?;
    Ok(config)
}

/// What a class-conditional generator can be asked for: the attributes of its data set and their classes
/// (`attribKeysOrder`), in the order of the one-hot part. None where an old file does not name them.
///
/// # Errors
///
/// If they are not as the authors write them, or are not `classes` in all.
pub fn class_attributes(settings: &Attributes, classes: usize) -> Result<Vec<LatentAttribute>> {
    const NAME: &str = "attribKeysOrder";
    let settings = Settings(settings);
    let keys = match settings.get(NAME) {
        _ if classes == 0 => return Ok(Vec::new()),
        None => return Ok(Vec::new()),
        Some(Attribute::Dict(keys)) => keys,
        Some(other) => bail!("{NAME}: expected a dictionary, found {other:?}"),
    };
    let mut attributes = Vec::new();
    for (name, value) in keys {
        let place = format!("{NAME}, {name}");
        let Attribute::Dict(value) = value else {
            bail!("{place}: expected a dictionary with order and values, found {value:?}");
        };
        let value = Settings(value);
        let order = value.count("order").with_context(|| place.clone())?;
        let order = order.with_context(|| format!("{place}: no order"))?;
        let values = match value.get("values") {
            Some(Attribute::List(values)) => values.iter().map(class_name).collect(),
            other => bail!("{place}: expected a list of values, found {other:?}"),
        };
        let attribute = LatentAttribute {
            name: name.clone(),
            classes: values,
        };
        attributes.push((order, attribute));
    }
    attributes.sort_by_key(|(order, _)| *order);
    let attributes: Vec<LatentAttribute> = attributes.into_iter().map(|(_, one)| one).collect();
    let found: usize = attributes.iter().map(|one| one.classes.len()).sum();
    ensure!(
        found == classes,
        "{NAME}: expected {classes} classes, as many as categoryVectorDim, found {found} ({})",
        list_attributes(&attributes)
    );
    Ok(attributes)
}

/// Classes are texts, or numbers in data sets that count them.
fn class_name(value: &Attribute) -> String {
    match value {
        Attribute::Text(name) => name.clone(),
        Attribute::Int(number) => number.to_string(),
        Attribute::Float(number) => number.to_string(),
        Attribute::Bool(true) => "True".to_owned(),
        Attribute::Bool(false) => "False".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The discriminator that a checkpoint holds, as [`generator_config`]; the blend of 8×8, which the
/// original forgot (B-17), is on.
///
/// # Errors
///
/// As [`generator_config`].
pub fn discriminator_config<T: HasShape>(
    settings: &Attributes,
    weights: &Named<T>,
) -> Result<DiscriminatorConfig> {
    let settings = Settings(settings);
    let found = infer_discriminator(weights)?;
    settings.check_depths(&found.depths)?;
    settings.check("dimOutput", found.input_channels)?;
    settings.check("categoryVectorDim", found.category_dim)?;
    if let Some(spread) = settings.switch("miniBatchStdDev")? {
        ensure!(
            spread == found.minibatch_stddev,
            "miniBatchStdDev is {spread}, but the weights say {}",
            found.minibatch_stddev
        );
    }
    let config = DiscriminatorConfig {
        scaling: settings.scaling()?,
        leaky_slope: settings
            .number("leakyReluLeak")?
            .unwrap_or(found.leaky_slope),
        ..found
    };
    config.validate()?;
    Ok(config)
}

/// Share of the scale before the last, in a checkpoint written while the last one faded in; else 0.
///
/// # Errors
///
/// If the setting is no number.
pub fn alpha(settings: &Attributes) -> Result<f64> {
    Ok(Settings(settings).number("alpha")?.unwrap_or(0.0))
}

/// Settings by the authors' names; one that an old file lacks, or that is `None`, is `None`.
struct Settings<'a>(&'a Attributes);

impl Settings<'_> {
    fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.get(name).filter(|value| **value != Attribute::None)
    }

    fn number(&self, name: &str) -> Result<Option<f64>> {
        match self.get(name) {
            None => Ok(None),
            Some(Attribute::Float(number)) => Ok(Some(*number)),
            Some(Attribute::Int(number)) => Ok(Some(*number as f64)),
            Some(other) => bail!("{name}: expected a number, found {other:?}"),
        }
    }

    fn count(&self, name: &str) -> Result<Option<usize>> {
        self.get(name).map(|value| count(name, value)).transpose()
    }

    fn switch(&self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Attribute::Bool(on)) => Ok(Some(*on)),
            Some(Attribute::Int(number @ (0 | 1))) => Ok(Some(*number == 1)),
            Some(other) => bail!("{name}: expected True or False, found {other:?}"),
        }
    }

    fn scaling(&self) -> Result<LayerScaling> {
        Ok(match self.switch("equalizedlR")?.unwrap_or(true) {
            true => LayerScaling::Equalized,
            false => LayerScaling::Plain,
        })
    }

    fn criterion(&self) -> Result<Criterion> {
        match self.get("lossCriterion") {
            None => Ok(Criterion::Wgangp),
            Some(Attribute::Text(name)) => Ok(match name.as_str() {
                "WGANGP" => Criterion::Wgangp,
                "Logistic" => Criterion::Logistic,
                "MSE" => Criterion::Mse,
                "DCGAN" => Criterion::Dcgan,
                _ => {
                    bail!("lossCriterion: expected WGANGP, Logistic, MSE or DCGAN, found {name:?}")
                }
            }),
            Some(other) => bail!("lossCriterion: expected a text, found {other:?}"),
        }
    }

    /// A count that the weights tell as well.
    fn check(&self, name: &str, by_weights: usize) -> Result<()> {
        match self.count(name)? {
            Some(found) if found != by_weights => {
                bail!("{name} is {found}, but the weights say {by_weights}")
            }
            _ => Ok(()),
        }
    }

    /// `depthScale0` and `depthOtherScales` are the channels of the scales.
    fn check_depths(&self, by_weights: &[usize]) -> Result<()> {
        let Some(first) = self.count("depthScale0")? else {
            return Ok(());
        };
        let mut depths = vec![first];
        match self.get("depthOtherScales") {
            None => {}
            Some(Attribute::List(scales)) => {
                for scale in scales {
                    depths.push(count("depthOtherScales", scale)?);
                }
            }
            Some(other) => bail!("depthOtherScales: expected a list, found {other:?}"),
        }
        ensure!(
            depths == by_weights,
            "depthScale0 and depthOtherScales are {depths:?}, but the weights say {by_weights:?}"
        );
        Ok(())
    }
}

fn count(name: &str, value: &Attribute) -> Result<usize> {
    match value {
        Attribute::Int(number) if *number >= 0 => Ok(*number as usize),
        other => bail!("{name}: expected a count, found {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgan::OutputActivation;
    use crate::state_dict::{StateDict, state_dict};
    use burn::tensor::Device;

    fn generator() -> GeneratorConfig {
        GeneratorConfig {
            depths: vec![4, 3],
            latent_dim: 6,
            category_dim: 2,
            output_channels: 1,
            output: OutputActivation::Tanh,
            scaling: LayerScaling::Plain,
            pixel_norm: false,
            leaky_slope: 0.1,
        }
    }

    fn discriminator() -> DiscriminatorConfig {
        DiscriminatorConfig {
            depths: vec![4, 3],
            input_channels: 1,
            category_dim: 2,
            minibatch_stddev: false,
            scaling: LayerScaling::Plain,
            leaky_slope: 0.1,
            ..DiscriminatorConfig::default()
        }
    }

    fn weights() -> (StateDict, StateDict) {
        let device = Device::flex();
        let generator = generator().init(&device).expect("a valid config");
        let discriminator = discriminator().init(&device).expect("a valid config");
        (state_dict(&generator), state_dict(&discriminator))
    }

    fn settings() -> Attributes {
        let settings = [
            ("depthScale0", Attribute::Int(4)),
            ("depthOtherScales", Attribute::List(vec![Attribute::Int(3)])),
            ("noiseVectorDim", Attribute::Int(6)),
            ("categoryVectorDim", Attribute::Int(2)),
            ("latentVectorDim", Attribute::Int(8)),
            ("dimOutput", Attribute::Int(1)),
            ("alpha", Attribute::Float(0.5)),
            ("miniBatchStdDev", Attribute::Bool(false)),
            ("perChannelNormalization", Attribute::Bool(false)),
            ("leakyReluLeak", Attribute::Float(0.1)),
            ("equalizedlR", Attribute::Bool(false)),
            ("lossCriterion", Attribute::Text("DCGAN".to_owned())),
        ];
        settings
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    #[test]
    fn settings_say_what_the_weights_do_not() {
        let (weights_g, weights_d) = weights();
        let found = generator_config(&settings(), &weights_g).expect("a generator");
        assert_eq!(found, generator());
        let found = discriminator_config(&settings(), &weights_d).expect("a discriminator");
        assert_eq!(found, discriminator());
        assert_eq!(alpha(&settings()).expect("a number"), 0.5);
    }

    #[test]
    fn what_an_old_file_does_not_say_is_as_in_the_paper() {
        let (weights_g, weights_d) = weights();
        let none = Attributes::new();
        let found = generator_config(&none, &weights_g).expect("a generator");
        let expected = GeneratorConfig {
            depths: vec![4, 3],
            latent_dim: 8,
            output_channels: 1,
            ..GeneratorConfig::default()
        };
        assert_eq!(found, expected);
        assert!(discriminator_config(&none, &weights_d).is_ok());
        assert_eq!(alpha(&none).expect("a number"), 0.0);
    }

    #[test]
    fn classes_are_named_in_the_order_of_the_one_hot_part() {
        let attribute = |order, values: &[&str]| {
            let values = values.iter().map(|&value| Attribute::Text(value.into()));
            Attribute::Dict(Attributes::from([
                ("order".into(), Attribute::Int(order)),
                ("values".into(), Attribute::List(values.collect())),
            ]))
        };
        let keys = Attributes::from([
            ("Main".into(), attribute(1, &["cat", "dog"])),
            ("Colour".into(), attribute(2, &["red", "blue", "white"])),
            ("Zoo".into(), attribute(0, &["yes", "no"])),
        ]);
        let settings = Attributes::from([("attribKeysOrder".into(), Attribute::Dict(keys))]);
        let found = class_attributes(&settings, 7).expect("attributes");
        assert_eq!(
            list_attributes(&found),
            "Zoo: yes, no; Main: cat, dog; Colour: red, blue, white"
        );
        let told = class_attributes(&settings, 6).unwrap_err().to_string();
        assert!(
            told.contains("expected 6 classes") && told.contains("found 7"),
            "{told}"
        );
        assert_eq!(class_attributes(&settings, 0).expect("none"), []);
        assert_eq!(class_attributes(&Attributes::new(), 3).expect("none"), []);
        for wrong in [
            Attribute::Int(3),
            Attribute::Dict(Attributes::from([("Main".into(), Attribute::None)])),
        ] {
            let settings = Attributes::from([("attribKeysOrder".into(), wrong)]);
            let told = class_attributes(&settings, 3).unwrap_err().to_string();
            assert!(
                told.contains("attribKeysOrder") && told.contains("expected a dictionary"),
                "{told}"
            );
        }
    }

    #[test]
    fn settings_that_contradict_the_weights_are_an_error() {
        let (weights_g, weights_d) = weights();
        for (name, value, part) in [
            ("depthScale0", Attribute::Int(5), "[5, 3]"),
            ("depthOtherScales", Attribute::Int(3), "expected a list"),
            ("noiseVectorDim", Attribute::Int(7), "the weights say 6"),
            ("categoryVectorDim", Attribute::Int(9), "9"),
            ("latentVectorDim", Attribute::Int(-8), "expected a count"),
            ("dimOutput", Attribute::Int(3), "the weights say 1"),
            ("lossCriterion", Attribute::Text("LSGAN".into()), "LSGAN"),
            ("equalizedlR", Attribute::Int(2), "expected True or False"),
            ("leakyReluLeak", Attribute::Bool(true), "expected a number"),
        ] {
            let mut settings = settings();
            settings.insert(name.to_owned(), value);
            let told = generator_config(&settings, &weights_g)
                .unwrap_err()
                .to_string();
            assert!(told.contains(name) && told.contains(part), "{told}");
        }
        let mut settings = settings();
        settings.insert("miniBatchStdDev".to_owned(), Attribute::Bool(true));
        let told = discriminator_config(&settings, &weights_d).unwrap_err();
        assert!(told.to_string().contains("miniBatchStdDev"), "{told}");
    }
}
