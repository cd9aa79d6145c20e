//! The machine that runs a pickle.

use std::collections::HashMap;

use crate::checkpoint::failure::{Context, Result, bail, ensure};

use super::opcode as op;
use super::{Attribute, Instance, Object, Place};

/// Objects that a pickle may make. A checkpoint of PGAN makes some two thousand.
const MAX_OBJECTS: usize = 1 << 20;

/// A pickle while it runs.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    objects: Vec<Object>,
    stack: Vec<Place>,
    /// Height of the stack at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Place>,
}

impl<'a> Machine<'a> {
    /// At the beginning of a pickle.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            objects: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        }
    }

    /// How far it has come.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Everything that it has made.
    pub(super) fn into_objects(self) -> Vec<Object> {
        self.objects
    }

    /// Runs to the end and returns the object made last.
    pub(super) fn run(&mut self) -> Result<Place> {
        loop {
            let [code] = self.take()?;
            if code == op::STOP {
                return self.pop();
            }
            let known = self.structure(code)?
                || self.number(code)?
                || self.text(code)?
                || self.collection(code)?
                || self.object(code)?
                || self.old_text(code)?;
            ensure!(known, "opcode {code:#04x} is not read");
        }
    }

    /// What moves objects about.
    fn structure(&mut self, code: u8) -> Result<bool> {
        match code {
            op::PROTO => {
                let [version] = self.take()?;
                ensure!(version <= 5, "protocol {version} is not read");
            }
            op::FRAME => {
                self.take::<8>()?;
            }
            op::MARK => {
                ensure!(
                    self.marks.len() < MAX_OBJECTS,
                    "more than {MAX_OBJECTS} objects at once"
                );
                self.marks.push(self.stack.len());
            }
            op::POP if self.marks.last() == Some(&self.stack.len()) => {
                self.marks.pop();
            }
            op::POP => {
                self.pop()?;
            }
            op::POP_MARK => {
                self.pop_to_mark()?;
            }
            op::DUP => {
                let top = self.top()?;
                self.push_place(top)?;
            }
            op::BINPUT => {
                let [index] = self.take()?;
                self.memoize(u32::from(index))?;
            }
            op::LONG_BINPUT => {
                let index = u32::from_le_bytes(self.take()?);
                self.memoize(index)?;
            }
            op::MEMOIZE => self.memoize(self.memo.len() as u32)?,
            op::BINGET => {
                let [index] = self.take()?;
                self.recall(u32::from(index))?;
            }
            op::LONG_BINGET => {
                let index = u32::from_le_bytes(self.take()?);
                self.recall(index)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `None`, truth values and numbers.
    fn number(&mut self, code: u8) -> Result<bool> {
        let value = match code {
            op::NONE => Attribute::None,
            op::NEWTRUE => Attribute::Bool(true),
            op::NEWFALSE => Attribute::Bool(false),
            op::BININT => Attribute::Int(i64::from(i32::from_le_bytes(self.take()?))),
            op::BININT1 => Attribute::Int(i64::from(self.take::<1>()?[0])),
            op::BININT2 => Attribute::Int(i64::from(u16::from_le_bytes(self.take()?))),
            op::BINFLOAT => Attribute::Float(f64::from_be_bytes(self.take()?)),
            op::LONG1 => {
                let [length] = self.take()?;
                long(self.take_slice(u64::from(length))?)
            }
            op::LONG4 => {
                let length = u32::from_le_bytes(self.take()?);
                long(self.take_slice(u64::from(length))?)
            }
            _ => return Ok(false),
        };
        self.push(Object::Plain(value))?;
        Ok(true)
    }

    /// Texts and bytes.
    fn text(&mut self, code: u8) -> Result<bool> {
        let length = match code {
            op::SHORT_BINUNICODE | op::SHORT_BINSTRING | op::SHORT_BINBYTES => {
                u64::from(self.take::<1>()?[0])
            }
            op::BINUNICODE | op::BINSTRING | op::BINBYTES => {
                u64::from(u32::from_le_bytes(self.take()?))
            }
            op::BINUNICODE8 | op::BINBYTES8 | op::BYTEARRAY8 => u64::from_le_bytes(self.take()?),
            _ => return Ok(false),
        };
        let start = self.position;
        let bytes = self.take_slice(length)?;
        let is_bytes = matches!(
            code,
            op::SHORT_BINBYTES | op::BINBYTES | op::BINBYTES8 | op::BYTEARRAY8
        );
        // Python 2 wrote texts and bytes alike; names of attributes are ASCII.
        let text = std::str::from_utf8(bytes).ok().filter(|_| !is_bytes);
        self.push(match text {
            Some(text) => Object::Plain(Attribute::Text(text.to_owned())),
            None => Object::Bytes(start..self.position),
        })?;
        Ok(true)
    }

    /// Lists, tuples, sets and dictionaries.
    fn collection(&mut self, code: u8) -> Result<bool> {
        match code {
            op::EMPTY_LIST | op::EMPTY_TUPLE | op::EMPTY_SET => {
                self.push(Object::List(Vec::new()))?;
            }
            op::EMPTY_DICT => self.push(Object::Dict(Vec::new()))?,
            op::TUPLE | op::FROZENSET => {
                let items = self.pop_to_mark()?;
                self.push(Object::List(items))?;
            }
            op::TUPLE1..=op::TUPLE3 => {
                let count = usize::from(code - op::TUPLE1) + 1;
                let mut items = Vec::with_capacity(count);
                for _ in 0..count {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Object::List(items))?;
            }
            op::APPEND => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            op::APPENDS | op::ADDITEMS => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            op::SETITEM => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(vec![key, value])?;
            }
            op::SETITEMS => {
                let items = self.pop_to_mark()?;
                self.set_items(items)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Classes, and the calls that would make something of them.
    fn object(&mut self, code: u8) -> Result<bool> {
        match code {
            op::GLOBAL => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Object::Global(format!("{module}.{name}")))?;
            }
            op::STACK_GLOBAL => {
                let (name, module) = (self.pop()?, self.pop()?);
                let name = format!("{}.{}", self.plain_text(module)?, self.plain_text(name)?);
                self.push(Object::Global(name))?;
            }
            op::BINPERSID => {
                let id = self.pop()?;
                match self.class_outside(id) {
                    Some(class) => self.push_place(class)?,
                    None => self.push(Object::Outside(id))?,
                }
            }
            op::REDUCE | op::NEWOBJ => {
                let args = self.pop()?;
                self.call(args)?;
            }
            op::NEWOBJ_EX => {
                self.pop()?;
                let args = self.pop()?;
                self.call(args)?;
            }
            op::BUILD => {
                let state = self.pop()?;
                let built = self.top()?;
                if let Object::Instance(instance) = &mut self.objects[built.0] {
                    instance.state = Some(state);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The class in the id that the legacy container gives to a module's class:
    /// `("module", class, file, source)`.
    fn class_outside(&self, id: Place) -> Option<Place> {
        let Object::List(fields) = &self.objects[id.0] else {
            return None;
        };
        let class = *fields.get(1)?;
        let is_module = self.plain_text(fields[0]).ok()? == "module";
        (is_module && matches!(self.objects[class.0], Object::Global(_))).then_some(class)
    }

    /// Replaces the callable on top of the stack by what it would have made.
    pub(super) fn call(&mut self, args: Place) -> Result<()> {
        let callable = self.pop()?;
        let class = match &self.objects[callable.0] {
            Object::Global(name) => name.clone(),
            // What a call has made is called: a method, or a function with some arguments given.
            Object::Instance(instance) => instance.class.clone(),
            _ => bail!("a call of something that is no class or function"),
        };
        // Python 2 gives the entries to the call.
        let entries = match class.as_str() {
            "collections.OrderedDict" => self.pairs(args),
            _ => Vec::new(),
        };
        let instance = Instance {
            class,
            args: Some(args),
            entries,
            ..Instance::default()
        };
        self.push(Object::Instance(instance))
    }

    /// The entries in arguments `([[key, value], …],)`; none, if they are anything else.
    fn pairs(&self, args: Place) -> Vec<(Place, Place)> {
        let items = |place: &Place| match &self.objects[place.0] {
            Object::List(items) => Some(items),
            _ => None,
        };
        let list = items(&args).and_then(|args| items(args.first()?));
        let pair = |item| match items(item)?.as_slice() {
            &[key, value] => Some((key, value)),
            _ => None,
        };
        let list = list.into_iter().flatten();
        list.filter_map(pair).collect()
    }

    fn append(&mut self, mut items: Vec<Place>) -> Result<()> {
        let list = self.top()?;
        match &mut self.objects[list.0] {
            Object::List(list) => list.append(&mut items),
            // A kind of list, such as a deque: nothing of ours is one.
            Object::Instance(_) => {}
            _ => bail!("items added to something that is no list"),
        }
        Ok(())
    }

    fn set_items(&mut self, items: Vec<Place>) -> Result<()> {
        let (pairs, rest) = items.as_chunks::<2>();
        ensure!(rest.is_empty(), "a key without a value");
        let pairs = pairs.iter().map(|&[key, value]| (key, value));
        let dict = self.top()?;
        match &mut self.objects[dict.0] {
            Object::Dict(entries) => entries.extend(pairs),
            Object::Instance(instance) => instance.entries.extend(pairs),
            _ => bail!("entries set in something that is no dictionary"),
        }
        Ok(())
    }

    pub(super) fn push(&mut self, object: Object) -> Result<()> {
        ensure!(
            self.objects.len() < MAX_OBJECTS,
            "more than {MAX_OBJECTS} objects"
        );
        self.objects.push(object);
        self.push_place(Place(self.objects.len() - 1))
    }

    pub(super) fn push_place(&mut self, place: Place) -> Result<()> {
        ensure!(
            self.stack.len() < MAX_OBJECTS,
            "more than {MAX_OBJECTS} objects at once"
        );
        self.stack.push(place);
        Ok(())
    }

    /// The object on top of the stack, above the innermost mark.
    fn top(&self) -> Result<Place> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(&place) if self.stack.len() > floor => Ok(place),
            _ => bail!("nothing on the stack"),
        }
    }

    pub(super) fn pop(&mut self) -> Result<Place> {
        let place = self.top()?;
        self.stack.pop();
        Ok(place)
    }

    pub(super) fn pop_to_mark(&mut self) -> Result<Vec<Place>> {
        let mark = self.marks.pop().context("no mark on the stack")?;
        Ok(self.stack.split_off(mark))
    }

    pub(super) fn memoize(&mut self, index: u32) -> Result<()> {
        let place = self.top()?;
        self.memo.insert(index, place);
        Ok(())
    }

    pub(super) fn recall(&mut self, index: u32) -> Result<()> {
        let found = self.memo.get(&index).copied();
        self.push_place(found.with_context(|| format!("nothing was remembered as {index}"))?)
    }

    fn plain_text(&self, place: Place) -> Result<&str> {
        match &self.objects[place.0] {
            Object::Plain(Attribute::Text(text)) => Ok(text),
            _ => bail!("a class whose name is no text"),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let rest = &self.bytes[self.position..];
        let taken = rest.first_chunk::<N>().context("cut short")?;
        self.position += N;
        Ok(*taken)
    }

    fn take_slice(&mut self, length: u64) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.position..];
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let taken = rest.get(..length).context("cut short")?;
        self.position += length;
        Ok(taken)
    }

    pub(super) fn line(&mut self) -> Result<String> {
        let rest = &self.bytes[self.position..];
        let end = rest.iter().position(|&byte| byte == b'\n');
        let end = end.context("cut short")?;
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        self.position += end + 1;
        Ok(line)
    }
}

/// A little-endian two's complement number of any length.
fn long(bytes: &[u8]) -> Attribute {
    let negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    match wide.get_mut(..bytes.len()) {
        Some(low) => {
            low.copy_from_slice(bytes);
            Attribute::Int(i64::from_le_bytes(wide))
        }
        None => Attribute::Other("int".to_owned()),
    }
}
