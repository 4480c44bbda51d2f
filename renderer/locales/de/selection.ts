import type { SameKeys } from '../same-keys'
import type { selection as english } from '../en/selection'

export const selection: SameKeys<typeof english> = {
  filter: {
    label: 'Nach Zustand zeigen: {state}',
    all: 'Alle Zustände',
    trouble: 'Zu klären',
    hidden:
      'Kein Abbild ist ausgeblendet. | Ein Abbild ist ausgeblendet. | ' +
      '{count} Abbilder sind ausgeblendet.',
    bySearch: 'Gezeigt wird, was „{search}“ findet.',
    byState: 'Gezeigt wird nur „{state}“.',
    byBoth: 'Gezeigt wird, was „{search}“ findet, und davon nur „{state}“.',
    showAll: 'Alle zeigen',
    noneInState: 'Kein Abbild ist im Zustand „{state}“.',
    noneOfBoth: 'Kein Abbild im Zustand „{state}“ hat „{text}“ im Namen oder im Ordner.',
  },
  selection: {
    label: 'Ausgewählte Abbilder',
    title: 'Kein Abbild ausgewählt | Ein Abbild ausgewählt | {count} Abbilder ausgewählt',
    sizeOnDiskHint: 'Alle zusammen, ohne Basen, die nicht ausgewählt sind.',
    virtualSizeHint: 'Alle zusammen, wie ihre Gäste sie sehen.',
    copyPaths: 'Pfade kopieren',
    compare: 'Beide vergleichen …',
    hint:
      'Strg+Klick oder Umschalt+Klick wählt weitere aus, ein Klick auf ein Abbild nur ' +
      'dieses eine.',
  },
  many: {
    list: 'Die Abbilder',
    check: {
      title: 'Ein Abbild prüfen | {count} Abbilder prüfen',
      intro: 'Liest jede Schicht und sucht, was nicht stimmt. Ändert nichts.',
      submit: 'Prüfen | Ein Abbild prüfen | {count} Abbilder prüfen',
    },
    flatten: {
      title: 'Ein Abbild verflachen | {count} Abbilder verflachen',
      intro:
        'Holt alles, was ein Overlay aus seiner Basis liest, in seine eigene Image-Datei. ' +
        'Die Basen werden nur gelesen. Jedes ist ein eigener Auftrag, der sich abbrechen und ' +
        'fortsetzen lässt.',
      submit: 'Verflachen | Ein Abbild verflachen | {count} Abbilder verflachen',
    },
    ready: 'Bei keinem ist es möglich. | Bei einem ist es möglich. | Bei {count} ist es möglich.',
    leftOut: 'Keines wird ausgelassen. | Eines wird ausgelassen. | {count} werden ausgelassen.',
    waiting: 'Wird ermittelt … | Wird ermittelt, noch eines … | Wird ermittelt, noch {count} …',
    starting: 'Wird gestartet …',
    started: 'Kein Auftrag gestartet | Ein Auftrag gestartet | {count} Aufträge gestartet',
    readyWord: 'Möglich',
    waitingWord: 'Wird ermittelt …',
    startedWord: 'Gestartet',
    more: '… und eines mehr | … und {count} mehr',
    tight:
      'Die auf dem Datenträger von {folder} brauchen zusammen bis zu {needed}; dort sind {free} ' +
      'frei. Ein Verflachen, das keinen Platz findet, hält an, behält, was es getan hat, und ' +
      'kann später weitergehen.',
  },
}
