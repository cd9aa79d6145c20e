//! `generate`: sizes, folders, dropout and statistics.

use underpaint_core::state_dict::StateTensor;

use super::{Place, UNET_64, distance, file_names, picture, size_of, wave};

fn with_run(arguments: &str) -> Place {
    let place = Place::with_landscapes(2, 1);
    place.train("run", &format!("--steps 4 --lr 0.002 {arguments}"));
    place
}

#[test]
fn a_picture_of_any_size_comes_back_at_its_size() {
    let place = with_run("");
    place.train("resnet", "--steps 1 --net-g resnet_1blocks");
    let sizes = [(50, 37), (32, 32), (1, 1), (3, 65), (7, 9)];
    for (width, height) in sizes {
        place.draw(&format!("in/{width}x{height}.png"), width, height, 3);
    }
    for model in ["run", "resnet"] {
        place.run(&format!(
            "generate --model {model} --input in --output {model}-out"
        ));
        for (width, height) in sizes {
            let file = place.path(&format!("{model}-out/{width}x{height}.png"));
            assert_eq!(size_of(&file), (width, height), "{model}");
        }
    }
    place.run("generate --model run --input in/50x37.png --output deep/er/one.png");
    assert!(place.read("deep/er/one.png") == place.read("run-out/50x37.png"));
}

#[test]
fn a_folder_gives_a_folder_of_the_same_names() {
    let place = with_run("");
    std::fs::create_dir_all(place.path("in/deeper")).expect("made");
    for (name, side) in [("in/a.png", 32), ("in/b.jpg", 40), ("in/deeper/c.bmp", 20)] {
        place.draw(name, side, side, side);
    }
    place.write("in/notes.txt", "no picture");
    place.run("generate --model run --input in --output out");
    assert_eq!(file_names(&place.path("out")), ["a.png", "b.png", "deeper"]);
    assert_eq!(file_names(&place.path("out/deeper")), ["c.png"]);
    assert_eq!(size_of(&place.path("out/b.png")), (40, 40));
    // A file into a folder, and the same picture alone.
    place.run("generate --model run --input in/b.jpg --output out/deeper");
    assert!(place.read("out/deeper/b.png") == place.read("out/b.png"));
}

#[test]
fn dropout_follows_its_seed_and_can_be_off() {
    let place = with_run(UNET_64);
    place.draw("in.png", 32, 32, 2);
    let generate = |arguments: &str| {
        place.run(&format!(
            "generate --model run --input in.png --output out.png {arguments}"
        ));
        place.read("out.png")
    };
    let first = generate("--dropout on --seed 1");
    assert!(generate("--dropout on --seed 1") == first, "the same seed");
    assert!(generate("--dropout on --seed 2") != first, "another seed");
    assert!(
        generate("--seed 1") == first,
        "on by default, as the authors test"
    );
    let off = generate("--dropout off --seed 1");
    assert!(off != first && generate("--dropout off --seed 2") == off);
}

#[test]
fn statistics_are_those_of_the_picture_unless_asked() {
    let place = with_run("--no-dropout");
    place.draw("in.png", 32, 32, 2);
    let generate = |arguments: &str| {
        place.run(&format!(
            "generate --model run --input in.png --output out.png {arguments}"
        ));
        place.read("out.png")
    };
    let batch = generate("--bn-stats batch");
    assert!(generate("") == batch);
    assert!(generate("--bn-stats running") != batch);
}

#[test]
fn pictures_of_a_folder_do_not_touch_each_other() {
    let place = with_run("");
    for (name, seed) in [("a", 1), ("b", 2), ("c", 9)] {
        place.draw(&format!("{name}.png"), 32, 32, seed);
    }
    std::fs::create_dir(place.path("in")).expect("made");
    for name in ["a.png", "b.png", "c.png"] {
        std::fs::copy(place.path(name), place.path("in").join(name)).expect("copied");
    }
    place.run("generate --model run --input in --output together");
    place.run("generate --model run --input c.png --output alone.png");
    assert!(place.read("together/c.png") == place.read("alone.png"));
}

#[test]
fn halves_of_pairs_and_other_sizes() {
    let place = with_run("--no-dropout");
    place.draw("ab.png", 80, 32, 5);
    let whole = image::open(place.path("ab.png")).expect("a picture");
    for (half, x) in [("left", 0), ("right", 40)] {
        whole
            .crop_imm(x, 0, 40, 32)
            .save(place.path("half.png"))
            .expect("saved");
        place.run(&format!(
            "generate --model run --input ab.png --half {half} --output one.png"
        ));
        place.run("generate --model run --input half.png --output two.png");
        assert!(place.read("one.png") == place.read("two.png"), "{half}");
    }
    place.run("generate --model run --input ab.png --half left --size 64 --output big.png");
    assert_eq!(size_of(&place.path("big.png")), (64, 64));
}

#[test]
fn label_maps_of_any_size_too() {
    let place = with_run("--label-nc 15");
    let label = |width, height| {
        image::GrayImage::from_fn(width, height, |x, y| {
            image::Luma([((x + y) / 9 % 15) as u8])
        })
    };
    label(50, 37).save(place.path("in.png")).expect("saved");
    place.run("generate --model run --input in.png --output out.png");
    assert_eq!(size_of(&place.path("out.png")), (50, 37));
    place.run("generate --model run --input in.png --output out.png --size 64");
    assert_eq!(size_of(&place.path("out.png")), (64, 64));
    place.draw("rgb.png", 32, 32, 1);
    place.fails(
        "generate --model run --input rgb.png --output out.png",
        &["rgb.png", "single-channel"],
    );
    image::GrayImage::from_pixel(32, 32, image::Luma([15]))
        .save(place.path("high.png"))
        .expect("saved");
    place.fails(
        "generate --model run --input high.png --output out.png",
        &["high.png", "label 15", "0..=14"],
    );
    place.fails(
        "generate --model run --input in.png --half left --output out.png",
        &["--half"],
    );
}

#[test]
fn tensors_are_what_pictures_are_before_rounding() {
    let place = with_run("--no-dropout");
    place.draw("in.png", 32, 32, 4);
    let input = picture(32, 32, 4);
    let plane = |channel: usize| {
        input
            .pixels()
            .map(move |pixel| f32::from(pixel.0[channel]) / 127.5 - 1.0)
    };
    let values = (0..3).flat_map(plane).collect();
    let tensor = StateTensor {
        shape: vec![1, 3, 32, 32],
        values,
    };
    place.write_weights("in.safetensors", &[("input".to_owned(), tensor)].into());
    place.run("generate --model run --tensors-in in.safetensors --tensors-out out.safetensors");
    place.run("generate --model run --input in.png --output out.png");
    let tensor = place
        .weights("out.safetensors")
        .remove("output")
        .expect("output");
    let picture = image::open(place.path("out.png"))
        .expect("a picture")
        .to_rgb8();
    let plane = |channel: usize| {
        picture
            .pixels()
            .map(move |pixel| f32::from(pixel.0[channel]) / 127.5 - 1.0)
    };
    let shown = StateTensor {
        shape: vec![1, 3, 32, 32],
        values: (0..3).flat_map(plane).collect(),
    };
    assert!(distance(&tensor, &shown) < 1.01 / 127.5);
}

#[test]
fn bad_tensors_are_told() {
    let place = with_run("");
    let generate = "generate --model run --tensors-in in.safetensors --tensors-out out.safetensors";
    place.fails(generate, &["in.safetensors", "cannot read"]);
    place.write("in.safetensors", "not tensors");
    place.fails(generate, &["in.safetensors"]);
    place.write_weights(
        "in.safetensors",
        &[("x".to_owned(), wave(&[1, 3, 32, 32]))].into(),
    );
    place.fails(generate, &["in.safetensors", "named input", "\"x\""]);
    for shape in [
        &[3, 32, 32][..],
        &[1, 4, 32, 32],
        &[1, 3, 0, 32],
        &[0, 3, 32, 32],
    ] {
        place.write_weights(
            "in.safetensors",
            &[("input".to_owned(), wave(shape))].into(),
        );
        place.fails(
            generate,
            &[
                "in.safetensors",
                "expected shape [batch",
                &format!("{shape:?}"),
            ],
        );
    }
    assert!(!place.path("out.safetensors").exists());
}

#[test]
fn a_size_of_nothing() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 1");
    place.fails(
        "generate --model run --input data/train --half left --size 0 --output out",
        &["--size", "0"],
    );
    assert!(!place.path("out").exists());
}

#[test]
fn flags_that_a_model_has_no_use_for_are_refused() {
    let place = with_run(UNET_64);
    place.draw("in.png", 32, 32, 2);
    for flag in [
        "--alpha 0.5",
        "--scale 4",
        "--class cat",
        "--remap in.png",
        "--ade-shift",
        "--instances in.png",
        "--features in.png",
        "--style in.png",
        "--count 2",
    ] {
        let name = flag.split(' ').next().expect("a flag");
        place.fails(
            &format!("generate --model run --input in.png --output out.png {flag}"),
            &[name, "this model"],
        );
    }
    assert!(!place.path("out.png").exists());
}
