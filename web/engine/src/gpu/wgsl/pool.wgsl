struct Params {
  lanes: u32, input: u32, input_row: u32, input_pixel: u32,
  output: u32, output_row: u32, output_pixel: u32, across: u32,
  height: u32, width: u32, first: u32, count_pad: u32,
  kernel: vec2u, stride: vec2u,
  padding: vec2u, fill: vec2u,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> o: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let size = vec2u(p.height, p.width);
  for (var i = at.x; i < p.across; i += groups.x * 64u) {
    let n = i % p.lanes;
    let pixel = vec2u(p.first + at.y, i / p.lanes);
    // In coordinates of the padded plane.
    let begin = pixel * p.stride;
    let end = min(begin + p.kernel, size + 2u * p.padding);
    let from_ = max(begin, p.padding) - p.padding;
    let to = min(max(end, p.padding) - p.padding, size);
    var sum = vec4f();
    for (var y = from_.x; y < to.x; y++) {
      for (var x = from_.y; x < to.y; x++) { sum += a[p.input + y * p.input_row + x * p.input_pixel + n]; }
    }
    let area = select((to - min(from_, to)), end - begin, vec2<bool>(p.count_pad != 0u));
    o[p.output + at.y * p.output_row + pixel.y * p.output_pixel + n] = sum / f32(max(area.x * area.y, 1u));
  }
}
