/** Asks the person for files, with what every browser has. */

/** What to ask for. */
export interface PickOptions {
  /** As the `accept` attribute has it, for example `image/png`. */
  readonly accept?: string;
  readonly multiple?: boolean;
  /** Asks for a folder instead: all files in it, with their paths. */
  readonly folder?: boolean;
}

/** Opens the browser's dialog; call it from a click or key. Empty when the person cancels. */
export function pickFiles(options: PickOptions = {}): Promise<File[]> {
  const input = document.createElement("input");
  input.type = "file";
  if (options.accept !== undefined) input.accept = options.accept;
  input.multiple = options.multiple ?? false;
  input.webkitdirectory = options.folder ?? false;
  // Some browsers forget inputs that are not in the document, and Safari's dialog never opens for hidden ones.
  input.style.cssText = "position: fixed; inset: 0 auto auto 0; inline-size: 1px; block-size: 1px; opacity: 0;";
  input.tabIndex = -1;
  input.setAttribute("aria-hidden", "true");
  document.body.append(input);
  return new Promise((resolve) => {
    const finish = () => {
      resolve([...(input.files ?? [])]);
      input.remove();
    };
    input.addEventListener("change", finish, { once: true });
    input.addEventListener("cancel", finish, { once: true });
    input.click();
  });
}
