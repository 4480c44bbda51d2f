import { contextBridge, ipcRenderer, webUtils } from 'electron'
import {
  type Bridge,
  COMMAND_CHANNEL,
  COMMAND_NAMES,
  type CommandName,
  type Commands,
  DROP_CHANNEL,
  EVENT_NAMES,
  type EventChannel,
  type EventName,
  type Events,
  type Reply,
  eventChannel,
} from '../contract/commands'
import type { AddResult } from '../contract/library'

/** What the main process understands and says, as its end of the contract has it. */
interface MainProcess {
  invoke<Name extends CommandName>(
    channel: typeof COMMAND_CHANNEL,
    name: Name,
    request: Commands[Name]['request'],
  ): Promise<Reply<Commands[Name]['result']>>
  invoke(channel: typeof DROP_CHANNEL, paths: readonly string[]): Promise<Reply<AddResult>>
  on<Name extends EventName>(channel: EventChannel<Name>, receive: Receive<Name>): unknown
  off<Name extends EventName>(channel: EventChannel<Name>, receive: Receive<Name>): unknown
}
type Receive<Name extends EventName> = (event: unknown, payload: Events[Name]) => void

const main: MainProcess = ipcRenderer
const commands: ReadonlySet<string> = new Set(COMMAND_NAMES)
const events: ReadonlySet<string> = new Set(EVENT_NAMES)

/** The page's only way out. The main process checks again all that passes here. */
const bridge: Bridge<File> = {
  async invoke(name, request) {
    if (!commands.has(name)) throw new TypeError(`There is no command ${name}`)
    return await main.invoke(COMMAND_CHANNEL, name, request)
  },
  on(name, listener) {
    if (!events.has(name)) throw new TypeError(`There is no event ${name}`)
    const receive: Receive<typeof name> = (_event, payload) => listener(payload)
    main.on(eventChannel(name), receive)
    return () => {
      // with braces: what is returned here goes to the page, and `off` returns ipcRenderer
      main.off(eventChannel(name), receive)
    }
  },
  async addDropped(files) {
    const paths = files.map((file) => webUtils.getPathForFile(file)).filter((path) => path !== '')
    return await main.invoke(DROP_CHANNEL, paths)
  },
}

contextBridge.exposeInMainWorld('addCow', Object.freeze(bridge))
