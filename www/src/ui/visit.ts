/** Whether this browser has seen the introduction. */
const key = "underpaint.introduced";

/** True until `rememberVisit`; false where that cannot be remembered, so that nobody is told twice. */
export function isFirstVisit(): boolean {
  try {
    return localStorage.getItem(key) === null;
  } catch {
    return false;
  }
}

/** The introduction was seen or skipped. */
export function rememberVisit(): void {
  try {
    localStorage.setItem(key, "1");
  } catch {
    // Then `isFirstVisit` cannot read it either, and says false.
  }
}
