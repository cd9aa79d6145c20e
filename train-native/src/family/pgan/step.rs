//! One iteration on tensors.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::Tensor;
use underpaint_core::loss::GanTarget;
use underpaint_core::loss::gradient_penalty::{
    GradientPenalty, interpolated, unit_gradient_penalty, zero_gradient_penalty,
};
use underpaint_core::ops::Precision;
use underpaint_core::pgan::{
    Judgement, classification_loss, exponential_moving_average, fade_real,
};

use super::{Draws, Pgan};
use crate::distributed;
use crate::family::{Losses, read_back};

/// Losses that wait for the step's one readback.
type Pending = Vec<(&'static str, Tensor<1>)>;

/// What one iteration gives.
pub struct Step {
    /// Losses by name.
    pub losses: Losses,
    /// The pictures that the discriminator learnt from, before any update: `[batch, channels,
    /// height, width]`, about `[-1, 1]`.
    pub fake: Tensor<4>,
}

impl Pgan {
    /// One iteration on tensors: update the discriminator, then the generator with the updated
    /// discriminator, then let the average follow.
    ///
    /// # Errors
    ///
    /// As [`read_back`].
    ///
    /// # Shapes
    ///
    /// - `real`: `[batch, output_channels, height, width]` in `[-1, 1]`, at the current scale's size;
    ///   detail that is fading in is taken out here
    /// - `classes`: `[batch, category_dim]`, one-hot; in class-conditional training only
    /// - `alpha`: share of the scale before
    pub fn step_tensors(
        &mut self,
        real: Tensor<4>,
        classes: Option<Tensor<2>>,
        draws: Draws,
        alpha: f64,
        learning_rate: f64,
    ) -> Result<Step> {
        let generator = self.generator().clone().no_grad();
        let latents = draws.discriminator_latents;
        let fake = generator.forward(latents, alpha).detach();
        drop(generator);
        let pictures = Pictures {
            real: fade_real(real, alpha),
            fake: fake.clone(),
            share: draws.share,
            classes,
        };
        let mut pending = self.discriminator_step(pictures, alpha, learning_rate);
        pending.extend(self.generator_step(draws.generator_latents, alpha, learning_rate));
        self.follow();
        let (names, values): (Vec<_>, Vec<_>) = pending.into_iter().unzip();
        let values = read_back(values, &mut [&mut self.generator, &mut self.discriminator])?;
        Ok(Step {
            losses: names.into_iter().zip(values).collect(),
            fake: fake.without_autodiff(),
        })
    }

    fn discriminator_step(
        &mut self,
        pictures: Pictures,
        alpha: f64,
        learning_rate: f64,
    ) -> Pending {
        let mut losses = self.score_losses(&pictures, alpha);
        // Gradients of gradients: too small for 16 bits.
        let (penalties, sums) = Precision::F32.scope(|| self.penalties(pictures, alpha));
        let objective = sums.into_iter().fold(sum(&losses), |sum, next| sum + next);
        let gradients = self.discriminator.backward(objective);
        self.discriminator.update(gradients, learning_rate);
        losses.extend(penalties);
        without_graph(losses)
    }

    /// The weighted losses on what the discriminator says.
    fn score_losses(&self, pictures: &Pictures, alpha: f64) -> Pending {
        let config = &self.config;
        let [on_real, on_fake] = [&pictures.real, &pictures.fake]
            .map(|images| self.discriminator().forward(images.clone(), alpha));
        let adversarial = |on: &Judgement, target| self.adversarial_loss(on, target);
        let mut losses = vec![
            ("D_real", adversarial(&on_real, GanTarget::Real)),
            ("D_fake", adversarial(&on_fake, GanTarget::Fake)),
        ];
        if config.drift_weight > 0.0 {
            let drift = on_real.scores().square().sum() * config.drift_weight;
            losses.push(("D_drift", distributed::share().summed(drift)));
        }
        if let Some(classes) = &pictures.classes {
            let loss = self.classification_loss(&on_real, classes.clone());
            let weight = config.classification.discriminator_weight;
            losses.push(("D_class", loss * weight));
        }
        losses
    }

    fn adversarial_loss(&self, on: &Judgement, target: GanTarget) -> Tensor<1> {
        let criterion = self.config.criterion;
        let loss = criterion.loss(on.scores(), target);
        match criterion.sums() {
            true => distributed::share().summed(loss),
            false => loss,
        }
    }

    /// The weighted penalties, and for each the sum to minimise in its place.
    fn penalties(&self, pictures: Pictures, alpha: f64) -> (Pending, Vec<Tensor<1>>) {
        let (mut penalties, mut sums) = (Pending::new(), Vec::new());
        let weight = self.config.penalty_weight;
        if weight > 0.0 {
            let real = pictures.real.clone();
            let between = interpolated(real, pictures.fake, pictures.share);
            let penalty = self.penalty(between, alpha, unit_gradient_penalty);
            // A sum over the batch, unlike the one at real pictures.
            let [value, sum] = penalty.map(|sum| distributed::share().summed(sum));
            penalties.push(("D_gradient", value * weight));
            sums.push(sum * weight);
        }
        let weight = self.config.real_penalty_weight;
        if weight > 0.0 {
            let [value, sum] = self.penalty(pictures.real, alpha, zero_gradient_penalty);
            penalties.push(("D_real_gradient", value * weight));
            sums.push(sum * weight);
        }
        (penalties, sums)
    }

    /// A penalty on the gradient of the scores in the pictures: its value, and the sum that has its
    /// gradient in the weights, but another value.
    fn penalty(
        &self,
        images: Tensor<4>,
        alpha: f64,
        penalty: impl Fn(Tensor<4>) -> GradientPenalty,
    ) -> [Tensor<1>; 2] {
        let gradient = self.discriminator().score_gradient(images, alpha);
        let GradientPenalty { value, direction } = penalty(gradient.clone().without_autodiff());
        [value, (gradient * direction.autodiff()).sum()]
    }

    fn generator_step(&mut self, latents: Tensor<2>, alpha: f64, learning_rate: f64) -> Pending {
        let config = &self.config;
        let fake = self.generator().forward(latents.clone(), alpha);
        // Frozen: its weights get no gradient.
        let judge = self.discriminator().clone().no_grad();
        let on_fake = judge.forward(fake, alpha);
        let adversarial = self.adversarial_loss(&on_fake, GanTarget::Real);
        let mut losses = vec![("G_fake", adversarial)];
        if config.generator.category_dim > 0 {
            let (first, count) = (config.generator.latent_dim, config.generator.category_dim);
            let loss = self.classification_loss(&on_fake, latents.narrow(1, first, count));
            losses.push(("G_class", loss * config.classification.generator_weight));
        }
        let gradients = self.generator.backward(sum(&losses));
        drop(judge);
        self.generator.update(gradients, learning_rate);
        without_graph(losses)
    }

    fn classification_loss(&self, judgement: &Judgement, one_hot: Tensor<2>) -> Tensor<1> {
        let counts = &self.config.classification.class_counts;
        classification_loss(judgement.class_logits(), one_hot, counts)
    }

    /// Moves the average a little towards the generator.
    fn follow(&mut self) {
        let average = self
            .average
            .take()
            .expect("the average comes back before follow returns");
        let decay = self.config.average_decay;
        let average = exponential_moving_average(average, self.generator(), decay);
        self.average = Some(average);
    }
}

/// What a discriminator's step looks at.
struct Pictures {
    real: Tensor<4>,
    fake: Tensor<4>,
    /// Share of the real picture in those that the gradient penalty looks at.
    share: Tensor<1>,
    /// Of the real pictures, one-hot; in class-conditional training only.
    classes: Option<Tensor<2>>,
}

fn sum(losses: &[(&'static str, Tensor<1>)]) -> Tensor<1> {
    let losses = losses.iter().map(|(_, loss)| loss.clone());
    losses
        .reduce(|sum, loss| sum + loss)
        .expect("at least the adversarial loss")
}

fn without_graph(losses: Pending) -> Pending {
    let plain = |(name, loss): (&'static str, Tensor<1>)| (name, loss.without_autodiff());
    losses.into_iter().map(plain).collect()
}
