/** The dialog that moves an overlay with its image file, or copies it. */
export const move = {
  move: {
    title: 'Move or copy {name}',
    intro: 'Takes the overlay file and its image file along. The base stays where it is.',
    way: 'What is to be done',
    ways: { move: 'Move', copy: 'Copy' },
    hints: {
      move: 'On the same file system nothing is copied, and it is done in a moment.',
      copy: 'Both stand on the same base afterwards, and each goes its own way.',
    },
    folderPresent: 'Where it is now',
    naming: 'Names of the other files',
    names: { relative: 'Relative', absolute: 'Absolute' },
    nameHints: {
      relative: 'Counted from the overlay: the folders can be moved together.',
      absolute: 'With all folders: the overlay file alone can be moved, but not its base.',
    },
    broken: 'One other overlay would lose its base | {count} other overlays would lose their base',
    brokenText: 'What stands on the files that are moved names the place where they are now:',
    accept: 'Leave this overlay without its base | Leave these {count} overlays without their base',
    acceptHint: 'No data is lost. “Locate the base…” in the menu of each shows it the new place.',
    acceptFirst: 'Say first that these overlays may lose their base',
    submit: 'Move overlay',
    submitCopy: 'Copy overlay',
    submitNames: 'Change the names',
    submitBreaking: 'Move away from one overlay | Move away from {count} overlays',
  },
}
