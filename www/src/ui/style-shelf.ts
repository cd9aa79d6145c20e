/** The styles that a model's scenes can take: pictures of its folder, and photos that a person has added. */
import { manifestUrl } from "../engine/bundle.js";
import type { Generator } from "../engine/generator.js";
import type { EncodedStyle, Style } from "../engine/style.js";
import { checkPhoto, openPhoto } from "../files/photo.js";
import { fetchStyles, type ListedStyle } from "../files/style-list.js";
import type { SceneStyle } from "../state/look.js";
import { randomId } from "../state/random-id.js";
import { IndexedDbStylePhotos, type StylePhoto, type StylePhotos } from "../state/style-photos.js";
import type { StudioModel } from "../state/studio-model.js";
import { thumbnailOfPicture } from "../state/thumbnail.js";

/** Most pixels that a style picture is read at: encoders see 256×256 of it. */
const MAX_PIXELS = 1024 * 1024;

/** Where a model's style pictures are listed: beside the bundle at an address, or as somebody knows. */
export type StyleSource = string | (() => Promise<readonly ListedStyle[]>);

/** Knows the styles of the model in use, and makes latents of what a scene says. */
export class StyleShelf {
  /** Called when there are other styles, or one is being read. */
  onChange: (() => void) | undefined;
  /** Told what could not be read or kept. */
  onProblem: ((what: "failed" | "notKept", reason: string) => void) | undefined;
  listed: readonly ListedStyle[] = [];
  photos: readonly StylePhoto[] = [];
  private generator: Generator | undefined;
  private model: StudioModel | undefined;
  private readonly encoded = new Map<string, Promise<EncodedStyle>>();
  private reading = 0;

  constructor(private readonly kept: StylePhotos = new IndexedDbStylePhotos()) {}

  /** Whether a picture is being read. */
  get isReading(): boolean {
    return this.reading > 0;
  }

  /** A model is in use from now on, with its generator. */
  use(generator: Generator, model: StudioModel, source: StyleSource): void {
    const isSame = this.model?.paintingKey === model.paintingKey;
    this.generator = generator;
    this.model = model;
    this.encoded.clear();
    if (!isSame) {
      this.listed = [];
      this.photos = [];
    }
    this.onChange?.();
    if (!hasStyles(model) || model.hasEncoder !== true) return;
    void this.list(model, source);
    void this.readKept(model);
  }

  /** The style of a scene with a seed, as the generator takes it; undefined for the one that the seed draws. A promise where a picture is read first. */
  resolve(style: SceneStyle, seed: number): Style | undefined | Promise<Style | undefined> {
    switch (style.kind) {
      case "seed":
        return undefined;
      case "random":
        return { seed: style.seed };
      case "photo":
        return { mean: style.mean, logVariance: style.logVariance };
      case "latent":
        return { latent: style.latent };
      case "listed":
        return this.encodedOf(style.file);
      case "near": {
        const of = this.inner(style.of, seed);
        const near = (known: Style): Style => ({ near: [known, style.seed, style.step] });
        return of instanceof Promise ? of.then(near) : near(of);
      }
      case "between": {
        const [from, to] = [this.inner(style.from, seed), this.inner(style.to, seed)];
        const between = (one: Style, other: Style): Style => ({ between: [one, other, style.share] });
        if (!(from instanceof Promise) && !(to instanceof Promise)) return between(from, to);
        return Promise.all([from, to]).then(([one, other]) => between(one, other));
      }
    }
  }

  /**
   * Reads a photo, keeps it, and gives it as a style.
   *
   * @throws UnderpaintError or FileError if it cannot be read
   */
  async addPhoto(file: File): Promise<SceneStyle> {
    const { model } = this;
    if (!model) throw new Error("there is no model");
    const picture = await pictureFrom(file, file.name);
    const { mean, logVariance } = await this.read(picture);
    const photo: StylePhoto = {
      id: randomId(),
      modelKey: model.paintingKey,
      name: file.name.replace(/\.\w+$/, ""),
      addedAt: Date.now(),
      mean: [...mean],
      logVariance: [...logVariance],
      thumbnail: thumbnailOfPicture(picture),
    };
    this.photos = [...this.photos, photo];
    this.onChange?.();
    await this.kept.add(photo).catch((error: unknown) => this.onProblem?.("notKept", reasonOf(error)));
    return styleOfPhoto(photo);
  }

  /** Removes a photo. Scenes that use it go on to: they hold what was read. */
  async removePhoto(id: string): Promise<void> {
    this.photos = this.photos.filter((photo) => photo.id !== id);
    this.onChange?.();
    await this.kept.remove(id).catch((error: unknown) => this.onProblem?.("notKept", reasonOf(error)));
  }

  private inner(style: SceneStyle, seed: number): Style | Promise<Style> {
    const found = this.resolve(style, seed);
    const drawn: Style = { seed };
    return found instanceof Promise ? found.then((known) => known ?? drawn) : (found ?? drawn);
  }

  private encodedOf(file: string): Promise<EncodedStyle> {
    const known = this.encoded.get(file);
    if (known) return known;
    const reading = this.readListed(file);
    this.encoded.set(file, reading);
    // The next time it is asked for, it is tried again.
    reading.catch(() => this.encoded.delete(file));
    return reading;
  }

  private async readListed(file: string): Promise<EncodedStyle> {
    await this.listing;
    const listed = this.listed.find((one) => one.file === file);
    if (!listed) throw new Error(`the model has no style ${file}`);
    const response = await fetch(listed.address);
    if (!response.ok) throw new Error(`${listed.address}: HTTP status ${response.status}`);
    return this.read(await pictureFrom(await response.blob(), listed.name));
  }

  private async read(picture: ImageData): Promise<EncodedStyle> {
    if (!this.generator) throw new Error("there is no model");
    this.reading += 1;
    this.onChange?.();
    try {
      return await this.generator.encodeStyle(picture);
    } finally {
      this.reading -= 1;
      this.onChange?.();
    }
  }

  private listing: Promise<void> | undefined;

  private list(model: StudioModel, source: StyleSource): Promise<void> {
    const listing =
      typeof source === "string" ? fetchStyles(manifestUrl(new URL(source, document.baseURI).href)) : source();
    this.listing = listing.then(
      (listed) => {
        if (this.model !== model) return;
        this.listed = listed;
        this.onChange?.();
      },
      () => undefined,
    );
    return this.listing;
  }

  private async readKept(model: StudioModel): Promise<void> {
    try {
      const photos = await this.kept.of(model.paintingKey);
      if (this.model !== model) return;
      this.photos = photos;
      this.onChange?.();
    } catch (error) {
      this.onProblem?.("notKept", reasonOf(error));
    }
  }
}

/** Whether a model's label maps have styles. */
export function hasStyles({ input, hasLatent }: StudioModel): boolean {
  return hasLatent === true && input === "labels";
}

/** A kept photo as a style, with all that it takes to paint with it when it is gone. */
export function styleOfPhoto({ id, mean, logVariance }: StylePhoto): SceneStyle {
  return { kind: "photo", id, mean, logVariance };
}

/** A picture file as it is, smaller where it is very large. */
async function pictureFrom(file: Blob, name: string): Promise<ImageData> {
  await checkPhoto(file, name);
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const { width, height } = bitmap;
  bitmap.close();
  const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (width * height)));
  return openPhoto(file, name, { width: Math.round(width * scale), height: Math.round(height * scale) });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
