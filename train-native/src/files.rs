//! Whole files and folders, written so that nobody ever sees half of one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Writes a file beside its final name, then renames it.
///
/// # Errors
///
/// Naming the file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(crate::data::files::write_atomically(path, bytes)?)
}

/// Writes a folder of files beside its final name, then renames it.
///
/// # Errors
///
/// If `folder` is there and `replace` is not set, or if something cannot be written.
pub fn write_folder(folder: &Path, files: &[(&str, &[u8])], replace: bool) -> Result<()> {
    if folder.exists() && !replace {
        bail!("{} is already there: choose another --output, or --force to replace it", folder.display());
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let draft = tempfile::Builder::new()
        .prefix(".underpaint-")
        .tempdir_in(&parent)
        .with_context(|| format!("cannot write into {}", parent.display()))?;
    for (name, bytes) in files {
        let path = draft.path().join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    share(draft.path())?;
    if folder.exists() {
        let old = parent.join(format!(".underpaint-old-{}", std::process::id()));
        fs::rename(folder, &old).with_context(|| format!("cannot replace {}", folder.display()))?;
        fs::rename(draft.keep(), folder).with_context(|| format!("cannot write {}", folder.display()))?;
        return fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()));
    }
    fs::rename(draft.keep(), folder).with_context(|| format!("cannot write {}", folder.display()))
}

/// Temporary folders are for their owner alone; a bundle is for whoever serves it.
fn share(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot write {}", folder.display()))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_only_when_asked() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("bundle");
        write_folder(&folder, &[("a", b"1")], false).expect("written");
        let error = write_folder(&folder, &[("a", b"2")], false).expect_err("there").to_string();
        assert!(error.contains("--force"), "{error}");
        write_folder(&folder, &[("b", b"2")], true).expect("replaced");
        assert!(folder.join("b").exists() && !folder.join("a").exists());
        assert_eq!(fs::read_dir(parent.path()).expect("read").count(), 1);
    }
}
