//! State-dict keys of the original authors (spec 4.10).

use super::{Discriminator, Encoder, Generator, SpadeBlock};
use crate::layers::ResnetGenerator;
use crate::state_dict::AuthorsKeys;

impl AuthorsKeys for Generator {
    fn authors_key(&self, path: &[String]) -> String {
        // The first name is the enum's variant.
        match self {
            Self::Spade(_) => spade_key(&path[1..]),
            Self::Pix2pixHd(resnet) => resnet_key(resnet, &path[1..]),
        }
    }
}

/// `path`: field, for `middles` and `ups` an index, then the rest.
fn spade_key(path: &[String]) -> String {
    match path[0].as_str() {
        "start" => format!("fc.{}", leaf(path)),
        "to_image" => format!("conv_img.{}", leaf(path)),
        "head" => format!("head_0.{}", block_key(&path[1..])),
        "middles" => format!("G_middle_{}.{}", path[1], block_key(&path[2..])),
        _ => format!("up_{}.{}", path[1], block_key(&path[2..])),
    }
}

/// `path`: `head`, or `trunk` with a field, for all but `stem` an index, then the rest.
///
/// Unlike pix2pixHD's own, a convolution and its norm are one entry of the Sequential.
fn resnet_key(resnet: &ResnetGenerator, path: &[String]) -> String {
    let trunk = &resnet.trunk;
    let index = |position: usize| path[position].parse::<usize>().expect("an index of a Vec");
    let (downs, blocks) = (trunk.downs.len(), trunk.blocks.len());
    let first_up = 3 + 2 * downs + blocks;
    let nested = |position: usize| match trunk.stem.norm.is_none() {
        true => "",
        false => nested_index(&path[position]),
    };
    let layer = match path.get(1).map_or("", String::as_str) {
        "stem" => format!("1{}", nested(2)),
        "downs" => format!("{}{}", 3 + 2 * index(2), nested(3)),
        "ups" => format!("{}{}", first_up + 2 * index(2), nested(3)),
        "blocks" => {
            let convolution = if path[3] == "first" { 1 } else { 4 };
            let block = 3 + 2 * downs + index(2);
            format!("{block}.conv_block.{convolution}{}", nested(4))
        }
        _ => format!("{}", first_up + 2 * trunk.ups.len() + 1),
    };
    format!("model.{layer}.{}", leaf(path))
}

impl AuthorsKeys for SpadeBlock {
    fn authors_key(&self, path: &[String]) -> String {
        block_key(path)
    }
}

/// `path`: a convolution of the block, or one of its norms with a field of it, then the rest.
fn block_key(path: &[String]) -> String {
    let layer = &path[0];
    if layer.starts_with("conv") {
        return format!("{layer}.{}", leaf(path));
    }
    // A Sequential with one weight in it.
    let index = if path[1] == "mlp_shared" { ".0" } else { "" };
    format!("{layer}.{}{index}.{}", path[1], leaf(path))
}

impl AuthorsKeys for Discriminator {
    fn authors_key(&self, path: &[String]) -> String {
        // `path`: `multiscale`, `scales`, scale, `layers`, layer, `conv` or `norm`, then the rest.
        let (scale, layer) = (&path[2], &path[4]);
        let index: usize = layer.parse().expect("an index into layers");
        let found = &self.multiscale.scales[scale.parse::<usize>().expect("an index into scales")];
        let nested = match &found.layers[index].norm {
            Some(norm) if !norm.is_none() => nested_index(&path[5]),
            _ => "",
        };
        format!(
            "discriminator_{scale}.model{layer}.0{nested}.{}",
            leaf(path)
        )
    }
}

impl AuthorsKeys for Encoder {
    fn authors_key(&self, path: &[String]) -> String {
        if path[0] != "layers" {
            return format!("{}.{}", path[0], leaf(path));
        }
        // `path`: `layers`, index, `conv` or `norm`, then the rest.
        let index: usize = path[1].parse().expect("an index into layers");
        let nested = match self.layers[index].norm.is_none() {
            true => "",
            false => nested_index(&path[2]),
        };
        format!("layer{}{nested}.{}", index + 1, leaf(path))
    }
}

/// A convolution and its norm are a Sequential of their own.
fn nested_index(field: &str) -> &'static str {
    if field == "norm" { ".1" } else { ".0" }
}

fn leaf(path: &[String]) -> &str {
    path.last().map_or("", String::as_str)
}

#[cfg(test)]
#[path = "weights_tests.rs"]
mod tests;
