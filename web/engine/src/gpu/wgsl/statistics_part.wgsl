@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let n = group.x * p.beside + local % p.beside;
  let lane = p.input + min(n, p.lanes - 1u);
  let step = 64u / p.beside;
  let begin = group.y * p.span + local / p.beside;
  let end = min((group.y + 1u) * p.span, p.pixels);
  var sum = vec4f();
  var count = 0.0;
  for (var i = begin; i < end; i += step) {
    sum += a[lane + (i / p.width) * p.input_row + (i % p.width) * p.input_pixel];
    count += 1.0;
  }
  let mean = sum / max(count, 1.0);
  var square = vec4f();
  for (var i = begin; i < end; i += step) {
    let apart = a[lane + (i / p.width) * p.input_row + (i % p.width) * p.input_pixel] - mean;
    square += apart * apart;
  }
  means[local] = mean;
  squares[local] = square;
  counts[local] = count;
  workgroupBarrier();
  for (var s = 32u; s >= p.beside; s >>= 1u) {
    if (local < s) { merge(local, local + s); }
    workgroupBarrier();
  }
  if (local < p.beside && n < p.lanes) {
FINISH
  }
}
