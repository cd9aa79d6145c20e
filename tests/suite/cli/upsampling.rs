//! `--upsampling nearest`: trained with small kernels, and the authors' U-Net everywhere else.

use super::{Place, distance, wave};

/// The outermost kernel of a U-Net, by the authors' key.
const OUTERMOST: &str = "model.model.3.weight";

fn kernel(place: &Place, file: &str) -> Vec<usize> {
    place.weights(file)[OUTERMOST].shape[2..].to_vec()
}

#[test]
fn what_leaves_a_run_is_a_plain_unet_that_makes_its_pictures() {
    let place = Place::with_landscapes(3, 2);
    place.train("run", "--steps 4 --upsampling nearest");
    let config = place.text("run/config.toml");
    assert!(config.contains("upsampling = \"nearest\""), "{config}");
    let trained = format!("{}/generator.safetensors", place.newest_checkpoint("run"));
    assert_eq!(kernel(&place, &trained), [3, 3]);

    place.run("export run --output bundle");
    place.run("export run --output keys.safetensors --format pytorch-keys");
    place.run("export run --output graph.onnx --format onnx");
    for file in ["bundle/weights.safetensors", "keys.safetensors"] {
        assert_eq!(kernel(&place, file), [4, 4], "{file}");
    }
    let generator = &place.json("bundle/manifest.json")["model"]["generator"];
    assert!(generator.get("upsampling").is_none(), "{generator}");
    place.run("import keys.safetensors --output imported");

    let input = wave(&[1, 3, 32, 32]);
    place.write_weights("in.safetensors", &[("input".to_owned(), input)].into());
    let picture = |model: &str| {
        place.run(&format!(
            "generate --model {model} --tensors-in in.safetensors --tensors-out out.safetensors"
        ));
        place.weights("out.safetensors")["output"].clone()
    };
    let own = picture("run");
    assert_eq!(picture("bundle"), own);
    assert!(distance(&picture("imported"), &own) < 1e-6);
    place.run("evaluate --run run --phase val");
}

/// The pictures that training shows come from the small kernels, and those of `generate` from the folded ones.
#[test]
fn the_pictures_of_training_are_those_of_generate() {
    let place = Place::with_landscapes(3, 1);
    let arguments = "--sample-every 4 --upsampling nearest --no-flip --load-size 32";
    place.train("run", &format!("--steps 4 {arguments}"));
    place.run("generate --model run --input data/val --half left --output out --dropout off");
    let read = |name: &str| {
        let bytes = place.read(name);
        image::load_from_memory(&bytes).expect(name).to_rgb8()
    };
    let strip = read("run/samples/step-000004-00003.png");
    assert!(holds(&strip, &read("out/00003.png")));
}

/// Whether a picture is part of a larger one, to a level in each channel.
fn holds(strip: &image::RgbImage, picture: &image::RgbImage) -> bool {
    let (right, below) = (
        strip.width() - picture.width(),
        strip.height() - picture.height(),
    );
    let is_at = |x: u32, y: u32| {
        picture.enumerate_pixels().all(|(u, v, pixel)| {
            let other = strip.get_pixel(x + u, y + v);
            pixel.0.iter().zip(other.0).all(|(a, b)| a.abs_diff(b) <= 1)
        })
    };
    (0..=below).any(|y| (0..=right).any(|x| is_at(x, y)))
}

#[test]
fn other_networks_and_other_kernels_are_told_what_to_do() {
    let place = Place::with_landscapes(2, 0);
    place.fails(
        "train pix2pix --data data --config tiny.toml --output run --net-g resnet_2blocks --upsampling nearest",
        &["--upsampling nearest", "U-Net", "resnet_2blocks"],
    );
    place.fails(
        "train pix2pix --data data --config tiny.toml --output run --upsampling bilinear",
        &["--upsampling", "transposed or nearest"],
    );
    place.train("small", "--steps 2 --upsampling nearest");
    let trained = format!("{}/generator.safetensors", place.newest_checkpoint("small"));
    place.fails(
        &format!("import {trained} --output bundle"),
        &["3×3", "--upsampling nearest", "export"],
    );
    // Small kernels become large ones; the other way there are too few of them.
    place.train("large", "--steps 2 --load-pretrain small");
    place.fails(
        "train pix2pix --data data --config tiny.toml --output again --steps 2 --upsampling nearest \
         --load-pretrain large",
        &["--load-pretrain", "4×4", "--upsampling nearest"],
    );
    let told = place.train("on", "--steps 2 --upsampling nearest --load-pretrain small");
    assert!(!told.stderr.contains("not filled"), "{told:?}");
}
