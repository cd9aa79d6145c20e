//! What a class-conditional generator can be asked for.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// An attribute of the pictures that a class-conditional Progressive GAN makes, and its classes: one of
/// them is one-hot in every latent, behind the random numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatentAttribute {
    /// As the data set calls it; `Main` where the folders of the pictures were the classes.
    pub name: String,
    /// Names of the classes, in the order of the one-hot part.
    pub classes: Vec<String>,
}

impl LatentAttribute {
    /// One attribute of numbered classes, for a model whose names are lost.
    pub fn numbered(count: usize) -> Self {
        Self {
            name: "class".into(),
            classes: (0..count).map(|class| class.to_string()).collect(),
        }
    }
}

/// `Main: cat, dog; Colour: red, blue`
pub fn list_attributes(attributes: &[LatentAttribute]) -> String {
    let one = |LatentAttribute { name, classes }: &LatentAttribute| {
        format!("{name}: {}", classes.join(", "))
    };
    attributes.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The class of each attribute that `wanted` names, as `cat` or `Main=cat`; `None` where it names none.
///
/// # Errors
///
/// [`Error::Input`] if a class is of no attribute or of several, or if an attribute is given two.
pub fn choose_classes(
    attributes: &[LatentAttribute],
    wanted: &[String],
) -> Result<Vec<Option<usize>>> {
    let mut chosen = vec![None; attributes.len()];
    if attributes.is_empty() && !wanted.is_empty() {
        return Err(Error::Input(
            "class: this model has no classes to choose from".into(),
        ));
    }
    for wish in wanted {
        let (attribute, class) = find(attributes, wish)?;
        if chosen[attribute].replace(class).is_some() {
            return Err(Error::Input(format!(
                "class: expected one class of {}, found several",
                attributes[attribute].name
            )));
        }
    }
    Ok(chosen)
}

fn find(attributes: &[LatentAttribute], wish: &str) -> Result<(usize, usize)> {
    let matches = |(index, attribute): (usize, &LatentAttribute)| {
        let bare = wish
            .strip_prefix(attribute.name.as_str())
            .and_then(|rest| rest.strip_prefix('='));
        let of = |name: &str| attribute.classes.iter().position(|class| class == name);
        let class = bare.and_then(of).or_else(|| of(wish))?;
        Some((index, class))
    };
    let found: Vec<_> = attributes.iter().enumerate().filter_map(matches).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Error::Input(format!(
            "class: expected one of {}, found {wish}",
            list_attributes(attributes)
        ))),
        _ => Err(Error::Input(format!(
            "class: {wish} is a class of several attributes; write {}={wish}",
            attributes[found[0].0].name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes() -> Vec<LatentAttribute> {
        let attribute = |name: &str, classes: &[&str]| LatentAttribute {
            name: name.into(),
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
        };
        vec![
            attribute("Main", &["cat", "dog"]),
            attribute("Colour", &["red", "blue", "dog"]),
        ]
    }

    #[test]
    fn classes_are_chosen_by_name_and_the_others_stay_open() {
        let chosen = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|&wish| wish.to_owned()).collect();
            choose_classes(&attributes(), &wanted).map_err(|error| error.to_string())
        };
        assert_eq!(chosen(&[]), Ok(vec![None, None]));
        assert_eq!(chosen(&["blue"]), Ok(vec![None, Some(1)]));
        assert_eq!(
            chosen(&["Colour=dog", "Main=dog"]),
            Ok(vec![Some(1), Some(2)])
        );
        for (wanted, part) in [
            (&["dog"][..], "several attributes; write Main=dog"),
            (
                &["cow"],
                "Main: cat, dog; Colour: red, blue, dog, found cow",
            ),
            (&["Main=red"], "found Main=red"),
            (&["cat", "Main=dog"], "one class of Main"),
        ] {
            let told = chosen(wanted).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
        assert!(choose_classes(&[], &["cat".into()]).is_err());
    }
}
