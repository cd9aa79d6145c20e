/** What the whole page listens to: keys, the space bar, pens, files dropped or pasted anywhere, and links in the address. */
import { isTyping, shortcutForKey, type ShortcutCommand } from "../tools/shortcuts.js";

/** What the page does about it. */
export interface PageInputHost {
  /** Runs a key's command; false when there was nothing to do. */
  readonly run: (command: ShortcutCommand) => boolean;
  /** Whether keys belong to a dialog now. */
  readonly isBusy: () => boolean;
  readonly spaceChanged: () => void;
  readonly penSeen: () => void;
  /** Files are dragged over the page, or no longer. */
  readonly dragging: (over: boolean) => void;
  readonly dropped: (transfer: DataTransfer) => void;
  /** Something is pasted; false when it is none of the page's. */
  readonly pasted: (transfer: DataTransfer | null) => boolean;
  /** The page's address has another fragment. */
  readonly linked: () => void;
}

/** Listens on the window until `stop`. */
export class PageInput {
  /** Whether the space bar is held, which moves the view. */
  isSpaceHeld = false;
  private readonly listening = new AbortController();

  constructor(private readonly host: PageInputHost) {
    const options = { signal: this.listening.signal };
    window.addEventListener("keydown", (event) => this.keyDown(event), options);
    window.addEventListener("keyup", (event) => event.key === " " && this.holdSpace(false), options);
    window.addEventListener("blur", () => this.holdSpace(false), options);
    window.addEventListener("pointermove", (event) => event.pointerType === "pen" && host.penSeen(), options);
    window.addEventListener("click", releaseChoice, options);
    window.addEventListener("dragover", (event) => this.dragOver(event), options);
    window.addEventListener("dragleave", (event) => event.relatedTarget ?? host.dragging(false), options);
    window.addEventListener("drop", (event) => this.drop(event), options);
    window.addEventListener("paste", (event) => this.paste(event), options);
    window.addEventListener("hashchange", () => host.linked(), options);
  }

  /** Stops listening. */
  stop(): void {
    this.listening.abort();
  }

  private keyDown(event: KeyboardEvent): void {
    if (event.defaultPrevented || isTyping(event.composedPath()) || this.host.isBusy()) return;
    if (event.key === " " && isOnPage(event)) {
      event.preventDefault();
      this.holdSpace(true);
      return;
    }
    const shortcut = shortcutForKey(event);
    if (shortcut && this.host.run(shortcut.command)) event.preventDefault();
  }

  private holdSpace(held: boolean): void {
    if (this.isSpaceHeld === held) return;
    this.isSpaceHeld = held;
    this.host.spaceChanged();
  }

  private paste(event: ClipboardEvent): void {
    if (isTyping(event.composedPath()) || this.host.isBusy()) return;
    if (this.host.pasted(event.clipboardData)) event.preventDefault();
  }

  private dragOver(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.host.dragging(true);
  }

  private drop(event: DragEvent): void {
    this.host.dragging(false);
    if (!event.dataTransfer) return;
    event.preventDefault();
    this.host.dropped(event.dataTransfer);
  }
}

/** Whether a key was pressed outside every button, slider and link, which have their own use for Space. */
function isOnPage(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return target === document.body || target instanceof HTMLCanvasElement;
}

/**
 * A tool or class that was chosen with the pointer does not keep the focus: the space bar would press it again instead of
 * moving the view. Choices made by keyboard (their clicks have no count) keep it.
 */
function releaseChoice(event: MouseEvent): void {
  if (event.detail === 0) return;
  for (const element of event.composedPath()) {
    if (element instanceof HTMLElement && ["radio", "option"].includes(element.role ?? "")) {
      element.blur();
    }
  }
}
