import vue from '@vitejs/plugin-vue'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'

/** Every kind of test has a folder under test/ and is one project, named after the folder. */
const nodeKinds = [
  'unit',
  'property',
  'crash',
  'fault',
  'fuzz',
  'conformance',
  'interop',
  'ipc',
  'tidy',
] as const

/**
 * Real windows and other people's programs now and then fail by themselves on a busy machine: their
 * tests have a second try, and the end of the run names those that needed it.
 */
const SECOND_TRY = 1

const nodeProjects: TestProjectConfiguration[] = nodeKinds.map((name) => ({
  extends: true,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: name === 'unit' ? 60_000 : 120_000,
    hookTimeout: 120_000,
    retry: name === 'interop' ? SECOND_TRY : 0,
    globalSetup: name === 'interop' ? ['test/interop/setup.ts'] : [],
  },
}))

export default defineConfig({
  plugins: [vue()],
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    passWithNoTests: false,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    projects: [
      ...nodeProjects,
      {
        extends: true,
        test: {
          name: 'renderer',
          include: ['test/renderer/**/*.test.ts'],
          environment: 'happy-dom',
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/setup.ts'],
          // One window at a time, and after everything else: they share a display and the cores.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 120_000,
          retry: SECOND_TRY,
          // what a window shows comes when its machine gets to it
          expect: { poll: { timeout: 30_000 } },
        },
      },
    ],
  },
})
