//! The pages of `docs/migrating`: every line on them runs, on tiny data, and every script of the originals
//! has one.

mod data;
mod flags;

use std::fs;
use std::path::Path;

use super::{Place, size_of};

/// The `sh` blocks of a page.
struct Page {
    /// Comments, which name the originals' scripts.
    comments: String,
    /// Commands without `underpaint`, each as one line.
    commands: Vec<String>,
}

impl Page {
    fn read(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/migrating/{name}.md"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (mut comments, mut commands) = (String::new(), Vec::new());
        let (mut inside, mut command) = (false, String::new());
        for line in text.lines() {
            if line.starts_with("```") {
                inside = line == "```sh";
            } else if inside && line.starts_with('#') {
                comments += &format!("{line}\n");
            } else if inside {
                let part = line.strip_suffix('\\');
                command += part.unwrap_or(line);
                if part.is_none() {
                    let words = command.strip_prefix("underpaint ");
                    let words = words.unwrap_or_else(|| panic!("{name}: {command}"));
                    commands.push(words.to_owned());
                    command.clear();
                }
            }
        }
        assert!(command.is_empty() && !commands.is_empty(), "{name}");
        Self { comments, commands }
    }

    /// Runs every line, in order; later ones use what earlier ones have made.
    fn run(&self, place: &Place) {
        for command in &self.commands {
            place.run(&shrunk(command));
        }
    }

    fn assert_names(&self, scripts: &[&str]) {
        let named = |script: &&&str| !self.comments.contains(**script);
        let missing: Vec<_> = scripts.iter().filter(named).collect();
        assert!(missing.is_empty(), "scripts without a line: {missing:?}");
    }
}

/// A line with settings behind it that make it a matter of a second: the last of repeated flags counts.
fn shrunk(command: &str) -> String {
    let mut words = command.split_whitespace();
    let settings = match (words.next(), words.next()) {
        (Some("train"), Some("--resume")) => "--steps 6 --quiet".to_owned(),
        (Some("train"), Some(family)) => {
            format!(
                "{} {} --quiet",
                networks(family, command),
                length(family, command)
            )
        }
        _ => return smaller(command),
    };
    format!("{command} {settings}")
}

/// Fewer and smaller pictures.
fn smaller(command: &str) -> String {
    let numbers = [
        ("--count 10000", "--count 3"),
        ("--size 256", "--size 64"),
        ("--width 512", "--width 64"),
    ];
    let replace = |command: String, (large, small)| command.replace(large, small);
    numbers.into_iter().fold(command.to_owned(), replace)
}

/// One step, or one epoch where a line counts in epochs.
fn length(family: &str, command: &str) -> &'static str {
    let counts_epochs = |flag: &&str| has(command, flag);
    if ["--epochs", "--epoch_num", "--total_epoch"]
        .iter()
        .any(counts_epochs)
    {
        "--epochs 1 --max-dataset-size 2"
    } else if family == "pgan" && !has(command, "--start-scale") {
        "--steps 5"
    } else {
        "--steps 1"
    }
}

/// The smallest networks of a family that still are what the line asks for.
fn networks(family: &str, command: &str) -> String {
    let vgg = ["--vgg", "--vgg_ckpt_path", "--vgg_pre_trained"];
    let perceptual = match vgg.iter().any(|flag| has(command, flag)) {
        true => "",
        false => "--no-vgg-loss",
    };
    match family {
        "pix2pix" => "--net-g unet_32 --size 32 --load-size 36 --ngf 4 --ndf 4 --batch-size 1".to_owned(),
        "pix2pixhd" => {
            // An enhancer begins with a generator of twice its width.
            let ngf = if command.contains("--preset 1024p") { 2 } else { 4 };
            format!(
                "--ngf {ngf} --ndf 2 --n-downsample-global 2 --n-blocks-global 1 --n-blocks-local 1 --nef 2 \
                 --n-downsample-e 2 --load-size 64 --fine-size 64 --batch-size 1 {perceptual}"
            )
        }
        "spade" => {
            let sizes = match command {
                // The encoder of styles takes no less than 256 pixels.
                _ if has(command, "--use-vae") => "--crop-size 256 --load-size 256 --ngf 1 --z-dim 4",
                _ if command.contains("--preset cityscapes") => "--crop-size 64 --load-size 64 --ngf 2",
                _ => "--crop-size 32 --load-size 36 --ngf 2",
            };
            format!(
                "{sizes} --num-upsampling-layers normal --ndf 2 --num-d 1 --n-layers-d 3 --batch-size 1 \
                 {perceptual}"
            )
        }
        "pgan" => "--depths 4,4,4,4,4 --latent-dim 4 --iterations 1 --alpha-jumps 0,1 --alpha-size-jumps 0,1 \
                   --batch-sizes 2"
            .to_owned(),
        _ => panic!("a family without tiny networks: {command}"),
    }
}

/// Whether a flag is one of the words.
fn has(command: &str, flag: &str) -> bool {
    command.split_whitespace().any(|word| word == flag)
}

#[test]
fn every_line_of_pix2pix_runs() {
    let (page, place) = (Page::read("pix2pix"), Place::empty());
    page.assert_names(&[
        "scripts/train_pix2pix.sh",
        "scripts/test_pix2pix.sh",
        "scripts/test_single.sh",
        "datasets/combine_A_and_B.py",
        "scripts/download_pix2pix_model.sh",
        "scripts/run_train.sh",
        "scripts/run_train_ascend.sh",
        "scripts/run_train_gpu.sh",
        "scripts/run_distribute_train_ascend.sh",
        "scripts/run_distribute_train_gpu.sh",
        "scripts/run_eval.sh",
        "scripts/run_eval_ascend.sh",
        "scripts/run_eval_gpu.sh",
        "scripts/run_infer_310.sh",
        "scripts/run_infer_cpp.sh",
        "scripts/run_infer_onnx.sh",
        "export.py",
        "export_onnx.py",
        "infer_onnx.py",
        "infer/convert/convert_om.sh",
        "preprocess.py",
        "postprocess.py",
    ]);
    data::pix2pix(&place);
    page.run(&place);
    // The folder of a phase is taken for the data set and its phase.
    let config = place.text("runs/ms_words/config.toml");
    for line in ["datasets/facades\"\n", "phase = \"train\"\n"] {
        assert!(config.contains(line), "{config}");
    }
}

#[test]
fn every_line_of_pix2pixhd_runs() {
    let (page, place) = (Page::read("pix2pixhd"), Place::empty());
    page.assert_names(&[
        "scripts/train_512p.sh",
        "scripts/train_512p_multigpu.sh",
        "scripts/train_512p_fp16.sh",
        "scripts/train_512p_fp16_multigpu.sh",
        "scripts/train_512p_feat.sh",
        "scripts/train_1024p_12G.sh",
        "scripts/train_1024p_24G.sh",
        "scripts/train_1024p_feat_12G.sh",
        "scripts/train_1024p_feat_24G.sh",
        "scripts/test_512p.sh",
        "scripts/test_512p_feat.sh",
        "scripts/test_1024p.sh",
        "scripts/test_1024p_feat.sh",
        "scripts/distribute_train_512p.sh",
        "scripts/distribute_train_512p_feat.sh",
        "scripts/train_1024p.sh",
        "scripts/train_1024p_feat.sh",
        "scripts/eval_512p.sh",
        "scripts/eval_512p_feat.sh",
        "scripts/eval_1024p.sh",
        "scripts/eval_1024p_feat.sh",
        "encode_features.py",
        "precompute_feature_maps.py",
        "data/create_pix2pixhd_dataset.py",
        "datasets_deal.py",
        "test/train_full_8p.sh",
        "test/train_performance_1p.sh",
        "test/train_performance_8p.sh",
        "test/train_eval_1p.sh",
    ]);
    data::pix2pixhd(&place);
    page.run(&place);
    let scaled = "results/label2city/berlin_000000_000019_gtFine_labelIds.png";
    assert_eq!(size_of(&place.path(scaled)), (1024, 512));
}

#[test]
fn every_line_of_spade_runs() {
    let (page, place) = (Page::read("spade"), Place::empty());
    page.assert_names(&[
        "datasets/coco_generate_instance_map.py",
        "train.py --dataset_mode coco",
        "train.py --dataset_mode ade20k",
        "train.py --dataset_mode cityscapes",
        "train.py --dataset_mode facades",
        "train.py --dataset_mode custom",
        "test.py",
        "scripts/run_train.sh",
        "scripts/run_distribute_train.sh",
        "scripts/run_eval.sh",
        "src/util/vgg19_pth2ckpt.py",
        "src/util/inception_pth2ckpt.py",
        "src/util/eval_fid.py",
    ]);
    data::spade(&place);
    page.run(&place);
}

#[test]
fn every_line_of_pgan_runs() {
    let (page, place) = (Page::read("pgan"), Place::empty());
    page.assert_names(&[
        "datasets.py celeba_cropped",
        "datasets.py celebaHQ",
        "datasets.py dtd",
        "train.py PGAN -c config_celeba_cropped.json",
        "eval.py visualization",
        "eval.py inception",
        "eval.py laplacian_SWD",
        "script/run_standalone_train.sh",
        "script/run_standalone_train_gpu.sh",
        "script/run_distributed_train.sh",
        "script/run_distribute_train_gpu.sh",
        "script/run_eval.sh",
        "script/run_eval_gpu.sh",
        "script/run_infer_310.sh",
        "export.py",
        "preprocess.py",
        "postprocess.py",
        "infer/convert/convert.sh",
    ]);
    data::pgan(&place);
    page.run(&place);
}

#[test]
fn every_project_has_its_page_in_the_index() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let index = fs::read_to_string(folder.join("migrating.md")).expect("the index");
    for page in super::file_names(&folder.join("migrating")) {
        assert!(index.contains(&format!("](migrating/{page})")), "{page}");
    }
}
