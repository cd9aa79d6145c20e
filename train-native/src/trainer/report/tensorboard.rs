//! TensorBoard event files: scalars and PNG pictures.
//!
//! The format is that of TensorFlow's `RecordWriter` holding `Event` messages
//! (`tensorflow/core/lib/io/record_writer.h`, `tensorboard/compat/proto/{event,summary}.proto`).
//! The five message fields we need are encoded by hand: the crates at hand either panic when a
//! write fails (`tensorboard-rs` 0.5.9) or need `protoc` to build (`tboard` 0.1.1).
//!
//! A run's events are in one file. Resuming writes a new one that repeats the events up to the
//! resumed step: a reader that opens the folder sees one continuous run. A TensorBoard that is
//! already open goes on from the old file, which is therefore emptied and not removed, to the new
//! one, and forgets what it had read at the `START` session log that the new one begins with.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::ReportError;
use super::files::{list_whole_files, write_atomically};
use super::record::{Message, push_record, read_record, take_varint};

/// `Event.wall_time`, `double`, seconds since 1970.
const EVENT_WALL_TIME: u32 = 1;
/// `Event.step`, `int64`.
const EVENT_STEP: u32 = 2;
/// `Event.file_version`, `string`.
const EVENT_FILE_VERSION: u32 = 3;
/// `Event.summary`, `Summary`.
const EVENT_SUMMARY: u32 = 5;
/// `Event.session_log`, `SessionLog`.
const EVENT_SESSION_LOG: u32 = 7;
/// `SessionLog.status`, `enum`, 1 for `START`.
const SESSION_LOG_STATUS: u32 = 1;
/// `Summary.value`, repeated `Summary.Value`.
const SUMMARY_VALUE: u32 = 1;
/// `Summary.Value.tag`, `string`.
const VALUE_TAG: u32 = 1;
/// `Summary.Value.simple_value`, `float`.
const VALUE_SIMPLE_VALUE: u32 = 2;
/// `Summary.Value.image`, `Summary.Image`.
const VALUE_IMAGE: u32 = 4;
/// `Summary.Image.height`, `int32`.
const IMAGE_HEIGHT: u32 = 1;
/// `Summary.Image.width`, `int32`.
const IMAGE_WIDTH: u32 = 2;
/// `Summary.Image.colorspace`, `int32`, 4 for RGBA.
const IMAGE_COLORSPACE: u32 = 3;
/// `Summary.Image.encoded_image_string`, `bytes`.
const IMAGE_ENCODED: u32 = 4;

/// A PNG picture for TensorBoard.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventPicture<'a> {
    /// Name under which the pictures of all steps are gathered.
    pub(super) tag: &'a str,
    /// Width in pixels.
    pub(super) width: u32,
    /// Height in pixels.
    pub(super) height: u32,
    /// The PNG file (RGBA).
    pub(super) png: &'a [u8],
}

/// The open event file of a run.
#[derive(Debug)]
pub(super) struct EventWriter {
    path: PathBuf,
    file: File,
}

impl EventWriter {
    /// Starts an event file in `folder`, which is created when missing. The events up to
    /// `resume_step` that a former file there holds are repeated in it (none when `resume_step`
    /// is 0, the start of a run); the former file is emptied.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub(super) fn open(folder: &Path, resume_step: u64) -> Result<Self, ReportError> {
        fs::create_dir_all(folder).map_err(ReportError::io("create", folder))?;
        let former = event_files(folder)?;
        let mut records = opening_records();
        // Every file of ours repeats what came before it, so the newest holds all.
        if let Some((_, newest)) = former.last().filter(|_| resume_step > 0) {
            copy_events(newest, resume_step, &mut records)?;
        }
        let newest_second = former.last().map_or(0, |(second, _)| *second);
        let second = (wall_time() as u64).max(newest_second + 1);
        let path = folder.join(format!("events.out.tfevents.{second:010}.underpaint"));
        write_atomically(&path, &records)?;
        retire(&former)?;
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(ReportError::io("open", &path))?;
        Ok(Self { path, file })
    }

    /// Writes one event with all `scalars` (tag, value) of `step`.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub(super) fn scalars(
        &mut self,
        step: u64,
        scalars: &[(String, f64)],
    ) -> Result<(), ReportError> {
        let mut summary = Message::default();
        for (tag, value) in scalars {
            let mut entry = Message::default();
            entry.bytes(VALUE_TAG, tag.as_bytes());
            entry.float(VALUE_SIMPLE_VALUE, *value as f32);
            summary.bytes(SUMMARY_VALUE, &entry.0);
        }
        self.summary(step, &summary)
    }

    /// Writes one event with the `pictures` of `step`.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub(super) fn pictures(
        &mut self,
        step: u64,
        pictures: &[EventPicture<'_>],
    ) -> Result<(), ReportError> {
        let mut summary = Message::default();
        for picture in pictures {
            let mut image = Message::default();
            image.varint(IMAGE_HEIGHT, u64::from(picture.height));
            image.varint(IMAGE_WIDTH, u64::from(picture.width));
            image.varint(IMAGE_COLORSPACE, 4);
            image.bytes(IMAGE_ENCODED, picture.png);
            let mut entry = Message::default();
            entry.bytes(VALUE_TAG, picture.tag.as_bytes());
            entry.bytes(VALUE_IMAGE, &image.0);
            summary.bytes(SUMMARY_VALUE, &entry.0);
        }
        self.summary(step, &summary)
    }

    fn summary(&mut self, step: u64, summary: &Message) -> Result<(), ReportError> {
        let mut event = event_of(step);
        event.bytes(EVENT_SUMMARY, &summary.0);
        let mut records = Vec::new();
        push_record(&mut records, &event.0);
        self.file
            .write_all(&records)
            .map_err(ReportError::io("write", &self.path))
    }
}

/// Empties the newest of the `former` files and removes the others.
fn retire(former: &[(u64, PathBuf)]) -> Result<(), ReportError> {
    let Some(((_, newest), older)) = former.split_last() else {
        return Ok(());
    };
    File::create(newest).map_err(ReportError::io("empty", newest))?;
    for (_, path) in older {
        fs::remove_file(path).map_err(ReportError::io("remove", path))?;
    }
    Ok(())
}

/// The records every file begins with.
fn opening_records() -> Vec<u8> {
    let mut records = Vec::new();
    let mut version = event_of(0);
    version.bytes(EVENT_FILE_VERSION, b"brain.Event:2");
    push_record(&mut records, &version.0);
    let mut start = event_of(0);
    let mut session_log = Message::default();
    session_log.varint(SESSION_LOG_STATUS, 1);
    start.bytes(EVENT_SESSION_LOG, &session_log.0);
    push_record(&mut records, &start.0);
    records
}

/// The event files of `folder` with the second in their name, oldest first.
fn event_files(folder: &Path) -> Result<Vec<(u64, PathBuf)>, ReportError> {
    let mut files = Vec::new();
    for name in list_whole_files(folder)? {
        let second = name.strip_prefix("events.out.tfevents.");
        let second = second.and_then(|rest| rest.split('.').next());
        if let Some(second) = second.and_then(|text| text.parse().ok()) {
            files.push((second, folder.join(name)));
        }
    }
    files.sort();
    Ok(files)
}

/// Appends to `records` every summary of the file at `path` up to `last_step`, stopping at the
/// first record that is not whole.
fn copy_events(path: &Path, last_step: u64, records: &mut Vec<u8>) -> Result<(), ReportError> {
    let file = File::open(path).map_err(ReportError::io("read", path))?;
    let mut reader = BufReader::new(file);
    while let Some(payload) = read_record(&mut reader).map_err(ReportError::io("read", path))? {
        let event = EventOutline::parse(&payload);
        if event.has_summary && event.step <= last_step {
            push_record(records, &payload);
        }
    }
    Ok(())
}

/// Seconds since 1970.
fn wall_time() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |duration| duration.as_secs_f64())
}

/// Starts the `Event` of `step`, now.
fn event_of(step: u64) -> Message {
    let mut event = Message::default();
    event.double(EVENT_WALL_TIME, wall_time());
    event.varint(EVENT_STEP, step);
    event
}

/// What resuming must know of an `Event`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct EventOutline {
    step: u64,
    has_summary: bool,
}

impl EventOutline {
    /// Reads the top-level fields of an event; stops at one that is cut.
    fn parse(mut payload: &[u8]) -> Self {
        let mut event = Self::default();
        while event.parse_field(&mut payload).is_some() {}
        event
    }

    fn parse_field(&mut self, rest: &mut &[u8]) -> Option<()> {
        let key = take_varint(rest)?;
        let field = u32::try_from(key >> 3).ok()?;
        match key & 7 {
            0 => {
                let value = take_varint(rest)?;
                if field == EVENT_STEP {
                    self.step = value;
                }
            }
            1 => *rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(take_varint(rest)?).ok()?;
                *rest = rest.get(length..)?;
                self.has_summary |= field == EVENT_SUMMARY;
            }
            5 => *rest = rest.get(4..)?,
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one event file of `folder` that is not empty.
    fn only_file(folder: &Path) -> PathBuf {
        let files = event_files(folder).unwrap();
        let filled = |path: &Path| fs::metadata(path).unwrap().len() > 0;
        let mut filled = files.into_iter().filter(|(_, path)| filled(path));
        let (_, path) = filled.next().unwrap();
        assert_eq!(filled.next(), None);
        path
    }

    /// The steps of the summaries in the one filled event file of `folder`.
    fn summary_steps(folder: &Path) -> Vec<u64> {
        let mut reader = BufReader::new(File::open(only_file(folder)).unwrap());
        let mut steps = Vec::new();
        while let Some(payload) = read_record(&mut reader).unwrap() {
            let event = EventOutline::parse(&payload);
            steps.extend(event.has_summary.then_some(event.step));
        }
        steps
    }

    fn write_steps(folder: &Path, resume_step: u64, steps: impl IntoIterator<Item = u64>) {
        let mut events = EventWriter::open(folder, resume_step).unwrap();
        for step in steps {
            let scalars = [("losses/G_L1".to_owned(), step as f64)];
            events.scalars(step, &scalars).unwrap();
        }
    }

    #[test]
    fn resume_repeats_the_events_up_to_its_step_in_one_new_file() {
        let dir = tempfile::tempdir().unwrap();
        write_steps(dir.path(), 0, 1..=8);
        let first = only_file(dir.path());
        write_steps(dir.path(), 5, 6..=9);
        assert_ne!(only_file(dir.path()), first);
        assert_eq!(summary_steps(dir.path()), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        write_steps(dir.path(), 0, 1..=2);
        assert_eq!(summary_steps(dir.path()), [1, 2]);
    }

    #[test]
    fn a_former_file_that_was_not_yet_removed_is_not_read_twice() {
        let dir = tempfile::tempdir().unwrap();
        write_steps(dir.path(), 0, 1..=4);
        let first = only_file(dir.path());
        let left_over = fs::read(&first).unwrap();
        write_steps(dir.path(), 2, 3..=4);
        fs::write(first, left_over).unwrap();
        write_steps(dir.path(), 4, []);
        assert_eq!(summary_steps(dir.path()), [1, 2, 3, 4]);
    }

    #[test]
    fn a_file_cut_at_any_byte_resumes_with_its_whole_records() {
        let dir = tempfile::tempdir().unwrap();
        write_steps(dir.path(), 0, 1..=3);
        let whole = fs::read(only_file(dir.path())).unwrap();
        let record = (whole.len() - opening_records().len()) / 3;
        for cut in 0..whole.len() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("events.out.tfevents.0000000001.underpaint");
            fs::write(path, &whole[..cut]).unwrap();
            write_steps(dir.path(), 3, []);
            let kept = summary_steps(dir.path()).len();
            let expected = cut.saturating_sub(opening_records().len()) / record;
            assert_eq!(kept, expected, "cut at {cut}");
        }
    }

    #[test]
    fn damaged_events_are_read_without_a_panic() {
        assert_eq!(EventOutline::parse(&[0xff; 40]), EventOutline::default());
        let huge_length = [0x2a, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(EventOutline::parse(&huge_length), EventOutline::default());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let mut events = EventWriter {
            path: PathBuf::from("run/tensorboard/events"),
            file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
        };
        let message = events.scalars(1, &[]).unwrap_err().to_string();
        assert_eq!(message, "cannot write run/tensorboard/events");
    }
}
