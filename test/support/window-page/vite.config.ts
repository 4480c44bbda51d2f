import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

/** Serves the page of this folder; the renderer is outside of it, at the project's top. */
export default defineConfig({
  root: fileURLToPath(new URL('../../..', import.meta.url)),
  plugins: [vue()],
  cacheDir: 'out/window-page-cache',
  optimizeDeps: { entries: ['renderer/index.html', 'test/support/window-page/index.html'] },
  server: { host: '127.0.0.1', port: 5199, strictPort: true },
})
