/**
 * A smoke test of what people get, in browsers other than Chromium: Debian's Firefox ESR, and WebKitGTK's MiniBrowser on
 * a display that nobody sees.
 *
 *     npm run test:smoke              (in www; after `npm run build` and `npm run build:lib`)
 *
 * Needs Debian's firefox-esr, webkit2gtk-driver and xvfb; the model is the demo's, so no program has to be built.
 * Playwright brings only the runner: its own browsers are not those that people have.
 */

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: "*.smoke.ts",
  outputDir: "../artifacts/smoke-results",
  globalSetup: "./set-up.ts",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 90_000,
  globalTimeout: 240_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  projects: [{ name: "firefox" }, { name: "webkit" }],
});
