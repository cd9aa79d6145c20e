//! Flags of the commands that look at a network as a plan of steps.

use std::str::FromStr;

use anyhow::{Result, bail};
use clap::Args;
use underpaint_core::bundle::{Manifest, ModelConfig, NormDefault};
use underpaint_core::plan::{Plan, Request, generator};

use super::generate::scale_of_side;
use super::options::{BnStats, Switch};

/// Width and height in pixels, as people write them: `1024x512`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureSize {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl FromStr for PictureSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once('x');
        let sides =
            sides.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
        match sides {
            Some((width, height)) if width > 0 && height > 0 => Ok(Self { width, height }),
            _ => Err(format!(
                "expected width and height such as 512x256, found {text}"
            )),
        }
    }
}

/// What a plan is made for.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// Size of the picture [default: as trained]
    #[arg(long, value_name = "WxH")]
    pub size: Option<PictureSize>,
    /// Statistics of batch norm [default: the model's, batch unless it was imported otherwise]
    #[arg(long, value_name = "WHICH")]
    pub bn_stats: Option<BnStats>,
    /// Whether dropout drops [default: on, where the model has dropout, as the authors test]
    #[arg(long, value_name = "ON|OFF")]
    pub dropout: Option<Switch>,
    /// Seed of the dropout masks [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Side to generate at, for a Progressive GAN: 4, 8, 16, … [default: the largest]
    #[arg(long, value_name = "PX")]
    pub scale: Option<usize>,
    /// Share of the next smaller size, for a Progressive GAN that was saved while growing
    #[arg(long, value_name = "0..1")]
    pub alpha: Option<f64>,
}

impl RequestArgs {
    /// The first flag that was given.
    pub fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--size", self.size.is_some()),
            ("--bn-stats", self.bn_stats.is_some()),
            ("--dropout", self.dropout.is_some()),
            ("--seed", self.seed.is_some()),
            ("--scale", self.scale.is_some()),
            ("--alpha", self.alpha.is_some()),
        ];
        flags
            .into_iter()
            .find_map(|(flag, given)| given.then_some(flag))
    }

    /// What the flags ask of a model.
    ///
    /// # Errors
    ///
    /// For the first flag that the model has no use for.
    pub fn request(&self, manifest: &Manifest) -> Result<Request> {
        let unconditional = matches!(manifest.model, ModelConfig::Pgan { .. });
        let rules = [
            ("--size", self.size.is_some(), !unconditional),
            ("--scale", self.scale.is_some(), unconditional),
            ("--alpha", self.alpha.is_some(), unconditional),
        ];
        for (flag, given, used) in rules {
            if given && !used {
                bail!(
                    "{flag}: a {} model has no use for it",
                    manifest.model.family()
                );
            }
        }
        let size = self
            .size
            .map_or([manifest.size.height, manifest.size.width], |size| {
                [size.height, size.width]
            });
        let mut request = Request::of_size(manifest, size);
        request.seed = self.seed.unwrap_or(0);
        request.scale = self.scale.map(scale_of_side).transpose()?;
        let own = manifest.alpha_at(request.scale);
        request.alpha = self.alpha.unwrap_or(own);
        match self.bn_stats {
            Some(BnStats::Batch) => request.test_time.statistics = NormDefault::Batch,
            Some(BnStats::Running) => request.test_time.statistics = NormDefault::Running,
            None => {}
        }
        if let Some(switch) = self.dropout {
            request.test_time.dropout = switch == Switch::On;
        }
        Ok(request)
    }

    /// Whether the plan holds numbers that were drawn from the seed.
    ///
    /// # Errors
    ///
    /// If `--seed` was given for nothing.
    pub fn is_seeded(&self, manifest: &Manifest, request: &Request, plan: &Plan) -> Result<bool> {
        let other = Request {
            seed: request.seed.wrapping_add(1),
            ..*request
        };
        let seeded = generator(manifest, &other)? != *plan;
        if self.seed.is_some() && !seeded {
            bail!("--seed: this network draws nothing; latents are an input");
        }
        Ok(seeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_width_and_height() {
        let size = PictureSize {
            width: 512,
            height: 256,
        };
        assert_eq!("512x256".parse(), Ok(size));
        for wrong in ["512", "0x4", "4x0", "x", "4x4x4", "axb"] {
            let error = wrong.parse::<PictureSize>().expect_err("no size");
            assert!(error.contains(wrong), "{error}");
        }
    }
}
