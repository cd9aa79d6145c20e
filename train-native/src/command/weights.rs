//! `underpaint weights`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use indicatif::DecimalBytes;

use crate::perceptual::{Cache, FrozenNetwork, Stored};

/// Flags of `weights`.
#[derive(Debug, Args)]
pub struct WeightsArgs {
    #[command(subcommand)]
    command: Option<WeightsCommand>,
}

#[derive(Debug, Subcommand)]
enum WeightsCommand {
    /// Say what is stored, and where (also without a subcommand)
    List,
    /// Store VGG-19, which the perceptual loss of pix2pixHD and SPADE needs
    Vgg19(FileArgs),
    /// Store Inception-v3, which FID needs
    Inception(FileArgs),
}

#[derive(Debug, Args)]
struct FileArgs {
    /// The authors' weight file (.pth), safetensors with the same keys, or what the seeds' converters make of it
    /// (a MindSpore .ckpt)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl WeightsArgs {
    /// Runs the subcommand.
    pub fn run(self) -> Result<ExitCode> {
        let cache = Cache::open()?;
        match self.command {
            None | Some(WeightsCommand::List) => list(&cache),
            Some(WeightsCommand::Vgg19(args)) => store(&cache, FrozenNetwork::Vgg19, &args.file),
            Some(WeightsCommand::Inception(args)) => {
                store(&cache, FrozenNetwork::Inception, &args.file)
            }
        }
    }
}

fn list(cache: &Cache) -> Result<ExitCode> {
    println!("{}", cache.folder().display());
    for network in FrozenNetwork::ALL {
        let told = match cache.look_up(network)? {
            Some(stored) => format!(
                "{}, {}",
                DecimalBytes(stored.size),
                origin_of(network, &stored)
            ),
            None => format!(
                "not there: `underpaint weights {} FILE`, where FILE is {}",
                network.name(),
                network.where_to_get()
            ),
        };
        println!("  {:<10} {told}", network.name());
    }
    Ok(ExitCode::SUCCESS)
}

fn store(cache: &Cache, network: FrozenNetwork, file: &Path) -> Result<ExitCode> {
    let stored = cache.store(network, file)?;
    println!("{}: {}", file.display(), origin_of(network, &stored));
    if !stored.original {
        println!(
            "It is taken all the same, because every weight is there and has the right shape."
        );
    }
    println!("Stored as {}", stored.path.display());
    Ok(ExitCode::SUCCESS)
}

fn origin_of(network: FrozenNetwork, stored: &Stored) -> String {
    match stored.original {
        true => format!("the original file, SHA-256 {}", stored.source_sha256),
        false => format!(
            "not the original file: expected a SHA-256 that begins with {}, found {}",
            network.sha256_start(),
            stored.source_sha256
        ),
    }
}
