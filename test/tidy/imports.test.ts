import { type ICruiseResult, type IViolation, cruise } from 'dependency-cruiser'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectRoot } from '../../build/lib/project'
import { engineLayers, importRules } from './import-rules'

const folders = ['engine', 'electron', 'renderer', 'build', 'test']

async function look(baseDir: string): Promise<ICruiseResult> {
  const present = readdirSync(baseDir).filter((name) => folders.includes(name))
  const result = await cruise(present, {
    baseDir,
    ruleSet: { forbidden: [...importRules] },
    validate: true,
    // Types count: an import of a type alone is still knowledge of the other side.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^out/', '^test/tidy/fixtures/', '^build/electron/default-app/'] },
    enhancedResolveOptions: {
      extensions: ['.ts', '.vue', '.js', '.d.ts', '.json', '.css'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  })
  if (typeof result.output === 'string') throw new TypeError('Expected a result, not a report')
  return result.output
}

function describeViolation({ rule, from, to }: IViolation): string {
  return `${rule.name}: ${from} -> ${to.replace(/^.*node_modules\//, '')}`
}

describe('the project', () => {
  test('imports only what its rules allow', async () => {
    const { summary } = await look(projectRoot)
    expect(summary.violations.map(describeViolation)).toEqual([])
    expect(summary.totalCruised).toBeGreaterThan(50)
  })

  test('has every folder of the engine in its order of layers', () => {
    const found = readdirSync(join(projectRoot, 'engine'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
    expect(found.filter((name) => !engineLayers.some((layer) => layer === name))).toEqual([])
  })
})

describe('the rules', () => {
  test('find each thing that they forbid', async () => {
    const { summary } = await look(join(import.meta.dirname, 'fixtures'))
    expect(summary.violations.map(describeViolation).sort()).toMatchInlineSnapshot(`
      [
        "contract-pure: electron/contract/commands.ts -> fs",
        "engine-alone: engine/format/reads-files.ts -> electron/index.js",
        "engine-few-packages: engine/format/reads-files.ts -> electron/index.js",
        "engine-few-packages: engine/format/reads-files.ts -> zod/index.d.cts",
        "engine-host-only: engine/format/reads-files.ts -> fs",
        "engine-layers-base: engine/base/upward.ts -> engine/format/reads-files.ts",
        "engine-one-door: electron/main/index.ts -> engine/base/errors.ts",
        "main-alone: electron/main/index.ts -> renderer/app.ts",
        "main-worker-types: electron/main/index.ts -> electron/worker/index.ts",
        "no-circular-types: engine/image/one.ts -> engine/image/two.ts",
        "no-circular: engine/image/one.ts -> engine/image/two.ts",
        "no-unlisted-package: electron/main/index.ts -> vite/dist/node/index.js",
        "no-unresolvable: electron/main/index.ts -> nonesuch",
        "nothing-imports-tests: build/script.ts -> test/helper.ts",
        "preload-small: electron/preload/index.ts -> engine/index.ts",
        "renderer-alone: renderer/app.ts -> engine/index.ts",
        "renderer-no-core: renderer/app.ts -> path",
        "renderer-no-node: renderer/app.ts -> electron/index.js",
        "renderer-types-only: renderer/app.ts -> electron/contract/commands.ts",
        "scripts-alone: build/script.ts -> engine/index.ts",
        "worker-alone: electron/worker/index.ts -> electron/index.js",
        "worker-alone: electron/worker/index.ts -> electron/main/other.ts",
      ]
    `)
  })
})
