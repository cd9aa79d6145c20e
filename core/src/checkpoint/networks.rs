//! Which networks the keys of a file are of, where it holds several or much beside one.

use std::collections::{BTreeMap, BTreeSet};

use crate::checkpoint::failure::{Result, bail};

use super::family::FamilyName;
use crate::state_dict::{distinct, named as named_by};

/// Keys of dictionaries that wrap a state dict, the one to take first, where a file holds several.
const WRAPPERS: [&str; 4] = ["state_dict", "model_state_dict", "model", "params"];

/// Parts of a key between which networks are looked for.
const MAX_PARTS: usize = 12;

/// More networks than any file holds.
const MAX_NETWORKS: usize = 64;

/// Names that a message lists.
const NAMES_SHOWN: usize = 12;

/// Tells the family of a network by its keys, if it is one that is wanted.
pub type Fits = fn(&BTreeSet<&str>) -> Option<FamilyName>;

/// A network among the tensors of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// What stands before its keys, without the dot at the end; nothing, if they are the file's own.
    pub name: String,
    /// The key in the file of every key of the network.
    pub keys: BTreeMap<String, String>,
}

/// Every network that `fits`, outermost first: what lies in one is a part of it.
pub fn networks<'a>(keys: impl Iterator<Item = &'a str>, fits: Fits) -> Vec<Network> {
    let keys = distinct(keys);
    let mut found = Vec::new();
    search("", &keys, fits, MAX_PARTS, &mut found);
    found
}

fn search(prefix: &str, keys: &BTreeSet<&str>, fits: Fits, depth: usize, found: &mut Vec<Network>) {
    if found.len() >= MAX_NETWORKS {
        return;
    }
    let mut rest = keys.clone();
    if let Some(network) = network_at(prefix, keys, fits) {
        for key in network.keys.values() {
            rest.remove(key.as_str());
        }
        found.push(network);
    }
    if depth == 0 {
        return;
    }
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for key in rest {
        if let Some(dot) = key[prefix.len()..].find('.') {
            let group = groups.entry(&key[..=prefix.len() + dot]).or_default();
            group.insert(key);
        }
    }
    for (prefix, keys) in groups {
        search(prefix, &keys, fits, depth - 1, found);
    }
}

/// The network whose keys stand behind `prefix`, with or without what wraps them.
fn network_at(prefix: &str, keys: &BTreeSet<&str>, fits: Fits) -> Option<Network> {
    let bare = |key: &&str| (unwrapped(&key[prefix.len()..]), (*key).to_owned());
    let as_it_is = |key: &&str| (key[prefix.len()..].to_owned(), (*key).to_owned());
    let all_bare = named_by(keys.iter().map(bare));
    // Two keys that would become one are of two networks.
    let clash = all_bare.len() < keys.len();
    let named = match clash {
        true => named_by(keys.iter().map(as_it_is)),
        false => all_bare,
    };
    let family = fits(&distinct(named.keys().map(String::as_str)))?;
    let of_family = |key: &String| family.has_module(key.split('.').next().unwrap_or_default());
    Some(Network {
        name: shown(prefix),
        keys: named_by(named.into_iter().filter(|(key, _)| of_family(key))),
    })
}

/// A key without what DataParallel, AveragedModel (`module`) and torch.compile (`_orig_mod`) put before
/// or into it, on whichever keys they did.
fn unwrapped(key: &str) -> String {
    let mut rest = key;
    while let Some(inner) = ["module.", "_orig_mod."]
        .iter()
        .find_map(|wrapper| rest.strip_prefix(wrapper))
    {
        rest = inner;
    }
    rest.replace("._orig_mod.", ".")
}

/// What stands before the keys of what is called `name`: all the keys that lead to it, or the last of
/// them. Ends with a dot.
///
/// # Errors
///
/// If nothing is called so, or several: listing what there is.
pub fn named<'a>(
    keys: impl Iterator<Item = &'a str>,
    name: &str,
    known: &[String],
) -> Result<String> {
    let name = name.trim_matches('.');
    let exact = format!("{name}.");
    let last = format!(".{name}.");
    let mut found = BTreeSet::new();
    for key in keys {
        if key.starts_with(&exact) {
            return Ok(exact);
        }
        found.extend(key.find(&last).map(|at| &key[..at + last.len()]));
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.to_owned()),
        (None, _) => bail!("no network is called {name:?}; found {}", listed(known)),
        (Some(first), Some(second)) => {
            let all: Vec<String> = [first, second]
                .into_iter()
                .chain(found)
                .map(shown)
                .collect();
            bail!("several networks are called {name:?}: {}", listed(&all))
        }
    }
}

/// Names of the state dicts in a file and, where one holds several networks, of those.
pub fn names<'a>(
    keys: impl Iterator<Item = &'a str> + Clone,
    state_dicts: &BTreeSet<String>,
    found: &[Network],
) -> Vec<String> {
    let taken = found.iter().flat_map(|network| network.keys.values());
    let taken = distinct(taken.map(String::as_str));
    let mut names = BTreeSet::new();
    for dict in state_dicts.iter().take(MAX_NETWORKS) {
        let own = shown(dict);
        let inner = found
            .iter()
            .filter(|network| network.name.starts_with(dict.as_str()) && network.name != own);
        let inner = distinct(inner.map(|network| network.name.clone()));
        let is_one = found.iter().any(|network| network.name == own);
        let is_other = !is_one && inner.is_empty() && state_dicts.len() > 1;
        if !own.is_empty() && (is_one || is_other) {
            names.insert(own.clone());
        }
        if !own.is_empty() && is_other {
            continue;
        }
        // Beside the networks, every other first part of a key is another's.
        let part = |key: &str| {
            let (part, _) = key.strip_prefix(dict.as_str())?.split_once('.')?;
            (!taken.contains(key)).then(|| format!("{dict}{part}"))
        };
        names.extend(keys.clone().filter_map(part));
        names.extend(inner);
    }
    names.into_iter().collect()
}

/// The one to take of several: never a moving average beside what it is of, then what most tools call
/// their weights. `None` if that does not decide.
pub fn preferred(names: &[String]) -> Option<usize> {
    let all: Vec<usize> = (0..names.len()).collect();
    let plain: Vec<usize> = all
        .iter()
        .copied()
        .filter(|index| !is_average(&names[*index]))
        .collect();
    let rest = if plain.is_empty() { all } else { plain };
    if let [only] = rest[..] {
        return Some(only);
    }
    WRAPPERS.iter().find_map(|wrapper| {
        let last = |index: &usize| names[*index].rsplit('.').next() == Some(wrapper);
        rest.iter().copied().find(last)
    })
}

/// Whether a name says that these are averages of the weights of many steps.
pub fn is_average(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        let whole = [
            "swa",
            "mean",
            "average",
            "averaged",
            "shadow",
            "averagedmodel",
        ];
        let part = ["ema", "avg"];
        whole.contains(&word)
            || part
                .iter()
                .any(|part| word.starts_with(part) || word.ends_with(part))
    })
}

/// Names between commas.
pub fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 if names.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shown(prefix: impl AsRef<str>) -> String {
    prefix.as_ref().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::family::generator_family;
    use super::*;

    const UNET: [&str; 2] = ["model.model.0.weight", "model.model.1.model.1.weight"];

    fn found(keys: &[String]) -> Vec<(String, Vec<String>)> {
        let found = networks(keys.iter().map(String::as_str), generator_family);
        found
            .into_iter()
            .map(|network| (network.name, network.keys.into_keys().collect()))
            .collect()
    }

    fn with(prefix: &str) -> Vec<String> {
        UNET.map(|key| format!("{prefix}{key}")).to_vec()
    }

    #[test]
    fn a_generator_is_found_behind_any_prefix_and_beside_anything() {
        for (prefix, name) in [
            ("", ""),
            ("module.", ""),
            ("module._orig_mod.", ""),
            ("_orig_mod.module.", ""),
            ("netG.", "netG"),
            ("model.", "model"),
            ("state_dict.net_g._orig_mod.", "state_dict.net_g"),
            ("state_dict.generator.module.", "state_dict.generator"),
        ] {
            let mut keys = with(prefix);
            keys.push("n_averaged".to_owned());
            keys.push("netD.model.0.weight".to_owned());
            keys.push("criterion.vgg.features.0.weight".to_owned());
            let expected = vec![(name.to_owned(), UNET.map(str::to_owned).to_vec())];
            assert_eq!(found(&keys), expected, "{prefix}");
        }
        // The wrapper on some keys only, and within them.
        let keys = ["module.model.model.0.weight", UNET[1]].map(str::to_owned);
        assert_eq!(found(&keys).len(), 1);
        assert_eq!(found(&keys)[0].1.len(), 2);
        let keys = ["model._orig_mod.model.0.weight", UNET[1]].map(str::to_owned);
        assert_eq!(found(&keys)[0].1, UNET.map(str::to_owned));
        assert!(found(&["a.b".to_owned(), "model.0.weight".to_owned()]).is_empty());
    }

    #[test]
    fn two_generators_are_two_wherever_they_lie() {
        for (one, two) in [
            ("g.", "g_ema."),
            ("", "module."),
            ("", "ema."),
            ("a.b.", "c."),
        ] {
            let keys = [with(one), with(two)].concat();
            assert_eq!(found(&keys).len(), 2, "{one} {two}");
        }
    }

    #[test]
    fn names_are_those_of_dictionaries_and_of_networks_in_them() {
        let judge = |prefix: &str| vec![format!("{prefix}model.0.weight")];
        for (keys, dicts, expected) in [
            (
                [with("state_dict."), with("state_dict.ema.module.")].concat(),
                &["state_dict."][..],
                &["state_dict", "state_dict.ema"][..],
            ),
            ([with(""), judge("netD.")].concat(), &[""], &["netD"]),
            (
                [with("netG."), judge("netD.")].concat(),
                &["netD.", "netG."],
                &["netD", "netG"],
            ),
            (
                [with("sd.g."), judge("sd.d.")].concat(),
                &["sd."],
                &["sd.d", "sd.g"],
            ),
        ] {
            let dicts: BTreeSet<String> = dicts.iter().map(|dict| (*dict).to_owned()).collect();
            let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
            let found = networks(keys.iter().copied(), generator_family);
            assert_eq!(names(keys.iter().copied(), &dicts, &found), expected);
        }
    }

    #[test]
    fn averages_stand_behind_and_common_names_before() {
        for (names, expected) in [
            (&["g", "g_ema"][..], Some(0)),
            (&["model", "model_ema"], Some(0)),
            (&["params", "params_ema"], Some(0)),
            (&["avgG", "netG"], Some(1)),
            (&["generator", "generatorEMA"], Some(0)),
            (&["g_ema"], Some(0)),
            (&["ckpt", "state_dict"], Some(1)),
            (&["netG_A", "netG_B"], None),
            (&["semantic", "photo"], None),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(preferred(&names), expected, "{names:?}");
        }
    }

    #[test]
    fn a_name_is_the_whole_path_or_its_end() {
        let keys = ["a.net_g.w", "a.net_d.w", "b.net_d.w"];
        let named = |name: &str| named(keys.into_iter(), name, &["a.net_g".to_owned()]);
        assert_eq!(named("net_g").expect("one"), "a.net_g.");
        assert_eq!(named("a.net_d").expect("one"), "a.net_d.");
        assert_eq!(named("a").expect("one"), "a.");
        let told = named("net_d").unwrap_err().to_string();
        assert!(told.contains("a.net_d, b.net_d"), "{told}");
        let told = named("net_x").unwrap_err().to_string();
        assert!(told.contains("found a.net_g"), "{told}");
    }
}
