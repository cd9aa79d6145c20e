//! Features of pix2pixHD: gathered, clustered, brought along by the authors, and generated with.

use super::families::{draw_map, features};
use super::{Place, TINY, file_names};

/// `pickle.dumps(numpy.array({0: [[0.5, -0.25]], 1: [[1, 0], [-1, 0.5]]}, dtype=object), 3)` of NumPy, the lists
/// being arrays of f8, behind the header of a `.npy` file.
const AUTHORS: &[u8] = b"\x93NUMPY\x01\x007\x00{'descr': '|O', 'fortran_order': False, 'shape': (), }\n\x80\x03cnumpy._core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02C\x01bq\x03\x87q\x04Rq\x05(K\x01)cnumpy\ndtype\nq\x06X\x02\x00\x00\x00O8q\x07\x89\x88\x87q\x08Rq\x09(K\x03X\x01\x00\x00\x00|q\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0bb\x89]q\x0c}q\x0d(K\x00h\x00h\x01K\x00\x85q\x0eh\x03\x87q\x0fRq\x10(K\x01K\x01K\x02\x86q\x11h\x06X\x02\x00\x00\x00f8q\x12\x89\x88\x87q\x13Rq\x14(K\x03X\x01\x00\x00\x00<q\x15NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x16b\x89C\x10\x00\x00\x00\x00\x00\x00\xe0?\x00\x00\x00\x00\x00\x00\xd0\xbfq\x17tq\x18bK\x01h\x00h\x01K\x00\x85q\x19h\x03\x87q\x1aRq\x1b(K\x01K\x02K\x02\x86q\x1ch\x14\x89C \x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\xbf\x00\x00\x00\x00\x00\x00\xe0?q\x1dtq\x1ebuatq\x1fb.";

fn trained(place: &Place, run: &str, arguments: &str) {
    place.run(&format!(
        "train pix2pixhd --data data --label-nc 15 --ngf 4 --ndf 4 --n-downsample-global 1 \
         --n-blocks-global 1 --num-d 1 --n-layers-d 2 --resize-or-crop none --no-vgg-loss --nef 4 \
         --n-downsample-e 1 --steps 2 --quiet --output {run} {arguments}"
    ));
}

#[test]
fn features_are_gathered_clustered_and_generated_with() {
    let place = Place::with_landscapes(3, 2);
    for phase in ["train", "val"] {
        place.run(&format!(
            "dataset instances --labels data/{phase}_label --output data/{phase}_inst"
        ));
    }
    trained(&place, "run", "--instance-feat");
    let told = place.run("features encode --run run");
    assert!(
        told.stderr
            .contains("in 3 pictures: run/features.safetensors"),
        "{told:?}"
    );
    let gathered = place.weights("run/features.safetensors");
    assert!(
        gathered.values().all(|label| label.shape[1] == 4),
        "three features and a size"
    );
    let generate = "generate --model run --input data/val_label --instances data/val_inst";
    place.fails(
        &format!("{generate} --features sample --output no"),
        &["--features sample", "features cluster"],
    );
    place.run("features cluster --run run --clusters 2");
    place.run(
        "features cluster --run run --clusters 2 --from run/features.safetensors --output new/again",
    );
    assert!(place.read("new/again") == place.read("run/features_clustered_002.safetensors"));
    let first = |output: &str| {
        let name = &file_names(&place.path(output))[0];
        place.read(&format!("{output}/{name}"))
    };
    place.run(&format!(
        "{generate} --features sample --seed 1 --output drawn"
    ));
    place.run(&format!(
        "{generate} --features sample --seed 2 --output other"
    ));
    place.run(&format!("{generate} --seed 1 --output default"));
    assert!(first("drawn") != first("other") && first("drawn") == first("default"));
    // The photos beside the label maps, and the same ones by name.
    place.run(&format!("{generate} --features encode --output encoded"));
    place.run(&format!(
        "{generate} --features encode --images data/val_img --output named"
    ));
    assert_eq!(file_names(&place.path("encoded")).len(), 2);
    assert!(first("encoded") == first("named") && first("encoded") != first("drawn"));
    let name = &file_names(&place.path("data/val_img"))[0];
    let stem = name.split('.').next().expect("a stem");
    place.run(&format!(
        "generate --model run --input data/val_label/{stem}.png --instances data/val_inst/{stem}.png \
         --style data/val_img/{name} --output style.png"
    ));
    assert!(first("encoded") == place.read("style.png"));
    std::fs::rename(place.path("data/val_img"), place.path("photos")).expect("renamed");
    place.fails(
        &format!("{generate} --features encode --output no"),
        &["--features encode", "--images DIR", "val_img"],
    );
    place.fails(
        &format!("{generate} --images photos --features data/val_inst --output no"),
        &["--images", "--features encode"],
    );
    place.fails(
        "features cluster --run run --from run/config.toml",
        &["run/config.toml"],
    );
    // Nothing is read from a data set where features are there already, nor drawn from clusters where others
    // are asked for.
    for (flag, value) in [("--phase", "val"), ("--data", "data")] {
        place.fails(
            &format!("features cluster --run run --from run/features.safetensors {flag} {value}"),
            &["--from", flag],
        );
    }
    let clusters = "--clusters run/features_clustered_002.safetensors";
    for features in ["encode --images photos", "data/val_inst"] {
        place.fails(
            &format!("{generate} --features {features} {clusters} --output no"),
            &["--clusters: ", "--features sample"],
        );
    }
    assert!(!place.path("no").exists());
}

#[test]
fn every_command_refuses_to_run_without_a_trained_encoder() {
    let place = Place::with_landscapes(2, 1);
    place.write("tiny.toml", TINY);
    place.train("translator", "--steps 1");
    trained(&place, "plain", "--no-instance");
    for command in ["encode", "cluster", "precompute --output maps"] {
        for (run, found) in [
            ("plain", "one without features"),
            ("translator", "a pix2pix run"),
            ("data", "config.toml"),
        ] {
            place.fails(&format!("features {command} --run {run}"), &[run, found]);
        }
    }
    place.fails(
        "features cluster --run plain --from x",
        &["plain", "trained feature encoder"],
    );
    assert!(!place.path("maps").exists());
}

#[test]
fn the_authors_clusters_are_read_and_travel_in_the_bundle() {
    let place = Place::empty();
    features(&place, "hd");
    place.write("features_clustered_010.npy", AUTHORS);
    draw_map(&place, "labels.png", [32, 32], |x, _| (x / 16) as u8);
    let generate = "generate --input labels.png --seed 3";
    let npy = "--clusters features_clustered_010.npy";
    place.run(&format!("{generate} --model hd {npy} --output with.png"));
    place.fails(
        &format!("{generate} --model hd --output x.png"),
        &["feature", "style"],
    );
    // An import with them, and what is exported of it.
    let fixture = super::families::fixture("hd_features");
    place.run(&format!(
        "import {fixture}/weights_G.pth --encoder {fixture}/weights_E.pth --output import --size 32"
    ));
    let three = "--clusters features_clustered_010.npy --output other";
    place.fails(
        &format!("import {fixture}/weights_G.pth --encoder {fixture}/weights_E.pth {three}"),
        &["features_clustered_010.npy", "label 0", "of 3 numbers"],
    );
    place.fails(
        &format!(
            "import {} {three}",
            super::families::fixture("hd_global_d2_b2/weights.pth")
        ),
        &["--clusters", "takes no features"],
    );
    place.write("text", "no features");
    place.fails(
        &format!("{generate} --model hd --clusters text --output x.png"),
        &["text: expected typical features"],
    );
    place.write("bad.npy", &AUTHORS[..AUTHORS.len() - 9]);
    place.fails(
        &format!("{generate} --model hd --clusters bad.npy --output x.png"),
        &["bad.npy"],
    );
}
