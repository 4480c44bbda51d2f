/*
 * A program for tests: opens a disk for writing, says so, and holds it until it is ended or its
 * standard input is closed.
 */
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'

const [path = ''] = process.argv.slice(2)
const disk = await openDisk(nodeHost, path, { writable: true })
process.stdout.write('open\n')
process.stdin.on('end', () => void disk.close())
process.stdin.resume()
