/** Dialogs that change what stands on what: commit, rebase, locate. */
export const layers = {
  ways: {
    other: 'Another way',
    flatten: 'Flatten in place…',
    export: 'Export to a new raw file…',
    'export-overlay': 'Export as a qcow2 overlay…',
    commit: 'Commit into the base…',
    rebase: 'Put on another base…',
  },
  trash: {
    label: 'Then move {name} to the trash',
    hint: 'The overlay file only. The image file stays: it is the disk by then.',
    needed:
      'One overlay stands on {name}, so its file has to stay. | ' +
      '{count} overlays stand on {name}, so its file has to stay.',
    done: '{name} is in the trash.',
    failed: '{name} could not be moved to the trash and is where it was. Nothing is lost.',
  },
  commit: {
    title: 'Commit {name} into its base',
    intro: 'Writes what the overlay has into its base. The disk that it shows stays the same.',
    base: 'What the base holds in these places now is overwritten, and cannot be had back.',
    after: 'Afterwards the overlay is empty, has given its space back, and can be used on.',
    resume: 'Can be cancelled at any point, and goes on from there.',
    broken: 'One other image would be broken | {count} other images would be broken',
    brokenText: 'They read what would be overwritten, and would show a damaged disk afterwards:',
    accept: 'Break this image | Break these {count} images',
    acceptHint:
      'To keep them, export or flatten this overlay instead: the base stays as it is then.',
    noneBroken:
      'No other image in the list reads this base. An overlay that ' +
      'is not in the list would be broken.',
    submit: 'Commit',
    submitBreaking: 'Commit and break one image | Commit and break {count} images',
    acceptFirst: 'Say first that these images may be broken',
  },
  rebase: {
    title: 'Put {name} on another base',
    intro: 'Changes what lies below the overlay.',
    way: 'What is to be done',
    ways: { copy: 'Copy what differs', names: 'The base was moved', none: 'No base any more' },
    hints: {
      copy:
        'What reads differently on the new base is first brought into the overlay. ' +
        'The disk stays the same.',
      names: 'Changes only the name that is stored: for a base that is elsewhere now.',
      none: 'All that is read from the base is brought into the overlay, which stands alone then.',
    },
    base: 'New base',
    chooseFile: 'Choose a file…',
    submit: 'Put on the new base',
    submitNames: 'Change the name',
    submitNone: 'Take the base away',
    submitAnyway: 'Use it anyway',
    verifyHint:
      'Reads again what was copied, and the new base against the old one, before the name changes.',
    chooseFirst: 'Choose the new base first',
    busy: 'Changing the name…',
  },
  locate: {
    title: 'Locate the base of {name}',
    intro: 'The overlay names a base that is not there. Show where it is now.',
    introThere: 'Show where the base is that the overlay was made on.',
    named: 'Base as named',
    file: 'Base now',
    fileNone: 'Not chosen yet',
    choose: 'Choose…',
    change: 'Change…',
    submit: 'Use this base',
    found: '{name} stands on {base} now',
  },
  proof: {
    checking: 'Comparing it with what is remembered of the base…',
    same: 'This is the base: its size and samples of its content are as remembered.',
    unknown: 'What the base was is not remembered, so nothing tells whether this is it.',
    differs: 'This is not the base that the overlay was last seen on',
    differsText:
      'What the overlay does not hold itself would be read from this file. File systems on the ' +
      'disk would most likely be damaged. The overlay keeps its own data, and its name can be ' +
      'changed back.',
    anyway: 'Use it anyway',
    anywayFirst: 'Say first that it is to be used anyway',
  },
  measure: {
    heading: 'What it would take',
    hint: 'Works out what bringing the layers together would need and give back. Changes nothing.',
    run: 'Measure',
    again: 'Measure again',
    compare: 'Also look for what equals the base',
    compareHint: 'Reads all that the overlay has: as long as that takes.',
    at: 'Measured {time}',
    stale: 'The image has changed since.',
    copy: 'Copies',
    space: 'New space',
    freed: 'Frees',
    rows: { flatten: 'Flatten', export: 'Export', commit: 'Commit' },
    equal: 'Equal to the base',
    equalHint: 'The overlay holds these bytes although its base has the same.',
  },
  snapshot: {
    note: '{name} becomes a base: use the new overlay from now on, and write to {name} no more.',
  },
  history: {
    none: 'Nothing was done to this image yet',
    noneHint: 'Checks, resizes, flattens and all else that is done here are kept in this list.',
    label: 'What was done to this image',
    kinds: {
      create: 'Made',
      resize: 'Resized',
      check: 'Checked',
      flatten: 'Flattened',
      export: 'Exported',
      'export-overlay': 'Exported as qcow2',
      'import-overlay': 'Imported from qcow2',
      commit: 'Committed into its base',
      rebase: 'Put on another base',
      compare: 'Compared',
      measure: 'Measured',
      move: 'Moved',
    },
  },
}
