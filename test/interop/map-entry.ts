import * as z from 'zod'

/**
 * A run in what `map --output=json` prints; without the file name, which not every qemu-img has.
 */
export const mapEntry = z.object({
  start: z.number(),
  length: z.number(),
  depth: z.number(),
  present: z.boolean(),
  zero: z.boolean(),
  data: z.boolean(),
  offset: z.number().optional(),
})

export type MapEntry = z.infer<typeof mapEntry>
