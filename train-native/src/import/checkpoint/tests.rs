use super::*;
use std::path::PathBuf;
use tempfile::TempDir;

/// A Python object as opcodes of protocol 2, and the numbers of the tensors in it.
#[derive(Clone)]
struct Python {
    opcodes: Vec<u8>,
    tensors: Vec<Numbers>,
}

/// Storage class, key and content of a tensor.
#[derive(Clone)]
struct Numbers {
    key: String,
    bytes: Vec<u8>,
    count: u64,
}

fn opcodes(parts: &[&[u8]]) -> Python {
    Python {
        opcodes: parts.concat(),
        tensors: Vec::new(),
    }
}

fn text(text: &str) -> Vec<u8> {
    let length = (text.len() as u32).to_le_bytes();
    [b"X", &length[..], text.as_bytes()].concat()
}

fn int(value: u64) -> Vec<u8> {
    [b"J", &(value as u32).to_le_bytes()[..]].concat()
}

/// A tensor with one axis of `count` numbers of `bytes`.
fn tensor(key: &str, storage: &str, count: u64, bytes: Vec<u8>) -> Python {
    let class = format!("ctorch\n{storage}\n");
    let object = [
        b"ctorch._utils\n_rebuild_tensor_v2\n((",
        &text("storage")[..],
        class.as_bytes(),
        &text(key),
        &text("cpu"),
        &int(count),
        b"NtQ",
        &int(0),
        b"(",
        &int(count),
        b"t(",
        &int(1),
        b"t\x89ccollections\nOrderedDict\n)RtR",
    ];
    let numbers = Numbers {
        key: key.to_owned(),
        bytes,
        count,
    };
    Python {
        opcodes: object.concat(),
        tensors: vec![numbers],
    }
}

fn floats(key: &str, values: &[f32]) -> Python {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    tensor(key, "FloatStorage", values.len() as u64, bytes.collect())
}

fn filled(start: &[u8], entries: &[(&str, Python)]) -> Python {
    let mut all = opcodes(&[start, b"("]);
    for (key, value) in entries {
        all.opcodes.extend(text(key));
        all.opcodes.extend(&value.opcodes);
        all.tensors.extend(value.tensors.clone());
    }
    all.opcodes.push(b'u');
    all
}

fn dict(entries: &[(&str, Python)]) -> Python {
    filled(b"}", entries)
}

fn state_dict(entries: &[(&str, Python)]) -> Python {
    filled(b"ccollections\nOrderedDict\n)R", entries)
}

/// What `torch.save` of PyTorch up to 1.5 writes of an object.
fn saved(object: &Python) -> (TempDir, PathBuf) {
    let mut bytes =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.".to_vec();
    let system = filled(
        b"}",
        &[
            ("protocol_version", opcodes(&[b"M\xe9\x03"])),
            ("little_endian", opcodes(&[b"\x88"])),
        ],
    );
    let keys: Vec<u8> = object.tensors.iter().flat_map(|t| text(&t.key)).collect();
    for pickle in [
        &system.opcodes,
        &object.opcodes,
        &[b"](", &keys[..], b"e"].concat(),
    ] {
        bytes.extend([b"\x80\x02", &pickle[..], b"."].concat());
    }
    for numbers in &object.tensors {
        bytes.extend(numbers.count.to_le_bytes());
        bytes.extend(&numbers.bytes);
    }
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("weights.pth");
    std::fs::write(&path, bytes).expect("written");
    (place, path)
}

type Values = Vec<(String, Vec<f32>)>;

/// Keys and values of what is read.
fn read(object: &Python, name: Option<&str>) -> Result<(Values, Option<Choice>)> {
    let (_place, path) = saved(object);
    let (Checkpoint::StateDict(dict), choice) = read_chosen(&path, name)? else {
        panic!("not PGAN's");
    };
    let entries = dict.into_iter().map(|(key, tensor)| (key, tensor.values));
    Ok((entries.collect(), choice))
}

fn told(object: &Python, name: Option<&str>) -> String {
    format!("{:#}", read(object, name).expect_err("refused"))
}

fn one(key: &str, value: f32) -> Values {
    vec![(key.to_owned(), vec![value])]
}

#[test]
fn the_counter_of_an_averaged_model_is_no_weight() {
    let counter = tensor("0", "LongStorage", 1, 7u64.to_le_bytes().to_vec());
    let object = state_dict(&[
        ("n_averaged", counter),
        ("module.model.0.weight", floats("1", &[0.5])),
    ]);
    assert_eq!(
        read(&object, None).expect("read").0,
        one("model.0.weight", 0.5)
    );
}

#[test]
fn of_several_state_dicts_the_taken_one_is_told_and_another_can_be_named() {
    let network = |key: &str, value| state_dict(&[("a.weight", floats(key, &[value]))]);
    let object = dict(&[
        ("state_dict", network("0", 1.0)),
        ("state_dict_ema", network("1", 2.0)),
        ("epoch", opcodes(&[b"K\x05"])),
    ]);
    let (found, choice) = read(&object, None).expect("read");
    let expected = Choice {
        taken: "state_dict".to_owned(),
        others: vec!["state_dict_ema".to_owned()],
    };
    assert_eq!((found, choice), (one("a.weight", 1.0), Some(expected)));
    let (found, choice) = read(&object, Some("state_dict_ema")).expect("read");
    assert_eq!((found, choice), (one("a.weight", 2.0), None));
    let object = dict(&[("netG", network("0", 1.0)), ("netD", network("1", 2.0))]);
    let message = told(&object, None);
    assert!(
        message.contains("netD, netG") && message.contains("--state-dict"),
        "{message}"
    );
    assert_eq!(
        read(&object, Some("netD")).expect("read").0,
        one("a.weight", 2.0)
    );
    let message = told(&object, Some("netE"));
    assert!(message.contains("\"netE\"; found netD, netG"), "{message}");
}

#[test]
fn one_network_of_a_state_dict_of_several_can_be_named() {
    let both = state_dict(&[
        ("net_g._orig_mod.a.weight", floats("0", &[1.0])),
        ("net_d.a.weight", floats("1", &[2.0])),
    ]);
    for object in [both.clone(), dict(&[("state_dict", both)])] {
        assert_eq!(
            read(&object, Some("net_g")).expect("read").0,
            one("a.weight", 1.0)
        );
        assert_eq!(
            read(&object, Some("net_d")).expect("read").0,
            one("a.weight", 2.0)
        );
        assert_eq!(read(&object, None).expect("read").0.len(), 2);
    }
}

#[test]
fn tensors_beside_a_state_dict_are_left_out() {
    let network = state_dict(&[("a.weight", floats("0", &[1.0]))]);
    let object = dict(&[
        ("state_dict", network),
        ("rng", tensor("1", "ByteStorage", 3, vec![1, 2, 3])),
        ("loss", floats("2", &[f32::NAN])),
    ]);
    assert_eq!(read(&object, None).expect("read").0, one("a.weight", 1.0));
    // Without one, tensors at the top are the weights.
    let object = dict(&[("weight", floats("0", &[1.0]))]);
    assert_eq!(read(&object, None).expect("read").0, one("weight", 1.0));
}

#[test]
fn weights_that_are_no_numbers_are_refused_with_their_name() {
    for (value, shown) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf")] {
        let object = state_dict(&[("a.bias", floats("0", &[1.0, value]))]);
        let message = told(&object, None);
        assert!(
            message.contains(&format!("a.bias holds {shown}")),
            "{message}"
        );
    }
}

#[test]
fn objects_beside_weights_are_named_with_what_to_do() {
    let network = state_dict(&[("a.weight", floats("0", &[1.0]))]);
    let counter = opcodes(&[b"ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R"]);
    let object = dict(&[("state_dict", network), ("meters", counter)]);
    match read(&object, None) {
        Ok((found, _)) => assert_eq!(found, one("a.weight", 1.0)),
        Err(error) => {
            let message = format!("{error:#}");
            assert!(message.contains("collections.defaultdict"), "{message}");
            assert!(message.contains("torch.save"), "{message}");
        }
    }
}

#[test]
fn what_is_no_weight_file_is_told_by_what_it_is() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("weights.pth");
    for (content, part) in [
        ("", "found an empty file"),
        ("<!DOCTYPE html><html>quota</html>", "found an HTML page"),
        (
            "version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
    ] {
        std::fs::write(&path, content).expect("written");
        let message = format!("{:#}", read_checkpoint(&path).expect_err("refused"));
        assert!(
            message.contains("weights.pth: ") && message.contains(part),
            "{message}"
        );
    }
    let message = format!("{:#}", read_checkpoint(place.path()).expect_err("a folder"));
    assert!(message.contains("found a folder"), "{message}");
    let message = format!(
        "{:#}",
        read_checkpoint(&place.path().join("x")).expect_err("none")
    );
    assert!(message.contains("cannot read"), "{message}");
}
