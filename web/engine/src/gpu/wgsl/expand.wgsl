struct Params {
  lanes: u32, output: u32, output_row: u32, output_pixel: u32,
  across: u32, classes: u32, labels: u32, labels_row: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> o: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = at.x; i < p.across; i += groups.x * 64u) {
    let x = i / p.lanes;
    let n = i % p.lanes;
    let code = labels[p.labels + at.y * p.labels_row + x];
    let label = code % (p.classes + 1u);
    let switched = code / (p.classes + 1u);
    let channel = vec4u(4u * n, 4u * n + 1u, 4u * n + 2u, 4u * n + 3u);
    let hot = (channel == vec4u(label)) & (channel < vec4u(p.classes));
    let on = (channel == vec4u(p.classes)) & vec4<bool>(switched == 1u);
    o[p.output + at.y * p.output_row + x * p.output_pixel + n] = select(vec4f(), vec4f(1.0), hot | on);
  }
}
