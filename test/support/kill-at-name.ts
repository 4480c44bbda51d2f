/*
 * A job that dies by SIGKILL when it gives its nth file its name: `kill-at-name.ts REQUEST N WHEN`,
 * the request as JSON, WHEN `before` or `after` that step.
 */
import { z } from 'zod'
import { nodeHost } from '../../engine/host/node-host'
import { runJob } from '../../engine/job/jobs'
import { unwatched } from './disks'

const overlayFormat = z.enum(['add-cow', 'acow'])
const requestShape = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('create'),
    path: z.string(),
    imageFile: z.string(),
    backingFile: z.string(),
    format: overlayFormat,
  }),
  z.object({
    kind: z.literal('import-overlay'),
    path: z.string(),
    target: z.string(),
    imageFile: z.string(),
    format: overlayFormat,
    verify: z.boolean(),
  }),
  z.object({
    kind: z.literal('move'),
    path: z.string(),
    target: z.string(),
    targetImage: z.string(),
    copy: z.boolean(),
    names: z.enum(['relative', 'absolute']),
  }),
])

const [request = '', nth = '', when = ''] = process.argv.slice(2)
let named = 0

async function publish(path: string, finalPath: string): Promise<void> {
  named += 1
  const isTime = named === Number(nth)
  if (isTime && when === 'before') process.kill(process.pid, 'SIGKILL')
  await nodeHost.publish(path, finalPath)
  if (isTime) process.kill(process.pid, 'SIGKILL')
}

await runJob({ ...nodeHost, publish }, requestShape.parse(JSON.parse(request)), unwatched)
