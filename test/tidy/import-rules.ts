/*
 * Who may import whom. Paths are relative to the project; every rule says why it is there, because
 * that is what its violator reads.
 */
import type { IForbiddenRuleType } from 'dependency-cruiser'

/** The engine's folders from the ground up; each may import those before it. */
export const engineLayers = [
  'base',
  'model',
  'host',
  'cache',
  'nbd',
  'format',
  'image',
  'content',
  'job',
  'server',
  'cli',
] as const

/** Node's modules that compute and touch nothing outside of the process. */
const pureNode =
  '^(node:)?(buffer|crypto|events|path|perf_hooks|string_decoder|timers|util|zlib)(/|$)'

/** What others may know of the engine's data without being its callers. */
const nouns = '^engine/(model/|base/errors\\.ts$)'

/** Arithmetic and writing of sizes, so that window and command line agree on every figure. */
const units = '^engine/base/units\\.ts$'

const error = { severity: 'error' } as const

const layering: readonly IForbiddenRuleType[] = engineLayers.slice(0, -1).map((layer, index) => ({
  ...error,
  name: `engine-layers-${layer}`,
  comment: `engine/${layer} imports only what lies below it: ${engineLayers.join(' < ')}.`,
  from: { path: `^engine/${layer}/` },
  to: { path: `^engine/(index\\.ts$|(${engineLayers.slice(index + 1).join('|')})/)` },
}))

const engine: readonly IForbiddenRuleType[] = [
  ...layering,
  {
    ...error,
    name: 'engine-one-door',
    comment: 'Programs use the engine through engine/index.ts.',
    from: { path: '^electron/(main|worker)/' },
    to: { path: '^engine/', pathNot: '^engine/index\\.ts$' },
  },
  {
    ...error,
    name: 'engine-alone',
    comment: 'The engine knows no window, no Electron and no program around it.',
    from: { path: '^engine/' },
    to: { path: '^(electron|renderer|build)/|(^|/)node_modules/(electron|vue|pinia)(/|$)' },
  },
  {
    ...error,
    name: 'engine-few-packages',
    comment:
      'Of npm, the engine has koffi and p-limit in its host layer, commander and zod in its ' +
      'command line, and zstddec where an old Node has no zstd.',
    from: { path: '^engine/(?!host/|cli/|format/qcow2/zstd\\.ts$)' },
    to: { dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional'] },
  },
  {
    ...error,
    name: 'engine-host-only',
    comment:
      'Files and processes are reached through the host layer, which tests replace; ' +
      'sockets are what the NBD client and server are about.',
    from: { path: '^engine/(?!host/|nbd/|server/|cli/)' },
    to: { dependencyTypes: ['core'], pathNot: pureNode },
  },
]

const electron: readonly IForbiddenRuleType[] = [
  {
    ...error,
    name: 'contract-pure',
    comment: "The contract is data: types, zod schemas and the engine's nouns.",
    from: { path: '^electron/contract/' },
    to: { pathNot: [nouns, '^electron/contract/', '(^|/)node_modules/zod/'] },
  },
  {
    ...error,
    name: 'preload-small',
    comment: 'The preload is the contract made real, and nothing else.',
    from: { path: '^electron/preload/' },
    to: { pathNot: [nouns, '^electron/(contract|preload)/', '(^|/)node_modules/electron/'] },
  },
  {
    ...error,
    name: 'main-alone',
    comment: 'The main process shares no code with the window; of a worker it may know the types.',
    from: { path: '^electron/main/' },
    to: { path: '^(renderer|build|electron/preload)/' },
  },
  {
    ...error,
    name: 'main-worker-types',
    comment: "A worker's code runs in worker threads only.",
    from: { path: '^electron/main/' },
    to: { path: '^electron/worker/', dependencyTypesNot: ['type-only'] },
  },
  {
    ...error,
    name: 'worker-alone',
    comment: 'A worker thread has no Electron and no window.',
    from: { path: '^electron/worker/' },
    to: {
      path: '^(renderer|build|electron/(main|preload))/|(^|/)node_modules/electron(-log)?/',
    },
  },
]

const renderer: readonly IForbiddenRuleType[] = [
  {
    ...error,
    name: 'renderer-types-only',
    comment: "Of the contract and the engine's nouns the page has the types; the rest is in main.",
    from: { path: '^renderer/' },
    to: {
      path: ['^electron/contract/', nouns],
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    ...error,
    name: 'renderer-alone',
    comment: 'The page knows the contract, the nouns and the units; all else is asked of main.',
    from: { path: '^renderer/' },
    to: { path: '^(electron|engine|build)/', pathNot: ['^electron/contract/', nouns, units] },
  },
  {
    ...error,
    name: 'renderer-no-node',
    comment: 'The page is sandboxed: no module of Node or Electron is there when it runs.',
    from: { path: '^renderer/' },
    to: { path: '(^|/)node_modules/(electron|koffi)(/|$)' },
  },
  {
    ...error,
    name: 'renderer-no-core',
    comment: 'The page is sandboxed: no module of Node or Electron is there when it runs.',
    from: { path: '^renderer/' },
    to: { dependencyTypes: ['core'] },
  },
]

const everywhere: readonly IForbiddenRuleType[] = [
  {
    ...error,
    name: 'no-circular',
    comment: 'Modules that need each other to start may see each other half made.',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    ...error,
    name: 'no-circular-types',
    comment: 'What two modules of the product share has a place of its own, types as well.',
    from: { path: '^(engine|electron|renderer|build)/' },
    to: { circular: true },
  },
  {
    ...error,
    name: 'no-unresolvable',
    comment: 'What is imported exists.',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    ...error,
    name: 'no-unlisted-package',
    comment: 'A package that is used is named in package.json.',
    from: {},
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  },
  {
    ...error,
    name: 'nothing-imports-tests',
    comment: 'What is shipped does not depend on what tests it.',
    from: { path: '^(engine|electron|renderer|build)/' },
    to: { path: '^test/' },
  },
  {
    ...error,
    name: 'scripts-alone',
    comment: 'The scripts of build/ run before anything is built.',
    from: { path: '^build/' },
    to: { path: '^(engine|electron|renderer)/' },
  },
]

export const importRules: readonly IForbiddenRuleType[] = [
  ...engine,
  ...electron,
  ...renderer,
  ...everywhere,
]
