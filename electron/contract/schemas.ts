import * as z from 'zod'
import { FORMAT_NAMES } from '../../engine/model/image'
import type { CommandName, Commands } from './commands'

/** Ids are made by the main process; all that a window can do with one is give it back. */
const id = z.string().min(1).max(64)

/** Far more than a list holds, and an end to what one message can ask for. */
const MAX_IDS = 100_000
const ids = z.array(id).max(MAX_IDS).readonly()

/** The longest file name of the file systems in use, in bytes. */
const MAX_FILE_NAME_BYTES = 255

/** Length of a text in UTF-8. */
function utf8Length(text: string): number {
  let bytes = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

/**
 * The name of a file in a folder that something else decides: it cannot lead out of that folder.
 */
const fileName = z
  .string()
  .min(1, 'a file needs a name')
  .refine((name) => name !== '.' && name !== '..', 'this names a folder')
  .refine((name) => !/[/\\]/.test(name), 'a file name has no / and no \\')
  .refine((name) => !name.includes('\0'), 'a file name has no NUL')
  .refine((name) => !/\p{Surrogate}/u.test(name), 'a file name is whole Unicode characters')
  .refine(
    (name) => utf8Length(name) <= MAX_FILE_NAME_BYTES,
    `a file name is at most ${MAX_FILE_NAME_BYTES} bytes long`,
  )

/** Bytes; which sizes a disk can have is for the engine to say. */
const size = z.int().nonnegative()

/**
 * What a cell of a map can cover: a power of two of bytes, from a sector to far beyond any disk.
 */
const cellBytes = z
  .int()
  .min(512)
  .refine((value) => Number.isInteger(Math.log2(value)), 'a cell covers a power of two of bytes')
const tile = z
  .strictObject({ id, cellBytes, first: size, count: z.int().min(1).max(1024) })
  .refine(
    ({ cellBytes: bytes, first, count }) => Number.isSafeInteger((first + count) * bytes),
    'no disk is that large',
  )

const jobRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('create'),
    baseId: id,
    name: fileName,
    imageFileName: fileName,
    folderGrant: id.exactOptional(),
    size: size.exactOptional(),
    reuseImageFile: z.boolean().exactOptional(),
    format: z.enum(['add-cow', 'acow']).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('resize'), imageId: id, size, shrink: z.boolean() }),
  z.strictObject({
    kind: z.literal('check'),
    imageId: id,
    repair: z.enum(['none', 'leaks', 'all']),
  }),
  z.strictObject({
    kind: z.literal('flatten'),
    imageId: id,
    verify: z.boolean(),
    trashOverlay: z.boolean().exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('commit'),
    imageId: id,
    verify: z.boolean(),
    accepted: ids,
  }),
  z.strictObject({
    kind: z.literal('rebase'),
    imageId: id,
    base: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('image'), id }),
      z.strictObject({ kind: z.literal('picked'), grant: id }),
      z.strictObject({ kind: z.literal('none') }),
    ]),
    namesOnly: z.boolean(),
    verify: z.boolean().exactOptional(),
    unproven: z.boolean().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('measure'), imageId: id, compareWithBase: z.boolean() }),
  z.strictObject({ kind: z.literal('compare'), imageId: id, otherId: id }),
  z.strictObject({
    kind: z.literal('move'),
    imageId: id,
    folderGrant: id.exactOptional(),
    name: fileName,
    imageFileName: fileName,
    copy: z.boolean(),
    names: z.enum(['relative', 'absolute']),
    accepted: ids,
  }),
  z.strictObject({
    kind: z.literal('import-overlay'),
    imageId: id,
    folderGrant: id.exactOptional(),
    name: fileName,
    imageFileName: fileName,
    format: z.enum(['add-cow', 'acow']),
    verify: z.boolean(),
  }),
  z.strictObject({
    kind: z.enum(['export', 'export-overlay']),
    imageId: id,
    targetGrant: id,
    verify: z.boolean(),
  }),
])

/** Any part of the settings. */
export const settingsChange = z.strictObject({
  theme: z.enum(['system', 'light', 'dark', 'contrast']).exactOptional(),
  language: z.enum(['system', 'en', 'de']).exactOptional(),
  units: z.enum(['binary', 'decimal', 'bytes']).exactOptional(),
  verifyByDefault: z.boolean().exactOptional(),
  simultaneousJobs: z.int().min(1).max(4).exactOptional(),
  notify: z.boolean().exactOptional(),
  cacheMiB: z.int().min(1).max(64).exactOptional(),
})

const exportSnapshot = z.strictObject({ id, name: fileName, imageFileName: fileName })

const schemas = {
  'app.bootstrap': z.undefined(),
  'app.licences': z.undefined(),
  'app.showLog': z.undefined(),
  'app.copyText': z.strictObject({ text: z.string().max(1_000_000) }),
  'library.add': z.strictObject({ what: z.enum(['files', 'folder']) }),
  'library.forget': z.strictObject({ ids }),
  'library.rescan': z.strictObject({ ids: ids.exactOptional() }),
  'library.agree': z.strictObject({ name: z.string().min(1).max(32_768) }),
  'library.agreedNames': z.undefined(),
  'library.withdraw': z.strictObject({ name: z.string().min(1).max(32_768) }),
  'library.treatAs': z.strictObject({ id, format: z.enum(FORMAT_NAMES) }),
  'library.showInFolder': z.strictObject({ id }),
  'library.createSample': z.undefined(),
  'folders.list': z.undefined(),
  'folders.add': z.undefined(),
  'folders.remove': z.strictObject({ folder: z.string().min(1).max(32_768) }),
  'image.details': z.strictObject({ id }),
  'map.open': z.strictObject({ id }),
  'map.tile': tile,
  'map.extents': z.strictObject({ id, first: size, count: z.int().min(1).max(512) }),
  'map.extentAt': z.strictObject({ id, offset: size }),
  'map.bytes': z.strictObject({ id, offset: size, length: z.int().min(1).max(65_536) }),
  'dialog.pickFolder': z.undefined(),
  'dialog.pickExportTarget': z.strictObject({ imageId: id, format: z.enum(['raw', 'qcow2']) }),
  'dialog.pickBase': z.strictObject({ imageId: id }),
  'job.plan': jobRequest,
  'job.start': jobRequest,
  'job.cancel': z.strictObject({ id }),
  'job.pause': z.strictObject({ id }),
  'job.resume': z.strictObject({ id }),
  'job.goOn': z.strictObject({ id }),
  'job.clear': z.strictObject({ ids }),
  'export.list': z.undefined(),
  'export.start': z.strictObject({
    imageId: id,
    readOnly: z.boolean(),
    place: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('socket') }),
      z.strictObject({ kind: z.literal('tcp'), port: z.int().min(0).max(65_535) }),
    ]),
  }),
  'export.stop': z.strictObject({ id }),
  'export.planSnapshot': exportSnapshot,
  'export.takeSnapshot': exportSnapshot,
  'export.flatten': z.strictObject({ id, bytesPerSecond: z.int().min(1).exactOptional() }),
  'export.stopFlatten': z.strictObject({ id }),
  'export.grow': z.strictObject({ id, size }),
  'export.startQemu': z.strictObject({ id, throwAway: z.boolean() }),
  'settings.change': settingsChange,
} as const

type RequestSchemas = { readonly [Name in CommandName]: z.ZodType<Commands[Name]['request']> }

/** What the request of each command must look like; anything more or less is refused. */
export const requestSchemas: RequestSchemas = schemas

/**
 * Paths of dropped files, which only the preload can know: absolute, as many as a person can drop.
 */
export const droppedPaths = z.array(z.string().min(1).max(32_768)).max(10_000)

/*
 * The type above sees to it that what a schema lets through is a request; those here, that every
 * request is let through with all that it may have: a schema that forgets a key does not compile.
 */
type Complete<Type, Schema extends z.ZodType> =
  Required<Type> extends Required<z.output<Schema>>
    ? Required<z.output<Schema>> extends Required<Type>
      ? true
      : false
    : false
type DriftedCommand = {
  [Name in CommandName]: Complete<Commands[Name]['request'], (typeof schemas)[Name]> extends true
    ? never
    : Name
}[CommandName]
type None<T extends never> = T
export type SchemasAreComplete = None<DriftedCommand>
