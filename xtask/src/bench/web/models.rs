//! The models that are run: the demo model, and one of every other family, small and untrained, made by
//! the program's own commands. What they paint does not matter; what that costs hardly depends on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Args;
use crate::process;
use crate::project::Project;

/// Landscapes to make a step of training on.
const DATA: &str = "dataset synthesize landscapes --output data --count 4 --val 1 --size 256";
/// How long everything is trained: a step, and a Progressive GAN one at each of its six sizes.
const HARDLY: &str = "--seed 1 --quiet --device cpu --steps";

/// A model by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ModelName {
    /// The demo model: U-Net-256, width 16, label maps, 256x256
    Unet,
    /// pix2pix's ResNet of 9 blocks, width 16, pictures, 128x128
    Resnet,
    /// pix2pixHD's global generator of 4 blocks, width 16, label maps, 256x256
    Pix2pixhd,
    /// SPADE, width 8, spectral norm, label maps, 128x128
    Spade,
    /// Progressive GAN of 64 to 16 channels, latents, 128x128
    Pgan,
}

impl ModelName {
    /// How it is called in tables.
    fn title(self) -> &'static str {
        match self {
            Self::Unet => "pix2pix, U-Net-256 of width 16 (the demo model)",
            Self::Resnet => "pix2pix, ResNet of 9 blocks, width 16",
            Self::Pix2pixhd => "pix2pixHD, global generator of 4 blocks, width 16",
            Self::Spade => "SPADE, width 8",
            Self::Pgan => "Progressive GAN, 64 to 16 channels",
        }
    }

    /// Number type of the weights. A graph has spectral norm and equalised factors folded into them, and
    /// would round the products to 16 bits once more.
    fn dtype(self) -> &'static str {
        match self {
            Self::Unet | Self::Resnet | Self::Pix2pixhd => "f16",
            Self::Spade | Self::Pgan => "f32",
        }
    }

    /// Arguments of `underpaint train`; none for the model that lies in the repository.
    fn training(self) -> Option<String> {
        // Initial weights are wide, where there is a flag for that, for pictures to use their range.
        let (steps, own) = match self {
            Self::Unet => return None,
            Self::Resnet => (
                1,
                "pix2pix --data data --net-g resnet_9blocks --norm instance --no-dropout \
                 --ngf 16 --ndf 4 --size 128 --load-size 128 --init-gain 0.2",
            ),
            Self::Pix2pixhd => (
                1,
                "pix2pixhd --data data --label-nc 15 --no-instance --net-g global --ngf 16 --ndf 4 \
                 --n-downsample-global 3 --n-blocks-global 4 --num-d 1 --n-layers-d 2 \
                 --resize-or-crop scale_width_and_crop --load-size 256 --fine-size 256 --no-vgg-loss",
            ),
            Self::Spade => (
                1,
                "spade --data data --dataset-mode facades --label-nc 15 --crop-size 128 \
                 --load-size 128 --ngf 8 --ndf 4 --num-d 1 --n-layers-d 3 --no-vgg-loss \
                 --init-variance 0.2",
            ),
            Self::Pgan => (
                6,
                "pgan --data data/train_img --depths 64,64,64,32,32,16 --latent-dim 64 \
                 --iterations 1 --alpha-jumps 0 --alpha-size-jumps 0 --batch-sizes 2",
            ),
        };
        Some(format!("{own} {HARDLY} {steps}"))
    }
}

/// A model to run, as both sides take it.
pub struct Subject {
    /// In tables.
    pub title: String,
    /// Ours, without dropout: a graph of the peer cannot draw.
    pub bundle: PathBuf,
    /// The peer's.
    pub onnx: PathBuf,
}

/// Makes what is asked for, below `folder`.
///
/// # Errors
/// When the program fails or a file cannot be written.
pub fn make(project: &Project, program: &Path, folder: &Path, args: &Args) -> Result<Vec<Subject>> {
    let workshop = Workshop { program, folder };
    if let Some(bundle) = &args.bundle {
        return Ok(vec![workshop.subject(
            "own",
            bundle,
            bundle.display().to_string(),
        )?]);
    }
    if args.model.iter().any(|model| model.training().is_some()) {
        workshop.underpaint(DATA)?;
    }
    let make = |(number, &model): (usize, &ModelName)| {
        let bundle = match model.training() {
            None => project.root.join("www/public/models/landscapes"),
            Some(training) => {
                eprintln!("making a model: {}", model.title());
                let (run, bundle) = (format!("run{number}"), format!("trained{number}"));
                workshop.underpaint(&format!("train {training} --output {run}"))?;
                let dtype = model.dtype();
                workshop.underpaint(&format!("export {run} --output {bundle} --dtype {dtype}"))?;
                folder.join(bundle)
            }
        };
        workshop.subject(&format!("model{number}"), &bundle, model.title().to_owned())
    };
    args.model.iter().enumerate().map(make).collect()
}

struct Workshop<'a> {
    program: &'a Path,
    folder: &'a Path,
}

impl Workshop<'_> {
    /// A bundle without dropout at test time, and its graph, with weights of the same number type, so
    /// that downloads compare.
    fn subject(&self, name: &str, bundle: &Path, title: String) -> Result<Subject> {
        let mut manifest = read_manifest(bundle)?;
        let weights = manifest["weights"].clone();
        let file = weights["file"]
            .as_str()
            .context("the manifest names no weights")?;
        manifest["test_time"]["dropout"] = Value::Bool(false);
        let own = self.folder.join(name);
        fs::create_dir(&own).with_context(|| format!("making {}", own.display()))?;
        fs::write(own.join("manifest.json"), manifest.to_string()).context("writing a manifest")?;
        fs::copy(bundle.join(file), own.join(file))
            .with_context(|| format!("copying {file} of {}", bundle.display()))?;
        let dtype = if is_half(&own.join(file))? {
            "f16"
        } else {
            "f32"
        };
        // Its WebGPU kernels miscompute 15 channels (microsoft/onnxruntime#29651).
        let pad = match manifest["input"]["kind"].as_str() {
            Some("labels") => " --pad-channels 4",
            _ => "",
        };
        self.underpaint(&format!(
            "export {name} --format onnx --output {name}.onnx --dtype {dtype}{pad}"
        ))?;
        Ok(Subject {
            title,
            bundle: own,
            onnx: self.folder.join(format!("{name}.onnx")),
        })
    }

    fn underpaint(&self, words: &str) -> Result<()> {
        let mut program = Command::new(self.program);
        program
            .args(words.split_whitespace())
            .current_dir(self.folder);
        process::run_to_stderr(&mut program)
    }
}

fn read_manifest(bundle: &Path) -> Result<Value> {
    let path = bundle.join("manifest.json");
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
}

/// Whether a weight file has numbers of 16 bits: its header says so of every tensor.
fn is_half(weights: &Path) -> Result<bool> {
    let bytes = fs::read(weights).with_context(|| format!("reading {}", weights.display()))?;
    let header = header_of(&bytes)
        .with_context(|| format!("{} is no safetensors file", weights.display()))?;
    Ok(header.contains("\"F16\""))
}

fn header_of(bytes: &[u8]) -> Option<&str> {
    let length = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    let header = bytes.get(8..)?.get(..usize::try_from(length).ok()?)?;
    std::str::from_utf8(header).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_type_is_read_from_the_header() {
        let file = |text: &str| {
            let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
            bytes.extend(text.as_bytes());
            bytes
        };
        let half = file(r#"{"a":{"dtype":"F16","shape":[0],"data_offsets":[0,0]}}"#);
        assert!(header_of(&half).unwrap().contains("F16"));
        assert_eq!(header_of(&half[..20]), None);
        assert_eq!(header_of(b"short"), None);
    }

    #[test]
    fn only_the_demo_model_is_not_made() {
        use clap::ValueEnum;
        let without: Vec<_> = ModelName::value_variants()
            .iter()
            .filter(|model| model.training().is_none())
            .collect();
        assert_eq!(without, [&ModelName::Unet]);
    }
}
