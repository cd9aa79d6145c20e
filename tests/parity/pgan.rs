//! Progressive GAN: networks, the gradient penalty, whole runs, and the schedule of alpha.

mod trace;

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use underpaint::import::read_state_dict;
use underpaint_core::bundle;
use underpaint_core::layers::LayerScaling;
use underpaint_core::loss::GanTarget;
use underpaint_core::loss::gradient_penalty::{
    interpolated, unit_gradient_penalty, zero_gradient_penalty,
};
use underpaint_core::pgan::{
    Criterion, Discriminator, DiscriminatorConfig, FirstFade, Generator, GeneratorConfig, Growth,
    infer_discriminator, infer_generator, minibatch_stddev, with_module_keys,
};
use underpaint_core::state_dict::{
    AuthorsKeys, StateDict, StateTensor, load_state_dict, state_dict,
};
use underpaint_tests::{Fixture, Flags, Golden, compare};

use crate::network::parameter_gradients;
use crate::runner::Route;

pub use trace::check as trace;

/// Flags that say what the networks and their losses are.
const NETWORK_FLAGS: [&str; 15] = [
    "depths",
    "dimLatent",
    "dimOutput",
    "dimInput",
    "sizeDecisionLayer",
    "initBiasToZero",
    "miniBatchStdDev",
    "perChannelNormalization",
    "leakyReluLeak",
    "equalizedlR",
    "lossMode",
    "lambdaGP",
    "epsilonD",
    "logisticGradReal",
    "held",
];
/// Flags that only say which tensors were left out for their size.
const SIZE_FLAGS: [&str; 3] = ["alphas", "grad_max", "gp_max"];

/// Networks and losses that the flags describe.
struct Described {
    generator: GeneratorConfig,
    discriminator: DiscriminatorConfig,
    criterion: Criterion,
    penalty_weight: f64,
    drift_weight: f64,
    real_penalty_weight: f64,
}

fn described(flags: &Flags<'_>) -> Result<Described> {
    let criterion = match flags.text_or("lossMode", "WGANGP")? {
        "WGANGP" => Criterion::Wgangp,
        "Logistic" => Criterion::Logistic,
        "MSE" => Criterion::Mse,
        "DCGAN" => Criterion::Dcgan,
        other => bail!("lossMode {other}: not known to this harness"),
    };
    let on = |flag: &str| flags.value(flag).as_bool() != Some(false);
    let scaling = if on("equalizedlR") {
        LayerScaling::Equalized
    } else {
        LayerScaling::Plain
    };
    let depths = counts(flags.value("depths")).context("depths")?;
    let leaky_slope = flags.number_or("leakyReluLeak", 0.2)?;
    let channels = flags.count_or("dimOutput", 3)?;
    // A score, then the class logits; the generator's latent counts as a whole.
    let decisions = flags.count_or("sizeDecisionLayer", 1)?;
    ensure!(decisions > 0, "sizeDecisionLayer: expected at least 1");
    // The original penalises gradients by default in this mode only.
    let penalty_weight = if criterion == Criterion::Wgangp {
        10.0
    } else {
        0.0
    };
    Ok(Described {
        generator: GeneratorConfig {
            depths: depths.clone(),
            latent_dim: flags.count("dimLatent")?,
            category_dim: 0,
            output_channels: channels,
            output: criterion.output(),
            scaling,
            pixel_norm: on("perChannelNormalization"),
            leaky_slope,
        },
        discriminator: DiscriminatorConfig {
            depths,
            input_channels: flags.count_or("dimInput", channels)?,
            category_dim: decisions - 1,
            minibatch_stddev: on("miniBatchStdDev"),
            // What the fixtures record at 8 px is the original's omission (B-17).
            first_fade: FirstFade::Skip,
            scaling,
            leaky_slope,
        },
        criterion,
        penalty_weight: flags.number_or("lambdaGP", penalty_weight)?,
        drift_weight: flags.number_or("epsilonD", 0.001)?,
        real_penalty_weight: flags.number_or("logisticGradReal", 0.0)?,
    })
}

fn counts(value: &serde_json::Value) -> Result<Vec<usize>> {
    let list = value.as_array().context("expected a list")?;
    let count = |entry: &serde_json::Value| entry.as_u64().map(|count| count as usize);
    list.iter()
        .map(|entry| count(entry).context("expected counts"))
        .collect()
}

fn tensor<const D: usize>(golden: &Golden, device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(golden.f32(), golden.shape.clone()), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Both networks at some alphas: forward passes, losses and all gradients.
pub fn networks(fixture: &Fixture, device: &Device) -> Result<()> {
    let known = [&NETWORK_FLAGS[..], &SIZE_FLAGS[..]].concat();
    let flags = fixture.flags(&known)?;
    let described = described(&flags)?;
    let (plain, device) = (device, device.clone().autodiff());
    let (generator, discriminator) = load(fixture, &described, &device)?;
    let inputs = Inputs {
        latents: tensor(&fixture.tensor("z")?, &device),
        images: tensor(&fixture.tensor("images")?, &device),
        share: tensor(&fixture.tensor("gp_epsilon")?, &device),
    };
    let alphas = flags.value("alphas").as_array().context("no alphas")?;
    let mut found = BTreeMap::new();
    for alpha in alphas {
        let alpha = alpha.as_f64().context("alpha")?;
        let fake = format!("G_output_a{alpha}");
        for route in Route::ALL {
            check_use(fixture, &described.generator, &fake, alpha, route, plain)
                .context(route.told())?;
        }
        let fake = tensor(&fixture.tensor(&fake)?, &device);
        let outputs = judge(&described, &discriminator, &inputs, fake, alpha)
            .into_iter()
            .chain(generate(
                &described,
                &generator,
                &discriminator,
                &inputs,
                alpha,
            ));
        found.extend(outputs.map(|(name, values)| (with_alpha(&name, alpha), values)));
    }
    for name in fixture.tensor_names("output") {
        let found = found
            .get(&name)
            .ok_or_else(|| anyhow!("tensor {name} is not known to this harness"))?;
        let expected = fixture.tensor(&name)?.values;
        compare(&name, found, &expected, fixture.tolerance(&name)?)?;
    }
    Ok(())
}

/// Compares what becomes of the latents with the tensor of that name.
fn check_use(
    fixture: &Fixture,
    generator: &GeneratorConfig,
    name: &str,
    alpha: f64,
    route: Route,
    device: &Device,
) -> Result<()> {
    let weights = with_module_keys(read_state_dict(&fixture.weight_file("G")?)?);
    let inputs = bundle::Inputs {
        latents: Some(tensor(&fixture.tensor("z")?, device)),
        alpha,
        ..bundle::Inputs::default()
    };
    let model = bundle::ModelConfig::Pgan {
        generator: generator.clone(),
    };
    let picture = route.generate(model, &weights, "train", inputs, device)?;
    let expected = fixture.tensor(name)?.values;
    compare(name, &values(picture), &expected, fixture.tolerance(name)?)
}

/// `grad_gp.key` at alpha 0.4 is stored as `grad_gp_a0.4.key`.
fn with_alpha(name: &str, alpha: f64) -> String {
    match name.split_once('.') {
        Some((kind, key)) => format!("{kind}_a{alpha}.{key}"),
        None => format!("{name}_a{alpha}"),
    }
}

fn load(
    fixture: &Fixture,
    described: &Described,
    device: &Device,
) -> Result<(Generator, Discriminator)> {
    let weights = |network: &str| -> Result<StateDict> {
        let dict = read_state_dict(&fixture.weight_file(network)?)?;
        Ok(with_module_keys(dict))
    };
    let (generator, discriminator) = (weights("G")?, weights("D")?);
    let count =
        |dict: &StateDict| -> usize { dict.values().map(|tensor| tensor.values.len()).sum() };
    for (network, dict) in [("G", &generator), ("D", &discriminator)] {
        if let Some(expected) = fixture.expected_params(network) {
            let found = count(dict);
            ensure!(
                found == expected,
                "{network}: expected {expected} parameters, found {found}"
            );
        }
    }
    check_inference(described, &generator, &discriminator)?;
    let (ours, theirs) = (&described.generator, &described.discriminator);
    Ok((
        load_state_dict(ours.init(device)?, &generator)?,
        load_state_dict(theirs.init(device)?, &discriminator)?,
    ))
}

/// What keys and shapes tell must be what the flags say; the rest is not in them.
fn check_inference(
    described: &Described,
    generator: &StateDict,
    discriminator: &StateDict,
) -> Result<()> {
    let expected = &described.generator;
    let inferred = GeneratorConfig {
        output: expected.output,
        scaling: expected.scaling,
        pixel_norm: expected.pixel_norm,
        leaky_slope: expected.leaky_slope,
        ..infer_generator(generator)?
    };
    ensure!(
        inferred == *expected,
        "inferred {inferred:?} from the keys, the flags say {expected:?}"
    );
    let expected = &described.discriminator;
    let inferred = DiscriminatorConfig {
        first_fade: expected.first_fade,
        scaling: expected.scaling,
        leaky_slope: expected.leaky_slope,
        ..infer_discriminator(discriminator)?
    };
    ensure!(
        inferred == *expected,
        "inferred {inferred:?} from the keys, the flags say {expected:?}"
    );
    Ok(())
}

struct Inputs {
    latents: Tensor<2>,
    images: Tensor<4>,
    share: Tensor<1>,
}

/// Values by name, without the alpha.
type Outputs = Vec<(String, Vec<f64>)>;

/// The discriminator's outputs, losses and gradients; the penalty alone, and everything together.
fn judge(
    described: &Described,
    network: &Discriminator,
    inputs: &Inputs,
    fake: Tensor<4>,
    alpha: f64,
) -> Outputs {
    let judgement = network.forward(inputs.images.clone(), alpha);
    let mut outputs = vec![
        ("D_output".to_owned(), values(judgement.decision.clone())),
        ("D_feature".to_owned(), values(judgement.features.clone())),
    ];
    let scores = judgement.scores();
    let fake_scores = network.forward(fake.clone(), alpha).scores();
    let real_loss = described.criterion.loss(scores.clone(), GanTarget::Real);
    let fake_loss = described.criterion.loss(fake_scores, GanTarget::Fake);
    let drift = scores.square().sum() * described.drift_weight;
    let (penalty, sum) = penalty(described, network, inputs, fake.clone(), alpha);
    let losses = [&real_loss, &fake_loss, &penalty, &drift].map(|loss| values(loss.clone())[0]);
    outputs.push(("losses".to_owned(), losses.to_vec()));
    let total = real_loss + fake_loss + drift + sum;
    outputs.extend(named("grad_D_total", gradients(network, total)));
    let (_, sum) = self::penalty(described, network, inputs, fake, alpha);
    outputs.extend(named("grad_gp", penalty_gradients(network, sum)));
    outputs
}

/// The weighted penalties and the sum whose gradient is theirs.
fn penalty(
    described: &Described,
    network: &Discriminator,
    inputs: &Inputs,
    fake: Tensor<4>,
    alpha: f64,
) -> (Tensor<1>, Tensor<1>) {
    let zero = || Tensor::<1>::zeros([1], &inputs.images.device());
    let (mut value, mut sums) = (zero(), zero());
    let between = interpolated(inputs.images.clone(), fake, inputs.share.clone());
    let (ours, theirs) = (described.penalty_weight, described.real_penalty_weight);
    let kinds = [
        (between, ours, true),
        (inputs.images.clone(), theirs, false),
    ];
    for (images, weight, unit) in kinds.into_iter().filter(|(_, weight, _)| *weight > 0.0) {
        let with_graph = network.score_gradient(images, alpha);
        let gradient = with_graph.clone().without_autodiff();
        let penalty = if unit {
            unit_gradient_penalty(gradient)
        } else {
            zero_gradient_penalty(gradient)
        };
        let direction = penalty.direction.autodiff() * weight;
        value = value + penalty.value * weight;
        sums = sums + (with_graph * direction).sum();
    }
    (value, sums)
}

fn generate(
    described: &Described,
    generator: &Generator,
    discriminator: &Discriminator,
    inputs: &Inputs,
    alpha: f64,
) -> Outputs {
    let picture = generator.forward(inputs.latents.clone(), alpha);
    let mut outputs = vec![("G_output".to_owned(), values(picture.clone()))];
    let scores = discriminator
        .clone()
        .no_grad()
        .forward(picture, alpha)
        .scores();
    let loss = described.criterion.loss(scores, GanTarget::Real);
    outputs.push(("loss_G".to_owned(), values(loss.clone())));
    outputs.extend(named("grad_G", gradients(generator, loss)));
    outputs
}

fn gradients<M: AuthorsKeys>(network: &M, loss: Tensor<1>) -> BTreeMap<String, Vec<f64>> {
    parameter_gradients(network, &mut loss.backward())
}

/// Gradients of a penalty. Those that it does not depend on are stored as zeros: of the biases behind
/// the last place where a gradient depends on a value.
fn penalty_gradients(network: &Discriminator, sum: Tensor<1>) -> BTreeMap<String, Vec<f64>> {
    let zeros = |(key, tensor): (String, StateTensor)| (key, vec![0.0; tensor.values.len()]);
    let mut found: BTreeMap<String, Vec<f64>> =
        state_dict(network).into_iter().map(zeros).collect();
    // Where no penalty applies there is nothing to differentiate.
    if sum.is_tracked() {
        found.extend(gradients(network, sum));
    }
    found
}

fn named(kind: &str, gradients: BTreeMap<String, Vec<f64>>) -> Outputs {
    gradients
        .into_iter()
        .map(|(key, values)| (format!("{kind}.{key}"), values))
        .collect()
}

/// The spread of batches of several sizes.
pub fn stddev(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = fixture.flags(&["batches"])?;
    let mut open = fixture.tensor_names("output");
    for batch in counts(flags.value("batches"))? {
        let name = format!("out_b{batch}");
        let x: Tensor<4> = tensor(&fixture.tensor("x")?, device);
        let found = values(minibatch_stddev(x.narrow(0, 0, batch)));
        let expected = fixture.tensor(&name)?.values;
        compare(&name, &found, &expected, fixture.tolerance(&name)?)?;
        open.retain(|tensor| *tensor != name);
    }
    ensure!(
        open.is_empty(),
        "tensors {open:?} are not known to this harness"
    );
    Ok(())
}

/// The iterations at which alpha changes, and what it becomes.
pub fn alpha_tables(fixture: &Fixture) -> Result<()> {
    let flags = fixture.flags(&["tables"])?;
    let mut open = fixture.tensor_names("output");
    for (name, table) in flags.value("tables").as_object().context("no tables")? {
        let known = ["alphaNJumps", "alphaSizeJumps"];
        let keys = table.as_object().context("a table is an object")?.keys();
        for key in keys {
            ensure!(
                known.contains(&key.as_str()),
                "{key}: not known to this harness"
            );
        }
        let list = |key: &str| -> Result<Vec<u64>> {
            let found = counts(&table[key]).with_context(|| key.to_owned())?;
            Ok(found.into_iter().map(|count| count as u64).collect())
        };
        let growth = Growth {
            alpha_jumps: list("alphaNJumps")?,
            alpha_jump_sizes: list("alphaSizeJumps")?,
            ..Growth::default()
        };
        for scale in 0..growth.alpha_jumps.len() {
            let tensor = |what: &str| format!("{name}_scale{scale}_{what}");
            let (iterations, alphas) = (tensor("iter"), tensor("alpha"));
            let (at, expected) = (fixture.tensor(&iterations)?, fixture.tensor(&alphas)?);
            check_jumps(&growth, scale, &at.values).context(iterations.clone())?;
            let found: Vec<f64> = at
                .values
                .iter()
                .map(|&iteration| growth.alpha(scale, iteration as u64))
                .collect();
            // The original subtracts 1/n again and again; for some n a residue of about 1e-16 is
            // left, and one more row follows it (B-28). Ours is 0 in both.
            compare(&alphas, &found, &expected.values, 1e-12)?;
            open.retain(|tensor| *tensor != iterations && *tensor != alphas);
        }
    }
    ensure!(
        open.is_empty(),
        "tables {open:?} are not known to this harness"
    );
    Ok(())
}

/// Alpha must change at the iterations of a table and nowhere else, up to the row of a residue.
fn check_jumps(growth: &Growth, scale: usize, iterations: &[f64]) -> Result<()> {
    let last = iterations.last().copied().context("an empty table")? as u64;
    let mut jumps = vec![0.0];
    let alpha = |iteration| growth.alpha(scale, iteration);
    jumps.extend(
        (1..=last)
            .filter(|&iteration| alpha(iteration) != alpha(iteration - 1))
            .map(|iteration| iteration as f64),
    );
    let residue = iterations.len() - jumps.len();
    ensure!(
        residue <= 1 && iterations.starts_with(&jumps),
        "expected jumps at {iterations:?}, found them at {jumps:?}"
    );
    Ok(())
}
