//! What people say of a weight file, because its weights do not.

use crate::checkpoint::failure::{Result, bail, ensure};
use crate::label::{Palette, SemanticLayout};
use crate::spade::{Hint, Upsampling};

/// Something that people can say of a weight file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// What it is of.
    Family,
    /// Which network in it to take.
    Key,
    /// The encoder beside it.
    Encoder,
    /// [`Hints::no_dropout`].
    NoDropout,
    /// [`Hints::labels`].
    Labels,
    /// [`Hints::pictures`].
    Pictures,
    /// [`Hints::feature_channels`].
    FeatureChannels,
    /// [`Hints::dont_care`].
    DontCare,
    /// [`Hints::edges`].
    Edges,
    /// [`Hints::palette`].
    Palette,
    /// [`Hints::upsampling`].
    Upsampling,
    /// [`Hints::size`].
    Size,
    /// [`Hints::aspect_ratio`].
    AspectRatio,
    /// [`Hints::network`].
    Network,
}

/// How messages call settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// As flags of the command line.
    #[default]
    Flags,
    /// As fields in JavaScript.
    Fields,
}

impl Naming {
    /// The name of a setting.
    pub const fn of(self, setting: Setting) -> &'static str {
        let [flag, field] = match setting {
            Setting::Family => ["--family", "family"],
            Setting::Key => ["--key", "key"],
            Setting::Encoder => ["--encoder", "encoder"],
            Setting::NoDropout => ["--no-dropout", "noDropout"],
            Setting::Labels => ["--labels", "labels"],
            Setting::Pictures => ["--pictures", "pictures"],
            Setting::FeatureChannels => ["--feature-channels", "featureChannels"],
            Setting::DontCare => ["--dont-care", "dontCare"],
            Setting::Edges => ["--edges", "edges"],
            Setting::Palette => ["--palette", "palette"],
            Setting::Upsampling => ["--upsampling", "upsampling"],
            Setting::Size => ["--size", "size"],
            Setting::AspectRatio => ["--aspect-ratio", "aspectRatio"],
            Setting::Network => ["--network", "network"],
        };
        match self {
            Self::Flags => flag,
            Self::Fields => field,
        }
    }
}

/// Width of the pictures that a model was trained on, where nobody says.
pub const DEFAULT_SIZE: usize = 256;

/// Which generator of a Progressive GAN checkpoint to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PganNetwork {
    /// The running average, which the authors generate with.
    #[default]
    Average,
    /// The generator in training.
    Generator,
}

/// What weights do not tell. Whatever is said must be of use: see [`Hints::only`].
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// A U-Net has no dropout layers.
    pub no_dropout: bool,
    /// A pix2pix model with 1 or 3 input channels takes label maps.
    pub labels: bool,
    /// A model takes pictures: pix2pixHD's with `label_nc 0`.
    pub pictures: bool,
    /// How many input channels of a pix2pixHD model are features; `None` goes by the encoder.
    pub feature_channels: Option<usize>,
    /// Whether an input channel is for pixels of no class; `None` goes by the number of channels.
    pub dont_care: Option<bool>,
    /// Whether an input channel marks edges between instances; `None` goes by the number of channels.
    pub edges: Option<bool>,
    /// Names and colours of the classes.
    pub palette: Option<Palette>,
    /// Doublings of a SPADE generator.
    pub upsampling: Option<Upsampling>,
    /// Width of the pictures.
    pub size: Option<usize>,
    /// Width of the pictures over their height.
    pub aspect_ratio: Option<f64>,
    /// Which generator of a Progressive GAN checkpoint to take.
    pub network: Option<PganNetwork>,
    /// How messages call these.
    pub naming: Naming,
}

impl Hints {
    /// Everything that was said.
    fn said(&self) -> impl Iterator<Item = Setting> {
        let settings = [
            (Setting::NoDropout, self.no_dropout),
            (Setting::Labels, self.labels),
            (Setting::Pictures, self.pictures),
            (Setting::FeatureChannels, self.feature_channels.is_some()),
            (Setting::DontCare, self.dont_care.is_some()),
            (Setting::Edges, self.edges.is_some()),
            (Setting::Palette, self.palette.is_some()),
            (Setting::Upsampling, self.upsampling.is_some()),
            (Setting::Size, self.size.is_some()),
            (Setting::AspectRatio, self.aspect_ratio.is_some()),
            (Setting::Network, self.network.is_some()),
        ];
        settings
            .into_iter()
            .filter_map(|(setting, said)| said.then_some(setting))
    }

    /// What messages call a setting.
    pub const fn called(&self, setting: Setting) -> &'static str {
        self.naming.of(setting)
    }

    /// Refuses what is of no use to such a network.
    ///
    /// # Errors
    ///
    /// Naming the first setting that is not among those `used`.
    pub fn only(&self, network: &str, used: &[Setting]) -> Result<()> {
        match self.said().find(|setting| !used.contains(setting)) {
            Some(setting) => bail!("{}: {network} has no use for it", self.called(setting)),
            None => Ok(()),
        }
    }

    /// The first setting that no other family than pix2pixHD has, of those that have ResNets.
    pub(super) fn pix2pixhd_setting(&self) -> Option<&'static str> {
        let its = [Setting::FeatureChannels, Setting::Edges];
        let said = self.said().find(|setting| its.contains(setting));
        said.map(|setting| self.called(setting))
    }

    /// Height and width that a model was trained at.
    ///
    /// # Errors
    ///
    /// If they are no sizes.
    pub fn trained_size(&self) -> Result<[usize; 2]> {
        let width = self.size.unwrap_or(DEFAULT_SIZE);
        let ratio = self.aspect_ratio.unwrap_or(1.0);
        ensure!(
            ratio.is_finite() && ratio > 0.0,
            "{}: expected a number above 0, found {ratio}",
            self.called(Setting::AspectRatio)
        );
        let height = (width as f64 / ratio).round_ties_even() as usize;
        ensure!(
            (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height),
            "{} and {}: expected pictures of 1 to {MAX_SIDE} pixels a side, found {width}x{height}",
            self.called(Setting::Size),
            self.called(Setting::AspectRatio)
        );
        Ok([height, width])
    }

    /// What SPADE's weights do not tell.
    pub fn spade(&self) -> Hint {
        Hint {
            upsampling: self.upsampling.unwrap_or(Upsampling::Normal),
            crop_size: self.size.unwrap_or(DEFAULT_SIZE),
            aspect_ratio: self.aspect_ratio.unwrap_or(1.0),
        }
    }

    /// How many of the channels are classes; `usual` is whether channels for pixels of no class and
    /// for edges are among them where nobody says.
    ///
    /// # Errors
    ///
    /// If none are left.
    pub fn layout(&self, channels: usize, usual: (bool, bool)) -> Result<SemanticLayout> {
        let dont_care = self.dont_care.unwrap_or(usual.0);
        let edges = self.edges.unwrap_or(usual.1);
        let others = usize::from(dont_care) + usize::from(edges);
        match channels.checked_sub(others).filter(|&count| count > 0) {
            Some(num_classes) => Ok(SemanticLayout {
                num_classes,
                dont_care,
                edges,
            }),
            None => bail!(
                "the generator takes {channels} channels, too few for classes beside {others} others"
            ),
        }
    }
}

/// Larger pictures fit no memory.
const MAX_SIDE: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_no_use_is_refused_by_its_name() {
        let hints = Hints {
            size: Some(64),
            edges: Some(false),
            ..Hints::default()
        };
        assert!(
            hints
                .only("a U-Net", &[Setting::Size, Setting::Edges])
                .is_ok()
        );
        let told = hints
            .only("a U-Net", &[Setting::Size])
            .unwrap_err()
            .to_string();
        assert_eq!(told, "--edges: a U-Net has no use for it");
        assert_eq!(hints.pix2pixhd_setting(), Some("--edges"));
        let fields = Hints {
            naming: Naming::Fields,
            ..hints
        };
        let told = fields.only("a U-Net", &[]).unwrap_err().to_string();
        assert_eq!(told, "edges: a U-Net has no use for it");
        assert_eq!(Hints::default().said().count(), 0);
    }

    #[test]
    fn sizes_that_are_none_are_refused() {
        let size = |size, aspect_ratio| Hints {
            size,
            aspect_ratio,
            ..Hints::default()
        };
        let of = |width, ratio| size(width, ratio).trained_size();
        assert_eq!(of(None, None).expect("the default"), [256, 256]);
        assert_eq!(of(Some(2048), Some(2.0)).expect("a size"), [1024, 2048]);
        for (width, ratio) in [
            (Some(0), None),
            (Some(256), Some(1e9)),
            (Some(256), Some(1e-9)),
            (None, Some(f64::NAN)),
            (None, Some(-1.0)),
        ] {
            assert!(of(width, ratio).is_err(), "{width:?} {ratio:?}");
        }
    }
}
