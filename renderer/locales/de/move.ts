import type { SameKeys } from '../same-keys'
import type { move as english } from '../en/move'

export const move: SameKeys<typeof english> = {
  move: {
    title: '{name} verschieben oder kopieren',
    intro: 'Nimmt die Overlay-Datei und ihre Image-Datei mit. Die Basis bleibt, wo sie ist.',
    way: 'Was geschehen soll',
    ways: { move: 'Verschieben', copy: 'Kopieren' },
    hints: {
      move: 'Im selben Dateisystem wird nichts kopiert, und es ist sofort getan.',
      copy: 'Beide stehen danach auf derselben Basis, und jedes geht seinen eigenen Weg.',
    },
    folderPresent: 'Wo es jetzt ist',
    naming: 'Namen der anderen Dateien',
    names: { relative: 'Relativ', absolute: 'Absolut' },
    nameHints: {
      relative: 'Vom Overlay aus gezählt: Die Ordner lassen sich gemeinsam verschieben.',
      absolute:
        'Mit allen Ordnern: Die Overlay-Datei allein lässt sich verschieben, ihre Basis nicht.',
    },
    broken: 'Ein anderes Overlay verlöre seine Basis | {count} andere Overlays verlören ihre Basis',
    brokenText: 'Was auf den Dateien steht, die umziehen, nennt deren jetzigen Ort:',
    accept: 'Dieses Overlay ohne Basis lassen | Diese {count} Overlays ohne Basis lassen',
    acceptHint: 'Alle Daten bleiben. „Basis suchen …“ im Menü zeigt dem Overlay den neuen Ort.',
    acceptFirst: 'Erst zustimmen, dass diese Overlays ihre Basis verlieren',
    submit: 'Overlay verschieben',
    submitCopy: 'Overlay kopieren',
    submitNames: 'Namen ändern',
    submitBreaking:
      'Verschieben, ein Overlay verliert die Basis | ' +
      'Verschieben, {count} Overlays verlieren die Basis',
  },
}
