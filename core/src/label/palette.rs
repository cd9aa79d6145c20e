//! Names and colours of label classes.

use serde::{Deserialize, Serialize};

use super::KnownPalette;

/// One class of a label map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelClass {
    /// The value stored in label maps.
    pub id: u16,
    /// What people call it.
    pub name: String,
    /// The colour it is shown in: red, green, blue.
    pub color: [u8; 3],
    /// What kind of thing it is, such as `plants`: palettes of many classes show it under that heading. Any text; those
    /// that the page can translate are [`Group`](super::Group)'s names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// The classes of a data set, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Palette {
    /// Classes with the ids `0..classes.len()`.
    pub classes: Vec<LabelClass>,
}

/// Classes of COCO-Stuff with colours of their own in SPADE's table of 182: clouds, grass, sea, sky
/// and tree.
const COCO_STUFF: [(usize, [u8; 3]); 5] = [
    (105, [170, 170, 170]),
    (123, [29, 195, 49]),
    (154, [54, 62, 167]),
    (156, [95, 219, 255]),
    (168, [140, 104, 47]),
];

impl Palette {
    /// pix2pixHD's colouring: Cityscapes' own colours for 35 classes, else the bit palette of
    /// [`bit_color`](Palette::bit_color). Classes are named by their number.
    ///
    /// Source: pix2pixHD `labelcolormap` (spec 3.10).
    pub fn numbered(num_classes: usize) -> Self {
        let cityscapes = KnownPalette::Cityscapes.palette();
        Self::colored(num_classes, |id| match num_classes {
            35 => cityscapes.color(id as u16),
            _ => Self::bit_color(id),
        })
    }

    /// SPADE's colouring: Cityscapes' own colours for 35 classes, else the bit palette of the id
    /// plus one, so that class 0 is not black; five of 182 classes (COCO-Stuff) have colours of
    /// their own. Classes are named by their number.
    ///
    /// SPADE's own pictures ask for two classes more than the network has, which makes them use the
    /// bit palette for every data set.
    ///
    /// Source: SPADE `labelcolormap` (spec 4.8; the special colours are measured on its output).
    pub fn numbered_from_one(num_classes: usize) -> Self {
        let cityscapes = KnownPalette::Cityscapes.palette();
        let special = |id: usize| COCO_STUFF.iter().find(|(special, _)| *special == id);
        Self::colored(num_classes, |id| match num_classes {
            35 => cityscapes.color(id as u16),
            182 => special(id).map_or_else(|| Self::bit_color(id + 1), |(_, color)| *color),
            _ => Self::bit_color(id + 1),
        })
    }

    fn colored(num_classes: usize, color: impl Fn(usize) -> [u8; 3]) -> Self {
        let classes = (0..num_classes)
            .map(|id| LabelClass {
                id: id as u16,
                name: format!("class {id}"),
                color: color(id),
                group: None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_the_id_become_the_high_bits_of_the_channels() {
        let colors = [0, 1, 2, 4, 7, 8, 16, 56, 64].map(Palette::bit_color);
        let expected = [
            [0, 0, 0],
            [128, 0, 0],
            [0, 128, 0],
            [0, 0, 128],
            [128, 128, 128],
            [64, 0, 0],
            [0, 64, 0],
            [64, 64, 64],
            [32, 0, 0],
        ];
        assert_eq!(colors, expected);
    }

    #[test]
    fn bit_colors_differ_between_all_classes_of_a_byte() {
        let palette = Palette::numbered(256);
        let colors: std::collections::BTreeSet<_> =
            palette.classes.iter().map(|class| class.color).collect();
        assert_eq!(colors.len(), 256);
    }

    #[test]
    fn spade_counts_from_one_but_for_cityscapes_and_five_classes_of_coco() {
        let (ade, shifted) = (Palette::numbered_from_one(150), Palette::numbered(151));
        assert_eq!(
            (0..150).map(|id| ade.color(id)).collect::<Vec<_>>(),
            (1..151).map(|id| shifted.color(id)).collect::<Vec<_>>()
        );
        let coco = Palette::numbered_from_one(182);
        let own: Vec<u16> = (0..182)
            .filter(|id| coco.color(*id) != Palette::bit_color(usize::from(*id) + 1))
            .collect();
        assert_eq!(own, [105, 123, 154, 156, 168]);
        assert_eq!(Palette::numbered_from_one(35), Palette::numbered(35));
        // What SPADE's own pictures of COCO show: 182 classes and two more.
        let shown = Palette::numbered_from_one(184);
        assert_eq!(shown.color(156), Palette::bit_color(157));
    }

    #[test]
    fn ids_beyond_the_palette_are_black() {
        let palette = Palette::numbered_from_one(2);
        assert_eq!(
            palette.colorize(&[0, 1, 2]),
            [128, 0, 0, 0, 128, 0, 0, 0, 0]
        );
    }
}
