@group(0) @binding(1) var<storage, read> a: array<vec4f>;
const TM = TILEu;
const PITCH = TM + 2u;
const TN = LANESu;
const ACROSS = TN / 2u;
const THREADS = INVOCATIONSu;
const DOWN = TM / 8u;
var<workgroup> pixels: array<vec4f, 4u * PITCH>;
var<workgroup> kernel: array<vec4f, 16u * TN>;
@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let f = p.phases[group.z / p.splits];
  let split = group.z % p.splits;
  let count = f.height * f.width;
  let tiles = (p.lanes + TN - 1u) / TN;
  let at = group.x + group.y * groups.x;
  let n0 = (at % tiles) * TN;
  let m0 = (at / tiles) * TM;
  if (m0 >= count) { return; }
  let tn = local % ACROSS;
  let tm = local / ACROSS;
  let q = local % 4u;
  let m = local / 4u;
  let total = f.rows * f.columns * f.run;
  let begin = split * p.slice;
  let end = min(begin + p.slice, total);
BEGIN
  for (var k = begin; k < end; k += 4u) {
    let kq = k + q;
    let inside = kq < end;
    let tap = kq / f.run;
    let offset = select(0u, (tap / f.columns) * p.input_row + (tap % f.columns) * p.input_pixel + kq % f.run, inside);
LOAD
    workgroupBarrier();
    for (var j = 0u; j < 4u; j++) {
COMPUTE
    }
    workgroupBarrier();
  }
END
}
