// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { Coach } from "./coach.js";

let coach: Coach;
let done: number;

const title = async (): Promise<string> => {
  await coach.updateComplete;
  return coach.renderRoot.querySelector("h2")?.textContent ?? "";
};

beforeEach(() => {
  coach = new Coach();
  done = 0;
  coach.addEventListener("coach-done", () => (done += 1));
  document.body.replaceChildren(coach);
  coach.start();
});

describe("the introduction", () => {
  it("keeps up with a person who picks and paints without it, and ends with the second stroke", async () => {
    expect(await title()).toBe("Pick what");
    coach.noteDeed("pick");
    expect(await title()).toBe("Paint where");
    coach.noteDeed("pick");
    expect(await title()).toBe("Paint where");
    coach.noteDeed("paint");
    expect(await title()).toBe("Watch it appear");
    coach.noteDeed("paint");
    expect([await title(), done]).toEqual(["", 1]);
  });

  it("does not ask for a label once a stroke is painted", async () => {
    coach.noteDeed("paint");
    expect(await title()).toBe("Watch it appear");
  });

  it("leaves the focus alone unless its own button was pressed", async () => {
    const elsewhere = document.createElement("button");
    document.body.append(elsewhere);
    elsewhere.focus();
    coach.noteDeed("pick");
    await coach.updateComplete;
    expect(document.activeElement).toBe(elsewhere);
    coach.renderRoot.querySelector<HTMLElement>(".primary")?.click();
    await coach.updateComplete;
    expect(document.activeElement).toBe(coach);
  });

  it("ends once, and says whether there was anything to end", async () => {
    expect([coach.close(), coach.close()]).toEqual([true, false]);
    coach.noteDeed("paint");
    expect([await title(), done]).toEqual(["", 1]);
  });
});
