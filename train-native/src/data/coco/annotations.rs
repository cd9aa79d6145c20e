//! COCO's annotation files, of which only what belongs to the pictures at hand is kept: they have hundreds of
//! megabytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Polygon;
use crate::data::error::{DataError, Size};

/// What is annotated in some pictures.
#[derive(Debug, Default)]
pub struct Annotations {
    /// By COCO's number of the picture; pictures that the file lists and annotates nothing in are here too.
    pub pictures: BTreeMap<u64, PictureAnnotations>,
}

/// What is annotated in a picture.
#[derive(Debug, Default)]
pub struct PictureAnnotations {
    /// Its size, where the file gives it.
    pub size: Option<Size>,
    /// The polygons of each object, in the file's order.
    pub objects: Vec<Vec<Polygon>>,
    /// How many crowds there are, which are no polygons.
    pub crowds: usize,
}

impl Annotations {
    /// Reads what a file says of the pictures in `wanted`.
    ///
    /// # Errors
    /// [`DataError::Io`], or [`DataError::Unusable`] with the place if it is not a file of COCO's instances.
    pub fn read(path: &Path, wanted: &BTreeSet<u64>) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|error| DataError::io("read", path, error))?;
        let unusable = |error: serde_json::Error| DataError::Unusable {
            path: path.to_path_buf(),
            expected: "COCO's instances: JSON with \"images\" and \"annotations\"".into(),
            found: error.to_string(),
        };
        let reader = BufReader::with_capacity(1 << 20, file);
        let mut json = serde_json::Deserializer::from_reader(reader);
        let mut found = Self::default();
        let read = FileOf {
            wanted,
            found: &mut found,
        };
        read.deserialize(&mut json).map_err(unusable)?;
        json.end().map_err(unusable)?;
        Ok(found)
    }
}

#[derive(Deserialize)]
struct ImageEntry {
    id: u64,
    width: usize,
    height: usize,
}

#[derive(Deserialize)]
struct AnnotationEntry {
    image_id: u64,
    segmentation: Segmentation,
}

/// The outermost dictionary.
struct FileOf<'a> {
    wanted: &'a BTreeSet<u64>,
    found: &'a mut Annotations,
}

impl<'de> DeserializeSeed<'de> for FileOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FileOf<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a dictionary with images and annotations")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { wanted, found } = self;
        let mut take = |entry: Entry| {
            if wanted.contains(&entry.picture()) {
                found.add(entry);
            }
        };
        let mut lists = 0;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "images" => map.next_value_seed(Each(Entry::Image, &mut take))?,
                "annotations" => map.next_value_seed(Each(Entry::Annotation, &mut take))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            }
            lists += 1;
        }
        match lists {
            2 => Ok(()),
            _ => Err(serde::de::Error::custom(
                "no \"images\" and \"annotations\" in it",
            )),
        }
    }
}

/// One element of one of the two lists.
enum Entry {
    Image(ImageEntry),
    Annotation(AnnotationEntry),
}

impl Entry {
    fn picture(&self) -> u64 {
        match self {
            Self::Image(image) => image.id,
            Self::Annotation(annotation) => annotation.image_id,
        }
    }
}

impl Annotations {
    fn add(&mut self, entry: Entry) {
        let picture = self.pictures.entry(entry.picture()).or_default();
        match entry {
            Entry::Image(image) => picture.size = Some(Size::new(image.width, image.height)),
            Entry::Annotation(annotation) => match annotation.segmentation {
                Segmentation::Polygons(polygons) => picture.objects.push(polygons),
                Segmentation::Crowd => picture.crowds += 1,
            },
        }
    }
}

/// A list that is read element by element.
struct Each<'a, T>(fn(T) -> Entry, &'a mut dyn FnMut(Entry));

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Each<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element::<T>()? {
            (self.1)((self.0)(element));
        }
        Ok(())
    }
}

/// What `segmentation` says: a list of polygons, or a dictionary of run lengths.
enum Segmentation {
    Polygons(Vec<Polygon>),
    Crowd,
}

impl<'de> Deserialize<'de> for Segmentation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SegmentationVisitor)
    }
}

struct SegmentationVisitor;

impl<'de> Visitor<'de> for SegmentationVisitor {
    type Value = Segmentation;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("polygons or run lengths")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Segmentation, A::Error> {
        let mut polygons = Vec::new();
        while let Some(mut corners) = list.next_element::<Vec<f32>>()? {
            corners.shrink_to_fit();
            polygons.push(Polygon { corners });
        }
        Ok(Segmentation::Polygons(polygons))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Segmentation, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Segmentation::Crowd)
    }
}
