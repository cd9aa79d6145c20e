//! Adversarial losses and their gradients.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use underpaint_core::loss::{GanMode, GanTarget, adversarial_loss};
use underpaint_tests::{Fixture, compare};

use crate::network::tensor;

pub fn check(fixture: &Fixture, device: &Device) -> Result<()> {
    fixture.flags(&[])?;
    let names = fixture.tensor_names("output");
    let losses: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix("loss_"))
        .collect();
    ensure!(!losses.is_empty(), "no losses in it");
    for name in &names {
        let known = ["loss_", "grad_"].iter().any(|prefix| {
            name.strip_prefix(prefix)
                .is_some_and(|case| losses.contains(&case))
        });
        ensure!(known, "tensor {name} is not known to this harness");
    }
    for case in losses {
        let (mode, target) = case.rsplit_once('_').with_context(|| case.to_owned())?;
        let mode = match mode {
            "vanilla" => GanMode::Vanilla,
            "lsgan" => GanMode::Lsgan,
            "wgangp" => GanMode::Wgangp,
            other => bail!("loss {other}: not known to this harness"),
        };
        let target = if target == "real" {
            GanTarget::Real
        } else {
            GanTarget::Fake
        };
        let logits = tensor(&fixture.tensor("pred")?, &device.clone().autodiff()).require_grad();
        let loss = adversarial_loss(logits.clone(), target, mode);
        let mut gradients = loss.backward();
        let gradient = logits.grad_remove(&mut gradients).context("no gradient")?;
        for (name, found) in [
            (format!("loss_{case}"), loss.into_data()),
            (format!("grad_{case}"), gradient.into_data()),
        ] {
            let found: Vec<f64> = found.iter::<f64>().collect();
            compare(
                &name,
                &found,
                &fixture.tensor(&name)?.values,
                fixture.tolerance(&name)?,
            )?;
        }
    }
    Ok(())
}
