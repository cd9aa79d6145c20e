/** The studio as a person uses it, and what tests read of its state. */

import { readFileSync } from "node:fs";

import { expect, type Download, type Locator, type Page } from "@playwright/test";

import type { StudioShell } from "../../../www/src/ui/studio-shell";
import { screenshots } from "./folders";
import type { Labels } from "./scenes";

/** A point of the label map, in its pixels. */
export type ImagePoint = readonly [x: number, y: number];

/** For what waits on a generator: WebGPU in software takes seconds. */
const SLOW = { timeout: 45_000 };

/** The studio with small models, the smallest, very many labels, those of COCO-Stuff, objects, and the demo model. */
export type StudioPath = "/studio/" | "/tiny/" | "/many/" | "/coco/" | "/objects/" | "/demo/";

declare global {
  interface HTMLElementTagNameMap {
    "up-studio": StudioShell;
  }
}

/** One studio in one page. */
export class StudioPage {
  /** What the browser complained about; a test that expects none checks that it is empty. */
  readonly complaints: string[] = [];

  constructor(readonly page: Page) {
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
  }

  /** Opens the studio, the introduction already seen, and waits for its first picture. */
  async open(path: string = "/studio/" satisfies StudioPath): Promise<void> {
    await this.page.addInitScript(() => localStorage.setItem("underpaint.introduced", "1"));
    await this.page.goto(path);
    await this.ready();
  }

  /** Waits until a model is loaded and its picture is there. */
  async ready(): Promise<void> {
    await this.page.waitForFunction(
      () => {
        const state = document.querySelector("up-studio")?.context?.studio.state;
        return state?.loading.phase === "ready" && (state.picture !== undefined || state.model?.input === "photo");
      },
      undefined,
      SLOW,
    );
    await this.settled();
  }

  /** Waits until the picture is of what is painted now: changes are sent on with the next frame. */
  async settled(): Promise<void> {
    await this.page.evaluate(async () => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      await frame();
      await frame();
    });
    await this.page.waitForFunction(
      () => document.querySelector("up-studio")?.context?.studio.state.generation.phase !== "running",
      undefined,
      SLOW,
    );
  }

  /** What is painted. */
  async labels(): Promise<Labels> {
    const { ids, ...size } = await this.page.evaluate(() => {
      const map = document.querySelector("up-studio")?.context?.studio.state.map;
      if (!map) throw new Error("nothing is painted");
      return { ids: Array.from(map.ids), width: map.width, height: map.height };
    });
    return { ids: Uint8Array.from(ids), ...size };
  }

  /** The numbers of the objects, one a pixel; undefined where the model does not tell them apart. */
  async objects(): Promise<Uint16Array | undefined> {
    const numbers = await this.page.evaluate(() => {
      const objects = document.querySelector("up-studio")?.context?.studio.state.map?.objects;
      return objects && Array.from(objects);
    });
    return numbers && Uint16Array.from(numbers);
  }

  /** The picture's RGBA samples, of what is painted now. */
  async picture(): Promise<Uint8Array> {
    await this.settled();
    const text = await this.page.evaluate(() => {
      const image = document.querySelector("up-studio")?.context?.studio.state.picture?.image;
      if (!image) throw new Error("there is no picture");
      let text = "";
      for (const sample of image.data) text += String.fromCharCode(sample);
      return btoa(text);
    });
    return Uint8Array.from(Buffer.from(text, "base64"));
  }

  /** Part of the state. */
  async state(): Promise<{
    device: unknown;
    seed: number;
    model: string;
    zoom: number;
    classId: number;
    brushSize: number;
    tool: string;
  }> {
    return this.page.evaluate(() => {
      const state = document.querySelector("up-studio")?.context?.studio.state;
      if (!state) throw new Error("there is no studio");
      const { device, seed, model, view, classId, brushSize, tool } = state;
      return { device, seed, model: model?.name ?? "", zoom: view.zoom, classId, brushSize, tool };
    });
  }

  /** The canvas that is painted on. */
  get canvas(): Locator {
    return this.page.locator("canvas.main");
  }

  /** Where a point of the label map is in the window. */
  async inWindow([x, y]: ImagePoint): Promise<{ x: number; y: number }> {
    const box = await this.canvas.boundingBox();
    const view = await this.page.evaluate(() => document.querySelector("up-studio")?.context?.studio.state.view);
    if (!box || !view) throw new Error("the canvas is not shown");
    return { x: box.x + x * view.zoom + view.offsetX, y: box.y + y * view.zoom + view.offsetY };
  }

  /** Presses, moves through the points and releases. One point is a click. */
  async stroke(...points: ImagePoint[]): Promise<void> {
    const [first, ...rest] = await Promise.all(points.map((point) => this.inWindow(point)));
    if (!first) return;
    await this.page.mouse.move(first.x, first.y);
    await this.page.mouse.down();
    for (const { x, y } of rest) await this.page.mouse.move(x, y, { steps: 6 });
    await this.page.mouse.up();
    await this.settled();
  }

  /** Picks a tool by its button. */
  async tool(name: string): Promise<void> {
    await this.page.getByRole("radio", { name, exact: true }).click();
  }

  /** Picks a class by its button in the palette, by its position. */
  async label(id: number): Promise<void> {
    await this.page.locator(`up-palette [data-label="${id}"]`).click();
  }

  /** Sets the brush's size with its slider, whose scale is not linear. */
  async brushSize(size: number): Promise<void> {
    const slider = this.page.getByRole("slider", { name: "Brush size" });
    let [low, high] = [0, Number(await slider.getAttribute("max"))];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      await slider.fill(String(middle));
      if ((await this.state()).brushSize < size) low = middle + 1;
      else high = middle;
    }
    await slider.fill(String(low));
    expect((await this.state()).brushSize).toBe(size);
  }

  /** Paints a scene over everything. */
  async scene(name: RegExp): Promise<void> {
    await this.page.getByRole("button", { name: "Scenes", exact: true }).click();
    await this.dialog("scenes").getByRole("button", { name }).click();
    await expect(this.page.getByRole("dialog")).toHaveCount(0);
  }

  /** Runs a command of the menu. */
  async menu(name: string): Promise<void> {
    await this.page.getByRole("button", { name: "More", exact: true }).click();
    await this.page.locator("up-menu").getByRole("button", { name, exact: true }).click();
  }

  /** Chooses one of a few in the menu, and closes it. */
  async setting(name: string): Promise<void> {
    await this.page.locator("up-menu > button, up-menu button.icon").first().click();
    await this.page.locator("up-menu").getByRole("radio", { name, exact: true }).click();
    await this.page.keyboard.press("Escape");
  }

  /** The bytes of what an action downloads, and the file's name. */
  async download(action: () => Promise<void>): Promise<{ bytes: Buffer; name: string; path: string }> {
    const waiting: Promise<Download> = this.page.waitForEvent("download");
    await action();
    const download = await waiting;
    const path = await download.path();
    return { bytes: readFileSync(path), name: download.suggestedFilename(), path };
  }

  /** Opens files through whatever dialog an action opens. */
  async upload(paths: string | string[], action: () => Promise<void>): Promise<void> {
    const waiting = this.page.waitForEvent("filechooser");
    await action();
    await (await waiting).setFiles(paths);
  }

  /** Changes to a model of the list. */
  async chooseModel(id: string): Promise<void> {
    await this.openModels();
    await this.page.locator(`[data-model="${id}"]`).click();
    await expect.poll(async () => (await this.state()).model).toBe(id);
    await this.ready();
  }

  /** Loads a bundle from an address through the model picker. */
  async loadAddress(address: string): Promise<void> {
    await this.openModels();
    const dialog = this.dialog("models");
    await dialog.getByRole("textbox").fill(new URL(address, this.page.url()).href);
    await dialog.getByRole("button", { name: "Load", exact: true }).click();
  }

  /** A dialog with all that is in it (which is slotted: the dialog element itself holds only its heading). */
  dialog(name: "checkpoint" | "models" | "scenes" | "paintings" | "shape" | "shortcuts" | "about"): Locator {
    return this.page.locator(`up-dialog[data-dialog="${name}"]`);
  }

  /** Opens the gallery and gives its cards, the newest first; waits until it lists so many. */
  async paintings(count: number): Promise<Locator> {
    await this.page.getByRole("button", { name: "Paintings", exact: true }).first().click();
    const cards = this.dialog("paintings").locator("li:not(:first-child)");
    await expect(cards).toHaveCount(count);
    return cards;
  }

  /** Waits until what is painted is kept: changes are saved after a second. */
  async kept(): Promise<void> {
    await this.page.waitForTimeout(1300);
  }

  /** Opens the model picker. */
  async openModels(): Promise<void> {
    await this.page
      .locator("header button")
      .filter({ has: this.page.locator(".names") })
      .click();
  }

  /** Keeps a screenshot for people to look at. */
  async look(name: string): Promise<void> {
    await this.page.screenshot({ path: `${screenshots}/${name}.png` });
  }

  /** Checks that the browser had nothing to complain about. */
  expectNoComplaints(): void {
    expect(this.complaints).toEqual([]);
  }
}

/** The mean difference of RGB samples inside and outside a rectangle of the picture, in levels. */
export function meanDifferences(
  before: Uint8Array,
  after: Uint8Array,
  width: number,
  inside: (x: number, y: number) => boolean,
): { inside: number; outside: number } {
  const sums = { inside: 0, outside: 0 };
  const counts = { inside: 0, outside: 0 };
  for (let pixel = 0; pixel < before.length / 4; pixel += 1) {
    const where = inside(pixel % width, Math.floor(pixel / width)) ? "inside" : "outside";
    for (let channel = 0; channel < 3; channel += 1) {
      sums[where] += Math.abs((before[4 * pixel + channel] ?? 0) - (after[4 * pixel + channel] ?? 0));
      counts[where] += 1;
    }
  }
  return { inside: sums.inside / counts.inside, outside: sums.outside / counts.outside };
}
