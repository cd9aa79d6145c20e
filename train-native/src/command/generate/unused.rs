//! Flags that a model has no use for: refused, because a picture that ignores what was asked for looks
//! like one that does not.

use std::path::Path;

use anyhow::{Result, bail};
use underpaint_core::bundle::{InputKind, Runner};

use super::GenerateArgs;

impl GenerateArgs {
    /// Refuses the first flag that would change nothing.
    pub(super) fn refuse_unused(&self, runner: &Runner, kind: &InputKind) -> Result<()> {
        let model = runner.model();
        let unconditional = matches!(kind, InputKind::Latent { .. });
        let labels = matches!(kind, InputKind::Labels { .. });
        let taken = match kind {
            InputKind::Latent { .. } => "makes pictures of latents alone",
            InputKind::Labels { .. } => "takes label maps",
            InputKind::Image { .. } => "takes pictures",
        };
        let latents = model.latent_channels().is_some();
        let photos = self.features.as_deref() == Some(Path::new("encode"));
        let features = model.feature_channels() > 0;
        let encoder = model.has_encoder();
        let rules = [
            ("--half", self.half.is_some(), !labels && !unconditional),
            ("--size", self.size.is_some(), !unconditional),
            ("--width", self.width.is_some(), !unconditional),
            ("--remap", self.remap.is_some(), labels),
            ("--ade-shift", self.ade_shift, labels),
            ("--instances", self.instances.is_some(), labels),
            ("--scale", self.scale.is_some(), unconditional),
            ("--alpha", self.alpha.is_some(), unconditional),
            ("--class", !self.class.is_empty(), unconditional),
            ("--tile", self.tile.is_some(), !unconditional),
        ];
        for (flag, given, used) in rules {
            if given && !used {
                bail!("{flag}: this model {taken} and has no use for it");
            }
        }
        if let (Some([height, width]), true) = (model.fixed_size(), !unconditional) {
            let wanted = [("--size", self.size), ("--width", self.width)];
            let other = wanted
                .into_iter()
                .find(|(_, side)| side.is_some_and(|side| side != width));
            if let Some((flag, _)) = other {
                bail!(
                    "{flag}: this model makes pictures of {width}x{height} only, and resizes label maps to that by itself"
                );
            }
        }
        if self.count > 1 && !latents {
            bail!(
                "--count: this model makes one picture of an input; only models with latents make several"
            );
        }
        let given = self.walk.given().or(self.frames.given());
        let given = given.or(self.random_style.then_some("--random-style"));
        if let (Some(flag), false) = (given, latents) {
            bail!("{flag}: this model has no latents");
        }
        if self.instances.is_some() && !runner.looks_at_instances() {
            bail!("--instances: this model does not look at instances");
        }
        if self.features.is_some() && !features {
            bail!("--features: this model takes no feature maps");
        }
        if self.images.is_some() && !photos {
            bail!("--images: only --features encode has a use for photos");
        }
        // Where nothing is said, features are drawn.
        let drawn = self
            .features
            .as_deref()
            .is_none_or(|said| said == Path::new("sample"));
        if self.clusters.is_some() && !drawn {
            bail!(
                "--clusters: only --features sample, or no --features at all, draws from typical features"
            );
        }
        if self.style.is_some() && !encoder {
            bail!("--style: this model has no encoder that reads a style from a picture");
        }
        Ok(())
    }
}
