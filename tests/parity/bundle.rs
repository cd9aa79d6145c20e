//! The way that users go: an author's file is recognised, becomes a bundle's generator, and runs.
//!
//! One generator of each family, on every device, a graphics card among them; the other files of this
//! harness compare everything else, on the CPU devices.

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint::device::DeviceName;
use underpaint::import::{Hints, read_checkpoint, recognize};
use underpaint::model::describe;
use underpaint_core::bundle::{Inputs, Runner, TestTime, Weights};
use underpaint_tests::{Fixture, Golden, compare};

use crate::network::tensor;

/// Fixtures, and the output that use, not training, gives.
pub const GENERATORS: [(&str, &str); 4] = [
    ("p2p_unet128_in", "output_eval"),
    ("hd_global_d2_b2", "output"),
    ("spade_g_syncbatch", "output_eval"),
    ("pgan_8px", "G_output_a0.4"),
];

/// On a graphics card sums are made in another order, with fused multiply-adds and approximate roots
/// and exponentials; outputs lie in [-1, 1], and a level of a byte is 8e-3.
const GPU_TOLERANCE: f64 = 1e-4;

/// Imports the fixture's generator and compares what it makes.
pub fn check(fixture: &Fixture, output: &str, name: DeviceName) -> Result<()> {
    let device = underpaint::device::open(name)?;
    let hints = Hints {
        edges: (fixture.text("family")? == "spade").then_some(true),
        size: (fixture.text("family")? != "pgan").then_some(64),
        ..Hints::default()
    };
    let checkpoint = read_checkpoint(&fixture.weight_file("G")?)?;
    let found = recognize(checkpoint, None, None, &hints)?;
    let manifest = describe("parity".into(), found.model, found.input, [64, 64]);
    let weights = Weights {
        generator: &found.weights,
        encoder: None,
    };
    let test_time = TestTime {
        dropout: false,
        ..manifest.test_time
    };
    let runner = Runner::new(&manifest, weights, test_time, &device)?;
    let generated = runner.run(inputs(fixture, &runner, &device)?, 0)?;
    let values: Vec<f64> = generated.into_data().iter::<f64>().collect();
    let own = fixture.tolerance(output)?;
    let atol = match name {
        DeviceName::Cpu | DeviceName::LibtorchCpu => own,
        _ => own.max(GPU_TOLERANCE),
    };
    compare(output, &values, &fixture.tensor(output)?.values, atol)
}

fn inputs(fixture: &Fixture, runner: &Runner, device: &Device) -> Result<Inputs> {
    Ok(match fixture.text("family")? {
        "pix2pix" | "pix2pixHD" => tensor(&fixture.tensor("input")?, device).into(),
        "spade" => {
            let (labels, instances) = (fixture.tensor("label")?, fixture.tensor("inst")?);
            let [height, width] = [labels.shape[2], labels.shape[3]];
            let condition =
                runner.condition_from_labels(&ids(&labels), Some(&ids(&instances)), height, width);
            condition?.into()
        }
        "pgan" => {
            let latents = fixture.tensor("z")?;
            let data = TensorData::new(latents.f32(), latents.shape);
            Inputs {
                latents: Some(Tensor::from_data(data, device)),
                alpha: 0.4,
                ..Inputs::default()
            }
        }
        other => bail!("family {other} has no generator here"),
    })
}

fn ids(map: &Golden) -> Vec<u16> {
    map.values.iter().map(|&id| id as u16).collect()
}
