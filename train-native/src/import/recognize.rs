//! From an authors' file to a model: which family its keys are of, and what they do not tell.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use underpaint_core::bundle::{InputKind, LatentAttribute, ModelConfig};
use underpaint_core::state_dict::{AuthorsKeys, StateDict, load_state_dict, state_dict};
use underpaint_core::{pgan, pix2pix, pix2pixhd, spade};

use super::family::{Beside, FamilyName, settle};
use super::hints::{Hints, PganNetwork};
use super::{Checkpoint, PganCheckpoint, pgan as settings};
use crate::model::{image_input, labels_input};

/// A generator that a file holds.
#[derive(Debug)]
pub struct Recognized {
    /// What it is.
    pub model: ModelConfig,
    /// What it takes.
    pub input: InputKind,
    /// Its weights, exactly those that the network has.
    pub weights: StateDict,
    /// Those of its encoder.
    pub encoder: Option<StateDict>,
    /// What people should know of it.
    pub notes: Vec<String>,
}

/// Reads the architecture from keys and shapes, and loads the weights strictly.
///
/// # Errors
///
/// If the file is of no family, of another than `family`, or does not fit: listing every mismatch.
/// Or if something in `hints` is of no use to such a network. Each says which family it was taken for.
pub fn recognize(
    checkpoint: Checkpoint,
    encoder: Option<StateDict>,
    family: Option<FamilyName>,
    hints: &Hints,
) -> Result<Recognized> {
    let dict = match checkpoint {
        Checkpoint::Pgan(checkpoint) => {
            ensure!(
                family.is_none_or(|family| family == FamilyName::Pgan),
                "this is a checkpoint of Progressive GAN: --family pgan"
            );
            let taken = "a checkpoint of Progressive GAN";
            return pgan_checkpoint(*checkpoint, encoder.as_ref(), hints).context(taken);
        }
        Checkpoint::StateDict(dict) => dict,
    };
    let (family, taken, or) = match family {
        Some(family) => (family, format!("taken for {family} (--family)"), None),
        None => {
            let flag = encoder.is_some().then_some("--encoder");
            let flag = flag.or(hints.pix2pixhd_flag());
            let settled = settle(&dict, Beside { flag })?;
            let taken = format!(
                "taken for {}: {} (--family overrules that)",
                settled.family, settled.why
            );
            (settled.family, taken, settled.or.map(|or| (settled, or)))
        }
    };
    let mut found = of_family(family, dict, encoder.as_ref(), hints).context(taken)?;
    if let Some((settled, or)) = or {
        found.notes.push(format!(
            "taken for {}: {}; if it is {or}'s, say --family {}",
            settled.family,
            settled.why,
            or.word()
        ));
    }
    Ok(found)
}

fn of_family(
    family: FamilyName,
    dict: StateDict,
    encoder: Option<&StateDict>,
    hints: &Hints,
) -> Result<Recognized> {
    match family {
        FamilyName::Pix2pix => {
            no_encoder(encoder, family)?;
            pix2pix(&dict, hints)
        }
        FamilyName::Pix2pixhd => pix2pixhd(&dict, encoder, hints),
        FamilyName::Spade => spade(&dict, encoder, hints),
        FamilyName::Pgan => {
            no_encoder(encoder, family)?;
            let dict = pgan::with_module_keys(dict);
            let generator = pgan::infer_generator(&dict)?;
            hints.only("a Progressive GAN generator by itself", &[])?;
            pgan_generator(generator, Vec::new(), &dict)
        }
    }
}

fn no_encoder(encoder: Option<&StateDict>, family: FamilyName) -> Result<()> {
    ensure!(encoder.is_none(), "--encoder: {family} has no encoders");
    Ok(())
}

/// Loads strictly, and gives back what the network holds: stray entries are gone.
fn strict<M: AuthorsKeys>(network: M, dict: &StateDict, what: &str) -> Result<StateDict> {
    let network = load_state_dict(network, dict).with_context(|| what.to_owned())?;
    Ok(state_dict(&network))
}

fn pix2pix(dict: &StateDict, hints: &Hints) -> Result<Recognized> {
    let generator = pix2pix::infer_generator(dict, !hints.no_dropout)?;
    let what = format!("read as {}", generator.architecture);
    let weights = strict(generator.init(&Device::flex())?, dict, &what)?;
    let channels = generator.input_channels;
    let mut used = vec![
        "--labels",
        "--pictures",
        "--palette",
        "--size",
        "--aspect-ratio",
    ];
    if matches!(generator.architecture, pix2pix::Architecture::Unet { .. }) {
        used.push("--no-dropout");
    } else if hints.no_dropout {
        let has = if generator.dropout { "has" } else { "has none" };
        bail!("--no-dropout: weights of a ResNet tell, and this one {has}: leave it out");
    }
    hints.only(&format!("pix2pix's {}", generator.architecture), &used)?;
    ensure!(
        !(hints.labels && hints.pictures),
        "--labels and --pictures: a generator takes one of them"
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
    })
}

/// Pictures that are read have so many channels.
fn is_picture(channels: usize) -> bool {
    [1, 3].contains(&channels)
}

fn pictures(channels: usize, hints: &Hints) -> Result<InputKind> {
    ensure!(
        is_picture(channels),
        "--pictures: this generator takes {channels} channels, and pictures that are read have 1 (grey) \
         or 3 (RGB)"
    );
    Ok(image_input(channels, hints.palette.clone()))
}

fn pix2pixhd(dict: &StateDict, encoder: Option<&StateDict>, hints: &Hints) -> Result<Recognized> {
    let device = Device::flex();
    let generator = pix2pixhd::infer_generator(dict)?;
    let weights = strict(
        generator.init(&device)?,
        dict,
        "read as a pix2pixHD generator",
    )?;
    let config = encoder
        .map(pix2pixhd::infer_encoder)
        .transpose()
        .context("--encoder")?;
    let encoder = match (&config, encoder) {
        (Some(config), Some(dict)) => Some(strict(
            config.init(&device)?,
            dict,
            "--encoder: read as pix2pixHD's encoder",
        )?),
        _ => None,
    };
    let used = [
        "--pictures",
        "--feature-channels",
        // Not the authors', but a label map may have pixels of no class with any family.
        "--dont-care",
        "--edges",
        "--palette",
        "--size",
        "--aspect-ratio",
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
                "--edges on: models that take pictures with edges are not supported; only label maps have edges"
            )
        }
        true if hints.dont_care.is_some() => {
            bail!("--dont-care: pictures have no pixels of no class; leave it or --pictures out")
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
    })
}

fn spade(dict: &StateDict, encoder: Option<&StateDict>, hints: &Hints) -> Result<Recognized> {
    let device = Device::flex();
    let generator = spade::infer_generator(dict, hints.spade())?;
    let weights = strict(generator.init(&device)?, dict, "read as a SPADE generator")?;
    let config = encoder
        .map(spade::infer_encoder)
        .transpose()
        .context("--encoder")?;
    let encoder = match (&config, encoder) {
        (Some(config), Some(dict)) => Some(strict(
            config.init(&device)?,
            dict,
            "--encoder: read as SPADE's encoder",
        )?),
        _ => None,
    };
    let mut used = vec![
        "--dont-care",
        "--edges",
        "--palette",
        "--size",
        "--aspect-ratio",
    ];
    let network = match &generator.architecture {
        spade::Architecture::Spade(found) => {
            used.push("--upsampling");
            if let Some(asked) = hints.upsampling.filter(|asked| *asked != found.upsampling) {
                bail!(
                    "--upsampling {asked}: its weights are those of {}",
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
            "--size {size}: its weights are those of pictures of {width}x{height}"
        );
    }
    Ok(Recognized {
        model,
        input: labels_input(layout, hints.palette.clone()),
        weights,
        encoder,
        notes: Vec::new(),
    })
}

fn pgan_checkpoint(
    checkpoint: PganCheckpoint,
    encoder: Option<&StateDict>,
    hints: &Hints,
) -> Result<Recognized> {
    no_encoder(encoder, FamilyName::Pgan)?;
    let dict = match hints.network.unwrap_or_default() {
        PganNetwork::Average => &checkpoint.average,
        PganNetwork::Generator => &checkpoint.generator,
    };
    let generator = settings::generator_config(&checkpoint.config, dict)?;
    hints.only("a Progressive GAN", &["--network"])?;
    let alpha = settings::alpha(&checkpoint.config)?;
    let resolution = generator.resolution();
    let attributes = settings::class_attributes(&checkpoint.config, generator.category_dim)?;
    let mut found = pgan_generator(generator, attributes, dict)?;
    if hints.network.is_none() && checkpoint.average != checkpoint.generator {
        found.notes.push(
            "takes avgG, the running average; it also holds netG (--network generator takes it)"
                .to_owned(),
        );
    }
    if alpha > 0.0 {
        found.notes.push(format!(
            "saved while {resolution} pixels faded in: `generate --alpha {alpha}` shows it as it was"
        ));
    }
    Ok(found)
}

fn pgan_generator(
    generator: pgan::GeneratorConfig,
    attributes: Vec<LatentAttribute>,
    dict: &StateDict,
) -> Result<Recognized> {
    let network = generator.init(&Device::flex())?;
    let weights = strict(network, dict, "read as a Progressive GAN generator")?;
    let channels = generator.input_dim();
    Ok(Recognized {
        model: ModelConfig::Pgan { generator },
        input: InputKind::Latent {
            channels,
            attributes,
        },
        weights,
        encoder: None,
        notes: Vec::new(),
    })
}
