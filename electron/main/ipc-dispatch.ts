import type * as z from 'zod'
import { EngineError, toErrorData } from '../../engine'
import { COMMAND_NAMES, type CommandName, type Commands, type Reply } from '../contract/commands'
import { requestSchemas } from '../contract/schemas'
import type { Log } from './log'

/** What a call of the window is known by: as much of Electron's IpcMainInvokeEvent as counts. */
export interface Caller {
  readonly sender: object
  /** Null where the frame is gone already. */
  readonly senderFrame: { readonly parent: object | null; readonly origin: string } | null
}

/** Says whether a call comes from the page that we loaded, in the main frame of our window. */
export interface CallerCheck {
  /** The webContents of our window, while there is one. */
  readonly window: () => object | undefined
  /** Such as `app://add-cow`. */
  readonly origin: string
}

/** What answers each command. May throw; the caller gets the error as a value. */
export type Handlers = {
  readonly [Name in CommandName]: (
    request: Commands[Name]['request'],
  ) => Commands[Name]['result'] | Promise<Commands[Name]['result']>
}

function refuseStrangers(caller: Caller, { window, origin }: CallerCheck): void {
  const frame = caller.senderFrame
  const ours = window()
  if (ours !== undefined && caller.sender === ours) {
    if (frame?.parent === null && frame.origin === origin) return
  }
  throw new EngineError('io/denied', 'Only the page of this application may call it')
}

function isCommand(name: unknown): name is CommandName {
  return COMMAND_NAMES.some((known) => known === name)
}

/** A value that passed its schema; `invalid-argument` with the first thing that is wrong. */
export function parse<Value>(what: string, schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') ?? ''
  const reason = issue?.message ?? 'not what was expected'
  const message = `${what} was refused: ${field === '' ? reason : `${field}: ${reason}`}`
  throw new EngineError('invalid-argument', message, { field, reason }, { state: 'unchanged' })
}

/** Runs one call to its reply. Nothing that happens in it leaves as an exception. */
export async function reply<Result>(
  what: string,
  log: Log,
  work: () => Result | Promise<Result>,
): Promise<Reply<Result>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    const data = toErrorData(error)
    if (data.code === 'internal') log.error(what, error)
    else log.warn(`${what}: ${data.code}: ${data.message}`)
    return { ok: false, error: data }
  }
}

/**
 * The one way in from the window: a command that exists, from our own page, with a request that
 * passes its schema.
 */
export class Dispatcher {
  constructor(
    private readonly handlers: Handlers,
    private readonly callers: CallerCheck,
    private readonly log: Log,
  ) {}

  async command(
    caller: Caller,
    name: unknown,
    request: unknown,
  ): Promise<Reply<Commands[CommandName]['result']>> {
    return await reply(`Command ${String(name)}`, this.log, () => {
      refuseStrangers(caller, this.callers)
      if (isCommand(name)) return this.run(name, request)
      throw new EngineError('invalid-argument', `There is no command ${String(name)}`)
    })
  }

  /** A call that is no command, such as a drop, under the same rules. */
  async other<Value, Result>(
    caller: Caller,
    what: string,
    schema: z.ZodType<Value>,
    value: unknown,
    handle: (value: Value) => Promise<Result>,
  ): Promise<Reply<Result>> {
    return await reply(what, this.log, () => {
      refuseStrangers(caller, this.callers)
      return handle(parse(what, schema, value))
    })
  }

  private run<Name extends CommandName>(
    name: Name,
    request: unknown,
  ): Commands[Name]['result'] | Promise<Commands[Name]['result']> {
    const schema: z.ZodType<Commands[Name]['request']> = requestSchemas[name]
    return this.handlers[name](parse(name, schema, request))
  }
}
