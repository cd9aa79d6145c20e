//! Forward passes and gradients of generators and discriminators.

use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::collections::BTreeMap;
use underpaint::import::read_state_dict;
use underpaint_core::bundle::ModelConfig;
use underpaint_core::layers::{
    Dropout, Mode, NormKind, NormStatistics, PatchDiscriminator, PatchDiscriminatorConfig,
};
use underpaint_core::pix2pix::{DiscriminatorKind, Generator, GeneratorConfig, infer_generator};
use underpaint_core::state_dict::{
    AuthorsKeys, StateDict, load_state_dict, state_dict, state_keys,
};
use underpaint_tests::{Fixture, Flags, Golden, compare, strided};

use crate::runner::Route;

const FLAGS: [&str; 15] = [
    "input_nc",
    "output_nc",
    "ngf",
    "ndf",
    "netG",
    "netD",
    "n_layers_D",
    "norm",
    "use_dropout",
    "modes",
    "grad",
    "no_grad_input",
    "stride_train",
    "stride_eval",
    "init_gain",
];

/// A network under test: a forward pass and the authors' keys.
trait Network: AuthorsKeys {
    fn run(&self, input: Tensor<4>, mode: Mode) -> Tensor<4>;
}

impl Network for Generator {
    fn run(&self, input: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.forward(input, mode)
    }
}

impl Network for PatchDiscriminator {
    fn run(&self, input: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.forward(input, mode)
    }
}

/// The generator that the flags describe.
pub fn generator_config(flags: &Flags<'_>) -> Result<GeneratorConfig> {
    Ok(GeneratorConfig {
        architecture: flags.text_or("netG", "unet_256")?.parse()?,
        input_channels: flags.count("input_nc")?,
        output_channels: flags.count("output_nc")?,
        base_channels: flags.count("ngf")?,
        norm: norm(flags)?,
        dropout: flags.switch("use_dropout"),
        ..GeneratorConfig::default()
    })
}

/// The discriminator that the flags describe.
pub fn discriminator_config(flags: &Flags<'_>) -> Result<PatchDiscriminatorConfig> {
    let kind: DiscriminatorKind = flags.text_or("netD", "basic")?.parse()?;
    let channels = flags.count("input_nc")? + flags.count("output_nc")?;
    Ok(kind.config(
        channels,
        flags.count("ndf")?,
        flags.count_or("n_layers_D", 3)?,
        norm(flags)?,
    ))
}

fn norm(flags: &Flags<'_>) -> Result<NormKind> {
    match flags.text_or("norm", "batch")? {
        "batch" => Ok(NormKind::Batch),
        "instance" => Ok(NormKind::Instance),
        "none" => Ok(NormKind::None),
        other => bail!("norm {other}: not known to this harness"),
    }
}

pub fn generator(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = fixture.flags(&FLAGS)?;
    let config = generator_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("G")?)?;
    let inferred = infer_generator(&weights, config.dropout)?;
    ensure!(
        inferred == config,
        "inferred {inferred:?} from the keys, the flags say {config:?}"
    );
    check(fixture, &flags, "G", &weights, device, || {
        Ok(config.init(&device.clone().autodiff())?)
    })?;
    for (mode, route) in modes(&flags)?
        .into_iter()
        .flat_map(|mode| Route::ALL.map(|route| (mode, route)))
    {
        let inputs = tensor(&fixture.tensor("input")?, device).into();
        let model = ModelConfig::Pix2pix {
            generator: config.clone(),
        };
        let picture = route.generate(model, &weights, mode, inputs, device)?;
        compare_picture(fixture, &format!("output_{mode}"), &picture).context(route.told())?;
    }
    Ok(())
}

/// Compares a picture with the tensor of that name, or with every so many of its pixels.
fn compare_picture(fixture: &Fixture, name: &str, picture: &Tensor<4>) -> Result<()> {
    let (shape, values) = (picture.dims().to_vec(), picture.to_data());
    let values: Vec<f64> = values.iter::<f64>().collect();
    let mut compared = 0;
    for tensor in fixture.tensor_names("output") {
        let found = match tensor.strip_prefix(name) {
            Some("") => values.clone(),
            Some(rest) => match rest.strip_prefix("_stride") {
                Some(stride) => strided(&values, &shape, stride.parse().context("stride")?),
                None => continue,
            },
            None => continue,
        };
        let expected = fixture.tensor(&tensor)?;
        compare(
            &tensor,
            &found,
            &expected.values,
            fixture.tolerance(&tensor)?,
        )?;
        compared += 1;
    }
    ensure!(compared > 0, "no tensor is named {name}");
    Ok(())
}

fn modes<'a>(flags: &'a Flags<'_>) -> Result<Vec<&'a str>> {
    let modes = flags.value("modes").as_array();
    let modes = modes.ok_or_else(|| anyhow!("no modes"))?;
    Ok(modes.iter().filter_map(|mode| mode.as_str()).collect())
}

pub fn discriminator(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = fixture.flags(&FLAGS)?;
    let config = discriminator_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("D")?)?;
    check(fixture, &flags, "D", &weights, device, || {
        Ok(config.init(&device.clone().autodiff())?)
    })
}

fn check<N: Network>(
    fixture: &Fixture,
    flags: &Flags<'_>,
    name: &str,
    weights: &StateDict,
    device: &Device,
    init: impl Fn() -> Result<N>,
) -> Result<()> {
    check_counts(fixture, name, weights)?;
    let mut open: Vec<String> = fixture.tensor_names("output");
    for mode in modes(flags)? {
        let statistics = match mode {
            "train" => NormStatistics::Train,
            "eval" => NormStatistics::Running,
            other => bail!("mode {other}: not known to this harness"),
        };
        let network = load_state_dict(init()?, weights)?;
        let pass = Pass::run(
            &network,
            fixture,
            Mode {
                statistics,
                dropout: Dropout::Off,
            },
            device,
        )?;
        let mut rest = Vec::new();
        for tensor in open {
            match pass.find(&tensor, mode, flags)? {
                None => rest.push(tensor),
                Some(found) => {
                    let expected = fixture.tensor(&tensor)?;
                    compare(
                        &tensor,
                        &found,
                        &expected.values,
                        fixture.tolerance(&tensor)?,
                    )?;
                }
            }
        }
        open = rest;
    }
    ensure!(
        open.is_empty(),
        "tensors {open:?} are not known to this harness"
    );
    Ok(())
}

fn check_counts(fixture: &Fixture, name: &str, weights: &StateDict) -> Result<()> {
    let buffer = |key: &str| key.ends_with("running_mean") || key.ends_with("running_var");
    let params: usize = weights
        .iter()
        .filter(|(key, _)| !buffer(key))
        .map(|(_, tensor)| tensor.values.len())
        .sum();
    if let Some(expected) = fixture.expected_params(name) {
        ensure!(
            params == expected,
            "expected {expected} parameters, found {params}"
        );
    }
    if let Some(expected) = fixture.entry("state_entries").as_u64() {
        // PyTorch counts num_batches_tracked too, one a batch norm.
        let norms = weights
            .keys()
            .filter(|key| key.ends_with("running_mean"))
            .count();
        let found = (weights.len() + norms) as u64;
        ensure!(
            found == expected,
            "expected {expected} state entries, found {found}"
        );
    }
    Ok(())
}

/// One forward and backward pass.
struct Pass {
    output: Golden,
    input_gradient: Vec<f64>,
    gradients: BTreeMap<String, Vec<f64>>,
    /// Weights and buffers after the pass.
    after: StateDict,
}

impl Pass {
    fn run<N: Network>(
        network: &N,
        fixture: &Fixture,
        mode: Mode,
        device: &Device,
    ) -> Result<Self> {
        let input = tensor(&fixture.tensor("input")?, &device.clone().autodiff()).require_grad();
        let output = network.run(input.clone(), mode);
        // d mean(output^2)
        let mut gradients = (output.clone() * output.clone()).mean().backward();
        let input_gradient = input
            .grad_remove(&mut gradients)
            .context("no gradient of the input")?;
        let shape = output.dims().to_vec();
        Ok(Self {
            output: Golden {
                shape,
                values: output.into_data().iter::<f64>().collect(),
            },
            input_gradient: input_gradient.into_data().iter::<f64>().collect(),
            gradients: parameter_gradients(network, &mut gradients),
            after: state_dict(network),
        })
    }

    /// The values of a stored tensor, if this pass has them.
    fn find(&self, name: &str, mode: &str, flags: &Flags<'_>) -> Result<Option<Vec<f64>>> {
        if name == format!("output_{mode}") {
            return Ok(Some(self.output.values.clone()));
        }
        if let Some(stride) = name.strip_prefix(&format!("output_{mode}_stride")) {
            let stride: usize = stride.parse().context("stride")?;
            ensure!(
                stride == flags.count(&format!("stride_{mode}"))?,
                "two strides"
            );
            return Ok(Some(strided(
                &self.output.values,
                &self.output.shape,
                stride,
            )));
        }
        if name == format!("grad_input_{mode}") {
            return Ok(Some(self.input_gradient.clone()));
        }
        if let Some(key) = name.strip_prefix(&format!("grad_{mode}.")) {
            let found = self.gradients.get(key);
            return Ok(Some(
                found
                    .with_context(|| format!("no gradient of {key}"))?
                    .clone(),
            ));
        }
        if let Some(key) = name.strip_prefix(&format!("after_{mode}.")) {
            let found = self.after.get(key).with_context(|| format!("no {key}"))?;
            return Ok(Some(
                found.values.iter().map(|&value| f64::from(value)).collect(),
            ));
        }
        Ok(None)
    }
}

/// A stored tensor of rank 4 on a device.
pub fn tensor(golden: &Golden, device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(golden.f32(), golden.shape.clone()), device)
}

/// Gradients of all parameters that have one, by the authors' keys; they are taken out.
pub fn parameter_gradients<N: AuthorsKeys>(
    network: &N,
    gradients: &mut Gradients,
) -> BTreeMap<String, Vec<f64>> {
    struct Collect<'a> {
        keys: std::vec::IntoIter<String>,
        gradients: &'a mut Gradients,
        found: BTreeMap<String, Vec<f64>>,
    }
    impl ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let key = self
                .keys
                .next()
                .expect("every visit meets the same parameters");
            if let Some(gradient) = param.val().grad_remove(self.gradients) {
                self.found
                    .insert(key, gradient.into_data().iter::<f64>().collect());
            }
        }
    }
    let keys = state_keys(network).into_iter();
    let mut collect = Collect {
        keys,
        gradients,
        found: BTreeMap::new(),
    };
    Module::visit(network, &mut collect);
    collect.found
}
