/** Connects the element's two canvases with pointers, keys and drawing. */

import { fitView, type View } from "../canvas/view.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import { attachPointer } from "../tools/attach-pointer.js";
import { ToolController } from "../tools/controller.js";
import { KeyboardBrush } from "../tools/keyboard-brush.js";
import { isTyping, shortcutForKey, type ShortcutCommand } from "../tools/shortcuts.js";
import { runStudioCommand } from "../tools/studio-keys.js";
import { StagePainter } from "../ui/stage-painter.js";
import { FixedViewHost } from "./fixed-view-host.js";

/** Commands of keys that mean something in the element. */
const COMMANDS: readonly ShortcutCommand["type"][] = [
  "tool",
  "brush-size",
  "class",
  "swap-class",
  "object",
  "undo",
  "redo",
  "cancel",
  "clear",
];

/** Owns what listens to the canvases; `stop` ends it. */
export class SurfaceController {
  private readonly controller: ToolController;
  private readonly keyboard: KeyboardBrush;
  private readonly painter: StagePainter;
  private readonly stops: (() => void)[] = [];

  /**
   * @param main is painted on
   * @param side shows the picture beside it, and can be painted on too, but not with fingers: they scroll the page
   * @param isEnabled whether painting is allowed now
   */
  constructor(
    private readonly studio: Studio,
    private readonly main: HTMLCanvasElement,
    side: HTMLCanvasElement,
    private readonly isEnabled: () => boolean,
  ) {
    const host = new FixedViewHost(studio);
    this.controller = new ToolController(host);
    this.controller.tool = studio.state.tool;
    this.keyboard = new KeyboardBrush(this.controller, host);
    this.painter = new StagePainter(studio, main, side);
    const resize = new ResizeObserver(() => this.measure());
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = (): void => this.painter.themeChanged();
    scheme.addEventListener("change", repaint);
    // Without an image to zoom, wheel and trackpad stay with the page.
    const pointerHost = {
      get view(): View {
        return host.view;
      },
      setView: () => undefined,
      imageSize: undefined,
    };
    for (const canvas of [main, side]) {
      const leavesTouch = canvas === side;
      this.stops.push(
        attachPointer(canvas, { controller: this.controller, host: pointerHost, isEnabled, leavesTouch }),
      );
      resize.observe(canvas);
    }
    this.stops.push(
      () => resize.disconnect(),
      () => scheme.removeEventListener("change", repaint),
      studio.store.subscribe((state, before) => {
        this.controller.tool = state.tool;
        // Whoever asks to see everything gets it without the studio's margin.
        if (state.viewIsFitted || state.model !== before.model) this.fit();
        this.painter.schedule();
      }),
    );
    this.measure();
  }

  /** Stops listening; an unfinished stroke is taken back. */
  stop(): void {
    this.keyboard.blur();
    for (const stop of this.stops) stop();
  }

  /** Draws at the next frame, with the colours read again. */
  repaint(): void {
    const isEnabled = this.isEnabled();
    this.main.style.cursor = isEnabled ? this.controller.cursor(false) : "default";
    // Fingers that cannot paint scroll the page.
    this.main.style.touchAction = isEnabled ? "none" : "auto";
    this.painter.themeChanged();
  }

  /** Acts on a key pressed within the element; true when it was one of ours. */
  keyDown(event: KeyboardEvent): boolean {
    if (!this.isEnabled() || isTyping(event.composedPath())) return false;
    if (event.composedPath().includes(this.main) && this.keyboard.keyDown(event)) return true;
    const shortcut = shortcutForKey(event);
    if (shortcut === undefined || !COMMANDS.includes(shortcut.command.type)) return false;
    if (shortcut.command.type === "tool" && shortcut.command.tool === "pan") return false;
    return runStudioCommand(this.studio, this.controller, shortcut.command, () => undefined);
  }

  /** Acts on a key released within the element; true when it was one of ours. */
  keyUp(event: KeyboardEvent): boolean {
    return this.keyboard.keyUp(event);
  }

  /** The focus left the canvas. */
  blur(): void {
    this.keyboard.blur();
  }

  private measure(): void {
    if (this.main.clientWidth === 0) return;
    this.painter.resize();
    this.fit();
    this.painter.drawNow();
  }

  /** Shows the whole picture, without a margin. */
  private fit(): void {
    const { clientWidth: width, clientHeight: height } = this.main;
    const image = commands.imageSizeOf(this.studio);
    if (image === undefined || width === 0 || height === 0) return;
    const { canvasSize } = this.studio.state;
    if (canvasSize.width !== width || canvasSize.height !== height) {
      commands.setCanvasSize(this.studio, { width, height });
    }
    commands.setView(this.studio, fitView(image, { width, height }));
  }
}
