/** A finger on the page: Playwright itself only taps. */

import type { CDPSession, Locator } from "@playwright/test";

/** Puts a finger on the middle of an element, moves it up so far, in CSS pixels, and lifts it. */
export async function swipeUp(cdp: CDPSession, element: Locator, distance: number): Promise<void> {
  const box = await element.boundingBox();
  if (!box) throw new Error("the element is not shown");
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await cdp.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
  for (let step = 1; step <= 8; step += 1) {
    const touchPoints = [{ x, y: y - (distance * step) / 8 }];
    await cdp.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints });
  }
  await cdp.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}
