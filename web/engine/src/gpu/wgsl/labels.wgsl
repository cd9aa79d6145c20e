struct Params {
  lanes: u32, output: u32, output_row: u32, output_pixel: u32,
  across: u32, codes: u32, rows: u32, columns: u32,
  labels: u32, labels_row: u32, step_row: u32, step_pixel: u32,
  tanh: u32, slope: f32, fill_a: u32, fill_b: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = at.x; i < p.across; i += groups.x * 64u) {
    let x = i / p.lanes;
    let n = i % p.lanes;
    var sum = bias[n];
    var tap = n;
    for (var r = 0u; r < p.rows; r++) {
      let row = p.labels + (at.y * p.step_row + r) * p.labels_row + x * p.step_pixel;
      for (var c = 0u; c < p.columns; c++) {
        sum += weight(tap + labels[row + c] * p.lanes);
        tap += p.codes * p.lanes;
      }
    }
    o[p.output + at.y * p.output_row + x * p.output_pixel + n] = activate(sum);
  }
}
