struct Params {
  lanes: u32, view: u32, view_row: u32, view_pixel: u32,
  across: u32, first: u32, gap_at: u32, gap: u32,
  top: u32, left: u32, height: u32, width: u32,
  mode: u32, fill_a: u32, fill_b: u32, fill_c: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> o: array<vec4f>;
// Which pixel of the inside stands at this place of the border.
fn inside(at: i32, size: i32) -> u32 {
  let last = size - 1;
  if (p.mode == 1u) { return u32(clamp(last - abs(last - abs(at)), 0, last)); }
  return u32(clamp(at, 0, last));
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = p.first + at.y;
  let y = p.top + inside(i32(row) - i32(p.top), i32(p.height));
  for (var i = at.x; i < p.across; i += groups.x * 64u) {
    let n = i % p.lanes;
    let place = i / p.lanes;
    let column = place + select(0u, p.gap, place >= p.gap_at);
    var v = vec4f();
    if (p.mode != 0u) {
      let x = p.left + inside(i32(column) - i32(p.left), i32(p.width));
      v = o[p.view + y * p.view_row + x * p.view_pixel + n];
    }
    o[p.view + row * p.view_row + column * p.view_pixel + n] = v;
  }
}
