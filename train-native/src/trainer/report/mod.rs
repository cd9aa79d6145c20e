//! What a training run leaves for people to look at, while it runs and after.
//!
//! | file in the run's folder | what it is |
//! |---|---|
//! | `losses.csv` | every recorded step: the log itself |
//! | `losses.png` | the losses over the steps |
//! | `samples/step-000400-NAME.png` | pictures of the examples, side by side |
//! | `index.html` | the above on one page, newest samples first |
//! | `tensorboard/` | the same numbers and pictures for TensorBoard |
//!
//! In the terminal: a bar, or plain lines when standard error is no terminal.
//!
//! A run may be killed at any moment. Rows and events reach the system in one write each, all other
//! files are replaced whole, and [`Report::open`] drops what lies behind the step the run resumes
//! from, so the files are those of one run that was never interrupted.

use std::fs;
use std::path::{Path, PathBuf};

mod axis;
mod csv;
mod error;
mod files;
mod gallery;
mod history;
mod page;
mod plot;
mod progress;
mod record;
mod tensorboard;

pub use error::ReportError;
pub use gallery::{SampleRow, SampleTile};

use csv::{LossLog, Row};
use files::write_atomically;
use gallery::Gallery;
use history::History;
use page::Page;
use progress::Progress;
use tensorboard::{EventPicture, EventWriter};

const LOG_FILE: &str = "losses.csv";
const PLOT_FILE: &str = "losses.png";
const PAGE_FILE: &str = "index.html";
const TENSORBOARD_FOLDER: &str = "tensorboard";

/// What a report must know before the first step.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// Title of the page and the plot.
    pub title: String,
    /// Names of all losses that steps may record, in the order of the columns. Those that begin
    /// with `D` are plotted as the discriminator's.
    pub loss_names: Vec<String>,
    /// Last step of the run, counted from its very start.
    pub total_steps: u64,
    /// Step of the checkpoint that the run continues from; 0 for a new run, which clears what an
    /// earlier report left in the folder.
    pub resume_step: u64,
    /// Shows nothing in the terminal.
    pub quiet: bool,
    /// Steps between two lines when standard error is no terminal; `None` for a line every 10 s.
    pub line_every: Option<u64>,
}

/// One training step, or the mean of several, to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct StepRecord<'a> {
    /// Steps done, this one included.
    pub step: u64,
    /// Epoch of the step.
    pub epoch: u64,
    /// Losses by name; those that are left out stay blank in the log.
    pub losses: &'a [(&'a str, f64)],
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Seconds of the whole step, from batch to batch, waiting for data included.
    pub step_seconds: f64,
    /// Seconds of the step spent waiting for data.
    pub data_seconds: f64,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done.
    Finished,
    /// It was told to stop and can be resumed.
    Interrupted,
    /// It could not go on, for the reason given.
    Failed(String),
}

/// The report of a run. Dropping it leaves the page marked as running; see [`Report::finish`].
#[derive(Debug)]
pub struct Report {
    run_dir: PathBuf,
    options: ReportOptions,
    log: LossLog,
    events: EventWriter,
    gallery: Gallery,
    history: History,
    progress: Progress,
    last_row: Option<Row>,
    plot_size: Option<(u32, u32)>,
}

impl Report {
    /// Opens the report of the run in `run_dir`, which is created when missing, and drops
    /// everything after `options.resume_step`.
    ///
    /// # Errors
    /// [`ReportError`] when the files cannot be read or written, when the log has other columns or
    /// is damaged, and for names of losses that cannot head a column.
    pub fn open(run_dir: &Path, options: ReportOptions) -> Result<Self, ReportError> {
        fs::create_dir_all(run_dir).map_err(ReportError::io("create", run_dir))?;
        let resume_step = options.resume_step;
        let mut history = History::new(&options.loss_names);
        let mut last_row = None;
        let log_path = run_dir.join(LOG_FILE);
        let log = LossLog::open(log_path, &options.loss_names, resume_step, |row| {
            history.push(row);
            last_row = Some(row.clone());
        })?;
        let gallery = Gallery::open(run_dir, resume_step)?;
        let events = EventWriter::open(&run_dir.join(TENSORBOARD_FOLDER), resume_step)?;
        let progress = Progress::start(
            &options.loss_names,
            resume_step,
            options.total_steps,
            options.quiet,
            options.line_every,
        );
        let mut report = Self {
            run_dir: run_dir.to_path_buf(),
            options,
            log,
            events,
            gallery,
            history,
            progress,
            last_row,
            plot_size: None,
        };
        report.plot()?;
        Ok(report)
    }

    /// Records a step: a row of the log, an event, and the terminal. When this returns, the row
    /// outlives the process, so a checkpoint of this step may follow.
    ///
    /// # Errors
    /// [`ReportError::UnknownLoss`], [`ReportError::StepOrder`] when the step is not later than the
    /// last, and [`ReportError::Io`].
    pub fn record(&mut self, record: &StepRecord<'_>) -> Result<(), ReportError> {
        let row = self.log.append(record)?;
        let mut scalars: Vec<(String, f64)> = Vec::with_capacity(record.losses.len() + 3);
        for (name, value) in record.losses {
            scalars.push((format!("losses/{name}"), *value));
        }
        scalars.push(("lr".to_owned(), record.learning_rate));
        scalars.push(("seconds/step".to_owned(), record.step_seconds));
        scalars.push(("seconds/data".to_owned(), record.data_seconds));
        self.events.scalars(record.step, &scalars)?;
        self.history.push(&row);
        self.progress.show(&row);
        self.last_row = Some(row);
        Ok(())
    }

    /// Writes the samples of `step`, one strip of tiles per example, and brings plot, page and
    /// TensorBoard up to date. Samples that the step already had are replaced. A checkpoint of this
    /// step is best saved afterwards, else a run killed in between resumes without these samples.
    ///
    /// # Errors
    /// [`ReportError::Picture`] for an example without pixels, [`ReportError::Io`].
    pub fn samples(
        &mut self,
        step: u64,
        epoch: u64,
        rows: &[SampleRow],
    ) -> Result<(), ReportError> {
        let strips = self.gallery.add(step, epoch, rows)?;
        let tags: Vec<String> = strips
            .iter()
            .map(|(strip, _)| format!("samples/{}", strip.name))
            .collect();
        let pictures: Vec<EventPicture<'_>> = strips
            .iter()
            .zip(&tags)
            .map(|((strip, png), tag)| EventPicture {
                tag,
                width: strip.width,
                height: strip.height,
                png,
            })
            .collect();
        self.events.pictures(step, &pictures)?;
        self.plot()
    }

    /// Draws the plot again and writes the page.
    ///
    /// # Errors
    /// [`ReportError::Picture`], [`ReportError::Io`].
    pub fn plot(&mut self) -> Result<(), ReportError> {
        let path = self.run_dir.join(PLOT_FILE);
        let size = plot::draw(&self.history, &self.options.title, &path)?;
        self.plot_size = Some(size);
        self.write_page(None)
    }

    /// Tells `text` in the terminal, above the bar; what is printed otherwise would break the bar.
    pub fn note(&self, text: &str) {
        self.progress.note(text);
    }

    /// Brings plot and page up to date a last time and says on the page how the run ended.
    ///
    /// # Errors
    /// [`ReportError::Picture`], [`ReportError::Io`].
    pub fn finish(mut self, outcome: &Outcome) -> Result<(), ReportError> {
        self.plot()?;
        self.write_page(Some(outcome))
    }

    fn write_page(&self, outcome: Option<&Outcome>) -> Result<(), ReportError> {
        let step = self.last_row.as_ref().map_or(0, |row| row.step);
        let page = Page {
            title: &self.options.title,
            outcome,
            total_steps: self.options.total_steps,
            loss_names: &self.options.loss_names,
            last_row: self.last_row.as_ref(),
            pace: self.progress.pace(step),
            plot: self
                .plot_size
                .map(|(width, height)| (PLOT_FILE, width, height)),
            samples: self.gallery.steps(),
        };
        write_atomically(&self.run_dir.join(PAGE_FILE), page.html().as_bytes())
    }
}

#[cfg(test)]
mod tests;
