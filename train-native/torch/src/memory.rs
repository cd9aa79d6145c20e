//! How the program's allocator treats what a training step frees.

unsafe extern "C" {
    fn underpaint_keep_memory();
}

/// Freed memory stays with the program: a training step frees and asks for the same gigabytes over
/// and over, and giving pages back to the system between two of them costs a seventh of a step.
///
/// Call it once, at the start. Does nothing where the C library is not glibc.
pub fn keep() {
    // SAFETY: sets two thresholds of malloc, which any thread may do at any time.
    unsafe { underpaint_keep_memory() }
}
