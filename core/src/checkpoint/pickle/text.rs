//! Protocols 0 and 1, which write numbers and texts as lines.

use crate::checkpoint::failure::{Context, Result, bail, ensure};

use super::machine::Machine;
use super::opcode as op;
use super::{Attribute, Object};

impl Machine<'_> {
    /// What only the oldest protocols have.
    pub(super) fn old_text(&mut self, code: u8) -> Result<bool> {
        match code {
            op::INT | op::LONG | op::FLOAT => {
                let line = self.line()?;
                self.push(Object::Plain(number(code, &line)?))?;
            }
            op::STRING => {
                let line = self.line()?;
                let quoted = line.trim();
                let inner = quoted.get(1..quoted.len().saturating_sub(1));
                let text = unescaped(inner.context("a text without quotes")?);
                self.push(Object::Plain(Attribute::Text(text)))?;
            }
            op::UNICODE => {
                let text = unescaped(&self.line()?);
                self.push(Object::Plain(Attribute::Text(text)))?;
            }
            op::PERSID => {
                let id = Attribute::Text(self.line()?);
                self.push(Object::Plain(id))?;
                let id = self.pop()?;
                self.push(Object::Outside(id))?;
            }
            op::PUT => {
                let index = self.index()?;
                self.memoize(index)?;
            }
            op::GET => {
                let index = self.index()?;
                self.recall(index)?;
            }
            op::LIST => {
                let items = self.pop_to_mark()?;
                self.push(Object::List(items))?;
            }
            op::DICT => {
                let items = self.pop_to_mark()?;
                let (pairs, rest) = items.as_chunks::<2>();
                ensure!(rest.is_empty(), "a key without a value");
                let pairs = pairs.iter().map(|&[key, value]| (key, value));
                self.push(Object::Dict(pairs.collect()))?;
            }
            op::INST => {
                let (module, name) = (self.line()?, self.line()?);
                let args = self.pop_to_mark()?;
                self.push(Object::Global(format!("{module}.{name}")))?;
                self.push(Object::List(args))?;
                let args = self.pop()?;
                self.call(args)?;
            }
            op::OBJ => {
                let mut args = self.pop_to_mark()?;
                ensure!(!args.is_empty(), "an object without a class");
                let class = args.remove(0);
                self.push(Object::List(args))?;
                let args = self.pop()?;
                self.push_place(class)?;
                self.call(args)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn index(&mut self) -> Result<u32> {
        let line = self.line()?;
        let index = line.trim().parse();
        index.with_context(|| format!("expected the number of an object, found {line:?}"))
    }
}

/// `01` and `00` are the truth values; `L` ends a long number.
fn number(code: u8, line: &str) -> Result<Attribute> {
    let digits = line.trim().trim_end_matches('L');
    Ok(match (code, digits) {
        (op::INT, "01") => Attribute::Bool(true),
        (op::INT, "00") => Attribute::Bool(false),
        (op::FLOAT, _) => match digits.parse() {
            Ok(number) => Attribute::Float(number),
            Err(_) => bail!("expected a number, found {line:?}"),
        },
        _ => match digits.parse() {
            Ok(number) => Attribute::Int(number),
            Err(_) if digits.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                Attribute::Other("int".to_owned())
            }
            Err(_) => bail!("expected a number, found {line:?}"),
        },
    })
}

/// Escapes that Python writes; what is none stays as it is.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        let hexadecimal = |digits: usize| {
            let digits = escape.get(1..=digits)?;
            char::from_u32(u32::from_str_radix(digits, 16).ok()?).map(|c| (c, 1 + digits.len()))
        };
        let simple = |c| Some((c, 1));
        let found = match escape.as_bytes().first() {
            Some(b'n') => simple('\n'),
            Some(b't') => simple('\t'),
            Some(b'r') => simple('\r'),
            Some(b'\\') => simple('\\'),
            Some(b'\'') => simple('\''),
            Some(b'"') => simple('"'),
            Some(b'x') => hexadecimal(2),
            Some(b'u') => hexadecimal(4),
            Some(b'U') => hexadecimal(8),
            _ => None,
        };
        match found {
            Some((c, length)) => {
                plain.push(c);
                rest = &escape[length..];
            }
            None => {
                plain.push('\\');
                rest = escape;
            }
        }
    }
    plain.push_str(rest);
    plain
}
