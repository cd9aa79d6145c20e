//! `underpaint dataset check`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use underpaint_core::label::KnownPalette;

use super::exit;
use crate::command::palette::{Names, PaletteArg};
use crate::command::run_check::RunCheck;
use crate::config::{CONFIG_FILE, RunSettings, of_file};
use crate::data::augment::AugmentOptions;
use crate::data::check::{Expected, ExpectedInput, check_listing};
use crate::data::ids::IdRules;
use crate::data::layout::{self, Folders, Listing, list_folders};
use crate::data::source::{CheckOptions, DataSource, InputSpec, Layout};
use crate::data::unconditional::FaceCrop;

/// Flags of `dataset check`.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["pairs", "layout", "images", "config"]))]
pub(super) struct CheckArgs {
    /// Root of pairs: AB pictures of every phase, pictures in folders A and B ({phase}_A, {phase}A, {phase}/A), and
    /// pictures that lie beside these
    #[arg(long, value_name = "DIR", conflicts_with_all = ["images", "labels", "label_nc", "layout"])]
    pairs: Option<PathBuf>,
    /// How the files of --root lie in folders
    #[arg(long, value_name = "NAME")]
    layout: Option<LayoutName>,
    /// With --layout or --config: root of the data set
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Check as a run does before its first step, with its preprocessing, networks and batch size: a run's folder, or a
    /// file of settings as `train --config` takes, with a line `family = "…"`
    #[arg(long, value_name = "RUN|FILE", conflicts_with_all = ["pairs", "layout", "images"])]
    config: Option<PathBuf>,
    /// Only this phase (train, val, test, …) [default: all there are]
    #[arg(long, value_name = "NAME", conflicts_with = "images")]
    phase: Option<String>,
    /// Folder of photos
    #[arg(long, value_name = "DIR", requires = "labels")]
    images: Option<PathBuf>,
    /// Folder of label maps, paired with --images by name
    #[arg(long, value_name = "DIR", requires = "images")]
    labels: Option<PathBuf>,
    /// Folder of instance maps, paired with --labels by name
    #[arg(long, value_name = "DIR", requires = "labels")]
    instances: Option<PathBuf>,
    /// Leave instance maps alone
    #[arg(long, alias = "no_instance", conflicts_with = "instances")]
    no_instance: bool,
    /// Number of classes: every label must be below it; 0 for pictures as input (A and B) [default: only count them]
    #[arg(long, alias = "label_nc", value_name = "N")]
    label_nc: Option<usize>,
    /// Id 255 means "don't care" and has a channel of its own
    #[arg(long, alias = "contain_dontcare_label")]
    contain_dontcare_label: bool,
    /// Table of ids that label maps go through first
    ///
    /// Plain text, one rule a line: old id and new id, apart by spaces,
    /// a comma, a semicolon, a colon or `->`. A range of old ids is `10-15`,
    /// all ids of no other rule are `*`, and ids of no rule at all stay as
    /// they are. The new id may be `dont_care` (also `ignore` or 255), which
    /// needs --contain-dontcare-label. What follows a # is a comment:
    ///
    ///   # old new
    ///   7 0          # road
    ///   11-14: 1     # all that is built
    ///   23 -> 2
    ///   * dont_care
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    remap: Option<PathBuf>,
    /// Names of the classes that are found: cityscapes, ade20k, ade20k-shifted, coco-stuff or facades; or a folder with a
    /// palette.json in it [default: a palette.json beside the data, else what --layout or --config says]
    #[arg(long, value_name = "NAME|DIR")]
    palette: Option<PaletteArg>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LayoutName {
    /// {phase}_label, {phase}_img, {phase}_inst, {phase}_feat; or {phase}_A and {phase}_B, {phase}A and {phase}B,
    /// {phase}/A and {phase}/B
    Pix2pixhd,
    /// As pix2pixhd
    Coco,
    /// As pix2pixhd
    Facades,
    /// The tree of ADEChallengeData2016
    Ade20k,
    /// The raw tree of Cityscapes: gtFine and leftImg8bit
    Cityscapes,
    /// --labels, --images and --instances
    Custom,
    /// Pictures alone, nested or flat
    Pictures,
}

impl CheckArgs {
    /// Prints the report; errors are exit code 1.
    pub fn run(&self) -> Result<ExitCode> {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {eta} left")?;
        let bar = ProgressBar::new(0).with_style(style);
        let progress = |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let settings = self.config.as_deref().map(|path| self.settings(path));
        let settings = settings.transpose()?;
        let names = self.names(settings.as_deref())?;
        let mut report = match &settings {
            Some(settings) => {
                let check = RunCheck {
                    full: true,
                    memory: None,
                    progress: &progress,
                };
                check.check(settings.as_ref())
            }
            None => {
                let (listing, expected) = self.listing()?;
                let options = CheckOptions {
                    progress: &progress,
                    ..CheckOptions::files_only(true)
                };
                check_listing(&listing, &expected, &options)
            }
        };
        bar.finish_and_clear();
        if let (Some(labels), Some(names)) = (&mut report.labels, names) {
            labels.name(&names.palette, &names.title);
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{}", report.to_string().trim_end());
        }
        Ok(exit(report.is_ok()))
    }

    /// Names of the ids as they are after --remap: those asked for, of the run, beside the data, of the layout.
    fn names(&self, settings: Option<&dyn RunSettings>) -> Result<Option<Names>> {
        if let Some(asked) = &self.palette {
            return Names::asked(asked).map(Some);
        }
        if let Some(settings) = settings {
            return Names::of_run(settings);
        }
        let beside = self.labels.as_deref().and_then(Path::parent);
        let roots = [self.root.as_deref(), beside];
        for root in roots.into_iter().flatten() {
            if let Some(names) = Names::beside(root)? {
                return Ok(Some(names));
            }
        }
        let known = match self.layout {
            _ if self.remap.is_some() => None,
            Some(LayoutName::Cityscapes) => Some(KnownPalette::Cityscapes),
            Some(LayoutName::Ade20k) => Some(KnownPalette::Ade20k),
            Some(LayoutName::Coco) => Some(KnownPalette::CocoStuff),
            Some(LayoutName::Facades) => Some(KnownPalette::Facades),
            Some(LayoutName::Pix2pixhd | LayoutName::Custom | LayoutName::Pictures) | None => None,
        };
        Ok(known.map(Names::known))
    }

    /// The settings of a run, or of one to be.
    fn settings(&self, path: &Path) -> Result<Box<dyn RunSettings>> {
        let file = match path.is_dir() {
            true => path.join(CONFIG_FILE),
            false => path.to_path_buf(),
        };
        let mut settings = of_file(&file, self.root.clone())?;
        if let Some(phase) = &self.phase {
            settings.run_mut().phase.clone_from(phase);
        }
        Ok(settings)
    }

    /// The files, and what they should be.
    fn listing(&self) -> Result<(Listing, Expected)> {
        let (mut listing, expected) = self.files()?;
        if listing.folders.is_empty() {
            let roots = [&self.pairs, &self.root, &self.labels, &self.images];
            listing.folders.extend(roots.into_iter().flatten().cloned());
        }
        Ok((listing, expected))
    }

    fn files(&self) -> Result<(Listing, Expected)> {
        if self.root.is_some() && self.layout.is_none() {
            bail!("--root: expected --layout NAME or --config FILE beside it");
        }
        match (&self.pairs, self.layout, &self.images, &self.labels) {
            (Some(root), ..) => {
                let phases: Vec<&str> = self.phase.as_deref().into_iter().collect();
                let listing = layout::list_pair_phases(root, &phases);
                Ok((listing, Expected::files(ExpectedInput::Pair)))
            }
            (_, None | Some(LayoutName::Custom), Some(images), Some(labels)) => {
                let folders = Folders {
                    input: labels.clone(),
                    target: Some(images.clone()),
                    instances: self.instances.clone(),
                    features: None,
                    is_labels: self.label_nc != Some(0),
                };
                let mut listing = Listing::default();
                listing.add(list_folders(&folders));
                Ok((listing, self.expected()?))
            }
            (_, Some(LayoutName::Custom), ..) => {
                bail!("--layout custom: expected --images DIR and --labels DIR")
            }
            (_, Some(name), ..) => match &self.root {
                Some(root) => self.listing_of(name, root),
                None => bail!("--layout: expected the data set's root with --root DIR"),
            },
            _ => bail!(
                "expected --pairs DIR, --layout NAME with --root DIR, or --images DIR with --labels DIR"
            ),
        }
    }

    /// All phases of a data set, or the one asked for.
    fn listing_of(&self, name: LayoutName, root: &Path) -> Result<(Listing, Expected)> {
        let layout = match name {
            LayoutName::Pix2pixhd | LayoutName::Coco | LayoutName::Facades => {
                return self.flat_listing(root);
            }
            LayoutName::Ade20k => Layout::Ade20k,
            LayoutName::Cityscapes => Layout::Cityscapes {
                instances: !self.no_instance,
            },
            LayoutName::Custom | LayoutName::Pictures => Layout::Pictures {
                crop: FaceCrop::None,
            },
        };
        let (input, expected) = match layout {
            Layout::Pictures { crop } => (
                InputSpec::Nothing,
                Expected::files(ExpectedInput::Single(crop)),
            ),
            _ => (LABELS, self.expected()?),
        };
        let source = DataSource {
            root: root.to_path_buf(),
            layout,
            augment: AugmentOptions::default(),
            input,
            output_channels: 3,
            max_size: None,
            remap: None,
        };
        let mut listing = Listing::default();
        let all = layout::phases(&source);
        // A layout without phases lists everything whatever the phase; one without any tells what it misses.
        let phases = self.phase.clone().map_or(all, |phase| vec![phase]);
        let phases = if phases.is_empty() {
            vec!["train".into()]
        } else {
            phases
        };
        phases
            .iter()
            .for_each(|phase| listing.add(layout::list(&source, phase)));
        Ok((listing, expected))
    }

    /// pix2pixHD's folders: whatever kinds of files a phase has.
    fn flat_listing(&self, root: &Path) -> Result<(Listing, Expected)> {
        let labelled = layout::input_phases(root, LABELS);
        let pictures = layout::input_phases(root, PICTURE);
        let has_labels = self.label_nc != Some(0) && (!labelled.is_empty() || pictures.is_empty());
        let (input, phases) = if has_labels {
            (LABELS, labelled)
        } else {
            (PICTURE, pictures)
        };
        let phases = self.phase.clone().map_or(phases, |phase| vec![phase]);
        let phases = if phases.is_empty() {
            vec!["train".into()]
        } else {
            phases
        };
        let mut listing = Listing::default();
        for phase in phases {
            let (folders, note) = self.flat_folders(root, &phase, input);
            listing.add(list_folders(&folders));
            listing.notes.extend(note);
        }
        let expected = if has_labels {
            self.expected()?
        } else {
            Expected::files(ExpectedInput::Picture)
        };
        Ok((listing, expected))
    }

    /// The folders of a phase, and what is to be said about them. Photos may be missing where a phase is for generating
    /// only, as in pix2pixHD's `test`.
    fn flat_folders(
        &self,
        root: &Path,
        phase: &str,
        input: InputSpec,
    ) -> (Folders, Option<(PathBuf, String)>) {
        let has = |kind: &str| root.join(format!("{phase}_{kind}")).is_dir();
        let instances = !self.no_instance && has("inst");
        let mut folders = Folders::flat(root, phase, input, instances, has("feat"));
        let note = match (&folders.target, phase) {
            (Some(photos), phase)
                if !photos.is_dir() && phase != "train" && folders.input.is_dir() =>
            {
                let note = format!(
                    "{} does not exist: without photos one can generate, not train or evaluate",
                    photos.display()
                );
                Some((photos.clone(), note))
            }
            _ => None,
        };
        if note.is_some() {
            folders.target = None;
        }
        (folders, note)
    }

    fn expected(&self) -> Result<Expected> {
        if self.label_nc == Some(0) {
            return Ok(Expected::files(ExpectedInput::Picture));
        }
        let (num_classes, dont_care) = (self.label_nc, self.contain_dontcare_label);
        let remap = self.remap.as_deref();
        Ok(Expected::files(ExpectedInput::Labels {
            rules: IdRules::new(remap, num_classes.unwrap_or(0), dont_care, false)?,
            num_classes,
            dont_care,
        }))
    }
}

/// Stands for label maps and pictures where only the names of folders depend on it.
const LABELS: InputSpec = InputSpec::Labels {
    num_classes: 1,
    dont_care: false,
    ade_shift: false,
};
const PICTURE: InputSpec = InputSpec::Picture { channels: 3 };
