//! Python pickles, read into inert data.
//!
//! A pickle is a program that builds objects. This machine runs it without Python: classes and
//! functions are only names, a call only records what was called with what, and nothing is ever looked
//! up or executed. Whatever is stored beside weights (counters, random states, objects of anybody's
//! classes) is read as well, and means nothing.
//!
//! Every object lies once in a list and is referred to by its place, so that what a pickle shares or
//! nests costs nothing to repeat, and no depth of nesting can exhaust the stack. Memory is bounded by
//! a number of objects and by the size of the pickle.
//!
//! Source: `pickletools.py` of CPython, which describes every opcode.

mod machine;
mod opcode;
mod text;

use std::collections::BTreeMap;

use crate::checkpoint::failure::{Context, Result, bail, ensure};

use machine::Machine;

/// Values that are read out of a pickle, whose objects may refer to one another any number of times.
const MAX_VALUES: usize = 1 << 16;

/// Depth of lists in lists that is read out.
const MAX_DEPTH: usize = 32;

/// A setting: what the attribute of an object holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list, tuple or set.
    List(Vec<Attribute>),
    /// A dictionary with texts or whole numbers for keys.
    Dict(BTreeMap<String, Attribute>),
    /// Anything else, by the name of its class or kind.
    Other(String),
}

/// Attributes by name.
pub type Attributes = BTreeMap<String, Attribute>;

/// Place of an object in its pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(pub(super) usize);

#[derive(Debug)]
pub(super) enum Object {
    /// `None`, numbers and texts.
    Plain(Attribute),
    /// Bytes, by their place in the pickle.
    Bytes(std::ops::Range<usize>),
    /// List, tuple or set.
    List(Vec<Place>),
    /// Dictionary, in the order in which it was filled.
    Dict(Vec<(Place, Place)>),
    /// A class or function, by module and name.
    Global(String),
    /// What a call would have made.
    Instance(Instance),
    /// Something stored outside the pickle, such as a tensor's numbers, by its id.
    Outside(Place),
}

/// What a call would have made.
#[derive(Debug, Default)]
pub(super) struct Instance {
    /// Class or function that was called.
    pub(super) class: String,
    /// What it was called with.
    pub(super) args: Option<Place>,
    /// Entries, if the object is a kind of dictionary.
    pub(super) entries: Vec<(Place, Place)>,
    /// What the object's attributes were set to.
    pub(super) state: Option<Place>,
}

/// A pickle that has been read.
#[derive(Debug)]
pub struct Pickle {
    objects: Vec<Object>,
    root: Place,
}

impl Pickle {
    /// Reads the first pickle in `bytes`, and how long it is.
    ///
    /// # Errors
    ///
    /// If it is damaged or cut, or makes more than a million objects.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize)> {
        let mut machine = Machine::new(bytes);
        let root = machine
            .run()
            .with_context(|| format!("pickle, at byte {}", machine.position()))?;
        let length = machine.position();
        let objects = machine.into_objects();
        Ok((Self { objects, root }, length))
    }

    /// The object that the pickle is of.
    pub fn root(&self) -> Place {
        self.root
    }

    /// Everything that was made, by place.
    pub(super) fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The object at a place.
    pub(super) fn object(&self, place: Place) -> &Object {
        &self.objects[place.0]
    }

    /// The call that made an object, if one did.
    pub(super) fn instance(&self, place: Place) -> Option<&Instance> {
        match self.object(place) {
            Object::Instance(instance) => Some(instance),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub(super) fn items(&self, place: Place) -> Option<&[Place]> {
        match self.object(place) {
            Object::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a dictionary or of a kind of dictionary.
    pub(super) fn entries(&self, place: Place) -> Option<&[(Place, Place)]> {
        match self.object(place) {
            Object::Dict(entries) => Some(entries),
            Object::Instance(instance) => Some(&instance.entries),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn int(&self, place: Place) -> Option<i64> {
        match self.object(place) {
            Object::Plain(Attribute::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// Name of the class or function at a place.
    pub(super) fn global(&self, place: Place) -> Option<&str> {
        match self.object(place) {
            Object::Global(name) => Some(name),
            _ => None,
        }
    }

    /// The value of a dictionary under a key; the last one, if there are several.
    pub fn entry(&self, dict: Place, key: &str) -> Option<Place> {
        let named = |(name, _): &&(Place, Place)| matches!(self.object(*name), Object::Plain(Attribute::Text(text)) if text == key);
        let entries = self.entries(dict)?.iter();
        entries.rev().find(named).map(|(_, value)| *value)
    }

    /// The attributes of an object, or the entries of a dictionary.
    ///
    /// # Errors
    ///
    /// If it is neither, or nests too deep.
    pub fn attributes(&self, place: Place) -> Result<Attributes> {
        let place = match &self.objects[place.0] {
            Object::Instance(Instance {
                state: Some(state), ..
            }) => *state,
            _ => place,
        };
        match self.value(place, 0, &mut 0)? {
            Attribute::Dict(attributes) => Ok(attributes),
            Attribute::Other(class) => bail!("expected attributes, found {class} without any"),
            other => bail!("expected attributes, found {other:?}"),
        }
    }

    fn value(&self, place: Place, depth: usize, read: &mut usize) -> Result<Attribute> {
        *read += 1;
        ensure!(*read <= MAX_VALUES, "more than {MAX_VALUES} settings");
        ensure!(depth <= MAX_DEPTH, "nested deeper than {MAX_DEPTH} levels");
        let inner = |place: &Place| self.value(*place, depth + 1, read);
        Ok(match &self.objects[place.0] {
            Object::Plain(value) => value.clone(),
            Object::List(items) => Attribute::List(items.iter().map(inner).collect::<Result<_>>()?),
            Object::Dict(entries) => self.dict(entries, inner)?,
            Object::Instance(Instance { class, entries, .. })
                if class == "collections.OrderedDict" =>
            {
                self.dict(entries, inner)?
            }
            Object::Instance(instance) => Attribute::Other(instance.class.clone()),
            Object::Global(name) => Attribute::Other(name.clone()),
            Object::Bytes(_) => Attribute::Other("bytes".to_owned()),
            Object::Outside(_) => Attribute::Other("a storage".to_owned()),
        })
    }

    fn dict(
        &self,
        entries: &[(Place, Place)],
        mut value: impl FnMut(&Place) -> Result<Attribute>,
    ) -> Result<Attribute> {
        let mut dict = BTreeMap::new();
        for (key, place) in entries {
            match self.key(*key) {
                Some(key) => dict.insert(key, value(place)?),
                None => return Ok(Attribute::Other("dict".to_owned())),
            };
        }
        Ok(Attribute::Dict(dict))
    }

    /// A text or whole number, as the key of a dictionary.
    pub(super) fn key(&self, place: Place) -> Option<String> {
        match &self.objects[place.0] {
            Object::Plain(Attribute::Text(text)) => Some(text.clone()),
            Object::Plain(Attribute::Int(number)) => Some(number.to_string()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pickle.dumps({"config": c, "n": (1, 2.5)}, protocol)`, with
    /// `class BaseConfig: pass`, `c.depth = 8`, `c.scales = [8, -6]`, `c.leak = 0.2`,
    /// `c.criterion = "WGANGP"`, `c.equalized = True`, `c.order = None`, `c.big = 2**70`.
    const PROTOCOL_2: &[u8] = b"\x80\x02}q\x00(X\x06\x00\x00\x00configq\x01cmodels.utils.config\x0aBaseConfig\x0aq\x02)\x81q\x03}q\x04(X\x05\x00\x00\x00depthq\x05K\x08X\x06\x00\x00\x00scalesq\x06]q\x07(K\x08J\xfa\xff\xff\xffeX\x04\x00\x00\x00leakq\x08G?\xc9\x99\x99\x99\x99\x99\x9aX\x09\x00\x00\x00criterionq\x09X\x06\x00\x00\x00WGANGPq\x0aX\x09\x00\x00\x00equalizedq\x0b\x88X\x05\x00\x00\x00orderq\x0cNX\x03\x00\x00\x00bigq\x0d\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00@ubX\x01\x00\x00\x00nq\x0eK\x01G@\x04\x00\x00\x00\x00\x00\x00\x86q\x0fu.";
    const PROTOCOL_4: &[u8] = b"\x80\x04\x95\xb6\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x06config\x94\x8c\x13models.utils.config\x94\x8c\x0aBaseConfig\x94\x93\x94)\x81\x94}\x94(\x8c\x05depth\x94K\x08\x8c\x06scales\x94]\x94(K\x08J\xfa\xff\xff\xffe\x8c\x04leak\x94G?\xc9\x99\x99\x99\x99\x99\x9a\x8c\x09criterion\x94\x8c\x06WGANGP\x94\x8c\x09equalized\x94\x88\x8c\x05order\x94N\x8c\x03big\x94\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00@ub\x8c\x01n\x94K\x01G@\x04\x00\x00\x00\x00\x00\x00\x86\x94u.";

    fn config(bytes: &[u8]) -> Attributes {
        let (pickle, length) = Pickle::read(bytes).expect("a pickle");
        assert_eq!(length, bytes.len());
        let config = pickle.entry(pickle.root(), "config").expect("an entry");
        pickle.attributes(config).expect("attributes")
    }

    #[test]
    fn attributes_of_a_class_that_is_not_there_are_kept() {
        for bytes in [PROTOCOL_2, PROTOCOL_4] {
            let expected = [
                ("big", Attribute::Other("int".to_owned())),
                ("criterion", Attribute::Text("WGANGP".to_owned())),
                ("depth", Attribute::Int(8)),
                ("equalized", Attribute::Bool(true)),
                ("leak", Attribute::Float(0.2)),
                ("order", Attribute::None),
                (
                    "scales",
                    Attribute::List(vec![Attribute::Int(8), Attribute::Int(-6)]),
                ),
            ];
            let expected = expected.map(|(name, value)| (name.to_owned(), value));
            assert_eq!(config(bytes), Attributes::from(expected));
        }
    }

    #[test]
    fn calls_are_recorded_and_never_made() {
        // pickle.dumps of an object whose __reduce__ is (os.system, ("touch /tmp/x",)).
        let bytes = b"\x80\x02cposix\nsystem\nX\x0c\x00\x00\x00touch /tmp/x\x85R.";
        let (pickle, _) = Pickle::read(bytes).expect("a pickle");
        let error = pickle.attributes(pickle.root()).unwrap_err().to_string();
        assert!(error.contains("found posix.system without any"), "{error}");
    }

    #[test]
    fn every_prefix_is_an_error() {
        for bytes in [PROTOCOL_2, PROTOCOL_4] {
            for length in 0..bytes.len() {
                assert!(Pickle::read(&bytes[..length]).is_err(), "{length}");
            }
        }
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let mut state = 1u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for round in 0..60_000 {
            let whole = [PROTOCOL_2, PROTOCOL_4][round % 2];
            let mut bytes = whole.to_vec();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                match random(3) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes.insert(at, random(256) as u8),
                    _ => drop(bytes.remove(at)),
                }
            }
            if let Ok((pickle, length)) = Pickle::read(&bytes) {
                assert!(length <= bytes.len());
                let config = pickle.entry(pickle.root(), "config");
                // Damage may as well give other settings.
                let _ = pickle.attributes(config.unwrap_or(pickle.root()));
            }
        }
    }

    #[test]
    fn bombs_are_refused() {
        let told = |bytes: &[u8]| match Pickle::read(bytes) {
            Err(error) => format!("{error:#}"),
            Ok((pickle, _)) => format!("{:#}", pickle.attributes(pickle.root()).unwrap_err()),
        };
        // A million lists; a text of 2^63 bytes; marks without end.
        assert!(told(&[b']'; 3 << 20]).contains("objects"));
        assert!(told(b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fa.").contains("cut short"));
        assert!(told(&[b'('; 3 << 20]).contains("objects"));
        // Lists of twice the same list, forty times: 2^40 values in 200 bytes.
        let mut doubling = b"\x80\x02}X\x01\x00\x00\x00a]".to_vec();
        for _ in 0..25 {
            doubling.extend(b"2\x86");
        }
        doubling.extend(b"s.");
        assert!(told(&doubling).contains("more than 65536 settings"));
        // A list in itself, and lists nested a hundred thousand deep.
        assert!(told(b"\x80\x02}X\x01\x00\x00\x00a]q\x00h\x00as.").contains("nested deeper"));
        let mut deep = b"\x80\x02}X\x01\x00\x00\x00a]".to_vec();
        deep.extend([0x85; 100_000]);
        deep.extend(b"s.");
        assert!(told(&deep).contains("nested deeper"));
    }

    #[test]
    fn protocols_of_text_are_read() {
        // pickle.dumps({"config": c}, protocol) with c.a = 1, c.b = [-2.5, True], c.c = "x\n", and
        // c.d = (2**70, 3) for protocols 0 and 1.
        let protocol_0 = b"(dp0\nVconfig\np1\nccopy_reg\n_reconstructor\np2\n(cm\nC\np3\nc__builtin__\nobject\np4\nNtp5\nRp6\n(dp7\nVa\np8\nI1\nsVb\np9\n(lp10\nF-2.5\naI01\nasVc\np11\nVx\\u000a\np12\nsVd\np13\n(L1180591620717411303424L\nI3\ntp14\nsbs.";
        let protocol_1 = b"}q\x00X\x06\x00\x00\x00configq\x01ccopy_reg\n_reconstructor\nq\x02(cm\nC\nq\x03c__builtin__\nobject\nq\x04Ntq\x05Rq\x06}q\x07(X\x01\x00\x00\x00aq\x08K\x01X\x01\x00\x00\x00bq\t]q\n(G\xc0\x04\x00\x00\x00\x00\x00\x00I01\neX\x01\x00\x00\x00cq\x0bX\x02\x00\x00\x00x\nq\x0cX\x01\x00\x00\x00dq\r(L1180591620717411303424L\nK\x03tq\x0eubs.";
        for bytes in [&protocol_0[..], protocol_1] {
            let wide = Attribute::Other("int".to_owned());
            let expected = [
                ("a", Attribute::Int(1)),
                (
                    "b",
                    Attribute::List(vec![Attribute::Float(-2.5), Attribute::Bool(true)]),
                ),
                ("c", Attribute::Text("x\n".to_owned())),
                ("d", Attribute::List(vec![wide, Attribute::Int(3)])),
            ];
            let expected = expected.map(|(name, value)| (name.to_owned(), value));
            assert_eq!(config(bytes), Attributes::from(expected));
        }
    }

    #[test]
    fn what_is_no_opcode_is_told_with_its_place() {
        let told = format!("{:#}", Pickle::read(b"\x80\x02}!.").unwrap_err());
        assert_eq!(told, "pickle, at byte 4: opcode 0x21 is not read");
    }
}
