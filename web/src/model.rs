//! A bundle on a device.

use underpaint_core::bundle::{GivenLabels, InputKind, Manifest, draw_style};
use underpaint_core::plan::{self, Plan, Request};
use underpaint_engine::host::Given;
use underpaint_engine::schedule;
use underpaint_plan::WeightSource;
use underpaint_plan::weight::Node;

use crate::error::{Result, WebError};
use crate::pixels::check_area;
use crate::place::{Generator, Offer, Place, Progress, fits};

/// A generator, and its encoder where the bundle has one, for pictures of any size.
#[derive(Debug)]
pub struct Model<W> {
    manifest: Manifest,
    place: Place,
    weights: W,
    generator: Option<Network<Request>>,
    /// For pictures at smaller scales, beside the one for large ones: a grid of them and a large one come
    /// in turns, and neither should pack its weights anew each time.
    small: Option<Network<Request>>,
    encoder: Option<Encoder<W>>,
}

#[derive(Debug)]
struct Encoder<W> {
    weights: W,
    network: Option<Network<[usize; 2]>>,
}

/// A network for one kind of request.
#[derive(Debug)]
struct Network<R> {
    request: R,
    plan: Plan,
    generator: Generator,
}

/// What a picture is generated from.
#[derive(Debug, Clone)]
pub enum Condition {
    /// A label map.
    Labels(GivenLabels),
    /// `[condition_channels, height, width]`, in `[-1, 1]` or one-hot.
    Planes(Vec<f32>),
    /// Latents alone.
    Nothing,
}

/// A condition with what stands beside it.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What it is generated from.
    pub condition: Condition,
    /// Height and width of it.
    pub size: [usize; 2],
    /// `[latent_channels]`; the seed draws them where there are none.
    pub latents: Option<Vec<f32>>,
    /// `[feature_channels, height, width]`, for models that take those.
    pub features: Option<Vec<f32>>,
    /// Scale of a Progressive GAN; the finest where there is none.
    pub scale: Option<usize>,
    /// Draws latents and dropout masks.
    pub seed: u32,
}

impl<W: WeightSource> Model<W> {
    /// Puts a bundle's generator on a device, ready for pictures of the size that it was trained at.
    ///
    /// # Errors
    ///
    /// [`WebError::Core`] if the weights are not the manifest's, [`WebError::Engine`] if the device
    /// cannot hold them.
    pub async fn load(
        manifest: Manifest,
        weights: W,
        place: Place,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let mut model = Self {
            weights,
            manifest,
            place,
            generator: None,
            small: None,
            encoder: None,
        };
        let request = model.request(&model.plainest());
        model.prepare(request, progress).await?;
        Ok(model)
    }

    /// What it is.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it runs.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Takes the weights of the bundle's encoder.
    ///
    /// # Errors
    ///
    /// [`WebError::BadInput`] if the bundle has none.
    pub fn add_encoder(&mut self, weights: W) -> Result<()> {
        if !self.manifest.model.has_encoder() {
            let message = "this model has no encoder, found weights for one";
            return Err(WebError::BadInput(message.into()));
        }
        self.encoder = Some(Encoder {
            weights,
            network: None,
        });
        Ok(())
    }

    /// A picture before any rounding, `[output_channels, height, width]`.
    ///
    /// # Errors
    ///
    /// [`WebError::BadInput`] or [`WebError::Core`] if the scene is not what the model takes,
    /// [`WebError::Engine`] as the device says.
    pub async fn planes(&mut self, scene: &Scene) -> Result<Vec<f32>> {
        Ok(self.run(scene).await?.planes(0))
    }

    /// A picture, RGBA `[height, width, 4]`.
    ///
    /// # Errors
    ///
    /// As [`planes`](Self::planes).
    pub async fn rgba(&mut self, scene: &Scene) -> Result<Vec<u8>> {
        Ok(self.run(scene).await?.rgba(0))
    }

    /// Latents that give the style of a picture, drawn from what the encoder says of it.
    ///
    /// `picture`: `[output_channels, height, width]` in `[-1, 1]`.
    ///
    /// # Errors
    ///
    /// [`WebError::BadInput`] if the model's encoder makes no latents, or its weights are not there.
    pub async fn style(
        &mut self,
        picture: &[f32],
        size: [usize; 2],
        seed: u32,
    ) -> Result<Vec<f32>> {
        let [mean, log_variance] = self.style_distribution(picture, size).await?;
        Ok(draw_style(&mean, &log_variance, u64::from(seed)))
    }

    /// Mean and logarithm of the variance of a picture's style, `[latent_channels]` each.
    ///
    /// # Errors
    ///
    /// As [`style`](Self::style).
    pub async fn style_distribution(
        &mut self,
        picture: &[f32],
        size: [usize; 2],
    ) -> Result<[Vec<f32>; 2]> {
        let model = &self.manifest.model;
        if model.latent_channels().is_none() || !model.has_encoder() {
            let message = "this model has no encoder that reads a style from a picture";
            return Err(WebError::BadInput(message.into()));
        }
        let generator = self.encode(picture, size).await?;
        Ok([generator.planes(0), generator.planes(1)])
    }

    /// What the encoder makes of every pixel of a picture, `[feature_channels, height, width]`.
    ///
    /// # Errors
    ///
    /// [`WebError::BadInput`] if the model's encoder makes no features, or its weights are not there.
    pub async fn pixel_features(&mut self, picture: &[f32], size: [usize; 2]) -> Result<Vec<f32>> {
        let model = &self.manifest.model;
        if model.feature_channels() == 0 || !model.has_encoder() {
            let message = "this model has no encoder that reads features from a picture";
            return Err(WebError::BadInput(message.into()));
        }
        Ok(self.encode(picture, size).await?.planes(0))
    }

    async fn encode(&mut self, picture: &[f32], size: [usize; 2]) -> Result<&Generator> {
        let Some(encoder) = &mut self.encoder else {
            let message = "expected the encoder's weights beside the generator's, found none";
            return Err(WebError::BadInput(message.into()));
        };
        let network = match encoder.network.take() {
            Some(network) if network.request == size => network,
            other => {
                let plan = plan::encoder(&self.manifest, size, self.manifest.test_time)?;
                let weights = &encoder.weights;
                replaced(other, size, plan, &self.place, weights, &mut |_| {}).await?
            }
        };
        let network = encoder.network.insert(network);
        network.generator.run(&[Given::Planes(picture)]).await?;
        Ok(&network.generator)
    }

    async fn run(&mut self, scene: &Scene) -> Result<&Generator> {
        let wants_condition = self.manifest.model.condition_channels() > 0;
        if wants_condition == matches!(scene.condition, Condition::Nothing) {
            return Err(WebError::BadInput(match wants_condition {
                true => "this model takes a label map or a picture, found neither".into(),
                false => "this model takes latents, found a label map or a picture".into(),
            }));
        }
        let features = self.features(scene)?;
        let request = self.request(scene);
        self.prepare(request, &mut |_| {}).await?;
        let latents = self.latents(scene)?;
        let mut given = Vec::new();
        match &scene.condition {
            Condition::Labels(labels) => given.push(Given::Labels {
                ids: &labels.ids,
                switch: labels.edges.as_deref(),
            }),
            Condition::Planes(planes) => given.push(Given::Planes(planes)),
            Condition::Nothing => {}
        }
        if let Some(features) = features {
            given.push(Given::Planes(features));
        }
        if let Some(latents) = &latents {
            given.push(Given::Planes(latents));
        }
        let network = self.slot(scene.scale).as_mut().expect("it was prepared");
        network.generator.run(&given).await?;
        Ok(&network.generator)
    }

    /// The features of a scene, where the model takes features.
    fn features<'a>(&self, scene: &'a Scene) -> Result<Option<&'a [f32]>> {
        let channels = self.manifest.model.feature_channels();
        let expected = channels * scene.size[0] * scene.size[1];
        match &scene.features {
            None if channels == 0 => Ok(None),
            None => Err(WebError::BadInput(format!(
                "this model needs a feature map of {channels} channels beside the label map"
            ))),
            Some(_) if channels == 0 => Err(WebError::BadInput(
                "this model takes no features, found a feature map".into(),
            )),
            Some(features) if features.len() == expected => Ok(Some(features)),
            Some(features) => Err(WebError::BadInput(format!(
                "features: expected {channels} * {} * {} numbers, found {}",
                scene.size[0],
                scene.size[1],
                features.len()
            ))),
        }
    }

    /// The latents of a scene, where the model has latents.
    fn latents(&self, scene: &Scene) -> Result<Option<Vec<f32>>> {
        let Some(channels) = self.manifest.model.latent_channels() else {
            return Ok(None);
        };
        match &scene.latents {
            Some(latents) if latents.len() != channels => Err(WebError::BadInput(format!(
                "latents: expected {channels} numbers, found {}",
                latents.len()
            ))),
            Some(latents) => Ok(Some(latents.clone())),
            None => {
                let open = vec![None; self.manifest.attributes().len()];
                let seed = u64::from(scene.seed);
                Ok(Some(self.manifest.draw_latents(1, seed, &open)))
            }
        }
    }

    fn request(&self, scene: &Scene) -> Request {
        Request {
            seed: u64::from(scene.seed),
            one_hot: matches!(scene.condition, Condition::Labels(_)),
            scale: scene.scale,
            alpha: self.manifest.alpha_at(scene.scale),
            ..Request::of_size(&self.manifest, scene.size)
        }
    }

    /// The kind of scene that is asked for first.
    fn plainest(&self) -> Scene {
        let size = self.manifest.size;
        let labels = GivenLabels {
            ids: Vec::new(),
            edges: None,
        };
        Scene {
            condition: match self.manifest.input {
                InputKind::Labels { .. } => Condition::Labels(labels),
                InputKind::Image { .. } => Condition::Planes(Vec::new()),
                InputKind::Latent { .. } => Condition::Nothing,
            },
            size: [size.height, size.width],
            latents: None,
            features: None,
            scale: None,
            seed: 0,
        }
    }

    /// Sees to it that the network is there for that request.
    async fn prepare(
        &mut self,
        request: Request,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        if self.manifest.model.condition_channels() > 0 {
            check_area(request.size[1], request.size[0])?;
        }
        let ready = |network: &Network<Request>| {
            let same = Request {
                seed: request.seed,
                ..network.request
            } == request;
            same && (network.request.seed == request.seed || !draws(&network.plan))
        };
        let scale = request.scale;
        if self.slot(scale).as_ref().is_some_and(ready) {
            return Ok(());
        }
        let plan = plan::generator(&self.manifest, &request)?;
        let old = self.slot(scale).take();
        let network = replaced(old, request, plan, &self.place, &self.weights, progress).await?;
        *self.slot(scale) = Some(network);
        Ok(())
    }

    /// Where the network for pictures of a scale is.
    const fn slot(&mut self, scale: Option<usize>) -> &mut Option<Network<Request>> {
        match scale {
            None => &mut self.generator,
            Some(_) => &mut self.small,
        }
    }
}

/// Checks that a bundle fits on the CPU, or on a GPU that offers this much, from its manifest alone.
///
/// # Errors
///
/// [`WebError::Engine`] with what is needed and what there is.
pub fn check_fit(manifest: &Manifest, offered: Option<Offer>) -> Result<()> {
    let size = [manifest.size.height, manifest.size.width];
    let one_hot = manifest.input.layout().is_some();
    let request = Request {
        one_hot,
        ..Request::of_size(manifest, size)
    };
    let plan = plan::generator(manifest, &request)?;
    let program = schedule(&plan)?;
    Ok(fits(offered.as_ref(), &program, &plan)?)
}

/// Whether a seed changes the plan's constants.
fn draws(plan: &Plan) -> bool {
    let is_drawn = |node: &Node| matches!(node, Node::Constant(_));
    plan.expressions.iter().any(|one| is_drawn(&one.node))
}

async fn replaced<R>(
    old: Option<Network<R>>,
    request: R,
    plan: Plan,
    place: &Place,
    weights: &dyn WeightSource,
    progress: &mut dyn FnMut(Progress),
) -> Result<Network<R>> {
    let generator = match old {
        Some(mut old) if old.plan.same_but_constants(&plan) => {
            old.generator.update_constants(&plan).await?;
            old.generator
        }
        Some(mut old) => {
            old.generator
                .replace(schedule(&plan)?, &plan, weights)
                .await?;
            old.generator
        }
        None => {
            place
                .start(schedule(&plan)?, &plan, weights, progress)
                .await?
        }
    };
    Ok(Network {
        request,
        plan,
        generator,
    })
}
