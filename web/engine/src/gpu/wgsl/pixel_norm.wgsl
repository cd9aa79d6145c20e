struct Params {
  lanes: u32, beside: u32, width: u32, pixels: u32,
  input: u32, input_row: u32, input_pixel: u32, divisor: f32,
  output: u32, output_row: u32, output_pixel: u32, epsilon: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> o: array<vec4f>;
var<workgroup> sums: array<f32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local % p.beside;
  let pixel = (group.x + group.y * groups.x) * (64u / p.beside) + local / p.beside;
  let inside = min(pixel, p.pixels - 1u);
  let y = inside / p.width;
  let x = inside % p.width;
  let from_ = p.input + y * p.input_row + x * p.input_pixel;
  var sum = 0.0;
  for (var n = lane; n < p.lanes; n += p.beside) { sum += dot(a[from_ + n], a[from_ + n]); }
  sums[local] = sum;
  workgroupBarrier();
  for (var s = p.beside / 2u; s > 0u; s >>= 1u) {
    if (lane < s) { sums[local] += sums[local + s]; }
    workgroupBarrier();
  }
  let factor = 1.0 / sqrt(sums[local - lane] / p.divisor + p.epsilon);
  if (pixel < p.pixels) {
    let to = p.output + y * p.output_row + x * p.output_pixel;
    for (var n = lane; n < p.lanes; n += p.beside) { o[to + n] = a[from_ + n] * factor; }
  }
}
