//! Pictures from pictures and label maps, any number of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use underpaint_core::bundle::{InputKind, Runner};

use super::GenerateArgs;
use super::inputs::{Reader, Seen, stacked};
use super::latents::Latents;
use super::pipeline::{self, Job, Made};
use super::record::{Done, Record};
use super::target::Target;
use super::tile::Tiling;
use crate::data::PixelsF32;
use crate::data::files::sample_name;
use crate::data::layout::list_label_maps;
use crate::device::DeviceName;
use crate::family::batch;
use crate::model::{Model, input_files};

/// Pictures that are run together on a GPU.
const GPU_BATCH: usize = 8;

/// Makes pictures of what is read.
pub(super) struct Maker<'a> {
    args: &'a GenerateArgs,
    runner: &'a Runner,
    latents: Latents,
    tiling: Option<Tiling>,
}

impl<'a> Maker<'a> {
    /// With the latents and the tiles that the flags ask for.
    pub fn new(args: &'a GenerateArgs, runner: &'a Runner) -> Result<Self> {
        Ok(Self {
            args,
            runner,
            latents: args.latents(runner)?,
            tiling: args.tiling(runner)?,
        })
    }

    /// Pictures that are made of one input.
    pub fn count(&self) -> usize {
        self.latents.count().unwrap_or(1)
    }

    /// Pictures that are run together.
    pub fn batch(&self) -> usize {
        match (self.args.batch, self.args.runner.device) {
            _ if self.tiling.is_some() => 1,
            (Some(batch), _) => batch,
            // One picture keeps all cores of a CPU busy.
            (None, DeviceName::Cpu | DeviceName::LibtorchCpu) => 1,
            (None, _) => GPU_BATCH,
        }
    }

    /// The pictures of inputs of one size, each with its number among those of its input.
    pub fn make(&self, wanted: &[(&Seen, usize)]) -> Result<Vec<PixelsF32>> {
        let (args, runner, seed) = (self.args, self.runner, self.args.runner.seed);
        if let (Some(tiling), [(seen, _)]) = (&self.tiling, wanted) {
            return Ok(vec![tiling.run(runner, seen, seed)?]);
        }
        let inputs = wanted.iter().map(|(seen, _)| seen.inputs(runner, seed));
        let mut inputs = stacked(inputs.collect::<Result<_>>()?);
        let numbers: Vec<usize> = wanted.iter().map(|(_, number)| *number).collect();
        inputs.latents = self.latents.of(&numbers, runner.device());
        inputs.scale = args.scale_number()?;
        let own = runner.manifest().alpha_at(inputs.scale);
        inputs.alpha = args.alpha.unwrap_or(own);
        Ok(batch::pictures(runner.run(inputs, seed)?))
    }
}

/// One picture, or several, for every input.
pub(super) fn generate(
    args: &GenerateArgs,
    runner: &Runner,
    model: &Model,
    input: Option<&Path>,
    output: &Path,
) -> Result<ExitCode> {
    let maker = Maker::new(args, runner)?;
    let reader = match input {
        Some(input) => Some(Reader::new(args, runner, model, input)?),
        None => None,
    };
    let files = match input {
        Some(input) => named_files(input, &model.manifest.input)?,
        None => Vec::new(),
    };
    let many = input.is_some_and(Path::is_dir) || maker.count() > 1;
    let target = Target::new(output, many)?;
    let mut jobs = jobs(files, maker.count(), &target);
    check_names(&jobs)?;
    let inputs = jobs.len();
    let there = match &target {
        Target::File(_) => 0,
        Target::Folder(folder) => {
            let record = args.record(&model.manifest)?;
            let done = Done::begin(folder, &record, args.again)?;
            leave_out(&mut jobs, &done, reader.as_ref())
        }
    };
    let read = |job: &Job| match (&reader, &job.source) {
        (Some(reader), Some(path)) => reader.read(path, &job.name),
        _ => Ok(Seen::Nothing),
    };
    let made = pipeline::run(&jobs, maker.batch(), read, |wanted| maker.make(wanted))?;
    report(&target, inputs, made, there)
}

impl GenerateArgs {
    /// What the pictures of a folder are made with.
    fn record(&self, manifest: &underpaint_core::bundle::Manifest) -> Result<Record> {
        let named = [&self.input, &self.style, &self.remap, &self.clusters];
        let named = named.into_iter().flatten().cloned();
        let files: Vec<PathBuf> = named.chain(self.frames.files()).collect();
        Record::new(&self.model, manifest, self.settings(), &files)
    }

    /// The flags that decide how pictures look.
    fn settings(&self) -> String {
        let absolute = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
        let mut said = self.clone();
        said.model = PathBuf::new();
        said.output = None;
        said.again = false;
        said.batch = None;
        said.runner.device = DeviceName::default();
        for path in [
            &mut said.input,
            &mut said.instances,
            &mut said.images,
            &mut said.features,
        ] {
            *path = path.as_ref().map(absolute);
        }
        format!("{said:?}")
    }
}

/// The files of a folder with their names; Cityscapes has maps of other kinds beside its label maps.
pub(super) fn named_files(input: &Path, kind: &InputKind) -> Result<Vec<(PathBuf, String)>> {
    match kind {
        InputKind::Labels { .. } if input.is_dir() => {
            let maps = list_label_maps(input)?.into_iter();
            let named = maps.map(|path| {
                let name = sample_name(input, &path);
                (path, name)
            });
            Ok(named.collect())
        }
        _ => input_files(input),
    }
}

/// One for every file, with `count` pictures; without files, one for every picture.
fn jobs(files: Vec<(PathBuf, String)>, count: usize, target: &Target) -> Vec<Job> {
    let path = |name: &str| target.path(name);
    if files.is_empty() {
        let job = |number| {
            let name = format!("{number:05}");
            let pictures = vec![(number, path(&name))];
            Job {
                source: None,
                name,
                pictures,
            }
        };
        return (0..count).map(job).collect();
    }
    let job = |(source, name): (PathBuf, String)| {
        let pictures = match count {
            1 => vec![(0, path(&name))],
            _ => (0..count)
                .map(|number| (number, path(&format!("{name}_{number:05}"))))
                .collect(),
        };
        Job {
            source: Some(source),
            name,
            pictures,
        }
    };
    files.into_iter().map(job).collect()
}

/// Two files of one name would become one picture.
fn check_names(jobs: &[Job]) -> Result<()> {
    let mut by_path: HashMap<&Path, &Job> = HashMap::new();
    for job in jobs {
        for (_, path) in &job.pictures {
            if let Some(other) = by_path.insert(path, job) {
                bail!(
                    "{} and {} would both be written to {}: rename one of them",
                    other.title(),
                    job.title(),
                    path.display()
                );
            }
        }
    }
    Ok(())
}

/// Leaves out the pictures that are done, and says how many.
fn leave_out(jobs: &mut Vec<Job>, done: &Done, reader: Option<&Reader<'_>>) -> usize {
    let mut there = 0;
    for job in jobs.iter_mut() {
        let mut made_of: Vec<PathBuf> = job.source.iter().cloned().collect();
        if let (Some(reader), Some(path)) = (reader, &job.source) {
            made_of.extend(reader.partners(path, &job.name));
        }
        job.pictures.retain(|(_, path)| {
            let has = done.has(path, &made_of);
            there += usize::from(has);
            !has
        });
    }
    jobs.retain(|job| !job.pictures.is_empty());
    there
}

/// `1 picture`, `3 pictures`.
fn counted(pictures: usize) -> String {
    match pictures {
        1 => "1 picture".to_owned(),
        _ => format!("{pictures} pictures"),
    }
}

/// Says what came of it; one bad file makes the program fail once all others are done.
fn report(target: &Target, inputs: usize, made: Made, there: usize) -> Result<ExitCode> {
    let Made {
        pictures,
        mut failed,
        time,
    } = made;
    let folder = match target {
        Target::Folder(folder) => folder,
        Target::File(path) => {
            if let Some((_, error)) = failed.pop_first() {
                return Err(error);
            }
            eprintln!("{} in {}", counted(pictures), path.display());
            return Ok(ExitCode::SUCCESS);
        }
    };
    let seconds = time.as_secs_f64();
    let rate = pictures as f64 / seconds.max(1e-9);
    let pace = match pictures {
        0 => String::new(),
        _ => format!(" ({seconds:.1} s, {rate:.1} a second)"),
    };
    eprintln!("{} in {}{pace}", counted(pictures), folder.display());
    if there > 0 {
        eprintln!("{there} were there already; --again makes them anew");
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} of {inputs} inputs failed:", failed.len());
    for error in failed.values() {
        eprintln!("  {error:#}");
    }
    Ok(ExitCode::FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_are_told_before_anything_is_done() {
        let target = Target::Folder("out".into());
        let files = |names: [&str; 2]| names.map(|name| (name.into(), "a".to_owned())).to_vec();
        let told = check_names(&jobs(files(["a.png", "a.jpg"]), 1, &target));
        let told = told.unwrap_err().to_string();
        assert!(
            told.contains("a.png and a.jpg") && told.contains("a.png: rename"),
            "{told}"
        );
        let two = [
            ("x/a.png".into(), "x/a".to_owned()),
            ("a.png".into(), "a".to_owned()),
        ];
        assert!(check_names(&jobs(two.to_vec(), 3, &target)).is_ok());
    }

    #[test]
    fn pictures_are_numbered_where_an_input_has_several_or_there_is_none() {
        let target = Target::Folder("out".into());
        let names = |jobs: Vec<Job>| -> Vec<String> {
            let pictures = jobs.into_iter().flat_map(|job| job.pictures);
            pictures
                .map(|(_, path)| path.display().to_string())
                .collect()
        };
        let one = vec![("in/a.png".into(), "a".to_owned())];
        assert_eq!(names(jobs(one.clone(), 1, &target)), ["out/a.png"]);
        let several = ["out/a_00000.png", "out/a_00001.png"];
        assert_eq!(names(jobs(one, 2, &target)), several);
        let latents = ["out/00000.png", "out/00001.png"];
        assert_eq!(names(jobs(Vec::new(), 2, &target)), latents);
    }
}
