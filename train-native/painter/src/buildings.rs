//! Houses: a box with a gable roof and a chimney, seen by casting a ray through every sample.

use crate::canvas::{Camera, Canvas, SKY_DEPTH};
use crate::class::Class;
use crate::color::{Rgb, smoothstep};
use crate::light::Light;
use crate::noise::{fbm, hash_unit};

/// A house; metres and radians.
#[derive(Clone, Copy, Debug)]
pub(crate) struct House {
    pub(crate) x: f32,
    pub(crate) z: f32,
    pub(crate) ground: f32,
    /// Turn about the vertical.
    pub(crate) yaw: f32,
    /// Along the ridge.
    pub(crate) length: f32,
    /// Across the ridge.
    pub(crate) depth: f32,
    pub(crate) wall: f32,
    pub(crate) roof: f32,
    pub(crate) seed: u32,
}

/// Parts of a house that look different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Wall along the ridge.
    Side,
    /// Wall with the gable.
    Gable,
    Roof,
    Chimney,
}

struct Hit {
    t: f32,
    part: Part,
    point: [f32; 3],
    normal: [f32; 3],
}

/// A ray in house coordinates: x along the ridge, y up from the ground, z across.
struct Ray {
    from: [f32; 3],
    along: [f32; 3],
}

impl Ray {
    fn at(&self, t: f32) -> [f32; 3] {
        std::array::from_fn(|i| self.from[i] + self.along[i] * t)
    }
}

const EAVES: f32 = 0.7;

impl House {
    fn to_local(self, v: [f32; 3]) -> [f32; 3] {
        let (sin, cos) = self.yaw.sin_cos();
        [v[0] * cos + v[2] * sin, v[1], -v[0] * sin + v[2] * cos]
    }

    fn to_world(self, v: [f32; 3]) -> [f32; 3] {
        let (sin, cos) = self.yaw.sin_cos();
        [v[0] * cos - v[2] * sin, v[1], v[0] * sin + v[2] * cos]
    }

    fn ray(&self, from: [f32; 3], along: [f32; 3]) -> Ray {
        Ray {
            from: self.to_local([from[0] - self.x, from[1] - self.ground, from[2] - self.z]),
            along: self.to_local(along),
        }
    }

    /// First thing that a ray meets.
    fn hit(&self, ray: &Ray) -> Option<Hit> {
        let mut best: Option<Hit> = None;
        let mut offer = |candidate: Option<Hit>| {
            if let Some(hit) = candidate
                && best.as_ref().is_none_or(|b| hit.t < b.t)
            {
                best = Some(hit);
            }
        };
        for sign in [-1.0, 1.0] {
            offer(self.side(ray, sign));
            offer(self.gable(ray, sign));
            offer(self.roof_half(ray, sign));
        }
        offer(self.chimney(ray));
        best
    }

    fn plane(ray: &Ray, axis: usize, at: f32) -> Option<(f32, [f32; 3])> {
        if ray.along[axis].abs() < 1e-6 {
            return None;
        }
        let t = (at - ray.from[axis]) / ray.along[axis];
        (t > 1e-3).then(|| (t, ray.at(t)))
    }

    fn side(&self, ray: &Ray, sign: f32) -> Option<Hit> {
        let (t, point) = Self::plane(ray, 2, sign * self.depth * 0.5)?;
        let inside = point[0].abs() < self.length * 0.5 && (-2.0..self.wall).contains(&point[1]);
        inside.then_some(Hit {
            t,
            part: Part::Side,
            point,
            normal: [0.0, 0.0, sign],
        })
    }

    fn gable(&self, ray: &Ray, sign: f32) -> Option<Hit> {
        let (t, point) = Self::plane(ray, 0, sign * self.length * 0.5)?;
        let across = point[2].abs() / (self.depth * 0.5);
        let top = self.wall + self.roof * (1.0 - across);
        (across < 1.0 && (-2.0..top).contains(&point[1])).then_some(Hit {
            t,
            part: Part::Gable,
            point,
            normal: [sign, 0.0, 0.0],
        })
    }

    fn roof_half(&self, ray: &Ray, sign: f32) -> Option<Hit> {
        let pitch = self.roof / (self.depth * 0.5);
        let rise = |p: [f32; 3]| p[1] + sign * pitch * p[2];
        let speed = rise(ray.along);
        if speed.abs() < 1e-6 {
            return None;
        }
        let t = (self.wall + self.roof + 0.15 - rise(ray.from)) / speed;
        let point = ray.at(t);
        let across = point[2] * sign;
        let inside = t > 1e-3
            && (0.0..self.depth * 0.5 + EAVES).contains(&across)
            && point[0].abs() < self.length * 0.5 + EAVES;
        let length = (1.0 + pitch * pitch).sqrt();
        inside.then_some(Hit {
            t,
            part: Part::Roof,
            point,
            normal: [0.0, 1.0 / length, sign * pitch / length],
        })
    }

    fn chimney(&self, ray: &Ray) -> Option<Hit> {
        let middle = [self.length * 0.24, 0.0, self.depth * 0.12];
        let top = self.wall + self.roof * 1.22;
        let half = 0.62;
        let mut best: Option<Hit> = None;
        for axis in [0, 2] {
            for sign in [-1.0, 1.0] {
                let Some((t, point)) = Self::plane(ray, axis, middle[axis] + sign * half) else {
                    continue;
                };
                let other = 2 - axis;
                let inside = (point[other] - middle[other]).abs() <= half
                    && (self.wall..top).contains(&point[1]);
                if inside && best.as_ref().is_none_or(|b| t < b.t) {
                    let mut normal = [0.0; 3];
                    normal[axis] = sign;
                    best = Some(Hit {
                        t,
                        part: Part::Chimney,
                        point,
                        normal,
                    });
                }
            }
        }
        best
    }

    /// Whether a tree at a place would grow into the house or hide its front.
    pub(crate) fn covers(&self, x: f32, z: f32) -> bool {
        let [along, _, across] = self.to_local([x - self.x, 0.0, z - self.z]);
        along.abs() < self.length * 0.5 + 4.0 && across.abs() < self.depth * 0.5 + 4.0
    }

    /// Radius of a ball around the house.
    fn reach(&self) -> f32 {
        0.5 * (self.length + self.depth) * 0.85 + 1.5
    }

    /// Paints the house where nothing nearer stands.
    pub(crate) fn paint(&self, canvas: &mut Canvas, camera: &Camera, light: &Light) {
        let reach = self.reach();
        let near = (self.z - reach).max(1.0);
        let half = camera.focal * reach / near;
        let middle = camera.column(self.x, self.z);
        let top = camera.row(self.ground + (self.wall + self.roof) * 1.3, near);
        let bottom = camera.row(self.ground - 1.5, near);
        canvas.for_each_in(
            (middle - half, middle + half),
            (top, bottom),
            |canvas, index, u, v| {
                let along = [
                    (u - 0.5) / camera.focal,
                    (camera.horizon - v) / camera.focal,
                    1.0,
                ];
                let ray = self.ray([0.0, camera.height, 0.0], along);
                if let Some(hit) = self.hit(&ray)
                    && hit.t < canvas.depth[index] + 0.35
                {
                    let color = self.surface(&hit, light);
                    canvas.depth[index] = hit.t;
                    canvas.class[index] = Class::House;
                    canvas.color[index] = light.through_air(color, hit.t);
                }
            },
        );
    }

    fn surface(&self, hit: &Hit, light: &Light) -> Rgb {
        let tint = hash_unit(self.seed as i32, 1, 2);
        let [x, y, z] = hit.point;
        let albedo = match hit.part {
            Part::Roof => self.tiles(x, y),
            Part::Chimney => Rgb::hex(0x9a6a54),
            Part::Side => self.wall_face(x, self.length, y, tint, true),
            Part::Gable => self.wall_face(z, self.depth, y, tint, false),
        };
        let under_eaves = match hit.part {
            Part::Side => smoothstep(self.wall - 0.1, self.wall - 1.1, y) * 0.45 + 0.55,
            _ => 1.0,
        };
        let base = smoothstep(-0.3, 0.8, y) * 0.2 + 0.8;
        let shaded = light.shade(
            albedo * (under_eaves * base),
            self.to_world(hit.normal),
            1.0,
        );
        match light.weather.lamps {
            0.0 => shaded,
            lamps => shaded + self.lamplight(hit, lamps),
        }
    }

    /// Light that comes out of the windows of those who are at home.
    fn lamplight(&self, hit: &Hit, lamps: f32) -> Rgb {
        let [x, y, z] = hit.point;
        let (along, length) = match hit.part {
            Part::Side => (x, self.length),
            Part::Gable => (z, self.depth),
            Part::Roof | Part::Chimney => return Rgb::BLACK,
        };
        let (offset, bay) = bay(along, length);
        let floor = y.rem_euclid(3.0);
        if !self.in_window(offset, y) || offset.abs() < 0.07 || (floor - 1.65).abs() < 0.06 {
            return Rgb::BLACK;
        }
        let at_home = hash_unit(bay as i32 * 7 + (y / 3.0) as i32, 11, self.seed) < 0.75;
        Rgb::hex(0xffc65e) * if at_home { 1.3 * lamps } else { 0.0 }
    }

    fn in_window(&self, offset: f32, y: f32) -> bool {
        let floor = y.rem_euclid(3.0);
        y > 0.0 && offset.abs() < 0.62 && (0.95..2.3).contains(&floor) && y < self.wall - 0.4
    }

    fn tiles(&self, x: f32, y: f32) -> Rgb {
        let row = (y * 2.2).fract();
        let wear = fbm(x * 0.6, y * 0.9, 3.0, self.seed);
        let red = Rgb::hex(0xb0503a).mix(Rgb::hex(0x94402f), hash_unit(self.seed as i32, 4, 4));
        red * (0.88 + 0.14 * row + 0.22 * wear)
    }

    /// Plaster with windows in shutters; the side wall has a door in its middle.
    fn wall_face(&self, along: f32, length: f32, y: f32, tint: f32, door: bool) -> Rgb {
        let plaster = Rgb::hex(0xf3ead6).mix(Rgb::hex(0xead3a8), tint * 0.8);
        let bays = (length / 3.4).floor().max(1.0);
        let (offset, bay) = bay(along, length);
        let middle_bay = (bays / 2.0).floor();
        if door && bay == middle_bay && y < 2.7 {
            let is_door = offset.abs() < 0.75 && y < 2.4;
            return if is_door { Rgb::hex(0x6b4428) } else { plaster };
        }
        let floor = y.rem_euclid(3.0);
        if self.in_window(offset, y) {
            let bar = offset.abs() < 0.07 || (floor - 1.65).abs() < 0.06;
            let glass =
                Rgb::hex(0x31465c).mix(Rgb::hex(0x9db9d0), smoothstep(1.0, 2.4, floor) * 0.6);
            return if bar { Rgb::hex(0xe9e4d8) } else { glass };
        }
        let shutter = (0.62..1.05).contains(&offset.abs())
            && (0.9..2.35).contains(&floor)
            && y < self.wall - 0.4
            && y > 0.0;
        if shutter {
            return Rgb::hex(0x54705c);
        }
        plaster * (0.97 + 0.08 * fbm(along * 0.5, y * 0.5, 2.0, self.seed ^ 5))
    }

    /// Darkens what the house keeps the light from.
    pub(crate) fn cast_shadow(&self, canvas: &mut Canvas, camera: &Camera, light: &Light) {
        let tall = (self.wall + self.roof) / light.toward[1] * light.toward[0].abs();
        let reach = self.reach() + tall;
        let half = camera.focal * reach / (self.z - self.reach()).max(8.0);
        let middle = camera.column(self.x, self.z);
        let top = camera.row(self.ground + 2.0, self.z + reach);
        let bottom = camera.row(self.ground - 3.0, (self.z - reach).max(8.0));
        canvas.for_each_in(
            (middle - half, middle + half),
            (top, bottom),
            |canvas, index, u, v| {
                let z = canvas.depth[index];
                let open = matches!(
                    canvas.class[index],
                    Class::Water | Class::Tree | Class::Forest | Class::House
                );
                if z >= SKY_DEPTH || (z - self.z).abs() > reach * 1.5 || open {
                    return;
                }
                let from = [camera.world_x(u, z), camera.world_height(v, z) + 0.15, z];
                if self.hit(&self.ray(from, light.toward)).is_some() {
                    canvas.cast_shadow(index, 1.0);
                }
            },
        );
    }
}

/// How far from the middle of its bay a point of a wall is, in metres, and which bay it is.
fn bay(along: f32, length: f32) -> (f32, f32) {
    let bays = (length / 3.4).floor().max(1.0);
    let bay = (along / length + 0.5) * bays;
    ((bay.fract() - 0.5) * length / bays, bay.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: House = House {
        x: 0.0,
        z: 50.0,
        ground: 0.0,
        yaw: 0.4,
        length: 12.0,
        depth: 8.0,
        wall: 4.0,
        roof: 3.0,
        seed: 1,
    };

    #[test]
    fn rays_meet_the_house_in_front_and_miss_it_above() {
        let toward = |y: f32| HOUSE.hit(&HOUSE.ray([0.0, 2.0, 0.0], [0.0, y, 1.0]));
        let wall = toward(0.0).expect("a level ray meets a wall");
        assert!(wall.t > 40.0 && wall.t < 50.0);
        assert!(toward(0.5).is_none());
    }

    #[test]
    fn turning_to_local_and_back_changes_nothing() {
        let v = HOUSE.to_world(HOUSE.to_local([1.0, 2.0, 3.0]));
        assert!((v[0] - 1.0).abs() < 1e-5 && (v[2] - 3.0).abs() < 1e-5);
    }
}
