/** Stands in for `www/pkg`, where `cargo xtask wasm` has not made it yet. Files that exist win over this pattern. */
declare module "*/pkg/underpaint_web.js" {
  export default function init(input: { module_or_path: Response }): Promise<unknown>;
  export const Session: import("./wasm.js").WasmModule["Session"];
  export const BundleParts: import("./wasm.js").WasmModule["BundleParts"];
  export const check_bundle_fits: import("./wasm.js").WasmModule["check_bundle_fits"];
  export const last_panic: import("./wasm.js").WasmModule["last_panic"];
}

declare module "*/pkg/underpaint_checkpoint.js" {
  export default function init(): Promise<unknown>;
  export const CheckpointFiles: import("./wasm.js").ReaderModule["CheckpointFiles"];
}

declare module "*/pkg/modules.js" {
  export const MODULES: readonly import("./module-choice.js").ModuleBuild[];
}
