const NONE = 0xffffffffu;
@group(0) @binding(0) var<uniform> p: array<vec4u, BLOCKS>;
@group(0) @binding(1) var<storage, read> tables: array<u32>;
@group(0) @binding(2) var<storage, read> a: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> o: array<vec4f>;
OPERANDS
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let across = p[0].x;
  let lanes = p[0].y;
  let y = at.y + p[0].z;
  let row = tables[p[2].w + y];
ROWS
  for (var i = at.x; i < across; i += groups.x * 64u) {
    let x = i / lanes;
    let n = i % lanes;
    let column = tables[p[3].x + x];
    var v = vec4f();
    if (row != NONE && column != NONE) {
      v = a[p[2].x + row * p[2].y + column * p[2].z + n];
CHAIN
    }
    o[p[1].x + y * p[1].y + x * p[1].z + n] = v;
  }
}
