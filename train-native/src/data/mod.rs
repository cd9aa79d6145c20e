//! Data sets: picture files in, batches of samples out.
//!
//! Reading order: [`source`] (what a run reads, as one value), [`layout`] (which files there are), [`decode`] (files to
//! pixels and ids), [`ids`] and [`remap`] (what ids mean), [`resize`] (Pillow-exact), [`augment`] (crop, scale, flip),
//! [`paired`], [`reading`] and [`pictures`] (files to samples), [`loader`] (threads, order, exact resume). [`check`]
//! finds bad files before a run does; [`combine`] joins two folders into AB pictures; [`colours`] makes maps of ids of
//! coloured ones; [`synthetic`] writes painted data of our own.
//!
//! Nothing here knows a tensor library: samples are plain vectors.

pub mod augment;
pub mod check;
pub mod cityscapes;
pub mod coco;
pub mod colours;
pub mod combine;
pub mod decode;
mod draft;
pub mod error;
pub mod files;
mod hidden;
pub mod ids;
pub mod instances;
pub mod labelled;
pub mod layout;
pub mod loader;
pub mod paired;
pub mod pictures;
mod png_palette;
pub mod reading;
pub mod remap;
pub mod resize;
pub mod source;
pub mod synthetic;
pub mod unconditional;

pub use error::{DataError, Size};

/// The random stream that one sample's augmentation draws from.
pub type SampleRng = rand_chacha::ChaCha8Rng;

/// A picture ready for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelsF32 {
    /// 1 or 3.
    pub channels: usize,
    /// Number of rows.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
    /// `[channels, height, width]`, in [-1, 1].
    pub data: Vec<f32>,
}

/// What a generator gets to see.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleInput {
    /// A picture.
    Image(PixelsF32),
    /// Class ids, all below the number of classes.
    Labels {
        /// Pixels per row.
        width: usize,
        /// Number of rows.
        height: usize,
        /// `[height, width]`.
        ids: Vec<u16>,
    },
    /// Nothing: an unconditional generator starts from a latent that it draws itself.
    Unconditional,
}

impl SampleInput {
    /// Width and height; zero by zero for [`Unconditional`](Self::Unconditional).
    #[must_use]
    pub fn size(&self) -> Size {
        match self {
            Self::Image(pixels) => Size::new(pixels.width, pixels.height),
            Self::Labels { width, height, .. } => Size::new(*width, *height),
            Self::Unconditional => Size::new(0, 0),
        }
    }
}

/// Which instance each pixel belongs to. Ids tell instances apart and mean nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceMap {
    /// Pixels per row.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// `[height, width]`.
    pub ids: Vec<u16>,
}

/// One training pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Path of the file below its phase folder, without extension, with `/` between folders.
    pub name: String,
    /// What the generator gets.
    pub input: SampleInput,
    /// Its instances, of the same size, where the data set has instance maps.
    pub instances: Option<InstanceMap>,
    /// Features of its instances from a file, of the same size, where the data set has them.
    pub features: Option<PixelsF32>,
    /// What it should make of it. Same width and height as the input.
    pub target: PixelsF32,
}

/// An ordered collection of training pairs.
pub trait Dataset: Send + Sync {
    /// Number of samples; never zero for an opened data set.
    fn len(&self) -> usize;

    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name of sample `index`.
    ///
    /// # Panics
    /// If `index` is not below [`Dataset::len`].
    fn name(&self, index: usize) -> String;

    /// Reads sample `index` and augments it with draws from `rng`.
    ///
    /// # Errors
    /// Any [`DataError`] that reading the files can give.
    ///
    /// # Panics
    /// If `index` is not below [`Dataset::len`].
    fn load(&self, index: usize, rng: &mut SampleRng) -> Result<Sample, DataError>;

    /// The same pictures, `side` pixels square, for progressive growing; `None` if the data set has one
    /// size only.
    fn at_resolution(&self, _side: usize) -> Option<std::sync::Arc<dyn Dataset>> {
        None
    }
}
