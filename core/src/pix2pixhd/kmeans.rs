//! K-means clustering of a few short vectors, on the host.
//!
//! Written here rather than taken from a crate: `kmeans` needs a nightly compiler,
//! `linfa-clustering` brings matrix libraries that the browser would have to carry for a few hundred
//! rows of three numbers, and `kmeans_uni` has a single release so far.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Runs from different starts, of which the best counts.
const STARTS: usize = 10;
/// Rounds after which a run ends that still moves.
const MOST_ROUNDS: usize = 300;

/// `count` centres of `rows`, by Lloyd's algorithm from k-means++ starts. All rows have one length;
/// with `count` rows or fewer they are the centres themselves.
///
/// Source: Arthur & Vassilvitskii 2007, "k-means++: the advantages of careful seeding". The original
/// calls scikit-learn's `KMeans`, whose random stream is another: centres agree where the rows have
/// `count` clear clusters.
pub fn kmeans(rows: &[Vec<f32>], count: usize, seed: u64) -> Vec<Vec<f32>> {
    if rows.len() <= count {
        return rows.to_vec();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let runs = (0..STARTS).map(|_| settle(rows, spread_start(rows, count, &mut rng)));
    let best = runs.min_by(|(_, a), (_, b)| a.total_cmp(b));
    best.map_or_else(Vec::new, |(centres, _)| centres)
}

/// The first centre is any row; each next one is a row drawn by its squared distance to those before.
fn spread_start(rows: &[Vec<f32>], count: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<f32>> {
    // In 64 bits everywhere: a browser, which has 32, draws the same.
    let first = (rng.next_u64() % rows.len() as u64) as usize;
    let mut centres = vec![rows[first].clone()];
    while centres.len() < count {
        let distances: Vec<f64> = rows.iter().map(|row| nearest(row, &centres).1).collect();
        let mut rest = unit_interval(rng) * distances.iter().sum::<f64>();
        let drawn = distances.iter().position(|distance| {
            rest -= distance;
            rest < 0.0
        });
        // Only where all rows are centres already, or by rounding.
        let drawn = drawn.unwrap_or(rows.len() - 1);
        centres.push(rows[drawn].clone());
    }
    centres
}

fn unit_interval(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * 2.0f64.powi(-53)
}

/// Moves the centres until their rows stay the same; the sum of squared distances comes along.
fn settle(rows: &[Vec<f32>], mut centres: Vec<Vec<f32>>) -> (Vec<Vec<f32>>, f64) {
    let mut members: Vec<usize> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let next: Vec<usize> = rows.iter().map(|row| nearest(row, &centres).0).collect();
        if next == members {
            break;
        }
        members = next;
        for (index, centre) in centres.iter_mut().enumerate() {
            let own = rows.iter().zip(&members);
            let own: Vec<&Vec<f32>> = own
                .filter(|(_, member)| **member == index)
                .map(|(row, _)| row)
                .collect();
            // One that has lost its rows stays where it is.
            if !own.is_empty() {
                mean(&own, centre);
            }
        }
    }
    let spread = rows.iter().map(|row| nearest(row, &centres).1).sum();
    (centres, spread)
}

fn mean(rows: &[&Vec<f32>], centre: &mut [f32]) {
    for (axis, value) in centre.iter_mut().enumerate() {
        let sum: f64 = rows.iter().map(|row| f64::from(row[axis])).sum();
        *value = (sum / rows.len() as f64) as f32;
    }
}

/// Index of the nearest centre and the squared distance to it.
fn nearest(row: &[f32], centres: &[Vec<f32>]) -> (usize, f64) {
    let distance = |centre: &Vec<f32>| -> f64 {
        let axes = row.iter().zip(centre);
        axes.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum()
    };
    let distances = centres.iter().map(distance).enumerate();
    distances
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .unwrap_or((0, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_clusters_are_found_whatever_the_seed() {
        let corners = [[-3.0f32, 0.0], [3.0, 0.0], [0.0, 4.0], [0.0, -5.0]];
        let offsets = [[0.1f32, 0.0], [-0.1, 0.0], [0.0, 0.2], [0.0, -0.2]];
        let rows: Vec<Vec<f32>> = corners
            .iter()
            .flat_map(|c| offsets.map(|o| vec![c[0] + o[0], c[1] + o[1]]))
            .collect();
        for seed in 0..20 {
            let mut centres = kmeans(&rows, 4, seed);
            centres.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
            let mut expected = corners.map(|corner| corner.to_vec());
            expected.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
            for (found, expected) in centres.iter().zip(&expected) {
                assert!(nearest(found, std::slice::from_ref(expected)).1 < 1e-10);
            }
        }
    }

    #[test]
    fn few_rows_are_their_own_centres_and_equal_rows_do_no_harm() {
        let rows = vec![vec![1.0f32], vec![2.0]];
        assert_eq!(kmeans(&rows, 3, 0), rows);
        assert_eq!(kmeans(&[], 3, 0), Vec::<Vec<f32>>::new());
        assert_eq!(kmeans(&vec![vec![0.5f32]; 9], 3, 0), vec![vec![0.5]; 3]);
    }

    #[test]
    fn a_seed_repeats() {
        let rows: Vec<Vec<f32>> = (0..50).map(|i| vec![((i * i * 7) % 31) as f32]).collect();
        assert_eq!(kmeans(&rows, 5, 3), kmeans(&rows, 5, 3));
    }
}
