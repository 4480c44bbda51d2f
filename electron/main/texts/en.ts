import type { Texts } from './texts'

export const en: Texts = {
  menu: {
    file: '&File',
    newOverlay: 'New overlay…',
    addFiles: 'Add files…',
    addFolder: 'Add folder…',
    quit: 'Quit',
    edit: '&Edit',
    undo: 'Undo',
    redo: 'Redo',
    cut: 'Cut',
    copy: 'Copy',
    paste: 'Paste',
    selectAll: 'Select all',
    search: 'Search images',
    image: '&Image',
    check: 'Check…',
    resize: 'Resize…',
    flatten: 'Flatten in place…',
    export: 'Export to a new raw file…',
    exportOverlay: 'Export as a qcow2 overlay…',
    importOverlay: 'Import a qcow2 overlay…',
    compare: 'Compare…',
    serve: 'Export over NBD…',
    commit: 'Commit into the base…',
    rebase: 'Put on another base…',
    move: 'Move or copy…',
    showInFolder: 'Show in folder',
    copyPath: 'Copy path',
    rescanImage: 'Look again',
    forget: 'Remove from the list',
    view: '&View',
    images: 'Images',
    jobs: 'Jobs',
    exports: 'Exports',
    rescan: 'Look at all images again',
    settings: 'Settings',
    resetZoom: 'Normal size',
    zoomIn: 'Larger',
    zoomOut: 'Smaller',
    fullScreen: 'Full screen',
    help: '&Help',
    shortcuts: 'Keyboard shortcuts',
    showLog: 'Show log file',
    about: 'About add-cow Manager',
  },
  pick: {
    addFiles: 'Add disk images',
    addFolder: 'Add the disk images of a folder',
    watchFolder: 'Folder whose images come to the list',
    add: 'Add',
    folder: 'Folder for the new overlay',
    base: 'Base of the overlay',
    choose: 'Choose',
    exportTarget: 'Export to a new raw file',
    qcow2Target: 'Export as a new qcow2 overlay',
    images: 'Disk images',
    rawFiles: 'Raw disks',
    qcow2Files: 'qcow2 images',
    allFiles: 'All files',
  },
  quit: {
    question: (jobs) =>
      jobs === 1 ? 'A job has not ended yet' : `${jobs} jobs have not ended yet`,
    detail:
      'Quitting stops what is under way. No data is lost: a flatten keeps what it has done ' +
      'so far, ' +
      'and “Go on” takes it up from there after the next start; a half-written export is removed.',
    stay: 'Keep working',
    leave: 'Stop jobs and quit',
    exports: (count, clients) => {
      const disks = count === 1 ? 'A disk is being exported' : `${count} disks are being exported`
      if (clients === 0) return `${disks}, with no client connected`
      return `${disks}, with ${clients === 1 ? 'one client' : `${clients} clients`} connected`
    },
    exportsDetail: (clients) =>
      clients === 0
        ? 'Quitting ends the export. All that was written to it is kept.'
        : 'Quitting takes the disk away from who is using it, such as a virtual machine: ' +
          'shut that ' +
          'down first. All that the export has answered to is written to the files before it ends.',
    leaveAll: 'Stop and quit',
  },
  paused: 'Paused',
  trouble: {
    setAside: (path, kept) =>
      `${path} could not be used, so the application starts without it. Nothing was thrown away: ` +
      `the file is now ${kept}.`,
    notSaved: (path, reason) =>
      `${path} could not be saved: ${reason}. It is tried again at the next change.`,
  },
  ended: {
    create: (name) => `${name} was made`,
    resize: (name) => `${name} was resized`,
    check: (name) => `${name} was checked`,
    flatten: (name) => `${name} was flattened`,
    export: (name) => `${name} was exported`,
    commit: (name) => `${name} was committed into its base`,
    'export-overlay': (name) => `${name} was exported as a qcow2 overlay`,
    'import-overlay': (name) => `${name} was imported`,
    measure: (name) => `${name} was measured`,
    move: (name) => `${name} was moved`,
    compare: (name) => `${name} was compared`,
    rebase: (name) => `${name} stands on its new base`,
    failed: (name) => `A job on ${name} failed`,
  },
}
