//! What a folder is that was given for a weight file, and which file in it to give.

use std::path::Path;

use underpaint_core::bundle::MANIFEST_FILE;

use crate::config::is_run;

/// Names that a message lists.
const NAMES_SHOWN: usize = 4;

/// Endings of weight files.
const WEIGHTS: [&str; 6] = [".pth", ".pt", ".safetensors", ".ckpt", ".bin", ".tar"];

/// What a folder is, and what to do with it.
pub fn folder_kind(path: &Path) -> String {
    let has = |name: &str| path.join(name).exists();
    let shown = |name: &str| path.join(name).display().to_string();
    if has(MANIFEST_FILE) {
        return "a bundle, which needs no import: `underpaint generate --model` takes it"
            .to_owned();
    }
    if is_run(path) {
        return "a run, which needs no import: `underpaint generate --model` takes it, `underpaint \
                export` makes a bundle of it"
            .to_owned();
    }
    if has("latest_net_G.pth") {
        let encoder = match has("latest_net_E.pth") {
            true => format!(" --encoder {}", shown("latest_net_E.pth")),
            false => String::new(),
        };
        return format!("a folder: give {}{encoder}", shown("latest_net_G.pth"));
    }
    if has("data.pkl") {
        return "a folder that a .pth file was unpacked into: give the file as it was".to_owned();
    }
    if has("saved_model.pb") {
        return "a TensorFlow model, whose networks are other than PyTorch's".to_owned();
    }
    let mut names: Vec<String> = std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| WEIGHTS.iter().any(|ending| name.ends_with(ending)))
        .collect();
    // Generators first, and of those the last one.
    names.sort_by(|a, b| natord::compare(b, a));
    names.sort_by_key(|name| !name.contains("net_G"));
    match &names[..] {
        [] => "a folder without weight files".to_owned(),
        [only] => format!("a folder: give {}", shown(only)),
        names => {
            let more = if names.len() > NAMES_SHOWN {
                ", …"
            } else {
                ""
            };
            format!(
                "a folder of {} weight files: give one of them ({}{more})",
                names.len(),
                names[..names.len().min(NAMES_SHOWN)].join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_to_give_is_named() {
        let place = tempfile::tempdir().expect("a folder");
        let told = || folder_kind(place.path());
        let write = |name: &str| std::fs::write(place.path().join(name), "").expect("written");
        assert!(told().contains("without weight files"));
        write("train_opt.txt");
        write("10_net_G.pth");
        assert!(told().ends_with("10_net_G.pth"), "{}", told());
        write("9_net_G.pth");
        write("10_net_D.pth");
        assert!(
            told().contains(
                "3 weight files: give one of them (10_net_G.pth, 9_net_G.pth, 10_net_D.pth)"
            ),
            "{}",
            told()
        );
        write("latest_net_G.pth");
        assert!(told().ends_with("latest_net_G.pth"), "{}", told());
        write("latest_net_E.pth");
        assert!(told().contains(" --encoder "), "{}", told());
        write("manifest.json");
        assert!(told().contains("a bundle"), "{}", told());
    }
}
