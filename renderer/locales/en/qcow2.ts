/** qcow2 images: what their header says, and how they come in. */
export const qcow2 = {
  import: {
    title: 'Import a qcow2 overlay',
    intro:
      'Makes an add-cow overlay that is what the qcow2 image is, on the same base. ' +
      'Only what the image itself holds is copied, and it is only read.',
    source: 'qcow2 image',
    sourceOn: 'Stands on {base}',
    sourceAlone: 'Stands on no base: the overlay will hold the whole disk itself.',
    choose: 'Choose a qcow2 image',
    none: 'No qcow2 image in the list can be imported',
    chooseFile: 'Choose a file…',
    chooseFirst: 'Choose the qcow2 image first',
    notQcow2: '{name} is no qcow2 image that can be imported.',
    folderBeside: 'Beside the qcow2 image',
    submit: 'Import',
  },
  qcow2: {
    heading: 'qcow2',
    onlyRead:
      'qcow2 images are only read here. To change the disk: import it, or make an overlay on it.',
    import: 'Import as an overlay…',
    newOverlay: 'New overlay on it…',
    marks: {
      corrupt:
        'It is marked as damaged: who wrote to it last found errors. A check says what is wrong; ' +
        '“qemu-img check -r all” mends it.',
      dirty:
        'It was not closed in order. It reads as it should; its counts of references are mended ' +
        'by “qemu-img check -r leaks”.',
    },
    version: 'Version',
    clusters: 'Cluster size',
    subclusters: '{size}, each of 32 subclusters',
    compression: 'Compression type',
    refcounts: 'Reference counts',
    refcountBits: '{bits} bits each',
    refcountsLazy: '{bits} bits each, written late',
    backingFormat: 'Base format',
    backingFormatNone: 'Not stored: probed',
    dataFile: 'Data file',
    dataFileRaw: 'Alone it reads as the disk',
    snapshots: 'No internal snapshots | One internal snapshot | {count} internal snapshots',
    snapshotName: 'Name',
    snapshotTaken: 'Taken',
    snapshotState: 'VM state',
    snapshotDisk: 'Disk',
    snapshotNoState: 'none',
  },
}
