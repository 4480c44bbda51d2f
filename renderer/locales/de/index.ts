import { common } from './common'
import { compare } from './compare'
import { content } from './content'
import { dialogs } from './dialogs'
import { errors } from './errors'
import { exports } from './exports'
import { help } from './help'
import { jobs } from './jobs'
import { layers } from './layers'
import { library } from './library'
import { map } from './map'
import { move } from './move'
import { qcow2 } from './qcow2'
import { selection } from './selection'

/** The German texts: the same keys and placeholders as the English ones. */
export const de = {
  ...common,
  ...library,
  ...help,
  ...jobs,
  ...exports,
  ...layers,
  ...dialogs,
  ...errors,
  ...compare,
  ...content,
  ...map,
  ...move,
  ...qcow2,
  ...selection,
}
