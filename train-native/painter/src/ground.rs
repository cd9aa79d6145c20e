//! Colours the visible terrain: what grows or lies where, with texture that fits the distance.

use crate::canvas::Canvas;
use crate::class::Class;
use crate::color::{Rgb, lerp, smoothstep};
use crate::light::Light;
use crate::noise::{cell, fbm, gradient, hash, octaves_for, ridged};
use crate::terrain::{Place, Terrain};
use crate::world::World;

/// A place together with how much ground one sample covers there, in metres.
struct Spot<'a> {
    world: &'a World,
    place: &'a Place,
    footprint: f32,
}

/// Paints all terrain samples; water gets its class only, its colour comes when all else stands.
pub(crate) fn paint(
    canvas: &mut Canvas,
    terrain: &Terrain,
    seen: &[f32],
    world: &World,
    light: &Light,
) {
    let sample = canvas.sample_width();
    for row in 0..canvas.side {
        for column in 0..canvas.side {
            let index = canvas.index(column, row);
            if seen[index].is_nan() {
                continue;
            }
            let place = terrain.place(column, seen[index]);
            if place.relief.height < 0.0 {
                canvas.class[index] = Class::Water;
                continue;
            }
            let class = world.cover(place.x, place.z, &place.relief, place.normal[1]);
            let lateral = place.z * sample / world.camera.focal;
            let steepest = if place.relief.rise > 0.09 { 2.0 } else { 12.0 };
            let grazing = (place.z / world.camera.height).clamp(1.0, steepest);
            let spot = Spot {
                world,
                place: &place,
                footprint: lateral * lerp(grazing, 1.0, 1.0 - place.normal[1]).sqrt(),
            };
            let color = spot.color(class, light);
            canvas.class[index] = class;
            canvas.color[index] = light.through_air(color, place.z);
        }
    }
}

/// The mixed colour of flowers around a place: mostly pinks and reds, drifts of white and yellow.
pub(crate) fn flower_color(x: f32, z: f32, pick: u32) -> Rgb {
    const BLOOMS: [u32; 10] = [
        0xd9486f, 0xe06a94, 0xe58aab, 0xd65a86, 0xd84a58, 0xe9a3bd, 0xf3ece2, 0xf0e3c8, 0xe8c558,
        0xb583c4,
    ];
    let drift = gradient(x / 9.0, z / 16.0, 771) * 4.0;
    let index = (pick % 6) as i32 + drift.round() as i32;
    Rgb::hex(BLOOMS[index.rem_euclid(10) as usize])
}

/// A texture scale of at least `nearest` that doubles wherever `wanted` does: a scale that grew
/// steadily with distance would smear the texture along the rays of sight.
fn scale_at(nearest: f32, wanted: f32) -> f32 {
    nearest * (wanted / nearest).max(1.0).log2().ceil().exp2()
}

/// The vector of length 1 in a direction.
fn unit(v: [f32; 3]) -> [f32; 3] {
    let length = v.iter().map(|c| c * c).sum::<f32>().sqrt();
    v.map(|c| c / length)
}

/// How closely flowers stand around a place, about 0.1 to 1.
pub(crate) fn flower_density(x: f32, z: f32) -> f32 {
    (0.62 + 0.55 * gradient(x / 8.0, z / 14.0, 772)).clamp(0.1, 1.0)
}

/// Grass green of a place, in broad patches.
pub(crate) fn grass_color(x: f32, z: f32, octaves: f32, seed: u32) -> Rgb {
    let broad = fbm(x / 48.0, z / 70.0, octaves.clamp(0.6, 4.0), seed ^ 21);
    let dry = fbm(
        x / 21.0 + 9.0,
        z / 30.0,
        (octaves - 1.0).clamp(0.5, 3.0),
        seed ^ 22,
    );
    let green = Rgb::hex(0x557d35).mix(Rgb::hex(0x8fa952), 0.5 + 0.8 * broad);
    green.mix(Rgb::hex(0xb3b459), (dry * 0.9).clamp(0.0, 0.55))
}

impl Spot<'_> {
    fn octaves(&self, wavelength: f32) -> f32 {
        octaves_for(wavelength, self.footprint)
    }

    /// Strength of detail of one wavelength: 1 when well resolved, 0 when below a sample.
    fn resolved(&self, wavelength: f32) -> f32 {
        smoothstep(0.5, 0.16, self.footprint / wavelength)
    }

    fn color(&self, class: Class, light: &Light) -> Rgb {
        let place = self.place;
        let albedo = match class {
            Class::Snow => return self.snow(light),
            Class::Mountain => return self.mountain(light),
            Class::Rock => return self.rock(light),
            Class::Sand => self.sand(),
            Class::Road => self.road(),
            Class::Field => self.field(),
            Class::Flowers => self.flowers(),
            Class::Forest => return self.canopy(light, 0x24482a, 0x527a3a, 7.0),
            Class::Tree => return self.canopy(light, 0x3a6426, 0x82a645, 10.0),
            _ => self.meadow(),
        };
        let snow = match class {
            Class::Road => 0.45,
            Class::Field => 0.78,
            Class::Flowers => 0.82,
            _ => 0.93,
        };
        light.shade_bare(light.snowed(albedo, snow), place.normal, place.lit)
    }

    fn meadow(&self) -> Rgb {
        let Place { x, z, .. } = *self.place;
        let green = grass_color(x, z, self.octaves(48.0), self.world.seed);
        let tufts = fbm(
            x / 2.6,
            z / 4.5,
            self.octaves(2.6).min(4.0),
            self.world.seed ^ 23,
        );
        green * (1.0 + 0.45 * tufts)
    }

    fn flowers(&self) -> Rgb {
        let Place { x, z, .. } = *self.place;
        let green = self.meadow() * 0.82;
        let blur = smoothstep(50.0, 240.0, z);
        let scale = lerp(0.5, 2.2, blur);
        let spot = cell(x / scale, z / (scale * 2.0), self.world.seed ^ 24);
        let bloom = flower_color(x, z, spot.id >> 8);
        green.mix(bloom, (0.10 + 0.38 * blur) * (0.5 + flower_density(x, z)))
    }

    fn field(&self) -> Rgb {
        let Place { x, z, .. } = *self.place;
        let (across, tint) = self.world.rows(x, z);
        let ripe = Rgb::hex(0xd6aa4a).mix(Rgb::hex(0xe6cf7c), tint);
        let furrow = (across * std::f32::consts::TAU / 2.2).sin();
        let wide = (across * std::f32::consts::TAU / 13.0).sin();
        let grain = fbm(
            x / 1.6,
            z / 2.4,
            self.octaves(1.6).min(3.0),
            self.world.seed ^ 26,
        );
        let patch = fbm(
            x / 40.0,
            z / 60.0,
            self.octaves(40.0).min(3.0),
            self.world.seed ^ 27,
        );
        let rows = 0.10 * furrow * self.resolved(2.2) + 0.04 * wide * self.resolved(13.0);
        ripe * (0.95 + rows + 0.22 * grain + 0.18 * patch)
    }

    fn sand(&self) -> Rgb {
        let Place { x, z, relief, .. } = *self.place;
        let warp = gradient(x / 7.0, z / 7.0, self.world.seed ^ 28);
        let ripple = ((z * 0.85 + x * 0.45) * 2.6 + warp * 5.0).sin() * self.resolved(2.4);
        let broad = ((z * 0.6 + x * 0.5) * 0.33 + warp * 2.5).sin() * self.resolved(19.0);
        let grain = fbm(
            x / 18.0,
            z / 26.0,
            self.octaves(18.0).min(5.0),
            self.world.seed ^ 29,
        );
        let dry = Rgb::hex(0xe3c78f).mix(Rgb::hex(0xd3ac72), 0.45 - 0.5 * grain);
        let wet = smoothstep(-0.022, -0.002, relief.water);
        let color = dry * (1.0 + 0.07 * ripple + 0.05 * broad + 0.12 * grain);
        color.mix(Rgb::hex(0xa28258), wet * 0.75)
    }

    fn road(&self) -> Rgb {
        let Place { x, z, .. } = *self.place;
        let grain = fbm(
            x / 3.0,
            z / 5.0,
            self.octaves(3.0).min(5.0),
            self.world.seed ^ 30,
        );
        let mut color = Rgb::hex(0x84828a) * (1.0 + 0.22 * grain);
        let Some(road) = self.world.road else {
            return color;
        };
        let across = road.across(x, z, self.world.camera.focal);
        let offset = across.abs() / road.half_width(z);
        let track = smoothstep(0.16, 0.0, (offset - 0.45).abs());
        color = color * (1.0 - 0.14 * track);
        let blur = (self.footprint / road.width).min(0.2);
        let line = |middle: f32, half: f32| {
            smoothstep(half + blur, half - blur, (offset - middle).abs())
                * (half / (half + 1.5 * blur))
        };
        let dash = smoothstep(-0.1, 0.1, (z * std::f32::consts::TAU / 14.0).sin());
        let paint = line(0.86, 0.035).max(line(0.0, 0.035) * dash);
        color = color.mix(Rgb::hex(0xf4f1e6), paint * 0.9);
        color.mix(Rgb::hex(0x8d8660), smoothstep(0.9, 1.0, offset) * 0.6)
    }

    /// Bare far rock: broken faces that catch the light, stained along the slope.
    fn mountain(&self, light: &Light) -> Rgb {
        let Place {
            x, z, relief, lit, ..
        } = *self.place;
        let size = self.world.ranges[relief.range].half_depth * 0.12;
        let octaves = self.octaves(size).min(5.0);
        let down = z * 0.25 + relief.height * 0.6;
        let streak = fbm(
            (x + 0.3 * z) / size,
            relief.height / (size * 0.7),
            octaves,
            31,
        );
        let crag = ridged(x * 1.7 / size, down * 2.4 / size, octaves, 32);
        let stone = Rgb::hex(0x80818a).mix(Rgb::hex(0x94877a), 0.5 + 0.7 * streak);
        let [nx, ny, nz] = self.place.normal;
        let broken = 0.5;
        let turned = [
            nx + broken * fbm(x * 3.6 / size, down * 3.6 / size, octaves - 1.8, 41),
            ny,
            nz + broken * fbm(x * 3.6 / size, down * 3.6 / size, octaves - 1.8, 42),
        ];
        light.shade(stone * (0.62 + 0.72 * crag), unit(turned), lit)
    }

    fn snow(&self, light: &Light) -> Rgb {
        let Place {
            x, z, normal, lit, ..
        } = *self.place;
        let drift = fbm(
            x / 30.0,
            z / 44.0,
            self.octaves(30.0).min(4.0),
            self.world.seed ^ 33,
        );
        let white = Rgb::hex(0xf3f7fc) * (0.98 + 0.07 * drift);
        light.shade(white, normal, lit) + Rgb::hex(0x3d5a86) * (0.35 * (1.0 - normal[1]))
    }

    /// Broken stone: every facet has its own tilt, with cracks in between.
    fn rock(&self, light: &Light) -> Rgb {
        let Place {
            x,
            z,
            relief,
            normal,
            lit,
        } = *self.place;
        let block = scale_at(2.4, z * 0.022);
        let big = cell(
            x / block,
            (z * 0.8 + relief.height * 1.3) / block,
            self.world.seed ^ 34,
        );
        let small = cell(x / 1.2, (z + relief.height) / 1.4, self.world.seed ^ 35);
        let tilt = |id: u32, shift: u32| ((id >> shift) & 255) as f32 / 255.0 - 0.5;
        let fine = self.resolved(2.4);
        let lean = 0.9;
        let turned = [
            normal[0] + lean * tilt(big.id, 0) + 0.5 * fine * tilt(small.id, 0),
            normal[1] + 0.1,
            normal[2] + lean * tilt(big.id, 8) + 0.5 * fine * tilt(small.id, 8),
        ];
        let stain = fbm(
            x / 8.0,
            (z + relief.height) / 8.0,
            self.octaves(8.0).min(5.0),
            36,
        );
        let crack = lerp(
            1.0,
            0.55 + 0.45 * smoothstep(0.0, 0.12, big.edge),
            self.resolved(block),
        );
        let stone = Rgb::hex(0x8d8478).mix(Rgb::hex(0xaaa093), 0.5 + 0.6 * stain);
        light.shade(stone * crack, unit(turned), lit)
    }

    /// Treetops from afar, and the dark ground between trees nearby.
    fn canopy(&self, light: &Light, dark: u32, bright: u32, crown_size: f32) -> Rgb {
        let Place {
            x,
            z,
            relief,
            normal,
            lit,
        } = *self.place;
        let crown_size = scale_at(crown_size, z * 0.0052);
        let depth = (z + relief.height * 1.6) / (crown_size * 1.6);
        let crown = cell(x / crown_size, depth, self.world.seed ^ 37);
        let shift = 0.32 * light.side();
        let other = cell(x / crown_size + shift, depth + 0.25, self.world.seed ^ 37);
        let lit_side = if other.id == crown.id { 0.0 } else { 1.0 };
        let tone = (hash(crown.id as i32, 1, 38) & 255) as f32 / 255.0;
        let stand = fbm(x / 160.0, z / 220.0, 3.0, self.world.seed ^ 39);
        let top = 0.15 + 0.4 * tone + 0.3 * lit_side * smoothstep(0.0, 0.3, crown.edge);
        let color = Rgb::hex(dark).mix(Rgb::hex(bright), top + 0.3 * stand);
        let gap = 0.6 + 0.4 * smoothstep(0.0, 0.25, crown.edge);
        let near = smoothstep(700.0, 250.0, z);
        let color = light.snowed(
            color * lerp(gap, 0.42, near),
            smoothstep(0.3, 0.75, top) * 0.8,
        );
        light.shade_bare(color, normal, lit)
    }
}
