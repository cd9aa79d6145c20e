//! What JavaScript gives a session beside a seed: a label map with what belongs to it.

use underpaint_core::bundle::Manifest;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
use crate::model::{Condition, Scene};
use crate::objects::{Maps, chosen_looks};
use crate::pixels::check_area;

#[wasm_bindgen(typescript_custom_section)]
const LABEL_SCENE: &str = r#"
/** A label map with what belongs to it, row by row. */
export interface LabelScene {
  /** One class a pixel, in `0..num_classes`; 255 for none, where the model knows that. */
  readonly ids: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** One object a pixel, any numbers; for models that look at edges between instances. Without, every class is one. */
  readonly instances?: Uint16Array | undefined;
  /** For models with latents, `[latent channels]`; the seed draws them where there are none. */
  readonly latent?: Float32Array | undefined;
  /** For models with features, `[feature channels, height, width]`; made of what follows where there are none. */
  readonly features?: Float32Array | undefined;
  /** Objects whose look is chosen, as pairs of class and number in `instances` (the class again without those). */
  readonly objects?: Uint16Array | undefined;
  /** Their features, one after the other. Objects that are not named take a typical one, which the seed draws. */
  readonly looks?: Float32Array | undefined;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// A label map with what belongs to it: an object of that interface.
    #[wasm_bindgen(typescript_type = "LabelScene")]
    pub type LabelScene;

    #[wasm_bindgen(method, getter)]
    fn ids(this: &LabelScene) -> Vec<u8>;

    #[wasm_bindgen(method, getter)]
    fn width(this: &LabelScene) -> usize;

    #[wasm_bindgen(method, getter)]
    fn height(this: &LabelScene) -> usize;

    #[wasm_bindgen(method, getter)]
    fn instances(this: &LabelScene) -> Option<Vec<u16>>;

    #[wasm_bindgen(method, getter)]
    fn latent(this: &LabelScene) -> Option<Vec<f32>>;

    #[wasm_bindgen(method, getter)]
    fn features(this: &LabelScene) -> Option<Vec<f32>>;

    #[wasm_bindgen(method, getter)]
    fn objects(this: &LabelScene) -> Option<Vec<u16>>;

    #[wasm_bindgen(method, getter)]
    fn looks(this: &LabelScene) -> Option<Vec<f32>>;
}

impl LabelScene {
    /// The scene for a model, checked against its manifest.
    ///
    /// # Errors
    ///
    /// [`WebError::BadInput`](crate::error::WebError::BadInput) or
    /// [`WebError::Core`](crate::error::WebError::Core) for what the model does not take.
    pub fn scene(&self, manifest: &Manifest, seed: u32) -> Result<Scene> {
        let maps = self.maps(manifest)?;
        let labels = manifest.given_labels(
            &maps.ids,
            maps.instances.as_deref(),
            maps.height,
            maps.width,
        )?;
        let channels = manifest.model.feature_channels();
        let features = match self.features() {
            None if channels > 0 => {
                let (objects, looks) = (self.objects(), self.looks());
                let chosen = chosen_looks(
                    &objects.unwrap_or_default(),
                    &looks.unwrap_or_default(),
                    channels,
                )?;
                Some(maps.features(manifest, seed, &chosen))
            }
            given => given,
        };
        Ok(Scene {
            condition: Condition::Labels(labels),
            size: [maps.height, maps.width],
            latents: self.latent(),
            features,
            scale: None,
            seed,
        })
    }

    /// The maps alone, checked against each other.
    ///
    /// # Errors
    ///
    /// As [`scene`](Self::scene).
    pub fn maps(&self, manifest: &Manifest) -> Result<Maps> {
        let (width, height) = (self.width(), self.height());
        check_area(width, height)?;
        let ids: Vec<u16> = self.ids().into_iter().map(u16::from).collect();
        let instances = self.instances();
        // The rule that every caller needs; what it finds is the caller's.
        manifest.given_labels(&ids, instances.as_deref(), height, width)?;
        Ok(Maps {
            ids,
            instances,
            width,
            height,
        })
    }
}
