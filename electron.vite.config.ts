import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

// The oldest Electron the application runs on is 33: Node 20.18 and Chromium 130. Both are named
// here because electron-vite would otherwise take them from the installed electron package.
const nodeTarget = 'node20.18'
const chromeTarget = 'chrome130'

// What is bundled is shipped, and so are its licences: Help, About shows them.
const license = { fileName: 'licences.json' }

export default defineConfig({
  main: {
    build: {
      target: nodeTarget,
      outDir: 'out/main',
      sourcemap: true,
      license,
      rolldownOptions: {
        input: {
          index: 'electron/main/index.ts',
          worker: 'electron/worker/index.ts',
          'export-worker': 'electron/worker/exports/index.ts',
        },
        output: {
          format: 'es',
          entryFileNames: '[name].js',
          chunkFileNames: 'chunk-[name]-[hash].js',
        },
      },
    },
  },
  preload: {
    build: {
      target: nodeTarget,
      outDir: 'out/preload',
      sourcemap: true,
      // A sandboxed preload can load nothing but itself and 'electron': one file, CommonJS.
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: 'electron/preload/index.ts' },
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  },
  renderer: {
    root: 'renderer',
    plugins: [vue()],
    build: {
      target: chromeTarget,
      outDir: 'out/renderer',
      sourcemap: true,
      // half the text to be read and compiled before the first paint
      minify: true,
      license,
      rolldownOptions: { input: { index: 'renderer/index.html' } },
    },
  },
})
