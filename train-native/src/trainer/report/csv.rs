//! `losses.csv`: one row per recorded step, the source of everything else that shows numbers.
//!
//! Every row goes to the system in a single write, so a killed process loses no finished row and
//! can leave at most one unfinished last line, which the next [`LossLog::open`] drops.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{ReportError, StepRecord};

/// The columns before the losses.
const FIXED_COLUMNS: [&str; 5] = ["step", "epoch", "lr", "seconds", "data_seconds"];

/// One row of the log.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Steps done, counted from the start of the run.
    pub(super) step: u64,
    /// Epoch of the step.
    pub(super) epoch: u64,
    /// Learning rate of the step.
    pub(super) learning_rate: f64,
    /// Seconds of the whole step, waiting for data included.
    pub(super) step_seconds: f64,
    /// Seconds of the step spent waiting for data.
    pub(super) data_seconds: f64,
    /// Losses in the order of the log's names; `None` where the step did not compute one.
    pub(super) losses: Vec<Option<f64>>,
}

/// The open log.
#[derive(Debug)]
pub(super) struct LossLog {
    path: PathBuf,
    names: Vec<String>,
    file: File,
    last_step: Option<u64>,
}

impl LossLog {
    /// Opens or creates the log at `path`, drops an unfinished last line and every row after
    /// `resume_step` (all when it is 0, the start of a run), and hands each row that stays to
    /// `kept`, in order.
    ///
    /// # Errors
    /// [`ReportError::LossName`], [`ReportError::Columns`] when the file has other columns,
    /// [`ReportError::Damaged`] for a row that is not one, [`ReportError::Io`].
    pub(super) fn open(
        path: PathBuf,
        names: &[String],
        resume_step: u64,
        mut kept: impl FnMut(&Row),
    ) -> Result<Self, ReportError> {
        check_names(names)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(ReportError::io("open", &path))?;
        let mut last_step = None;
        let kept_bytes = match resume_step {
            0 => 0,
            _ => kept_prefix(&file, &path, names, resume_step, |row| {
                last_step = Some(row.step);
                kept(row);
            })?,
        };
        file.set_len(kept_bytes)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(ReportError::io("truncate", &path))?;
        let mut log = Self {
            path,
            names: names.to_vec(),
            file,
            last_step,
        };
        if kept_bytes == 0 {
            log.write_line(&header(names))?;
        }
        Ok(log)
    }

    /// Appends the row of `record` and returns it.
    ///
    /// # Errors
    /// [`ReportError::UnknownLoss`], [`ReportError::StepOrder`], [`ReportError::Io`].
    pub(super) fn append(&mut self, record: &StepRecord<'_>) -> Result<Row, ReportError> {
        if let Some(previous) = self.last_step.filter(|last| record.step <= *last) {
            return Err(ReportError::StepOrder {
                step: record.step,
                previous,
            });
        }
        let row = self.row(record)?;
        self.write_line(&line(&row))?;
        self.last_step = Some(row.step);
        Ok(row)
    }

    /// Brings the losses of `record` into the order of the columns.
    fn row(&self, record: &StepRecord<'_>) -> Result<Row, ReportError> {
        let mut losses = vec![None; self.names.len()];
        for (name, value) in record.losses {
            let column = self.names.iter().position(|known| known == name);
            let column = column.ok_or_else(|| ReportError::UnknownLoss {
                step: record.step,
                name: (*name).to_owned(),
                expected: self.names.join(", "),
            })?;
            losses[column] = Some(*value);
        }
        Ok(Row {
            step: record.step,
            epoch: record.epoch,
            learning_rate: record.learning_rate,
            step_seconds: record.step_seconds,
            data_seconds: record.data_seconds,
            losses,
        })
    }

    fn write_line(&mut self, line: &str) -> Result<(), ReportError> {
        self.file
            .write_all(format!("{line}\n").as_bytes())
            .map_err(ReportError::io("write", &self.path))
    }
}

/// Reads the log and returns how many of its first bytes stay: the header and every whole row up
/// to `resume_step`.
fn kept_prefix(
    file: &File,
    path: &Path,
    names: &[String],
    resume_step: u64,
    mut kept: impl FnMut(&Row),
) -> Result<u64, ReportError> {
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    let (mut kept_bytes, mut line_number, mut last_step) = (0, 0, None);
    loop {
        bytes.clear();
        let length = reader
            .read_until(b'\n', &mut bytes)
            .map_err(ReportError::io("read", path))?;
        if bytes.pop() != Some(b'\n') {
            return Ok(kept_bytes);
        }
        line_number += 1;
        let text = String::from_utf8_lossy(&bytes);
        if line_number == 1 {
            check_header(path, text.trim_end(), names)?;
        } else {
            let row = parse_row(text.trim_end(), names.len())
                .filter(|row| last_step.is_none_or(|last| row.step > last))
                .ok_or_else(|| ReportError::Damaged {
                    path: path.to_path_buf(),
                    line: line_number,
                    expected: format!("a later step and {} numbers", names.len() + 4),
                    found: format!("{:?}", text.chars().take(80).collect::<String>()),
                })?;
            if row.step > resume_step {
                return Ok(kept_bytes);
            }
            last_step = Some(row.step);
            kept(&row);
        }
        kept_bytes += length as u64;
    }
}

fn check_names(names: &[String]) -> Result<(), ReportError> {
    for (index, name) in names.iter().enumerate() {
        let unfit = |c: char| c.is_control() || matches!(c, ',' | '"');
        let taken = names[..index].contains(name) || FIXED_COLUMNS.contains(&name.as_str());
        if name.is_empty() || taken || name.contains(unfit) {
            return Err(ReportError::LossName { name: name.clone() });
        }
    }
    Ok(())
}

fn header(names: &[String]) -> String {
    let columns = FIXED_COLUMNS.into_iter();
    let columns = columns.chain(names.iter().map(String::as_str));
    columns.collect::<Vec<_>>().join(",")
}

fn check_header(path: &Path, found: &str, names: &[String]) -> Result<(), ReportError> {
    let expected = header(names);
    if found == expected {
        return Ok(());
    }
    Err(ReportError::Columns {
        path: path.to_path_buf(),
        expected,
        found: found.chars().take(200).collect(),
    })
}

fn line(row: &Row) -> String {
    let mut line = format!(
        "{},{},{},{:.4},{:.4}",
        row.step, row.epoch, row.learning_rate, row.step_seconds, row.data_seconds
    );
    for loss in &row.losses {
        line.push(',');
        if let Some(value) = loss {
            line.push_str(&shortest(*value));
        }
    }
    line
}

/// The shortest text that reads back as `value`; a widened `f32` is written as the `f32` it was.
fn shortest(value: f64) -> String {
    let narrow = value as f32;
    if f64::from(narrow) == value {
        narrow.to_string()
    } else {
        value.to_string()
    }
}

/// Reads a row of five fixed columns and `num_losses` losses; `None` when it is not one.
fn parse_row(text: &str, num_losses: usize) -> Option<Row> {
    let mut fields = text.split(',');
    let row = Row {
        step: fields.next()?.parse().ok()?,
        epoch: fields.next()?.parse().ok()?,
        learning_rate: fields.next()?.parse().ok()?,
        step_seconds: fields.next()?.parse().ok()?,
        data_seconds: fields.next()?.parse().ok()?,
        losses: fields.map(parse_loss).collect::<Option<_>>()?,
    };
    (row.losses.len() == num_losses).then_some(row)
}

/// A loss's field: a number, or nothing where the step had none.
fn parse_loss(field: &str) -> Option<Option<f64>> {
    if field.is_empty() {
        return Some(None);
    }
    field.parse().ok().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names() -> Vec<String> {
        vec!["G_GAN".into(), "G_L1".into()]
    }

    fn open(path: &Path, resume_step: u64) -> (LossLog, Vec<Row>) {
        let mut rows = Vec::new();
        let log = LossLog::open(path.to_path_buf(), &names(), resume_step, |row| {
            rows.push(row.clone());
        });
        (log.unwrap(), rows)
    }

    fn step_record<'a>(step: u64, losses: &'a [(&'a str, f64)]) -> StepRecord<'a> {
        StepRecord {
            step,
            epoch: 1,
            losses,
            learning_rate: 0.0002,
            step_seconds: 0.25,
            data_seconds: 0.0,
        }
    }

    fn append(log: &mut LossLog, step: u64, losses: &[(&str, f64)]) {
        log.append(&step_record(step, losses)).unwrap();
    }

    fn five_rows(path: &Path) -> String {
        let (mut log, _) = open(path, 0);
        for step in 1..=5 {
            append(&mut log, step, &[("G_L1", 20.5), ("G_GAN", 0.75)]);
        }
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn rows_are_written_in_column_order_and_read_back_exactly() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        let (mut log, _) = open(&path, 0);
        let widened = f64::from(0.1_f32);
        append(&mut log, 1, &[("G_L1", 1.0 / 3.0), ("G_GAN", widened)]);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "step,epoch,lr,seconds,data_seconds,G_GAN,G_L1\n\
             1,1,0.0002,0.2500,0.0000,0.1,0.3333333333333333\n"
        );
        let (_, rows) = open(&path, 1);
        assert_eq!(rows[0].losses, [Some(0.1), Some(1.0 / 3.0)]);
        assert_eq!((rows.len(), rows[0].learning_rate), (1, 0.0002));
    }

    #[test]
    fn resume_drops_later_rows_and_continues_as_one_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        let whole = five_rows(&path);
        let (mut log, rows) = open(&path, 3);
        assert_eq!(
            rows.iter().map(|row| row.step).collect::<Vec<_>>(),
            [1, 2, 3]
        );
        for step in 4..=5 {
            append(&mut log, step, &[("G_GAN", 0.75), ("G_L1", 20.5)]);
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    }

    #[test]
    fn a_log_cut_at_any_byte_opens_with_its_whole_rows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        let whole = five_rows(&path);
        for cut in 0..whole.len() {
            fs::write(&path, &whole.as_bytes()[..cut]).unwrap();
            let whole_lines = whole[..cut].matches('\n').count();
            let (_, rows) = open(&path, 100);
            assert_eq!(rows.len(), whole_lines.saturating_sub(1), "cut at {cut}");
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                whole.starts_with(&text) && text.ends_with('\n'),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_damaged_row_is_an_error_that_names_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        let damaged = five_rows(&path).replacen("\n3,1", "\n3;1", 1);
        fs::write(&path, damaged).unwrap();
        let error = LossLog::open(path, &names(), 5, |_| ()).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("losses.csv is damaged at line 4"),
            "{message}"
        );
    }

    #[test]
    fn other_columns_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        five_rows(&path);
        let error = LossLog::open(path, &["KLD".to_owned()], 5, |_| ()).unwrap_err();
        assert!(matches!(error, ReportError::Columns { .. }), "{error}");
    }

    #[test]
    fn unknown_losses_and_repeated_steps_are_refused_and_missing_losses_left_blank() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        let (mut log, _) = open(&path, 0);
        append(&mut log, 1, &[("G_L1", f64::NAN)]);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.ends_with(",,NaN\n"), "{text}");
        let mut record = step_record(2, &[("KLD", 1.0)]);
        assert!(matches!(
            log.append(&record),
            Err(ReportError::UnknownLoss { .. })
        ));
        record.losses = &[];
        record.step = 1;
        assert!(matches!(
            log.append(&record),
            Err(ReportError::StepOrder { .. })
        ));
    }

    #[test]
    fn names_that_would_break_the_table_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        for bad in ["a,b", "", "step", "a\nb"] {
            let path = dir.path().join("losses.csv");
            let error = LossLog::open(path, &[bad.to_owned()], 0, |_| ()).unwrap_err();
            assert!(matches!(error, ReportError::LossName { .. }), "{bad:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let mut log = LossLog {
            path: PathBuf::from("run/losses.csv"),
            names: names(),
            file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            last_step: None,
        };
        let message = log.append(&step_record(1, &[])).unwrap_err().to_string();
        assert_eq!(message, "cannot write run/losses.csv");
    }
}
