struct Phase {
  rows: u32, columns: u32, run: u32, input: u32,
  output: u32, height: u32, width: u32, weights: u32,
  partial: u32, fill_a: u32, fill_b: u32, fill_c: u32,
}
struct Params {
  lanes: u32, input_row: u32, input_pixel: u32, step_row: u32,
  step_pixel: u32, output_row: u32, output_pixel: u32, splits: u32,
  slice: u32, partials: u32, tanh: u32, slope: f32,
  phases: array<Phase, 4>,
}
@group(0) @binding(0) var<uniform> p: Params;
