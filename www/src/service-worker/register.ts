/** Registers the service worker, and says when a new version of the studio waits. */

/** Called with what brings the new version in: it reloads the page. */
export type UpdateReady = (reload: () => void) => void;

/** Starts offline support. Without it (no secure context, private windows) the studio works as well, online. */
export async function registerServiceWorker(updateReady: UpdateReady): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register("./service-worker.js");
    if (registration.waiting) offer(registration.waiting, updateReady);
    registration.addEventListener("updatefound", () => {
      const { installing } = registration;
      installing?.addEventListener("statechange", () => {
        const isUpdate = installing.state === "installed" && navigator.serviceWorker.controller !== null;
        if (isUpdate) offer(installing, updateReady);
      });
    });
  } catch (thrown) {
    console.warn("Underpaint: no offline support.", thrown);
  }
}

function offer(worker: ServiceWorker, updateReady: UpdateReady): void {
  updateReady(() => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    worker.postMessage("activate-now");
  });
}
