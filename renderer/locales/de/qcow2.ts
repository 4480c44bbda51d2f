/** qcow2 images: what their header says, and how they come in. */
export const qcow2 = {
  import: {
    title: 'qcow2-Overlay importieren',
    intro:
      'Legt auf derselben Basis ein add-cow-Overlay an, das dem qcow2-Abbild gleicht. ' +
      'Kopiert wird nur, was das Abbild selbst hat; es wird nur gelesen.',
    source: 'qcow2-Abbild',
    sourceOn: 'Steht auf {base}',
    sourceAlone: 'Steht auf keiner Basis: Das Overlay wird die ganze Platte selbst enthalten.',
    choose: 'Ein qcow2-Abbild wählen',
    none: 'Kein qcow2-Abbild der Liste kann importiert werden',
    chooseFile: 'Datei wählen …',
    chooseFirst: 'Zuerst das qcow2-Abbild wählen',
    notQcow2: '{name} ist kein qcow2-Abbild, das importiert werden kann.',
    folderBeside: 'Neben dem qcow2-Abbild',
    submit: 'Importieren',
  },
  qcow2: {
    heading: 'qcow2',
    onlyRead:
      'qcow2-Abbilder werden hier nur gelesen. Um die Platte zu ändern: importieren, ' +
      'oder ein Overlay darauf anlegen.',
    import: 'Als Overlay importieren …',
    newOverlay: 'Neues Overlay darauf …',
    marks: {
      corrupt:
        'Es ist als beschädigt markiert: Wer zuletzt darauf schrieb, fand Fehler. Eine Prüfung ' +
        'sagt, was nicht stimmt; „qemu-img check -r all“ repariert es.',
      dirty:
        'Es wurde nicht ordentlich geschlossen. Es liest sich, wie es soll; seine Referenzzähler ' +
        'repariert „qemu-img check -r leaks“.',
    },
    version: 'Version',
    clusters: 'Clustergröße',
    subclusters: '{size}, jeder mit 32 Subclustern',
    compression: 'Kompressionsart',
    refcounts: 'Referenzzähler',
    refcountBits: 'je {bits} Bit',
    refcountsLazy: 'je {bits} Bit, verzögert geschrieben',
    backingFormat: 'Format der Basis',
    backingFormatNone: 'Nicht gespeichert: erraten',
    dataFile: 'Datendatei',
    dataFileRaw: 'Liest sich allein als die Platte',
    snapshots: 'Keine internen Snapshots | Ein interner Snapshot | {count} interne Snapshots',
    snapshotName: 'Name',
    snapshotTaken: 'Gemacht',
    snapshotState: 'VM-Zustand',
    snapshotDisk: 'Platte',
    snapshotNoState: 'keiner',
  },
}
