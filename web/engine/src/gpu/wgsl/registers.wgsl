@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let f = p.phases[group.z / p.splits];
  let split = group.z % p.splits;
  let across = p.lanes / VECTORSu;
  let at = (group.x + group.y * groups.x) * 64u + local;
  let n = (at % across) * VECTORSu;
  let first = (at / across) * PIXELSu;
  let count = f.height * f.width;
  if (first >= count) { return; }
BEGIN
LOOP
END
}
