import type { SameKeys } from '../same-keys'
import type { layers as english } from '../en/layers'

export const layers: SameKeys<typeof english> = {
  ways: {
    other: 'Anderer Weg',
    flatten: 'An Ort und Stelle verflachen …',
    export: 'In eine neue Raw-Datei exportieren …',
    'export-overlay': 'Als qcow2-Overlay exportieren …',
    commit: 'In die Basis schreiben …',
    rebase: 'Auf eine andere Basis setzen …',
  },
  trash: {
    label: 'Danach {name} in den Papierkorb legen',
    hint: 'Nur die Overlay-Datei. Die Image-Datei bleibt: Sie ist dann die Platte.',
    needed:
      'Ein Overlay steht auf {name}, darum muss die Datei bleiben. | ' +
      '{count} Overlays stehen auf {name}, darum muss die Datei bleiben.',
    done: '{name} liegt im Papierkorb.',
    failed:
      '{name} konnte nicht in den Papierkorb ' +
      'gelegt werden und ist, wo es war. Verloren ist nichts.',
  },
  commit: {
    title: '{name} in seine Basis schreiben',
    intro:
      'Schreibt, was das Overlay hat, in seine Basis. Die Platte, die es zeigt, bleibt gleich.',
    base: 'Was an diesen Stellen jetzt in der Basis steht, wird überschrieben und ist dann weg.',
    after: 'Danach ist das Overlay leer, hat seinen Platz freigegeben und bleibt benutzbar.',
    resume: 'Lässt sich jederzeit abbrechen und geht dann von dort weiter.',
    broken: 'Ein anderes Abbild würde unbrauchbar | {count} andere Abbilder würden unbrauchbar',
    brokenText: 'Sie lesen, was überschrieben würde, und zeigten danach eine beschädigte Platte:',
    accept: 'Dieses Abbild unbrauchbar machen | Diese {count} Abbilder unbrauchbar machen',
    acceptHint:
      'Um sie zu behalten, dieses Overlay exportieren oder ' +
      'verflachen: Die Basis bleibt dann, wie sie ist.',
    noneBroken:
      'Kein anderes Abbild der Liste liest diese Basis. Ein Overlay, das ' +
      'nicht in der Liste steht, ' +
      'würde unbrauchbar.',
    submit: 'In die Basis schreiben',
    submitBreaking:
      'Schreiben und ein Abbild unbrauchbar machen | ' +
      'Schreiben und {count} Abbilder unbrauchbar machen',
    acceptFirst: 'Erst zustimmen, dass diese Abbilder unbrauchbar werden',
  },
  rebase: {
    title: '{name} auf eine andere Basis setzen',
    intro: 'Ändert, was unter dem Overlay liegt.',
    way: 'Was geschehen soll',
    ways: {
      copy: 'Unterschiede kopieren',
      names: 'Die Basis ist umgezogen',
      none: 'Keine Basis mehr',
    },
    hints: {
      copy:
        'Was sich auf der neuen Basis anders liest, kommt vorher in das Overlay. ' +
        'Die Platte bleibt gleich.',
      names: 'Ändert nur den gespeicherten Namen: für eine Basis, die jetzt woanders liegt.',
      none: 'Alles, was aus der Basis gelesen wird, kommt in das Overlay, das dann allein steht.',
    },
    base: 'Neue Basis',
    chooseFile: 'Datei wählen …',
    submit: 'Auf die neue Basis setzen',
    submitNames: 'Namen ändern',
    submitNone: 'Basis entfernen',
    submitAnyway: 'Trotzdem nehmen',
    verifyHint:
      'Liest noch einmal, was kopiert wurde, und die neue Basis gegen die alte, bevor sich der ' +
      'Name ändert.',
    chooseFirst: 'Erst die neue Basis wählen',
    busy: 'Name wird geändert …',
  },
  locate: {
    title: 'Basis von {name} suchen',
    intro: 'Das Overlay nennt eine Basis, die nicht da ist. Zeigen, wo sie jetzt liegt.',
    introThere: 'Zeigen, wo die Basis liegt, auf der das Overlay angelegt wurde.',
    named: 'Basis laut Overlay',
    file: 'Basis jetzt',
    fileNone: 'Noch nicht gewählt',
    choose: 'Wählen …',
    change: 'Ändern …',
    submit: 'Diese Basis nehmen',
    found: '{name} steht jetzt auf {base}',
  },
  proof: {
    checking: 'Wird mit dem verglichen, was von der Basis bekannt ist …',
    same: 'Das ist die Basis: Größe und Stichproben des Inhalts sind die bekannten.',
    unknown: 'Was die Basis war, ist nicht bekannt. Ob sie es ist, lässt sich also nicht sagen.',
    differs: 'Das ist nicht die Basis, auf der das Overlay zuletzt stand',
    differsText:
      'Was das Overlay nicht selbst hat, würde aus dieser Datei gelesen. Dateisysteme auf der ' +
      'Platte wären sehr wahrscheinlich beschädigt. Das Overlay behält seine eigenen Daten, und ' +
      'der Name lässt sich zurückändern.',
    anyway: 'Trotzdem nehmen',
    anywayFirst: 'Erst zustimmen, dass sie trotzdem genommen wird',
  },
  measure: {
    heading: 'Was es kosten würde',
    hint: 'Ermittelt, was das Zusammenführen der Schichten bräuchte und freigäbe. Ändert nichts.',
    run: 'Vermessen',
    again: 'Neu vermessen',
    compare: 'Auch suchen, was der Basis gleicht',
    compareHint: 'Liest alles, was das Overlay hat: so lange, wie das dauert.',
    at: 'Vermessen {time}',
    stale: 'Das Abbild hat sich seither geändert.',
    copy: 'Kopiert',
    space: 'Neuer Platz',
    freed: 'Gibt frei',
    rows: { flatten: 'Verflachen', export: 'Exportieren', commit: 'In die Basis' },
    equal: 'Gleich der Basis',
    equalHint: 'Diese Bytes hält das Overlay, obwohl die Basis dieselben hat.',
  },
  snapshot: {
    note:
      '{name} wird zur Basis: ab jetzt das neue ' +
      'Overlay benutzen, in {name} nicht mehr schreiben.',
  },
  history: {
    none: 'Mit diesem Abbild ist noch nichts geschehen',
    noneHint:
      'Prüfen, Größe ändern, Verflachen und alles andere, was hier geschieht, steht dann hier.',
    label: 'Was mit diesem Abbild geschah',
    kinds: {
      create: 'Angelegt',
      resize: 'Größe geändert',
      check: 'Geprüft',
      flatten: 'Verflacht',
      export: 'Exportiert',
      'export-overlay': 'Als qcow2 exportiert',
      'import-overlay': 'Aus qcow2 importiert',
      commit: 'In die Basis geschrieben',
      rebase: 'Auf eine andere Basis gesetzt',
      compare: 'Verglichen',
      measure: 'Vermessen',
      move: 'Verschoben',
    },
  },
}
