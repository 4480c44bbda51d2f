import type { ExportFlatten, FlattenExportRequest } from '../../../electron/contract/exports'
import { MIB } from '../../../engine/base/units'

/** How fast a flatten in the background may be. */
export const PACES = ['gentle', 'normal', 'full'] as const
export type Pace = (typeof PACES)[number]

/** Bytes a second at most; `full` has no limit. */
export const SPEEDS = { gentle: 16 * MIB, normal: 128 * MIB } as const

export function limitOf(pace: Pace): Pick<FlattenExportRequest, 'bytesPerSecond'> {
  return pace === 'full' ? {} : { bytesPerSecond: SPEEDS[pace] }
}

export function paceOf({ bytesPerSecond }: ExportFlatten): Pace {
  return PACES.find((pace) => limitOf(pace).bytesPerSecond === bytesPerSecond) ?? 'full'
}
