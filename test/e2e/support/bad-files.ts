import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeHeader } from '../../../engine/format/add-cow/header'

const MIB = 1024 * 1024

/** A file that a person might try to add, and what the window must say of it. */
export interface BadFile {
  readonly name: string
  /** The title of its error; absent where it is taken into the list in a state of its own. */
  readonly refusal?: string
  readonly state?: string
}

function header(backingName: string, imageName: string): Uint8Array {
  return encodeHeader({ backingName, imageName, size: MIB })
}

/** A header with some of its bytes changed. */
function patched(offset: number, bytes: Uint8Array): Uint8Array {
  const whole = header('', 'image.raw')
  whole.set(bytes, offset)
  return whole
}

/** Makes them in a directory, with an image file that they name. */
export async function makeBadFiles(directory: string): Promise<readonly BadFile[]> {
  const put = async (name: string, content: Uint8Array | string): Promise<void> => {
    await writeFile(join(directory, name), content)
  }
  const bitmap = new Uint8Array(MIB / 512 / 8)
  await put('image.raw', new Uint8Array(MIB))
  await put('no-image.add-cow', 'Shopping: milk, bread, and the rest of the week.\n')
  await put('short.add-cow', header('', 'image.raw').subarray(0, 1030))
  await put('version-2.add-cow', patched(8, Uint8Array.of(0, 0, 0, 2)))
  await put('full-name.add-cow', patched(1036, new Uint8Array(1024).fill(0x61)))
  await put('no-name.add-cow', patched(1036, new Uint8Array(1024)))
  await put('itself.add-cow', header('', 'itself.add-cow'))
  await put('circle.add-cow', header('circle.add-cow', 'image.raw'))
  await put('no-base.add-cow', Buffer.concat([header('gone.raw', 'image.raw'), bitmap]))
  await put('no-data.add-cow', Buffer.concat([header('', 'gone.raw'), bitmap]))
  await put(
    'foreign.img',
    Buffer.concat([Buffer.from('LUKS\xba\xbe', 'latin1'), Buffer.alloc(506)]),
  )
  await mkdir(join(directory, 'folder.add-cow'))
  await symlink('nowhere', join(directory, 'dangling.add-cow'))
  return [
    { name: 'no-image.add-cow', refusal: 'Not a disk image' },
    { name: 'short.add-cow', refusal: 'Damaged' },
    { name: 'version-2.add-cow', refusal: 'Unknown version of the format' },
    { name: 'full-name.add-cow', refusal: 'This does not fit' },
    { name: 'no-name.add-cow', refusal: 'Damaged' },
    { name: 'itself.add-cow', refusal: 'The same file twice' },
    { name: 'foreign.img', refusal: 'Not possible here' },
    { name: 'dangling.add-cow', refusal: 'File not found' },
    { name: 'no-data.add-cow', refusal: 'The image file is missing' },
    { name: 'circle.add-cow', state: 'Unreadable' },
    { name: 'no-base.add-cow', state: 'Base missing' },
  ]
}
