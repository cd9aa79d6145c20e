/** Lets tools act on the element's painting, which always shows the whole picture. */

import { StudioHost } from "../tools/studio-host.js";

/** A host whose view does not move: two fingers neither zoom nor pan. */
export class FixedViewHost extends StudioHost {
  override setView(): void {
    // The element fits the view to its own size.
  }
}
