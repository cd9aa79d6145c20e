//! Colours for classes that have a group but no colour of their own.

use super::group::Group;

/// Colours of classes by their groups, in their order.
///
/// A group has a range of hues, of saturations and of lightnesses (HSL). Its classes go through the hues evenly, and
/// through the lightnesses in steps of the golden ratio, so that neighbours differ and none comes twice.
pub(super) fn colors_of_groups(groups: &[Group]) -> Vec<[u8; 3]> {
    let place = |at: usize| {
        let before = groups[..at].iter().filter(|group| **group == groups[at]);
        let all = groups.iter().filter(|group| **group == groups[at]);
        (before.count(), all.count())
    };
    groups
        .iter()
        .enumerate()
        .map(|(at, group)| {
            let (nth, count) = place(at);
            color_in_group(*group, nth, count)
        })
        .collect()
}

/// First and last hue in degrees, saturation, lowest and highest lightness.
fn range(group: Group) -> ([f64; 2], f64, [f64; 2]) {
    match group {
        Group::Sky => ([195.0, 215.0], 0.75, [0.68, 0.86]),
        Group::Water => ([208.0, 232.0], 0.65, [0.34, 0.56]),
        Group::Ground => ([24.0, 48.0], 0.42, [0.30, 0.74]),
        Group::Plants => ([84.0, 146.0], 0.52, [0.22, 0.56]),
        Group::Buildings => ([2.0, 18.0], 0.50, [0.32, 0.66]),
        Group::Interior => ([256.0, 286.0], 0.26, [0.36, 0.80]),
        Group::Street => ([44.0, 58.0], 0.92, [0.44, 0.62]),
        Group::People => ([344.0, 352.0], 0.85, [0.44, 0.64]),
        Group::Animals => ([30.0, 44.0], 0.84, [0.30, 0.66]),
        Group::Vehicles => ([226.0, 266.0], 0.72, [0.28, 0.72]),
        Group::Furniture => ([296.0, 326.0], 0.38, [0.30, 0.66]),
        Group::Household => ([166.0, 192.0], 0.56, [0.22, 0.66]),
        Group::Food => ([4.0, 28.0], 0.90, [0.42, 0.76]),
        Group::Clothing => ([322.0, 342.0], 0.62, [0.42, 0.74]),
        Group::Sport => ([60.0, 78.0], 0.78, [0.36, 0.62]),
        Group::Materials => ([200.0, 224.0], 0.12, [0.34, 0.70]),
        Group::Things => ([270.0, 294.0], 0.66, [0.44, 0.72]),
        Group::Other => ([0.0, 0.0], 0.0, [0.06, 0.24]),
    }
}

/// Fractional part of the golden ratio.
const GOLDEN: f64 = 0.618_033_988_749_895;

fn color_in_group(group: Group, nth: usize, count: usize) -> [u8; 3] {
    let ([first, last], saturation, [dark, light]) = range(group);
    let hue = first + (last - first) * (nth as f64 + 0.5) / count as f64;
    let lightness = dark + (light - dark) * ((nth as f64 + 0.5) * GOLDEN).fract();
    rgb_from_hsl(hue, saturation, lightness)
}

/// `hue` in degrees below 360, the others in [0, 1].
fn rgb_from_hsl(hue: f64, saturation: f64, lightness: f64) -> [u8; 3] {
    let reach = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset| {
        let turn = (offset + hue / 30.0) % 12.0;
        let part = lightness - reach * (turn - 3.0).min(9.0 - turn).clamp(-1.0, 1.0);
        (part * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_are_those_of_the_colour_circle() {
        assert_eq!(rgb_from_hsl(0.0, 1.0, 0.5), [255, 0, 0]);
        assert_eq!(rgb_from_hsl(120.0, 1.0, 0.5), [0, 255, 0]);
        assert_eq!(rgb_from_hsl(240.0, 1.0, 0.25), [0, 0, 128]);
        assert_eq!(rgb_from_hsl(77.0, 0.0, 1.0), [255; 3]);
    }

    #[test]
    fn classes_of_a_group_have_different_colours_whatever_lies_between_them() {
        for group in Group::ALL {
            let colors = colors_of_groups(&[group; 12]);
            let different: std::collections::BTreeSet<_> = colors.iter().collect();
            assert_eq!(different.len(), 12, "{group:?}: {colors:?}");
        }
        let [sea, tree, river] = [Group::Water, Group::Plants, Group::Water];
        let apart = colors_of_groups(&[sea, tree, river]);
        let beside = colors_of_groups(&[sea, river]);
        assert_eq!([apart[0], apart[2]], [beside[0], beside[1]]);
    }
}
