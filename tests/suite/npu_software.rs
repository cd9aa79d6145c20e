//! Where an NPU's software is looked for, on machines made of folders.

use std::fs;
use std::path::{Path, PathBuf};

use underpaint_torch::npu::{Diagnosis, LIBRARY, LIBRARY_VARIABLE, Places};

fn write(path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, "").expect("a file");
}

fn with(root: &Path, variables: &[(&'static str, PathBuf)]) -> Places {
    let variables = variables.to_vec();
    Places::new(root, move |name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone().into_os_string())
    })
}

#[test]
fn the_variable_names_a_file_or_a_folder_and_wins() {
    let machine = tempfile::tempdir().expect("a folder");
    let root = machine.path();
    let usual = root.join("opt/libtorch_npu/lib").join(LIBRARY);
    let built = root.join("built");
    write(&usual);
    write(&built.join("lib").join(LIBRARY));
    assert_eq!(with(root, &[]).library(), Some(usual));
    let named = |path: &Path| with(root, &[(LIBRARY_VARIABLE, path.to_path_buf())]).library();
    let file = built.join("lib").join(LIBRARY);
    assert_eq!(named(&built), Some(file.clone()));
    assert_eq!(named(&built.join("lib")), Some(file.clone()));
    assert_eq!(named(&file), Some(file));
    // A wrong name is for the loader to tell.
    assert_eq!(named(&root.join("no")), Some(root.join("no")));
}

#[test]
fn the_loaders_path_and_libtorch_are_searched_and_nothing_is_found_in_an_empty_machine() {
    let machine = tempfile::tempdir().expect("a folder");
    let root = machine.path();
    assert_eq!(with(root, &[]).library(), None);
    let file = root.join("libtorch/lib").join(LIBRARY);
    write(&file);
    let libtorch = [("LIBTORCH", root.join("libtorch"))];
    assert_eq!(with(root, &libtorch).library(), Some(file.clone()));
    let loader = format!("relative:{}", root.join("libtorch/lib").display());
    let loader = [("LD_LIBRARY_PATH", PathBuf::from(loader))];
    assert_eq!(with(root, &loader).library(), Some(file));
}

fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Diagnosis) {
    let root = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let diagnosis = Diagnosis::of(&Places::new(root.path(), |_| None));
    (root, diagnosis)
}

#[test]
fn a_machine_without_anything_lacks_driver_and_cann() {
    let (_root, diagnosis) = machine(&[]);
    let text = diagnosis.to_string();
    assert!(text.contains("no driver"), "{text}");
    assert!(text.contains("no CANN") && text.contains("8.5"), "{text}");
}

#[test]
fn versions_are_read_and_an_old_cann_is_told() {
    let driver = (
        "usr/local/Ascend/driver/version.info",
        "Version=25.2.0\nascendhal_version=7\n",
    );
    let device = ("dev/davinci_manager", "");
    let install = |version: &'static str| {
        let path =
            "usr/local/Ascend/ascend-toolkit/latest/x86_64-linux/ascend_toolkit_install.info";
        (path, version)
    };
    let (_root, new) = machine(&[driver, device, install("package_name=x\nversion=8.5.0\n")]);
    let text = new.to_string();
    assert!(text.contains("driver 25.2.0; CANN 8.5.0 at"), "{text}");
    assert!(!text.contains("older"), "{text}");
    let (_root, old) = machine(&[driver, install("version=8.3.RC1\n")]);
    let text = old.to_string();
    assert!(
        text.contains("CANN 8.3.RC1") && text.contains("older than 8.5"),
        "{text}"
    );
    assert!(text.contains("pass it into the container"), "{text}");
}
