@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let n = group.x;
  means[local] = vec4f();
  squares[local] = vec4f();
  counts[local] = 0.0;
  for (var i = local; i < p.chunks; i += 64u) {
    let at = (i * p.lanes + n) * 3u;
    let count = counts[local] + a[at + 2u].x;
    let share = a[at + 2u].x / max(count, 1.0);
    let apart = a[at] - means[local];
    squares[local] += a[at + 1u] + apart * apart * (counts[local] * share);
    means[local] += apart * share;
    counts[local] = count;
  }
  workgroupBarrier();
  for (var s = 32u; s >= 1u; s >>= 1u) {
    if (local < s) { merge(local, local + s); }
    workgroupBarrier();
  }
  if (local == 0u) {
FINISH
  }
}
