//! The page of results.

use super::{Column, Output, Results, Row, file};
use crate::evaluate::paired::PairedMetrics;
use crate::html::{address, escape};

/// What tells a page of this program from another.
pub(super) const MARK: &str = "<meta name=\"generator\" content=\"underpaint evaluate\">";

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Results {
    /// The whole page.
    pub(super) fn html(&self) -> String {
        let title = escape(&self.title);
        let count = self.rows.len();
        let rows = self.rows.iter();
        let rows: String = rows.map(|(name, row)| self.section(name, row)).collect();
        let means: String = (0..self.columns.len()).map(|at| self.mean(at)).collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{MARK}\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <header>\n<h1>{title}</h1>\n\
             <table>\n<tr><th>{count} pictures<th>L1<th>PSNR dB<th>SSIM</tr>\n{means}</table>\n\
             <form role=\"search\">\n<label>Find <input type=\"search\" id=\"find\" \
             placeholder=\"part of a name\"></label>\n\
             <label>Order <select id=\"order\"><option value=\"name\">by name\
             <option value=\"worst\">worst first<option value=\"best\">best first</select></label>\n\
             <output id=\"shown\"></output>\n</form>\n</header>\n<main>\n{rows}</main>\n\
             <dialog id=\"compare\" aria-label=\"Generated and real picture\">\n<div class=\"stack\">\
             <img id=\"below\" alt=\"real\"><img id=\"above\" alt=\"generated\"></div>\n\
             <label>generated <input type=\"range\" id=\"split\" min=\"0\" max=\"100\" value=\"50\" \
             aria-label=\"Where the generated picture ends and the real one begins\"> real</label>\n\
             <p id=\"what\"></p>\n<form method=\"dialog\"><button>Close</button></form>\n</dialog>\n\
             <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
        )
    }

    fn mean(&self, column: usize) -> String {
        let outputs = self.rows.values().flat_map(|row| &row.outputs);
        let of_column = outputs.filter(|output| output.column == column);
        let all: Vec<PairedMetrics> = of_column.map(|output| output.metrics).collect();
        let title = escape(&self.columns[column].title);
        PairedMetrics::mean(&all).map_or_else(String::new, |mean| {
            format!(
                "<tr><th>{title}<td>{:.4}<td>{:.2}<td>{:.4}</tr>\n",
                mean.l1, mean.psnr, mean.ssim
            )
        })
    }

    fn section(&self, name: &str, row: &Row) -> String {
        let real = address(&file(name, "real"));
        let outputs = row.outputs.iter();
        let outputs: String = outputs
            .map(|output| figure_of(name, &real, &self.columns[output.column], output))
            .collect();
        let last = row.outputs.last().map_or(0.0, |output| output.metrics.l1);
        let quoted = escape(name);
        let input = address(&file(name, "input"));
        format!(
            "<section data-name=\"{quoted}\" data-l1=\"{last:.6}\">\n<h2>{quoted}</h2>\n<div>\n\
             <figure><img src=\"{input}\" loading=\"lazy\" alt=\"input\"><figcaption>input</figcaption></figure>\n\
             {outputs}\
             <figure><img src=\"{real}\" loading=\"lazy\" alt=\"real\"><figcaption>real</figcaption></figure>\n\
             </div>\n</section>\n"
        )
    }
}

/// A generated picture: a button that opens it over the real one.
fn figure_of(name: &str, real: &str, column: &Column, output: &Output) -> String {
    let title = escape(&column.title);
    let generated = address(&file(name, &column.suffix));
    let PairedMetrics { l1, psnr, ssim } = output.metrics;
    format!(
        "<figure><button data-real=\"{real}\" title=\"Compare with the real picture\">\
         <img src=\"{generated}\" loading=\"lazy\" alt=\"generated, {title}\"></button>\
         <figcaption>{title}<small>L1 {l1:.4}, {psnr:.2} dB, SSIM {ssim:.4}</small></figcaption></figure>\n"
    )
}
