/** The library's worker, with its GPU device within a test's reach. */

import "./keep-device.js";
import "./lib/worker.js";
