/** What to say of each error code: a short reason, a sentence why, and what helps. */
export const errors = {
  errors: {
    'invalid-argument': {
      title: 'This does not fit',
      why: 'A value is not one that is possible here.',
      help: 'Change the value that is named below.',
    },
    'read-only': {
      title: 'Opened for reading only',
      why: '{file} may not be written to here.',
      help: 'Check the rights of the file and of its folder.',
    },
    'in-use': {
      title: 'In use',
      why: '{file} is being written to by a job or by another program.',
      help: 'Shut down the guest or end the program that uses it, then try again.',
    },
    'not-supported': {
      title: 'Not possible here',
      why: 'This cannot be done with {file}.',
      help: 'The details say what is missing.',
    },
    'file/missing': {
      title: 'File not found',
      why: '{file} is not there.',
      help: 'Put it back in its place, or mount the disk that it is on, then look again.',
    },
    'file/exists': {
      title: 'The file exists already',
      why: '{file} exists already and is not overwritten.',
      help: 'Choose another name.',
    },
    'file/not-a-file': {
      title: 'Not a file',
      why: '{file} is a folder or a device, not an ordinary file.',
      help: 'Choose a file.',
    },
    'file/changed': {
      title: 'The file changed meanwhile',
      why: '{file} was changed by something else while it was in use.',
      help: 'Make sure that nothing else writes to it, then try again.',
    },
    'format/unrecognized': {
      title: 'Not a disk image',
      why: '{file} has no format that is known here.',
      help: 'Make sure that it is the right file and that it is complete.',
    },
    'format/unsupported-version': {
      title: 'Unknown version of the format',
      why: '{file} has a version of its format that cannot be read here.',
      help: 'Open it with the program that made it. The details name the version.',
    },
    'format/unsupported-feature': {
      title: 'Unknown feature of the format',
      why: '{file} uses a feature of its format that cannot be read here.',
      help: 'Open it with the program that made it. The details name the feature.',
    },
    'format/corrupt': {
      title: 'Damaged',
      why: '{file} has a start that makes no sense.',
      help: 'If you have a copy of the file, compare. The details say what was found.',
    },
    'format/needs-program': {
      title: 'A program is missing',
      why: '{file} is read with the help of QEMU, which is not installed here.',
      help: 'Install QEMU’s tools (on Debian and Ubuntu the package qemu-utils), then look again.',
    },
    'chain/backing-missing': {
      title: 'The base is missing',
      why: '{file} is not there, and the overlay stands on it.',
      help: 'Put the base back in its place, or mount the disk that it is on, then look again.',
    },
    'chain/data-missing': {
      title: 'The image file is missing',
      why: '{file}, which holds the data of the overlay, is not there.',
      help: 'Put it back in its place, then look again.',
    },
    'chain/loop': {
      title: 'The chain runs in a circle',
      why: '{file} stands, by way of its base, on itself.',
      help: 'One of the names in the chain is wrong. The Overview tab shows them.',
    },
    'chain/same-file': {
      title: 'The same file twice',
      why: '{file} is used for two things that must be different files.',
      help: 'Choose another file. Links to the same file count as that file.',
    },
    'chain/too-deep': {
      title: 'Too many layers',
      why: 'The chain of {file} has more layers than can be opened.',
      help: 'Flatten a layer further down.',
    },
    'chain/base-differs': {
      title: 'Not the same base',
      why: 'The chosen base of {file} does not hold what the old one held.',
      help: 'Choose the base that the overlay was made on, or rebase and copy what differs.',
    },
    'chain/breaks-others': {
      title: 'Other overlays need it',
      why: 'Other overlays in the list read what this would take away from {file}.',
      help: 'Choose a way that leaves them alone, or say yes to each of them by name.',
    },
    'chain/needs-consent': {
      title: 'It leads elsewhere',
      why: '{file} names something outside of its own folder or on the network. It was not opened.',
      help: 'Allow it only if you trust where the image comes from. The yes is remembered.',
    },
    'resize/needs-shrink': {
      title: 'Would cut off data',
      why: 'The new size is smaller than the present one.',
      help: 'To cut off data, use “Cut off data…”.',
    },
    'verify/mismatch': {
      title: 'The copy is not the same',
      why: 'What was read again is not what was written.',
      help: 'Do not use the copy. Check the disk that it is on, then try again.',
    },
    'io/failed': {
      title: 'Reading or writing failed',
      why: 'The system reported a failure for {file}.',
      help: 'Check the disk and its connection. The details have the words of the system.',
    },
    'io/no-space': {
      title: 'No space left',
      why: 'The disk with {file} has too little room.',
      help: 'Make room there, then try again.',
    },
    'io/denied': {
      title: 'No permission',
      why: 'You may not open {file}.',
      help: 'Check the rights of the file and of its folder.',
    },
    'nbd/unreachable': {
      title: 'Not reachable',
      why: 'The NBD server of {file} does not answer.',
      help: 'Check that the server runs and that the network leads there, then try again.',
    },
    'nbd/refused': {
      title: 'Refused by the server',
      why: 'The NBD server of {file} does not give it out.',
      help: 'Check the name of the export. Servers that want TLS are not supported.',
    },
    'nbd/malformed': {
      title: 'The server makes no sense',
      why: 'What answers for {file} does not keep to the NBD protocol.',
      help: 'Check the address. The details say what was wrong.',
    },
    'job/cancelled': {
      title: 'Cancelled',
      why: 'It was cancelled before it was done.',
      help: 'Start it again when you want to.',
    },
    internal: {
      title: 'A fault of this program',
      why: 'Something happened that this program did not foresee.',
      help: 'Please report it with the details below.',
    },
  },
  consent: {
    would: {
      network: 'It would connect to',
      socket: 'It would connect to this socket',
      file: 'It would open',
    },
    allow: 'Allow and open',
  },
  spaceFigures: '{needed} needed, {free} free.',
  dataStates: {
    unchanged: 'Nothing was changed.',
    resumable: 'All data is whole. It can go on where it stopped.',
    uncertain: 'The file may not be in order. Check it before you use it.',
  },
  failure: {
    file: 'File',
    copyDetails: 'Copy details',
    retry: 'Try again',
    thisFile: 'the file',
    commands: {
      serve: 'The disk could not be exported',
      stopExport: 'The export could not be stopped',
      takeSnapshot: 'The snapshot could not be taken',
      flattenExport: 'The disk could not be flattened while it is exported',
      growExport: 'The disk could not be made larger',
      startQemu: 'QEMU could not be started',
      add: 'The files could not be added',
      forget: 'The image could not be removed from the list',
      allow: 'The yes could not be remembered',
      rescan: 'The files could not be looked at again',
      showInFolder: 'The folder could not be shown',
      sample: 'The sample disk could not be made',
      pick: 'The dialog could not be opened',
      start: 'The job could not be started',
      cancel: 'The job could not be cancelled',
      trash: 'The file could not be moved to the trash',
      pause: 'The job could not be paused',
      resume: 'The job could not be resumed',
      goOn: 'The job could not go on',
      clear: 'The jobs could not be taken out of the list',
      copy: 'The text could not be copied',
    },
  },
}
