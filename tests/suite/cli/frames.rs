//! `generate`: sheets, paths between latents and between styles, and moving pictures.

use std::io::Cursor;

use image::AnimationDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;

use super::families::{conditional, draw_map, fixture, size, vae};
use super::{Place, file_names};

fn with_pgan() -> Place {
    let place = Place::empty();
    let checkpoint = fixture("pgan_checkpoint/pgan_checkpoint_s2_i48000.pt");
    place.run(&format!("import {checkpoint} --output pgan"));
    place
}

fn pixels(place: &Place, name: &str) -> image::RgbImage {
    image::open(place.path(name)).expect("a picture").to_rgb8()
}

#[test]
fn a_sheet_holds_the_pictures_of_a_seed_in_their_order() {
    let place = with_pgan();
    place.run("generate --model pgan --grid 4x3 --seed 1 --output sheet.png");
    place.run("generate --model pgan --count 12 --seed 1 --output single");
    let sheet = pixels(&place, "sheet.png");
    assert_eq!(sheet.dimensions(), (64, 48));
    for number in 0..12u32 {
        let (x, y) = (number % 4 * 16, number / 4 * 16);
        let part = image::imageops::crop_imm(&sheet, x, y, 16, 16).to_image();
        assert!(
            part == pixels(&place, &format!("single/{number:05}.png")),
            "{number}"
        );
    }
    place.run("generate --model pgan --grid 2x2 --scale 8 --output small.png");
    assert_eq!(size(&place, "small.png"), (16, 16));
    place.fails(
        "generate --model pgan --grid 2x --output x.png",
        &["--grid", "8x8"],
    );
    place.fails(
        "generate --model pgan --grid 2x2 --output x.gif",
        &[".png", "x.gif"],
    );
    place.fails(
        "generate --model pgan --grid 2x2 --count 3 --output x.png",
        &["--grid", "--count"],
    );
}

#[test]
fn a_path_leads_from_one_picture_to_the_next() {
    let place = with_pgan();
    let path = "generate --model pgan --seed 4 --interpolate 2:0:3 --frames 4 --output";
    place.run(&format!("{path} frames"));
    assert_eq!(file_names(&place.path("frames")).len(), 7);
    place.run("generate --model pgan --seed 4 --count 4 --output single");
    for (frame, single) in [(0, 2), (3, 0), (6, 3)] {
        let name = |folder: &str, number: u32| place.read(&format!("{folder}/{number:05}.png"));
        assert!(name("frames", frame) == name("single", single), "{frame}");
    }
    let frames: Vec<image::RgbImage> = (0..7)
        .map(|frame| pixels(&place, &format!("frames/{frame:05}.png")))
        .collect();
    assert!(frames.windows(2).all(|pair| pair[0] != pair[1]));
    for output in ["path.png", "path.webp", "path.gif"] {
        place.run(&format!("{path} {output} --fps 10"));
    }
    let check = |found: Vec<image::Frame>| {
        assert_eq!(found.len(), 7);
        for (found, expected) in found.iter().zip(&frames) {
            assert_eq!(found.delay().numer_denom_ms(), (100, 1));
            let found = image::DynamicImage::from(found.buffer().clone()).to_rgb8();
            assert!(found == *expected);
        }
    };
    let decoder = PngDecoder::new(Cursor::new(place.read("path.png"))).expect("a PNG");
    let found = decoder.apng().expect("animated").into_frames();
    check(found.collect_frames().expect("frames"));
    let decoder = WebPDecoder::new(Cursor::new(place.read("path.webp"))).expect("a WebP");
    check(decoder.into_frames().collect_frames().expect("frames"));
    assert!(place.read("path.gif").starts_with(b"GIF89a"));
    place.run("generate --model pgan --between 3 9 --frames 3 --output between");
    place.run("generate --model pgan --seed 9 --output nine.png");
    assert!(place.read("between/00002.png") == place.read("nine.png"));
    let generate = "generate --model pgan --output";
    place.fails(
        &format!("{generate} x.mp4 --interpolate 2:7 --frames 3"),
        &["x.mp4", ".webp"],
    );
    place.fails(&format!("{generate} x --interpolate 2:7"), &["--frames"]);
    place.fails(
        &format!("{generate} x --interpolate 2:7 --frames 1"),
        &["--frames", "found 1"],
    );
    place.fails(
        &format!("{generate} x --interpolate 2 --frames 3"),
        &["2:7", "found 2"],
    );
    place.fails(
        &format!("{generate} x --frames 3"),
        &["--frames", "--interpolate"],
    );
    // What only an animation has is not taken for anything else.
    for (output, asked) in [
        ("x.png", ""),
        ("x", "--interpolate 2:7 --frames 3"),
        ("x.png", "--grid 2x2"),
        ("x", "--count 2"),
    ] {
        place.fails(
            &format!("{generate} {output} {asked} --fps 10"),
            &[
                "--fps: ",
                "--interpolate",
                ".gif",
                &format!("found {output}"),
            ],
        );
        assert!(!place.path(output).exists(), "{asked}");
    }
    place.fails(
        &format!("{generate} x.gif --interpolate 2:7 --frames 3 --fps 0"),
        &["--fps", "found 0"],
    );
    for flag in ["--fps", "--frames"] {
        place.fails(
            &format!("generate --model pgan --tensors-in x --tensors-out y {flag} 3"),
            &[flag, "--tensors-in"],
        );
    }
    place.fails(
        &format!("{generate} x --between 3 photo.png --frames 3"),
        &["--between", "a picture or a seed", "photo.png"],
    );
}

#[test]
fn classes_are_kept_on_a_path() {
    let place = Place::empty();
    conditional(&place, "pets");
    let generate = "generate --model pets --class dog --seed 5";
    place.run(&format!(
        "{generate} --interpolate 0:1 --frames 3 --output frames"
    ));
    place.run(&format!("{generate} --count 2 --output dogs"));
    assert!(place.read("frames/00002.png") == place.read("dogs/00001.png"));
}

#[test]
fn styles_are_taken_drawn_and_walked_between() {
    let place = Place::empty();
    vae(&place, "vae");
    draw_map(&place, "labels.png", [32, 32], |x, _| (x / 12) as u8);
    place.draw("a.png", 30, 20, 1);
    place.draw("b.png", 40, 40, 2);
    let generate = "generate --model vae --input labels.png --seed 3";
    place.run(&format!("{generate} --style a.png --output a-style.png"));
    place.run(&format!("{generate} --style b.png --output b-style.png"));
    place.run(&format!("{generate} --random-style --output random.png"));
    place.run(&format!("{generate} --output plain.png"));
    assert!(place.read("random.png") == place.read("plain.png"));
    assert!(place.read("random.png") != place.read("a-style.png"));
    place.run(&format!(
        "{generate} --between a.png b.png --frames 3 --output way"
    ));
    let frame = |number: u32| place.read(&format!("way/labels_{number:05}.png"));
    assert!(frame(0) == place.read("a-style.png") && frame(2) == place.read("b-style.png"));
    assert!(frame(1) != frame(0) && frame(1) != frame(2));
    place.run(&format!(
        "{generate} --between a.png 7 --frames 4 --output way.gif"
    ));
    assert!(place.read("way.gif").starts_with(b"GIF89a"));
    place.run(&format!("{generate} --grid 3x2 --output sheet.png"));
    assert_eq!(size(&place, "sheet.png"), (96, 64));
    // Several draws of one style differ, the first is what one draw is.
    place.run(&format!(
        "{generate} --style a.png --count 3 --output several"
    ));
    let several = place.tree("several");
    assert_eq!(several.len(), 3);
    assert!(several["labels_00000.png"] == place.read("a-style.png"));
    assert!(several["labels_00001.png"] != several["labels_00002.png"]);
    place.fails(
        &format!("{generate} --style a.png --random-style --output x.png"),
        &["--style", "--random-style"],
    );
    for flag in ["--size 64", "--width 64"] {
        place.fails(
            &format!("{generate} {flag} --output x.png"),
            &[flag.split_once(' ').expect("a value").0, "32x32 only"],
        );
    }
    place.run(&format!("{generate} --size 32 --output same.png"));
    assert!(place.read("same.png") == place.read("plain.png"));
    place.fails(
        "generate --model vae --input . --between a.png b.png --frames 3 --output x",
        &["--between", "found a folder"],
    );
}
