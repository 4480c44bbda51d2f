/**
 * The engine's one public door: overlays in both add-cow layouts on raw files and on each other.
 * Node only; every function takes the host that it works on first. Plain data (errors, units, image
 * and job descriptions) has doors of its own in base/ and model/, for those who have no Node.
 */
export { ERROR_CODES, EngineError, isEngineError, toErrorData } from './base/errors'
export type { DataState, ErrorCode, ErrorData, ErrorDetails } from './base/errors'
export type { ByteRange } from './base/byte-range'
export type { MaybePromise } from './base/maybe-promise'
export type { FileStat, Host, HostFile } from './host/host'
export { storedName } from './format/file-names'
export { nodeHost } from './host/node-host'
export { machineHost } from './nbd/machine-host'
export { inspectContent } from './content/inspect-content'
export { Disk, openDisk, type OpenDiskOptions } from './image/disk'
export { fingerprintDisk } from './image/fingerprint'
export { inspectChain, inspectImage } from './image/inspect'
export type { JobControl } from './job/job'
export { planJob, runJob } from './job/jobs'
export { EXTERNAL_FORMATS, FINDING_CODES, FORMAT_NAMES } from './model/image'
export type * from './model/content'
export type * from './model/image'
export type * from './model/job'
export type { NbdAddress } from './server/address'
export type { FlattenOptions } from './server/live-flatten'
export {
  type NbdClient,
  type NbdEvent,
  NbdExport,
  type ServeOptions,
  serveDisk,
} from './server/nbd-export'
export type { SnapshotRequest } from './server/snapshot'
export type * from './model/trust'
