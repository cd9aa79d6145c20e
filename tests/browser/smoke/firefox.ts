/** Firefox, driven over WebDriver BiDi. */

import puppeteer from "puppeteer-core";

import { WINDOW, type SmokeBrowser } from "./browser";

/** Where Debian puts it; `UNDERPAINT_FIREFOX` names another. */
const executablePath = process.env["UNDERPAINT_FIREFOX"] ?? "/usr/bin/firefox-esr";

/** Starts Firefox without a window. */
export async function startFirefox(): Promise<SmokeBrowser> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    defaultViewport: WINDOW,
    timeout: 60_000,
  });
  const page = await browser.newPage();
  return {
    version: await browser.version(),
    open: async (address) => void (await page.goto(address, { waitUntil: "load" })),
    reload: async () => void (await page.reload({ waitUntil: "load" })),
    evaluate: (act, ...args) => page.evaluate(act as never, ...(args as never)),
    drag: async (...points) => {
      for (const [at, [x, y]] of points.entries()) {
        await page.mouse.move(x, y, { steps: at === 0 ? 1 : 6 });
        if (at === 0) await page.mouse.down();
      }
      await page.mouse.up();
    },
    screenshot: async (path) => void (await page.screenshot({ path: path as `${string}.png` })),
    close: () => browser.close(),
  };
}
