//! `underpaint bench-engine`: how fast the engine of browsers is on this system's GPU.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

/// Flags of `bench-engine`.
#[derive(Debug, Args)]
pub struct BenchEngineArgs {
    /// Generators at their authors' sizes, with random weights, beside the kernels
    #[arg(long, value_delimiter = ',')]
    generators: Vec<Subject>,
    /// Seconds that each launch of those generators takes
    #[arg(long)]
    steps: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Generators at the size that their authors train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// U-Net-256 of pix2pix, width 64, 256x256
    Unet256,
    /// ResNet of nine blocks, width 64, 256x256
    Resnet9,
    /// pix2pixHD's global generator for Cityscapes, 1024x512
    Pix2pixhd512p,
    /// pix2pixHD's local enhancer for Cityscapes, 2048x1024
    Pix2pixhd1024p,
    /// SPADE for ADE20K, 256x256
    SpadeAde20k,
    /// Progressive GAN at 256x256
    Pgan256,
}

#[cfg(not(feature = "wgpu"))]
impl BenchEngineArgs {
    /// Says what is missing.
    pub fn run(self) -> Result<ExitCode> {
        anyhow::bail!("this build has no GPU engine: build with --features wgpu")
    }
}

#[cfg(feature = "wgpu")]
impl BenchEngineArgs {
    /// Measures kernels, then generators.
    pub fn run(self) -> Result<ExitCode> {
        let report = measure::report(&self.generators, self.steps)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            report.print();
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(feature = "wgpu")]
mod measure {
    use std::collections::BTreeMap;
    use std::time::Instant;

    use anyhow::{Context, Result};
    use serde::Serialize;
    use underpaint_core::bundle::{InputKind, Manifest, ModelConfig};
    use underpaint_core::label::{Palette, SemanticLayout};
    use underpaint_core::plan::{self, Plan, Request};
    use underpaint_core::{pgan, pix2pix, pix2pixhd, spade};
    use underpaint_engine::gpu::bench::{self, Layer};
    use underpaint_engine::gpu::tune::{Choice, Method};
    use underpaint_engine::gpu::{Device, Generator, block_on};
    use underpaint_engine::{Given, schedule};
    use underpaint_plan::weight::Node;
    use underpaint_plan::{Tensor, WeightSource};

    use super::Subject;
    use crate::command::bench_step::quantile;
    use crate::model::{describe, labels_input};

    /// Inputs, outputs, height and width of the output, kernel, stride.
    const LAYERS: [[usize; 6]; 9] = [
        [256, 256, 128, 128, 3, 1],
        [256, 256, 64, 64, 3, 1],
        [512, 512, 32, 32, 3, 1],
        [1024, 1024, 16, 16, 3, 1],
        [64, 128, 64, 64, 4, 2],
        [512, 512, 4, 4, 4, 2],
        [512, 512, 1, 1, 4, 2],
        [64, 3, 256, 256, 7, 1],
        [128, 128, 256, 256, 3, 1],
    ];

    const REGISTERS: Choice = Choice {
        method: Method::Registers {
            pixels: 8,
            vectors: 4,
        },
        splits: 1,
    };
    const TILE: Choice = Choice {
        method: Method::Tile {
            pixels: 64,
            lanes: 16,
        },
        splits: 1,
    };
    const WINOGRAD: Choice = Choice {
        method: Method::Winograd { deep: 1 },
        splits: 1,
    };

    /// What was measured.
    #[derive(Debug, Serialize)]
    pub struct Report {
        adapter: String,
        software: bool,
        peak_gflops: f64,
        bandwidth_gb: f64,
        kernels: Vec<Kernel>,
        generators: Vec<Whole>,
    }

    /// One convolution, in GFLOP/s.
    #[derive(Debug, Serialize)]
    struct Kernel {
        layer: String,
        chosen: f64,
        registers: f64,
        tile: f64,
        /// Of what the plain convolution would do, for a kernel 3x3 with steps of 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        winograd: Option<f64>,
    }

    /// One generator.
    #[derive(Debug, Serialize)]
    struct Whole {
        name: String,
        gflop: f64,
        load_ms: f64,
        first_ms: f64,
        median_ms: f64,
        gflops: f64,
        dispatches: usize,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        steps: Vec<(String, f64)>,
    }

    /// Measures.
    pub fn report(generators: &[Subject], steps: bool) -> Result<Report> {
        let device = block_on(Device::acquire())?;
        let start = Instant::now();
        let mut clock = || start.elapsed().as_secs_f64();
        let peak = block_on(bench::peak(&device, &mut clock))?;
        let mut kernels = Vec::new();
        for [inputs, outputs, height, width, kernel, stride] in LAYERS {
            let layer = Layer {
                inputs,
                outputs,
                size: [height, width],
                kernel,
                stride,
            };
            let mut of = |choice| {
                block_on(bench::convolution(
                    &device, &layer, choice, false, &mut clock,
                ))
            };
            kernels.push(Kernel {
                layer: format!(
                    "{inputs} to {outputs}, {kernel}x{kernel} stride {stride}, {width}x{height}"
                ),
                chosen: of(None)?,
                registers: of(Some(REGISTERS))?,
                tile: of(Some(TILE))?,
                winograd: if kernel == 3 && stride == 1 {
                    Some(of(Some(WINOGRAD))?)
                } else {
                    None
                },
            });
        }
        let whole = |&subject: &Subject| whole(&device, subject, steps);
        Ok(Report {
            adapter: device.info().name.clone(),
            software: device.info().software,
            peak_gflops: peak.arithmetic,
            bandwidth_gb: peak.bandwidth,
            kernels,
            generators: generators.iter().map(whole).collect::<Result<_>>()?,
        })
    }

    impl Report {
        /// As tables.
        pub fn print(&self) {
            println!(
                "{}: {:.0} GFLOP/s and {:.0} GB/s at best",
                self.adapter, self.peak_gflops, self.bandwidth_gb
            );
            println!(
                "\n{:<44} {:>8} {:>10} {:>8} {:>9}",
                "GFLOP/s", "chosen", "registers", "tile", "Winograd"
            );
            for one in &self.kernels {
                let winograd = one.winograd.map(|speed| format!("{speed:.1}"));
                println!(
                    "{:<44} {:>8.1} {:>10.1} {:>8.1} {:>9}",
                    one.layer,
                    one.chosen,
                    one.registers,
                    one.tile,
                    winograd.unwrap_or_default()
                );
            }
            for one in &self.generators {
                println!(
                    "\n{}: {:.1} ms ({:.0} GFLOP/s), first {:.0} ms, loading {:.0} ms, {} dispatches",
                    one.name, one.median_ms, one.gflops, one.first_ms, one.load_ms, one.dispatches
                );
                for (kernel, seconds) in &one.steps {
                    println!("  {:>9.3} ms  {kernel}", seconds * 1e3);
                }
            }
        }
    }

    fn whole(device: &Device, subject: Subject, steps: bool) -> Result<Whole> {
        let (name, manifest) = described(subject)?;
        let size = [manifest.size.height, manifest.size.width];
        let request = Request {
            one_hot: manifest.input.layout().is_some(),
            ..Request::of_size(&manifest, size)
        };
        let plan = plan::generator(&manifest, &request)?;
        let gflop = plan.cost().flops as f64 / 1e9;
        let weights = Formula::of(&plan);
        let started = Instant::now();
        let mut generator = block_on(Generator::new(
            device,
            schedule(&plan)?,
            &plan,
            &weights,
            &mut |_| {},
        ))?;
        let load_ms = started.elapsed().as_secs_f64() * 1e3;
        let ids = vec![0; size[0] * size[1]];
        let switch = manifest.input.layout().is_some_and(|layout| layout.edges);
        let edges = switch.then(|| vec![0; ids.len()]);
        let numbers: Vec<Vec<f32>> = plan
            .inputs
            .iter()
            .map(|input| vec![0.5; plan.shape(input.value).len()])
            .collect();
        let given: Vec<Given<'_>> = plan
            .inputs
            .iter()
            .zip(&numbers)
            .map(|(input, numbers)| match input.one_hot {
                0 => Given::Planes(numbers),
                _ => Given::Labels {
                    ids: &ids,
                    switch: edges.as_deref(),
                },
            })
            .collect();
        let mut times = Vec::new();
        for _ in 0..6 {
            let started = Instant::now();
            block_on(generator.run(&given))?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let first_ms = times.remove(0);
        let median_ms = quantile(&mut times, 0.5);
        let start = Instant::now();
        let mut clock = || start.elapsed().as_secs_f64();
        Ok(Whole {
            name,
            gflop,
            load_ms,
            first_ms,
            median_ms,
            gflops: gflop / median_ms * 1e3,
            dispatches: generator.dispatches(),
            steps: match steps {
                true => block_on(bench::steps(&generator, &mut clock))?,
                false => Vec::new(),
            },
        })
    }

    fn described(subject: Subject) -> Result<(String, Manifest)> {
        let pictures = || InputKind::Image {
            channels: 3,
            value_range: [-1.0, 1.0],
            palette: Vec::new(),
        };
        let cityscapes = SemanticLayout {
            num_classes: 35,
            dont_care: false,
            edges: true,
        };
        let ade20k = SemanticLayout {
            num_classes: 150,
            dont_care: true,
            edges: false,
        };
        let labels = |layout| labels_input(layout, Some(Palette::default()));
        let (model, input, size) = match subject {
            Subject::Unet256 => {
                let generator = pix2pix::GeneratorConfig::default();
                (ModelConfig::Pix2pix { generator }, pictures(), [256, 256])
            }
            Subject::Resnet9 => {
                let generator = pix2pix::GeneratorConfig {
                    architecture: "resnet_9blocks".parse()?,
                    ..pix2pix::GeneratorConfig::default()
                };
                (ModelConfig::Pix2pix { generator }, pictures(), [256, 256])
            }
            Subject::Pix2pixhd512p | Subject::Pix2pixhd1024p => {
                let local = subject == Subject::Pix2pixhd1024p;
                let generator = pix2pixhd::GeneratorConfig {
                    architecture: match local {
                        true => pix2pixhd::Architecture::LOCAL,
                        false => pix2pixhd::Architecture::Global,
                    },
                    base_channels: if local { 32 } else { 64 },
                    input_channels: cityscapes.channels(),
                    ..pix2pixhd::GeneratorConfig::default()
                };
                let model = ModelConfig::Pix2pixhd {
                    generator,
                    feature_channels: 0,
                    encoder: None,
                };
                let size = if local { [1024, 2048] } else { [512, 1024] };
                (model, labels(cityscapes), size)
            }
            Subject::SpadeAde20k => {
                let generator = spade::GeneratorConfig {
                    input_channels: ade20k.channels(),
                    ..spade::GeneratorConfig::default()
                };
                let model = ModelConfig::Spade {
                    generator,
                    encoder: None,
                };
                (model, labels(ade20k), [256, 256])
            }
            Subject::Pgan256 => {
                let generator = pgan::GeneratorConfig::default().at_scale(6);
                let channels = generator.input_dim();
                let input = InputKind::Latent {
                    channels,
                    attributes: Vec::new(),
                };
                (ModelConfig::Pgan { generator }, input, [256, 256])
            }
        };
        let name = format!("{subject:?} {}x{}", size[1], size[0]);
        Ok((name, describe("bench".into(), model, input, size)))
    }

    /// Weights by a formula: small numbers of both signs.
    struct Formula(BTreeMap<String, Vec<usize>>);

    impl Formula {
        fn of(plan: &Plan) -> Self {
            let source = |one: &underpaint_plan::Expression| match &one.node {
                Node::Source(key) => Some((key.clone(), one.shape.clone())),
                _ => None,
            };
            Self(plan.expressions.iter().filter_map(source).collect())
        }
    }

    impl WeightSource for Formula {
        fn read(&self, key: &str) -> underpaint_plan::Result<Tensor> {
            let shape = self.0.get(key).cloned().with_context(|| key.to_owned());
            let shape =
                shape.map_err(|error| underpaint_plan::Error::Weights(error.to_string()))?;
            let count: usize = shape.iter().product();
            let is_variance = key.ends_with("running_var");
            let number = |index: usize| match is_variance {
                true => 1.0,
                // Whole parts of 1024 are numbers of f16 too.
                false => ((index * 7919 + 13) % 64) as f32 / 1024.0 - 0.03125,
            };
            Ok(Tensor {
                shape,
                values: (0..count).map(number).collect(),
            })
        }
    }
}
