/*
 * `npm run pictures`: the README's pictures, from what `npm run e2e -- main-job` saw in the
 * window. Needs ffmpeg, which makes one animated picture of many.
 */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { main, outFolder, projectRoot } from './lib/project'
import { run } from './lib/run'

const seen = join(outFolder, 'test-artefacts')
const shown = join(projectRoot, 'build/readme')

await main(async () => {
  await copyFile(join(seen, 'main-3-chain.png'), join(shown, 'window.png'))
  await copyFile(join(seen, 'main-4-map.png'), join(shown, 'map.png'))
  const everyPicture = [
    '-framerate',
    '0.5',
    '-pattern_type',
    'glob',
    '-i',
    join(seen, 'main-*.png'),
  ]
  const smaller = ['-vf', 'scale=900:-1:flags=lanczos', '-pred', 'mixed']
  const forEver = ['-plays', '0', '-f', 'apng', join(shown, 'main-job.png')]
  return run('ffmpeg', ['-y', '-v', 'error', ...everyPicture, ...smaller, ...forEver])
})
