//! The raw Cityscapes tree as the flat folders that pix2pixHD trains on.
//!
//! Source: model specification 3.8.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use png::{BitDepth, ColorType};
use rayon::prelude::*;

use crate::data::draft::Draft;
use crate::data::error::{DataError, Size};
use crate::data::files::{list_pictures, list_pictures_of};

/// A part of Cityscapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// To train on.
    Train,
    /// To look at while training.
    Val,
    /// Whose labels are dummies, as its authors keep the real ones.
    Test,
}

impl Split {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Val, Self::Test];

    /// Its name in the tree and in the result.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }

    /// Frames in the whole data set.
    fn frames(self) -> usize {
        match self {
            Self::Train => 2975,
            Self::Val => 500,
            Self::Test => 1525,
        }
    }
}

/// What one file of a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Photo,
    Labels,
    Instances,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Photo, Self::Labels, Self::Instances];

    /// The folder below the root that holds it.
    fn tree(self) -> &'static str {
        match self {
            Self::Photo => "leftImg8bit",
            Self::Labels | Self::Instances => "gtFine",
        }
    }

    /// What follows `{city}_{sequence}_{frame}` in a file's name.
    fn ending(self) -> &'static str {
        match self {
            Self::Photo => "_leftImg8bit.png",
            Self::Labels => "_gtFine_labelIds.png",
            Self::Instances => "_gtFine_instanceIds.png",
        }
    }

    /// What follows the split in the folder of the result.
    fn folder(self) -> &'static str {
        match self {
            Self::Photo => "img",
            Self::Labels => "label",
            Self::Instances => "inst",
        }
    }

    /// The kind of PNG that it has to be: this is what tells labels and instances apart.
    fn png(self) -> (&'static str, ColorType, BitDepth) {
        match self {
            Self::Photo => ("8-bit RGB", ColorType::Rgb, BitDepth::Eight),
            Self::Labels => (
                "8-bit gray label ids",
                ColorType::Grayscale,
                BitDepth::Eight,
            ),
            Self::Instances => (
                "16-bit gray instance ids",
                ColorType::Grayscale,
                BitDepth::Sixteen,
            ),
        }
    }
}

/// How files get into the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transfer {
    /// As copies.
    #[default]
    Copy,
    /// As symbolic links to where they are.
    Link,
}

/// What to flatten.
#[derive(Debug, Clone)]
pub struct CityscapesOptions {
    /// The folder that holds `gtFine` and `leftImg8bit`.
    pub root: PathBuf,
    /// The folder to write; made if missing, refused if it holds anything.
    pub output: PathBuf,
    /// Which parts; `None` takes those that the tree has.
    pub splits: Option<Vec<Split>>,
    /// Copies or links.
    pub transfer: Transfer,
}

/// What came of one split.
#[derive(Debug)]
pub struct FlatSplit {
    /// Which one.
    pub split: Split,
    /// Frames with photo, labels and instances.
    pub frames: usize,
    /// One error per frame that was left out.
    pub problems: Vec<DataError>,
}

/// What came of the whole job.
#[derive(Debug)]
pub struct CityscapesReport {
    /// One entry per split.
    pub splits: Vec<FlatSplit>,
}

impl CityscapesReport {
    /// What was left out.
    pub fn problems(&self) -> impl Iterator<Item = &DataError> {
        self.splits.iter().flat_map(|split| &split.problems)
    }
}

impl fmt::Display for CityscapesReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for split in &self.splits {
            let (name, frames) = (split.split.name(), split.frames);
            write!(formatter, "{name}: {frames} frames")?;
            if frames != split.split.frames() {
                let whole = split.split.frames();
                write!(
                    formatter,
                    " (a partial data set: the whole one has {whole})"
                )?;
            }
            writeln!(formatter, ", {} left out", split.problems.len())?;
        }
        for problem in self.problems() {
            writeln!(formatter, "  {problem}")?;
        }
        Ok(())
    }
}

/// The three files of a frame, in the order of [`Kind::ALL`].
type Frame = [PathBuf; 3];

/// Writes `{split}_img`, `{split}_label` (label ids) and `{split}_inst` (instance ids) below the output, with the files'
/// own names.
///
/// A frame of which a file is missing, or is another kind of picture, is left out and is in the report. Nothing is
/// written where the output should be until all of it is there. `progress` is called from any thread with frames done
/// and frames in all.
///
/// # Errors
/// [`DataError::MissingFolder`] if the tree is not one of Cityscapes, or lacks a split that was asked for; the first
/// problem if no frame is whole; [`DataError::OutputInUse`]; [`DataError::Io`].
pub fn flatten_cityscapes(
    options: &CityscapesOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<CityscapesReport, DataError> {
    let root = &options.root;
    let root = fs::canonicalize(root).map_err(|error| DataError::io("find", root, error))?;
    let mut report = CityscapesReport { splits: Vec::new() };
    let mut jobs = Vec::new();
    for split in wanted_splits(&root, options.splits.as_deref())? {
        let (frames, problems) = frames_of(&root, split)?;
        report.splits.push(FlatSplit {
            split,
            frames: frames.len(),
            problems,
        });
        jobs.extend(frames.into_iter().map(|frame| (split, frame)));
    }
    if jobs.is_empty() {
        let problems = report.splits.into_iter().flat_map(|split| split.problems);
        return Err(nothing_whole(problems.collect(), &root));
    }
    let draft = Draft::begin(&options.output)?;
    for split in &report.splits {
        for kind in Kind::ALL {
            let folder = folder_of(draft.folder(), split.split, kind);
            fs::create_dir(&folder).map_err(|error| DataError::io("create", &folder, error))?;
        }
    }
    let done = AtomicUsize::new(0);
    jobs.par_iter().try_for_each(|(split, frame)| {
        place(draft.folder(), *split, frame, options.transfer)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, jobs.len());
        Ok(())
    })?;
    draft.finish()?;
    Ok(report)
}

/// Why there is nothing to write: the first problem tells the most.
fn nothing_whole(problems: Vec<DataError>, root: &Path) -> DataError {
    let nothing = || DataError::EmptyFolder {
        path: root.to_path_buf(),
        expected: format!(
            "files as {{city}}_{{sequence}}_{{frame}}{}",
            Kind::Labels.ending()
        ),
        found: "pictures of other names".into(),
    };
    problems.into_iter().next().unwrap_or_else(nothing)
}

fn folder_of(output: &Path, split: Split, kind: Kind) -> PathBuf {
    output.join(format!("{}_{}", split.name(), kind.folder()))
}

/// The splits asked for, or those that both trees have.
fn wanted_splits(root: &Path, asked: Option<&[Split]>) -> Result<Vec<Split>, DataError> {
    let here = |split: Split, tree: &str| root.join(tree).join(split.name());
    let trees = [Kind::Photo.tree(), Kind::Labels.tree()];
    for tree in trees {
        list_pictures_of(
            &root.join(tree),
            "the raw Cityscapes tree, gtFine/ and leftImg8bit/",
        )?;
    }
    let mut splits = match asked {
        Some(splits) => splits.to_vec(),
        None => {
            let there = |split: &Split| trees.iter().all(|tree| here(*split, tree).is_dir());
            Split::ALL.into_iter().filter(there).collect()
        }
    };
    splits.sort();
    splits.dedup();
    for split in &splits {
        for tree in trees {
            let expected = format!("a folder per city of the split {}", split.name());
            list_pictures_of(&here(*split, tree), &expected)?;
        }
    }
    if splits.is_empty() {
        return Err(DataError::MissingFolder {
            path: here(Split::Train, Kind::Photo.tree()),
            expected: "train, val or test in both gtFine/ and leftImg8bit/".into(),
            found: "none of them in both".into(),
        });
    }
    Ok(splits)
}

/// The whole frames of a split by name, and what stands alone or is no such picture.
fn frames_of(root: &Path, split: Split) -> Result<(Vec<Frame>, Vec<DataError>), DataError> {
    let mut problems = Vec::new();
    let mut found: BTreeMap<String, [Option<PathBuf>; 3]> = BTreeMap::new();
    for (index, kind) in Kind::ALL.into_iter().enumerate() {
        for path in list_pictures(&root.join(kind.tree()).join(split.name()))? {
            let name = path.file_name().map(|name| name.to_string_lossy());
            let Some(frame) = name
                .as_deref()
                .and_then(|name| name.strip_suffix(kind.ending()))
            else {
                continue;
            };
            let place = &mut found.entry(frame.to_owned()).or_default()[index];
            match place {
                None => *place = Some(path),
                Some(first) => problems.push(DataError::Unusable {
                    path,
                    expected: "every frame once".into(),
                    found: format!("it again, first {}", first.display()),
                }),
            }
        }
    }
    let mut frames = Vec::new();
    for (name, files) in found {
        match whole_frame(root, split, &name, files) {
            Ok(frame) => frames.push(frame),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((frames, problems))
}

fn whole_frame(
    root: &Path,
    split: Split,
    name: &str,
    files: [Option<PathBuf>; 3],
) -> Result<Frame, DataError> {
    let missing = Kind::ALL
        .iter()
        .zip(&files)
        .find(|(_, file)| file.is_none());
    if let Some((kind, _)) = missing {
        let tree = root.join(kind.tree()).join(split.name());
        return Err(DataError::MissingPartner {
            path: files.into_iter().flatten().next().unwrap_or_default(),
            expected: format!("{}/*/{name}{}", tree.display(), kind.ending()),
            found: "no such file".into(),
        });
    }
    let frame = files.map(Option::unwrap_or_default);
    let mut photo_size = None;
    for (kind, path) in Kind::ALL.into_iter().zip(&frame) {
        let found = checked_size(kind, path)?;
        let expected = *photo_size.get_or_insert(found);
        if found != expected {
            return Err(DataError::SizeMismatch {
                path: path.clone(),
                expected,
                expected_of: format!("as {}", frame[0].display()),
                found,
            });
        }
    }
    Ok(frame)
}

/// The size of a file that is what its name says, by its header.
fn checked_size(kind: Kind, path: &Path) -> Result<Size, DataError> {
    let file = File::open(path).map_err(|error| DataError::io("read", path, error))?;
    let mut decoder = png::Decoder::new(BufReader::new(file));
    let header = decoder
        .read_header_info()
        .map_err(|error| DataError::undecodable(path, error))?;
    let (expected, color, depth) = kind.png();
    if (header.color_type, header.bit_depth) != (color, depth) {
        return Err(DataError::Unusable {
            path: path.to_path_buf(),
            expected: expected.into(),
            found: format!("{}-bit {:?}", header.bit_depth as u8, header.color_type),
        });
    }
    Ok(Size::new(header.width as usize, header.height as usize))
}

fn place(output: &Path, split: Split, frame: &Frame, transfer: Transfer) -> Result<(), DataError> {
    for (kind, path) in Kind::ALL.into_iter().zip(frame) {
        let name = path.file_name().unwrap_or_default();
        let target = folder_of(output, split, kind).join(name);
        let placed = match transfer {
            Transfer::Copy => fs::copy(path, &target).map(drop),
            Transfer::Link => link(path, &target),
        };
        placed.map_err(|error| DataError::io("write", &target, error))?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(path: &Path, target: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(path, target)
}

#[cfg(windows)]
fn link(path: &Path, target: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_file(path, target)
}

#[cfg(test)]
mod tests;
