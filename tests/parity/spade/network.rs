//! Forward passes and gradients.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint::import::read_state_dict;
use underpaint_core::bundle::{Inputs, ModelConfig};
use underpaint_core::layers::Mode;
use underpaint_core::spade::{
    Architecture, EncoderConfig, Generator, GeneratorConfig, Hint, ParamFreeNorm,
    SpadeArchitecture, SpadeBlock, infer_discriminator, infer_encoder, infer_generator,
    reparameterize,
};
use underpaint_core::state_dict::{StateDict, StateTensor, load_state_dict};
use underpaint_tests::{Fixture, Flags, Golden};

use super::pass::{Pass, check_counts, compare_all, compare_some, mode, modes};
use super::{discriminator_config, encoder_config, generator_config, layout, segmentation};
use crate::formula::formula_weights;
use crate::network::tensor;
use crate::runner::{Route, encoded};

/// Generators, with their weights in a file.
pub fn generator(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = super::flags(fixture)?;
    let config = generator_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("G")?)?;
    check_inferred(&config, &weights)?;
    let (mut pass, mut used) = (Pass::default(), Used::default());
    for name in modes(&flags)? {
        let network = init(&config, &weights, device)?;
        run_generator(fixture, &flags, &network, &name, &name, &mut pass, device)?;
        use_generator(
            fixture,
            &flags,
            (&config, &weights),
            [&name, &name],
            &mut used,
            device,
        )?;
    }
    check_counts(fixture, "G", &weights)?;
    compare_all(fixture, &pass)?;
    compare_used(fixture, &used)
}

/// Runs a generator as it is used, in the mode `name`, if that is the one of use: in training the
/// original estimates the spectral norm anew before each pass. Only where its size is one that ours
/// takes: the original starts from the crop size whatever the size of the segmentation.
fn use_generator(
    fixture: &Fixture,
    flags: &Flags<'_>,
    (config, weights): (&GeneratorConfig, &StateDict),
    [name, label]: [&str; 2],
    used: &mut Used,
    device: &Device,
) -> Result<()> {
    let segmentation = segmentation(fixture, flags, device)?;
    if name != "eval" || config.check_input(segmentation.dims()).is_err() {
        return Ok(());
    }
    for (route, pass) in Route::ALL.into_iter().zip(used) {
        let inputs = Inputs {
            latents: latent(fixture, device)?,
            ..Inputs::from(segmentation.clone())
        };
        let model = ModelConfig::Spade {
            generator: config.clone(),
            encoder: None,
        };
        let picture = route.generate(model, weights, name, inputs, device)?;
        pass.add(format!("output_{label}"), &picture);
    }
    Ok(())
}

/// What each route gave.
type Used = [Pass; Route::ALL.len()];

fn compare_used(fixture: &Fixture, used: &Used) -> Result<()> {
    for (route, pass) in Route::ALL.into_iter().zip(used) {
        compare_present(fixture, pass).context(route.told())?;
    }
    Ok(())
}

/// Compares what is in a pass, and nothing where it is empty.
fn compare_present(fixture: &Fixture, pass: &Pass) -> Result<()> {
    if pass.tensors.is_empty() {
        return Ok(());
    }
    let wanted = |name: &str| {
        let mut outputs = pass.tensors.keys();
        outputs.any(|output| name.split("_stride").next() == Some(output))
    };
    compare_some(fixture, pass, wanted)
}

/// Generators with weights by a formula, under several norms.
pub fn formula_generator(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = super::flags(fixture)?;
    let config = generator_config(&flags)?;
    let mut weights = formula_weights(fixture)?;
    for name in fixture.tensor_names("input") {
        if let Some(key) = name.strip_prefix("buf.") {
            weights.insert(key.to_owned(), state_tensor(&fixture.tensor(&name)?));
        }
    }
    check_inferred(&config, &weights)?;
    check_counts(fixture, "G", &weights)?;
    let (mut pass, mut used) = (Pass::default(), Used::default());
    let outputs = fixture.tensor_names("output");
    for (norm, kind) in [
        ("sync", ParamFreeNorm::Batch),
        ("batch", ParamFreeNorm::Batch),
        ("instance", ParamFreeNorm::Instance),
    ] {
        for name in ["train", "eval"] {
            let label = format!("{norm}_{name}");
            if !outputs
                .iter()
                .any(|output| output.starts_with(&format!("output_{label}")))
            {
                continue;
            }
            let (config, weights) = with_norm(&config, &weights, kind)?;
            let network = init(&config, &weights, device)?;
            run_generator(fixture, &flags, &network, name, &label, &mut pass, device)?;
            use_generator(
                fixture,
                &flags,
                (&config, &weights),
                [name, &label],
                &mut used,
                device,
            )?;
        }
    }
    compare_all(fixture, &pass)?;
    compare_used(fixture, &used)
}

fn state_tensor(golden: &Golden) -> StateTensor {
    StateTensor {
        shape: golden.shape.clone(),
        values: golden.f32(),
    }
}

/// The same weights under another parameter-free norm.
fn with_norm(
    config: &GeneratorConfig,
    weights: &StateDict,
    norm: ParamFreeNorm,
) -> Result<(GeneratorConfig, StateDict)> {
    let Architecture::Spade(mut spade) = config.architecture else {
        bail!("a pix2pixhd generator has no parameter-free norm");
    };
    spade.norm.norm = norm;
    let mut weights = weights.clone();
    if norm == ParamFreeNorm::Instance {
        weights.retain(|key, _| !key.contains("param_free_norm"));
    }
    let architecture = Architecture::Spade(spade);
    Ok((
        GeneratorConfig {
            architecture,
            ..config.clone()
        },
        weights,
    ))
}

fn init(config: &GeneratorConfig, weights: &StateDict, device: &Device) -> Result<Generator> {
    let network = config.init(&device.clone().autodiff())?;
    Ok(load_state_dict(network, weights)?)
}

fn check_inferred(config: &GeneratorConfig, weights: &StateDict) -> Result<()> {
    let hint = match config.architecture {
        Architecture::Spade(spade) => Hint {
            upsampling: spade.upsampling,
            crop_size: spade.crop_size,
            aspect_ratio: spade.aspect_ratio,
        },
        Architecture::Pix2pixHd(_) => Hint::default(),
    };
    let inferred = infer_generator(weights, hint)?;
    ensure!(
        inferred == *config,
        "inferred {inferred:?} from the keys, the flags say {config:?}"
    );
    Ok(())
}

/// Runs a generator in the mode `name` and adds what it gives, named by `label`.
fn run_generator(
    fixture: &Fixture,
    flags: &Flags<'_>,
    network: &Generator,
    name: &str,
    label: &str,
    pass: &mut Pass,
    device: &Device,
) -> Result<()> {
    let device = device.clone().autodiff();
    let segmentation = segmentation(fixture, flags, &device)?;
    let latent = latent(fixture, &device)?;
    let output = forward(
        network,
        flags,
        segmentation,
        latent,
        mode(name)?,
        label,
        pass,
    )?;
    pass.add(format!("output_{label}"), &output);
    let wants_gradients = fixture
        .tensor_names("output")
        .iter()
        .any(|tensor| tensor.starts_with("grad_"));
    if wants_gradients {
        // d mean(output^2)
        let gradients = (output.clone() * output).mean().backward();
        pass.add_gradients(label, network, gradients);
    }
    pass.add_state(name, network);
    Ok(())
}

fn latent(fixture: &Fixture, device: &Device) -> Result<Option<Tensor<2>>> {
    if !fixture.tensor_names("input").iter().any(|name| name == "z") {
        return Ok(None);
    }
    let golden = fixture.tensor("z")?;
    let data = TensorData::new(golden.f32(), golden.shape.clone());
    Ok(Some(Tensor::from_data(data, device)))
}

fn forward(
    network: &Generator,
    flags: &Flags<'_>,
    segmentation: Tensor<4>,
    latent: Option<Tensor<2>>,
    mode: Mode,
    label: &str,
    pass: &mut Pass,
) -> Result<Tensor<4>> {
    let config = generator_config(flags)?;
    let fits = config.check_input(segmentation.dims()).is_ok();
    match (network, config.architecture) {
        (Generator::Spade(spade), Architecture::Spade(shape))
            if !fits || flags.value("acts").is_array() =>
        {
            let mut observe = |name: &str, x: &Tensor<4>| {
                pass.add(format!("act_{label}.{name}"), x);
            };
            // The original starts from the crop size, whatever the size of the segmentation.
            let base = shape.base_size();
            Ok(spade.forward_observed(segmentation, latent, base, mode, &mut observe))
        }
        _ => {
            config.check_input(segmentation.dims())?;
            Ok(network.forward(segmentation, latent, mode))
        }
    }
}

/// One residual block.
pub fn block(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = super::flags(fixture)?;
    let Architecture::Spade(spade) = generator_config(&flags)?.architecture else {
        bail!("a pix2pixhd generator has no such block");
    };
    let channels = [flags.count("fin")?, flags.count("fout")?];
    let weights = read_state_dict(&fixture.weight_file("block")?)?;
    check_counts(fixture, "block", &weights)?;
    let training = device.clone().autodiff();
    let mut pass = Pass::default();
    for name in modes(&flags)? {
        let network = SpadeBlock::new(&spade.norm, channels, layout(&flags)?.channels(), &training);
        let network = load_state_dict(network, &weights)?;
        let x = tensor(&fixture.tensor("x")?, &training).require_grad();
        let segmentation = segmentation(fixture, &flags, &training)?;
        let output = network.forward(x.clone(), &segmentation, mode(&name)?.statistics);
        pass.add(format!("output_{name}"), &output);
        let mut gradients = (output.clone() * output).mean().backward();
        let gradient = x.grad_remove(&mut gradients).context("no gradient of x")?;
        pass.add(format!("grad_x_{name}"), &gradient);
        pass.add_gradients(&name, &network, gradients);
        pass.add_state(&name, &network);
    }
    compare_all(fixture, &pass)
}

/// The multi-scale discriminator.
pub fn discriminator(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = super::flags(fixture)?;
    let config = discriminator_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("D")?)?;
    check_counts(fixture, "D", &weights)?;
    let inferred = infer_discriminator(&weights)?;
    ensure!(
        inferred == config,
        "inferred {inferred:?}, the flags say {config:?}"
    );
    let training = device.clone().autodiff();
    let mut pass = Pass::default();
    for name in modes(&flags)? {
        let network = load_state_dict(config.init(&training)?, &weights)?;
        let input = tensor(&fixture.tensor("input")?, &training).require_grad();
        let scales = network.forward(input.clone(), mode(&name)?);
        let mut scalar = Tensor::<1>::zeros([1], &training);
        for (scale, features) in scales.iter().enumerate() {
            for (layer, feature) in features.iter().enumerate() {
                pass.add(format!("{name}_d{scale}_out{layer}"), feature);
            }
            let logits = features.last().context("no logits")?;
            pass.add(format!("{name}_d{scale}_pred"), logits);
            if flags.switch("no_ganFeat_loss") {
                // The original then gives the prediction alone.
                pass.add(format!("{name}_d{scale}_out0"), logits);
            }
            scalar = scalar + (logits.clone() * logits.clone()).mean();
        }
        // d sum_i mean(logits_i^2)
        let mut gradients = scalar.backward();
        let gradient = input
            .grad_remove(&mut gradients)
            .context("no gradient of the input")?;
        pass.add(format!("grad_input_{name}"), &gradient);
        pass.add_gradients(&name, &network, gradients);
        pass.add_state(&name, &network);
    }
    compare_all(fixture, &pass)
}

/// The variational encoder.
pub fn encoder(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = super::flags(fixture)?;
    let config = encoder_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("E")?)?;
    check_counts(fixture, "E", &weights)?;
    let inferred = infer_encoder(&weights)?;
    ensure!(
        inferred == config,
        "inferred {inferred:?}, the flags say {config:?}"
    );
    let noise = fixture.tensor_names("input");
    let noise = noise
        .iter()
        .find(|name| ["eps", "noise"].contains(&name.as_str()));
    let mut pass = Pass::default();
    for name in modes(&flags)? {
        let network = load_state_dict(config.init(&device.clone().autodiff())?, &weights)?;
        let image = tensor(&fixture.tensor("input")?, &device.clone().autodiff());
        let (mean, log_variance) = network.forward(image, mode(&name)?);
        pass.add(format!("mu_{name}"), &mean);
        pass.add(format!("logvar_{name}"), &log_variance);
        if let Some(noise) = noise {
            let golden = fixture.tensor(noise)?;
            let data = TensorData::new(golden.f32(), golden.shape.clone());
            let noise = Tensor::from_data(data, &device.clone().autodiff());
            let latent = reparameterize(mean, log_variance, noise);
            pass.add(format!("z_{name}"), &latent);
        }
        pass.add_state(&name, &network);
    }
    compare_all(fixture, &pass)?;
    compare_present(
        fixture,
        &use_encoder(fixture, &flags, &config, &weights, device)?,
    )
    .context("as a plan")
}

/// Runs an encoder's plan in the mode of use, as [`use_generator`] does.
fn use_encoder(
    fixture: &Fixture,
    flags: &Flags<'_>,
    config: &EncoderConfig,
    weights: &StateDict,
    device: &Device,
) -> Result<Pass> {
    let mut pass = Pass::default();
    let mut names = modes(flags)?;
    names.retain(|name| name == "eval");
    for name in names {
        let spade = SpadeArchitecture {
            latent_channels: Some(config.latent_channels),
            ..SpadeArchitecture::default()
        };
        let model = ModelConfig::Spade {
            generator: GeneratorConfig {
                architecture: Architecture::Spade(spade),
                output_channels: config.image_channels,
                ..GeneratorConfig::default()
            },
            encoder: Some(config.clone()),
        };
        let picture = tensor(&fixture.tensor("input")?, device);
        // A plan is for one picture: one after the other.
        let one = |index| {
            encoded(
                model.clone(),
                weights,
                &name,
                &picture.clone().narrow(0, index, 1),
            )
        };
        let pictures = (0..picture.dims()[0])
            .map(one)
            .collect::<Result<Vec<_>>>()?;
        for (place, output) in ["mu", "logvar"].iter().enumerate() {
            let found: Vec<f32> = pictures
                .iter()
                .flat_map(|outputs| outputs[place].values.clone())
                .collect();
            let shape = [pictures.len(), config.latent_channels];
            let tensor = Tensor::<2>::from_data(TensorData::new(found, shape), device);
            pass.add(format!("{output}_{name}"), &tensor);
        }
    }
    Ok(pass)
}
