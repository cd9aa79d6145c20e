/** WebKitGTK's MiniBrowser on a display of its own, driven over WebDriver. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

import { WINDOW, type SmokeBrowser } from "./browser";

/** Where Debian puts them. */
const DRIVER = process.env["UNDERPAINT_WEBKIT_DRIVER"] ?? "/usr/bin/WebKitWebDriver";
const DISPLAY_SERVER = "/usr/bin/Xvfb";
/** How long the driver and the display may take to start, in milliseconds. */
const START = 20_000;

/** Starts a display, the driver, and through it a browser. */
export async function startWebKit(): Promise<SmokeBrowser> {
  const display = await startDisplay();
  const port = await freePort();
  const env = {
    ...process.env,
    DISPLAY: display.name,
    LIBGL_ALWAYS_SOFTWARE: "1",
    GDK_BACKEND: "x11",
  };
  const driver = spawn(DRIVER, [`--port=${port}`], { env, stdio: "ignore" });
  const end = async (): Promise<void> => {
    await ended(driver);
    await ended(display.server);
  };
  try {
    const session = await newSession(`http://127.0.0.1:${port}`);
    await session.send("POST", "window/rect", { x: 0, y: 0, ...WINDOW });
    await session.send("POST", "timeouts", {
      script: 30_000,
      pageLoad: 30_000,
    });
    return new WebKitBrowser(session, end);
  } catch (thrown) {
    await end();
    throw thrown;
  }
}

/** One session of the driver: commands and their values. */
interface Session {
  readonly version: string;
  send(method: "GET" | "POST" | "DELETE", command: string, body?: object): Promise<unknown>;
}

class WebKitBrowser implements SmokeBrowser {
  readonly version: string;

  constructor(
    private readonly session: Session,
    private readonly end: () => Promise<void>,
  ) {
    this.version = session.version;
  }

  async open(address: string): Promise<void> {
    await this.session.send("POST", "url", { url: address });
  }

  async reload(): Promise<void> {
    await this.session.send("POST", "refresh", {});
  }

  async evaluate<Args extends readonly unknown[], Result>(
    act: (...args: Args) => Result | Promise<Result>,
    ...args: Args
  ): Promise<Result> {
    const script = `return (${String(act)}).apply(null, arguments);`;
    return (await this.session.send("POST", "execute/sync", {
      script,
      args,
    })) as Result;
  }

  async drag(...points: readonly (readonly [number, number])[]): Promise<void> {
    const moves = points.map(([x, y], at) => {
      const place = {
        type: "pointerMove",
        origin: "viewport",
        x: Math.round(x),
        y: Math.round(y),
      };
      return at === 0
        ? [
            { ...place, duration: 0 },
            { type: "pointerDown", button: 0 },
          ]
        : [{ ...place, duration: 100 }];
    });
    const mouse = {
      type: "pointer",
      id: "mouse",
      parameters: { pointerType: "mouse" },
      actions: [...moves.flat(), { type: "pointerUp", button: 0 }],
    };
    await this.session.send("POST", "actions", { actions: [mouse] });
  }

  async screenshot(path: string): Promise<void> {
    const picture = await this.session.send("GET", "screenshot");
    if (typeof picture !== "string") throw new Error("WebKitWebDriver gave no screenshot");
    writeFileSync(path, Buffer.from(picture, "base64"));
  }

  async close(): Promise<void> {
    await this.session.send("DELETE", "").catch(() => undefined);
    await this.end();
  }
}

/** Begins a session as soon as the driver listens. */
async function newSession(driver: string): Promise<Session> {
  const deadline = Date.now() + START;
  const capabilities = { alwaysMatch: {} };
  for (;;) {
    try {
      const value = await command("POST", `${driver}/session`, {
        capabilities,
      });
      const { sessionId, capabilities: found } = value as {
        sessionId: string;
        capabilities: Record<string, unknown>;
      };
      const address = `${driver}/session/${sessionId}`;
      return {
        version: `${String(found["browserName"])} ${String(found["browserVersion"])}`,
        send: (method, name, body) => command(method, name === "" ? address : `${address}/${name}`, body),
      };
    } catch (thrown) {
      // A driver that answers has said why; one that does not yet answer may still.
      if (!(thrown instanceof TypeError) || Date.now() > deadline) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function command(method: string, address: string, body?: object): Promise<unknown> {
  const response = await fetch(address, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  const { value } = (await response.json()) as { value: unknown };
  if (response.ok) return value;
  const { error, message } = value as { error?: string; message?: string };
  throw new Error(`WebKitWebDriver, ${method} ${new URL(address).pathname}: ${error ?? response.status}: ${message}`);
}

/** A display in memory, and its name. */
async function startDisplay(): Promise<{ server: ChildProcess; name: string }> {
  const screen = `${WINDOW.width}x${WINDOW.height}x24`;
  const server = spawn(DISPLAY_SERVER, ["-displayfd", "1", "-screen", "0", screen, "-nolisten", "tcp"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const signal = AbortSignal.timeout(START);
  const failed = once(server, "error", { signal }).then(([error]) => Promise.reject(error));
  const named = once(createInterface(server.stdout), "line", { signal });
  const [number] = await Promise.race([named, failed]);
  failed.catch(() => undefined);
  return { server, name: `:${number}` };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill();
  await exit;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
