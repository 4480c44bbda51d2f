/*
 * Requests as no window makes them, derived from the contract itself: a command that is new there
 * is tried out by itself.
 */
import * as z from 'zod'
import { type CommandName, COMMAND_NAMES } from '../../../electron/contract/commands'
import { requestSchemas } from '../../../electron/contract/schemas'

/** A command with a request that must be refused. */
export interface MalformedCall {
  readonly name: CommandName
  /** What is wrong with it. */
  readonly fault: string
  readonly request: unknown
}

/** As much of a JSON schema as the contract needs. */
interface Shape {
  readonly type?: string | undefined
  readonly const?: unknown
  readonly enum?: readonly unknown[] | undefined
  readonly minimum?: number | undefined
  readonly properties?: Readonly<Record<string, Shape>> | undefined
  readonly required?: readonly string[] | undefined
  readonly items?: Shape | undefined
  readonly anyOf?: readonly Shape[] | undefined
  readonly oneOf?: readonly Shape[] | undefined
}

const shapeSchema: z.ZodType<Shape> = z.object({
  type: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  required: z.array(z.string()).optional(),
  properties: z.lazy(() => z.record(z.string(), shapeSchema)).optional(),
  items: z.lazy(() => shapeSchema).optional(),
  anyOf: z.lazy(() => z.array(shapeSchema)).optional(),
  oneOf: z.lazy(() => z.array(shapeSchema)).optional(),
})

interface Fault {
  readonly fault: string
  readonly request: unknown
}

/** What no request is, whatever the command. */
const NEVER: readonly unknown[] = [null, 7, 'text', [], [{}], { unexpected: 1 }]

/** Values of another type than the one that the shape has. */
const NOT_A: Readonly<Record<string, readonly unknown[]>> = {
  string: [7, null, true, {}, ['a']],
  integer: ['1', null, true, {}, 0.5, Number.NaN, Infinity],
  boolean: [1, 'true', null, {}],
  array: ['a', 7, null, {}, [null], [7]],
  object: [7, 'a', null, []],
}

function variants(shape: Shape): readonly Shape[] {
  return (shape.anyOf ?? shape.oneOf)?.flatMap(variants) ?? [shape]
}

/** A value of the shape, with all that it may have. */
function sample(shape: Shape): unknown {
  const [first = shape] = variants(shape)
  if (first !== shape) return sample(first)
  if (shape.const !== undefined) return shape.const
  if (shape.enum !== undefined) return shape.enum[0]
  switch (shape.type) {
    case 'string':
      return 'a'
    case 'integer':
      return Math.max(0, shape.minimum ?? 0)
    case 'boolean':
      return true
    case 'array':
      return shape.items === undefined ? [] : [sample(shape.items)]
    default:
      return Object.fromEntries(entriesOf(shape))
  }
}

function entriesOf({ properties = {} }: Shape): readonly (readonly [string, unknown])[] {
  return Object.entries(properties).map(([key, inner]) => [key, sample(inner)] as const)
}

/** Every single thing that can be wrong with a value of the shape. */
function faults(shape: Shape): readonly Fault[] {
  if (shape.anyOf !== undefined || shape.oneOf !== undefined) {
    return [...wrongValues('object'), ...variants(shape).flatMap(faults)]
  }
  if (shape.type !== 'object') {
    if (shape.const !== undefined || shape.enum !== undefined) {
      return [{ fault: 'an unknown word', request: 'nonsense' }, ...wrongValues('string')]
    }
    return wrongValues(shape.type ?? '')
  }
  const whole = entriesOf(shape)
  const changed = (key: string, value: unknown): unknown =>
    Object.fromEntries(whole.map(([name, old]) => [name, name === key ? value : old]))
  const found: Fault[] = [
    { fault: 'one key more', request: Object.fromEntries([...whole, ['path', '/etc/passwd']]) },
  ]
  for (const [key, inner] of Object.entries(shape.properties ?? {})) {
    if (shape.required?.includes(key) === true) {
      const request = Object.fromEntries(whole.filter(([name]) => name !== key))
      found.push({ fault: `no ${key}`, request })
    }
    for (const { fault, request } of faults(inner)) {
      found.push({ fault: `${key}: ${fault}`, request: changed(key, request) })
    }
  }
  return found
}

function wrongValues(type: string): readonly Fault[] {
  const values = NOT_A[type]
  if (values === undefined) throw new Error(`The contract has a type of its own: ${type}`)
  return values.map((request) => ({ fault: `not ${type}: ${JSON.stringify(request)}`, request }))
}

/** All of them, for every command of the contract. */
export function malformedCalls(): readonly MalformedCall[] {
  return COMMAND_NAMES.flatMap((name) => {
    const schema = requestSchemas[name]
    const never = NEVER.map((request) => ({ name, fault: JSON.stringify(request), request }))
    if (schema instanceof z.ZodUndefined) return never
    const shape = shapeSchema.parse(z.toJSONSchema(schema))
    for (const variant of variants(shape)) {
      // else what is found wrong below may be another thing than the one that was meant to be
      schema.parse(sample(variant))
    }
    return [
      ...never,
      { name, fault: 'nothing', request: undefined },
      ...faults(shape).map((fault) => ({ name, ...fault })),
    ]
  })
}
