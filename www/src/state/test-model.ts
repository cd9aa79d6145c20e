/** A small model for tests. */

import type { DeviceReport } from "../engine/device.js";
import type { StudioModel } from "./studio-model.js";

/** Takes label maps of 32×24 with four classes. */
export const testModel: StudioModel = {
  name: "Test",
  origin: { kind: "listed", id: "test" },
  input: "labels",
  classes: [
    { id: 0, name: "background", color: [0, 0, 0] },
    { id: 1, name: "sky", color: [100, 150, 250] },
    { id: 2, name: "tree", color: [20, 120, 40] },
    { id: 3, name: "house", color: [200, 60, 30] },
  ],
  size: { width: 32, height: 24 },
  usesSeed: true,
  weightBytes: 1000,
  paintingKey: "listed:test:32x24",
};

/** The same, telling objects apart. */
export const objectModel: StudioModel = {
  ...testModel,
  name: "Objects",
  usesObjects: true,
  paintingKey: "listed:objects:32x24",
};

/** Another one, with another size and a class less. */
export const otherModel: StudioModel = {
  ...testModel,
  name: "Other",
  origin: { kind: "listed", id: "other" },
  classes: testModel.classes.slice(0, 3),
  size: { width: 16, height: 16 },
  paintingKey: "listed:other:16x16",
};

/** Takes photos. */
export const photoModel: StudioModel = {
  ...testModel,
  name: "Photos",
  input: "photo",
  classes: [],
  paintingKey: "listed:photos:32x24",
};

/** Takes nothing but a seed. */
export const latentModel: StudioModel = {
  ...testModel,
  name: "Chance",
  input: "latent",
  classes: [],
  paintingKey: "listed:chance:32x24",
};

/** A device that tests pretend to run on. */
export const testDevice: DeviceReport = { kind: "cpu", adapter: "", reason: "CPU: a test", code: "asked", detail: "" };
