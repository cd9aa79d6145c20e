//! The label classes, in label order, and their palette.

/// One class of the landscape label map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LandscapeClass {
    /// Name, lower case English, as written to `palette.json`.
    pub name: &'static str,
    /// Palette colour, sRGB bytes.
    pub color: [u8; 3],
    /// What kind of thing it is: the name of a group of classes, as in manifests.
    pub group: &'static str,
}

/// The classes as the painters name them; the discriminant is the label id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    Sky,
    Cloud,
    Sun,
    Mountain,
    Snow,
    Forest,
    Tree,
    Meadow,
    Field,
    Flowers,
    Water,
    Sand,
    Rock,
    Road,
    House,
}

impl Class {
    /// The label id, an index into [`CLASSES`].
    pub(crate) const fn id(self) -> u8 {
        self as u8
    }
}

const fn class(name: &'static str, group: &'static str, code: u32) -> LandscapeClass {
    LandscapeClass {
        name,
        group,
        color: [(code >> 16) as u8, (code >> 8) as u8, code as u8],
    }
}

/// All classes; the index is the label id. `forest` is conifer wood, `tree` broad-leaved trees,
/// `mountain` bare far rock, `rock` boulders and outcrops nearby, `field` ripe crops.
pub const CLASSES: [LandscapeClass; 15] = [
    class("sky", "sky", 0x8ec5f0),
    class("cloud", "sky", 0xf1eee6),
    class("sun", "sky", 0xffd13b),
    class("mountain", "ground", 0x7a6f96),
    class("snow", "ground", 0xd3e6f7),
    class("forest", "plants", 0x1f5a3c),
    class("tree", "plants", 0x4c943c),
    class("meadow", "plants", 0x9ac855),
    class("field", "plants", 0xd9a43b),
    class("flowers", "plants", 0xe45f92),
    class("water", "water", 0x2a6fb8),
    class("sand", "ground", 0xedd39a),
    class("rock", "ground", 0x94897c),
    class("road", "ground", 0x55525c),
    class("house", "buildings", 0xc24a33),
];

/// Palette colour of a label id, black for an id outside the palette.
pub fn class_color(id: u8) -> [u8; 3] {
    CLASSES.get(usize::from(id)).map_or([0; 3], |c| c.color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_well_apart() {
        for (i, a) in CLASSES.iter().enumerate() {
            for b in &CLASSES[i + 1..] {
                let apart: i32 = (0..3)
                    .map(|c| (i32::from(a.color[c]) - i32::from(b.color[c])).abs())
                    .sum();
                assert!(apart > 40, "{} and {} are too alike", a.name, b.name);
            }
        }
    }

    #[test]
    fn the_last_class_closes_the_palette() {
        assert_eq!(usize::from(Class::House.id()) + 1, CLASSES.len());
        assert_eq!(CLASSES[usize::from(Class::Water.id())].name, "water");
    }
}
