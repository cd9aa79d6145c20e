//! Colour-coded label maps, masks of 0 and 255 and grey pictures to maps of class ids.
//!
//! Annotation programs export one colour for each class; networks take one id for each pixel. `table` says which colour
//! is which class (read from a file, or `found` in the maps), `source` what a map's file holds, `convert` puts ids in the
//! place of colours.

mod convert;
mod found;
mod palette_file;
mod source;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use underpaint_core::label::Palette;

use crate::data::decode::write_label_map_png;
use crate::data::draft::Draft;
use crate::data::error::DataError;
use crate::data::files::{list_pictures_of, sample_name};
use convert::{Converted, Converter, Unknown, refuse_unknown};
use found::Survey;
use source::SourceMap;

pub use convert::Match;
pub use found::{FoundEntry, FoundKind};
pub use table::ColourTable;

/// A colour as bytes: red, green, blue.
pub type Rgb = [u8; 3];

/// What to make.
#[derive(Debug, Clone)]
pub struct LabelsOptions {
    /// Folder of maps.
    pub input: PathBuf,
    /// Folder to write; made if missing, refused if it holds anything. None only looks.
    pub output: Option<PathBuf>,
    /// File to write names and colours of the classes to, beside an output.
    pub palette_file: Option<PathBuf>,
    /// Which colour is which class; none takes the colours that there are.
    pub colours: Option<ColourTable>,
    /// Which colours of a map count as one of the table.
    pub matching: Match,
    /// The id of colours that the table lacks.
    pub others: Option<u16>,
    /// Whether the grey values of maps without colours are numbered 0, 1, 2, … instead of being kept.
    pub compact: bool,
}

/// What was found, and made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelsSummary {
    /// Number of maps.
    pub maps: usize,
    /// What kind of maps they are, where that was to be found out.
    pub kind: Option<FoundKind>,
    /// Ids with their colours and how often they occur, by id.
    pub entries: Vec<FoundEntry>,
    /// Names and colours of all ids up to the largest, where colours are known.
    pub palette: Option<Palette>,
    /// Largest id in the maps and one more: what `--label-nc` needs.
    pub num_classes: usize,
    /// Pixels that got the id of a colour near theirs, or of all others.
    pub near: u64,
    /// Pixels in all.
    pub pixels: u64,
    /// What people should know.
    pub notes: Vec<String>,
}

/// Reads every map below the input and writes one of ids under its name.
///
/// Nothing is written where the output should be until all of it is there. `progress` is called from any thread with
/// maps done and maps in all.
///
/// # Errors
/// Any [`DataError`] of reading pictures; [`DataError::AmbiguousName`]; [`DataError::Unusable`] naming file, pixel and colour for a colour that the
/// table lacks, and for a folder with more colours than classes can have; [`DataError::OutputInUse`];
/// [`DataError::Unusable`] for another palette where that of the maps is to be written; [`DataError::Io`].
pub fn convert_labels(
    options: &LabelsOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<LabelsSummary, DataError> {
    let files = list_pictures_of(&options.input, "colour-coded maps or masks")?;
    refuse_twins(&options.input, &files)?;
    let draft = options.output.as_deref().map(|output| {
        refuse_inside(&options.input, output)?;
        Draft::begin(output)
    });
    let draft = draft.transpose()?;
    // Without a table the maps are read twice, first to know their colours.
    let is_read_twice = options.colours.is_none() && draft.is_some();
    let total = files.len() * (1 + usize::from(is_read_twice));
    let done = AtomicUsize::new(0);
    let step = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
    let convert = |converter: &Converter| {
        let folder = draft.as_ref().map(Draft::folder);
        convert_all(&options.input, &files, converter, folder, &step)
    };
    let palette_file = options.palette_file.as_deref().filter(|_| draft.is_some());
    let (summary, is_new) = match &options.colours {
        Some(table) => {
            let converter = Converter::of_table(table.clone(), options.matching, options.others);
            let is_new = palette_file::is_new(palette_file, converter.palette().as_ref())?;
            (
                of_table(&converter, convert(&converter)?, files.len()),
                is_new,
            )
        }
        None => {
            let survey = Survey::of(&options.input, &files, &step)?;
            let converter = survey.converter(options.compact)?;
            let summary = survey.summary(&converter, files.len());
            let is_new = palette_file::is_new(palette_file, summary.palette.as_ref())?;
            if draft.is_some() {
                convert(&converter)?;
            }
            (summary, is_new)
        }
    };
    if let Some(draft) = draft {
        draft.finish()?;
    }
    if let (Some(path), Some(palette), true) = (palette_file, &summary.palette, is_new) {
        palette_file::write(path, palette)?;
    }
    Ok(summary)
}

/// Makes sure that no two maps would be written under one name.
fn refuse_twins(input: &Path, files: &[PathBuf]) -> Result<(), DataError> {
    let mut names: BTreeMap<String, &PathBuf> = BTreeMap::new();
    for path in files {
        if let Some(first) = names.insert(sample_name(input, path), path) {
            return Err(DataError::AmbiguousName {
                first: first.clone(),
                second: path.clone(),
            });
        }
    }
    Ok(())
}

/// Makes sure that the output lies beside the input and not in it, where the next look at the input would find it.
fn refuse_inside(input: &Path, output: &Path) -> Result<(), DataError> {
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(|error| DataError::io("find", path, error));
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (input_folder, output_folder) = (absolute(input)?, absolute(output)?);
    let nearest = output_folder.ancestors().find(|folder| folder.exists());
    let inside = nearest.is_some_and(|folder| real(folder).starts_with(real(&input_folder)));
    match inside {
        false => Ok(()),
        true => Err(DataError::OutputInUse {
            path: output.to_path_buf(),
            found: format!("the maps that are read, or lies in {}", input.display()),
        }),
    }
}

/// Puts ids in the place of colours in every file, and writes the maps below `folder` if there is one.
fn convert_all(
    input: &Path,
    files: &[PathBuf],
    converter: &Converter,
    folder: Option<&Path>,
    step: &(dyn Fn() + Sync),
) -> Result<Converted, DataError> {
    let results = files.par_iter().map(|path| {
        let map = SourceMap::read(path)?;
        let (labels, mut converted) = converter.convert(path, &map)?;
        if let Some(folder) = folder.filter(|_| converted.unknown.is_empty()) {
            let target = folder.join(format!("{}.png", sample_name(input, path)));
            create_parent(&target)?;
            write_label_map_png(&target, &labels)?;
        }
        converted.maps = 1;
        step();
        Ok(converted)
    });
    let results: Vec<Converted> = results.collect::<Result<_, DataError>>()?;
    let unknown: Vec<(PathBuf, Vec<Unknown>)> = files
        .iter()
        .zip(&results)
        .filter(|(_, converted)| !converted.unknown.is_empty())
        .map(|(path, converted)| (path.clone(), converted.unknown.clone()))
        .collect();
    if !unknown.is_empty() {
        return Err(refuse_unknown(&unknown, converter));
    }
    let mut all = Converted::default();
    results.into_iter().for_each(|one| all.add(one));
    Ok(all)
}

fn create_parent(path: &Path) -> Result<(), DataError> {
    match path.parent() {
        None => Ok(()),
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| DataError::io("create", folder, error))
        }
    }
}

/// What a table made of the maps.
fn of_table(converter: &Converter, converted: Converted, maps: usize) -> LabelsSummary {
    let largest = converted.histogram.keys().next_back().copied();
    let entries = converted.histogram.iter().map(|(id, counts)| FoundEntry {
        id: *id,
        name: converter.name_of(*id),
        colour: converter.colour_of(*id),
        pixels: counts.pixels,
        files: counts.files,
    });
    LabelsSummary {
        maps,
        kind: None,
        entries: entries.collect(),
        num_classes: converter.num_classes(largest),
        palette: converter.palette(),
        near: converted.near,
        notes: converter.notes(),
        pixels: converted
            .histogram
            .values()
            .map(|counts| counts.pixels)
            .sum(),
    }
}

/// How often something occurs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    pixels: u64,
    files: usize,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.pixels += other.pixels;
        self.files += other.files;
    }
}

/// Lines that people see at most; JSON and palette have them all.
const PRINTED_ROWS: usize = 60;

impl fmt::Display for LabelsSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.kind {
            writeln!(formatter, "{} maps: {kind}", self.maps)?;
        }
        let names = self.entries.iter().map(|entry| entry.name.chars().count());
        let wide = names.max().unwrap_or(0).max(4);
        writeln!(
            formatter,
            "{:>5}  {:wide$}  {:24} {:>8} {:>9}",
            "id", "name", "colour", "share", "files"
        )?;
        for entry in self.entries.iter().take(PRINTED_ROWS) {
            let share = entry.pixels as f64 * 100.0 / self.pixels.max(1) as f64;
            let colour = entry.colour.map_or("-".to_owned(), colour_in_words);
            writeln!(
                formatter,
                "{:>5}  {:wide$}  {colour:24} {share:>6.2} % {:>9}",
                entry.id, entry.name, entry.files
            )?;
        }
        if let Some(more) = self.entries.len().checked_sub(PRINTED_ROWS + 1) {
            writeln!(formatter, "  … and {} more", more + 1)?;
        }
        if self.near > 0 {
            let share = self.near as f64 * 100.0 / self.pixels.max(1) as f64;
            writeln!(
                formatter,
                "{share:.3} % of the pixels are of none of these colours and got the id of the nearest, or that of all others"
            )?;
        }
        for note in &self.notes {
            writeln!(formatter, "note: {note}")?;
        }
        Ok(())
    }
}

/// `#ff8000 (255, 128, 0)`.
pub(crate) fn colour_in_words([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x} ({red}, {green}, {blue})")
}

/// Names and colours for the ids from 0 to the largest: those of `known`, and numbered ones in between.
fn palette_of(known: &BTreeMap<u16, (String, Rgb)>) -> Palette {
    let count = known
        .keys()
        .next_back()
        .map_or(0, |largest| usize::from(*largest) + 1);
    let mut palette = Palette::numbered(count);
    for class in &mut palette.classes {
        if let Some((name, colour)) = known.get(&class.id) {
            class.name.clone_from(name);
            class.color = *colour;
        }
    }
    palette
}
