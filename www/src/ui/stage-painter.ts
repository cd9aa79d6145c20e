/** Draws the panes, at most once per frame. */
import { inkOf, NO_OBJECT, type Ink } from "../canvas/label-map.js";
import { NO_PREVIEW } from "../canvas/preview.js";
import { Surface, type SurfaceContent, type SurfaceTheme } from "../canvas/surface.js";
import * as commands from "../state/commands.js";
import type { Studio } from "../state/studio.js";
import { classesOf, hasObjectLayer, shownLayout, type Layout, type StudioState } from "../state/studio-state.js";

const mainContent: Readonly<Record<Layout, SurfaceContent>> = {
  "side-by-side": "label",
  label: "label",
  overlay: "overlay",
  picture: "picture",
};

/** What is painted on `main`, the picture on `side`; the tool's preview on both. */
export class StagePainter {
  private readonly surfaces: readonly [main: Surface, side: Surface];
  private frame: number | undefined;
  private drawnRevision = -1;
  private drawnState: Readonly<StudioState> | undefined;
  private theme: SurfaceTheme | undefined;

  constructor(
    private readonly studio: Studio,
    private readonly main: HTMLCanvasElement,
    private readonly side: HTMLCanvasElement,
  ) {
    this.surfaces = [new Surface(main), new Surface(side)];
  }

  /** Draws at the next frame. */
  schedule(): void {
    this.frame ??= requestAnimationFrame(() => this.drawNow());
  }

  /** Reads the canvases' sizes again; what they showed is lost until drawn. */
  resize(): void {
    const ratio = window.devicePixelRatio;
    const [main, side] = this.surfaces;
    main.resize(this.main.clientWidth, this.main.clientHeight, ratio);
    side.resize(this.side.clientWidth, this.side.clientHeight, ratio);
  }

  /** Reads the colours again, and draws. */
  themeChanged(): void {
    this.theme = undefined;
    this.schedule();
  }

  /** Draws everything that changed. */
  drawNow(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    const { state } = this.studio;
    this.take(state);
    const theme = (this.theme ??= themeOf(this.main));
    const { view, overlayOpacity, preview } = state;
    const layout = shownLayout(state);
    const photo = state.model?.input === "photo";
    const content = mainContent[layout];
    const [main, side] = this.surfaces;
    const outlines = hasObjectLayer(state) && state.outlinesShown ? { chosen: chosenInk(state) } : undefined;
    const scene = { view, overlayOpacity, preview: state.map ? preview : NO_PREVIEW, theme, outlines };
    main.draw({ ...scene, content: photo && content === "label" ? "picture" : content });
    if (layout === "side-by-side") side.draw({ ...scene, content: "picture" });
  }

  private take(state: Readonly<StudioState>): void {
    const before = this.drawnState;
    this.drawnState = state;
    const [main, side] = this.surfaces;
    if (state.map !== before?.map || state.model !== before?.model) {
      for (const surface of this.surfaces) {
        surface.setMap(state.map, classesOf(state));
        if (state.model && !state.map) surface.setImageSize(state.model.size);
      }
    }
    if (state.revision !== this.drawnRevision) {
      const stale = commands.changedSince(this.studio, this.drawnRevision);
      for (const surface of this.surfaces) surface.markStale(stale);
      this.drawnRevision = state.revision;
    }
    if (state.picture !== before?.picture || state.photo !== before?.photo || state.layout !== before?.layout) {
      const showsPhoto =
        state.model?.input === "photo" && (state.layout === "side-by-side" || state.layout === "label");
      main.setPicture(showsPhoto ? state.photo : state.picture?.image);
      side.setPicture(state.picture?.image);
    }
  }
}

/** The object that is painted. */
function chosenInk({ classId, object }: Readonly<StudioState>): Ink | undefined {
  return object === NO_OBJECT ? undefined : inkOf(classId, object);
}

/** The canvas's CSS colours, resolved to what a 2D context takes. */
function themeOf(canvas: HTMLCanvasElement): SurfaceTheme {
  const style = getComputedStyle(canvas);
  return {
    outside: style.backgroundColor,
    checks: [style.borderTopColor, style.borderBottomColor],
    frame: style.borderLeftColor,
  };
}
