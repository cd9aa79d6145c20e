//! Adversarial losses over scales, the divergence, and their gradients.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint_core::loss::{GanMode, GanTarget, kl_divergence};
use underpaint_core::spade::adversarial_loss;
use underpaint_tests::Fixture;

use super::pass::{Pass, compare_all};
use crate::network::tensor;

/// The original's `--gan_mode`.
pub fn gan_mode(name: &str) -> Result<GanMode> {
    match name {
        "hinge" => Ok(GanMode::Hinge),
        "ls" => Ok(GanMode::Lsgan),
        "original" => Ok(GanMode::Vanilla),
        "w" => Ok(GanMode::Wgangp),
        other => bail!("gan_mode {other}: not known to this harness"),
    }
}

/// Every mode and side.
pub fn losses(fixture: &Fixture, device: &Device) -> Result<()> {
    fixture.flags(&[])?;
    let device = device.clone().autodiff();
    let names = fixture.tensor_names("output");
    let mut pass = Pass::default();
    for case in names.iter().filter_map(|name| name.strip_prefix("loss_")) {
        adversarial(fixture, case, &mut pass, &device).with_context(|| case.to_owned())?;
    }
    if names.iter().any(|name| name == "kld") {
        divergence(fixture, &mut pass, &device)?;
    }
    compare_all(fixture, &pass)
}

fn adversarial(fixture: &Fixture, case: &str, pass: &mut Pass, device: &Device) -> Result<()> {
    let (mode, side) = case.rsplit_once('_').context("mode and side")?;
    let target = match side {
        "Dreal" => GanTarget::Real,
        "Dfake" => GanTarget::Fake,
        "G" => GanTarget::Fooled,
        other => bail!("side {other}: not known to this harness"),
    };
    let inputs = fixture.tensor_names("input");
    let count = inputs
        .iter()
        .filter(|name| name.starts_with("pred"))
        .count();
    ensure!(count > 0, "no logits");
    let logits = |scale| {
        let golden = fixture.tensor(&format!("pred{scale}"))?;
        Ok(vec![tensor(&golden, device).require_grad()])
    };
    let scales: Vec<Vec<Tensor<4>>> = (0..count).map(logits).collect::<Result<_>>()?;
    let loss = adversarial_loss(&scales, target, gan_mode(mode)?);
    let mut gradients = loss.backward();
    pass.add(format!("loss_{case}"), &loss);
    for (scale, logits) in scales.iter().enumerate() {
        let gradient = logits[0]
            .grad_remove(&mut gradients)
            .context("no gradient")?;
        pass.add(format!("grad{scale}_{case}"), &gradient);
    }
    Ok(())
}

fn divergence(fixture: &Fixture, pass: &mut Pass, device: &Device) -> Result<()> {
    let input = |name: &str| -> Result<Tensor<2>> {
        let golden = fixture.tensor(name)?;
        let data = TensorData::new(golden.f32(), golden.shape.clone());
        Ok(Tensor::from_data(data, device).require_grad())
    };
    let (mean, log_variance) = (input("mu")?, input("logvar")?);
    let loss = kl_divergence(mean.clone(), log_variance.clone());
    let mut gradients = loss.backward();
    pass.add("kld", &loss);
    for (name, tensor) in [("kld_grad_mu", mean), ("kld_grad_logvar", log_variance)] {
        let gradient = tensor.grad_remove(&mut gradients).context("no gradient")?;
        pass.add(name, &gradient);
    }
    Ok(())
}
