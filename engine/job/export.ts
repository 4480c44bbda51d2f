import { openDisk } from '../image/disk'
import type { ExportRequest } from '../model/job'
import { copyData, exportJobOf } from './export-file'
import { type Job, overlappingSteps } from './job'
import { partOf } from './part-file'

/** Writes a whole disk to a new raw file, its zeros as holes. See exportJobOf. */
export const exportJob: Job<ExportRequest> = exportJobOf({
  name: 'raw',

  openSource: (host, { path }) => openDisk(host, path, { writable: false }),

  async countToCopy(disk) {
    let bytes = 0
    for await (const { content, length } of disk.extents()) if (content === 'data') bytes += length
    return bytes
  },

  async write(disk, file, _request, control, stopping) {
    await file.truncate(disk.size)
    let copied = 0
    await overlappingSteps(control, stopping, disk.size, async (step) => {
      const bytes = await copyData(disk, step, file)
      copied += bytes
    })
    return copied
  },

  openWritten: (host, _source, { target }) =>
    openDisk(host, partOf(target), { writable: false, format: 'raw' }),
})
