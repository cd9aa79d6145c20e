import { defineConfig } from "vitest/config";

/** Unit tests beside the code; a test that needs a document says `// @vitest-environment happy-dom`. */
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
    testTimeout: 10_000,
  },
});
