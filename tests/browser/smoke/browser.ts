/** What the smoke test needs of a browser, however it is driven. */

/** A point in the window, in CSS pixels. */
export type WindowPoint = readonly [x: number, y: number];

/** A browser with one page. */
export interface SmokeBrowser {
  /** Name and version, as the browser itself says. */
  readonly version: string;
  open(address: string): Promise<void>;
  reload(): Promise<void>;
  /** Runs a function in the page. It sees nothing around it; arguments and result travel as JSON. */
  evaluate<Args extends readonly unknown[], Result>(
    act: (...args: Args) => Result | Promise<Result>,
    ...args: Args
  ): Promise<Result>;
  /** Presses the mouse at the first point, moves it through the others and releases it: a click where there is one. */
  drag(...points: readonly WindowPoint[]): Promise<void>;
  /** Writes what the window shows to a PNG file. */
  screenshot(path: string): Promise<void>;
  close(): Promise<void>;
}

/** The window of every browser, in CSS pixels; WebKit's includes its bars. */
export const WINDOW = { width: 1280, height: 900 };
