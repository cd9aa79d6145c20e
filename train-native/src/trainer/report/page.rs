//! `index.html`: what a run has come to, for a browser. No scripts, nothing from elsewhere.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Outcome;
use super::csv::Row;
use super::gallery::{FOLDER, SampleStep, Strip};
use super::progress::{duration, step_time, three_digits};
use crate::html::escape;

const STYLE: &str = include_str!("page.css");
/// Seconds after which the page of a running training loads itself again.
const REFRESH_SECONDS: u32 = 30;

/// All that the page shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    /// Title of the run.
    pub(super) title: &'a str,
    /// How the run ended; `None` while it runs.
    pub(super) outcome: Option<&'a Outcome>,
    /// Last step of the run.
    pub(super) total_steps: u64,
    /// Names of the losses.
    pub(super) loss_names: &'a [String],
    /// The last row of the log.
    pub(super) last_row: Option<&'a Row>,
    /// Average seconds of a step, and seconds left.
    pub(super) pace: Option<(f64, f64)>,
    /// File name, width and height of the plot.
    pub(super) plot: Option<(&'a str, u32, u32)>,
    /// Steps with samples, oldest first.
    pub(super) samples: &'a [SampleStep],
}

impl Page<'_> {
    /// The whole page.
    pub(super) fn html(&self) -> String {
        let title = escape(self.title);
        let refresh = match self.outcome {
            None => format!("<meta http-equiv=\"refresh\" content=\"{REFRESH_SECONDS}\">\n"),
            Some(_) => String::new(),
        };
        let state = self.state();
        let numbers = self.numbers();
        let plot = self.plot_html();
        let samples: String = self.samples.iter().rev().map(section).collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             {refresh}<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <header>\n<h1>{title}</h1>\n{state}{numbers}</header>\n\
             <main>\n{plot}{samples}</main>\n</body>\n</html>\n"
        )
    }

    fn state(&self) -> String {
        let step = self.last_row.map_or(0, |row| row.step);
        let total = self.total_steps;
        let state = match (self.outcome, self.pace) {
            (None, Some((_, left))) => format!("running, {} left", duration(left)),
            (None, None) => "running".to_owned(),
            (Some(Outcome::Finished), _) => "finished".to_owned(),
            (Some(Outcome::Interrupted), _) => "interrupted, can be resumed".to_owned(),
            (Some(Outcome::Failed(reason)), _) => format!("failed: {}", escape(reason)),
        };
        let written = utc_time(SystemTime::now());
        format!(
            "<p class=\"state\">Step {step} of {total} · {state} · written {written} UTC</p>\n\
             <progress max=\"{total}\" value=\"{step}\" aria-label=\"Steps done\"></progress>\n"
        )
    }

    fn numbers(&self) -> String {
        let Some(row) = self.last_row else {
            return String::new();
        };
        let mut pairs = vec![("epoch", row.epoch.to_string())];
        pairs.extend(self.pace.map(|(seconds, _)| ("speed", step_time(seconds))));
        pairs.push(("learning rate", three_digits(row.learning_rate)));
        let losses = self.loss_names.iter().zip(&row.losses);
        pairs.extend(
            losses.filter_map(|(name, loss)| Some((name.as_str(), three_digits((*loss)?)))),
        );
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| format!("<div><dt>{}</dt><dd>{value}</dd></div>\n", escape(name)));
        format!("<dl>\n{}</dl>\n", pairs.collect::<String>())
    }

    fn plot_html(&self) -> String {
        let Some((file, width, height)) = self.plot else {
            return String::new();
        };
        format!(
            "<p class=\"plot\"><a href=\"{file}\"><img src=\"{file}?{step}\" width=\"{width}\" \
             height=\"{height}\" alt=\"Losses over the steps\"></a></p>\n\
             <nav><a href=\"losses.csv\">losses.csv</a> <a href=\"samples/\">samples</a></nav>\n",
            step = self.last_row.map_or(0, |row| row.step),
        )
    }
}

/// The strips of one step.
fn section(entry: &SampleStep) -> String {
    let step = entry.step;
    let epoch = entry
        .epoch
        .map(|epoch| format!("<small>epoch {epoch}</small>"));
    let epoch = epoch.unwrap_or_default();
    let figures: String = entry
        .strips
        .iter()
        .map(|strip| figure(strip, step))
        .collect();
    format!(
        "<section id=\"step-{step}\">\n<h2>Step {step}{epoch}</h2>\n\
         <div class=\"strips\">\n{figures}</div>\n</section>\n"
    )
}

fn figure(strip: &Strip, step: u64) -> String {
    let (name, file) = (escape(&strip.name), escape(&strip.file));
    let (width, height) = (strip.width, strip.height);
    let captions: String = strip
        .captions
        .iter()
        .map(|caption| format!("<span>{}</span>", escape(caption)))
        .collect();
    let shown = escape(&strip.captions.join(", "));
    format!(
        "<figure>\n<div class=\"captions\" style=\"max-width:{width}px\">{captions}</div>\n\
         <a href=\"{FOLDER}/{file}\"><img src=\"{FOLDER}/{file}\" width=\"{width}\" \
         height=\"{height}\" loading=\"lazy\" alt=\"Step {step}, {name}: {shown}\"></a>\n\
         <figcaption>{name}</figcaption>\n</figure>\n"
    )
}

/// `2026-03-01 12:34` in UTC. The calendar is counted in years that begin in March, so that the
/// day that leap years add comes last.
fn utc_time(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    /// Days from 1 March of the year 0 to 1 January 1970.
    const DAYS_TO_1970: u64 = 719_468;
    let days = seconds / 86_400 + DAYS_TO_1970;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sample_step(step: u64, name: &str) -> SampleStep {
        SampleStep {
            step,
            epoch: Some(1),
            strips: vec![Strip {
                file: format!("step-{step:06}-x.png"),
                name: name.to_owned(),
                captions: vec!["input".into(), "<i>\"generated\"</i>".into()],
                width: 20,
                height: 8,
            }],
        }
    }

    fn page<'a>(samples: &'a [SampleStep], outcome: Option<&'a Outcome>) -> Page<'a> {
        Page {
            title: "facades <script>alert('x')</script>",
            outcome,
            total_steps: 3000,
            loss_names: &[],
            last_row: None,
            pace: None,
            plot: Some(("losses.png", 1200, 760)),
            samples,
        }
    }

    #[test]
    fn every_step_is_listed_newest_first() {
        let samples = [100, 900, 1000].map(|step| sample_step(step, "a"));
        let html = page(&samples, None).html();
        let at = |step: &str| html.find(step).unwrap();
        assert!(at("Step 1000<") < at("Step 900<") && at("Step 900<") < at("Step 100<"));
        for step in ["000100", "000900", "001000"] {
            assert!(html.contains(&format!("src=\"samples/step-{step}-x.png\"")));
        }
    }

    #[test]
    fn titles_names_and_captions_are_escaped() {
        let samples = [sample_step(1, "a&b'\"><script>")];
        let html = page(&samples, Some(&Outcome::Failed("<b>".into()))).html();
        assert!(!html.contains("<script>") && !html.contains("<i>") && !html.contains("<b>"));
        assert!(html.contains("a&amp;b&#39;&quot;&gt;&lt;script&gt;"));
        assert!(html.contains("&lt;i&gt;&quot;generated&quot;&lt;/i&gt;"));
    }

    #[test]
    fn only_the_page_of_a_running_training_loads_itself_again() {
        assert!(page(&[], None).html().contains("http-equiv=\"refresh\""));
        let html = page(&[], Some(&Outcome::Finished)).html();
        assert!(!html.contains("http-equiv=\"refresh\"") && html.contains("finished"));
    }

    #[test]
    fn times_follow_the_calendar() {
        let cases = [
            (0, "1970-01-01 00:00"),
            (951_782_400, "2000-02-29 00:00"),
            (1_709_251_199, "2024-02-29 23:59"),
            (1_735_689_600, "2025-01-01 00:00"),
            (4_107_542_400, "2100-03-01 00:00"),
        ];
        for (seconds, text) in cases {
            assert_eq!(utc_time(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
