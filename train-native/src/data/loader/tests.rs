//! With data sets of numbers, some of them slow or failing.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::data::{PixelsF32, Sample, SampleInput};

/// Sample i holds i and one draw; some are slow, some fail as told.
#[derive(Default)]
struct Numbers {
    count: usize,
    panics_at: Option<usize>,
    fails_at: Option<usize>,
    wide_at: Option<usize>,
    loads: AtomicUsize,
}

impl Numbers {
    fn new(count: usize) -> Self {
        Self {
            count,
            ..Self::default()
        }
    }
}

impl Dataset for Numbers {
    fn len(&self) -> usize {
        self.count
    }

    fn name(&self, index: usize) -> String {
        format!("n{index}")
    }

    fn load(&self, index: usize, rng: &mut SampleRng) -> Result<Sample, DataError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        if index.is_multiple_of(5) {
            std::thread::sleep(Duration::from_millis(3));
        }
        assert!(self.panics_at != Some(index), "told to panic");
        if self.fails_at == Some(index) {
            return Err(DataError::undecodable("n.png".as_ref(), "told to fail"));
        }
        let width = if self.wide_at == Some(index) { 2 } else { 1 };
        let pixels = |value: f32| PixelsF32 {
            channels: 1,
            height: 1,
            width,
            data: vec![value; width],
        };
        let input = SampleInput::Image(pixels(index as f32));
        Ok(Sample {
            name: self.name(index),
            input,
            instances: None,
            features: None,
            target: pixels(rng.random::<f32>()),
        })
    }
}

fn loader(dataset: Numbers, batch_size: usize, workers: usize) -> Loader {
    let options = LoaderOptions {
        batch_size,
        workers,
        seed: 11,
        prefetch: 2,
        ..LoaderOptions::default()
    };
    Loader::new(Arc::new(dataset), options).unwrap()
}

fn all(batches: Batches) -> Vec<Vec<Sample>> {
    batches.map(Result::unwrap).collect()
}

#[test]
fn any_number_of_workers_gives_the_same_batches() {
    let single = all(loader(Numbers::new(53), 4, 1).epoch(3, 0));
    for workers in [0, 2, 7, 64] {
        assert_eq!(
            all(loader(Numbers::new(53), 4, workers).epoch(3, 0)),
            single
        );
    }
}

#[test]
fn shares_put_together_are_the_batches_of_one_and_the_short_last_one_is_left_out() {
    let of = |batch_size, share| {
        let options = LoaderOptions {
            batch_size,
            share,
            seed: 11,
            ..LoaderOptions::default()
        };
        Loader::new(Arc::new(Numbers::new(20)), options).unwrap()
    };
    let whole = all(of(6, Share::ALL).epoch(2, 1));
    let share = |rank| all(of(2, Share { rank, size: 3 }).epoch(2, 1));
    let shares = [0, 1, 2].map(share);
    assert_eq!(of(2, Share { rank: 2, size: 3 }).batches_per_epoch(), 3);
    for batch in 0..2 {
        let together: Vec<Sample> = shares.iter().flat_map(|s| s[batch].clone()).collect();
        assert_eq!(together, whole[batch]);
    }
    assert_eq!((whole.len(), shares[0].len()), (3, 2));
}

#[test]
fn starting_late_gives_exactly_the_tail() {
    let loader = loader(Numbers::new(23), 3, 3);
    let whole = all(loader.epoch(1, 0));
    assert_eq!(whole.len(), loader.batches_per_epoch());
    for first in 0..=whole.len() + 1 {
        assert_eq!(all(loader.epoch(1, first)), whole[first.min(whole.len())..]);
    }
}

#[test]
fn epochs_visit_every_sample_once_in_different_orders_with_different_draws() {
    let loader = loader(Numbers::new(40), 4, 2);
    let mut seen = loader.order(0);
    assert_ne!(seen, loader.order(1));
    seen.sort_unstable();
    assert_eq!(seen, (0..40).collect::<Vec<_>>());
    let draws = |epoch| -> Vec<f32> {
        all(loader.epoch(epoch, 0))
            .concat()
            .iter()
            .map(|s| s.target.data[0])
            .collect()
    };
    let (first, second) = (draws(0), draws(1));
    assert!(first.iter().all(|draw| !second.contains(draw)));
}

#[test]
fn unshuffled_order_is_the_data_sets_and_the_short_last_batch_can_be_dropped() {
    let options = LoaderOptions {
        batch_size: 4,
        shuffle: false,
        ..LoaderOptions::default()
    };
    let lengths = |drop_last| -> Vec<usize> {
        let loader = Loader::new(
            Arc::new(Numbers::new(10)),
            LoaderOptions {
                drop_last,
                ..options
            },
        )
        .unwrap();
        assert_eq!(loader.order(5), (0..10).collect::<Vec<_>>());
        all(loader.epoch(0, 0)).iter().map(Vec::len).collect()
    };
    assert_eq!(lengths(false), [4, 4, 2]);
    assert_eq!(lengths(true), [4, 4]);
}

#[test]
fn a_panic_becomes_an_error_that_names_the_sample_and_ends_the_epoch() {
    let dataset = Numbers {
        panics_at: Some(7),
        ..Numbers::new(20)
    };
    let mut batches = loader(dataset, 2, 3).epoch(0, 0);
    let error = batches.find_map(Result::err).unwrap();
    assert!(
        error.to_string().contains("n7") && error.to_string().contains("told to panic"),
        "{error}"
    );
    assert!(batches.next().is_none());
}

#[test]
fn an_error_comes_at_its_turn() {
    let dataset = Numbers {
        fails_at: Some(8),
        ..Numbers::new(20)
    };
    let options = LoaderOptions {
        batch_size: 3,
        shuffle: false,
        ..LoaderOptions::default()
    };
    let results: Vec<_> = Loader::new(Arc::new(dataset), options)
        .unwrap()
        .epoch(0, 0)
        .collect();
    assert_eq!(
        results.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, true, false]
    );
}

#[test]
fn uneven_sizes_in_a_batch_name_both_samples() {
    let options = LoaderOptions {
        batch_size: 4,
        shuffle: false,
        ..LoaderOptions::default()
    };
    let dataset = Numbers {
        wide_at: Some(2),
        ..Numbers::new(4)
    };
    let text = Loader::new(Arc::new(dataset), options)
        .unwrap()
        .epoch(0, 0)
        .next()
        .unwrap()
        .unwrap_err()
        .to_string();
    for part in ["n0", "n2", "1x1", "2x1"] {
        assert!(text.contains(part), "{part} missing in {text}");
    }
}

#[test]
fn no_more_than_the_prefetch_is_loaded_ahead_and_dropping_ends_the_threads() {
    let dataset = Arc::new(Numbers::new(1000));
    let options = LoaderOptions {
        batch_size: 2,
        workers: 4,
        prefetch: 3,
        ..LoaderOptions::default()
    };
    let loader = Loader::new(dataset.clone(), options).unwrap();
    let mut batches = loader.epoch(0, 0);
    batches.next().unwrap().unwrap();
    std::thread::sleep(Duration::from_millis(60));
    // 8 queued at the start, 2 more for the batch taken.
    assert_eq!(dataset.loads.load(Ordering::SeqCst), 10);
    drop(batches);
    drop(loader);
    assert_eq!(
        Arc::strong_count(&dataset),
        1,
        "a thread still holds the data set"
    );
}

#[test]
fn impossible_batch_sizes_are_refused() {
    for (count, batch_size, drop_last) in [(3, 0, false), (0, 1, false), (3, 4, true)] {
        let options = LoaderOptions {
            batch_size,
            drop_last,
            ..LoaderOptions::default()
        };
        assert!(Loader::new(Arc::new(Numbers::new(count)), options).is_err());
    }
}
