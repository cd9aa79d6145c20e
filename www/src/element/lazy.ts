/** Tells when an element comes near what the person sees. */

/** How far outside the window counts as near. */
const MARGIN = "256px";

/** Calls `arrived` once, when `element` is within 256 CSS pixels of the window; the returned function gives up. */
export function whenNear(element: Element, arrived: () => void): () => void {
  if (typeof IntersectionObserver === "undefined") {
    arrived();
    return () => undefined;
  }
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      arrived();
    },
    { rootMargin: MARGIN },
  );
  observer.observe(element);
  return () => observer.disconnect();
}
