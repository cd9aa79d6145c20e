//! What a file is that holds no weights we read: people rename downloads, and downloads fail.

/// Bytes that tell a file's kind: names of the shards in an index, and the first header of a TAR
/// archive, lie in them.
pub const START: u64 = 8192;

/// What `torch.jit.save` writes.
pub const TORCHSCRIPT: &str = "a TorchScript archive, which holds a program: save the weights by \
                               themselves, torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)";

/// Names of shards that a message lists.
const SHARDS_SHOWN: usize = 4;

/// What kind of file begins like this, and what to do with it; `None` if nothing is known of it.
pub fn kind_of(start: &[u8]) -> Option<String> {
    let kind = match start {
        [] => "an empty file: the download or the disk has failed",
        _ if is_zero(start) => "nothing but zeros: the download or the disk has failed",
        _ if start.starts_with(b"version https://git-lfs") => {
            "a Git LFS pointer, which only names the file: fetch that with `git lfs pull`"
        }
        _ if start.get(257..262) == Some(b"ustar") => tar_kind(start),
        _ if is_html(start) => {
            "an HTML page, not the file that was asked for: open it in a browser to see why, and \
             download again"
        }
        _ if is_mindspore(start) => {
            "a MindSpore checkpoint: its networks and names are other than PyTorch's, and it is not read"
        }
        _ if is_onnx(start) => {
            "an ONNX model, whose names are not those of the networks: the PyTorch file that it was \
             exported from is needed"
        }
        _ => match magic(start) {
            Some(kind) => kind,
            None => return text_kind(start),
        },
    };
    Some(kind.to_owned())
}

/// Kinds that a few bytes tell.
fn magic(start: &[u8]) -> Option<&'static str> {
    let unpack = |kind: &'static str| Some(kind);
    let picture = Some("a picture: weights are needed");
    match start {
        [0x89, b'H', b'D', b'F', ..] => {
            Some("an HDF5 file, as Keras writes, whose networks are other than PyTorch's")
        }
        [0x1f, 0x8b, ..] => {
            unpack("a gzip archive: unpack it (gunzip, tar -xzf) and give what is in it")
        }
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
            unpack("a bzip2 archive: unpack it and give what is in it")
        }
        [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            unpack("an xz archive: unpack it and give what is in it")
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => unpack("a zstd archive: unpack it and give what is in it"),
        [b'7', b'z', 0xbc, 0xaf, ..] => unpack("a 7z archive: unpack it and give what is in it"),
        [b'R', b'a', b'r', b'!', ..] => unpack("a RAR archive: unpack it and give what is in it"),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(
            "a NumPy array: save a PyTorch state dict or safetensors, by the names of its weights",
        ),
        [b'G', b'G', b'U', b'F', ..] => Some("a GGUF file, which holds language models"),
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => {
            Some("a TensorFlow Lite model, whose networks are other than PyTorch's")
        }
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] => {
            picture
        }
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => picture,
        [b'%', b'P', b'D', b'F', ..] => Some("a PDF document"),
        [b'M', b'Z', ..] if start.len() > 64 => Some("a Windows program"),
        [0x7f, b'E', b'L', b'F', ..] => Some("a program"),
        _ => None,
    }
}

fn is_zero(start: &[u8]) -> bool {
    start.len() >= 512 && start.iter().all(|byte| *byte == 0)
}

/// PyTorch before 0.1.10 wrote TAR archives of four entries.
fn tar_kind(start: &[u8]) -> &'static str {
    let entries = [&b"sys_info"[..], b"pickle", b"storages", b"tensors"];
    let name = start.strip_prefix(b"./").unwrap_or(start);
    let its = |entry: &&[u8]| name.starts_with(entry) && name.get(entry.len()) == Some(&0);
    match entries.iter().any(its) {
        true => {
            "a file of PyTorch before 0.1.10: load and save it again in PyTorch \
             (torch.save(torch.load(FILE), NEW_FILE))"
        }
        false => "a TAR archive: unpack it (tar -xf) and give what is in it",
    }
}

fn is_html(start: &[u8]) -> bool {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let text = text.trim_ascii_start().to_ascii_lowercase();
    let begins = [
        &b"<!doctype"[..],
        b"<html",
        b"<head",
        b"<body",
        b"<!--",
        b"<?xml",
    ];
    begins.iter().any(|begin| text.starts_with(begin))
}

/// A protocol buffer that begins with a version and the name of what wrote it, or its graph.
fn is_onnx(start: &[u8]) -> bool {
    matches!(start, [0x08, 1..=31, 0x12 | 0x1a | 0x3a | 0x42, ..])
}

/// Whether a file begins like MindSpore's checkpoints: a protocol buffer of entries that each begin with the name
/// of a weight.
pub fn is_mindspore(start: &[u8]) -> bool {
    let Some(rest) = start.strip_prefix(&[0x0a]) else {
        return false;
    };
    let length = rest.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    let Some([0x0a, count, name @ ..]) = rest.get(length..) else {
        return false;
    };
    let name = name.get(..usize::from(*count)).unwrap_or_default();
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-/".contains(byte);
    name.len() > 2 && name.iter().all(letters)
}

/// A text of some kind, told by how it begins.
fn text_kind(start: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.valid_up_to() + 4 > start.len() && start.len() > 4 => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim_start_matches('\u{feff}');
    let control = |c: char| c.is_control() && !c.is_whitespace();
    if text.chars().any(control) {
        return None;
    }
    if text.contains("\"weight_map\"") {
        return Some(shards(text));
    }
    let first: String = text
        .trim_start()
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(60)
        .collect();
    Some(match text.trim_start().starts_with(['{', '[']) {
        true => format!("a JSON text that begins with {first:?}: the weights are in another file"),
        false => format!("a text that begins with {first:?}"),
    })
}

/// An index of weights that lie in several files.
fn shards(text: &str) -> String {
    let is_file = |name: &&str| {
        let endings = [".safetensors", ".bin", ".pth", ".pt"];
        endings.iter().any(|ending| name.ends_with(ending))
    };
    let mut files: Vec<&str> = text.split('"').filter(is_file).collect();
    files.sort_unstable();
    files.dedup();
    let named = files.iter().take(SHARDS_SHOWN).copied().collect::<Vec<_>>();
    let more = if files.len() > SHARDS_SHOWN {
        ", …"
    } else {
        ""
    };
    match files[..] {
        [only] => format!("an index that names the file of the weights: give {only}"),
        _ => format!(
            "an index of shards, which only names the files of the weights ({}{more}): give one file \
             that holds all of them (load every shard in Python and save the entries together)",
            named.join(", ")
        ),
    }
}

/// What a ZIP archive of these files is, which is none of PyTorch's.
pub fn archive_kind(names: &[String]) -> String {
    let ends = |ending: &str| names.iter().find(|name| name.ends_with(ending));
    let weights = [".pth", ".pt", ".safetensors", ".ckpt", ".bin"];
    let generator = names.iter().find(|name| name.ends_with("net_G.pth"));
    let weights = weights.iter().find_map(|ending| ends(ending));
    if let Some(name) = generator.or(weights) {
        return format!("a ZIP archive with weights in it: unpack it and give {name}");
    }
    if ends(".npy").is_some() {
        return "NumPy arrays (.npz): save a PyTorch state dict or safetensors, by the names of its \
                weights"
            .to_owned();
    }
    if ends(".weights.h5").is_some() {
        return "a Keras model, whose networks are other than PyTorch's".to_owned();
    }
    match names.first() {
        None => "an empty ZIP archive".to_owned(),
        Some(first) => format!(
            "a ZIP archive of {} files without weights ({first}{})",
            names.len(),
            if names.len() > 1 { ", …" } else { "" }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_how_they_begin() {
        let tar = |name: &[u8]| {
            let mut tar = vec![0; 512];
            tar[..name.len()].copy_from_slice(name);
            tar[257..263].copy_from_slice(b"ustar\0");
            tar
        };
        let index = br#"{"metadata": {}, "weight_map": {"a": "m-1-of-2.safetensors", "b": "m-2-of-2.safetensors"}}"#;
        for (start, part) in [
            (&b""[..], "an empty file"),
            (&[0; 600], "nothing but zeros"),
            (b"\n<!DOCTYPE html><html>", "an HTML page"),
            (b"\xef\xbb\xbf<html lang=\"en\">", "an HTML page"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:ab",
                "git lfs pull",
            ),
            (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
            (b"\x1f\x8b\x08\0\0", "a gzip archive"),
            (b"\x08\x07\x12\x07pytorch\x1a", "an ONNX model"),
            (
                b"\x0a\x9a\x01\x0a\x0emodel.1.weight\x12\x05",
                "a MindSpore checkpoint",
            ),
            (&tar(b"checkpoints/latest_net_G.pth"), "a TAR archive"),
            (&tar(b"./pickle"), "before 0.1.10"),
            (b"\x93NUMPY\x01\0", "a NumPy array"),
            (b"\x1c\0\0\0TFL3\0", "TensorFlow Lite"),
            (b"\x89PNG\r\n", "a picture"),
            (b"net_g = \"unet_256\"\n", "begins with \"net_g = "),
            (b"{\"a\": 1}", "a JSON text"),
            (index, "m-1-of-2.safetensors, m-2-of-2.safetensors"),
            (
                br#"{"weight_map": {"a": "model.bin", "b": "model.bin"}}"#,
                "give model.bin",
            ),
        ] {
            let told = kind_of(start).unwrap_or_default();
            assert!(told.contains(part), "{part}: {told}");
        }
        for unknown in [
            &b"\x80\x02}q\0."[..],
            b"PK\x03\x04",
            b"\x10\0\0\0\0\0\0\0{",
            b"\xff\xfe\xfd",
        ] {
            assert_eq!(kind_of(unknown), None);
        }
    }

    #[test]
    fn archives_of_others_are_told_by_their_files() {
        for (names, part) in [
            (
                &["x/README", "x/latest_net_G.pth"][..],
                "give x/latest_net_G.pth",
            ),
            (&["a.npy", "b.npy"], "NumPy"),
            (&["config.json", "model.weights.h5"], "Keras"),
            (&["a.txt", "b.txt"], "2 files without weights (a.txt, …)"),
            (&[], "an empty ZIP archive"),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let told = archive_kind(&names);
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
