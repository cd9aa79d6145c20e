/** Makes the studio's pictures: with the style and the looks that the scene says, a smaller one first where that helps. */
import { UnderpaintError } from "../engine/errors.js";
import type { Generator, GenerateOptions, Picture } from "../engine/generator.js";
import type { Style } from "../engine/style.js";
import { PLAIN_LOOK } from "../state/look.js";
import type { Generate, LiveRequest } from "../state/live.js";
import type { StudioModel } from "../state/studio-model.js";
import type { StyleShelf } from "./style-shelf.js";

/** Milliseconds that a picture may take before a smaller one is shown on its way. */
export const PATIENCE = 150;
/** Side of that smaller one, in pixels, at most. */
const DRAFT_SIDE = 64;

/** The side of what is shown while a large picture is on its way; undefined where there is none smaller. */
export function draftSide({ input, scales = [], size }: StudioModel): number | undefined {
  if (input !== "latent") return undefined;
  const smaller = scales.filter((side) => side < size.width);
  return smaller.filter((side) => side <= DRAFT_SIDE).at(-1) ?? smaller[0];
}

/** What live generation asks. */
export function pictureMaker(generator: Generator, model: StudioModel, shelf: StyleShelf): Generate {
  const side = draftSide(model);
  let asked = 0;
  let latency = 0;
  const make = async (
    request: LiveRequest,
    style: Style | undefined,
    draft: (picture: Picture) => void,
    isNewest: () => boolean,
  ): Promise<Picture> => {
    const { input, seed, classes, objects } = request;
    const options: GenerateOptions = {
      seed,
      classes,
      style,
      objects,
    };
    if (side !== undefined && latency > PATIENCE) {
      draft(await generator.generate(input, { ...options, scale: side }));
      if (!isNewest()) throw overtaken();
    }
    const picture = await generator.generate(input, options);
    ({ latency } = picture);
    return picture;
  };
  return (request, draft) => {
    asked += 1;
    const number = asked;
    const isNewest = (): boolean => number === asked;
    const style = shelf.resolve(request.style ?? PLAIN_LOOK.style, request.seed);
    if (!(style instanceof Promise)) return make(request, style, draft, isNewest);
    // While a style was read, newer requests went ahead: theirs must not be superseded by an old one.
    return style.then((known) => {
      if (!isNewest()) throw overtaken();
      return make(request, known, draft, isNewest);
    });
  };
}

function overtaken(): UnderpaintError {
  return new UnderpaintError("superseded", "A later request took this one's place.");
}
