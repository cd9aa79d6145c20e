//! Learning rates by epoch.

use serde::{Deserialize, Serialize};

/// How the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LrPolicy {
    /// Constant for `n_epochs`, then linearly to zero over `n_epochs_decay`.
    #[default]
    #[serde(alias = "lambda")]
    Linear,
    /// Constant for `n_epochs`, then linearly over `n_epochs_decay`, whose first epoch still has the full rate and whose
    /// last has the full rate divided by `n_epochs_decay`; constant if that is 0. pix2pixHD and SPADE.
    LinearNonzero,
    /// Constant for `n_epochs`, then linearly over `n_epochs_decay`, whose last epoch is at zero; constant if that is 0.
    /// The MindSpore versions of pix2pixHD and SPADE.
    LinearZero,
    /// A tenth every `lr_decay_iters` epochs.
    Step,
    /// A fifth when the validation metric has not improved for five epochs.
    Plateau,
    /// Half a cosine from the full rate to zero over `n_epochs`, zero from then on.
    Cosine,
    /// Never.
    Constant,
}

/// A learning-rate schedule.
///
/// Source: pix2pix `get_scheduler`, stepped at the start of every epoch (spec 2.4, B-22, B-27); pix2pixHD and SPADE
/// `update_learning_rate` after every epoch beyond the constant ones (spec 3.7, 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Rate of the first epoch.
    pub learning_rate: f64,
    /// How it falls.
    pub policy: LrPolicy,
    /// Epochs at the full rate (linear), or to the bottom (cosine).
    pub n_epochs: u64,
    /// Epochs of the linear decay.
    pub n_epochs_decay: u64,
    /// Epochs between the falls of `step`.
    pub lr_decay_iters: u64,
}

/// What `plateau` remembers; part of every checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PlateauState {
    /// Best metric so far; `None` before the first.
    best: Option<f64>,
    /// Epochs since.
    bad_epochs: u64,
    /// How often the rate has fallen.
    falls: u32,
}

impl PlateauState {
    /// Before the first epoch.
    pub const START: Self = Self {
        best: None,
        bad_epochs: 0,
        falls: 0,
    };

    /// Takes the metric of an epoch, lower being better; better means by 1 % of the best.
    ///
    /// Source: PyTorch `ReduceLROnPlateau` with factor 0.2, threshold 0.01 (relative), patience 5.
    pub fn observe(&mut self, metric: f64) {
        if self.best.is_none_or(|best| metric < best * (1.0 - 0.01)) {
            self.best = Some(metric);
            self.bad_epochs = 0;
        } else {
            self.bad_epochs += 1;
        }
        if self.bad_epochs > 5 {
            self.falls += 1;
            self.bad_epochs = 0;
        }
    }
}

impl Schedule {
    /// Learning rate in `epoch`, counted from 1. `plateau` has observed all epochs before it.
    pub fn rate(&self, epoch: u64, plateau: &PlateauState) -> f64 {
        let multiplier = match self.policy {
            LrPolicy::Linear => {
                let late = (epoch + 1).saturating_sub(self.n_epochs) as f64;
                (1.0 - late / (self.n_epochs_decay as f64 + 1.0)).max(0.0)
            }
            LrPolicy::LinearNonzero | LrPolicy::LinearZero if self.n_epochs_decay == 0 => 1.0,
            LrPolicy::LinearZero => {
                let late = epoch.saturating_sub(self.n_epochs) as f64;
                (1.0 - late / self.n_epochs_decay as f64).max(0.0)
            }
            LrPolicy::LinearNonzero => {
                let late = epoch.saturating_sub(1).saturating_sub(self.n_epochs) as f64;
                (1.0 - late / self.n_epochs_decay as f64).max(0.0)
            }
            LrPolicy::Step => 0.1f64.powf((epoch / self.lr_decay_iters) as f64),
            LrPolicy::Plateau => 0.2f64.powf(f64::from(plateau.falls)),
            LrPolicy::Cosine => {
                let share = epoch.min(self.n_epochs) as f64 / self.n_epochs as f64;
                0.5 * (1.0 + (std::f64::consts::PI * share).cos())
            }
            LrPolicy::Constant => 1.0,
        };
        self.learning_rate * multiplier
    }
}

/// How fast generator and discriminator learn, against the rate of the schedule.
///
/// Source: two time-scale update rule (Heusel et al. 2017), as SPADE applies it (spec 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeScale {
    /// Both at the rate of the schedule.
    One,
    /// The generator at half of it, the discriminator at twice of it.
    Two,
}

impl TimeScale {
    /// The time scales with or without TTUR.
    pub fn from_ttur(ttur: bool) -> Self {
        if ttur { Self::Two } else { Self::One }
    }

    /// What the rate is multiplied by for the generator, and the encoder with it.
    pub fn generator_factor(self) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Two => 0.5,
        }
    }

    /// What the rate is multiplied by for the discriminator.
    pub fn discriminator_factor(self) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Two => 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(policy: LrPolicy) -> Schedule {
        Schedule {
            learning_rate: 1.0,
            policy,
            n_epochs: 100,
            n_epochs_decay: 100,
            lr_decay_iters: 50,
        }
    }

    #[test]
    fn linear_is_that_of_spec_9_3() {
        let rate = |epoch| schedule(LrPolicy::Linear).rate(epoch, &PlateauState::default());
        assert_eq!(rate(1), 1.0);
        assert_eq!(rate(99), 1.0);
        assert!((rate(100) - 100.0 / 101.0).abs() < 1e-12);
        assert_eq!(rate(200), 0.0);
        assert_eq!(rate(500), 0.0);
    }

    #[test]
    fn linear_zero_falls_in_its_first_epoch_and_ends_at_zero() {
        let rate = |epoch| schedule(LrPolicy::LinearZero).rate(epoch, &PlateauState::default());
        assert_eq!((rate(1), rate(100)), (1.0, 1.0));
        assert!((rate(101) - 0.99).abs() < 1e-12);
        assert_eq!(rate(200), 0.0);
    }

    #[test]
    fn cosine_holds_its_floor() {
        let rate = |epoch| schedule(LrPolicy::Cosine).rate(epoch, &PlateauState::default());
        assert!((rate(50) - 0.5).abs() < 1e-12);
        assert!(rate(100) < 1e-12 && rate(150) < 1e-12);
    }

    #[test]
    fn plateau_falls_after_six_epochs_without_progress_and_not_with_it() {
        let mut plateau = PlateauState::default();
        (0..7).for_each(|_| plateau.observe(1.0));
        assert!((schedule(LrPolicy::Plateau).rate(8, &plateau) - 0.2).abs() < 1e-12);
        let mut plateau = PlateauState::default();
        (0..20).for_each(|epoch| plateau.observe(0.9f64.powi(epoch)));
        assert_eq!(schedule(LrPolicy::Plateau).rate(21, &plateau), 1.0);
    }

    #[test]
    fn linear_nonzero_is_that_of_spec_9_3_and_does_not_reach_zero() {
        let rate = |epoch| schedule(LrPolicy::LinearNonzero).rate(epoch, &PlateauState::default());
        assert_eq!(rate(1), 1.0);
        assert_eq!(rate(101), 1.0);
        assert!((rate(102) - 0.99).abs() < 1e-12);
        assert!((rate(200) - 0.01).abs() < 1e-12);
        assert_eq!(rate(201), 0.0);
        assert_eq!(rate(u64::MAX), 0.0);
    }

    #[test]
    fn linear_nonzero_only_falls_and_by_equal_steps() {
        for (n_epochs, n_epochs_decay) in [(0, 1), (0, 7), (3, 2), (50, 50), (200, 1000)] {
            let schedule = Schedule {
                n_epochs,
                n_epochs_decay,
                ..schedule(LrPolicy::LinearNonzero)
            };
            let rate = |epoch| schedule.rate(epoch, &PlateauState::default());
            let last = n_epochs + n_epochs_decay;
            let step = 1.0 / n_epochs_decay as f64;
            for epoch in 1..last {
                let fall = rate(epoch) - rate(epoch + 1);
                let expected = if epoch > n_epochs { step } else { 0.0 };
                assert!((fall - expected).abs() < 1e-12, "{schedule:?}, {epoch}");
            }
            assert!((rate(last) - step).abs() < 1e-12, "{schedule:?}");
        }
    }

    #[test]
    fn linear_nonzero_without_decay_is_constant() {
        let schedule = Schedule {
            n_epochs_decay: 0,
            ..schedule(LrPolicy::LinearNonzero)
        };
        for epoch in [1, 100, 101, 102, 5000] {
            assert_eq!(schedule.rate(epoch, &PlateauState::default()), 1.0);
        }
    }

    #[test]
    fn policies_keep_their_names_in_configurations() {
        for (name, policy) in [
            ("linear", LrPolicy::Linear),
            ("linear_nonzero", LrPolicy::LinearNonzero),
            ("step", LrPolicy::Step),
            ("plateau", LrPolicy::Plateau),
            ("cosine", LrPolicy::Cosine),
            ("constant", LrPolicy::Constant),
        ] {
            let json = format!("\"{name}\"");
            assert_eq!(serde_json::to_string(&policy).unwrap(), json);
            assert_eq!(serde_json::from_str::<LrPolicy>(&json).unwrap(), policy);
        }
    }

    #[test]
    fn two_time_scales_give_the_discriminator_four_times_the_rate() {
        let ttur = TimeScale::from_ttur(true);
        assert_eq!(2e-4 * ttur.generator_factor(), 1e-4);
        assert_eq!(2e-4 * ttur.discriminator_factor(), 4e-4);
        let plain = TimeScale::from_ttur(false);
        assert_eq!(plain.generator_factor(), plain.discriminator_factor());
    }
}
