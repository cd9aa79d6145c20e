//! Settings, palettes, annotations and tables of ids.

use std::hint::black_box;
use std::path::Path;

use underpaint::config::of_run;
use underpaint::data::labelled::read_palette;
use underpaint::data::remap::Remap;

use super::{Case, Sample, names_file, nothing_left, taken, underpaint};

/// A run's settings, of each family.
pub fn toml() -> Vec<Sample> {
    let settings = [
        "family = \"pix2pix\"\ndata = \"/data\"\nsteps = 3\nseed = 7\nnet_g = \"unet_32\"\nngf = 4\nndf = 4\n\
         size = 32\nload_size = 36\nlr = 0.0002\nbeta1 = 0.5\ngan_mode = \"lsgan\"\nbatch_size = 2\n",
        "family = \"pix2pixhd\"\ndata = \"/data\"\nsteps = 3\nngf = 4\nlabel_nc = 5\nno_vgg_loss = true\n\
         n_downsample_global = 2\nlambda_feat = 10.0\n",
        "family = \"spade\"\ndata = \"/data\"\nsteps = 3\nngf = 4\nlabel_nc = 5\nno_vgg_loss = true\n\
         crop_size = 64\naspect_ratio = 1.0\nno_instance = true\n",
        "family = \"pgan\"\ndata = \"/data\"\nsteps = 3\n",
    ];
    let sample = |text: &str| Sample::new("config.toml", text.as_bytes().to_vec());
    settings.map(sample).to_vec()
}

/// Reads the settings of a run.
pub fn check_toml(case: &Case) -> Result<(), String> {
    let settings = of_run(&case.folder);
    taken(case, &settings.as_ref().map(|_| ()))?;
    match settings {
        Ok(_) => Ok(()),
        Err(error) => names_file(&format!("{error:#}"), case),
    }
}

pub fn palette() -> Vec<Sample> {
    let text = r#"{"classes": [
        {"id": 0, "name": "sky", "color": [142, 197, 240]},
        {"id": 1, "name": "sea", "color": [42, 111, 184]},
        {"id": 255, "name": "unknown", "color": [0, 0, 0]}
    ]}"#;
    vec![Sample::new("palette.json", text.as_bytes().to_vec())]
}

/// Reads the palette beside a data set.
pub fn check_palette(case: &Case) -> Result<(), String> {
    let palette = read_palette(&case.folder);
    taken(case, &palette)?;
    match palette {
        Ok(_) => Ok(()),
        Err(error) => names_file(&error.to_string(), case),
    }
}

pub fn annotations() -> Vec<Sample> {
    let text = r#"{"info": {"year": 2017}, "images": [
        {"file_name": "000000000139.jpg", "height": 4, "width": 6, "id": 139}],
        "annotations": [
        {"segmentation": [[1, 1, 3, 1, 3.5, 3, 1, 3]], "area": 4.5, "iscrowd": 0, "image_id": 139,
         "bbox": [1, 2, 3.5, 4], "category_id": 3, "id": 900100000001},
        {"segmentation": {"counts": [3, 4, 17], "size": [4, 6]}, "area": 4, "iscrowd": 1,
         "image_id": 139, "bbox": [0, 0, 1, 1], "category_id": 1, "id": 2}],
        "categories": [{"id": 1, "name": "person"}]}"#;
    let mut map = std::io::Cursor::new(Vec::new());
    let ids = image::GrayImage::from_pixel(6, 4, image::Luma([200]));
    ids.write_to(&mut map, image::ImageFormat::Png)
        .expect("a PNG");
    vec![Sample {
        beside: vec![("000000000139.png", map.into_inner())],
        ..Sample::new("instances.json", text.as_bytes().to_vec())
    }]
}

/// Makes instance maps of annotations, all or none.
pub fn check_annotations(case: &Case) -> Result<(), String> {
    let output = case.folder.join("out");
    let (annotations, labels) = (&case.path, &case.folder);
    let made = underpaint([
        &"dataset",
        &"coco-instances",
        &"--annotations",
        annotations,
        &"--labels",
        labels,
        &"--output",
        &output,
    ]);
    taken(case, &made)?;
    match made {
        Ok(_) => whole_png(&output.join("000000000139.png")),
        Err(_) => nothing_left(&case.folder, &[case.name, "000000000139.png"]),
    }
}

fn whole_png(path: &Path) -> Result<(), String> {
    let read = image::open(path).map(|_| ());
    read.map_err(|error| format!("{}: {error}", path.display()))
}

pub fn remap() -> Vec<Sample> {
    let text =
        "# old new\n7 0          # road\n11-14: 1     # all that is built\n23 -> 2\n* dont_care\n";
    vec![Sample::new("remap.txt", text.as_bytes().to_vec())]
}

/// Reads a table of ids.
pub fn check_remap(case: &Case) -> Result<(), String> {
    let table = Remap::read(&case.path);
    taken(case, &table)?;
    match table {
        Ok(table) => {
            black_box((0..=u16::MAX).map(|id| table.id(id)).max());
            Ok(())
        }
        Err(error) => names_file(&error.to_string(), case),
    }
}
