use burn::tensor::Device;
use clap::Parser;
use underpaint_core::bundle::{ModelConfig, Weights};
use underpaint_core::label::SemanticLayout;
use underpaint_core::layers::{InitKind, NormKind, WeightInit, initialize};
use underpaint_core::state_dict::{AuthorsKeys, StateDict, state_dict};
use underpaint_core::{pix2pix, pix2pixhd, spade};

use super::*;
use crate::model::{describe, image_input, labels_input};

/// The flags as they come from the command line.
#[derive(Debug, Parser)]
struct Flags {
    #[command(flatten)]
    args: GenerateArgs,
}

fn args(flags: &str) -> GenerateArgs {
    let words = format!("generate --model m {flags}");
    Flags::try_parse_from(words.split_whitespace())
        .expect("flags")
        .args
}

/// Weights large enough that every pixel matters.
fn random<M: AuthorsKeys>(network: M) -> StateDict {
    let init = WeightInit {
        kind: InitKind::Kaiming,
        ..WeightInit::default()
    };
    state_dict(&initialize(network, init, 1))
}

fn runner(
    args: &GenerateArgs,
    model: ModelConfig,
    weights: &StateDict,
    input: InputKind,
) -> Runner {
    let manifest = describe("m".into(), model, input, [64, 64]);
    let test_time = args.runner.test_time(manifest.test_time);
    let weights = Weights {
        generator: weights,
        encoder: None,
    };
    Runner::new(&manifest, weights, test_time, &Device::flex()).expect("a runner")
}

fn translator(architecture: pix2pix::Architecture, norm: NormKind) -> (ModelConfig, StateDict) {
    let generator = pix2pix::GeneratorConfig {
        architecture,
        norm,
        base_channels: 2,
        ..Default::default()
    };
    let weights = random(generator.init(&Device::flex()).expect("a network"));
    (ModelConfig::Pix2pix { generator }, weights)
}

fn rgb() -> InputKind {
    image_input(3, None)
}

fn picture(height: usize, width: usize) -> Seen {
    let value = |at: usize| ((at * 7919 % 1009) as f32 / 504.5) - 1.0;
    Seen::Picture(PixelsF32 {
        channels: 3,
        height,
        width,
        data: (0..3 * height * width).map(value).collect(),
    })
}

const LAYOUT: SemanticLayout = SemanticLayout {
    num_classes: 4,
    dont_care: false,
    edges: true,
};

fn label_map(height: usize, width: usize) -> Seen {
    let id = |at: usize| ((at % width / 9 + at / width / 7) % 4) as u16;
    let number = |at: usize| (at % width / 5 + at / width / 11) as u16;
    let pixels = height * width;
    Seen::Labels(LabelsSeen {
        labels: LabelMap {
            width,
            height,
            ids: (0..pixels).map(id).collect(),
        },
        instances: Some((0..pixels).map(number).collect()),
        look: Look::None,
    })
}

/// Largest difference between a picture made whole and made of tiles; how many there were.
fn difference(args: &GenerateArgs, runner: &Runner, seen: &Seen) -> (f32, usize) {
    let tiling = args.tiling(runner).expect("tiles").expect("asked for");
    let whole = runner.run(seen.inputs(runner, 0).expect("inputs"), 0);
    let whole = batch::pictures(whole.expect("a picture"));
    let tiled = tiling.run(runner, seen, 0).expect("a picture");
    let pairs = whole[0].data.iter().zip(&tiled.data);
    assert_eq!(whole[0].data.len(), tiled.data.len());
    let [height, width] = runner.padded_size(seen.size());
    (
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max),
        tiling.spans(height).len() * tiling.spans(width).len(),
    )
}

#[test]
fn tiles_make_the_whole_picture() {
    let running = "--bn-stats running --dropout off";
    let resnet = pix2pix::Architecture::Resnet { num_blocks: 2 };
    let unet = pix2pix::Architecture::Unet { num_downs: 5 };
    for (flags, architecture, norm, size) in [
        (
            "--tile 120 --dropout off",
            resnet,
            NormKind::None,
            [170, 211],
        ),
        (
            "--tile 120 --bn-stats running --dropout off",
            resnet,
            NormKind::Batch,
            [121, 250],
        ),
        ("--tile 300 --dropout off", unet, NormKind::None, [290, 450]),
    ] {
        let args = args(flags);
        let (model, weights) = translator(architecture, norm);
        let runner = runner(&args, model, &weights, rgb());
        let (difference, tiles) = difference(&args, &runner, &picture(size[0], size[1]));
        assert!(tiles > 1, "{flags}");
        assert!(difference < 1e-5, "{flags}: {difference}");
    }
    let hd = pix2pixhd::GeneratorConfig {
        input_channels: LAYOUT.channels(),
        base_channels: 2,
        num_downs: 2,
        num_blocks: 1,
        norm: NormKind::Batch,
        ..Default::default()
    };
    let local = pix2pixhd::GeneratorConfig {
        architecture: pix2pixhd::Architecture::Local {
            num_enhancers: 1,
            num_blocks: 1,
        },
        ..hd.clone()
    };
    for generator in [hd, local] {
        let args = args(&format!("--tile 300 {running}"));
        let weights = random(generator.init(&Device::flex()).expect("a network"));
        let model = ModelConfig::Pix2pixhd {
            generator,
            feature_channels: 0,
            encoder: None,
        };
        let runner = runner(&args, model, &weights, labels_input(LAYOUT, None));
        let (difference, tiles) = difference(&args, &runner, &label_map(310, 330));
        assert!(tiles > 1 && difference < 1e-5, "{tiles}: {difference}");
    }
    let generator = spade::GeneratorConfig {
        architecture: spade::Architecture::Spade(spade::SpadeArchitecture {
            crop_size: 32,
            ..Default::default()
        }),
        input_channels: LAYOUT.channels(),
        base_channels: 1,
        ..Default::default()
    };
    let args = args("--tile 576 --bn-stats running");
    let weights = random(generator.init(&Device::flex()).expect("a network"));
    let model = ModelConfig::Spade {
        generator,
        encoder: None,
    };
    let runner = runner(&args, model, &weights, labels_input(LAYOUT, None));
    let (difference, tiles) = difference(&args, &runner, &label_map(100, 800));
    assert!(tiles > 1 && difference < 1e-5, "{tiles}: {difference}");
}

#[test]
fn what_measures_the_whole_picture_is_refused_with_the_reason() {
    let resnet = pix2pix::Architecture::Resnet { num_blocks: 1 };
    let unet = pix2pix::Architecture::Unet { num_downs: 6 };
    for (flags, architecture, norm, parts) in [
        (
            "--tile 256",
            resnet,
            NormKind::Instance,
            ["whole picture", "those of a tile are others"],
        ),
        (
            "--tile 256",
            resnet,
            NormKind::Batch,
            ["whole picture", "--bn-stats running"],
        ),
        (
            "--tile 4096 --bn-stats running",
            unet,
            NormKind::Batch,
            ["dropout masks", "--dropout off"],
        ),
        (
            "--tile 32 --dropout off",
            resnet,
            NormKind::None,
            ["expected ", "found 32"],
        ),
    ] {
        let args = args(flags);
        let (model, weights) = translator(architecture, norm);
        let runner = runner(&args, model, &weights, rgb());
        let told = args.tiling(&runner).unwrap_err().to_string();
        for part in parts {
            assert!(
                told.starts_with("--tile: ") && told.contains(part),
                "{told}"
            );
        }
    }
}

#[test]
fn spans_cover_a_side_once() {
    let tiling = Tiling {
        side: 32,
        overlap: 8,
    };
    for length in [8, 32, 40, 48, 56, 200] {
        let spans = tiling.spans(length);
        let mut covered = 0;
        for span in &spans {
            assert_eq!(span.keep[0], covered, "{length}: {spans:?}");
            assert!(span.start == 0 || span.keep[0] >= span.start + 8);
            assert!(span.end == length || span.keep[1] + 8 <= span.end);
            covered = span.keep[1];
        }
        assert_eq!(covered, length);
    }
}
