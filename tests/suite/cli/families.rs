//! pix2pixHD, SPADE and Progressive GAN from the authors' files to pictures.

use std::path::Path;

use burn::tensor::Device;
use underpaint::model::{Model, describe, labels_input};
use underpaint_core::bundle::{InputKind, LatentAttribute, ModelConfig, WeightDtype};
use underpaint_core::label::SemanticLayout;
use underpaint_core::layers::{InitKind, WeightInit, initialize};
use underpaint_core::state_dict::{AuthorsKeys, StateDict, StateTensor, state_dict};
use underpaint_core::{pgan, pix2pixhd, spade};

use super::Place;

const LAYOUT: SemanticLayout = SemanticLayout {
    num_classes: 3,
    dont_care: true,
    edges: true,
};

pub(super) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    path.to_string_lossy().into_owned()
}

/// Writes a map of ids as an 8-bit PNG.
pub(super) fn draw_map(
    place: &Place,
    name: &str,
    [width, height]: [u32; 2],
    value: impl Fn(u32, u32) -> u8,
) {
    let map = image::GrayImage::from_fn(width, height, |x, y| image::Luma([value(x, y)]));
    map.save(place.path(name)).expect("saved");
}

pub(super) fn size(place: &Place, name: &str) -> (u32, u32) {
    image::open(place.path(name))
        .expect("a picture")
        .to_rgb8()
        .dimensions()
}

#[test]
fn a_pix2pixhd_generator_sees_labels_and_the_edges_of_instances() {
    let place = Place::empty();
    let weights = fixture("hd_global_d2_b2/weights.pth");
    let told = place.run(&format!(
        "import {weights} --family pix2pixhd --output hd --size 64"
    ));
    assert!(
        told.stderr.contains("5 classes, edges between instances"),
        "{told:?}"
    );
    draw_map(&place, "labels.png", [50, 37], |x, _| (x / 10) as u8);
    draw_map(&place, "instances.png", [50, 37], |x, y| {
        (x / 10 * 7 + y / 9) as u8
    });
    place.run("generate --model hd --input labels.png --output plain.png");
    place
        .run("generate --model hd --input labels.png --instances instances.png --output edges.png");
    assert_eq!(size(&place, "edges.png"), (50, 37));
    assert_ne!(place.read("plain.png"), place.read("edges.png"));
    draw_map(&place, "small.png", [49, 37], |_, _| 0);
    let command = "generate --model hd --input labels.png --output x.png --instances";
    place.fails(&format!("{command} small.png"), &["small.png", "50", "49"]);
    place.fails("generate --model hd --output x.png", &["--input"]);
    draw_map(&place, "wrong.png", [50, 37], |x, _| (x / 5) as u8);
    place.fails(
        "generate --model hd --input wrong.png --output x.png",
        &["wrong.png", "0..=4"],
    );
}

#[test]
fn spades_generator_is_recognised_and_its_weights_go_back_to_pytorch() {
    let place = Place::empty();
    let weights = fixture("spade_g_syncbatch/weights.pth");
    let told = place.run(&format!(
        "import {weights} --output spade --size 64 --edges on"
    ));
    assert!(
        told.stderr.contains("spade") && told.stderr.contains("7 classes"),
        "{told:?}"
    );
    draw_map(&place, "labels.png", [40, 70], |x, y| ((x + y) / 16) as u8);
    place.run("generate --model spade --input labels.png --output picture.png");
    assert_eq!(size(&place, "picture.png"), (40, 70));
    place.run("export spade --format pytorch-keys --output G.safetensors");
    let keys = place.weights("G.safetensors");
    assert!(keys.contains_key("up_0.norm_s.param_free_norm.running_var"));
    assert!(keys.contains_key("head_0.conv_0.weight_u"));
    place.fails(
        &format!("import {weights} --output other --family pix2pixhd"),
        &["weights.pth", "pix2pixHD"],
    );
    assert!(!place.path("other").exists());
}

#[test]
fn a_progressive_gan_draws_as_many_pictures_as_asked_at_every_size() {
    let place = Place::empty();
    let checkpoint = fixture("pgan_checkpoint/pgan_checkpoint_s2_i48000.pt");
    place.run(&format!("import {checkpoint} --output pgan"));
    place.run("generate --model pgan --output many --count 3 --seed 5");
    place.run("generate --model pgan --output one.png --seed 5");
    assert_eq!(place.read("many/00000.png"), place.read("one.png"));
    assert_ne!(place.read("many/00001.png"), place.read("one.png"));
    assert_eq!(size(&place, "one.png"), (16, 16));
    place.run("generate --model pgan --output small.png --scale 4");
    assert_eq!(size(&place, "small.png"), (4, 4));
    place.fails(
        "generate --model pgan --output x.png --scale 32",
        &["scale", "16"],
    );
    place.fails(
        "generate --model pgan --output x.png --scale 5",
        &["--scale", "5"],
    );
    place.fails(
        "generate --model pgan --output x.png --alpha 2",
        &["alpha", "2"],
    );
    // Told once, not for every picture.
    for flag in ["--scale 5", "--scale 32", "--alpha 2"] {
        let told = place.fails(
            &format!("generate --model pgan --output x --count 9 {flag}"),
            &[flag.split_once(' ').expect("a value").0],
        );
        assert!(
            !told.stderr.contains("failed") && !place.path("x").exists(),
            "{told:?}"
        );
    }
    place.fails(
        "generate --model pgan --count 2 --output x.png",
        &["expected a folder", "x.png"],
    );
    place.fails(
        "generate --model pgan --input pgan --output x.png",
        &["latents"],
    );
    place.fails(
        &format!("import {checkpoint} --output x --family spade"),
        &["--family pgan"],
    );
    place.fails(
        "generate --model pgan --output x.png --class cat",
        &["class", "no classes"],
    );
    let z = StateTensor {
        shape: vec![1, 12],
        values: (0..12).map(|i| i as f32 / 6.0 - 1.0).collect(),
    };
    place.write_weights("z.safetensors", &[("z".to_owned(), z)].into());
    let tensors = "generate --model pgan --tensors-in z.safetensors --tensors-out out.safetensors";
    place.run(tensors);
    for flag in ["--alpha 0.4", "--scale 4", "--count 2"] {
        let flag_alone = flag.split_once(' ').expect("a value").0;
        place.fails(
            &format!("{tensors} {flag}"),
            &[flag_alone, "cannot be used with"],
        );
    }
    for flag in ["--half left", "--size 8", "--width 8"] {
        let command = format!("generate --model pgan --output x.png {flag}");
        place.fails(
            &command,
            &[flag.split_once(' ').expect("a value").0, "latents"],
        );
    }
}

#[test]
fn a_class_conditional_progressive_gan_makes_the_class_that_is_asked_for() {
    let place = Place::empty();
    conditional(&place, "pets");
    let generate = |arguments: &str, output: &str| {
        place.run(&format!(
            "generate --model pets --output {output}.png {arguments}"
        ));
        place.read(&format!("{output}.png"))
    };
    let cat = generate("--seed 5 --class cat", "cat");
    let dog = generate("--seed 5 --class dog", "dog");
    assert_ne!(cat, dog);
    assert_eq!(cat, generate("--seed 5 --class Main=cat", "again"));
    let drawn: Vec<_> = (0..8)
        .map(|seed| generate(&format!("--seed {seed}"), "drawn"))
        .collect();
    let of_class = |class: &str| {
        let made = |seed| generate(&format!("--seed {seed} --class {class}"), "asked");
        (0..8).map(made).collect::<Vec<_>>()
    };
    let (cats, dogs) = (of_class("cat"), of_class("dog"));
    let is = |made: &[Vec<u8>], seed: usize| made[seed] == drawn[seed];
    assert!(
        (0..8).all(|seed| is(&cats, seed) != is(&dogs, seed)),
        "a whole class each"
    );
    assert!((0..8).any(|seed| is(&cats, seed)) && (0..8).any(|seed| is(&dogs, seed)));
    place.fails(
        "generate --model pets --output x.png --class cow",
        &["class", "Main: cat, dog", "cow"],
    );
    place.fails(
        "generate --model pets --output x.png --class cat --class dog",
        &["one class of Main"],
    );
}

#[test]
fn a_style_comes_from_a_picture_or_from_the_seed() {
    let place = Place::empty();
    vae(&place, "vae");
    draw_map(&place, "labels.png", [64, 64], |x, _| {
        if x < 8 { 255 } else { (x / 24) as u8 }
    });
    place.draw("style.png", 30, 20, 1);
    let generate = "generate --model vae --input labels.png";
    place.run(&format!("{generate} --output several --count 2 --seed 3"));
    place.run(&format!("{generate} --output first.png --seed 3"));
    place.run(&format!(
        "{generate} --output styled.png --style style.png --seed 3"
    ));
    assert_eq!(size(&place, "first.png"), (32, 32));
    assert_eq!(
        place.read("several/labels_00000.png"),
        place.read("first.png")
    );
    assert_ne!(
        place.read("several/labels_00001.png"),
        place.read("first.png")
    );
    assert_ne!(place.read("styled.png"), place.read("first.png"));
}

#[test]
fn features_of_a_picture_give_instances_their_look() {
    let place = Place::empty();
    features(&place, "hd");
    draw_map(&place, "labels.png", [48, 32], |x, _| (x / 16) as u8);
    place.draw("style.png", 48, 32, 1);
    place.draw("other.png", 48, 32, 2);
    let generate = "generate --model hd --input labels.png";
    place.run(&format!("{generate} --style style.png --output a.png"));
    place.run(&format!("{generate} --style other.png --output b.png"));
    assert_ne!(place.read("a.png"), place.read("b.png"));
    place.fails(&format!("{generate} --output x.png"), &["feature", "style"]);
    // The photo of a map is resized with it, as --features encode does.
    let half = format!("{generate} --width 24");
    place.run(&format!("{half} --style style.png --output small-a.png"));
    place.run(&format!(
        "{half} --features encode --images style.png --output small-b.png"
    ));
    assert!(place.read("small-a.png") == place.read("small-b.png"));
    place.draw("small.png", 30, 32, 1);
    place.fails(
        &format!("{generate} --style small.png --output x.png"),
        &["small.png", "48x32", "30x32"],
    );
}

/// A bundle of a random SPADE generator that starts from a latent, with its encoder.
pub(super) fn vae(place: &Place, name: &str) {
    let generator = spade::GeneratorConfig {
        architecture: spade::Architecture::Spade(spade::SpadeArchitecture {
            crop_size: 32,
            latent_channels: Some(4),
            ..Default::default()
        }),
        input_channels: LAYOUT.channels(),
        base_channels: 1,
        ..Default::default()
    };
    let encoder = spade::EncoderConfig {
        base_channels: 1,
        latent_channels: 4,
        ..Default::default()
    };
    let device = Device::flex();
    let weights = random(generator.init(&device).expect("a network"));
    let encoder_weights = random(encoder.init(&device).expect("a network"));
    let model = ModelConfig::Spade {
        generator,
        encoder: Some(encoder),
    };
    write(place, name, model, weights, encoder_weights);
}

/// A bundle of a random pix2pixHD generator that takes features, with its encoder.
pub(super) fn features(place: &Place, name: &str) {
    let generator = pix2pixhd::GeneratorConfig {
        input_channels: LAYOUT.channels() + 2,
        base_channels: 2,
        num_downs: 2,
        num_blocks: 1,
        ..Default::default()
    };
    let encoder = pix2pixhd::EncoderConfig {
        feature_channels: 2,
        base_channels: 2,
        num_downs: 2,
        ..Default::default()
    };
    let device = Device::flex();
    let weights = random(generator.init(&device).expect("a network"));
    let encoder_weights = random(encoder.init(&device).expect("a network"));
    let model = ModelConfig::Pix2pixhd {
        generator,
        feature_channels: 2,
        encoder: Some(encoder),
    };
    write(place, name, model, weights, encoder_weights);
}

/// Weights large enough that inputs matter.
fn random<M: AuthorsKeys>(network: M) -> StateDict {
    let init = WeightInit {
        kind: InitKind::Kaiming,
        ..WeightInit::default()
    };
    state_dict(&initialize(network, init, 1))
}

/// A bundle of a random Progressive GAN of cats and dogs.
pub(super) fn conditional(place: &Place, name: &str) {
    let generator = pgan::GeneratorConfig {
        depths: vec![4, 4],
        latent_dim: 10,
        category_dim: 2,
        ..Default::default()
    };
    let network = generator.init(&Device::flex()).expect("a network");
    let weights = state_dict(&pgan::initialize(network, generator.scaling, 1));
    let attribute = LatentAttribute {
        name: "Main".into(),
        classes: vec!["cat".into(), "dog".into()],
    };
    let input = InputKind::Latent {
        channels: 12,
        attributes: vec![attribute],
    };
    let manifest = describe(
        name.to_owned(),
        ModelConfig::Pgan { generator },
        input,
        [8, 8],
    );
    let model = Model {
        manifest,
        weights,
        encoder: None,
    };
    let written = model.write_bundle(&place.path(name), WeightDtype::F32, false);
    written.expect("a bundle");
}

fn write(place: &Place, name: &str, model: ModelConfig, weights: StateDict, encoder: StateDict) {
    let manifest = describe(name.to_owned(), model, labels_input(LAYOUT, None), [32, 32]);
    let model = Model {
        manifest,
        weights,
        encoder: Some(encoder),
    };
    let written = model.write_bundle(&place.path(name), WeightDtype::F32, false);
    written.expect("a bundle");
}
