import type { ExportSnapshot } from '../../../electron/contract/exports'

/** A program and the line that lets it use an export. */
export interface ExportCommand {
  readonly program: string
  readonly line: string
}

/** Lines for a shell of the POSIX kind. */
export function exportCommands({
  uri,
  readOnly,
}: Pick<ExportSnapshot, 'uri' | 'readOnly'>): readonly ExportCommand[] {
  const address = quoted(uri)
  const access = readOnly ? ',readonly=on' : ''
  // a comma stands between QEMU's options; within one it is doubled
  const drive = quoted(`file=${uri.replaceAll(',', ',,')},format=raw,if=virtio${access}`)
  return [
    { program: 'qemu-system-x86_64', line: `qemu-system-x86_64 -m 2048 -drive ${drive}` },
    { program: 'qemu-img', line: `qemu-img info ${address}` },
    { program: 'nbdinfo', line: `nbdinfo ${address}` },
    { program: 'nbdcopy', line: `nbdcopy ${address} copy.raw` },
  ]
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
