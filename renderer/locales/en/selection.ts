/** Many images at once: selecting them, hiding some of them, one job on all of them. */
export const selection = {
  filter: {
    label: 'Show by state: {state}',
    all: 'All states',
    trouble: 'Needs a look',
    hidden: 'No image is hidden. | One image is hidden. | {count} images are hidden.',
    bySearch: 'Shown is what “{search}” finds.',
    byState: 'Shown is only “{state}”.',
    byBoth: 'Shown is what “{search}” finds, and of it only “{state}”.',
    showAll: 'Show all',
    noneInState: 'No image is in the state “{state}”.',
    noneOfBoth: 'No image in the state “{state}” has “{text}” in its name or folder.',
  },
  selection: {
    label: 'Selected images',
    title: 'No images selected | One image selected | {count} images selected',
    sizeOnDiskHint: 'All together, without bases that are not selected.',
    virtualSizeHint: 'All together, as their guests see them.',
    copyPaths: 'Copy paths',
    compare: 'Compare both…',
    hint: 'Ctrl+click or Shift+click selects more, a click on one image selects that one alone.',
  },
  many: {
    list: 'The images',
    check: {
      title: 'Check one image | Check {count} images',
      intro: 'Reads each layer and looks for what is wrong. Changes nothing.',
      submit: 'Check | Check one image | Check {count} images',
    },
    flatten: {
      title: 'Flatten one image | Flatten {count} images',
      intro:
        'Brings everything that each overlay reads from its base into its own image file. ' +
        'The bases are only read. Each is a job of its own, and can be cancelled and gone on with.',
      submit: 'Flatten | Flatten one image | Flatten {count} images',
    },
    ready: 'None of them can be done. | One can be done. | {count} can be done.',
    leftOut: 'None is left out. | One is left out. | {count} are left out.',
    waiting: 'Working it out… | Working it out: one left… | Working it out: {count} left…',
    starting: 'Starting…',
    started: 'No job started | One job started | {count} jobs started',
    readyWord: 'Can be done',
    waitingWord: 'Working it out…',
    startedWord: 'Started',
    more: '… and one more | … and {count} more',
    tight:
      'Those on the disk of {folder} may need {needed} together, and {free} are free there. ' +
      'A flatten that finds no room stops, keeps what it has done, and can go on later.',
  },
}
