/** What every component of the studio is: a Lit element that follows the page's language. */
import { LitElement } from "lit";
import { onLanguageChange } from "../i18n/language.js";

/** Renders again when the language changes. */
export class StudioElement extends LitElement {
  private stopFollowingLanguage: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopFollowingLanguage = onLanguageChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopFollowingLanguage?.();
  }

  /** Tells whoever holds this component; events cross shadow roots. */
  protected emit<Detail>(type: string, detail: Detail): void {
    this.dispatchEvent(new CustomEvent<Detail>(type, { detail, bubbles: true, composed: true }));
  }
}
