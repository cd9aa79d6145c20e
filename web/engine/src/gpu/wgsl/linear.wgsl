struct Params { lanes: u32, length: u32, tanh: u32, slope: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;
var<workgroup> sums: array<vec4f, 64>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let n = (group.x + group.y * groups.x) * 8u + local % 8u;
  let column = min(n, p.lanes - 1u);
  var sum = vec4f();
  for (var k = local / 8u; k < p.length; k += 8u) {
    let v = a[k];
    let row = 4u * k * p.lanes + column;
    sum += v.x * weight(row) + v.y * weight(row + p.lanes) + v.z * weight(row + 2u * p.lanes) + v.w * weight(row + 3u * p.lanes);
  }
  sums[local] = sum;
  workgroupBarrier();
  for (var s = 32u; s >= 8u; s >>= 1u) {
    if (local < s) { sums[local] += sums[local + s]; }
    workgroupBarrier();
  }
  if (local < 8u && n < p.lanes) { o[n] = activate(sums[local] + bias[n]); }
}
