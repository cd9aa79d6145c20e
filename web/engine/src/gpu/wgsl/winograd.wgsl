@group(0) @binding(1) var<storage, read> a: array<vec4f>;
const DEEP = DEPTHu;
const KERNEL = 512u * DEEP;
// Pixels [group of channels, place, tile], then the kernel [group of channels, place, channel, lane],
// both transformed; in the end products [place, tile, lane].
var<workgroup> held: array<vec4f, 1024u * DEEP>;
// One of the four output pixels of a tile: two lines of sums, the second of differences.
fn product(cell: u32, row: u32, column: u32, sign: f32) -> vec4f {
  let at = (4u * row + column) * 64u + cell;
  return held[at] + sign * (held[at + 64u] + held[at + 128u]);
}
fn finish(f: Phase, split: u32, local: u32, t0: u32, n0: u32, across: u32, count: u32) {
  let cell = local % 64u;
  let down = local / 128u;
  let right = (local / 64u) % 2u;
  let t = t0 + cell / 8u;
  let n = n0 + cell % 8u;
  let y = 2u * (t / across) + down;
  let x = 2u * (t % across) + right;
  if (t >= count || n >= p.lanes || y >= f.height || x >= f.width) { return; }
  let signs = 1.0 - 2.0 * vec2f(f32(down), f32(right));
  let middle = product(cell, down + 1u, right, signs.y) + product(cell, down + 2u, right, signs.y);
  let sum = product(cell, down, right, signs.y) + signs.x * middle;
STORE
}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let f = p.phases[group.z / p.splits];
  let split = group.z % p.splits;
  let across = (f.width + 1u) / 2u;
  let count = across * ((f.height + 1u) / 2u);
  let columns = (p.lanes + 7u) / 8u;
  let at = group.x + group.y * groups.x;
  let n0 = (at % columns) * 8u;
  let t0 = (at / columns) * 32u;
  if (t0 >= count) { return; }
  let depth = f.columns * f.run / 3u;
  let begin = split * p.slice;
  let end = min(begin + p.slice, depth);
  // Every invocation makes one of the four lines of a tile, or of a channel's kernel for a lane.
  let line = (local / 32u) % 4u;
  let item = local % 32u;
  let deep = (local / 128u) % DEEP;
  let to = deep * 512u + line * 128u + item;
  // Of a tile it is the sum or the difference of two rows. A last row or column of tiles may reach too
  // far: what stands for those pixels only goes into output pixels that there are not.
  let t = min(t0 + item, count - 1u);
  let y = 2u * (t / across);
  let x = 2u * (t % across);
  let sign = select(-1.0, 1.0, line == 1u);
  let one = f.input + min(y + ((0x1210u >> (4u * line)) & 3u), f.height + 1u) * p.step_row;
  let two = f.input + min(y + ((0x3122u >> (4u * line)) & 3u), f.height + 1u) * p.step_row;
  let x0 = x * p.step_pixel;
  let x1 = x0 + p.step_pixel;
  let x2 = x1 + p.step_pixel;
  let x3 = min(x + 3u, f.width + 1u) * p.step_pixel;
  let channel = f.weights + (item / 8u) * p.lanes + min(n0 + item % 8u, p.lanes - 1u);
  let tap = 4u * depth * p.lanes;
  let middle = select(0.5, -0.5, line == 2u);
  // It multiplies at one of the sixteen places. Those at odd ones go through tiles and lanes in another
  // order, so that neighbours read different banks of workgroup memory.
  let place = local / 16u;
  let odd = place % 2u;
  let tm = (local / 4u) % 4u;
  let tn = local % 4u;
  let a_even = place * 32u + tm + 4u * odd;
  let a_odd = place * 32u + tm - 4u * odd;
  let w_even = KERNEL + place * 32u + tn + 4u * odd;
  let w_odd = KERNEL + place * 32u + tn + 4u - 4u * odd;
BEGIN
  for (var k = begin; k < end; k += DEEP) {
    PIXELS {
      let inside = k + deep < end;
      let source = select(0u, k + deep, inside);
      let e0 = a[one + x0 + source] + sign * a[two + x0 + source];
      let e1 = a[one + x1 + source] + sign * a[two + x1 + source];
      let e2 = a[one + x2 + source] + sign * a[two + x2 + source];
      let e3 = a[one + x3 + source] + sign * a[two + x3 + source];
      held[to] = select(vec4f(), e0 - e2, inside);
      held[to + 32u] = select(vec4f(), e1 + e2, inside);
      held[to + 64u] = select(vec4f(), e2 - e1, inside);
      held[to + 96u] = select(vec4f(), e1 - e3, inside);
    } OTHERS {
      // Channels beyond the slice meet zeros above.
      let source = channel + 4u * min(k + deep, depth - 1u) * p.lanes;
      var h0 = vec4f();
      var h1 = vec4f();
      var h2 = vec4f();
      if (line == 0u || line == 3u) {
        let row = source + select(0u, 6u * tap, line == 3u);
        h0 = weight(row);
        h1 = weight(row + tap);
        h2 = weight(row + 2u * tap);
      } else {
        h0 = 0.5 * (weight(source) + weight(source + 6u * tap)) + middle * weight(source + 3u * tap);
        h1 = 0.5 * (weight(source + tap) + weight(source + 7u * tap)) + middle * weight(source + 4u * tap);
        h2 = 0.5 * (weight(source + 2u * tap) + weight(source + 8u * tap)) + middle * weight(source + 5u * tap);
      }
      let outer = 0.5 * (h0 + h2);
      held[KERNEL + to] = h0;
      held[KERNEL + to + 32u] = outer + 0.5 * h1;
      held[KERNEL + to + 64u] = outer - 0.5 * h1;
      held[KERNEL + to + 96u] = h2;
    }
    workgroupBarrier();
    for (var q = 0u; q < 512u * DEEP; q += 512u) {
COMPUTE
    }
    workgroupBarrier();
  }
END
}
