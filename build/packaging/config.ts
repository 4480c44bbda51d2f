import type { AfterPackContext, Configuration } from 'electron-builder'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Takes out what an Electron for developers has, and which a copied one brings along. */
async function removeDefaultApp({ packager, appOutDir }: AfterPackContext): Promise<void> {
  const resources = packager.getResourcesDir(appOutDir)
  await rm(join(resources, 'default_app.asar'), { force: true })
}

/**
 * How the application is packed. Every target but `dir` needs tools that electron-builder fetches
 * from their release pages.
 */
export const packagingConfig: Configuration = {
  appId: 'add-cow.manager',
  productName: 'add-cow Manager',
  copyright: 'MIT License, add-cow Manager contributors',
  directories: { output: 'out/package', buildResources: 'build/icons' },
  // Everything but koffi is in the bundles already.
  files: [
    'package.json',
    'LICENSE',
    'out/{main,preload,renderer}/**',
    '!**/*.map',
    '!node_modules/koffi/**/*.{md,cc,hh,h,inc,S,asm}',
    '!node_modules/koffi/**/CMakeLists.txt',
  ],
  asar: true,
  // The system's loader opens libraries, and knows nothing of archives.
  asarUnpack: ['**/*.node'],
  npmRebuild: false,
  afterPack: removeDefaultApp,
  electronFuses: {
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    // Checked on macOS and Windows; elsewhere Electron does not look at it.
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
    loadBrowserProcessSpecificV8Snapshot: false,
  },
  fileAssociations: [
    {
      ext: 'add-cow',
      name: 'add-cow overlay',
      description: 'Copy-on-write overlay of a virtual disk',
      mimeType: 'application/x-add-cow',
      role: 'Editor',
    },
  ],
  linux: {
    target: ['AppImage', 'deb'],
    executableName: 'add-cow-manager',
    icon: 'build/icons',
    category: 'System;Utility',
    synopsis: 'Copy-on-write overlays of virtual disks',
    maintainer: 'add-cow Manager contributors',
    syncDesktopName: true,
  },
  win: { target: ['nsis'], icon: 'build/icons/512x512.png' },
  nsis: { oneClick: false, allowToChangeInstallationDirectory: true },
  mac: {
    target: ['dmg'],
    icon: 'build/icons/1024x1024.png',
    category: 'public.app-category.utilities',
  },
}
