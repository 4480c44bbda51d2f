/** Disks that are served over NBD. */
export const exports = {
  exports: {
    title: 'Exports',
    list: 'Disks that are exported',
    start: 'Export a disk…',
    empty: 'Nothing is exported',
    emptyText:
      'An export serves a disk over NBD, so that QEMU, its tools and others can use an overlay ' +
      'as if it was a disk of their own: to boot from it, to copy it, to look inside.',
    readOnly: 'Read-only',
    writable: 'Writable',
    stopping: 'Closing…',
    failed: 'Ended',
    address: 'Address',
    copyAddress: 'Copy the address',
    clients: 'Clients',
    clientCount: 'none connected | one connected | {count} connected',
    read: 'Read',
    written: 'Written',
    size: 'Virtual size',
    since: 'Since',
    snapshot: 'Snapshot…',
    grow: 'Grow…',
    stop: 'Stop',
    stopNamed: 'Stop the export of {name}',
    clear: 'Take out of the list',
    commands: 'Command lines',
    copyCommand: 'Copy the command for {program}',
    oldSize:
      'One client still goes by the size that it was told. It sees the new one when it ' +
      'connects again. | {count} clients still go by the size that they were told. They see the ' +
      'new one when they connect again.',
    crashed: 'The export of {name} ended of itself',
    crashedText:
      'Nothing else was harmed. All that clients had flushed is in the files; look at the image ' +
      'before you export it again.',
    failure: 'The disk could not do what a client had asked for',
    stopAsk: 'Stop the export of {name}?',
    stopAskText:
      'One client is connected and loses the disk. Shut a virtual machine down first. | {count} ' +
      'clients are connected and lose the disk. Shut virtual machines down first.',
    stopAskSafe: 'All that the export has answered to is written to the files before it ends.',
    stopAnyway: 'Stop the export',
  },
  serve: {
    title: 'Export a disk over NBD',
    intro:
      'Programs on this computer use the disk through an address, as long as the export is on.',
    image: 'Disk',
    access: 'Clients may',
    readOnly: 'Only read',
    writable: 'Read and write',
    readOnlyHint: 'The image stays as it is. Start in QEMU can still try it, and forget all of it.',
    writableHint: 'What clients write goes into this image. Snapshots can be taken meanwhile.',
    onlyRead: 'This format is only read here. Let clients only read, or serve a new overlay on it.',
    breaks:
      'One image stands on it and would break: make an overlay on it, and export that. | {count} ' +
      'images stand on it and would break: make an overlay on it, and export that.',
    place: 'Listen on',
    socket: 'A Unix socket',
    tcp: 'A port',
    socketHint: 'In a folder that only you can enter. The best choice on this computer.',
    tcpHint: 'Of this computer alone (127.0.0.1): every user of it can connect.',
    port: 'Port',
    portHint: 'Empty: any that is free. 10809 is the usual one.',
    portWrong: 'A port is a number from 1 to 65535',
    choose: 'Choose a disk first',
    working: 'Starting…',
    submit: 'Start the export',
  },
  servedSnapshot: {
    title: 'Snapshot of {name}',
    intro:
      'A new overlay goes on top while clients go on. What was written so far stays in {name}; ' +
      'what is written from now on goes to the new one.',
    name: 'Name',
    imageFileName: 'Image file',
    submit: 'Take the snapshot',
    readOnly: 'It is exported for reading only',
    taken: '{name} is the top now',
  },
  servedGrow: {
    title: 'Make {name} larger',
    intro:
      'Clients that connect from now on see the new size. Who is connected goes by the old one ' +
      'until it connects again: NBD has no word for it.',
  },
  servedFlatten: {
    title: 'Flatten in the background',
    text: 'Copies what lies below into the image file while clients go on; they come first.',
    paces: { gentle: 'Gentle', normal: 'Normal', full: 'Full' },
    paceHint:
      'Gentle: up to {gentle}. Normal: up to {normal}. Full: as fast as clients leave room.',
    start: 'Flatten',
    goOn: 'Go on',
    stop: 'Pause',
    progress: '{percent} of {size}',
    stopped: 'Paused. What was copied stays copied.',
    done: 'Everything is copied: the image file alone serves now.',
    doneBelow: 'Everything is copied: {name} needs nothing below it any more.',
    failed: 'The flatten did not come to its end',
    notOverlay: 'It is a plain disk, not an overlay',
  },
  qemu: {
    start: 'Start in QEMU',
    keep: 'Keep what it writes',
    throwAway: 'Try it: forget what it writes',
    missing: 'QEMU is not installed. Debian and Ubuntu: qemu-system-x86',
    readOnly: 'The export is read-only',
    running: 'One machine runs | {count} machines run',
    failed: 'QEMU ended with an error',
  },
}
