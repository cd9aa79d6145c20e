//! Time of day: where the light comes from and what colour everything takes from it.
//!
//! A generator sees only labels, so the mood follows what labels show: a sun low over the horizon
//! makes evening, a high sun noon, no sun plain daylight from the upper left.

use crate::color::{Rgb, lerp, smoothstep};

/// The visible sun, in unit picture coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SunDisc {
    pub(crate) u: f32,
    pub(crate) v: f32,
    pub(crate) radius: f32,
}

/// The light of one scene.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Light {
    pub(crate) sun: Option<SunDisc>,
    /// 0 noon .. 1 sunset.
    pub(crate) warmth: f32,
    /// Unit vector toward the light: right, up, away from the camera.
    pub(crate) toward: [f32; 3],
    /// Direct light on a surface that faces it.
    pub(crate) key: Rgb,
    /// Light from the whole sky.
    pub(crate) ambient: Rgb,
    pub(crate) zenith: Rgb,
    pub(crate) middle: Rgb,
    pub(crate) low: Rgb,
    /// What distance fades to.
    pub(crate) haze: Rgb,
    /// Distance in metres at which haze has swallowed 63 %.
    pub(crate) visibility: f32,
    /// Face of the sun or the moon.
    pub(crate) disc: Rgb,
    /// What glows around the disc.
    pub(crate) glow: Rgb,
    /// Strength of the glow far from the disc.
    pub(crate) glow_reach: f32,
    /// Sparks on water under the disc.
    pub(crate) sparkle: Rgb,
    /// Clouds on the side of the light, and on the other.
    pub(crate) cloud_lit: Rgb,
    pub(crate) cloud_shade: Rgb,
    pub(crate) weather: Weather,
}

/// What a mood adds to the light; [`FAIR`](Self::FAIR) adds nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// How deep shadows are: 1 those of a clear day, 0 none.
    pub(crate) shadow: f32,
    /// How much snow lies: 0 none .. 1 on everything that holds it.
    pub(crate) snow: f32,
    /// Light in windows, 0 off .. 1 the brightest thing of a night.
    pub(crate) lamps: f32,
    /// Stars, 0 none .. 1.
    pub(crate) stars: f32,
    /// Rain and torn clouds, 0 none .. 1.
    pub(crate) rain: f32,
}

impl Weather {
    /// A clear day.
    pub(crate) const FAIR: Self = Self {
        shadow: 1.0,
        snow: 0.0,
        lamps: 0.0,
        stars: 0.0,
        rain: 0.0,
    };
}

/// Fresh snow.
const SNOW: Rgb = Rgb::hex(0xf1f5fb);

/// Three keys of a colour over the day, blended by warmth.
fn over_day(noon: u32, golden: u32, sunset: u32, warmth: f32) -> Rgb {
    if warmth < 0.5 {
        Rgb::hex(noon).mix(Rgb::hex(golden), warmth * 2.0)
    } else {
        Rgb::hex(golden).mix(Rgb::hex(sunset), warmth * 2.0 - 1.0)
    }
}

impl Light {
    /// Light for a `warmth` of 0 (noon) to 1 (sunset) and an `overcast` of 0 to 1; it comes from
    /// the sun's side, or from the left where no sun is seen.
    pub(crate) fn new(sun: Option<SunDisc>, warmth: f32, overcast: f32, visibility: f32) -> Self {
        let side = match sun {
            Some(disc) if disc.u > 0.5 => 1.0,
            _ => -1.0,
        };
        let depth = if sun.is_some() { 0.12 } else { -0.42 };
        let height = 0.62 - 0.3 * warmth;
        let length = (0.8f32.powi(2) + height * height + depth * depth).sqrt();
        let gray = Rgb::hex(0xa9b3bd);
        let dim = 1.0 - 0.55 * overcast;
        Self {
            sun,
            warmth,
            toward: [side * 0.8 / length, height / length, depth / length],
            key: over_day(0xfffaec, 0xffe4ba, 0xffc08c, warmth) * (1.12 * dim),
            ambient: over_day(0x8697b4, 0x9095b0, 0x9089a8, warmth).mix(gray, overcast * 0.6)
                * (1.0 + 0.25 * overcast),
            zenith: over_day(0x3a7bc8, 0x4c80bd, 0x4a5d98, warmth).mix(gray, overcast * 0.7),
            middle: over_day(0x7db4e6, 0x9dbbd8, 0xb596a8, warmth).mix(gray, overcast * 0.6),
            low: over_day(0xcfe5f4, 0xf3dfba, 0xf9b273, warmth)
                .mix(Rgb::hex(0xd5dade), overcast * 0.6),
            haze: over_day(0xb4d0e8, 0xdccdb9, 0xd8a590, warmth)
                .mix(Rgb::hex(0xc2cad2), overcast * 0.6),
            visibility,
            disc: Rgb::hex(0xfff6d2).mix(Rgb::hex(0xffe193), warmth),
            glow: Rgb::hex(0xfff3d0).mix(Rgb::hex(0xffb05c), warmth),
            glow_reach: lerp(0.12, 0.3, warmth),
            sparkle: Rgb::hex(0xfff2cc).mix(Rgb::hex(0xffc37a), warmth),
            cloud_lit: Rgb::hex(0xfffdf8).mix(Rgb::hex(0xffd6a6), warmth * 0.9),
            cloud_shade: Rgb::hex(0x8f9fb8).mix(Rgb::hex(0x94809a), warmth * 0.9),
            weather: Weather::FAIR,
        }
    }

    /// Cosine between a surface normal and the light, negative on the far side.
    pub(crate) fn facing(&self, normal: [f32; 3]) -> f32 {
        self.toward[0] * normal[0] + self.toward[1] * normal[1] + self.toward[2] * normal[2]
    }

    /// Light that a surface sends back: `lit` is 0 in full cast shadow, 1 in the open.
    ///
    /// Snow lies on what is level enough.
    pub(crate) fn shade(&self, albedo: Rgb, normal: [f32; 3], lit: f32) -> Rgb {
        let level = smoothstep(0.2, 0.7, normal[1]);
        self.shade_bare(self.snowed(albedo, 0.9 * level), normal, lit)
    }

    /// A surface with snow on a `share` of it, where there is snow.
    pub(crate) fn snowed(&self, albedo: Rgb, share: f32) -> Rgb {
        match self.weather.snow {
            0.0 => albedo,
            snow => albedo.mix(SNOW, snow * share),
        }
    }

    /// As [`shade`](Self::shade), without snow.
    pub(crate) fn shade_bare(&self, albedo: Rgb, normal: [f32; 3], lit: f32) -> Rgb {
        let direct = self.facing(normal).max(0.0) * lit;
        let open = 0.74 + 0.26 * normal[1];
        albedo * (self.key * direct + self.ambient * open)
    }

    /// Fades a colour into the air between it and the camera.
    pub(crate) fn through_air(&self, color: Rgb, distance: f32) -> Rgb {
        color.mix(self.haze, 1.0 - (-distance / self.visibility).exp())
    }

    /// Cloudless sky without the disc, `t` from 0 at the horizon to 1 high up.
    pub(crate) fn sky(&self, t: f32) -> Rgb {
        let low = smoothstep(0.0, 0.42, t);
        self.low
            .mix(self.middle, low)
            .mix(self.zenith, smoothstep(0.25, 1.15, t))
    }

    /// Which side the light comes from: -1 left, 1 right.
    pub(crate) fn side(&self) -> f32 {
        self.toward[0].signum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_comes_from_the_sun_it_shows() {
        let sun = SunDisc {
            u: 0.8,
            v: 0.2,
            radius: 0.04,
        };
        assert_eq!(Light::new(Some(sun), 0.2, 0.0, 9e3).side(), 1.0);
        assert_eq!(Light::new(None, 0.2, 0.0, 9e3).side(), -1.0);
    }

    #[test]
    fn shadow_is_darker_but_never_black() {
        let light = Light::new(None, 0.3, 0.0, 9e3);
        let up = [0.0, 1.0, 0.0];
        let open = light.shade(Rgb::WHITE, up, 1.0).luma();
        let shadow = light.shade(Rgb::WHITE, up, 0.0).luma();
        assert!(shadow > 0.1 && shadow < open);
    }
}
