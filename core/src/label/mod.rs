//! Label maps and instance maps: ids to network input, ids to colours.

mod data_sets;
mod edges;
mod instance_pooling;
mod one_hot;
mod palette;
mod semantics;

pub use data_sets::{Group, KnownPalette, palette_for};
pub use edges::{edge_marks, edges_from_instances};
pub use instance_pooling::{Instances, instance_average};
pub use one_hot::{check_labels, one_hot_from_labels};
pub use palette::{LabelClass, Palette};
pub use semantics::SemanticLayout;
