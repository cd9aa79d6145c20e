//! `import`: files that hold more, less or something else than one generator, and flags that do not
//! belong to it.

use burn::tensor::Device;
use underpaint_core::bundle::{WeightDtype, encode_weights, sha256};
use underpaint_core::layers::NormKind;
use underpaint_core::state_dict::{StateDict, StateTensor, state_dict};
use underpaint_core::{pix2pix, pix2pixhd, spade};

use super::Place;

#[test]
fn classes_have_the_names_of_the_data_set_that_is_asked_for() {
    let place = Place::empty();
    for classes in [12, 35, 151] {
        let dict = pix2pix("unet_32", classes, NormKind::Batch);
        place.write_weights(&format!("{classes}.safetensors"), &dict);
    }
    let import = |file: usize, flags: &str| {
        let bundle = format!("bundle-{file}");
        place.run(&format!(
            "import {file}.safetensors --output {bundle} --force {flags}"
        ))
    };
    let class = |file: usize, id: usize| {
        let manifest = place.json(&format!("bundle-{file}/manifest.json"));
        let class = &manifest["input"]["classes"][id];
        (class["name"].clone(), class["group"].clone())
    };
    // Nothing is said of it but what is likely.
    let told = import(35, "").stderr;
    assert!(told.contains("--palette cityscapes"), "{told}");
    assert_eq!(class(35, 7), ("class 7".into(), serde_json::Value::Null));
    let told = import(35, "--palette cityscapes").stderr;
    assert!(!told.contains("--palette"), "{told}");
    assert_eq!(class(35, 7), ("road".into(), "ground".into()));
    import(151, "--palette ade20k");
    assert_eq!(class(151, 150), ("flag".into(), "things".into()));
    import(12, "--palette facades");
    assert_eq!(class(12, 0), ("background".into(), "other".into()));
    let told = import(12, "--palette cityscapes").stderr;
    assert!(told.contains("12 classes, but Cityscapes has 35"), "{told}");
}

/// Weights that are small and all different.
fn filled(mut dict: StateDict) -> StateDict {
    let mut number = 0u32;
    for tensor in dict.values_mut() {
        for value in &mut tensor.values {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *value = 0.02 + 0.2 * (number >> 8) as f32 / (1 << 24) as f32;
        }
    }
    dict
}

fn pix2pix(architecture: &str, input_channels: usize, norm: NormKind) -> StateDict {
    let config = pix2pix::GeneratorConfig {
        architecture: architecture.parse().expect("an architecture"),
        input_channels,
        base_channels: 2,
        norm,
        ..pix2pix::GeneratorConfig::default()
    };
    filled(state_dict(
        &config.init(&Device::flex()).expect("a valid config"),
    ))
}

fn pix2pixhd(input_channels: usize, num_downs: usize, num_blocks: usize) -> StateDict {
    let config = pix2pixhd::GeneratorConfig {
        input_channels,
        base_channels: 2,
        num_downs,
        num_blocks,
        ..pix2pixhd::GeneratorConfig::default()
    };
    filled(state_dict(
        &config.init(&Device::flex()).expect("a valid config"),
    ))
}

fn spade() -> StateDict {
    let config = spade::GeneratorConfig {
        input_channels: 4,
        base_channels: 1,
        ..spade::GeneratorConfig::default()
    };
    filled(state_dict(
        &config.init(&Device::flex()).expect("a valid config"),
    ))
}

fn encoder() -> StateDict {
    let config = pix2pixhd::EncoderConfig {
        base_channels: 2,
        ..pix2pixhd::EncoderConfig::default()
    };
    filled(state_dict(
        &config.init(&Device::flex()).expect("a valid config"),
    ))
}

fn prefixed(prefix: &str, dict: &StateDict) -> StateDict {
    let entries = dict.iter();
    entries
        .map(|(key, tensor)| (format!("{prefix}{key}"), tensor.clone()))
        .collect()
}

#[test]
fn flags_that_a_network_has_no_use_for_are_refused_by_name() {
    let place = Place::empty();
    let instance = pix2pix("unet_32", 3, NormKind::Instance);
    place.write_weights("unet.safetensors", &instance);
    place.write_weights("four.safetensors", &pix2pix("unet_32", 4, NormKind::Batch));
    place.write_weights(
        "resnet.safetensors",
        &pix2pix("resnet_6blocks", 3, NormKind::Batch),
    );
    place.write_weights("hd.safetensors", &pix2pixhd(6, 3, 2));
    place.write_weights("spade.safetensors", &spade());
    place.write_weights("encoder.safetensors", &encoder());
    for (file, flags, parts) in [
        ("unet", "--edges on", &["--edges: ", "pix2pix"][..]),
        ("unet", "--upsampling most", &["--upsampling: ", "pix2pix"]),
        (
            "unet",
            "--edges on --upsampling most",
            &["--edges: ", "pix2pix"],
        ),
        ("unet", "--dont-care off", &["--dont-care: ", "pix2pix"]),
        (
            "unet",
            "--feature-channels 3",
            &["--feature-channels: ", "pix2pix"],
        ),
        ("unet", "--network generator", &["--network: ", "pix2pix"]),
        (
            "unet",
            "--encoder encoder.safetensors",
            &["--encoder: ", "pix2pix"],
        ),
        ("unet", "--bn-stats running", &["--bn-stats: ", "pix2pix"]),
        (
            "unet",
            "--no-dropout --dropout on",
            &["--dropout: ", "pix2pix"],
        ),
        ("unet", "--labels --pictures", &["--labels and --pictures"]),
        (
            "four",
            "--pictures",
            &["--pictures: ", "4 channels", "1 (grey) or 3 (RGB)"],
        ),
        ("resnet", "--no-dropout", &["--no-dropout: ", "ResNet"]),
        ("hd", "--labels", &["--labels: ", "pix2pixHD"]),
        ("hd", "--no-dropout", &["--no-dropout: ", "pix2pixHD"]),
        ("hd", "--upsampling more", &["--upsampling: ", "pix2pixHD"]),
        ("hd", "--dropout off", &["--dropout: ", "pix2pixHD"]),
        ("hd", "--pictures", &["--pictures: ", "6 channels"]),
        ("spade", "--pictures", &["--pictures: ", "SPADE"]),
        (
            "spade",
            "--feature-channels 2",
            &["--feature-channels: ", "SPADE"],
        ),
        ("spade", "--upsampling most", &["SPADE", "most"]),
        ("spade", "--network average", &["--network: ", "SPADE"]),
    ] {
        let file = format!("{file}.safetensors");
        let mut parts = parts.to_vec();
        parts.push(&file);
        place.fails(&format!("import {file} --output bundle {flags}"), &parts);
        assert!(!place.path("bundle").exists(), "{file} {flags}");
    }
    for (flags, part) in [
        ("--aspect-ratio 0", "--aspect-ratio"),
        ("--size 0", "--size"),
        ("--palette nowhere", "palette.json"),
    ] {
        place.fails(
            &format!("import unet.safetensors --output bundle {flags}"),
            &[part],
        );
    }
    let pgan = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/pgan_checkpoint/pgan_checkpoint_s2_i48000.pt"
    );
    for flags in [
        "--size 64",
        "--edges off",
        "--bn-stats batch",
        "--palette .",
    ] {
        let flag = flags.split_whitespace().next().expect("a flag");
        place.write("palette.json", "{\"classes\": []}");
        place.fails(&format!("import {pgan} --output bundle {flags}"), &[flag]);
    }
    // What is of use is taken.
    for (file, flags) in [
        ("unet", "--no-dropout --size 32"),
        ("unet", "--labels --dropout off"),
        ("unet", "--pictures"),
        ("four", "--bn-stats running"),
        ("hd", "--edges off --aspect-ratio 2"),
        ("hd", "--pictures --feature-channels 3"),
        ("spade", "--edges on --dont-care on --upsampling more"),
    ] {
        place.run(&format!(
            "import {file}.safetensors --output bundle --force {flags}"
        ));
    }
    place.run(&format!(
        "import {pgan} --output bundle --force --network generator"
    ));
}

#[test]
fn of_two_networks_the_one_that_is_taken_is_said_and_the_other_can_be_chosen() {
    let place = Place::empty();
    let one = pix2pix("unet_32", 3, NormKind::Batch);
    let mut two = one.clone();
    for value in &mut two.get_mut("model.model.3.bias").expect("there").values {
        *value += 0.5;
    }
    let mut file = prefixed("g.", &one);
    file.extend(prefixed("g_ema.module.", &two));
    file.extend(prefixed("d.", &pix2pixhd(3, 3, 0)));
    place.write_weights("two.safetensors", &file);
    let told = place.run("import two.safetensors --output plain").stderr;
    assert!(told.contains("takes g; it also holds d, g_ema"), "{told}");
    assert!(told.contains("--key"), "{told}");
    let told = place
        .run("import two.safetensors --key g_ema --output average")
        .stderr;
    assert!(!told.contains("it also holds"), "{told}");
    for (bundle, expected) in [("plain", &one), ("average", &two)] {
        let found = place.weights(&format!("{bundle}/weights.safetensors"));
        assert!(found == *expected, "{bundle}");
    }
    place.fails(
        "import two.safetensors --key netG --output x",
        &["two.safetensors", "\"netG\"", "d, g, g_ema"],
    );
    place.fails(
        "import two.safetensors --key d --output x",
        &["two.safetensors", "expected"],
    );
    let mut file = prefixed("netG_A.", &one);
    file.extend(prefixed("netG_B.", &two));
    place.write_weights("cycle.safetensors", &file);
    place.fails(
        "import cycle.safetensors --output x",
        &["cycle.safetensors", "netG_A, netG_B", "--key"],
    );
    place.run("import cycle.safetensors --key netG_B --output b");
    assert!(place.weights("b/weights.safetensors") == two);
    assert!(!place.path("x").exists());
}

#[test]
fn two_halvings_are_told_apart_and_every_message_names_the_family() {
    let place = Place::empty();
    place.write_weights("few.safetensors", &pix2pixhd(3, 2, 3));
    place.write_weights("nine.safetensors", &pix2pixhd(9, 2, 9));
    let told = place
        .run("import few.safetensors --output few --pictures")
        .stderr;
    assert!(
        told.contains("pix2pixHD global, 2 halvings, 3 blocks"),
        "{told}"
    );
    let told = place.run("import nine.safetensors --output nine").stderr;
    assert!(told.contains("pix2pix resnet_9blocks"), "{told}");
    assert!(told.contains("--family pix2pixhd"), "{told}");
    let told = place
        .run("import nine.safetensors --output nine-hd --edges on")
        .stderr;
    assert!(told.contains("pix2pixHD global"), "{told}");
    // The layout of the first release: the last convolution pads itself.
    let mut old = encoder();
    for name in ["weight", "bias"] {
        let tensor = old.remove(&format!("model.29.{name}")).expect("there");
        old.insert(format!("model.28.{name}"), tensor);
    }
    place.write_weights("old.safetensors", &old);
    let told = place
        .run("import nine.safetensors --output nine-e --encoder old.safetensors")
        .stderr;
    assert!(
        told.contains("pix2pixHD global") && told.contains("feature channels: 3"),
        "{told}"
    );
    assert!(place.weights("nine-e/encoder.safetensors") == encoder());
    place.fails(
        "import nine.safetensors --output x --upsampling most",
        &["taken for pix2pix", "--family", "--upsampling"],
    );
    place.fails(
        "import few.safetensors --output x --family spade",
        &["SPADE", "few.safetensors"],
    );
    place.fails(
        "import few.safetensors --output x --family stylegan",
        &["pix2pixhd"],
    );
}

#[test]
fn weights_that_are_no_numbers_are_refused_wherever_they_come_from() {
    let place = Place::empty();
    let good = pix2pix("unet_32", 3, NormKind::Batch);
    let bad = |value: f32| {
        let mut bad = good.clone();
        bad.get_mut("model.model.3.bias").expect("there").values[1] = value;
        bad
    };
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for dtype in [WeightDtype::F32, WeightDtype::F16] {
            let bytes = encode_weights(&bad(value), dtype).expect("safetensors");
            place.write("bad.safetensors", bytes);
            let holds = format!("holds {value}");
            place.fails(
                "import bad.safetensors --output x",
                &["bad.safetensors", "model.model.3.bias", &holds],
            );
        }
    }
    // What f16 cannot hold is said before anything is written.
    place.write_weights("large.safetensors", &bad(1e6));
    place.fails(
        "import large.safetensors --output x --dtype f16",
        &["model.model.3.bias", "f32"],
    );
    assert!(!place.path("x").exists());
    // A bundle of somebody else's program.
    place.write_weights("good.safetensors", &good);
    place.run("import good.safetensors --output bundle");
    let bytes = encode_weights(&bad(f32::NAN), WeightDtype::F32).expect("safetensors");
    let mut manifest = place.json("bundle/manifest.json");
    manifest["weights"]["sha256"] = sha256(&bytes).into();
    place.write("bundle/weights.safetensors", bytes);
    place.write("bundle/manifest.json", manifest.to_string());
    place.draw("in.png", 32, 32, 1);
    place.fails(
        "generate --model bundle --input in.png --output out.png",
        &["bundle", "model.model.3.bias holds NaN"],
    );
    assert!(!place.path("out.png").exists());
}

#[test]
fn what_is_no_weight_file_is_told_with_what_to_do() {
    let place = Place::empty();
    let index = r#"{"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}"#;
    for (name, content, parts) in [
        (
            "page.pth",
            &b"<!DOCTYPE html><html>quota"[..],
            &["an HTML page"][..],
        ),
        ("page.safetensors", b"\n<html>404", &["an HTML page"]),
        (
            "pointer.safetensors",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n",
            &["Git LFS", "git lfs pull"],
        ),
        ("empty.safetensors", b"", &["an empty file"]),
        (
            "model.onnx",
            b"\x08\x07\x12\x07pytorch\x1a\x052.9.0",
            &["ONNX"],
        ),
        ("model.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0", &["HDF5", "Keras"]),
        ("model.pth", b"\x1f\x8b\x08\0\0\0\0\0", &["gzip", "unpack"]),
        (
            "m.safetensors.index.json",
            index.as_bytes(),
            &["shards", "part-1.safetensors"],
        ),
        (
            "opt.pth",
            b"batchSize: 1\nbeta1: 0.5\n",
            &["a text", "batchSize: 1"],
        ),
        (
            "cut.pth",
            b"PK\x03\x04\x14\0\0\0\0\0",
            &["ZIP", "cut short"],
        ),
    ] {
        place.write(name, content);
        let mut parts = parts.to_vec();
        parts.push(name);
        place.fails(&format!("import {name} --output x"), &parts);
    }
    place.write("folder/latest_net_G.pth", "x");
    place.write("folder/latest_net_E.pth", "x");
    place.fails(
        "import folder --output x",
        &[
            "folder: ",
            "folder/latest_net_G.pth",
            "--encoder",
            "latest_net_E.pth",
        ],
    );
    place.fails(
        "import nowhere.pth --output x",
        &["cannot read nowhere.pth"],
    );
    assert!(!place.path("x").exists());
}

#[test]
fn what_lies_beside_weights_is_not_looked_at() {
    let place = Place::empty();
    let good = pix2pix("unet_32", 3, NormKind::Batch);
    let mut file = prefixed("module.", &good);
    let stray = StateTensor {
        shape: vec![1],
        values: vec![f32::NAN],
    };
    file.insert("n_averaged".to_owned(), stray.clone());
    file.insert("loss".to_owned(), stray);
    // The wrapper of one key got lost.
    let tensor = file.remove("module.model.model.0.weight").expect("there");
    file.insert("model.model.0.weight".to_owned(), tensor);
    place.write_weights("mixed.safetensors", &file);
    place.run("import mixed.safetensors --output bundle");
    assert!(place.weights("bundle/weights.safetensors") == good);
}
