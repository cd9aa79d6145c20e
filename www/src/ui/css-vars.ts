/** Sets CSS custom properties through the object model, which a strict `style-src` allows. */
import { noChange } from "lit";
import { Directive, directive, PartType, type ElementPart, type PartInfo } from "lit/directive.js";

/** Values by name; names start with `--`. */
export type CssVars = Readonly<Record<`--${string}`, string | number>>;

class CssVarsDirective extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error("cssVars belongs on an element: <div ${cssVars({…})}>");
  }

  render(_vars: CssVars): typeof noChange {
    return noChange;
  }

  override update(part: ElementPart, [vars]: [CssVars]): typeof noChange {
    const element = part.element;
    if (element instanceof HTMLElement || element instanceof SVGElement) {
      for (const [name, value] of Object.entries(vars)) element.style.setProperty(name, String(value));
    }
    return noChange;
  }
}

/** `<div ${cssVars({ "--swatch": "#8ec5f0" })}>` */
export const cssVars = directive(CssVarsDirective);
