/** What a model runs on and why, in the page's language. */
import type { DeviceReport } from "../engine/device.js";
import { t } from "../i18n/language.js";

/** One sentence, without a full stop. */
export function deviceWords(device: DeviceReport): string {
  return t(`reason.${device.code}`, { detail: device.detail || device.adapter });
}
