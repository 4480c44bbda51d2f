/* What every file of the project keeps to, beyond what formatter, linter and compiler see. */

export interface TextFile {
  /** Relative to the project. */
  readonly path: string
  readonly text: string
}

interface Rule {
  readonly name: string
  readonly appliesTo: (path: string) => boolean
  /** What is wrong with the file, a line each. */
  readonly problems: (file: TextFile) => readonly string[]
}

const maxLines = 500
const maxColumns = 100

const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/
/** Names that tools or customs prescribe. */
const prescribed = /^(\..+|[A-Z]+\.md|LICENSE|tsconfig\..+)$/

const isCode = (path: string): boolean => /\.(ts|js|mjs|cjs|vue|css|html|sh)$/.test(path)
const isTest = (path: string): boolean => /^test\/.*\.test\.ts$/.test(path)
const isAnything = (path: string): boolean => path !== 'package-lock.json'

function lineProblems(
  file: TextFile,
  found: (line: string) => string | undefined,
): readonly string[] {
  return file.text.split('\n').flatMap((line, index) => {
    const problem = found(line)
    return problem === undefined ? [] : [`line ${index + 1}: ${problem}`]
  })
}

/** A rule that finds a pattern in a line. */
function forbidden(
  name: string,
  appliesTo: (path: string) => boolean,
  regex: RegExp,
  why: string,
): Rule {
  return {
    name,
    appliesTo,
    problems: (file) =>
      lineProblems(file, (line) => {
        const match = regex.exec(line)
        return match === null ? undefined : `${match[0]} (${why})`
      }),
  }
}

const rules: readonly Rule[] = [
  {
    name: 'kebab-case',
    appliesTo: () => true,
    problems: ({ path }) =>
      path
        .split('/')
        .filter((part) => !kebab.test(part) && !prescribed.test(part))
        .map((part) => `${part} is not in kebab case`),
  },
  {
    name: 'file-length',
    appliesTo: isCode,
    problems: ({ text }) => {
      const lines = text.split('\n').length - 1
      return lines < maxLines ? [] : [`${lines} lines; a file has fewer than ${maxLines}`]
    },
  },
  {
    name: 'line-length',
    appliesTo: isCode,
    problems: (file) =>
      lineProblems(file, (line) => {
        const columns = line.length
        return columns > maxColumns ? `${columns} columns, at most ${maxColumns}` : undefined
      }),
  },
  {
    name: 'final-newline',
    appliesTo: isAnything,
    problems: ({ text }) =>
      text === '' || (text.endsWith('\n') && !text.endsWith('\n\n'))
        ? []
        : ['ends without exactly one newline'],
  },
  forbidden('plain-whitespace', isAnything, /[\t\r]|\S[ ]+$/, 'no tab, CR or trailing space'),
  forbidden(
    'no-silencing',
    isCode,
    /@ts-(ignore|nocheck|expect-error)|eslint-disable|prettier-ignore/,
    'the checkers are right until the code says otherwise',
  ),
  forbidden(
    'no-later',
    isCode,
    /\b(TODO|FIXME|XXX|HACK)\b/,
    'finish it, or write down why it is so',
  ),
  forbidden(
    'no-lone-test',
    isTest,
    /\b(test|it|describe)\.(only|skip|skipIf|runIf|todo|fails)\b/,
    'tests run; those that cannot say why, through describeNeeding',
  ),
  forbidden(
    'no-package-host',
    isAnything,
    /registry\.(npmjs|yarnpkg|npmmirror)|deb\.debian\.org/,
    'where packages come from is set by each machine',
  ),
  forbidden(
    'no-machine-path',
    isAnything,
    /(^|[\s'"`(=:])\/(work|root)(\/|\b)/,
    'a path of one machine only',
  ),
]

/** Every rule that the file breaks: `path: rule: what`. */
export function textProblems(file: TextFile): readonly string[] {
  return rules
    .filter((rule) => rule.appliesTo(file.path))
    .flatMap((rule) => rule.problems(file).map((what) => `${file.path}: ${rule.name}: ${what}`))
}
