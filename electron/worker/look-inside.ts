import { type DiskContent, type Host, inspectContent, openDisk } from '../../engine'

/** What is inside of a disk, through its chain. Errors: those of openDisk and of reading. */
export async function lookInside(host: Host, path: string): Promise<DiskContent> {
  const disk = await openDisk(host, path, { writable: false })
  try {
    return await inspectContent(disk)
  } finally {
    await disk.close()
  }
}
