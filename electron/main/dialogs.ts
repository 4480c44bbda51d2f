import { realpath } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { type BrowserWindow, type OpenDialogOptions, dialog } from 'electron'
import type { UnderWay } from './quit-guard'
import type { Texts } from './texts'

const OWN_EXTENSIONS = ['add-cow', 'acow', 'qcow2', 'raw', 'img']
const FOREIGN_EXTENSIONS = ['vmdk', 'vdi', 'vhdx', 'vhd', 'qed', 'hdd', 'dmg']

/** The system's own dialogs. Each belongs to the window; a pick is undefined where it was left. */
export class Dialogs {
  constructor(
    private readonly window: () => BrowserWindow | undefined,
    private readonly texts: () => Texts,
  ) {}

  async pickImages(): Promise<readonly string[]> {
    const { pick } = this.texts()
    return await this.open({
      title: pick.addFiles,
      buttonLabel: pick.add,
      properties: ['openFile', 'multiSelections'],
      filters: this.imageFilters(),
    })
  }

  async pickImageFolder(): Promise<readonly string[]> {
    const { pick } = this.texts()
    return await this.open({
      title: pick.addFolder,
      buttonLabel: pick.add,
      properties: ['openDirectory'],
    })
  }

  /** With all links followed, as are the paths of the images in it. */
  async pickWatchedFolder(): Promise<string | undefined> {
    return await this.choose({
      title: this.texts().pick.watchFolder,
      properties: ['openDirectory'],
    })
  }

  /** With all links followed, as are the paths of the images that it will be compared with. */
  async pickOverlayFolder(): Promise<string | undefined> {
    const properties = ['openDirectory', 'createDirectory'] as const
    return await this.choose({ title: this.texts().pick.folder, properties: [...properties] })
  }

  /** A file for an overlay to stand on; begins where the overlay is. With all links followed. */
  async pickBase(overlayPath: string): Promise<string | undefined> {
    return await this.choose({
      title: this.texts().pick.base,
      defaultPath: dirname(overlayPath),
      properties: ['openFile'],
      filters: this.imageFilters(),
    })
  }

  /** A new file for the disk of an image; proposes one beside it. */
  async pickExportTarget(imagePath: string, format: 'raw' | 'qcow2'): Promise<string | undefined> {
    const { pick } = this.texts()
    const stem = basename(imagePath, extname(imagePath))
    const options = {
      title: format === 'raw' ? pick.exportTarget : pick.qcow2Target,
      buttonLabel: pick.choose,
      defaultPath: join(dirname(imagePath), `${stem}-export.${format}`),
      filters: [
        format === 'raw'
          ? { name: pick.rawFiles, extensions: ['raw', 'img'] }
          : { name: pick.qcow2Files, extensions: ['qcow2'] },
      ],
    }
    const window = this.window()
    const { canceled, filePath } = await (window
      ? dialog.showSaveDialog(window, options)
      : dialog.showSaveDialog(options))
    if (canceled) return undefined
    return join(await realPath(dirname(filePath)), basename(filePath))
  }

  /** Whether the person wants to quit although jobs or exports have not ended. */
  async confirmQuit({ jobs, exports, clients }: UnderWay): Promise<boolean> {
    const { quit } = this.texts()
    const questions = [
      ...(exports > 0 ? [quit.exports(exports, clients)] : []),
      ...(jobs > 0 ? [quit.question(jobs)] : []),
    ]
    const details = [
      ...(exports > 0 ? [quit.exportsDetail(clients)] : []),
      ...(jobs > 0 ? [quit.detail] : []),
    ]
    const { response } = await this.message({
      type: 'question',
      message: questions.join('\n'),
      detail: details.join('\n\n'),
      buttons: [quit.stay, exports > 0 ? quit.leaveAll : quit.leave],
      defaultId: 0,
      cancelId: 0,
    })
    return response === 1
  }

  async warn(message: string): Promise<void> {
    await this.message({ type: 'warning', message })
  }

  private imageFilters(): { name: string; extensions: string[] }[] {
    const { pick } = this.texts()
    return [
      { name: pick.images, extensions: [...OWN_EXTENSIONS, ...FOREIGN_EXTENSIONS] },
      { name: pick.allFiles, extensions: ['*'] },
    ]
  }

  /** One file or folder, with all links followed. */
  private async choose(options: OpenDialogOptions): Promise<string | undefined> {
    const [path] = await this.open({ ...options, buttonLabel: this.texts().pick.choose })
    return path === undefined ? undefined : await realPath(path)
  }

  private async open(options: OpenDialogOptions): Promise<readonly string[]> {
    const window = this.window()
    const { canceled, filePaths } = await (window
      ? dialog.showOpenDialog(window, options)
      : dialog.showOpenDialog(options))
    return canceled ? [] : filePaths
  }

  private async message(options: Electron.MessageBoxOptions): Promise<{ response: number }> {
    const window = this.window()
    return await (window ? dialog.showMessageBox(window, options) : dialog.showMessageBox(options))
  }
}

/** One that is gone again is left as it is: the job says so better. */
async function realPath(path: string): Promise<string> {
  return await realpath(path).catch(() => path)
}
