//! Weight files and bundles: read, imported, used.

use std::fs;
use std::path::{Path, PathBuf};

use underpaint::import::{mindspore, read_checkpoint};
use underpaint::model::{Model, open_clusters};
use underpaint_core::bundle::{
    MANIFEST_FILE, WEIGHTS_FILE, WeightDtype, decode_tensors, decode_weights, encode_weights, pack,
};

use super::{Case, Sample, names_file, nothing_left, taken, underpaint};

/// Name of a bundle in one file.
const BUNDLE: &str = "file.underpaint";
/// What `import` is told to write.
const OUTPUT: &str = "out";
/// Bundles that were read are used for generating once in so many inputs: it takes longer.
const USED: u64 = 4;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Small generators of three families that `import` takes, in either container.
const GENERATORS: [&str; 3] = [
    "pgan_8px/weights_G.pth",
    "spade_spec_trace_w/weights_G.pth",
    "spec_p2p_trace_BtoA_wgangp/init_G.pth",
];

/// The fixtures of containers whose names end so, and the generators that are in that container. Only
/// generators must be taken: some of the others are files to refuse.
fn samples(ending: &str, is_kind: fn(&[u8]) -> bool) -> Vec<Sample> {
    let folder = fixtures().join("containers");
    let entries = fs::read_dir(&folder).expect("fixtures").flatten();
    let mut containers: Vec<_> = entries.map(|entry| entry.path()).collect();
    containers.retain(|path| path.to_string_lossy().ends_with(ending));
    containers.sort();
    let container = |path: &PathBuf| Sample {
        good: false,
        ..Sample::new("file.pth", read(path))
    };
    let generators = GENERATORS.map(|name| Sample::new("file.pth", read(&fixtures().join(name))));
    let generators = generators.into_iter().filter(|it| is_kind(&it.bytes));
    generators.chain(containers.iter().map(container)).collect()
}

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK")
}

pub fn pth() -> Vec<Sample> {
    samples(".zip.pth", is_zip)
}

pub fn legacy() -> Vec<Sample> {
    samples(".legacy.pth", |bytes| !is_zip(bytes))
}

pub fn safetensors() -> Vec<Sample> {
    let bundles = bundles();
    let half = decode_weights(&bundles[0].1).expect("weights");
    let half = encode_weights(&half, WeightDtype::F16).expect("weights");
    let all = bundles.into_iter().map(|(_, weights)| weights);
    let sample = |bytes| Sample::new("file.safetensors", bytes);
    all.chain([half]).map(sample).collect()
}

pub fn manifest() -> Vec<Sample> {
    let sample = |(manifest, weights)| Sample {
        beside: vec![(WEIGHTS_FILE, weights)],
        ..Sample::new(MANIFEST_FILE, manifest)
    };
    bundles().into_iter().map(sample).collect()
}

/// The generators as bundles in one file.
pub fn bundle_files() -> Vec<Sample> {
    let packed = |(manifest, weights): (Vec<u8>, Vec<u8>)| {
        let files = [
            (MANIFEST_FILE, manifest.as_slice()),
            (WEIGHTS_FILE, weights.as_slice()),
        ];
        pack(&files).expect("small").concat()
    };
    let sample = |bundle| Sample::new(BUNDLE, packed(bundle));
    bundles().into_iter().map(sample).collect()
}

/// The generators as bundles: manifest and weights.
fn bundles() -> Vec<(Vec<u8>, Vec<u8>)> {
    let bundle = |name: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, output) = (fixtures().join(name), folder.path().join(OUTPUT));
        underpaint([&"import", &file, &"--output", &output]).expect("a generator");
        (
            read(&output.join(MANIFEST_FILE)),
            read(&output.join(WEIGHTS_FILE)),
        )
    };
    GENERATORS.iter().map(|name| bundle(name)).collect()
}

/// Reads weights, and imports them into a bundle, whole or not at all.
pub fn check(case: &Case) -> Result<(), String> {
    if case.name.ends_with(".safetensors") {
        let bytes = read(&case.path);
        let _ = (decode_weights(&bytes), decode_tensors(&bytes));
    }
    let checkpoint = read_checkpoint(&case.path);
    taken(case, &checkpoint)?;
    if let Err(error) = checkpoint {
        names_file(&format!("{error:#}"), case)?;
    }
    let output = case.folder.join(OUTPUT);
    let imported = underpaint([&"import", &case.path, &"--output", &output]);
    taken(case, &imported)?;
    match imported {
        Ok(_) => {
            Model::open(&output).map_err(|error| format!("an unusable bundle: {error:#}"))?;
            nothing_left(&case.folder, &[case.name, OUTPUT])
        }
        Err(_) => nothing_left(&case.folder, &[case.name]),
    }
}

/// Reads a bundle in one file: all of it or nothing, and the file is named.
pub fn check_bundle_file(case: &Case) -> Result<(), String> {
    let model = Model::open(&case.path);
    taken(case, &model)?;
    match model {
        Ok(_) => Ok(()),
        Err(error) => names_file(&format!("{error:#}"), case),
    }
}

/// Reads a bundle, and generates with it.
pub fn check_bundle(case: &Case) -> Result<(), String> {
    let model = Model::open(&case.folder);
    taken(case, &model)?;
    if model.is_err() || !(case.good || case.iteration.is_multiple_of(USED)) {
        return Ok(());
    }
    let (picture, output) = (case.folder.join("in.png"), case.folder.join("out.png"));
    let gray = image::GrayImage::from_fn(32, 32, |x, _| image::Luma([(x / 16) as u8]));
    gray.save(&picture).map_err(|error| error.to_string())?;
    let folder = &case.folder;
    let wants_nothing = matches!(
        model.map(|model| model.manifest.input),
        Ok(underpaint_core::bundle::InputKind::Latent { .. })
    );
    let generated = match wants_nothing {
        true => underpaint([&"generate", &"--model", folder, &"--output", &output]),
        false => underpaint([
            &"generate",
            &"--model",
            folder,
            &"--input",
            &picture,
            &"--output",
            &output,
        ]),
    };
    taken(case, &generated)?;
    match generated {
        Ok(_) => Ok(()),
        Err(_) => nothing_left(folder, &[MANIFEST_FILE, WEIGHTS_FILE, "in.png"]),
    }
}

/// Typical features as the authors of pix2pixHD write them: `numpy.save` of a dictionary of two labels.
pub fn clusters() -> Vec<Sample> {
    vec![Sample::new("file.npy", CLUSTERS.to_vec())]
}

const CLUSTERS: &[u8] = b"\x93NUMPY\x01\x007\x00{'descr': '|O', 'fortran_order': False, 'shape': (), }\n\x80\x03cnumpy._core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02C\x01bq\x03\x87q\x04Rq\x05(K\x01)cnumpy\ndtype\nq\x06X\x02\x00\x00\x00O8q\x07\x89\x88\x87q\x08Rq\x09(K\x03X\x01\x00\x00\x00|q\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0bb\x89]q\x0c}q\x0d(K\x00h\x00h\x01K\x00\x85q\x0eh\x03\x87q\x0fRq\x10(K\x01K\x01K\x02\x86q\x11h\x06X\x02\x00\x00\x00f8q\x12\x89\x88\x87q\x13Rq\x14(K\x03X\x01\x00\x00\x00<q\x15NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x16b\x89C\x10\x00\x00\x00\x00\x00\x00\xe0?\x00\x00\x00\x00\x00\x00\xd0\xbfq\x17tq\x18bK\x01h\x00h\x01K\x00\x85q\x19h\x03\x87q\x1aRq\x1b(K\x01K\x02K\x02\x86q\x1ch\x14\x89C \x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\xbf\x00\x00\x00\x00\x00\x00\xe0?q\x1dtq\x1ebuatq\x1fb.";

/// Reads typical features.
pub fn check_clusters(case: &Case) -> Result<(), String> {
    let clusters = open_clusters(&case.path, 2);
    taken(case, &clusters)?;
    match clusters {
        Ok(_) => Ok(()),
        Err(error) => names_file(&format!("{error:#}"), case),
    }
}

/// A tensor in two parts and a counter, as MindSpore writes them.
pub fn mindspore() -> Vec<Sample> {
    vec![Sample::new("file.ckpt", MINDSPORE.to_vec())]
}

const MINDSPORE: &[u8] =
    b"\x0a\x1a\x0a\x03w.x\x12\x13\x08\x01\x08\x02\x12\x07Float32\x1a\x04\x00\x00\x80\x3f\
    \x0a\x16\x0a\x03w.x\x12\x0f\x12\x07Float32\x1a\x04\x00\x00\x00\xc0\
    \x0a\x13\x0a\x01n\x12\x0e\x08\x00\x12\x05Int32\x1a\x03\x01\x00\x00";

/// Reads the tensors of a MindSpore checkpoint.
pub fn check_mindspore(case: &Case) -> Result<(), String> {
    let dict = mindspore::read(&case.path);
    taken(case, &dict)?;
    match dict {
        Ok(_) => Ok(()),
        Err(error) => names_file(&format!("{error:#}"), case),
    }
}
