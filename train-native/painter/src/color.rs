//! Linear light colours.
//!
//! Colours are held in linear light, white = 1, brighter allowed. The transfer curve is a plain
//! square, near enough to sRGB for paint and cheap enough to be evaluated in constants.

use std::ops::{Add, AddAssign, Mul};

/// A colour in linear light; channels are nonnegative, 1 is paper white.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rgb {
    pub(crate) r: f32,
    pub(crate) g: f32,
    pub(crate) b: f32,
}

impl Rgb {
    pub(crate) const BLACK: Self = Self::new(0.0, 0.0, 0.0);
    pub(crate) const WHITE: Self = Self::new(1.0, 1.0, 1.0);

    pub(crate) const fn new(r: f32, g: f32, b: f32) -> Self {
        Self { r, g, b }
    }

    /// The colour of a screen hex code such as `0x6f9a3c`.
    pub(crate) const fn hex(code: u32) -> Self {
        Self::new(
            linear((code >> 16) & 255),
            linear((code >> 8) & 255),
            linear(code & 255),
        )
    }

    /// Straight blend: `self` at 0, `other` at 1; `t` is clamped.
    pub(crate) fn mix(self, other: Self, t: f32) -> Self {
        let t = t.clamp(0.0, 1.0);
        self * (1.0 - t) + other * t
    }

    pub(crate) fn luma(self) -> f32 {
        0.25 * self.r + 0.65 * self.g + 0.10 * self.b
    }
}

const fn linear(channel: u32) -> f32 {
    let unit = channel as f32 / 255.0;
    unit * unit
}

impl Add for Rgb {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.r + other.r, self.g + other.g, self.b + other.b)
    }
}

impl AddAssign for Rgb {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<f32> for Rgb {
    type Output = Self;
    fn mul(self, factor: f32) -> Self {
        Self::new(self.r * factor, self.g * factor, self.b * factor)
    }
}

impl Mul for Rgb {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(self.r * other.r, self.g * other.g, self.b * other.b)
    }
}

/// Hermite step from 0 below `low` to 1 above `high`; `low > high` gives the falling step.
pub(crate) fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Linear blend of two numbers.
pub(crate) fn lerp(from: f32, to: f32, t: f32) -> f32 {
    from + (to - from) * t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_white_is_paper_white() {
        assert_eq!(Rgb::hex(0xffffff), Rgb::WHITE);
        assert_eq!(Rgb::hex(0), Rgb::BLACK);
    }

    #[test]
    fn smoothstep_may_fall() {
        assert_eq!(smoothstep(1.0, 0.0, 0.0), 1.0);
        assert_eq!(smoothstep(1.0, 0.0, 2.0), 0.0);
    }
}
