/**
 * Which build of the WebAssembly module a browser is given. All compute the same; the one with relaxed SIMD is quicker on
 * the CPU, and not every browser has that.
 */

/** A build of the module, as the package lists it (`pkg/modules.js`, by `cargo xtask wasm`). */
export interface ModuleBuild {
  /** `plain` runs everywhere, `relaxed` needs relaxed SIMD. */
  readonly name: string;
  readonly url: string;
  /** How large it is, for the progress of loading; undefined where nobody has said. */
  readonly bytes?: number | undefined;
}

/** Magic, version, a type without parameters, and one function of that type; code follows. */
const PREAMBLE = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0];
/** `i8x16.splat(0)`, dropped. */
const SIMD_MODULE = [...PREAMBLE, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];
/** `f32x4.relaxed_madd` of three such vectors, dropped. */
const RELAXED_MODULE = [
  ...PREAMBLE,
  ...[10, 20, 1, 18, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 26, 11],
];

/** Whether this browser runs WebAssembly with SIMD, as every build needs it. */
export function runsSimd(): boolean {
  return isValid(SIMD_MODULE);
}

/** Whether this browser runs WebAssembly with relaxed SIMD. */
export function runsRelaxedSimd(): boolean {
  return isValid(RELAXED_MODULE);
}

function isValid(module: readonly number[]): boolean {
  return typeof WebAssembly !== "undefined" && WebAssembly.validate(Uint8Array.from(module));
}

/**
 * The builds to try, the best first: a package that was served by hand may lack one.
 *
 * @param builds what the package has
 * @param asked an address that the page has given: that and no other
 */
export function moduleChoice(
  builds: readonly ModuleBuild[],
  asked: string | undefined,
  relaxed = runsRelaxedSimd(),
): readonly ModuleBuild[] {
  const [plain, ...others] = builds.filter(({ name }) => name === "plain" || (relaxed && name === "relaxed"));
  if (asked === undefined) return plain === undefined ? [] : [...others, plain];
  const named = builds.find(({ url }) => fileName(url) === fileName(asked)) ?? plain;
  return [{ name: "asked", url: asked, bytes: named?.bytes }];
}

/**
 * What of a list of files a browser keeps for later: all but the builds of the module that it would not choose.
 *
 * @param paths of files, whose names begin as those in the package do
 */
export function worthKeeping(paths: readonly string[], relaxed = runsRelaxedSimd()): readonly string[] {
  const isRelaxed = (path: string): boolean => /(^|\/)underpaint_web_relaxed_bg\b[^/]*\.wasm$/.test(path);
  const isPlain = (path: string): boolean => /(^|\/)underpaint_web_bg\b[^/]*\.wasm$/.test(path);
  const leftOut = relaxed && paths.some(isRelaxed) ? isPlain : isRelaxed;
  return paths.filter((path) => !leftOut(path));
}

function fileName(url: string): string | undefined {
  return new URL(url).pathname.split("/").at(-1);
}
