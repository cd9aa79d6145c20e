//! Bytes that stay with JavaScript.

use std::borrow::Cow;
use std::ops::Range;

use js_sys::Uint8Array;
use underpaint_core::bundle::FileBytes;

/// A file outside the module's memory: a part of it is copied when it is read, so that a model is
/// never in that memory as a whole.
#[derive(Debug)]
pub struct BrowserBytes(pub Uint8Array);

impl FileBytes for BrowserBytes {
    fn len(&self) -> usize {
        self.0.length() as usize
    }

    fn read(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        // Lengths of arrays here fit in 32 bits.
        let part = self.0.subarray(range.start as u32, range.end as u32);
        Cow::Owned(part.to_vec())
    }
}
