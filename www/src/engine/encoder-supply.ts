/** Brings a bundle's encoder to the module when a picture is to be read, and not before. */

import { readEncoder, type BundleEnvironment, type PartedSource, type ReadWeights } from "./bundle.js";
import { UnderpaintError, errorFrom } from "./errors.js";
import type { Manifest } from "./manifest.js";
import type { WasmSession } from "./wasm.js";

/** Fetches the encoder's weights once, whoever asks; after a failure, again. */
export class EncoderSupply {
  private coming: Promise<void> | undefined;

  constructor(
    private readonly session: Pick<WasmSession, "add_encoder">,
    private readonly manifest: Manifest,
    private readonly read: (fresh: boolean) => Promise<ReadWeights>,
    private readonly cache: BundleEnvironment["cache"],
  ) {}

  /** The supply of weights of the authors: the encoder came with them, or never comes. */
  static given(manifest: Manifest, isThere: boolean): Pick<EncoderSupply, "ready"> {
    const missing = `Reading a picture needs the encoder of ${manifest.name}: give its file beside the generator's.`;
    return {
      ready: async () => {
        if (!isThere) throw new UnderpaintError("bad-input", missing);
      },
    };
  }

  /** The supply of a bundle that was read from `source`. */
  static of(
    session: WasmSession,
    manifest: Manifest,
    source: PartedSource,
    environment: BundleEnvironment,
  ): EncoderSupply {
    const read = (fresh: boolean): Promise<ReadWeights> => readEncoder(source, manifest, environment, fresh);
    return new EncoderSupply(session, manifest, read, environment.cache);
  }

  /**
   * Resolves when the encoder is there.
   *
   * @throws UnderpaintError as `readEncoder`, or `integrity` if its weights are not those of the manifest
   */
  async ready(): Promise<void> {
    this.coming ??= this.bring();
    try {
      await this.coming;
    } catch (thrown) {
      this.coming = undefined;
      throw thrown;
    }
  }

  private async bring(): Promise<void> {
    const read = await this.read(false);
    try {
      this.add(read);
    } catch (thrown) {
      if (errorFrom(thrown).code !== "integrity" || !read.cached) throw thrown;
      await this.cache?.forget(this.sha256);
      this.add(await this.read(true));
    }
  }

  private add(read: ReadWeights): void {
    try {
      this.session.add_encoder(read.bytes);
    } catch (thrown) {
      const { code, message } = errorFrom(thrown);
      if (code !== "integrity") throw thrown;
      throw new UnderpaintError(code, `${read.name}: ${message}. The encoder is damaged, or of another bundle.`, {
        cause: thrown,
      });
    }
    // What came from files is the person's own, and stays where it is.
    const { bytes, cached, name } = read;
    if (cached || bytes instanceof Blob || !URL.canParse(name)) return;
    void this.cache?.keepEncoder(this.sha256, bytes);
  }

  private get sha256(): string {
    return this.manifest.encoder_weights?.sha256 ?? "";
  }
}
