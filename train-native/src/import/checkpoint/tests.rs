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
    let (Checkpoint::StateDict(dict), choice) = read_chosen(&path, Wanted::Generator, name)? else {
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
        message.contains("netD, netG") && message.contains("--key"),
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
            message.contains(&format!("a.bias: holds {shown}")),
            "{message}"
        );
    }
}

#[test]
fn objects_beside_weights_are_let_be() {
    let network = state_dict(&[("a.weight", floats("0", &[1.0]))]);
    for object in [
        // defaultdict(list), {(1, 2): 3}, deque([1], 4), and one of the class m.C that is called.
        &b"ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RX\x01\0\0\0a]s"[..],
        b"}K\x01K\x02\x86K\x03s",
        b"ccollections\ndeque\n)K\x04\x86RK\x01a",
        b"cm\nC\n)\x81}X\x01\0\0\0xK\x01sb)R",
        // A list and a dictionary in themselves.
        b"]q\x07h\x07a",
        b"}q\x07X\x01\0\0\0xh\x07s",
    ] {
        let object = dict(&[
            ("beside", opcodes(&[object])),
            ("state_dict", network.clone()),
        ]);
        assert_eq!(read(&object, None).expect("read").0, one("a.weight", 1.0));
    }
}

#[test]
fn a_generator_is_taken_from_whatever_it_lies_in() {
    let unet = |prefix: &str, value| {
        let key = |name: &str| format!("{prefix}model.model.{name}.weight");
        let (first, second) = (key("0"), key("1.model.1"));
        state_dict(&[
            (first.as_str(), floats(&format!("{prefix}0"), &[value])),
            (second.as_str(), floats(&format!("{prefix}1"), &[value])),
        ])
    };
    let judge = state_dict(&[("model.0.weight", floats("9", &[9.0]))]);
    let (taken, other) = (1.0, 2.0);
    for (object, name) in [
        (
            dict(&[("netG", unet("", taken)), ("netD", judge.clone())]),
            "netG",
        ),
        (
            dict(&[
                ("g", unet("", taken)),
                ("g_ema", unet("x.", other)),
                ("d", judge.clone()),
            ]),
            "g",
        ),
        (
            dict(&[("ema", unet("module.", taken)), ("d", judge.clone())]),
            "ema",
        ),
        (
            dict(&[(
                "state_dict",
                state_dict(&[
                    ("G._orig_mod.model.model.0.weight", floats("0", &[taken])),
                    (
                        "G._orig_mod.model.model.1.model.1.weight",
                        floats("1", &[taken]),
                    ),
                    ("D.model.0.weight", floats("2", &[9.0])),
                ]),
            )]),
            "state_dict.G",
        ),
    ] {
        let (found, choice) = read(&object, None).expect("read");
        let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            ["model.model.0.weight", "model.model.1.model.1.weight"]
        );
        assert!(found.iter().all(|(_, values)| values == &[taken]), "{name}");
        let choice = choice.expect("others");
        assert_eq!(choice.taken, name);
        assert!(!choice.others.is_empty() && !choice.others.contains(&choice.taken));
        let again = read(&object, Some(name)).expect("read").0;
        assert_eq!(again, found);
    }
    let two = dict(&[("A", unet("", taken)), ("B", unet("x.", other))]);
    let message = told(&two, None);
    assert!(
        message.contains("2 generators, A, B") && message.contains("--key"),
        "{message}"
    );
    assert_eq!(read(&two, Some("B")).expect("read").0[0].1, [other]);
}

#[test]
fn counters_and_masks_in_a_generator_are_no_weights() {
    let mask = tensor("5", "BoolStorage", 2, vec![0, 1]);
    let mut entries = vec![
        ("model.model.0.weight", floats("0", &[1.0])),
        ("model.model.1.model.1.weight", floats("1", &[1.0])),
        ("model.mask", mask.clone()),
        ("step", tensor("6", "LongStorage", 1, vec![0; 8])),
    ];
    assert_eq!(read(&state_dict(&entries), None).expect("read").0.len(), 2);
    // Where a weight should be, they are no weight.
    entries[1].1 = mask;
    let message = told(&state_dict(&entries), None);
    assert!(
        message
            .contains("model.model.1.model.1.weight: expected floating-point numbers, found Bool"),
        "{message}"
    );
}

/// A tensor with these axes and strides, of a storage of one number.
fn view(axes: &[u64], strides: &[u64]) -> Python {
    let long = |number: &u64| [&b"\x8a\x08"[..], &number.to_le_bytes()].concat();
    let tuple = |numbers: &[u64]| {
        let numbers: Vec<u8> = numbers.iter().flat_map(long).collect();
        [b"(", &numbers[..], b"t"].concat()
    };
    let mut one = floats("0", &[1.0]);
    let ends = b"\x89ccollections\nOrderedDict\n)RtR";
    let old = [b"(", &int(1)[..], b"t(", &int(1), b"t", ends].concat();
    let start = one.opcodes.len() - old.len();
    assert_eq!(one.opcodes[start..], old);
    one.opcodes.truncate(start);
    one.opcodes
        .extend([&tuple(axes)[..], &tuple(strides), ends].concat());
    one
}

#[test]
fn views_beyond_the_file_or_all_memory_are_refused() {
    let last = (1u64 << 63) - 1;
    for (axes, strides, part) in [
        (&[1 << 40][..], &[0][..], "too much"),
        (&[last, last], &[1, 1], "too much"),
        (&[2], &[last], "too much"),
        (&[2, 2], &[1, 1 << 40], "cut short"),
        (&[u64::MAX], &[1], "expected a count"),
        (&[1], &[1, 1], "1 axes and 2 strides"),
        (&[1; 20], &[1; 20], "20 axes"),
    ] {
        let object = state_dict(&[("a.weight", view(axes, strides))]);
        let message = told(&object, None);
        assert!(
            message.contains("a.weight") && message.contains(part),
            "{message}"
        );
    }
    // An axis of one number may have any stride.
    let object = state_dict(&[("a.weight", view(&[1, 1], &[last, last]))]);
    assert_eq!(read(&object, None).expect("read").0, one("a.weight", 1.0));
}

#[test]
fn objects_that_refer_to_one_another_end() {
    // A dictionary twice in one that lies twice in one, forty times: 2^40 paths to a tensor.
    let mut object = dict(&[("t", floats("0", &[1.0]))]);
    for _ in 0..40 {
        let twice = b"q\x09}(X\x01\0\0\0ah\x09X\x01\0\0\0bh\x09u";
        object.opcodes.extend(twice);
    }
    let message = told(&object, None);
    assert!(message.contains("refer to one another"), "{message}");
    // Nested deeper than any module: not looked at, and no end of the stack.
    let mut deep = opcodes(&[]);
    for _ in 0..100_000 {
        deep.opcodes.extend(b"}X\x01\0\0\0a");
    }
    deep.opcodes.extend(floats("0", &[1.0]).opcodes);
    deep.opcodes.extend([b's'; 100_000]);
    deep.tensors = floats("0", &[1.0]).tensors;
    assert!(told(&deep, None).contains("expected a state dict"));
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
