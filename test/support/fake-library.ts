import type { JobSnapshot } from '../../electron/contract/jobs'
import type { ImageState, ImageSummary } from '../../electron/contract/library'
import type { ErrorCode, ErrorData } from '../../engine/base/errors'
import { GIB, MIB, TIB } from '../../engine/base/units'
import type { CheckResult } from '../../engine/model/image'

const DAY = 86_400_000
/** A fixed day, so that pictures of the window can be compared. */
export const NOW = Date.UTC(2025, 10, 20, 14, 30)

/** A plain disk. */
export function rawImage(id: string, name: string, part: Partial<ImageSummary> = {}): ImageSummary {
  return {
    id,
    name,
    directory: '/srv/images',
    state: 'ok',
    format: 'raw',
    virtualSize: 20 * GIB,
    sizeOnDisk: Math.round(6.4 * GIB),
    allocatedBytes: 20 * GIB,
    modifiedAt: NOW - 30 * DAY,
    usedBy: 0,
    ...part,
  }
}

/** An overlay on another image of the library, or on a name that it does not know. */
export function overlay(
  id: string,
  name: string,
  base: ImageSummary | string,
  part: Partial<ImageSummary> = {},
): ImageSummary {
  const virtualSize = typeof base === 'string' ? 20 * GIB : (base.virtualSize ?? 20 * GIB)
  return {
    id,
    name,
    directory: '/srv/overlays',
    imageName: name.replace(/\.[^.]*$/, '.raw'),
    state: 'ok',
    format: 'add-cow',
    virtualSize,
    sizeOnDisk: Math.round(virtualSize * 0.11),
    allocatedBytes: Math.round(virtualSize * 0.12),
    modifiedAt: NOW - DAY,
    usedBy: 0,
    ...(typeof base === 'string'
      ? { baseName: base }
      : { baseName: `${base.directory}/${base.name}`, baseId: base.id }),
    ...part,
  }
}

export function problem(code: ErrorCode, message: string, path: string): ErrorData {
  return { code, message, details: { path }, state: 'unchanged' }
}

function broken(state: ImageState, error: ErrorData): Partial<ImageSummary> {
  return { state, problem: error }
}

const LONG =
  'customer-4711-production-database-server-before-the-migration-to-the-new-storage-' +
  'äöü-日本語-final-final-2.add-cow'

/** What an image from somewhere names: more than fits a line. */
export const FOREIGN_BASE =
  'nbd://storage-17.example.net:10809/pools/golden-images/debian/12/bookworm/2025-11-20/' +
  'debian-12-genericcloud-amd64-daily.raw'

/** A library such as a person has: bases, overlays on overlays, and every state there is. */
export function richLibrary(): ImageSummary[] {
  const debian = rawImage('debian', 'debian-12-server.raw', { usedBy: 3 })
  const ubuntu = rawImage('ubuntu', 'ubuntu-24.04-desktop.img', {
    virtualSize: 64 * GIB,
    sizeOnDisk: Math.round(18.2 * GIB),
    allocatedBytes: 64 * GIB,
    usedBy: 2,
  })
  const web = overlay('web', 'web-staging.add-cow', debian, {
    allocatedBytes: Math.round(8.6 * GIB),
    sizeOnDisk: Math.round(8.5 * GIB),
    usedBy: 1,
  })
  const webTest = overlay('web-test', 'web-staging-before-upgrade.add-cow', web, {
    allocatedBytes: 312 * MIB,
    sizeOnDisk: 310 * MIB,
    usedBy: 1,
    modifiedAt: NOW - 3_600_000,
  })
  const archive = '/mnt/archive/windows-2022-base.raw'
  return [
    debian,
    ubuntu,
    web,
    webTest,
    overlay('deep', 'experiment.add-cow', webTest, {
      allocatedBytes: 4 * MIB,
      sizeOnDisk: 4 * MIB,
    }),
    overlay('db', 'db-primary.add-cow', debian, { state: 'needs-check' }),
    overlay('ci', 'ci-runner-07.add-cow', debian, {
      state: 'in-use',
      allocatedBytes: Math.round(19.98 * GIB),
    }),
    overlay('dev', 'dev-desktop-anna.add-cow', ubuntu, { allocatedBytes: 41 * GIB }),
    overlay('long', LONG, ubuntu, { state: 'base-changed', allocatedBytes: 64 * GIB }),
    overlay(
      'orphan',
      'accounting.add-cow',
      archive,
      broken('base-missing', {
        ...problem(
          'chain/backing-missing',
          `Cannot open /srv/overlays/accounting.add-cow: its backing file ${archive} is missing`,
          '/srv/overlays/accounting.add-cow',
        ),
        details: { path: '/srv/overlays/accounting.add-cow', backing: archive },
      }),
    ),
    overlay(
      'nodata',
      'mail-relay.add-cow',
      '/srv/images/mail-base.raw',
      broken('data-missing', {
        ...problem(
          'chain/data-missing',
          'Cannot open /srv/overlays/mail-relay.add-cow: its image file is missing',
          '/srv/overlays/mail-relay.add-cow',
        ),
        details: {
          path: '/srv/overlays/mail-relay.add-cow',
          image: '/srv/overlays/mail-relay.raw',
        },
      }),
    ),
    rawImage('gone', 'freebsd-14.raw', {
      ...broken('missing', problem('file/missing', 'There is no such file', '/srv/images/x.raw')),
      directory: '/media/usb',
    }),
    {
      id: 'bad',
      name: 'holiday.jpg',
      directory: '/home/anna/Pictures',
      usedBy: 0,
      state: 'unreadable',
      problem: problem(
        'format/unrecognized',
        'Cannot open /home/anna/Pictures/holiday.jpg: it is no disk image',
        '/home/anna/Pictures/holiday.jpg',
      ),
    },
    overlay(
      'elsewhere',
      'downloaded.qcow2',
      FOREIGN_BASE,
      broken('needs-consent', {
        code: 'chain/needs-consent',
        message: `Cannot open /srv/overlays/downloaded.qcow2: it names ${FOREIGN_BASE}`,
        details: { path: '/srv/overlays/downloaded.qcow2', target: FOREIGN_BASE },
        state: 'unchanged',
      }),
    ),
    rawImage('big', 'measurement-archive.raw', {
      virtualSize: 12 * TIB,
      sizeOnDisk: Math.round(9.7 * TIB),
      state: 'scanning',
    }),
    {
      ...rawImage('alone', 'scratch.add-cow'),
      format: 'add-cow',
      allocatedBytes: 0,
      sizeOnDisk: 8192,
      virtualSize: 512,
    },
  ]
}

/** A library of many images: bases with overlays, and now and then a deep chain. */
export function manyImages(count: number): ImageSummary[] {
  const images: ImageSummary[] = []
  let base = rawImage('base-0', 'base-0.raw')
  let last = base
  for (let index = 0; index < count; index += 1) {
    if (index % 20 === 0) {
      base = rawImage(`base-${index}`, `base-${index}.raw`, { sizeOnDisk: (index + 1) * MIB })
      images.push(base)
    } else {
      const below = index % 7 === 0 ? last : base
      last = overlay(`overlay-${index}`, `vm-${index}.add-cow`, below, {
        allocatedBytes: (index % 100) * 200 * MIB,
      })
      images.push(last)
    }
  }
  return images
}

/** Jobs in every status. */
export function richJobs(now = NOW): JobSnapshot[] {
  const common = { createdAt: now - 600_000, startedAt: now - 540_000 }
  return [
    {
      ...common,
      id: 'flattening',
      kind: 'flatten',
      status: 'running',
      canPause: true,
      imageId: 'dev',
      path: '/srv/overlays/dev-desktop-anna.add-cow',
      progress: { phase: 'copying', current: Math.round(27.4 * GIB), total: 64 * GIB },
      speed: 212 * MIB,
      timeLeft: 176_000,
    },
    {
      ...common,
      id: 'resting',
      kind: 'export',
      status: 'paused',
      canPause: true,
      imageId: 'long',
      path: `/srv/overlays/${LONG}`,
      target: '/mnt/backup/2025-11/customer-4711.raw',
      progress: { phase: 'verifying', current: 40 * GIB, total: 64 * GIB },
    },
    {
      id: 'waiting',
      kind: 'check',
      status: 'queued',
      imageId: 'web',
      path: '/srv/overlays/web-staging.add-cow',
      createdAt: now - 60_000,
    },
    {
      ...common,
      id: 'exported',
      kind: 'export',
      status: 'done',
      imageId: 'web-test',
      path: '/srv/overlays/web-staging-before-upgrade.add-cow',
      target: '/mnt/backup/2025-11/web-staging-before-upgrade.raw',
      endedAt: now - 120_000,
      result: {
        kind: 'export',
        path: '/mnt/backup/2025-11/web-staging-before-upgrade.raw',
        bytesCopied: Math.round(6.1 * GIB),
      },
    },
    {
      ...common,
      id: 'failed',
      kind: 'flatten',
      status: 'failed',
      imageId: 'db',
      path: '/srv/overlays/db-primary.add-cow',
      createdAt: now - 700_000,
      endedAt: now - 300_000,
      error: {
        code: 'io/no-space',
        message: 'Cannot write /srv/overlays/db-primary.raw: no space left on device',
        details: { path: '/srv/overlays/db-primary.raw', errno: 'ENOSPC' },
        state: 'resumable',
      },
      canGoOn: true,
    },
    {
      ...common,
      id: 'checked',
      kind: 'check',
      status: 'done',
      imageId: 'db',
      path: '/srv/overlays/db-primary.add-cow',
      createdAt: now - 800_000,
      endedAt: now - 500_000,
      result: {
        kind: 'check',
        path: '/srv/overlays/db-primary.add-cow',
        check: badCheck('/srv/overlays/db-primary.add-cow'),
      },
    },
    {
      ...common,
      id: 'cancelled',
      kind: 'flatten',
      status: 'cancelled',
      canGoOn: true,
      imageId: 'web-test',
      path: '/srv/overlays/web-staging-before-upgrade.add-cow',
      createdAt: now - 900_000,
      endedAt: now - 530_000,
    },
    {
      ...common,
      id: 'trashed',
      kind: 'flatten',
      status: 'done',
      imageId: 'debian',
      path: '/srv/overlays/debian-12-server.add-cow',
      createdAt: now - 950_000,
      endedAt: now - 540_000,
      result: { kind: 'flatten', path: '/srv/overlays/debian-12-server.add-cow' },
      trashed: { path: '/srv/overlays/debian-12-server.add-cow' },
    },
    {
      ...common,
      id: 'measured',
      kind: 'measure',
      status: 'done',
      imageId: 'deep',
      path: '/srv/overlays/experiment.add-cow',
      cleared: true,
      createdAt: now - 960_000,
      endedAt: now - 530_000,
      result: {
        kind: 'measure',
        path: '/srv/overlays/experiment.add-cow',
        measure: {
          virtualSize: 20 * GIB,
          flatten: {
            bytesToCopy: Math.round(6.1 * GIB),
            spaceNeeded: Math.round(6.1 * GIB),
            spaceFreed: 0,
          },
          commit: { bytesToCopy: 4 * MIB, spaceNeeded: 3 * MIB, spaceFreed: 4 * MIB },
          export: {
            bytesToCopy: Math.round(6.1 * GIB),
            spaceNeeded: Math.round(6.1 * GIB),
            spaceFreed: 0,
          },
          equalToBase: 1.2 * MIB,
        },
      },
    },
    {
      ...common,
      id: 'interrupted',
      kind: 'resize',
      status: 'interrupted',
      imageId: 'web',
      path: '/srv/overlays/web-staging.add-cow',
      createdAt: now - 1_000_000,
    },
  ]
}

/** A check with a finding of each severity. */
export function badCheck(path: string): CheckResult {
  return {
    path,
    format: 'add-cow',
    totalClusters: 41_943_040,
    allocatedClusters: 5_033_164,
    findings: [
      {
        code: 'metadata-short',
        severity: 'corruption',
        message: 'The bitmap ends at byte 4096 of 5245440; the missing part reads as unallocated',
        details: { path, length: 4096, needed: 5_245_440 },
        repair: { by: 'all', action: 'Extend the file with zeros' },
        repaired: false,
      },
      {
        code: 'data-unallocated',
        severity: 'leak',
        message: '1.2 GiB of the image file hold data that the disk does not use',
        details: { path, bytes: 1_288_490_188 },
        repair: { by: 'leaks', action: 'Give the space back to the host' },
        repaired: false,
      },
      {
        code: 'allocated-hole',
        severity: 'notice',
        message:
          '64 MiB that the overlay decides are holes in the image file where the base has data',
        details: { path, bytes: 67_108_864 },
        repaired: false,
      },
    ],
  }
}
