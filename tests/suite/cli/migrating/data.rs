//! Tiny data under the paths that the pages name.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use image::{GrayImage, ImageBuffer, Luma};
use underpaint::data::synthetic::{SynthesizeOptions, synthesize};
use underpaint_core::perceptual::{Inception, Vgg19};
use underpaint_core::spade;
use underpaint_core::state_dict::state_dict;

use super::super::Place;
use super::super::fid::write_waves;

/// A height and twice that width: the pictures of Cityscapes, smaller.
const FRAME: [u32; 2] = [128, 64];

pub(super) fn pix2pix(place: &Place) {
    landscapes(place, "datasets/facades", 32);
    landscapes(place, "datasets/maps", 32);
    for (from, to) in [("val", "test"), ("val_img", "testB")] {
        let folder = place.path("datasets/facades");
        fs::rename(folder.join(from), folder.join(to)).expect("moved");
    }
    for name in ["val/1.png", "val/2.png"] {
        place.draw(&format!("datasets/facades/{name}"), 64, 32, 4);
    }
    for name in [
        "A/train/1.png",
        "B/train/1.png",
        "A/val/2.png",
        "B/val/2.png",
    ] {
        place.draw(&format!("datasets/photos/{name}"), 40, 30, 5);
    }
    copy_fixture(
        place,
        "p2p_unet128_in/weights.pth",
        "checkpoints/facades_label2photo_pretrained/latest_net_G.pth",
    );
}

pub(super) fn pix2pixhd(place: &Place) {
    cityscapes(place);
    landscapes(place, "datasets/own", 64);
    for (number, folder) in ["train_A", "train_B", "test_A"].iter().enumerate() {
        let name = format!("datasets/photos/{folder}/1.jpg");
        place.draw(&name, 64, 64, number as u32);
    }
    vgg19(place);
    copy_fixture(
        place,
        "hd_local_e1/weights.pth",
        "checkpoints/label2city_1024p/latest_net_G.pth",
    );
}

pub(super) fn spade(place: &Place) {
    ade20k(place);
    cityscapes(place);
    coco(place);
    for phase in ["train", "val"] {
        let file = |kind: &str, ending: &str| format!("datasets/facades/{phase}_{kind}/1.{ending}");
        labels(place, &file("label", "png"), [40, 36], &[0, 5, 12]);
        place.draw(&file("img", "jpg"), 40, 36, 1);
    }
    labels(place, "datasets/own/labels/a.png", [40, 40], &[0, 3, 7]);
    place.draw("datasets/own/images/a.png", 40, 40, 1);
    vgg19(place);
    inception(place);
    let generator = spade::GeneratorConfig {
        input_channels: 151,
        base_channels: 1,
        ..Default::default()
    };
    let weights = generator.init(&Device::flex()).expect("a network");
    let weights = state_dict(&weights);
    place.write_weights("checkpoints/ade20k_pretrained/latest_net_G.pth", &weights);
}

pub(super) fn pgan(place: &Place) {
    for number in 1..=3 {
        let name = format!("celeba/img_align_celeba/{number:06}.jpg");
        place.draw(&name, 178, 218, number);
        place.draw(
            &format!("datasets/celebaHQ/{number:05}.jpg"),
            70,
            70,
            number,
        );
        place.draw(
            &format!("datasets/dtd/images/dotted/{number}.jpg"),
            80,
            60,
            number,
        );
        place.draw(
            &format!("datasets/cifar10/cat/{number}.png"),
            32,
            32,
            number,
        );
    }
    inception(place);
    copy_fixture(
        place,
        "pgan_checkpoint/pgan_checkpoint_s2_i48000.pt",
        "celebaCropped_s5_i83000-2b0acc76.pth",
    );
}

/// AB pictures and label maps of the painter.
fn landscapes(place: &Place, folder: &str, size: u32) {
    let options = SynthesizeOptions {
        count: 3,
        size,
        seed: 7,
        output: place.path(folder),
        val_count: Some(1),
        moods: Vec::new(),
    };
    synthesize(&options, &|_| {}).expect("landscapes");
}

/// The raw tree: labels of 8 bits, instances of 16, and files that are neither.
fn cityscapes(place: &Place) {
    let frames = [
        ("train", "aachen_000000_000019"),
        ("train", "aachen_000001_000019"),
        ("val", "munster_000000_000019"),
        ("test", "berlin_000000_000019"),
    ];
    for (number, (split, frame)) in frames.into_iter().enumerate() {
        let (city, _) = frame.split_once('_').expect("a city");
        let truth = format!("datasets/cityscapes_raw/gtFine/{split}/{city}/{frame}_gtFine");
        labels(place, &format!("{truth}_labelIds.png"), FRAME, &[7, 26, 33]);
        instances(
            place,
            &format!("{truth}_instanceIds.png"),
            &[7, 26_001, 33_002],
        );
        labels(
            place,
            &format!("{truth}_labelTrainIds.png"),
            FRAME,
            &[0, 255],
        );
        let [width, height] = FRAME;
        place.draw(&format!("{truth}_color.png"), width, height, 1);
        let photo =
            format!("datasets/cityscapes_raw/leftImg8bit/{split}/{city}/{frame}_leftImg8bit.png");
        place.draw(&photo, width, height, number as u32);
    }
}

fn ade20k(place: &Place) {
    let root = "datasets/ADEChallengeData2016";
    let files = [("training", "train", 2), ("validation", "val", 2)];
    for (folder, phase, count) in files {
        for number in 1..=count {
            let name = format!("{folder}/ADE_{phase}_{number:08}");
            place.draw(&format!("{root}/images/{name}.jpg"), 48, 40, number);
            labels(
                place,
                &format!("{root}/annotations/{name}.png"),
                [48, 40],
                &[0, 4, 150],
            );
        }
    }
}

fn coco(place: &Place) {
    for (phase, id) in [("train", 9), ("val", 139)] {
        let root = "datasets/coco_stuff";
        labels(
            place,
            &format!("{root}/{phase}_label/{id:012}.png"),
            [44, 40],
            &[0, 181, 255],
        );
        place.draw(&format!("{root}/{phase}_img/{id:012}.jpg"), 44, 40, id);
        let annotations = serde_json::json!({
            "images": [{ "id": id, "width": 44, "height": 40, "file_name": format!("{id:012}.jpg") }],
            "annotations": [{
                "id": 1, "image_id": id, "category_id": 1, "iscrowd": 0, "area": 100, "bbox": [4, 4, 10, 10],
                "segmentation": [[4, 4, 14, 4, 14, 14, 4, 14]],
            }],
            "categories": [{ "id": 1, "name": "person" }],
        });
        let name = format!("datasets/annotations/instances_{phase}2017.json");
        place.write(&name, annotations.to_string());
    }
}

/// An 8-bit label map: stripes of the ids.
fn labels(place: &Place, name: &str, [width, height]: [u32; 2], ids: &[u8]) {
    let stripe = width.div_ceil(ids.len() as u32);
    let map = GrayImage::from_fn(width, height, |x, _| Luma([ids[(x / stripe) as usize]]));
    place.write(name, "");
    map.save(place.path(name)).expect("saved");
}

/// A 16-bit instance map of Cityscapes.
fn instances(place: &Place, name: &str, ids: &[u16]) {
    let [width, height] = FRAME;
    let stripe = width.div_ceil(ids.len() as u32);
    let map: ImageBuffer<Luma<u16>, Vec<u16>> =
        ImageBuffer::from_fn(width, height, |x, _| Luma([ids[(x / stripe) as usize]]));
    place.write(name, "");
    map.save(place.path(name)).expect("saved");
}

/// torchvision's file by name, with weights of a formula.
fn vgg19(place: &Place) {
    let dict = state_dict(&Vgg19::new(&Device::flex()));
    write_waves(place, "vgg19-dcbb9e9d.pth", dict);
}

/// pytorch-fid's file by name, with weights of a formula.
fn inception(place: &Place) {
    let dict = state_dict(&Inception::new(&Device::flex()));
    write_waves(place, "pt_inception-2015-12-05-6726825d.pth", dict);
}

fn copy_fixture(place: &Place, fixture: &str, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(fixture);
    place.write(name, fs::read(path).expect("a fixture"));
}
