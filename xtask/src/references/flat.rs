//! A file as one long line, so that a reference may break where a comment does.

/// What begins a line of a comment, longest first.
const LEADERS: [&str; 9] = ["///", "//!", "//", "/**", "/*", "*", "<!--", "#", ">"];

/// A text without its line breaks and without what begins the lines of comments.
pub struct Flat {
    /// The lines with one space between each two.
    pub text: String,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl Flat {
    /// Joins the lines of a file.
    pub fn of(file: &str) -> Self {
        let mut text = String::with_capacity(file.len());
        let mut starts = Vec::new();
        for line in file.lines() {
            starts.push(text.len());
            text.push_str(content(line));
            text.push(' ');
        }
        Self { text, starts }
    }

    /// The number of the line, from 1, that holds this byte of the text.
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }
}

fn content(line: &str) -> &str {
    let line = line.trim();
    LEADERS
        .iter()
        .find_map(|leader| line.strip_prefix(leader))
        .unwrap_or(line)
        .trim_start()
}
