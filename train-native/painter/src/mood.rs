//! Moods: the same land at another time of day, in winter, in a storm.
//!
//! A mood changes light, air, snow cover and lamps, never where anything is: a scene has the same
//! label map in every mood. What a label map does not tell is what a style has to.

use std::fmt;
use std::str::FromStr;

use crate::color::Rgb;
use crate::light::{Light, Weather};
use crate::noise::hash_unit;

/// Time of day, season or weather of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Mist, a peach sky, soft light.
    Morning,
    /// A deep blue sky, high and clear light.
    Noon,
    /// Orange over violet, light along the ground.
    Dusk,
    /// Moonlight, stars, lit windows.
    Night,
    /// Snow on everything that it stays on, a pale sky.
    Winter,
    /// Slate clouds, rain, no direct light.
    Storm,
}

/// What a name that is no mood's is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMood(String);

impl fmt::Display for UnknownMood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Mood::ALL.map(Mood::name).join(", ");
        write!(f, "expected one of {names}, found {:?}", self.0)
    }
}

impl std::error::Error for UnknownMood {}

impl FromStr for Mood {
    type Err = UnknownMood;

    fn from_str(text: &str) -> Result<Self, UnknownMood> {
        Self::ALL
            .into_iter()
            .find(|mood| mood.name() == text)
            .ok_or_else(|| UnknownMood(text.to_owned()))
    }
}

/// The colours of a mood, as screen codes, and its numbers.
struct Palette {
    key: (u32, f32),
    ambient: (u32, f32),
    zenith: u32,
    middle: u32,
    low: u32,
    haze: u32,
    /// Metres.
    visibility: f32,
    /// How high the light stands, 0 along the ground .. 1 steep.
    height: f32,
    /// The disc, and what glows around it.
    disc: u32,
    glow: (u32, f32),
    cloud_lit: u32,
    cloud_shade: u32,
    weather: Weather,
}

impl Mood {
    /// All moods, in the order of the day.
    pub const ALL: [Self; 6] = [
        Self::Morning,
        Self::Noon,
        Self::Dusk,
        Self::Night,
        Self::Winter,
        Self::Storm,
    ];

    /// Lower case English name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Noon => "noon",
            Self::Dusk => "dusk",
            Self::Night => "night",
            Self::Winter => "winter",
            Self::Storm => "storm",
        }
    }

    fn palette(self) -> Palette {
        let fair = Weather::FAIR;
        match self {
            Self::Morning => Palette {
                key: (0xffcf94, 1.0),
                ambient: (0x9fa6c8, 1.0),
                zenith: 0x86a8da,
                middle: 0xd8c8da,
                low: 0xffcfa0,
                haze: 0xf4d2bc,
                visibility: 1_500.0,
                height: 0.34,
                disc: 0xfff3d6,
                glow: (0xffd9a8, 1.0),
                cloud_lit: 0xfff0e2,
                cloud_shade: 0xb9a7c0,
                weather: fair,
            },
            Self::Noon => Palette {
                key: (0xfffdf2, 1.22),
                ambient: (0x8a9fc0, 1.0),
                zenith: 0x1f62ba,
                middle: 0x5fa4e6,
                low: 0xbfe0f6,
                haze: 0xaccfec,
                visibility: 14_000.0,
                height: 0.9,
                disc: 0xfffbe6,
                glow: (0xfff6da, 0.8),
                cloud_lit: 0xffffff,
                cloud_shade: 0x92a6c4,
                weather: fair,
            },
            Self::Dusk => Palette {
                key: (0xff9a50, 1.1),
                ambient: (0x7b6c96, 0.95),
                zenith: 0x383c7c,
                middle: 0xb5648a,
                low: 0xff9c4a,
                haze: 0xd8806a,
                visibility: 7_500.0,
                height: 0.2,
                disc: 0xffe2a0,
                glow: (0xff9a48, 1.5),
                cloud_lit: 0xffb078,
                cloud_shade: 0x66507c,
                weather: Weather {
                    lamps: 0.35,
                    ..fair
                },
            },
            Self::Night => Palette {
                key: (0x5c78bc, 0.9),
                ambient: (0x2e4078, 1.0),
                zenith: 0x070d26,
                middle: 0x121f48,
                low: 0x2b3c68,
                haze: 0x1f2e54,
                visibility: 6_000.0,
                height: 0.5,
                disc: 0xf6f2de,
                glow: (0x8298d8, 1.0),
                cloud_lit: 0x51639a,
                cloud_shade: 0x18213f,
                weather: Weather {
                    shadow: 0.7,
                    lamps: 1.0,
                    stars: 1.0,
                    ..fair
                },
            },
            Self::Winter => Palette {
                key: (0xfff0de, 0.86),
                ambient: (0x9fb2d8, 1.0),
                zenith: 0x7aa3d0,
                middle: 0xb2cae4,
                low: 0xe8edf3,
                haze: 0xd8e3ef,
                visibility: 5_000.0,
                height: 0.42,
                disc: 0xfff6e4,
                glow: (0xfff0dc, 0.9),
                cloud_lit: 0xf4f6fa,
                cloud_shade: 0xa2b0c8,
                weather: Weather { snow: 1.0, ..fair },
            },
            Self::Storm => Palette {
                key: (0x9aa8a8, 0.4),
                ambient: (0x74838f, 0.9),
                zenith: 0x2a343e,
                middle: 0x46525c,
                low: 0x8f9a9a,
                haze: 0x75828a,
                visibility: 2_200.0,
                height: 0.62,
                disc: 0x99a09c,
                glow: (0x8d968e, 0.7),
                cloud_lit: 0x717c86,
                cloud_shade: 0x262d36,
                weather: Weather {
                    shadow: 0.2,
                    lamps: 0.3,
                    rain: 1.0,
                    ..fair
                },
            },
        }
    }

    /// The light of a mood in place of the day's, nearly the same in every scene: a little of the
    /// day's own shows through, and a little of brightness is drawn from the scene's seed.
    pub(crate) fn light(self, day: &Light, seed: u32) -> Light {
        let palette = self.palette();
        let of_day = if palette.weather.snow + palette.weather.stars + palette.weather.rain > 0.0 {
            0.0
        } else {
            0.1 * hash_unit(1, 0, seed)
        };
        let bright = 0.94 + 0.12 * hash_unit(2, 0, seed);
        let color = |code: u32, day: Rgb| (Rgb::hex(code) * bright).mix(day, of_day);
        let strong = |(code, strength): (u32, f32), day| color(code, day) * strength;
        let depth = if day.sun.is_some() { 0.12 } else { -0.42 };
        let length = (0.8f32.powi(2) + palette.height.powi(2) + depth * depth).sqrt();
        Light {
            sun: day.sun,
            warmth: day.warmth,
            toward: [
                day.side() * 0.8 / length,
                palette.height / length,
                depth / length,
            ],
            key: strong(palette.key, day.key),
            ambient: strong(palette.ambient, day.ambient),
            zenith: color(palette.zenith, day.zenith),
            middle: color(palette.middle, day.middle),
            low: color(palette.low, day.low),
            haze: color(palette.haze, day.haze),
            visibility: palette.visibility * (0.8 + 0.4 * hash_unit(3, 0, seed)),
            disc: Rgb::hex(palette.disc),
            glow: Rgb::hex(palette.glow.0) * palette.glow.1,
            glow_reach: day.glow_reach,
            sparkle: Rgb::hex(palette.disc) * (0.3 + 0.7 * palette.glow.1.min(1.0)),
            cloud_lit: color(palette.cloud_lit, day.cloud_lit),
            cloud_shade: color(palette.cloud_shade, day.cloud_shade),
            weather: palette.weather,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{paint, paint_in};

    #[test]
    fn names_are_read_back_and_others_are_told_what_there_is() {
        for mood in Mood::ALL {
            assert_eq!(mood.name().parse(), Ok(mood));
        }
        let error = "noo".parse::<Mood>().unwrap_err().to_string();
        assert!(
            error.contains("noon") && error.contains("\"noo\""),
            "{error}"
        );
    }

    #[test]
    fn a_mood_changes_the_picture_and_leaves_the_labels() {
        for seed in 0..6 {
            let day = paint(seed, 48);
            for mood in Mood::ALL {
                let other = paint_in(seed, 48, Some(mood));
                assert_eq!(other.labels, day.labels, "{} of {seed}", mood.name());
                assert_ne!(other.pixels, day.pixels, "{} of {seed}", mood.name());
            }
        }
    }

    /// Mean of each channel over a few scenes, in bytes.
    fn mean(mood: Mood) -> [f32; 3] {
        let mut sums = [0.0f32; 3];
        let mut count = 0.0;
        for seed in 0..8 {
            for pixel in paint_in(seed, 32, Some(mood)).pixels.chunks_exact(3) {
                for (sum, &channel) in sums.iter_mut().zip(pixel) {
                    *sum += f32::from(channel);
                }
                count += 1.0;
            }
        }
        sums.map(|sum| sum / count)
    }

    #[test]
    fn moods_differ_clearly_on_average() {
        let means = Mood::ALL.map(mean);
        for (i, a) in means.iter().enumerate() {
            for (j, b) in means.iter().enumerate().skip(i + 1) {
                let apart: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum();
                let names = (Mood::ALL[i].name(), Mood::ALL[j].name());
                assert!(apart > 20.0, "{names:?}: {a:?} and {b:?}");
            }
        }
    }
}
