/** Numbers for people. */

/** Bytes with a unit, three digits at most: 6.8 MB, 812 kB. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${withDigits(bytes / 1e9)} GB`;
  if (bytes >= 1e6) return `${withDigits(bytes / 1e6)} MB`;
  if (bytes >= 1e3) return `${withDigits(bytes / 1e3)} kB`;
  return `${Math.round(bytes)} B`;
}

/** A number with a unit, three digits at most: 183 M, 3.4 M. */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${withDigits(count / 1e9)} G`;
  if (count >= 1e6) return `${withDigits(count / 1e6)} M`;
  if (count >= 1e3) return `${withDigits(count / 1e3)} k`;
  return String(count);
}

/** Whole milliseconds; one digit after the point below 10. */
export function formatMilliseconds(milliseconds: number): string {
  return milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds));
}

function withDigits(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

/** A moment in milliseconds since 1970: the time of today, else the day. */
export function formatWhen(moment: number, language: string, now: number = Date.now()): string {
  const date = new Date(moment);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  const year: Intl.DateTimeFormatOptions = isThisYear ? {} : { year: "numeric" };
  const options: Intl.DateTimeFormatOptions = isToday
    ? { hour: "2-digit", minute: "2-digit" }
    : { month: "short", day: "numeric", ...year };
  return new Intl.DateTimeFormat(language === "zh" ? "zh-Hans" : "en-GB", options).format(date);
}
