//! `underpaint bench-generate`: our half of `cargo xtask bench generate`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Int, Tensor, TensorData};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use underpaint_core::bundle::{
    Inputs, ModelConfig, Runner, WeightDtype, encode_state_dict_for_pytorch, encode_weights,
};
use underpaint_core::label::{Palette, SemanticLayout, edges_from_instances};
use underpaint_core::layers::{InitKind, Mode, WeightInit, initialize};
use underpaint_core::state_dict::{StateDict, StateTensor, state_dict};
use underpaint_core::{pgan, pix2pixhd, spade};

use super::bench_step::{peak_rss_mib, quantile, start_peak_rss};
use crate::data::Size;
use crate::data::decode::read_label_map;
use crate::data::resize::resize_ids;
use crate::device::{self, DeviceName};
use crate::model::{Model, describe, labels_input};

/// Generators at the size that their authors train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Network {
    /// pix2pixHD's local enhancer for Cityscapes, 2048x1024
    Pix2pixhd1024p,
    /// pix2pixHD's global generator for Cityscapes, 1024x512
    Pix2pixhd512p,
    /// SPADE for ADE20K, 256x256
    SpadeAde20k,
    /// SPADE for COCO-Stuff, 256x256
    SpadeCoco,
    /// Progressive GAN at 256x256
    Pgan256,
}

/// Flags of `bench-generate`.
#[derive(Debug, Args)]
pub struct BenchGenerateArgs {
    #[arg(long)]
    network: Network,
    /// Label map; resized to the size of the network
    #[arg(long)]
    labels: Option<PathBuf>,
    /// Instance map that goes with it
    #[arg(long)]
    instances: Option<PathBuf>,
    #[arg(long, default_value = "libtorch-cpu")]
    device: DeviceName,
    #[arg(long, default_value_t = 3)]
    runs: usize,
    #[arg(long, default_value_t = 1)]
    warmup: usize,
    /// Folder for what the peer needs: weights, inputs and our picture
    #[arg(long)]
    write_init: Option<PathBuf>,
}

/// One line of JSON on standard output.
#[derive(Debug, Serialize)]
struct Report {
    forward_ms_median: f64,
    peak_rss_mib: f64,
    parameters: usize,
    shape: Vec<usize>,
}

/// A randomly initialised generator, and what it is given.
struct Subject {
    runner: Runner,
    inputs: Inputs,
    parameters: usize,
}

impl BenchGenerateArgs {
    /// Times forward passes.
    pub fn run(self) -> Result<ExitCode> {
        let device = device::open(self.device)?;
        let subject = self.subject(&device)?;
        start_peak_rss();
        let mut times = Vec::new();
        let mut output = None;
        for number in 0..self.warmup + self.runs {
            let started = Instant::now();
            let generated = subject.runner.run(subject.inputs.clone(), 0)?;
            // Waits for devices that work behind the program's back.
            drop(
                generated
                    .clone()
                    .slice([0..1, 0..1, 0..1, 0..1])
                    .into_data(),
            );
            if number >= self.warmup {
                times.push(started.elapsed().as_secs_f64() * 1e3);
            }
            output = Some(generated);
        }
        let peak_rss_mib = peak_rss_mib();
        let output = output.context("--runs and --warmup: expected at least one run")?;
        let report = Report {
            forward_ms_median: quantile(&mut times, 0.5),
            peak_rss_mib,
            parameters: subject.parameters,
            shape: output.dims().to_vec(),
        };
        if let Some(folder) = &self.write_init {
            let dict = StateDict::from([("output".to_owned(), entry(output))]);
            write(
                folder,
                "output.safetensors",
                &encode_weights(&dict, WeightDtype::F32)?,
            )?;
        }
        println!("{}", serde_json::to_string(&report)?);
        Ok(ExitCode::SUCCESS)
    }

    fn subject(&self, device: &Device) -> Result<Subject> {
        match self.network {
            Network::Pix2pixhd1024p | Network::Pix2pixhd512p => self.pix2pixhd(device),
            Network::SpadeAde20k | Network::SpadeCoco => self.spade(device),
            Network::Pgan256 => self.pgan(device),
        }
    }

    fn pix2pixhd(&self, device: &Device) -> Result<Subject> {
        let local = self.network == Network::Pix2pixhd1024p;
        let generator = pix2pixhd::GeneratorConfig {
            architecture: match local {
                true => pix2pixhd::Architecture::LOCAL,
                false => pix2pixhd::Architecture::Global,
            },
            base_channels: if local { 32 } else { 64 },
            ..pix2pixhd::GeneratorConfig::default()
        };
        let width = generator.base_channels;
        let weights = state_dict(&initialize(generator.init(device)?, pix2pixhd::INIT, 1));
        let model = ModelConfig::Pix2pixhd {
            generator,
            feature_channels: 0,
            encoder: None,
        };
        let layout = SemanticLayout {
            num_classes: 35,
            dont_care: false,
            edges: true,
        };
        let size = if local {
            Size::new(2048, 1024)
        } else {
            Size::new(1024, 512)
        };
        let name = if local {
            "pix2pixhd_local"
        } else {
            "pix2pixhd_global"
        };
        self.labelled(
            model,
            weights,
            layout,
            size,
            json!({"network": name, "width": width}),
            device,
        )
    }

    fn spade(&self, device: &Device) -> Result<Subject> {
        let layout = match self.network {
            Network::SpadeCoco => SemanticLayout::default(),
            _ => SemanticLayout {
                num_classes: 150,
                dont_care: true,
                edges: false,
            },
        };
        let generator = spade::GeneratorConfig {
            input_channels: layout.channels(),
            ..spade::GeneratorConfig::default()
        };
        let init = WeightInit {
            kind: InitKind::Xavier,
            ..WeightInit::default()
        };
        let network = initialize(generator.init(device)?, init, 1);
        // Random vectors of spectral norm are no singular vectors, and running statistics of nothing
        // no statistics: one pass in training mode makes them some.
        let (ids, _) = self.maps(Size::new(256, 256), layout)?;
        let seen = layout.encode(
            map(&ids, Size::new(256, 256), device),
            Some(map(&ids, Size::new(256, 256), device)),
        )?;
        drop(network.forward(seen, None, Mode::TRAIN));
        let weights = state_dict(&network);
        let config = json!({"network": "spade", "width": generator.base_channels});
        let model = ModelConfig::Spade {
            generator,
            encoder: None,
        };
        self.labelled(model, weights, layout, Size::new(256, 256), config, device)
    }

    fn pgan(&self, device: &Device) -> Result<Subject> {
        let generator = pgan::GeneratorConfig::default().at_scale(6);
        let network = generator.init(device)?;
        let weights = state_dict(&pgan::initialize(network, generator.scaling, 1));
        let config = json!({
            "network": "pgan", "depths": generator.depths, "latent": generator.input_dim(),
        });
        let latents = pgan::draw_noise(1, generator.input_dim(), 0, device);
        let channels = generator.input_dim();
        let side = generator.resolution();
        let model = ModelConfig::Pgan { generator };
        let input = underpaint_core::bundle::InputKind::Latent {
            channels,
            attributes: Vec::new(),
        };
        let inputs = Inputs {
            latents: Some(latents.clone()),
            ..Inputs::default()
        };
        let given = StateDict::from([("z".to_owned(), entry(latents))]);
        let manifest = describe("bench".into(), model, input, [side, side]);
        self.finish(manifest, weights, inputs, &given, config, device)
    }

    fn labelled(
        &self,
        model: ModelConfig,
        weights: StateDict,
        layout: SemanticLayout,
        size: Size,
        mut config: Value,
        device: &Device,
    ) -> Result<Subject> {
        let (ids, instances) = self.maps(size, layout)?;
        config["input_channels"] = json!(layout.channels());
        config["classes"] = json!(layout.num_labels());
        let mut given =
            StateDict::from([("labels".to_owned(), entry(map(&ids, size, device).float()))]);
        if layout.edges {
            let edges = edges_from_instances(map(&instances, size, device));
            given.insert("edges".to_owned(), entry(edges));
        }
        let input = labels_input(layout, Some(Palette::default()));
        let manifest = describe("bench".into(), model, input, [size.height, size.width]);
        let runner_inputs = |runner: &Runner| {
            runner.condition_from_labels(&ids, Some(&instances), size.height, size.width)
        };
        let subject = self.finish(manifest, weights, Inputs::default(), &given, config, device)?;
        let inputs = runner_inputs(&subject.runner)?.into();
        Ok(Subject { inputs, ..subject })
    }

    fn finish(
        &self,
        manifest: underpaint_core::bundle::Manifest,
        weights: StateDict,
        inputs: Inputs,
        given: &StateDict,
        config: Value,
        device: &Device,
    ) -> Result<Subject> {
        let buffer = |key: &str| {
            ["running_mean", "running_var", "weight_u", "weight_v"]
                .iter()
                .any(|name| key.ends_with(name))
        };
        let parameters = weights.iter().filter(|(key, _)| !buffer(key));
        let parameters = parameters.map(|(_, tensor)| tensor.values.len()).sum();
        if let Some(folder) = &self.write_init {
            let bytes = encode_state_dict_for_pytorch(&weights, WeightDtype::F32, 1)?;
            write(folder, "G.safetensors", &bytes)?;
            let bytes = encode_weights(given, WeightDtype::F32)?;
            write(folder, "inputs.safetensors", &bytes)?;
            write(folder, "config.json", config.to_string().as_bytes())?;
        }
        let model = Model {
            manifest,
            weights,
            encoder: None,
        };
        let test_time = model.manifest.test_time;
        Ok(Subject {
            runner: Runner::new(&model.manifest, model.weights(), test_time, device)?,
            inputs,
            parameters,
        })
    }

    /// Label and instance ids at the size of the network.
    fn maps(&self, size: Size, layout: SemanticLayout) -> Result<(Vec<u16>, Vec<u16>)> {
        let Some(path) = &self.labels else {
            bail!("--labels: this network needs a label map");
        };
        let read = |path: &Path| -> Result<Vec<u16>> {
            let map = read_label_map(path)?;
            Ok(resize_ids(&map.ids, map.size(), size))
        };
        let mut ids = read(path)?;
        ids.iter_mut().for_each(|id| *id = layout.label(*id));
        let instances = self.instances.as_deref().map(read).transpose()?;
        let instances = instances.unwrap_or_else(|| ids.clone());
        Ok((ids, instances))
    }
}

fn map(ids: &[u16], size: Size, device: &Device) -> Tensor<4, Int> {
    let ids: Vec<i32> = ids.iter().map(|&id| i32::from(id)).collect();
    Tensor::from_data(
        TensorData::new(ids, [1, 1, size.height, size.width]),
        device,
    )
}

fn entry<const D: usize>(tensor: Tensor<D>) -> StateTensor {
    StateTensor {
        shape: tensor.dims().to_vec(),
        values: tensor.into_data().iter::<f32>().collect(),
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    crate::files::write(&folder.join(name), bytes)
}
