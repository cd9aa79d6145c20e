/**
 * Tests in a real browser: the library, the studio and the element in Debian's Chromium.
 *
 *     npm run test:browser            (in www; after `npm run build` and `npm run build:lib`)
 *
 * `UNDERPAINT_BIN` names the `underpaint` program (else the one in `target/release`), which makes the
 * small models and the pictures to compare with; `UNDERPAINT_CHROMIUM` names another Chromium.
 */

import { defineConfig } from "@playwright/test";

import { executablePath, withoutGpu, withWebGpu } from "./support/chromium.mjs";

const launch = (args: string[]) => ({ launchOptions: { executablePath, args, timeout: 30_000 } });

export default defineConfig({
  testDir: ".",
  outputDir: "artifacts/results",
  globalSetup: "./support/global-setup.ts",
  // One browser at a time: SwiftShader uses every core there is.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  globalTimeout: 1_600_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    baseURL: `http://127.0.0.1:${process.env["UNDERPAINT_TEST_PORT"] ?? "0"}`,
    viewport: { width: 1280, height: 800 },
    screenshot: { mode: "on", fullPage: false },
    trace: "off",
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
  },
  projects: [
    { name: "cpu", testIgnore: "*.webgpu.spec.ts", use: launch(withoutGpu) },
    { name: "webgpu", testMatch: "*.webgpu.spec.ts", use: launch(withWebGpu) },
  ],
});
