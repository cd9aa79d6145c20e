//! What a panic leaves behind.
//!
//! A panic in WebAssembly ends in a trap, of which JavaScript sees only `unreachable`. The hook keeps
//! the message, so that whoever catches the trap can ask for it.

use std::panic::PanicHookInfo;
use std::sync::Mutex;

use wasm_bindgen::prelude::wasm_bindgen;

static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Keeps the message of every panic from now on.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(keep));
}

fn keep(info: &PanicHookInfo<'_>) {
    if let Ok(mut last) = LAST_PANIC.lock() {
        *last = Some(info.to_string());
    }
}

/// The message and place of the last panic. After one the module must not be used any more.
#[wasm_bindgen]
#[must_use]
pub fn last_panic() -> Option<String> {
    LAST_PANIC.lock().ok()?.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_panic_can_be_asked_for() {
        install_hook();
        let _ = std::panic::catch_unwind(|| panic!("the easel fell over"));
        let _ = std::panic::take_hook();
        assert!(last_panic().is_some_and(|message| message.contains("the easel fell over")));
    }
}
