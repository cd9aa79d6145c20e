// @ts-check
/**
 * Counts what an engine takes of its worker: compute pipelines, and the memories of its WebAssembly modules. To be
 * imported before the engine.
 */

let made = 0;
/** @type {Set<WebAssembly.Memory>} */
const memories = new Set();

/** Compute pipelines that were created. */
export function pipelines() {
  return made;
}

/** Bytes of all WebAssembly memories, which only ever grow. */
export function wasmBytes() {
  return [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

const device = /** @type {any} */ (globalThis).GPUDevice?.prototype;
for (const name of device ? ["createComputePipeline", "createComputePipelineAsync"] : []) {
  const create = device[name];
  device[name] = function (/** @type {unknown} */ descriptor) {
    made += 1;
    return create.call(this, descriptor);
  };
}

const { Memory, instantiate, instantiateStreaming } = WebAssembly;

class CountedMemory extends Memory {
  /** @param {WebAssembly.MemoryDescriptor} descriptor */
  constructor(descriptor) {
    super(descriptor);
    memories.add(this);
  }
}

/** @param {any} result of a module's bytes, or of a compiled module */
function noteExports(result) {
  const { exports } = result.instance ?? result;
  for (const exported of Object.values(exports)) if (exported instanceof Memory) memories.add(exported);
  return result;
}

Object.assign(WebAssembly, {
  Memory: CountedMemory,
  instantiate: async (/** @type {any} */ module, /** @type {any} */ imports) =>
    noteExports(await instantiate(module, imports)),
  instantiateStreaming: async (/** @type {any} */ response, /** @type {any} */ imports) =>
    noteExports(await instantiateStreaming(response, imports)),
});
