//! The buffer of earlier fakes, with the random choices that the original's `random` module would
//! make.

use anyhow::{Result, bail, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint::family::{ImagePool, PoolDraws};
use underpaint_tests::{Fixture, Flags, compare};

const FLAGS: [&str; 10] = [
    "pool_size",
    "batch_size",
    "batchSize",
    "steps",
    "n_queries",
    "num_queries",
    "n_images",
    "num_images",
    "seed",
    "image_shape",
];
/// What the names of the numbers of places may begin with, where they are no integers.
const PLACES: [&str; 5] = ["id", "randint", "random_id", "choice", "ind"];
/// What the names of outputs may contain that hold the pool's pictures in the end.
const KEPT: [&str; 3] = ["pool", "stored", "final"];

/// Asks a pool everything that the fixture asked, and compares what it shows and keeps.
pub fn check(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = fixture.flags(&FLAGS)?;
    let capacity = flags.count("pool_size")?;
    let (draws, queries): (Vec<_>, Vec<_>) = fixture
        .tensor_names("input")
        .into_iter()
        .partition(|name| rank(fixture, name) <= 2);
    let queries = Images::read(fixture, queries, device)?;
    let batch = queries.batch(&flags)?;
    let mut draws = Script::read(fixture, &draws)?;
    draws.align(capacity, queries.images.len())?;
    let (mut pool, mut shown) = (ImagePool::new(capacity), Vec::new());
    for batch in queries.images.chunks(batch) {
        let answer = pool.query_with(Tensor::cat(batch.to_vec(), 0), &mut draws);
        shown.extend(answer.into_data().iter::<f64>());
    }
    if let Some(problem) = draws.problem {
        bail!("{problem}");
    }
    let (kept, answers): (Vec<_>, Vec<_>) = fixture
        .tensor_names("output")
        .into_iter()
        .partition(|name| KEPT.iter().any(|word| name.contains(word)));
    Images::read(fixture, answers, device)?.compare(fixture, &shown)?;
    if !kept.is_empty() {
        let state = pool.state().into_values().flat_map(|entry| entry.values);
        let state: Vec<f64> = state.map(f64::from).collect();
        Images::read(fixture, kept, device)?.compare(fixture, &state)?;
    }
    Ok(())
}

fn rank(fixture: &Fixture, name: &str) -> usize {
    let shape = fixture.entry("tensors")[name]["shape"].as_array();
    shape.map_or(0, Vec::len)
}

/// Pictures one by one, in the order in which they were asked or shown: one tensor of all of them, or
/// numbered ones.
struct Images {
    names: Vec<String>,
    images: Vec<Tensor<4>>,
    values: Vec<f64>,
    /// Of one query, where the shapes say it.
    batch: Option<usize>,
}

impl Images {
    fn read(fixture: &Fixture, mut names: Vec<String>, device: &Device) -> Result<Self> {
        names.sort_by_key(|name| (stem(name).to_owned(), number(name)));
        let same = names.iter().all(|name| stem(name) == stem(&names[0]));
        ensure!(
            !names.is_empty() && same,
            "tensors {names:?} are not known to this harness"
        );
        let (mut images, mut values, mut batch) = (Vec::new(), Vec::new(), None);
        for name in &names {
            let golden = fixture.tensor(name)?;
            // [query, batch, channels, height, width]; a numbered query leaves out the first, and
            // one of single pictures the second.
            let leading = match golden.shape.len() {
                5 => 2,
                _ => 1,
            };
            let picture = [1, 1, 1, golden.shape[leading..].iter().product::<usize>()];
            let size = golden.shape[leading - 1];
            if leading == 2 || names.len() > 1 {
                batch = Some(size);
            }
            let all = golden.f32();
            let image = |values: &[f32]| {
                Tensor::from_data(TensorData::new(values.to_vec(), picture), device)
            };
            images.extend(all.chunks_exact(picture[3]).map(image));
            values.extend(golden.values);
        }
        Ok(Self {
            names,
            images,
            values,
            batch,
        })
    }

    fn batch(&self, flags: &Flags<'_>) -> Result<usize> {
        let stored = self.batch.unwrap_or(1);
        let batch = flags.count_or("batch_size", flags.count_or("batchSize", stored)?)?;
        ensure!(batch > 0, "queries without pictures");
        Ok(batch)
    }

    fn compare(&self, fixture: &Fixture, found: &[f64]) -> Result<()> {
        let atol = self.names.iter().map(|name| fixture.tolerance(name));
        // Pictures that are only passed on are exact.
        let atol = atol.map(|atol| atol.unwrap_or(0.0)).fold(0.0, f64::max);
        compare(&self.names.join(", "), found, &self.values, atol)
    }
}

fn stem(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

fn number(name: &str) -> usize {
    name[stem(name).len()..].parse().unwrap_or(0)
}

/// Scripted draws.
struct Script {
    /// What `random.uniform(0, 1)` gave.
    uniform: Vec<f64>,
    /// What `random.randint(0, pool_size - 1)` gave.
    places: Vec<usize>,
    /// How many of either belong to the pictures that came while the pool filled.
    skip: [usize; 2],
    /// Whether every picture has a place, used or not.
    place_for_each: bool,
    asked: usize,
    taken: usize,
    problem: Option<String>,
}

impl Script {
    fn read(fixture: &Fixture, names: &[String]) -> Result<Self> {
        let is_place = |name: &&String| {
            let dtype = fixture.entry("tensors")[name.as_str()]["dtype"].as_str();
            let integer = dtype.is_some_and(|dtype| dtype.contains("int"));
            integer || PLACES.iter().any(|word| name.starts_with(word))
        };
        let (places, uniform): (Vec<_>, Vec<_>) = names.iter().partition(is_place);
        let only = |names: Vec<&String>| -> Result<Vec<f64>> {
            match names[..] {
                // A pool that never fills draws nothing.
                [] => Ok(Vec::new()),
                [name] => Ok(fixture.tensor(name)?.values),
                _ => bail!("tensors {names:?} are not known to this harness"),
            }
        };
        let places = only(places)?;
        Ok(Self {
            uniform: only(uniform)?,
            places: places.into_iter().map(|place| place as usize).collect(),
            skip: [0, 0],
            place_for_each: false,
            asked: 0,
            taken: 0,
            problem: None,
        })
    }

    /// Finds out from their numbers what the draws belong to: to every picture, to every picture of a
    /// full pool, or, for places, only to those that are swapped.
    fn align(&mut self, capacity: usize, pictures: usize) -> Result<()> {
        let full = match capacity {
            0 => 0,
            _ => pictures.saturating_sub(capacity),
        };
        let (uniform, places) = (self.uniform.len(), self.places.len());
        let filling = |draws: usize| match draws == pictures {
            true => pictures - full,
            false => 0,
        };
        self.skip[0] = filling(uniform);
        let used = self.uniform.iter().skip(self.skip[0]).take(full);
        let used: Vec<f64> = used.copied().collect();
        ensure!(
            used.len() == full,
            "{uniform} draws for {full} pictures of a full pool"
        );
        let swapped = used.iter().filter(|&&draw| draw > 0.5).count();
        ensure!(places >= swapped, "{places} places for {swapped} swaps");
        self.place_for_each = places != swapped && [full, pictures].contains(&places);
        if self.place_for_each {
            self.skip[1] = filling(places);
        }
        Ok(())
    }

    fn place_of(&mut self, number: usize) -> Option<usize> {
        let index = match self.place_for_each {
            true => self.skip[1] + number,
            false => self.taken,
        };
        self.taken += 1;
        self.places.get(index).copied()
    }
}

impl PoolDraws for Script {
    fn place(&mut self, stored: usize) -> Option<usize> {
        let number = self.asked;
        self.asked += 1;
        let draw = self.uniform.get(self.skip[0] + number).copied();
        if draw.is_none_or(|draw| draw <= 0.5) {
            return None;
        }
        let place = self.place_of(number);
        let fits = place.filter(|&place| place < stored);
        if fits.is_none() {
            let problem = format!("picture {number} of a full pool: place {place:?} of {stored}");
            self.problem.get_or_insert(problem);
        }
        fits
    }
}
