import { stem } from '../create/names'

/** The names of an overlay file and of its image file, without a directory. */
export interface FileNames {
  readonly name: string
  readonly imageName: string
}

function suffix(name: string): string {
  return name.slice(stem(name).length)
}

/** Names for a copy beside the original that are not taken. */
export function copyNames({ name, imageName }: FileNames, taken: ReadonlySet<string>): FileNames {
  for (let number = 1; ; number += 1) {
    const end = number === 1 ? '-copy' : `-copy-${number}`
    const copy = {
      name: stem(name) + end + suffix(name),
      imageName: stem(imageName) + end + suffix(imageName),
    }
    if (!taken.has(copy.name) && !taken.has(copy.imageName)) return copy
  }
}

/** The image file's name for an overlay file that is to be called `name`. */
export function imageNameBeside(name: string, present: FileNames): string {
  if (name === '' || name === present.name) return present.imageName
  return stem(name) + suffix(present.imageName)
}
