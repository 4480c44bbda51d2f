import { common } from './common'
import { dialogs } from './dialogs'
import { errors } from './errors'
import { jobs } from './jobs'
import { library } from './library'
import { map } from './map'

/** The English texts. `{name}` is filled in; ` | ` separates the forms for none, one and many. */
export const en = { ...common, ...library, ...jobs, ...dialogs, ...errors, ...map }
