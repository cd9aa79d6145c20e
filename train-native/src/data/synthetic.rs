//! Writes data sets of scenes from [`underpaint_painter`]: AB pairs, photo and label folders, and the palette.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use image::{GrayImage, ImageFormat, RgbImage};
use rayon::prelude::*;
use serde::Serialize;
use thiserror::Error;
use underpaint_core::label::{LabelClass, Palette};
use underpaint_painter::{CLASSES, Scene, class_color, paint, scene_seed};

/// Smallest side in pixels that a data set may have.
pub const MIN_SIZE: u32 = 32;

/// What data set to write.
#[derive(Clone, Debug)]
pub struct SynthesizeOptions {
    /// Number of scenes, at least 1.
    pub count: usize,
    /// Side of the square pictures in pixels, at least [`MIN_SIZE`].
    pub size: u32,
    /// Seed of the data set; scene `i` depends on it and on `i` only, never on `count`.
    pub seed: u64,
    /// Folder to write into; made if missing, refused if it holds anything.
    pub output: PathBuf,
    /// Scenes to hold out for validation; by default the last tenth, at least one of two.
    pub val_count: Option<usize>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SynthesizeSummary {
    /// Scenes in `train`.
    pub train: usize,
    /// Scenes in `val`.
    pub val: usize,
    /// Number of label classes.
    pub classes: usize,
}

/// Why a data set could not be written.
#[derive(Debug, Error)]
pub enum SynthesizeError {
    /// `count` was 0.
    #[error("a data set needs at least 1 scene, got a count of 0")]
    NoScenes,
    /// `size` was below [`MIN_SIZE`].
    #[error("scenes need a size of at least {MIN_SIZE} pixels, got {0}")]
    TooSmall(u32),
    /// More validation scenes than scenes.
    #[error("{val} validation scenes were asked for, but only {count} scenes in all")]
    TooManyHeldOut {
        /// Validation scenes asked for.
        val: usize,
        /// Scenes in all.
        count: usize,
    },
    /// The output folder is in use.
    #[error("{path} is not empty (it holds {entry}); give an empty or new folder")]
    NotEmpty {
        /// The output folder.
        path: PathBuf,
        /// One thing that is in it.
        entry: String,
    },
    /// The output path is a file.
    #[error("{0} is a file, expected a folder")]
    NotAFolder(PathBuf),
    /// A file or folder could not be written.
    #[error("cannot write {path}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// A picture could not be encoded.
    #[error("cannot encode {path}")]
    Encode {
        /// The picture's file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: image::ImageError,
    },
}

/// Paints a data set and writes it below `options.output`.
///
/// # Layout
///
/// - `train/00000.png`, `val/…`: AB pairs, `2 * size` by `size` pixels; the left half is the
///   label map in palette colours, the right half the photo (label to photo is `AtoB`).
/// - `train_label/00000.png`, `val_label/…`: 8-bit gray, the raw label ids.
/// - `train_img/00000.png`, `val_img/…`: the photos.
/// - `palette.json`: `{"classes": [{"id": 0, "name": "sky", "color": [r, g, b], "group": "sky"}, …]}`.
///
/// Names count on from `train` into `val`. The files depend on the options only, not on the
/// number of threads. `progress` is called from any thread with the number of scenes done.
///
/// # Errors
///
/// Options out of range, an output folder that is not empty, and anything that cannot be
/// written; see [`SynthesizeError`].
pub fn synthesize(
    options: &SynthesizeOptions,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<SynthesizeSummary, SynthesizeError> {
    let val = checked_val_count(options)?;
    let train = options.count - val;
    prepare_folders(&options.output)?;
    let done = AtomicUsize::new(0);
    (0..options.count).into_par_iter().try_for_each(|index| {
        let phase = if index < train { "train" } else { "val" };
        let scene = paint(scene_seed(options.seed, index), options.size);
        write_scene(&options.output, phase, index, &scene)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(())
    })?;
    write_palette(&options.output.join("palette.json"))?;
    Ok(SynthesizeSummary {
        train,
        val,
        classes: CLASSES.len(),
    })
}

fn checked_val_count(options: &SynthesizeOptions) -> Result<usize, SynthesizeError> {
    let count = options.count;
    if count == 0 {
        return Err(SynthesizeError::NoScenes);
    }
    if options.size < MIN_SIZE {
        return Err(SynthesizeError::TooSmall(options.size));
    }
    let tenth = if count >= 2 { (count / 10).max(1) } else { 0 };
    let val = options.val_count.unwrap_or(tenth);
    if val > count {
        return Err(SynthesizeError::TooManyHeldOut { val, count });
    }
    Ok(val)
}

fn prepare_folders(output: &Path) -> Result<(), SynthesizeError> {
    if output.exists() && !output.is_dir() {
        return Err(SynthesizeError::NotAFolder(output.to_path_buf()));
    }
    make_folder(output)?;
    let mut entries = fs::read_dir(output).map_err(|source| write_error(output, source))?;
    if let Some(entry) = entries.next() {
        let entry = entry.map_err(|source| write_error(output, source))?;
        return Err(SynthesizeError::NotEmpty {
            path: output.to_path_buf(),
            entry: entry.file_name().to_string_lossy().into_owned(),
        });
    }
    for phase in ["train", "val"] {
        for kind in ["", "_label", "_img"] {
            make_folder(&output.join(format!("{phase}{kind}")))?;
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), SynthesizeError> {
    fs::create_dir_all(path).map_err(|source| write_error(path, source))
}

fn write_error(path: &Path, source: io::Error) -> SynthesizeError {
    SynthesizeError::Write {
        path: path.to_path_buf(),
        source,
    }
}

fn write_scene(
    output: &Path,
    phase: &str,
    index: usize,
    scene: &Scene,
) -> Result<(), SynthesizeError> {
    let name = format!("{index:05}.png");
    let (width, height) = (scene.width, scene.height);
    let at = |x: u32, y: u32| (y * width + x) as usize;
    let photo = |x, y| {
        let k = at(x, y) * 3;
        image::Rgb([scene.pixels[k], scene.pixels[k + 1], scene.pixels[k + 2]])
    };
    let pair = RgbImage::from_fn(width * 2, height, |x, y| {
        if x < width {
            image::Rgb(class_color(scene.labels[at(x, y)]))
        } else {
            photo(x - width, y)
        }
    });
    let label = GrayImage::from_fn(width, height, |x, y| image::Luma([scene.labels[at(x, y)]]));
    let file = |kind: &str| output.join(format!("{phase}{kind}")).join(&name);
    write_picture(&file(""), &pair.into())?;
    write_picture(&file("_label"), &label.into())?;
    write_picture(
        &file("_img"),
        &RgbImage::from_fn(width, height, photo).into(),
    )
}

fn write_picture(path: &Path, picture: &image::DynamicImage) -> Result<(), SynthesizeError> {
    let mut bytes = io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|source| SynthesizeError::Encode {
            path: path.to_path_buf(),
            source,
        })?;
    write_whole(path, bytes.get_ref())
}

fn write_palette(path: &Path) -> Result<(), SynthesizeError> {
    let classes = (0..).zip(&CLASSES).map(|(id, class)| LabelClass {
        id,
        name: class.name.to_owned(),
        color: class.color,
        group: Some(class.group.to_owned()),
    });
    let classes = classes.collect();
    let mut text = serde_json::to_vec_pretty(&Palette { classes })
        .map_err(|source| write_error(path, source.into()))?;
    text.push(b'\n');
    write_whole(path, &text)
}

/// Writes a file whole or not at all: into a temporary sibling that is then renamed.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SynthesizeError> {
    crate::files::write_atomically(path, bytes).map_err(|source| write_error(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(output: &Path, count: usize) -> SynthesizeOptions {
        SynthesizeOptions {
            count,
            size: 32,
            seed: 7,
            output: output.to_path_buf(),
            val_count: None,
        }
    }

    fn write(output: &Path, count: usize) -> Result<SynthesizeSummary, SynthesizeError> {
        synthesize(&options(output, count), &|_| ())
    }

    #[test]
    fn writes_pairs_labels_photos_and_palette() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("set");
        let summary = write(&output, 3).unwrap();
        assert_eq!((summary.train, summary.val), (2, 1));
        let pair = image::open(output.join("val/00002.png")).unwrap().to_rgb8();
        let photo = image::open(output.join("val_img/00002.png")).unwrap();
        let label = image::open(output.join("val_label/00002.png")).unwrap();
        assert_eq!(label.color(), image::ColorType::L8);
        assert_eq!((pair.width(), pair.height()), (64, 32));
        let (photo, label) = (photo.to_rgb8(), label.to_luma8());
        for (x, y, id) in label.enumerate_pixels() {
            assert_eq!(pair.get_pixel(x, y).0, class_color(id.0[0]));
            assert_eq!(pair.get_pixel(x + 32, y), photo.get_pixel(x, y));
        }
        let palette = fs::read(output.join("palette.json")).unwrap();
        let palette: serde_json::Value = serde_json::from_slice(&palette).unwrap();
        assert_eq!(palette["classes"][10]["name"], "water");
        assert_eq!(palette["classes"][10]["id"], 10);
        let groups = underpaint_core::label::Group::ALL.map(underpaint_core::label::Group::name);
        for class in palette["classes"].as_array().unwrap() {
            assert!(
                groups.contains(&class["group"].as_str().unwrap()),
                "{class}"
            );
        }
        assert!(output.join("train/00001.png").is_file());
        assert!(!output.join("train/00002.png").exists());
    }

    #[test]
    fn count_and_threads_do_not_change_a_scene() {
        let folder = tempfile::tempdir().unwrap();
        let (one, many) = (folder.path().join("one"), folder.path().join("many"));
        let single = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        single.install(|| write(&one, 1)).unwrap();
        write(&many, 5).unwrap();
        let bytes = |output: &Path| fs::read(output.join("train/00000.png")).unwrap();
        assert_eq!(bytes(&one), bytes(&many));
    }

    #[test]
    fn a_folder_in_use_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious.txt"), "mine").unwrap();
        let error = write(folder.path(), 2).unwrap_err().to_string();
        assert!(error.contains("precious.txt"), "{error}");
        assert!(error.contains(&*folder.path().to_string_lossy()), "{error}");
        assert!(!folder.path().join("train").exists());
    }

    #[test]
    fn a_file_as_output_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = write(file.path(), 2).unwrap_err();
        assert!(matches!(error, SynthesizeError::NotAFolder(_)));
    }

    #[test]
    fn bad_options_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let error = |change: fn(&mut SynthesizeOptions)| {
            let mut options = options(folder.path(), 2);
            change(&mut options);
            synthesize(&options, &|_| ()).unwrap_err()
        };
        assert!(matches!(error(|o| o.count = 0), SynthesizeError::NoScenes));
        assert!(matches!(
            error(|o| o.size = 31),
            SynthesizeError::TooSmall(31)
        ));
        assert!(matches!(
            error(|o| o.val_count = Some(3)),
            SynthesizeError::TooManyHeldOut { val: 3, count: 2 }
        ));
    }

    #[test]
    fn progress_counts_every_scene_once() {
        let folder = tempfile::tempdir().unwrap();
        let seen = std::sync::Mutex::new(Vec::new());
        let report = |done| seen.lock().unwrap().push(done);
        synthesize(&options(folder.path(), 4), &report).unwrap();
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3, 4]);
    }
}
