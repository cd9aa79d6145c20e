@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> o: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let f = p.phases[group.z];
  let at = (group.x + group.y * groups.x) * 64u + local;
  if (at >= f.height * f.width * p.lanes) { return; }
  let n = at % p.lanes;
  let m = at / p.lanes;
  var sum = bias[n];
  for (var split = 0u; split < p.splits; split++) { sum += a[split * p.partials + f.partial + at]; }
  o[f.output + (m / f.width) * p.output_row + (m % f.width) * p.output_pixel + n] = activate(sum);
}
