struct Params {
  lanes: u32, beside: u32, width: u32, input: u32,
  input_row: u32, input_pixel: u32, pixels: u32, span: u32,
  first: u32, chunks: u32, epsilon: f32, fill: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
var<workgroup> means: array<vec4f, 64>;
var<workgroup> squares: array<vec4f, 64>;
var<workgroup> counts: array<f32, 64>;
// Chan, Golub and LeVeque's pairwise merge.
fn merge(left: u32, right: u32) {
  let count = counts[left] + counts[right];
  let share = counts[right] / max(count, 1.0);
  let apart = means[right] - means[left];
  squares[left] += squares[right] + apart * apart * (counts[left] * share);
  means[left] += apart * share;
  counts[left] = count;
}
