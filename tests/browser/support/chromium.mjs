// @ts-check
/**
 * How Chromium is started, here and in the benchmark: Debian's package, headless, with the software
 * adapter that it brings along.
 */

import { existsSync } from "node:fs";

/** Where Chromium is: `UNDERPAINT_CHROMIUM`, or where Debian puts it. */
export const executablePath = process.env["UNDERPAINT_CHROMIUM"] ?? "/usr/bin/chromium";

const QUIET = [
  "--headless=new",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** With WebGPU on SwiftShader, Vulkan in software. */
export const withWebGpu = [
  ...QUIET,
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-webgpu-adapter=swiftshader",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
  "--ignore-gpu-blocklist",
];

/** As a machine whose graphics cannot be used: `navigator.gpu` is there, but has no adapter. */
export const withoutGpu = [...QUIET, "--disable-gpu", "--disable-software-rasterizer"];

/** Says what to install when there is no Chromium. */
export function requireChromium() {
  if (!existsSync(executablePath)) {
    throw new Error(
      `no Chromium at ${executablePath}: install it (Debian: apt-get install chromium), or name ` +
        "another with UNDERPAINT_CHROMIUM",
    );
  }
}
