//! Decides where things stand: trees in woods, tufts in grass, blooms in flower beds.

use crate::class::Class;
use crate::color::lerp;
use crate::ground::flower_density;
use crate::noise::{hash, hash_unit};
use crate::world::World;

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Conifer,
    Broadleaf,
    Boulder,
    Tuft,
    Stalk,
    Bloom,
}

/// An upright thing in the world, sizes in metres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) kind: Kind,
    pub(crate) x: f32,
    pub(crate) z: f32,
    /// Height of the ground it stands on.
    pub(crate) ground: f32,
    pub(crate) height: f32,
    pub(crate) seed: u32,
}

/// A jittered grid over the ground, evenly dense in the picture.
struct Grid {
    near: f32,
    far: f32,
    /// Ratio of the distances of neighbouring rows.
    ratio: f32,
    seed: u32,
}

impl Grid {
    /// Calls `visit(x, z, seed)` for every grid point; `spacing(z)` is the step across in picture
    /// widths.
    fn visit(
        &self,
        world: &World,
        spacing: impl Fn(f32) -> f32,
        mut visit: impl FnMut(f32, f32, u32),
    ) {
        let rows = ((self.far / self.near).ln() / self.ratio.ln())
            .ceil()
            .max(0.0) as i32;
        for row in 0..rows {
            let step = spacing(self.near * self.ratio.powi(row));
            let count = (1.3 / step).ceil() as i32;
            for i in 0..count {
                let id = hash(i, row, self.seed);
                let jitter = hash_unit(i, row, self.seed ^ 0xA5A5);
                let z = self.near * self.ratio.powf(row as f32 + jitter);
                let u = (i as f32 + (id & 0xffff) as f32 / 65536.0) * step - 0.15;
                visit(world.camera.world_x(u, z), z, id);
            }
        }
    }
}

/// Trees of the woods and boulders of the outcrops, as far as they can be told apart.
pub(crate) fn trees(world: &World, out: &mut Vec<Standing>) {
    let grid = Grid {
        near: 0.6 * world.camera.ground_distance(1.0),
        far: 1900.0,
        ratio: 1.045,
        seed: world.seed ^ 0x7233,
    };
    let focal = world.camera.focal;
    let spacing = |z: f32| (3.6 * focal / z).max(0.0075);
    grid.visit(world, spacing, |x, z, id| {
        let relief = world.relief(x, z);
        if relief.height < 0.4 {
            return;
        }
        let vary = hash_unit(id as i32, 3, 11);
        let smallest = 0.0155 * z / focal;
        let (kind, height) = match world.cover(x, z, &relief, 0.85) {
            Class::Forest => (Kind::Conifer, lerp(11.0, 19.0, vary)),
            Class::Rock if id % 3 == 0 && relief.rise <= 0.0 && world.off_road(x, z) > 0.3 => {
                (Kind::Boulder, lerp(1.4, 4.6, vary * vary))
            }
            Class::Tree if id % 3 != 0 => (Kind::Broadleaf, lerp(9.0, 14.0, vary)),
            _ => return,
        };
        out.push(Standing {
            kind,
            x,
            z,
            ground: relief.height,
            height: height.max(smallest * lerp(0.8, 1.25, vary)),
            seed: id,
        });
    });
}

/// Grass, grain and blooms in the foreground.
pub(crate) fn ground_plants(world: &World, out: &mut Vec<Standing>) {
    let focal = world.camera.focal;
    let near = 0.6 * world.camera.ground_distance(1.0);
    let grass = Grid {
        near,
        far: near * 9.0,
        ratio: 1.022,
        seed: world.seed ^ 0x6a55,
    };
    let grass_step = |_: f32| 0.0052;
    grass.visit(world, grass_step, |x, z, id| {
        let (kind, height) = match cover_of(world, x, z) {
            Some(Class::Meadow) => (Kind::Tuft, 0.9),
            Some(Class::Flowers) => (Kind::Tuft, 0.7),
            Some(Class::Field) => (Kind::Stalk, 1.0),
            _ => return,
        };
        out.push(plant(world, kind, height, (x, z, id)));
    });
    let blooms = Grid {
        near,
        far: near * 12.0,
        ratio: 1.014,
        seed: world.seed ^ 0xb100,
    };
    let bloom_step = |z: f32| (0.66 * focal / z).max(0.0042);
    blooms.visit(world, bloom_step, |x, z, id| {
        let thin = hash_unit(id as i32, 4, 12) > flower_density(x, z);
        if !thin && cover_of(world, x, z) == Some(Class::Flowers) {
            out.push(plant(world, Kind::Bloom, 0.34, (x, z, id)));
        }
    });
}

/// Cover of a dry place.
fn cover_of(world: &World, x: f32, z: f32) -> Option<Class> {
    let relief = world.relief(x, z);
    (relief.height > 0.1).then(|| world.cover(x, z, &relief, 0.9))
}

fn plant(world: &World, kind: Kind, height: f32, (x, z, seed): (f32, f32, u32)) -> Standing {
    let vary = (seed >> 20) as f32 / 4096.0;
    Standing {
        kind,
        x,
        z,
        ground: world.relief(x, z).height,
        height: height * lerp(0.7, 1.3, vary),
        seed,
    }
}
