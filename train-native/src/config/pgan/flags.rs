//! The settings of the Progressive GAN by name.

use clap::{ArgAction, Args};
use serde::{Deserialize, Serialize};
use underpaint_core::pgan::Criterion;

use crate::config::values::{parse_name, parse_switch};
use crate::data::unconditional::FaceCrop;

/// Settings of a run of the Progressive GAN, none of them required here.
///
/// The names of pytorch_GAN_zoo's configs and of the MindSpore version are accepted too.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
pub struct PganFlags {
    /// none, or celeba for the faces of aligned CelebA pictures (178x218) [default: none]
    #[arg(long, value_name = "NAME", value_parser = parse_name::<FaceCrop>, help_heading = "Data")]
    pub crop: Option<FaceCrop>,
    /// Channels of the pictures, 3 or 1 [default: 3]
    #[arg(long, aliases = ["output_nc", "dimOutput"], value_name = "N", help_heading = "Data")]
    pub output_nc: Option<usize>,

    /// Channels of every scale, 4x4 first [default: 512,512,512,512,256,128]
    #[arg(
        long,
        aliases = ["depth", "depthScales"],
        value_name = "N,N,…",
        value_delimiter = ',',
        action = ArgAction::Set,
        help_heading = "Networks"
    )]
    pub depths: Option<Vec<usize>>,
    /// Length of a latent [default: 512]
    #[arg(long, aliases = ["latent_dim", "dimLatentVector"], value_name = "N", help_heading = "Networks")]
    pub latent_dim: Option<usize>,
    /// The discriminator does not see the spread of a batch
    #[arg(long, value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Networks")]
    pub no_minibatch_stddev: Option<bool>,
    /// The original's opposite of --no-minibatch-stddev
    #[arg(long = "miniBatchStdDev", hide = true, value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true")]
    pub mini_batch_std_dev: Option<bool>,
    /// Features are not divided by their norm
    #[arg(long, value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Networks")]
    pub no_pixel_norm: Option<bool>,
    /// The original's opposite of --no-pixel-norm
    #[arg(long = "perChannelNormalization", hide = true, value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true")]
    pub per_channel_normalization: Option<bool>,
    /// Slope of the leaky ReLU below zero [default: 0.2]
    #[arg(long, aliases = ["leakyness", "leakyReluLeak"], value_name = "X", help_heading = "Networks")]
    pub leaky_slope: Option<f64>,

    /// Steps at every scale, the last number also for those beyond [default: 48000,96000,…]
    #[arg(
        long,
        aliases = ["num_batch", "maxIterAtScale"],
        value_name = "N,N,…",
        value_delimiter = ',',
        action = ArgAction::Set,
        help_heading = "Growth"
    )]
    pub iterations: Option<Vec<u64>>,
    /// Steps of alpha in which every scale fades in [default: 0,600,…]
    #[arg(
        long,
        aliases = ["alpha_jumps", "alphaNJumps"],
        value_name = "N,N,…",
        value_delimiter = ',',
        action = ArgAction::Set,
        help_heading = "Growth"
    )]
    pub alpha_jumps: Option<Vec<u64>>,
    /// Iterations between two steps of alpha [default: 32,32,…]
    #[arg(
        long,
        aliases = ["alpha_size_jumps", "alphaSizeJumps"],
        value_name = "N,N,…",
        value_delimiter = ',',
        action = ArgAction::Set,
        help_heading = "Growth"
    )]
    pub alpha_size_jumps: Option<Vec<u64>>,
    /// Samples per step at every scale, the last number also for those beyond [default: --batch-size]
    #[arg(
        long,
        aliases = ["batch_size_list", "batch_sizes"],
        value_name = "N,N,…",
        value_delimiter = ',',
        action = ArgAction::Set,
        help_heading = "Growth"
    )]
    pub batch_sizes: Option<Vec<usize>>,
    /// Side that the run begins at, with the weights of --load-pretrain [default: 4]
    #[arg(long, aliases = ["start_scale", "resume_load_scale"], value_name = "PX", value_parser = parse_side, allow_negative_numbers = true, help_heading = "Growth")]
    pub start_scale: Option<usize>,

    /// Adversarial loss: wgangp, logistic, mse or dcgan [default: wgangp]
    #[arg(long, aliases = ["lossMode", "loss_mode"], value_name = "NAME", value_parser = parse_criterion, help_heading = "Losses")]
    pub loss_mode: Option<Criterion>,
    /// Weight of the gradient penalty [default: 10]
    #[arg(long, aliases = ["lambda_gp", "lambdaGP"], value_name = "X", help_heading = "Losses")]
    pub lambda_gp: Option<f64>,
    /// Weight of the gradient penalty at real pictures [default: 0]
    #[arg(
        long,
        alias = "logisticGradReal",
        value_name = "X",
        help_heading = "Losses"
    )]
    pub real_penalty: Option<f64>,
    /// Weight of the squared scores of real pictures [default: 0.001]
    #[arg(long, aliases = ["epsilon_d", "epsilonD"], value_name = "X", help_heading = "Losses")]
    pub epsilon_d: Option<f64>,
}

/// The losses in any case, as pytorch_GAN_zoo writes them.
fn parse_criterion(text: &str) -> Result<Criterion, String> {
    parse_name(&text.to_ascii_lowercase())
}

/// A side in pixels; the MindSpore version's -1 is the first.
fn parse_side(text: &str) -> Result<usize, String> {
    match text {
        "-1" => Ok(4),
        _ => text
            .parse()
            .map_err(|_| "expected a side in pixels".to_owned()),
    }
}
