/** Offline after the first visit. */

import { join } from "node:path";

import { expect, test } from "@playwright/test";

import { made, studio as studioFolder } from "./support/folders";
import { serve } from "./support/server";
import { StudioPage } from "./support/studio-page";

test("after one visit the studio opens and paints with the server gone", async ({ page }) => {
  const { server, port } = await serve([{ prefix: "/", folders: [join(made, "studio"), studioFolder] }]);
  try {
    const studio = new StudioPage(page);
    await studio.open(`http://127.0.0.1:${port}/`);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await expect
      .poll(() => page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state))
      .toBe("activated");

    // Of the module's builds the one that this browser runs.
    const kept = await page.evaluate(async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith("underpaint-studio-"));
      const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return requests.flat().map(({ url }) => url);
    });
    expect(kept.filter((url) => url.endsWith(".wasm"))).toEqual([expect.stringContaining("underpaint_web_relaxed_bg")]);

    server.close();
    server.closeAllConnections();
    await expect(page.request.get(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    await page.reload();
    await studio.ready();
    const before = await studio.picture();
    await studio.label(13);
    await studio.stroke([5, 5], [60, 60]);
    expect(await studio.picture()).not.toEqual(before);
    await studio.look("offline");
  } finally {
    server.close();
  }
});
