import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { CONTENT_SECURITY_POLICY } from '../../../electron/main/page-files'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * The page of this folder; the renderer is outside of it, at the project's top. What is built is
 * served under the same policy as in the application, so that what the policy forbids shows here.
 */
export default defineConfig({
  root,
  plugins: [vue()],
  cacheDir: 'out/window-page-cache',
  build: {
    outDir: 'out/window-page',
    target: 'chrome130',
    rolldownOptions: { input: 'test/support/window-page/index.html' },
  },
  server: { host: '127.0.0.1', port: 5199, strictPort: true },
  preview: {
    host: '127.0.0.1',
    port: 0,
    headers: { 'Content-Security-Policy': CONTENT_SECURITY_POLICY },
  },
})
