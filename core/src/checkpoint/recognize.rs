//! From an authors' file to a model: which family its keys are of, and what they do not tell.

use crate::checkpoint::failure::{Context, Result, bail, ensure};

use super::family::{Beside, FamilyName, settle};
use super::hints::{Hints, Naming, PganNetwork, Setting};
use super::{Checkpoint, PganCheckpoint, settings};
use crate::bundle::{
    InputKind, LatentAttribute, ModelConfig, encoder_shapes, generator_shapes, image_input,
    labels_input,
};
use crate::state_dict::{HasShape, Named, check_shapes, named};
use crate::{pgan, pix2pix, pix2pixhd, spade};

/// A generator that a file holds.
#[derive(Debug, Clone)]
pub struct Recognized<T> {
    /// What it is.
    pub model: ModelConfig,
    /// What it takes.
    pub input: InputKind,
    /// Its weights, exactly those that the network has.
    pub weights: Named<T>,
    /// Those of its encoder.
    pub encoder: Option<Named<T>>,
    /// What people should know of it.
    pub notes: Vec<String>,
    /// Another family that has such weights as well.
    pub or: Option<FamilyName>,
}

/// Reads the architecture from keys and shapes, and keeps exactly the weights that the network has.
///
/// # Errors
///
/// If the file is of no family, of another than `family`, or does not fit: listing every mismatch.
/// Or if something in `hints` is of no use to such a network. Each says which family it was taken for.
pub fn recognize<T: HasShape + Clone + PartialEq>(
    checkpoint: Checkpoint<T>,
    encoder: Option<Named<T>>,
    family: Option<FamilyName>,
    hints: &Hints,
) -> Result<Recognized<T>> {
    let dict = match checkpoint {
        Checkpoint::Pgan(checkpoint) => {
            ensure!(
                family.is_none_or(|family| family == FamilyName::Pgan),
                "this is a checkpoint of Progressive GAN: {} pgan",
                hints.called(Setting::Family)
            );
            let taken = "a checkpoint of Progressive GAN";
            return pgan_checkpoint(*checkpoint, encoder.as_ref(), hints).context(taken);
        }
        Checkpoint::StateDict(dict) => dict,
    };
    let (family, taken, or) = match family {
        Some(family) => {
            let said = hints.called(Setting::Family);
            (family, format!("taken for {family} ({said})"), None)
        }
        None => {
            let flag = encoder.is_some().then_some(hints.called(Setting::Encoder));
            let flag = flag.or(hints.pix2pixhd_setting());
            let settled = settle(&dict, Beside { flag }, hints.naming)?;
            let taken = format!(
                "taken for {}: {} ({} overrules that)",
                settled.family,
                settled.why,
                hints.called(Setting::Family)
            );
            (settled.family, taken, settled.or.map(|or| (settled, or)))
        }
    };
    let mut found = of_family(family, dict, encoder.as_ref(), hints).context(taken)?;
    if let Some((settled, or)) = or {
        found.notes.push(format!(
            "taken for {}: {}; if it is {or}'s, say {} {}",
            settled.family,
            settled.why,
            hints.called(Setting::Family),
            or.word()
        ));
        found.or = Some(or);
    }
    Ok(found)
}

fn of_family<T: HasShape + Clone>(
    family: FamilyName,
    dict: Named<T>,
    encoder: Option<&Named<T>>,
    hints: &Hints,
) -> Result<Recognized<T>> {
    match family {
        FamilyName::Pix2pix => {
            no_encoder(encoder.is_some(), family, hints)?;
            pix2pix(&dict, hints)
        }
        FamilyName::Pix2pixhd => pix2pixhd(&dict, encoder, hints),
        FamilyName::Spade => spade(&dict, encoder, hints),
        FamilyName::Pgan => {
            no_encoder(encoder.is_some(), family, hints)?;
            let dict = pgan::with_module_keys(dict);
            let generator = pgan::infer_generator(&dict)?;
            hints.only("a Progressive GAN generator by itself", &[])?;
            pgan_generator(generator, Vec::new(), &dict)
        }
    }
}

fn no_encoder(is_there: bool, family: FamilyName, hints: &Hints) -> Result<()> {
    let called = hints.called(Setting::Encoder);
    ensure!(!is_there, "{called}: {family} has no encoders");
    Ok(())
}

/// The weights that a network has, if all of them are there: stray entries are gone.
fn strict<T: HasShape + Clone>(
    needed: crate::Result<Vec<(String, Vec<usize>)>>,
    dict: &Named<T>,
    what: &str,
) -> Result<Named<T>> {
    let needed = needed?;
    let checked = check_shapes(&needed, dict).map_err(crate::Error::from);
    checked.with_context(|| what.to_owned())?;
    let found = |(key, _): (String, _)| Some((key.clone(), dict.get(&key)?.clone()));
    Ok(named(needed.into_iter().filter_map(found)))
}

fn pix2pix<T: HasShape + Clone>(dict: &Named<T>, hints: &Hints) -> Result<Recognized<T>> {
    let generator = pix2pix::infer_generator(dict, !hints.no_dropout)?;
    let what = format!("read as {}", generator.architecture);
    let network = ModelConfig::Pix2pix {
        generator: generator.clone(),
    };
    let weights = strict(generator_shapes(&network), dict, &what)?;
    let channels = generator.input_channels;
    let mut used = vec![
        Setting::Labels,
        Setting::Pictures,
        Setting::Palette,
        Setting::Size,
        Setting::AspectRatio,
    ];
    if matches!(generator.architecture, pix2pix::Architecture::Unet { .. }) {
        used.push(Setting::NoDropout);
    } else if hints.no_dropout {
        let has = if generator.dropout { "has" } else { "has none" };
        let called = hints.called(Setting::NoDropout);
        bail!("{called}: weights of a ResNet tell, and this one {has}: leave it out");
    }
    hints.only(&format!("pix2pix's {}", generator.architecture), &used)?;
    ensure!(
        !(hints.labels && hints.pictures),
        "{} and {}: a generator takes one of them",
        hints.called(Setting::Labels),
        hints.called(Setting::Pictures)
    );
    let takes_pictures = hints.pictures || !hints.labels && is_picture(channels);
    let input = match takes_pictures {
        true => pictures(channels, hints)?,
        false => labels_input(
            hints.layout(channels, (false, false))?,
            hints.palette.clone(),
        ),
    };
    Ok(Recognized {
        model: ModelConfig::Pix2pix { generator },
        input,
        weights,
        encoder: None,
        notes: Vec::new(),
        or: None,
    })
}

/// Pictures that are read have so many channels.
fn is_picture(channels: usize) -> bool {
    [1, 3].contains(&channels)
}

fn pictures(channels: usize, hints: &Hints) -> Result<InputKind> {
    ensure!(
        is_picture(channels),
        "{}: this generator takes {channels} channels, and pictures that are read have 1 (grey) or 3 \
         (RGB)",
        hints.called(Setting::Pictures)
    );
    Ok(image_input(channels, hints.palette.clone()))
}

fn pix2pixhd<T: HasShape + Clone>(
    dict: &Named<T>,
    encoder: Option<&Named<T>>,
    hints: &Hints,
) -> Result<Recognized<T>> {
    let generator = pix2pixhd::infer_generator(dict)?;
    let network = |encoder| ModelConfig::Pix2pixhd {
        generator: generator.clone(),
        feature_channels: 0,
        encoder,
    };
    let needed = generator_shapes(&network(None));
    let weights = strict(needed, dict, "read as a pix2pixHD generator")?;
    let said = hints.called(Setting::Encoder);
    let config = encoder
        .map(pix2pixhd::infer_encoder)
        .transpose()
        .context(said)?;
    let encoder = match (&config, encoder) {
        (Some(config), Some(dict)) => Some(strict(
            encoder_shapes(&network(Some(config.clone()))),
            dict,
            &format!("{said}: read as pix2pixHD's encoder"),
        )?),
        _ => None,
    };
    let used = [
        Setting::Pictures,
        Setting::FeatureChannels,
        // Not the authors', but a label map may have pixels of no class with any family.
        Setting::DontCare,
        Setting::Edges,
        Setting::Palette,
        Setting::Size,
        Setting::AspectRatio,
    ];
    hints.only("pix2pixHD", &used)?;
    let encoded = config.as_ref().map_or(0, |config| config.feature_channels);
    let feature_channels = hints.feature_channels.unwrap_or(encoded);
    let model = ModelConfig::Pix2pixhd {
        generator,
        feature_channels,
        encoder: config,
    };
    model.validate()?;
    let channels = model.condition_channels();
    let input = match hints.pictures {
        true if hints.edges == Some(true) => {
            bail!(
                "{} on: models that take pictures with edges are not supported; only label maps have edges",
                hints.called(Setting::Edges)
            )
        }
        true if hints.dont_care.is_some() => {
            bail!(
                "{}: pictures have no pixels of no class; leave it or {} out",
                hints.called(Setting::DontCare),
                hints.called(Setting::Pictures)
            )
        }
        true => pictures(channels, hints)?,
        // The authors mark edges unless --no_instance says otherwise.
        false => labels_input(
            hints.layout(channels, (false, true))?,
            hints.palette.clone(),
        ),
    };
    Ok(Recognized {
        model,
        input,
        weights,
        encoder,
        notes: Vec::new(),
        or: None,
    })
}

fn spade<T: HasShape + Clone>(
    dict: &Named<T>,
    encoder: Option<&Named<T>>,
    hints: &Hints,
) -> Result<Recognized<T>> {
    let generator = spade::infer_generator(dict, hints.spade())?;
    let network = |encoder| ModelConfig::Spade {
        generator: generator.clone(),
        encoder,
    };
    let needed = generator_shapes(&network(None));
    let weights = strict(needed, dict, "read as a SPADE generator")?;
    let said = hints.called(Setting::Encoder);
    let config = encoder
        .map(spade::infer_encoder)
        .transpose()
        .context(said)?;
    let encoder = match (&config, encoder) {
        (Some(config), Some(dict)) => Some(strict(
            encoder_shapes(&network(Some(config.clone()))),
            dict,
            &format!("{said}: read as SPADE's encoder"),
        )?),
        _ => None,
    };
    let mut used = vec![
        Setting::DontCare,
        Setting::Edges,
        Setting::Palette,
        Setting::Size,
        Setting::AspectRatio,
    ];
    let network = match &generator.architecture {
        spade::Architecture::Spade(found) => {
            used.push(Setting::Upsampling);
            if let Some(asked) = hints.upsampling.filter(|asked| *asked != found.upsampling) {
                bail!(
                    "{} {asked}: its weights are those of {}",
                    hints.called(Setting::Upsampling),
                    found.upsampling
                );
            }
            "SPADE"
        }
        spade::Architecture::Pix2pixHd(_) => "SPADE with pix2pixHD's generator",
    };
    hints.only(network, &used)?;
    // The data sets of the paper: COCO-Stuff, ADE20K, Cityscapes.
    let usual = match generator.input_channels {
        184 => (true, true),
        151 => (true, false),
        36 => (false, true),
        _ => (false, false),
    };
    let layout = hints.layout(generator.input_channels, usual)?;
    let model = ModelConfig::Spade {
        generator,
        encoder: config,
    };
    model.validate()?;
    if let (Some([height, width]), Some(size)) = (model.fixed_size(), hints.size) {
        ensure!(
            width == size,
            "{} {size}: its weights are those of pictures of {width}x{height}",
            hints.called(Setting::Size)
        );
    }
    Ok(Recognized {
        model,
        input: labels_input(layout, hints.palette.clone()),
        weights,
        encoder,
        notes: Vec::new(),
        or: None,
    })
}

fn pgan_checkpoint<T: HasShape + Clone + PartialEq>(
    checkpoint: PganCheckpoint<T>,
    encoder: Option<&Named<T>>,
    hints: &Hints,
) -> Result<Recognized<T>> {
    no_encoder(encoder.is_some(), FamilyName::Pgan, hints)?;
    let dict = match hints.network.unwrap_or_default() {
        PganNetwork::Average => &checkpoint.average,
        PganNetwork::Generator => &checkpoint.generator,
    };
    let generator = settings::generator_config(&checkpoint.config, dict)?;
    hints.only("a Progressive GAN", &[Setting::Network])?;
    let alpha = settings::alpha(&checkpoint.config)?;
    let resolution = generator.resolution();
    let attributes = settings::class_attributes(&checkpoint.config, generator.category_dim)?;
    let mut found = pgan_generator(generator, attributes, dict)?;
    if hints.network.is_none() && checkpoint.average != checkpoint.generator {
        found.notes.push(format!(
            "takes avgG, the running average; it also holds netG ({} generator takes it)",
            hints.called(Setting::Network)
        ));
    }
    if alpha > 0.0 {
        let shown = match hints.naming {
            Naming::Flags => format!("`generate --alpha {alpha}`"),
            Naming::Fields => format!("alpha {alpha}"),
        };
        found.notes.push(format!(
            "saved while {resolution} pixels faded in: {shown} shows it as it was"
        ));
    }
    Ok(found)
}

fn pgan_generator<T: HasShape + Clone>(
    generator: pgan::GeneratorConfig,
    attributes: Vec<LatentAttribute>,
    dict: &Named<T>,
) -> Result<Recognized<T>> {
    let channels = generator.input_dim();
    let model = ModelConfig::Pgan { generator };
    let needed = generator_shapes(&model);
    let weights = strict(needed, dict, "read as a Progressive GAN generator")?;
    Ok(Recognized {
        model,
        input: InputKind::Latent {
            channels,
            attributes,
        },
        weights,
        encoder: None,
        notes: Vec::new(),
        or: None,
    })
}
