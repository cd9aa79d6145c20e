/** `underpaint serve`: the studio for one's own bundles. */

import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

import { expect, test } from "@playwright/test";

import { made, studio as studioFolder } from "./support/folders";
import { CLASSES, MODELS, SIZE } from "./support/models";
import { program } from "./support/native";
import { labelScene } from "./support/scenes";
import { StudioPage } from "./support/studio-page";

test.use({ serviceWorkers: "block" });

/** The address in what the server says first. */
async function address(server: ChildProcess): Promise<string> {
  let said = "";
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
      const found = /http:\/\/[\w.:[\]]+\//.exec(said);
      if (found) resolve(found[0]);
    };
    server.stdout?.on("data", listen);
    server.stderr?.on("data", listen);
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
}

test("a folder of bundles is listed with its scenes, loaded and painted on", async ({ page }) => {
  const models = join(made, "studio/models");
  const server = spawn(program(), ["serve", "--models", models, "--studio", studioFolder, "--port", "0"]);
  try {
    const studio = new StudioPage(page);
    await studio.open(await address(server));
    const { model } = await studio.state();
    expect([MODELS.unet, MODELS.dropout, MODELS.photo, MODELS.pgan]).toContain(model);
    await studio.openModels();
    await expect(studio.dialog("models").locator("[data-model]")).toHaveCount(4);
    await page.keyboard.press("Escape");

    await studio.chooseModel(MODELS.unet);
    expect((await studio.labels()).ids).toEqual(labelScene(CLASSES, SIZE, SIZE).ids);
    const before = await studio.picture();
    await studio.label(2);
    await studio.stroke([5, 5], [60, 60]);
    expect(await studio.picture()).not.toEqual(before);
    studio.expectNoComplaints();
  } finally {
    server.kill();
  }
});
