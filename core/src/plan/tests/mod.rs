//! Plans of every family and what they say, compared with the networks themselves.

mod cases;
mod generic;
mod parity;
mod steps;
