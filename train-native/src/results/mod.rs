//! A folder of results, as the originals' test programs make them: every input with what generators make
//! of it and the real picture, and a page that shows them (spec 2.7, 3.10, 4.8).
//!
//! `index.html` and `images/NAME_{input,real,…}.png`. The page needs nothing from elsewhere and works
//! from a `file://` address.

mod page;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use image::RgbImage;

use crate::data::decode::{Picture, write_picture_png};
use crate::evaluate::paired::PairedMetrics;

/// The page.
const PAGE: &str = "index.html";
/// The folder of pictures.
const IMAGES: &str = "images";

/// What one generator made of an input.
#[derive(Debug, Clone, PartialEq)]
struct Output {
    /// Number of the column.
    column: usize,
    metrics: PairedMetrics,
}

/// An input with all that belongs to it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Row {
    outputs: Vec<Output>,
}

/// Results that are being written.
#[derive(Debug)]
pub struct Results {
    folder: PathBuf,
    title: String,
    /// Titles of the generators, with the ends of their pictures' names.
    columns: Vec<Column>,
    /// By the samples' names.
    rows: BTreeMap<String, Row>,
}

/// A generator.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    title: String,
    /// `NAME_{suffix}.png`.
    suffix: String,
}

impl Results {
    /// Results for a folder, which is made with the first of them: until then older ones stay, because an
    /// evaluation that cannot begin has nothing to put in their place.
    ///
    /// # Errors
    ///
    /// If there is a page of another kind in it, or it cannot be read.
    pub fn create(folder: &Path, title: String) -> Result<Self> {
        let page = folder.join(PAGE);
        let is_ours = fs::read_to_string(&page).map(|text| text.contains(page::MARK));
        match is_ours {
            Ok(false) => bail!(
                "{}: expected no page, or one that this program wrote, found another",
                page.display()
            ),
            Ok(true) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", page.display()));
            }
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            title,
            columns: Vec::new(),
            rows: BTreeMap::new(),
        })
    }

    /// Adds a generator; [`add`](Self::add) goes to the last one. Before the first, older results are removed.
    ///
    /// # Errors
    ///
    /// If they cannot be removed.
    pub fn begin_column(&mut self, title: String) -> Result<()> {
        if self.columns.is_empty() {
            self.remove_older()?;
        }
        let suffix = match self.columns.len() {
            0 => "generated".to_owned(),
            number => format!("generated_{}", number + 1),
        };
        self.columns.push(Column { title, suffix });
        Ok(())
    }

    fn remove_older(&self) -> Result<()> {
        let (page, images) = (self.folder.join(PAGE), self.folder.join(IMAGES));
        if !page.exists() {
            return Ok(());
        }
        let removed = fs::remove_file(&page).and_then(|()| match images.is_dir() {
            true => fs::remove_dir_all(&images),
            false => Ok(()),
        });
        removed.with_context(|| {
            format!(
                "cannot remove the older results in {}",
                self.folder.display()
            )
        })
    }

    /// Adds what the generator makes of a sample. Input and real picture are written for the first one.
    ///
    /// # Errors
    ///
    /// If a picture cannot be written.
    ///
    /// # Panics
    ///
    /// Before any column was begun.
    pub fn add(
        &mut self,
        name: &str,
        input: impl FnOnce() -> RgbImage,
        [real, generated]: [&Picture; 2],
        metrics: PairedMetrics,
    ) -> Result<()> {
        let column = self.columns.len().checked_sub(1).expect("a column");
        if !self.rows.contains_key(name) {
            let input = input();
            let picture = Picture {
                width: input.width() as usize,
                height: input.height() as usize,
                channels: 3,
                pixels: input.into_raw(),
            };
            self.write(name, "input", &picture)?;
            self.write(name, "real", real)?;
        }
        let suffix = self.columns[column].suffix.clone();
        self.write(name, &suffix, generated)?;
        let row = self.rows.entry(name.to_owned()).or_default();
        row.outputs.push(Output { column, metrics });
        Ok(())
    }

    fn write(&self, name: &str, suffix: &str, picture: &Picture) -> Result<()> {
        let path = self.folder.join(file(name, suffix));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        Ok(write_picture_png(&path, picture)?)
    }

    /// Writes the page. Gives its path.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn finish(self) -> Result<PathBuf> {
        let path = self.folder.join(PAGE);
        crate::files::write(&path, self.html().as_bytes())?;
        Ok(path)
    }
}

/// Where a picture is, from the page.
fn file(name: &str, suffix: &str) -> String {
    format!("{IMAGES}/{name}_{suffix}.png")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_where_the_page_says_whatever_their_names() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("results");
        let picture = Picture {
            width: 2,
            height: 2,
            channels: 3,
            pixels: vec![7; 12],
        };
        let metrics = PairedMetrics::between(
            &Picture {
                width: 11,
                height: 11,
                channels: 1,
                pixels: vec![1; 121],
            },
            &Picture {
                width: 11,
                height: 11,
                channels: 1,
                pixels: vec![2; 121],
            },
        )
        .expect("comparable");
        let names = ["a", "sub/b #1?", "c'\"&<é>"];
        let write = |columns: &[&str], names: &[&str]| {
            let mut results = Results::create(&folder, "<run>".into()).expect("created");
            for column in columns {
                results.begin_column((*column).to_owned()).expect("begun");
                for name in names {
                    let input = || RgbImage::new(2, 2);
                    let pictures = [&picture, &picture];
                    results.add(name, input, pictures, metrics).expect("added");
                }
            }
            results.finish().expect("written")
        };
        let page = write(&["step 1", "step 2"], &names);
        let html = fs::read_to_string(&page).expect("the page");
        let addresses: Vec<String> = html
            .split("src=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(|address| {
                let decoded = percent_encoding::percent_decode_str(address);
                decoded.decode_utf8().expect("UTF-8").into_owned()
            })
            .collect();
        assert_eq!(addresses.len(), 3 * 4);
        for address in addresses {
            assert!(folder.join(&address).is_file(), "{address}");
        }
        assert!(html.contains("&lt;run&gt;") && !html.contains("<run>"));
        // An evaluation that ends before its first picture leaves the older results alone.
        drop(Results::create(&folder, "new".into()).expect("created"));
        assert_eq!(fs::read_to_string(&page).expect("the page"), html);
        // Written again, nothing of the older results is left.
        write(&["step 3"], &names[..1]);
        assert!(!folder.join("images/sub").exists());
        fs::write(folder.join(PAGE), "mine").expect("written");
        assert!(Results::create(&folder, String::new()).is_err());
    }
}
