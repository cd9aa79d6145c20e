/** The browser of the project, started once, and the pages in it. */

import { expect, test as base } from "@playwright/test";

import { screenshots } from "../support/folders";
import type { SmokeBrowser, WindowPoint } from "./browser";
import { startFirefox } from "./firefox";
import { startWebKit } from "./webkit";

/** A rectangle in the window, in CSS pixels. */
export interface WindowBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What the tests do in either page. */
export class SmokePage {
  constructor(
    readonly browser: SmokeBrowser,
    private readonly project: string,
  ) {}

  /** The address of a page on the tests' server. */
  async open(path: string): Promise<void> {
    await this.browser.open(`http://127.0.0.1:${process.env["UNDERPAINT_SMOKE_PORT"]}${path}`);
  }

  /** Waits until a function in the page gives true. */
  async until(what: string, act: () => boolean | Promise<boolean>): Promise<void> {
    await expect
      .poll(() => this.browser.evaluate(act), {
        message: what,
        timeout: 30_000,
      })
      .toBe(true);
  }

  /** Drags through points of a box, each from 0 to 1 of its sides. */
  async drag(box: WindowBox, ...points: readonly WindowPoint[]): Promise<void> {
    await this.browser.drag(...points.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height] as const));
  }

  /** Keeps a screenshot for people to look at. */
  async look(name: string): Promise<void> {
    await this.browser.screenshot(`${screenshots}/${this.project}-${name}.png`);
  }
}

export const test = base.extend<object, { smoke: SmokePage }>({
  smoke: [
    async ({}, use, { project }) => {
      const browser = await (project.name === "webkit" ? startWebKit() : startFirefox());
      console.log(browser.version);
      await use(new SmokePage(browser, project.name));
      await browser.close();
    },
    { scope: "worker", timeout: 60_000 },
  ],
});
