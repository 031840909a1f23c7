import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,conformance,guest,dap}/**/*.test.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    // Some machines that run tests ask for colours (CI=true); what our programs print is compared without them.
    env: { NO_COLOR: '1' },
    reporters: ['default', './test/kit/summary-reporter.ts'],
  },
});
