//! Instance maps for data sets that have none: the connected parts of each class.
//!
//! Two objects of one class that touch become one instance; nothing in a label map tells them apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::data::InstanceMap;
use crate::data::decode::{LabelMap, read_label_map, write_instance_map_png};
use crate::data::draft::Draft;
use crate::data::error::DataError;
use crate::data::files::sample_name;
use crate::data::layout::list_label_maps;

/// What Cityscapes multiplies the label of a thing by.
const THING_BASE: u16 = 1000;
/// The largest label of which a thousand instances fit into 16 bits.
pub const LARGEST_THING: u16 = 64;

/// Which pixels touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connectivity {
    /// Those that share an edge.
    #[default]
    Four,
    /// Those that share an edge or a corner.
    Eight,
}

/// Which ids the parts of a map get.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Numbering {
    /// 0, 1, 2, … over all parts of all classes, by their first pixel. Such ids make edges; they say nothing of the
    /// class, so that features cannot be clustered by them.
    #[default]
    Running,
    /// Cityscapes' rule: the n-th part of a class, counted from 0, is `label * 1000 + n`, for every class from 1 to 64.
    /// Class 0 and classes above 64, which 16 bits do not hold, keep their label as id.
    PerClass,
    /// Cityscapes' rule for these classes, each from 1 to 64; all others, the stuff, keep their label as id.
    Things(BTreeSet<u16>),
}

impl Numbering {
    /// Cityscapes' rule for `things`.
    ///
    /// # Errors
    /// [`DataError::InvalidSetting`] for a class that has no room for instances.
    pub fn of_things(things: impl IntoIterator<Item = u16>) -> Result<Self, DataError> {
        let things: BTreeSet<u16> = things.into_iter().collect();
        match things.iter().find(|label| !has_room(**label)) {
            None => Ok(Self::Things(things)),
            Some(label) => Err(DataError::InvalidSetting {
                setting: "things",
                expected: format!(
                    "classes 1 to {LARGEST_THING}: ids are label * 1000 + n, in 16 bits"
                ),
                found: label.to_string(),
            }),
        }
    }

    /// Whether each part of a class has an id of its own.
    fn splits(&self, label: u16) -> bool {
        match self {
            Self::Running => true,
            Self::PerClass => has_room(label),
            Self::Things(things) => things.contains(&label),
        }
    }
}

fn has_room(label: u16) -> bool {
    (1..=LARGEST_THING).contains(&label)
}

/// What to make.
#[derive(Debug, Clone)]
pub struct InstanceOptions {
    /// Folder of label maps.
    pub labels: PathBuf,
    /// Folder to write; made if missing, refused if it holds anything.
    pub output: PathBuf,
    /// Which pixels touch.
    pub connectivity: Connectivity,
    /// Which ids parts get.
    pub numbering: Numbering,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstanceSummary {
    /// Maps written.
    pub maps: usize,
    /// Parts in all of them that have an id of their own.
    pub instances: usize,
    /// Classes of which all parts share one id.
    pub whole_classes: BTreeSet<u16>,
}

impl fmt::Display for InstanceSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} instance maps, {} instances",
            self.maps, self.instances
        )?;
        if !self.whole_classes.is_empty() {
            let labels: Vec<String> = self.whole_classes.iter().map(u16::to_string).collect();
            write!(
                formatter,
                "; as one instance each: classes {}",
                labels.join(", ")
            )?;
        }
        Ok(())
    }
}

/// Writes a 16-bit PNG of instance ids for every label map, under its name.
///
/// Nothing is written where the output should be until all of it is there. `progress` is called from any thread with
/// maps done and maps in all.
///
/// # Errors
/// Any [`DataError`] of reading label maps; [`DataError::Unusable`], naming the map, if there are more parts than ids,
/// or if a label that is to be an id is not below 1000; [`DataError::OutputInUse`]; [`DataError::Io`].
pub fn write_instances(
    options: &InstanceOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<InstanceSummary, DataError> {
    let files = list_label_maps(&options.labels)?;
    let draft = Draft::begin(&options.output)?;
    let done = AtomicUsize::new(0);
    let summaries = files.par_iter().map(|path| {
        let labels = read_label_map(path)?;
        let (ids, summary) = number(&labels, options.connectivity, &options.numbering)
            .map_err(|problem| problem.at(path))?;
        let name = sample_name(&options.labels, path);
        let target = draft.folder().join(format!("{name}.png"));
        write_ids(&target, ids)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, files.len());
        Ok(summary)
    });
    let summaries: Vec<InstanceSummary> = summaries.collect::<Result<_, DataError>>()?;
    draft.finish()?;
    Ok(summaries
        .into_iter()
        .fold(InstanceSummary::default(), |mut all, one| {
            all.maps += one.maps;
            all.instances += one.instances;
            all.whole_classes.extend(one.whole_classes);
            all
        }))
}

/// Writes into a folder of a draft, made if missing.
fn write_ids(path: &Path, ids: InstanceMap) -> Result<(), DataError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| DataError::io("create", folder, error))?;
    }
    let InstanceMap { width, height, ids } = ids;
    write_instance_map_png(path, &LabelMap { width, height, ids })
}

/// Why a label map cannot be numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberingProblem {
    /// More parts than the ids that there are: those in all, or those of the class.
    TooMany(Option<u16>),
    /// A label that is to be an id and would pass for a thing's.
    LargeLabel(u16),
}

impl NumberingProblem {
    fn at(self, path: &Path) -> DataError {
        let (expected, found) = match self {
            Self::TooMany(None) => (
                "at most 65536 connected parts".to_owned(),
                "more; is this a label map?".to_owned(),
            ),
            Self::TooMany(Some(label)) => (
                "at most 1000 connected parts of a class".to_owned(),
                format!("more of class {label}; leave it out of the things, or number all parts"),
            ),
            Self::LargeLabel(label) => (
                "labels below 1000, which are the ids of what is no thing".to_owned(),
                label.to_string(),
            ),
        };
        DataError::Unusable {
            path: path.to_path_buf(),
            expected,
            found,
        }
    }
}

/// The instance ids of a label map.
///
/// # Errors
/// [`NumberingProblem`].
pub fn number(
    labels: &LabelMap,
    connectivity: Connectivity,
    numbering: &Numbering,
) -> Result<(InstanceMap, InstanceSummary), NumberingProblem> {
    let (parts, part_labels) = connected_parts(labels, connectivity);
    let mut summary = InstanceSummary {
        maps: 1,
        ..InstanceSummary::default()
    };
    let mut counters: BTreeMap<Option<u16>, u32> = BTreeMap::new();
    let mut ids = Vec::with_capacity(part_labels.len());
    for label in part_labels {
        if !numbering.splits(label) {
            if label >= THING_BASE {
                return Err(NumberingProblem::LargeLabel(label));
            }
            summary.whole_classes.insert(label);
            ids.push(label);
            continue;
        }
        let class = (*numbering != Numbering::Running).then_some(label);
        ids.push(next_id(class, counters.entry(class).or_insert(0))?);
        summary.instances += 1;
    }
    let map = InstanceMap {
        width: labels.width,
        height: labels.height,
        ids: parts.into_iter().map(|part| ids[part as usize]).collect(),
    };
    Ok((map, summary))
}

/// The id after the `counter` that are taken: of a class by Cityscapes' rule, or of all 16 bits.
fn next_id(class: Option<u16>, counter: &mut u32) -> Result<u16, NumberingProblem> {
    let (base, limit) = match class {
        None => (0, u32::from(u16::MAX) + 1),
        Some(label) => (label * THING_BASE, u32::from(THING_BASE)),
    };
    if *counter == limit {
        return Err(NumberingProblem::TooMany(class));
    }
    let id = base + *counter as u16;
    *counter += 1;
    Ok(id)
}

/// The number of the connected part that each pixel belongs to, by the part's first pixel in reading order, and the
/// label of each part.
fn connected_parts(labels: &LabelMap, connectivity: Connectivity) -> (Vec<u32>, Vec<u16>) {
    const NONE: u32 = u32::MAX;
    let mut parts = vec![NONE; labels.ids.len()];
    let mut part_labels = Vec::new();
    let mut open = Vec::new();
    for start in 0..parts.len() {
        if parts[start] != NONE {
            continue;
        }
        let (part, label) = (part_labels.len() as u32, labels.ids[start]);
        part_labels.push(label);
        parts[start] = part;
        open.push(start);
        while let Some(pixel) = open.pop() {
            for neighbour in neighbours(labels, pixel, connectivity) {
                if parts[neighbour] == NONE && labels.ids[neighbour] == label {
                    parts[neighbour] = part;
                    open.push(neighbour);
                }
            }
        }
    }
    (parts, part_labels)
}

/// The pixels that a pixel touches, by their place in the map.
fn neighbours(
    labels: &LabelMap,
    pixel: usize,
    connectivity: Connectivity,
) -> impl Iterator<Item = usize> {
    const STEPS: [(isize, isize); 8] = [
        (-1, 0),
        (1, 0),
        (0, -1),
        (0, 1),
        (-1, -1),
        (1, -1),
        (-1, 1),
        (1, 1),
    ];
    let count = match connectivity {
        Connectivity::Four => 4,
        Connectivity::Eight => 8,
    };
    let (width, height) = (labels.width, labels.height);
    let (x, y) = (pixel % width, pixel / width);
    STEPS[..count].iter().filter_map(move |(dx, dy)| {
        let x = x.checked_add_signed(*dx).filter(|x| *x < width)?;
        let y = y.checked_add_signed(*dy).filter(|y| *y < height)?;
        Some(y * width + x)
    })
}

#[cfg(test)]
mod tests;
