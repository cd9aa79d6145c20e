//! Names and colours of label classes.

use serde::{Deserialize, Serialize};

/// One class of a label map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelClass {
    /// The value stored in label maps.
    pub id: u16,
    /// What people call it.
    pub name: String,
    /// The colour it is shown in: red, green, blue.
    pub color: [u8; 3],
}

/// The classes of a data set, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Palette {
    /// Classes with the ids `0..classes.len()`.
    pub classes: Vec<LabelClass>,
}

/// Colours of the 35 Cityscapes ids; the last is the licence plate (id -1 there).
const CITYSCAPES: [[u8; 3]; 35] = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
    [111, 74, 0],
    [81, 0, 81],
    [128, 64, 128],
    [244, 35, 232],
    [250, 170, 160],
    [230, 150, 140],
    [70, 70, 70],
    [102, 102, 156],
    [190, 153, 153],
    [180, 165, 180],
    [150, 100, 100],
    [150, 120, 90],
    [153, 153, 153],
    [153, 153, 153],
    [250, 170, 30],
    [220, 220, 0],
    [107, 142, 35],
    [152, 251, 152],
    [70, 130, 180],
    [220, 20, 60],
    [255, 0, 0],
    [0, 0, 142],
    [0, 0, 70],
    [0, 60, 100],
    [0, 0, 90],
    [0, 0, 110],
    [0, 80, 100],
    [0, 0, 230],
    [119, 11, 32],
    [0, 0, 142],
];

impl Palette {
    /// The colouring of the original code: Cityscapes' own colours for 35 classes, else the bit
    /// palette of [`bit_color`](Palette::bit_color). Classes are named by their number.
    ///
    /// Source: pix2pixHD `labelcolormap` (spec 3.10).
    pub fn numbered(num_classes: usize) -> Self {
        let color = |id: usize| match num_classes {
            35 => CITYSCAPES[id],
            _ => Self::bit_color(id),
        };
        let classes = (0..num_classes)
            .map(|id| LabelClass {
                id: id as u16,
                name: format!("class {id}"),
                color: color(id),
            })
            .collect();
        Self { classes }
    }

    /// VOC-style colour of an id: in seven rounds, its lowest three bits become the next lower bit
    /// of red, green and blue.
    pub fn bit_color(id: usize) -> [u8; 3] {
        let (mut color, mut rest) = ([0u8; 3], id);
        for round in 0..7 {
            for (bit, channel) in color.iter_mut().enumerate() {
                *channel ^= ((rest >> bit & 1) as u8) << (7 - round);
            }
            rest >>= 3;
        }
        color
    }

    /// Colour of an id; black where the palette has no such class.
    pub fn color(&self, id: u16) -> [u8; 3] {
        self.classes
            .get(usize::from(id))
            .map_or([0; 3], |class| class.color)
    }

    /// Colours a label map.
    ///
    /// # Shapes
    ///
    /// `labels`: `[height, width]`, flattened; the result: `[height, width, 3]`, flattened, 8-bit RGB.
    pub fn colorize(&self, labels: &[u16]) -> Vec<u8> {
        labels.iter().flat_map(|&id| self.color(id)).collect()
    }
}
