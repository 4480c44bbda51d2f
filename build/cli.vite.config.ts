import { builtinModules } from 'node:module'
import { defineConfig } from 'vite'

/** Builds the command line tool into one file that plain Node runs; only koffi stays outside. */
export default defineConfig({
  ssr: { noExternal: true, external: ['koffi'] },
  build: {
    target: 'node20.18',
    outDir: 'out/cli',
    sourcemap: true,
    minify: false,
    ssr: 'engine/cli/index.ts',
    rolldownOptions: {
      external: [...builtinModules, /^node:/],
      output: { format: 'es', entryFileNames: 'add-cow-img.js', codeSplitting: false },
    },
  },
})
