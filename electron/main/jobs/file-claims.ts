/** The files that a piece of work touches. Paths have all links followed. */
export interface TouchedFiles {
  readonly writes: readonly string[]
  readonly reads: readonly string[]
}

/** Whether two pieces of work must not run side by side: one writes what the other touches. */
export function conflict(a: TouchedFiles, b: TouchedFiles): boolean {
  return writesInto(a, b) || writesInto(b, a)
}

function writesInto({ writes }: TouchedFiles, { writes: others, reads }: TouchedFiles): boolean {
  return writes.some((file) => others.includes(file) || reads.includes(file))
}

/** Who touches which files just now. */
export class FileClaims {
  private readonly claims = new Set<TouchedFiles>()

  /** `onRelease` is called after each release: what waited may go on. */
  constructor(private readonly onRelease: () => void) {}

  conflicts(files: TouchedFiles): boolean {
    return [...this.claims].some((claim) => conflict(claim, files))
  }

  /** Returns the function that gives the files free again. */
  claim(files: TouchedFiles): () => void {
    this.claims.add(files)
    return () => {
      if (this.claims.delete(files)) this.onRelease()
    }
  }
}
