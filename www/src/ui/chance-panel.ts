/** In the palette's place where there is nothing to paint: seeds, neighbours of a picture, and the way from one to another. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { t } from "../i18n/language.js";
import * as commands from "../state/commands.js";
import { PLAIN_LOOK, depthOf, isSameLook, type SceneStyle } from "../state/look.js";
import { chooseStyle } from "../state/look-commands.js";
import { choiceFor } from "../state/studio-model.js";
import type { StudioState } from "../state/studio-state.js";
import { thumbnailOfPicture } from "../state/thumbnail.js";
import type { ShortcutCommand } from "../tools/shortcuts.js";
import { chanceStyles } from "./chance-styles.js";
import type { StudioContext } from "./context.js";
import { glyph } from "./glyph.js";
import "./path-panel.js";
import { roveWithKeys } from "./roving.js";
import { SmallPictures, type Wanted } from "./small-pictures.js";
import { tileStyles } from "./strip-styles.js";
import { StudioElement } from "./studio-element.js";
import { base, buttons } from "./styles.js";
import { historyButton } from "./tool-rail.js";

const TABS = ["seeds", "neighbours", "path"] as const;
type Tab = (typeof TABS)[number];

/** Seeds on a page, and neighbours of a picture: full rows of two, three, four and six. */
const SEEDS = 24;
const NEIGHBOURS = 11;
/** How far away neighbours are at first. */
const FIRST_STEP = 0.35;
/** A style of so many others becomes its numbers, which go on being styles of neighbours. */
const DEEPEST = 8;

/** A tile of the grid. */
interface Tile extends Wanted {
  readonly name: string;
  readonly isChosen: boolean;
  readonly choose: () => void;
}

/** `<up-chance-panel>`: set `state` to draw again; `run` runs undo and redo. */
export class ChancePanel extends StudioElement {
  static override readonly properties = {
    context: { attribute: false },
    state: { attribute: false },
    run: { attribute: false },
    tab: { state: true },
    firstSeed: { state: true },
    firstNeighbour: { state: true },
    step: { state: true },
    centre: { state: true },
  };

  static override readonly styles = [base, buttons, tileStyles, chanceStyles];

  declare context: StudioContext | undefined;
  declare state: Readonly<StudioState> | undefined;
  declare run: (command: ShortcutCommand) => boolean;
  declare private tab: Tab;
  declare private firstSeed: number;
  declare private firstNeighbour: number;
  declare private step: number;
  /** Whose neighbours are shown. */
  declare private centre: SceneStyle;
  private readonly pictures = new SmallPictures();
  /** What the pictures were asked for. */
  private asked = "";

  constructor() {
    super();
    this.tab = "seeds";
    this.firstSeed = 0;
    this.firstNeighbour = 0;
    this.step = FIRST_STEP;
    this.centre = PLAIN_LOOK.style;
    this.pictures.onChange = () => this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.pictures.cancel();
    this.asked = "";
  }

  protected override render(): TemplateResult | typeof nothing {
    const { context, state } = this;
    if (!context || !state) return nothing;
    return html`<div class="row head">
        ${historyButton(context.studio, this.run, "undo")} ${historyButton(context.studio, this.run, "redo")}
        <button class="primary" @click=${() => this.another()}>${glyph("dice")}${t("latent.another")}</button>
      </div>
      ${this.classLists(state)}
      <up-segmented
        .label=${t("chance.show")}
        .choices=${TABS.map((id) => ({ id, label: t(`chance.${id}`) }))}
        .chosen=${this.tab}
        @choose=${({ detail }: CustomEvent<Tab>) => this.show(detail)}
      ></up-segmented>
      ${this.tab === "seeds" ? html`<p>${t("latent.text")}</p>` : nothing}
      ${this.tab === "path" ? nothing : this.grid(this.tiles(state))} ${this.below(state)}
      <up-path-panel
        ?hidden=${this.tab !== "path"}
        .context=${context}
        .state=${state}
        .current=${this.current(state)}
      ></up-path-panel>`;
  }

  protected override updated(_changed: PropertyValues): void {
    const { context, state } = this;
    const generator = context?.session.current;
    if (!context || !state?.model || !generator || this.tab === "path" || !this.isConnected) return;
    const classes = choiceFor(state.model, state.choice);
    const asked = JSON.stringify([
      state.model.paintingKey,
      generator.loadMilliseconds,
      classes,
      this.keysWanted(state),
    ]);
    if (asked === this.asked) return;
    this.asked = asked;
    void this.pictures.want(generator, state.model, this.tiles(state), classes);
  }

  private keysWanted(state: Readonly<StudioState>): readonly string[] {
    return this.tiles(state).map(({ key }) => key);
  }

  private grid(tiles: readonly Tile[]): TemplateResult {
    const entry = tiles.find(({ isChosen }) => isChosen) ?? tiles[0];
    const { done, of } = this.pictures;
    return html`<div class="grid" role="group" aria-label=${t(`chance.${this.tab}`)} @keydown=${this.onKey}>
        ${repeat(
          tiles,
          ({ key }) => key,
          (tile) => {
            const picture = this.pictures.get(tile.key);
            return html`<button
              class="face"
              aria-pressed=${tile.isChosen}
              aria-label=${tile.name}
              title=${tile.name}
              tabindex=${tile === entry ? 0 : -1}
              data-tile=${tile.key}
              @click=${tile.choose}
            >
              ${picture ? html`<up-thumbnail .image=${thumbnailOfPicture(picture)}></up-thumbnail>` : nothing}
            </button>`;
          },
        )}
      </div>
      <span class="progress" role="status">${done < of ? t("chance.making", { done, of }) : ""}</span>`;
  }

  private below(state: Readonly<StudioState>): TemplateResult | typeof nothing {
    if (this.tab === "seeds") {
      return html`<div class="row">
        <button class="outline" @click=${() => (this.firstSeed = (this.firstSeed + SEEDS) % 2 ** 32)}>
          ${t("chance.more")}
        </button>
      </div>`;
    }
    if (this.tab !== "neighbours") return nothing;
    const isCentre = isSameLook({ ...PLAIN_LOOK, style: this.centre }, { ...PLAIN_LOOK, style: this.current(state) });
    return html`<label class="class-list"
        >${t("chance.step")}
        <input
          class="grow"
          type="range"
          min="5"
          max="100"
          .value=${String(Math.round(100 * this.step))}
          aria-valuetext=${t("style.shareValue", { percent: Math.round(100 * this.step) })}
          @change=${({ target }: Event) => (this.step = (target as HTMLInputElement).valueAsNumber / 100)}
        />
      </label>
      <div class="row">
        <button class="outline" @click=${() => (this.firstNeighbour += NEIGHBOURS)}>
          ${t("chance.otherNeighbours")}
        </button>
        <button class="outline" ?disabled=${isCentre} @click=${() => void this.goOn(state)}>${t("chance.goOn")}</button>
      </div>`;
  }

  private tiles(state: Readonly<StudioState>): readonly Tile[] {
    const { context } = this;
    if (!context) return [];
    return this.tab === "seeds" ? this.seedTiles(context, state) : this.neighbourTiles(context, state);
  }

  private seedTiles({ studio }: StudioContext, { seed: used, look }: Readonly<StudioState>): readonly Tile[] {
    return Array.from({ length: SEEDS }, (_, index) => {
      const seed = (this.firstSeed + index) % 2 ** 32;
      return {
        key: `seed:${seed}`,
        seed,
        style: undefined,
        name: t("seed.label", { seed }),
        isChosen: (look.style.kind === "random" ? look.style.seed : used) === seed && isOfSeed(look.style),
        choose: () => this.chooseSeed(studio, seed),
      };
    });
  }

  private neighbourTiles({ studio, shelf }: StudioContext, state: Readonly<StudioState>): readonly Tile[] {
    const { seed } = state;
    const chosen = JSON.stringify(this.current(state));
    const tile = (style: SceneStyle, name: string): Tile => ({
      key: JSON.stringify(style),
      seed,
      style: shelf.resolve(style, seed),
      name,
      isChosen: JSON.stringify(style) === chosen,
      choose: () => chooseStyle(studio, style),
    });
    const near = Array.from({ length: NEIGHBOURS }, (_, index) => {
      const number = this.firstNeighbour + index + 1;
      const style = { kind: "near", of: this.centre, seed: number, step: this.step } as const;
      return tile(style, t("chance.neighbour", { number }));
    });
    return [tile(this.centre, t("chance.centre")), ...near];
  }

  /** What is shown, as a style that does not change with the scene's seed. */
  private current({ look, seed }: Readonly<StudioState>): SceneStyle {
    return look.style.kind === "seed" ? { kind: "random", seed } : look.style;
  }

  private show(tab: Tab): void {
    if (tab === "neighbours" && this.state && this.tab !== "neighbours") void this.goOn(this.state);
    this.pictures.cancel();
    this.asked = "";
    this.tab = tab;
  }

  /** The neighbours of what is shown now. */
  private async goOn(state: Readonly<StudioState>): Promise<void> {
    const style = this.current(state);
    this.centre = style;
    this.firstNeighbour = 0;
    const { generator, known } = { generator: this.context?.session.current, known: this.context?.shelf };
    if (depthOf(style) < DEEPEST || !generator || !known || !state.model) return;
    const resolved = await known.resolve(style, state.seed);
    if (!resolved) return;
    const classes = choiceFor(state.model, state.choice);
    const latent = await generator.latent(resolved, { seed: state.seed, classes });
    if (this.centre === style) this.centre = { kind: "latent", latent: [...latent] };
  }

  private another(): void {
    const { studio } = this.context ?? {};
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (studio) this.chooseSeed(studio, seed);
  }

  /** One step of the history, though seed and style change. */
  private chooseSeed(studio: StudioContext["studio"], seed: number): void {
    if (studio.state.look.style.kind === "seed") commands.changeSeed(studio, seed);
    else chooseStyle(studio, { kind: "random", seed });
  }

  private classLists(state: Readonly<StudioState>): TemplateResult[] {
    return (state.model?.attributes ?? []).map(({ name, classes }) => {
      const choose = (event: Event): void => {
        const { value } = event.target as HTMLSelectElement;
        if (this.context) commands.askForClass(this.context.studio, name, value === "" ? undefined : value);
      };
      return html`<label class="class-list">
        ${name}
        <select .value=${state.choice[name] ?? ""} @change=${choose}>
          <option value="">${t("latent.any")}</option>
          ${classes.map((option) => html`<option value=${option}>${option}</option>`)}
        </select>
      </label>`;
    });
  }

  private onKey(event: KeyboardEvent): void {
    roveWithKeys(event, [...this.renderRoot.querySelectorAll<HTMLElement>("button[data-tile]")]);
  }
}

function isOfSeed({ kind }: SceneStyle): boolean {
  return kind === "seed" || kind === "random";
}

customElements.define("up-chance-panel", ChancePanel);
